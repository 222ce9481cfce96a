// Programs run by tests: started, watched while they run, and always ended.
//
//     Program heddle{{heddle_program().string(), "run", "--plugins", dir}};
//     ASSERT_TRUE(heddle.wait_for_output("running")) << heddle.text();
//     heddle.send_signal(SIGTERM);
//     EXPECT_EQ(heddle.wait().exit_code, 0);
//
// A Program owns its process (a process group of its own, killed as one) and a thread that reads what it prints.
// Its functions may be called by any thread; destroying it while another thread is inside is the caller's mistake.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::test {

struct ProgramOptions {
    std::filesystem::path cwd;                       // empty: where the test runs
    std::map<std::string, std::string> environment;  // set on top of the inherited one
    std::vector<std::string> unset;                  // taken out of the inherited one
    bool inherit_environment = true;
    bool pty = false;  // stdin, stdout and stderr are one terminal; all that is printed counts as stdout
    unsigned short terminal_rows = 24;
    unsigned short terminal_columns = 80;
    std::string input;                       // what stdin holds; it is then closed unless keep_input_open
    bool keep_input_open = false;            // for write_input(); always so with a pty
    std::optional<rlim_t> max_file_bytes;    // RLIMIT_FSIZE: writing beyond fails with EFBIG (SIGXFSZ is ignored)
    std::chrono::milliseconds bound{60000};  // run_program() kills the program after it
};

struct ProgramResult {
    int exit_code = -1;      // -1 when a signal ended it
    int signal = 0;          // 0 when it exited by itself
    bool timed_out = false;  // it had to be killed, so signal is SIGKILL
    std::string out;         // stdout; with a pty everything, lines ending in \r\n
    std::string err;

    bool operator==(const ProgramResult&) const = default;
};

// For the message of a failed assertion: how it ended and all it printed.
std::ostream& operator<<(std::ostream& stream, const ProgramResult& result);

class Program {
public:
    // Starts `arguments[0]` (looked up in PATH when it has no slash). Throws std::system_error naming the program
    // when it can't be started.
    explicit Program(const std::vector<std::string>& arguments, const ProgramOptions& options = {});
    ~Program();  // kills what still runs of its process group
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    pid_t pid() const;  // stays the program's own, even after it ended, as long as this object lives

    // Waits until stdout or stderr, each as a whole, matches `regex` (Perl syntax, ^ and $ match at line ends, \r among
    // them). False when `bound` passes, or when the program has ended, without a match.
    [[nodiscard]] bool wait_for_output(const std::string& regex,
                                       std::chrono::milliseconds bound = std::chrono::seconds{30});

    void send_signal(int signal);             // to the program only; nothing happens when it has ended
    void write_input(std::string_view text);  // throws std::system_error when the program doesn't take it
    void close_input();                       // end of file for the program; with a pty ^D is needed instead
    void resize_terminal(unsigned short rows, unsigned short columns);

    // Waits for its end and for all it printed. After `bound` it is killed and `timed_out` set. May be called again.
    ProgramResult wait(std::chrono::milliseconds bound = std::chrono::seconds{60});
    bool has_ended() const;

    std::string out() const;   // what stdout gave so far
    std::string err() const;   // what stderr gave so far
    std::string text() const;  // both, labelled, for messages

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Starts, waits with options.bound, and hands back what came of it.
ProgramResult run_program(const std::vector<std::string>& arguments, const ProgramOptions& options = {});

}  // namespace heddle::test
