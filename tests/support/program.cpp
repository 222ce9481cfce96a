#include "heddle_test/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <array>
#include <boost/regex.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <ostream>
#include <system_error>
#include <thread>

#include "spawn.hpp"

namespace heddle::test {
namespace {

using Clock = std::chrono::steady_clock;

// How long to go on reading after the program ended: a process it left behind may hold its pipes for ever.
constexpr std::chrono::seconds reading_after_end{2};

}  // namespace

struct Program::State {
    Child child;
    Fd stop_reading;  // an eventfd
    std::thread reader;

    mutable std::mutex mutex;  // over all below
    std::condition_variable changed;
    std::string out;
    std::string err;
    bool ended = false;     // the process is a zombie or gone
    bool complete = false;  // and nothing more will be read
    bool timed_out = false;

    // Appends what `source` holds to `text`; closes it at its end.
    void take(Fd& source, std::string& text) {
        std::array<char, 65536> buffer{};
        const ssize_t count = read(source.get(), buffer.data(), buffer.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
            return;
        }
        const std::lock_guard lock{mutex};
        if (count > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        } else {
            source.reset();  // end of file; on a terminal EIO says the same
        }
        changed.notify_all();
    }

    // The reader thread: until the program has ended and its output is at its end, or until told to stop.
    void read_all() {
        Clock::time_point last_look = Clock::time_point::max();
        bool alive = true;
        while (alive || ((child.out || child.err) && Clock::now() < last_look)) {
            std::array<pollfd, 4> files{pollfd{child.out.get(), POLLIN, 0}, pollfd{child.err.get(), POLLIN, 0},
                                        pollfd{stop_reading.get(), POLLIN, 0},
                                        pollfd{alive ? child.process.get() : -1, POLLIN, 0}};
            poll(files.data(), files.size(), alive ? -1 : 20);
            if (files[0].revents != 0) {
                take(child.out, out);
            }
            if (files[1].revents != 0) {
                take(child.err, err);
            }
            if (files[2].revents != 0) {
                break;
            }
            if (files[3].revents != 0) {
                alive = false;
                last_look = Clock::now() + reading_after_end;
                const std::lock_guard lock{mutex};
                ended = true;
                changed.notify_all();
            }
        }
        const std::lock_guard lock{mutex};
        complete = true;
        changed.notify_all();
    }
};

Program::Program(const std::vector<std::string>& arguments, const ProgramOptions& options)
    : state_{std::make_unique<State>()} {
    State& state = *state_;
    state.stop_reading = Fd{eventfd(0, EFD_CLOEXEC)};
    if (!state.stop_reading) {
        throw std::system_error{errno, std::generic_category(), "can't make an eventfd"};
    }
    state.child = spawn(arguments, options);
    state.reader = std::thread{[&state] { state.read_all(); }};
    try {
        write_input(options.input);
    } catch (const std::system_error&) {
        // It ended without reading its input; what it printed says why.
    }
    if (!options.pty && !options.keep_input_open) {
        close_input();
    }
}

Program::~Program() {
    State& state = *state_;
    kill(-state.child.pid, SIGKILL);  // the group: what the program itself started goes too
    kill(state.child.pid, SIGKILL);   // in case it left for another group; a zombie doesn't mind
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto ignored = write(state.stop_reading.get(), &one, sizeof one);
    state.reader.join();
    waitpid(state.child.pid, nullptr, 0);
}

pid_t Program::pid() const {
    return state_->child.pid;
}

bool Program::wait_for_output(const std::string& regex, std::chrono::milliseconds bound) {
    const boost::regex wanted{regex};
    const auto deadline = Clock::now() + bound;
    State& state = *state_;
    std::unique_lock lock{state.mutex};
    for (;;) {
        const std::string out = state.out;
        const std::string err = state.err;
        const bool complete = state.complete;
        lock.unlock();  // searching may take long; the reader goes on
        if (boost::regex_search(out, wanted) || boost::regex_search(err, wanted)) {
            return true;
        }
        lock.lock();
        const bool grew = !complete && state.changed.wait_until(lock, deadline, [&] {
            return state.out.size() != out.size() || state.err.size() != err.size() || state.complete;
        });
        if (!grew) {
            return false;
        }
    }
}

void Program::send_signal(int signal) {
    kill(state_->child.pid, signal);
}

void Program::write_input(std::string_view text) {
    // A reader that is gone must be an error here and not a SIGPIPE that ends the test program.
    const auto old = signal(SIGPIPE, SIG_IGN);
    int error = 0;
    while (!text.empty() && error == 0) {
        const ssize_t count = write(state_->child.in.get(), text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    signal(SIGPIPE, old);
    if (error != 0) {
        throw std::system_error{error, std::generic_category(), "can't write to the program's input"};
    }
}

void Program::close_input() {
    state_->child.in.reset();
}

void Program::resize_terminal(unsigned short rows, unsigned short columns) {
    winsize size{};
    size.ws_row = rows;
    size.ws_col = columns;
    if (ioctl(state_->child.in.get(), TIOCSWINSZ, &size) != 0) {
        throw std::system_error{errno, std::generic_category(), "can't resize the program's terminal"};
    }
}

ProgramResult Program::wait(std::chrono::milliseconds bound) {
    State& state = *state_;
    std::unique_lock lock{state.mutex};
    if (!state.changed.wait_for(lock, bound, [&] { return state.ended; })) {
        state.timed_out = true;
        kill(-state.child.pid, SIGKILL);
        kill(state.child.pid, SIGKILL);
    }
    state.changed.wait(lock, [&] { return state.complete; });
    // Left as a zombie (WNOWAIT) until the destructor, so that its pid can't become someone else's meanwhile.
    siginfo_t how{};
    waitid(P_PID, static_cast<id_t>(state.child.pid), &how, WEXITED | WNOWAIT);
    ProgramResult result;
    if (how.si_code == CLD_EXITED) {
        result.exit_code = how.si_status;
    } else {
        result.signal = how.si_status;
    }
    result.timed_out = state.timed_out;
    result.out = state.out;
    result.err = state.err;
    return result;
}

bool Program::has_ended() const {
    const std::lock_guard lock{state_->mutex};
    return state_->ended;
}

std::string Program::out() const {
    const std::lock_guard lock{state_->mutex};
    return state_->out;
}

std::string Program::err() const {
    const std::lock_guard lock{state_->mutex};
    return state_->err;
}

std::string Program::text() const {
    const std::lock_guard lock{state_->mutex};
    return "stdout:\n" + state_->out + "\nstderr:\n" + state_->err;
}

ProgramResult run_program(const std::vector<std::string>& arguments, const ProgramOptions& options) {
    Program program{arguments, options};
    return program.wait(options.bound);
}

std::ostream& operator<<(std::ostream& stream, const ProgramResult& result) {
    if (result.timed_out) {
        stream << "killed after its time had passed";
    } else if (result.signal != 0) {
        const char* const name = sigdescr_np(result.signal);
        stream << "ended by signal " << result.signal << " (" << (name != nullptr ? name : "a real-time signal") << ")";
    } else {
        stream << "exit code " << result.exit_code;
    }
    return stream << "\nstdout:\n" << result.out << "\nstderr:\n" << result.err;
}

}  // namespace heddle::test
