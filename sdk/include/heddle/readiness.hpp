// heddle/readiness.hpp: what a file descriptor is waited for, and what it was found ready for.
//
//     watch(fd, heddle::readable | heddle::writable, [this](heddle::readiness now) {
//         if (now.has(heddle::readable)) { ... }
//     });
//
// A value; any thread.
#pragma once

#include <cstdint>

#include "heddle/abi.h"

namespace heddle {

struct descriptor_readiness;

/// A set of the four below.
class readiness {
public:
    /// Nothing: what a watch waits for that is to rest.
    constexpr readiness() noexcept = default;
    constexpr explicit readiness(std::uint32_t bits) noexcept : bits_(bits) {}
    /// True when all of `others` is in this set.
    [[nodiscard]] constexpr bool has(readiness others) const noexcept { return (bits_ & others.bits_) == others.bits_; }
    /// HEDDLE_READABLE ...
    [[nodiscard]] constexpr std::uint32_t bits() const noexcept { return bits_; }
    /// For a task to wait for: `co_await readable(fd)`; see heddle/task.hpp.
    [[nodiscard]] constexpr descriptor_readiness operator()(int fd) const noexcept;
    friend constexpr readiness operator|(readiness a, readiness b) noexcept { return readiness(a.bits_ | b.bits_); }
    friend constexpr bool operator==(readiness a, readiness b) noexcept = default;

private:
    std::uint32_t bits_ = 0;
};

/// A descriptor, and what it is to be ready for.
struct descriptor_readiness {
    int fd;
    readiness events;
};
constexpr descriptor_readiness readiness::operator()(int fd) const noexcept {
    return {fd, *this};
}

inline constexpr readiness readable{HEDDLE_READABLE};
inline constexpr readiness writable{HEDDLE_WRITABLE};
/// The other end is gone. Not to be waited for; told along with what was.
inline constexpr readiness hangup{HEDDLE_HANGUP};
/// Reading or writing will give an error. Not to be waited for; told along with what was.
inline constexpr readiness fault{HEDDLE_FAULT};

}  // namespace heddle
