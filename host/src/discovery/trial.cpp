#include "discovery/trial.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

extern "C" {  // which the header of glibc 2.36 leaves out
#include <sys/pidfd.h>
}

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has the program declare it

namespace heddle::discovery {
namespace {

constexpr int report_fd = 3;  // in the child
constexpr std::size_t report_limit = std::size_t{16} << 10U;
constexpr std::size_t output_limit = std::size_t{4} << 10U;

void check(int error, const char* what) {
    if (error != 0) {
        throw std::system_error(error, std::system_category(), what);
    }
}

struct Pipe {
    Descriptor read;
    Descriptor write;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    check(pipe2(ends.data(), O_CLOEXEC) != 0 ? errno : 0, "pipe");
    Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
    check(fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0 ? errno : 0, "fcntl");
    return pipe;
}

class FileActions {
public:
    FileActions() { check(posix_spawn_file_actions_init(&actions_), "posix_spawn_file_actions_init"); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
    posix_spawn_file_actions_t* get() { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

class Attributes {
public:
    Attributes() { check(posix_spawnattr_init(&attributes_), "posix_spawnattr_init"); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    posix_spawnattr_t* get() { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

pid_t spawn(const std::filesystem::path& helper, const std::filesystem::path& file, int report, int output) {
    FileActions actions;
    check(posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0), "posix_spawn");
    check(posix_spawn_file_actions_adddup2(actions.get(), output, STDOUT_FILENO), "posix_spawn");
    check(posix_spawn_file_actions_adddup2(actions.get(), output, STDERR_FILENO), "posix_spawn");
    check(posix_spawn_file_actions_adddup2(actions.get(), report, report_fd), "posix_spawn");
    check(posix_spawn_file_actions_addclosefrom_np(actions.get(), report_fd + 1), "posix_spawn");

    // A group of its own, so that what the plugin may have started ends with it; and none of the signal settings of
    // the host, which may ignore or block what is to end the child.
    Attributes attributes;
    sigset_t signals;
    sigemptyset(&signals);
    check(posix_spawnattr_setsigmask(attributes.get(), &signals), "posix_spawn");
    sigfillset(&signals);
    check(posix_spawnattr_setsigdefault(attributes.get(), &signals), "posix_spawn");
    check(posix_spawnattr_setpgroup(attributes.get(), 0), "posix_spawn");
    check(posix_spawnattr_setflags(attributes.get(),
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP),
          "posix_spawn");

    std::string program = helper.native();
    std::string name = file.native();
    std::string fd = std::to_string(report_fd);
    std::array<char*, 4> arguments{program.data(), name.data(), fd.data(), nullptr};
    pid_t child = -1;
    check(posix_spawn(&child, helper.c_str(), actions.get(), attributes.get(), arguments.data(), environ), "start");
    return child;
}

// Reads until nothing is there for now. Appends at most `limit` bytes where `keep_end` is false; else keeps the last.
void drain(Descriptor& fd, std::string& text, std::size_t limit, bool keep_end) {
    std::array<char, std::size_t{16} << 10U> buffer{};
    // A child that never stops printing must not hold us here: the poll loop comes back, and looks at the clock.
    for (int rounds = 0; fd && rounds < 64; ++rounds) {
        const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return;
        }
        if (got == 0) {
            fd.reset();
            return;
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > limit) {
            keep_end ? text.erase(0, text.size() - limit) : text.erase(limit);
        }
    }
}

void parse_report(std::string_view report, TrialEnd& end) {
    while (!report.empty()) {
        const std::string_view line = report.substr(0, report.find('\n'));
        report.remove_prefix(std::min(line.size() + 1, report.size()));
        constexpr std::string_view error = "error ";
        if (line == "loading") {
            end.phase = Phase::loading;
        } else if (line == "unloading") {
            end.phase = Phase::unloading;
        } else if (line == "ok") {
            end.phase = Phase::done;
        } else if (line.starts_with(error) && end.error.empty()) {
            end.error = line.substr(error.size());
        }
    }
}

}  // namespace

Trial::Trial(std::size_t index, const std::filesystem::path& helper, const std::filesystem::path& file,
             Clock::time_point deadline)
    : index_(index), deadline_(deadline) {
    Pipe report = make_pipe();
    Pipe output = make_pipe();
    group_ = spawn(helper, file, report.write.get(), output.write.get());
    process_ = Descriptor(pidfd_open(group_, 0));
    // Where SIGCHLD is ignored a child that is quick is gone by now; what it reported is in the pipes.
    if (!process_ && errno != ESRCH) {
        const int error = errno;
        kill(-group_, SIGKILL);
        waitpid(group_, nullptr, 0);
        check(error, "pidfd_open");
    }
    report_ = std::move(report.read);
    output_ = std::move(output.read);
}

Trial::~Trial() {
    if (process_) {
        finish(false);
    }
}

void Trial::watch(std::vector<pollfd>& polled) const {
    for (const Descriptor* fd : {&process_, &report_, &output_}) {
        if (*fd) {
            polled.push_back({fd->get(), POLLIN, 0});
        }
    }
}

void Trial::read_available() {
    drain(report_, report_text_, report_limit, false);
    drain(output_, output_tail_, output_limit, true);
}

bool Trial::has_ended() const {
    if (!process_) {
        return true;
    }
    pollfd polled{process_.get(), POLLIN, 0};
    return poll(&polled, 1, 0) > 0;
}

TrialEnd Trial::finish(bool timed_out) {
    TrialEnd end;
    siginfo_t info{};
    int result = -1;
    if (process_) {
        // Before it is reaped, so that the number of the group is still its own.
        kill(-group_, SIGKILL);
        do {
            result = waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED);
        } while (result != 0 && errno == EINTR);
        process_.reset();
    }
    read_available();
    if (timed_out) {
        end.kind = TrialEnd::Kind::timed_out;
    } else if (result == 0) {
        end.kind = info.si_code == CLD_EXITED ? TrialEnd::Kind::exited : TrialEnd::Kind::signalled;
        end.value = info.si_status;
    }
    parse_report(report_text_, end);
    end.output = std::move(output_tail_);
    report_.reset();
    output_.reset();
    return end;
}

}  // namespace heddle::discovery
