// Starting a child process with pipes or a terminal: the part of Program between fork and exec.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "heddle_test/program.hpp"

namespace heddle::test {

// A file descriptor that closes itself; -1 is none. One thread at a time.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_{fd} {}
    ~Fd() { reset(); }
    Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset() {
        if (fd_ >= 0) {
            close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_ = -1;
};

// A child that runs. With a pty, `out` and `in` are the terminal's two ends on our side and `err` is none.
struct Child {
    pid_t pid = -1;
    Fd process;  // a pidfd: readable when the child has ended
    Fd in;
    Fd out;
    Fd err;
};

// Throws std::system_error naming the program.
Child spawn(const std::vector<std::string>& arguments, const ProgramOptions& options);

}  // namespace heddle::test
