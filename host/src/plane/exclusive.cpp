#include "plane/exclusive.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "plane/futex.hpp"
#include "plane/grace.hpp"

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
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    membarrier_all();  // a holder that did not see the count has its store of 0 seen below; once is enough
    bool taken = false;
    for (;;) {
        std::uint32_t free = 0;
        taken = word_.compare_exchange_strong(free, held, std::memory_order_acquire, std::memory_order_relaxed);
        const auto left = deadline - std::chrono::steady_clock::now();
        if (taken || left <= std::chrono::nanoseconds(0)) {
            break;
        }
        futex_wait(word_, held, left);
    }
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
    return taken;
}

void Exclusive::wake_one() noexcept {
    futex_wake(word_, 1);
}

}  // namespace heddle::plane
