// Who holds a module: the lock behind the exclusive policy.
//
// A futex word that is taken with one compare-and-swap and given back with one exchange, spinning a little before it
// sleeps (Drepper, "Futexes are tricky", mutex 3), with the chain of calls that holds it beside it, so that the same
// chain re-enters by counting. No host lock: it belongs to the module and is held while the module's code runs.
// Thread-safety: any thread. Every wait is bounded.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

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

    /// Takes it for a chain that does not hold it; false when `bound` ran out.
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
        if (word_.exchange(0, std::memory_order_release) == contended) {  // pairs with the acquire in enter
            wake_one();
        }
    }

    /// The chain that holds it just now, 0 for none; for error texts.
    std::uint64_t holder() const noexcept { return holder_.load(std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t held = 1;
    static constexpr std::uint32_t contended = 2;  // held, and somebody may sleep on the word

    bool wait(std::chrono::nanoseconds bound) noexcept;
    void wake_one() noexcept;

    std::atomic<std::uint32_t> word_{0};
    std::uint32_t depth_ = 0;  // re-entries; touched by the holder only
    std::atomic<std::uint64_t> holder_{0};
};

}  // namespace heddle::plane
