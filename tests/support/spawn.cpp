#include "spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace heddle::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error{errno, std::generic_category(), what};
}

std::pair<Fd, Fd> make_pipe() {
    std::array<int, 2> ends{};
    // Close-on-exec, or a program started meanwhile would hold this one's pipe open.
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        fail("can't make a pipe");
    }
    return {Fd{ends[0]}, Fd{ends[1]}};
}

std::pair<Fd, Fd> make_terminal(const ProgramOptions& options) {
    Fd ours{posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    std::array<char, 128> name{};
    if (!ours || grantpt(ours.get()) != 0 || unlockpt(ours.get()) != 0 ||
        ptsname_r(ours.get(), name.data(), name.size()) != 0) {
        fail("can't make a terminal");
    }
    Fd theirs{open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (!theirs) {
        fail("can't open a terminal");
    }
    winsize size{};
    size.ws_row = options.terminal_rows;
    size.ws_col = options.terminal_columns;
    ioctl(theirs.get(), TIOCSWINSZ, &size);
    return {std::move(ours), std::move(theirs)};
}

std::vector<std::string> environment_for(const ProgramOptions& options) {
    std::map<std::string, std::string> variables;
    if (options.inherit_environment) {
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
            const std::string text{*entry};
            const auto equals = text.find('=');
            if (equals != std::string::npos) {
                variables[text.substr(0, equals)] = text.substr(equals + 1);
            }
        }
    }
    for (const std::string& name : options.unset) {
        variables.erase(name);
    }
    for (const auto& [name, value] : options.environment) {
        variables[name] = value;
    }
    std::vector<std::string> entries;
    for (const auto& [name, value] : variables) {
        entries.push_back(name + "=" + value);
    }
    return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

// All the child needs, made before the fork: between fork and exec only async-signal-safe calls are allowed.
struct Plan {
    char** arguments;
    char** environment;
    const char* cwd;  // null: stay
    int in;
    int out;
    int err;
    bool terminal;
    const rlimit* file_limit;  // null: as it is
    int failure;               // where errno goes when exec fails
};

[[noreturn]] void become(const Plan& plan) {
    const auto give_up = [&] {
        const int error = errno;
        [[maybe_unused]] const auto ignored = write(plan.failure, &error, sizeof error);
        _exit(127);
    };
    if (plan.terminal) {
        setsid();
        ioctl(plan.in, TIOCSCTTY, 0);
    } else {
        setpgid(0, 0);
    }
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    if (plan.file_limit != nullptr) {
        signal(SIGXFSZ, SIG_IGN);  // stays ignored over exec
        if (setrlimit(RLIMIT_FSIZE, plan.file_limit) != 0) {
            give_up();
        }
    }
    if (plan.cwd != nullptr && chdir(plan.cwd) != 0) {
        give_up();
    }
    if (dup2(plan.in, STDIN_FILENO) < 0 || dup2(plan.out, STDOUT_FILENO) < 0 || dup2(plan.err, STDERR_FILENO) < 0) {
        give_up();
    }
    environ = plan.environment;
    execvp(plan.arguments[0], plan.arguments);
    give_up();
    _exit(127);
}

}  // namespace

Child spawn(const std::vector<std::string>& arguments, const ProgramOptions& options) {
    if (arguments.empty()) {
        throw std::invalid_argument{"a program to run needs at least its name"};
    }
    Child child;
    Fd their_in;
    Fd their_out;
    Fd their_err;
    if (options.pty) {
        auto [ours, theirs] = make_terminal(options);
        child.in = Fd{fcntl(ours.get(), F_DUPFD_CLOEXEC, 0)};
        child.out = std::move(ours);
        their_in = std::move(theirs);
    } else {
        std::tie(their_in, child.in) = make_pipe();
        std::tie(child.out, their_out) = make_pipe();
        std::tie(child.err, their_err) = make_pipe();
    }
    auto [failure_read, failure_write] = make_pipe();

    std::vector<std::string> own_arguments = arguments;
    std::vector<std::string> own_environment = environment_for(options);
    const std::vector<char*> argument_list = pointers_to(own_arguments);
    const std::vector<char*> environment_list = pointers_to(own_environment);
    rlimit limit{};
    if (options.max_file_bytes) {
        limit = {*options.max_file_bytes, *options.max_file_bytes};
    }
    Plan plan{};
    plan.arguments = const_cast<char**>(argument_list.data());  // exec's signature predates const
    plan.environment = const_cast<char**>(environment_list.data());
    plan.cwd = options.cwd.empty() ? nullptr : options.cwd.c_str();
    plan.in = their_in.get();
    plan.out = options.pty ? their_in.get() : their_out.get();
    plan.err = options.pty ? their_in.get() : their_err.get();
    plan.terminal = options.pty;
    plan.file_limit = options.max_file_bytes ? &limit : nullptr;
    plan.failure = failure_write.get();

    child.pid = fork();
    if (child.pid < 0) {
        fail("can't fork for " + arguments[0]);
    }
    if (child.pid == 0) {
        become(plan);
    }
    failure_write.reset();
    int error = 0;
    if (read(failure_read.get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
        waitpid(child.pid, nullptr, 0);
        throw std::system_error{error, std::generic_category(), "can't run " + arguments[0]};
    }
    // By number: the header of the C library 2.36 lacks its extern "C".
    child.process = Fd{static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0))};
    if (!child.process) {
        const int kept = errno;
        kill(child.pid, SIGKILL);
        waitpid(child.pid, nullptr, 0);
        errno = kept;
        fail("can't watch " + arguments[0]);
    }
    return child;
}

}  // namespace heddle::test
