#include "plane/exclusive.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "plane/futex.hpp"

namespace heddle::plane {

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::chrono::nanoseconds bound) noexcept {
    static_assert(sizeof(word) == sizeof(std::uint32_t));
    const auto left = std::max(bound, std::chrono::nanoseconds(0));
    const timespec relative{static_cast<time_t>(left.count() / 1'000'000'000),
                            static_cast<long>(left.count() % 1'000'000'000)};
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, &relative, nullptr, 0);
}

void futex_wake(const std::atomic<std::uint32_t>& word, int sleepers) noexcept {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, sleepers, nullptr, nullptr, 0);
}

bool Exclusive::wait(std::chrono::nanoseconds bound) noexcept {
    for (int look = 0; look < 128; ++look) {  // about a microsecond: calls are often shorter than a sleep
        std::uint32_t free = 0;
        if (word_.load(std::memory_order_relaxed) == 0 &&
            word_.compare_exchange_weak(free, held, std::memory_order_acquire, std::memory_order_relaxed)) {
            return true;
        }
        pause_briefly();
    }
    const auto deadline = std::chrono::steady_clock::now() + bound;
    while (word_.exchange(contended, std::memory_order_acquire) != 0) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= std::chrono::nanoseconds(0)) {
            return false;  // the word stays contended: one wake-up too many, later, and no sleeper forgotten
        }
        futex_wait(word_, contended, left);
    }
    return true;
}

void Exclusive::wake_one() noexcept {
    futex_wake(word_, 1);
}

}  // namespace heddle::plane
