// A callee that takes its time.
#pragma once

#include <chrono>
#include <cstdint>

namespace bench {

/// Keeps the processor busy for about `ns` nanoseconds.
inline void work(std::uint64_t ns) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(ns);
    while (std::chrono::steady_clock::now() < end) {
    }
}

}  // namespace bench
