#include "core/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace console {

namespace {

// While one lives, a write to a closed pipe by this thread gives EPIPE and no SIGPIPE, which would end the program.
class NoPipeSignal {
public:
    NoPipeSignal() {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~NoPipeSignal() {
        const timespec at_once{};
        while (!was_pending_ && ::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoPipeSignal(const NoPipeSignal&) = delete;
    NoPipeSignal& operator=(const NoPipeSignal&) = delete;

private:
    sigset_t pipe_;
    sigset_t before_;
    bool was_pending_ = false;
};

}  // namespace

Output::Output(int fd) : given_(fd), fd_(fd), terminal_(::isatty(fd) == 1) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        gone_ = true;
        return;
    }
    socket_ = S_ISSOCK(status.st_mode);
    if (!terminal_ && !S_ISFIFO(status.st_mode))
        return;  // a file never blocks, and opened again it would be written from its beginning
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const int own = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0) {
        fd_ = own;
        own_ = true;
    }
}

Output::~Output() {
    if (own_)
        ::close(fd_);
}

Written Output::write(std::string_view text, std::chrono::milliseconds bound) {
    if (gone_)
        return Written::nothing;
    const auto deadline = std::chrono::steady_clock::now() + bound;
    const NoPipeSignal guard;
    if (!rest_.empty()) {
        std::string_view rest = rest_;
        const bool done = push(rest, deadline);
        rest_.erase(0, rest_.size() - rest.size());
        if (!done)
            return Written::nothing;
    }
    const std::size_t size = text.size();
    if (push(text, deadline))
        return Written::all;
    if (text.size() == size || gone_)
        return Written::nothing;
    rest_ = text;
    return Written::later;
}

bool Output::push(std::string_view& text, std::chrono::steady_clock::time_point deadline) {
    while (!text.empty() && !gone_) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd wanted{fd_, POLLOUT, 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        // A pipe that could not be opened again may still block beyond PIPE_BUF, so it gets no more at once.
        const std::size_t piece = own_ || socket_ ? text.size() : std::min<std::size_t>(text.size(), 4096);
        const ssize_t count =
            socket_ ? ::send(fd_, text.data(), piece, MSG_DONTWAIT | MSG_NOSIGNAL) : ::write(fd_, text.data(), piece);
        if (count > 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        const int error = count == 0 ? ENOSPC : errno;
        const bool later = error == EAGAIN || error == EINTR;
        if (!later && error != ENOSPC)
            gone_ = true;  // EPIPE, EIO: nobody will read any more
        if (!later || left.count() <= 0)
            return false;
    }
    return text.empty();
}

bool Output::is_foreground() const {
    const pid_t foreground = ::tcgetpgrp(given_);
    return foreground < 0 || foreground == ::getpgrp();  // below 0: not the terminal of our session
}

}  // namespace console
