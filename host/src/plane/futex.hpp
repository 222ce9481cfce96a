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

/// When a wait of that bound ends; the end of time for bounds that are longer than the clock goes.
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::nanoseconds bound) noexcept {
    using clock = std::chrono::steady_clock;
    const clock::time_point now = clock::now();
    return bound > clock::time_point::max() - now ? clock::time_point::max() : now + bound;
}

/// How often those who wait look without a pause, before they leave more of the core to whoever shares it.
inline constexpr int eager_looks = 1000;

inline void pause_briefly() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Has the line of `place` brought here to be written. (GCC takes __builtin_prefetch for writing as one for reading
/// unless told which processor it is; processors that lack this instruction pass over it.)
inline void prefetch_to_write(const void* place) noexcept {
#if defined(__x86_64__)
    asm volatile("prefetchw (%0)" : : "r"(place));
#else
    __builtin_prefetch(place, 1);
#endif
}

}  // namespace heddle::plane
