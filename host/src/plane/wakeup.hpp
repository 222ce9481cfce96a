// How a module's thread sleeps, and how others wake it: the sleeper pays.
//
// Whoever has put work where the thread looks for it calls notify(), which is a load while the thread is awake: no
// atomic read-modify-write, no fence. The thread announces that it will sleep, issues a membarrier, and looks for work
// once more: either that look sees the work, or the one who put it there sees the announcement.
// Thread-safety: notify() and wake() any thread; the rest the thread that sleeps. Every sleep is bounded.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "plane/futex.hpp"
#include "plane/grace.hpp"

namespace heddle::plane {

class Wakeup {
public:
    /// After a plain store of work that the sleeper's `has_work` looks at.
    void notify() noexcept {
        std::atomic_signal_fence(std::memory_order_seq_cst);  // the processor's part is the sleeper's membarrier
        if (state_.load(std::memory_order_relaxed) != awake) [[unlikely]] {
            wake();
        }
    }
    /// Wakes it if it sleeps or is about to.
    void wake() noexcept {
        const std::uint32_t was = state_.exchange(awake, std::memory_order_acq_rel);
        if (was == in_futex) {
            futex_wake(state_, 1);
        } else if (was == elsewhere) {
            interrupt_(interrupted_);
        }
    }

    /// Sleeps until woken, at most `bound`, unless there is work already.
    template <class HasWork>
    void sleep(HasWork has_work, std::chrono::nanoseconds bound) noexcept {
        announce(in_futex);
        if (!has_work()) {
            futex_wait(state_, in_futex, bound);
        }
        state_.store(awake, std::memory_order_relaxed);
    }
    /// What ends a sleep_in() from any thread. Before anybody knows of this.
    void set_interrupt(void (*interrupt)(void*), void* context) noexcept {
        interrupt_ = interrupt;
        interrupted_ = context;
    }
    /// sleep() where `wait()` does the sleeping, which the interrupt ends.
    template <class HasWork, class WaitElsewhere>
    void sleep_in(HasWork has_work, WaitElsewhere wait) {
        announce(elsewhere);
        if (!has_work()) {
            wait();
        }
        state_.store(awake, std::memory_order_relaxed);
    }

private:
    static constexpr std::uint32_t awake = 0;
    static constexpr std::uint32_t in_futex = 1;
    static constexpr std::uint32_t elsewhere = 2;

    void announce(std::uint32_t how) noexcept {
        state_.store(how, std::memory_order_seq_cst);
        membarrier_all();
    }

    alignas(64) std::atomic<std::uint32_t> state_{awake};
    void (*interrupt_)(void*) = nullptr;
    void* interrupted_ = nullptr;
};

}  // namespace heddle::plane
