// Writing without ever waiting long: to a terminal, a pipe, a socket or a file that somebody else may have stopped
// reading.
//
// A terminal and a pipe are opened once more through /proc/self/fd, for a description of our own that can be made
// non-blocking: the given one is shared with the shell and with the log. Thread-safety: one thread at a time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace console {

enum class Written {
    all,
    later,   // a part is out, and the rest goes out before anything else: what arrives is never torn
    nothing  // the reader took nothing in time, or is gone
};

class Output {
public:
    // Writes to what `fd` is open on. The descriptor stays the caller's and must outlive this.
    explicit Output(int fd);
    ~Output();
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    // Writes `text`, waiting at most `bound` for the reader.
    Written write(std::string_view text, std::chrono::milliseconds bound);

    // The reader is gone for good (closed pipe, hung-up terminal): every write gives `nothing` from now on.
    bool is_gone() const { return gone_; }
    bool is_terminal() const { return terminal_; }
    // False for a terminal whose foreground job is another one: to write there now would disturb it.
    bool is_foreground() const;
    int fd() const { return fd_; }

private:
    bool push(std::string_view& text, std::chrono::steady_clock::time_point deadline);

    int given_;
    int fd_;
    bool own_ = false;
    bool socket_ = false;
    bool terminal_ = false;
    bool gone_ = false;
    std::string rest_;  // of a text that was taken in part
};

}  // namespace console
