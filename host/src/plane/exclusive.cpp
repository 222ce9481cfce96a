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

bool Exclusive::spin_enter(std::uint64_t chain) noexcept {
    for (int look = 0; look < 128; ++look) {
        if (word_.load(std::memory_order_relaxed) == 0 && try_enter(chain)) {
            return true;
        }
        pause_briefly();
    }
    return false;
}

bool Exclusive::wait(std::chrono::nanoseconds bound) noexcept {
    const auto deadline = deadline_after(bound);
    sleepers_.fetch_add(1, std::memory_order_relaxed);
    bool taken = false;
    for (;;) {
        note_.store(1, std::memory_order_seq_cst);
        membarrier_all();  // a holder that leaves without seeing the note has its store of 0 seen below
        std::uint32_t free = 0;
        taken = word_.compare_exchange_strong(free, held, std::memory_order_acquire, std::memory_order_relaxed);
        const auto left = deadline - std::chrono::steady_clock::now();
        if (taken || left <= std::chrono::nanoseconds(0)) {
            break;
        }
        futex_wait(note_, 1, left);  // not if the note was taken meanwhile: its wake-up was meant for this one too
    }
    if (sleepers_.fetch_sub(1, std::memory_order_relaxed) > 1) {
        // The note that woke this one was the others' too: write it again. Whoever holds it sees it when leaving.
        note_.store(1, std::memory_order_seq_cst);
        if (!taken) {
            membarrier_all();
            if (word_.load(std::memory_order_relaxed) == 0) {
                wake_one();
            }
        }
    }
    return taken;
}

void Exclusive::wake_one() noexcept {
    if (note_.exchange(0, std::memory_order_relaxed) != 0) {
        futex_wake(note_, 1);
    }
}

}  // namespace heddle::plane
