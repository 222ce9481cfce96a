// The futex system call with a bound. See futex(2). Thread-safety: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace heddle::plane {

/// Sleeps while `word` is `expected`, at most `bound`. May return early.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::chrono::nanoseconds bound) noexcept;
void futex_wake(const std::atomic<std::uint32_t>& word, int sleepers) noexcept;

inline void pause_briefly() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace heddle::plane
