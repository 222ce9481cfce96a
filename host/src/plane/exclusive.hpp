// Who holds a module: the lock behind the exclusive policy.
//
// A futex word taken with one compare-and-swap and given back with a plain store: the store and the look for sleepers
// after it are ordered by the membarrier of whoever goes to sleep, so that leaving pays for no atomic
// read-modify-write. The chain of calls that holds it stands beside it, so that the same chain re-enters by counting.
// No host lock: it belongs to the module and is held while the module's code runs. Thread-safety: any thread. Every
// wait is bounded.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <heddle/call.hpp>

namespace heddle::plane {

class Exclusive {
public:
    /// Takes it for the chain if it is free or already the chain's.
    bool try_enter(std::uint64_t chain) noexcept {
        if (holder_.load(std::memory_order_relaxed) == chain) {  // only this chain's own thread can have stored that
            ++depth_;
            return true;
        }
        std::uint32_t free = 0;
        if (!word_.compare_exchange_strong(free, held, std::memory_order_acquire, std::memory_order_relaxed)) {
            return false;
        }
        holder_.store(chain, std::memory_order_relaxed);
        return true;
    }

    /// Tries for about a microsecond without sleeping: calls are often shorter than a sleep.
    bool spin_enter(std::uint64_t chain) noexcept;

    /// Takes it for a chain that does not hold it, asleep while it is held; false when `bound` ran out.
    bool wait_enter(std::uint64_t chain, std::chrono::nanoseconds bound) noexcept {
        if (!wait(bound)) {
            return false;
        }
        holder_.store(chain, std::memory_order_relaxed);
        return true;
    }

    /// Gives it back; only by the chain that took it.
    void leave() noexcept {
        if (depth_ != 0) {
            --depth_;
            return;
        }
        holder_.store(0, std::memory_order_relaxed);
        word_.store(0, leave_order);  // pairs with the acquire of the next to take it
        std::atomic_signal_fence(std::memory_order_seq_cst);
        // Either this sees the sleeper's note, or the sleeper's look after its membarrier sees the store.
        if (note_.load(look_order) != 0) [[unlikely]] {
            wake_one();
        }
    }

    /// The chain that holds it just now, 0 for none; for error texts.
    std::uint64_t holder() const noexcept { return holder_.load(std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t held = 1;
#if defined(HEDDLE_TSAN)  // ThreadSanitizer does not see membarrier
    static constexpr auto leave_order = std::memory_order_seq_cst;
    static constexpr auto look_order = std::memory_order_seq_cst;
#else
    static constexpr auto leave_order = std::memory_order_release;
    static constexpr auto look_order = std::memory_order_relaxed;
#endif

    bool wait(std::chrono::nanoseconds bound) noexcept;
    void wake_one() noexcept;

    std::atomic<std::uint32_t> word_{0};
    std::uint32_t depth_ = 0;  // re-entries; touched by the holder only
    std::atomic<std::uint64_t> holder_{0};
    std::atomic<std::uint32_t> note_{0};      // 1: somebody may sleep on it; whoever leaves next takes it and wakes one
    std::atomic<std::uint32_t> sleepers_{0};  // how many; touched by those that wait only
};

}  // namespace heddle::plane
