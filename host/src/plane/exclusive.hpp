// Who holds a module: the lock behind the exclusive policy.
//
// One word: the chain of calls that holds it, or 0. It is taken with one compare-and-swap and given back with a plain
// store, so that leaving pays for no atomic read-modify-write while nobody waits. The same chain re-enters by counting.
//
// Whoever comes may take it when it is free, even if others wait: a thread that calls the module many times in a row
// runs from its own cache, which is what makes a contended module fast. What keeps that fair is the line: who has
// looked in vain for some microseconds stands in line, and the module is handed to the first in line as soon as that
// one wants it and is awake. One that is not, because it sleeps or was descheduled, is overtaken in the meantime, but
// no more than `most_overtakings` times; then it gets the module all the same. So one that waits is overtaken by those
// that came later at most `most_overtakings` times for each place in the line that it had when it joined.
//
// The line belongs to whoever holds the module: it has no lock of its own that somebody could be descheduled with.
// No host lock: it belongs to the module and is held while the module's code runs. Thread-safety: any thread. Every
// wait is bounded. Ownership: it must outlive those that wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <heddle/call.hpp>

namespace heddle::plane {

class alignas(64) Exclusive {
public:
    /// How often the first in line is overtaken at most. In calls of the shortest kind that is some 100 us, the time in
    /// which a sleeper wakes up: with fewer, the module would stand idle until it has.
    static constexpr std::uint32_t most_overtakings = 8192;

    Exclusive() = default;
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;
    ~Exclusive();

    /// Takes it for the chain if it is free or already the chain's.
    bool try_enter(std::uint64_t chain) noexcept {
        if (holder_.load(std::memory_order_relaxed) == chain) {  // only this chain's own thread can have stored that
            ++depth_;
            return true;
        }
        return take(chain);
    }

    /// Tries for some microseconds without sleeping: calls are often shorter than a sleep. For a chain that does not
    /// hold it.
    bool spin_enter(std::uint64_t chain) noexcept;

    /// Stands in line for it, asleep if it takes long; false when `bound` ran out. For a chain that does not hold it.
    bool wait_enter(std::uint64_t chain, std::chrono::nanoseconds bound) noexcept;

    /// Gives it back; only by the chain that took it.
    void leave() noexcept {
        if (depth_ != 0) {
            --depth_;
            return;
        }
        if (contended_.load(std::memory_order_relaxed) != 0) [[unlikely]] {
            leave_contended();
            return;
        }
        holder_.store(0, leave_order);  // pairs with the acquire of the next to take it
        std::atomic_signal_fence(std::memory_order_seq_cst);
        // Either this sees that somebody stands in line, or that one's look after its membarrier sees the store.
        if (contended_.load(look_order) != 0) [[unlikely]] {
            serve();
        }
    }

    /// The chain that holds it just now, 0 for none; for error texts and the search for cycles. A chain that was handed
    /// the module holds it from that moment, although its thread may not have come out of wait_enter() yet.
    std::uint64_t holder() const noexcept {
        const std::uint64_t chain = holder_.load(std::memory_order_relaxed);
        return chain == nobody ? 0 : chain;
    }

    /// Whether somebody stands in line, or did not long ago (some thousand calls).
    bool is_contended() const noexcept { return contended_.load(std::memory_order_acquire) != 0; }

private:
    struct Waiter;

#if defined(HEDDLE_TSAN)  // ThreadSanitizer does not see membarrier
    static constexpr auto leave_order = std::memory_order_seq_cst;
    static constexpr auto look_order = std::memory_order_seq_cst;
#else
    static constexpr auto leave_order = std::memory_order_release;
    static constexpr auto look_order = std::memory_order_relaxed;
#endif
    static constexpr std::uint64_t nobody = UINT64_MAX;  // holds it for an instant, to look after the line

    bool take(std::uint64_t chain) noexcept {
        std::uint64_t free = 0;
        return holder_.compare_exchange_strong(free, chain, std::memory_order_acquire, std::memory_order_relaxed);
    }

    // What those do that wait.
    void stand_in_line(Waiter* waiter) noexcept;
    bool wait_in_line(Waiter* waiter, std::chrono::steady_clock::time_point deadline) noexcept;
    bool look_as_first(std::chrono::nanoseconds awake) noexcept;
    bool take_from_line(Waiter* waiter) noexcept;
    void call_attention() noexcept;
    void serve() noexcept;

    // What only whoever holds it may do.
    void leave_contended() noexcept;
    bool serve_first(const std::atomic<std::uint32_t>*& sleeper) noexcept;
    bool hand_over() noexcept;
    const std::atomic<std::uint32_t>* tell_next() noexcept;
    void calm_down() noexcept;
    void admit_arrivals() noexcept;
    void unlink(Waiter* waiter) noexcept;
    void drop(Waiter* waiter) noexcept;

    std::atomic<std::uint64_t> holder_{0};
    std::atomic<std::uint32_t> contended_{0};  // 1: leaving has to look at the line; 0 only while nobody stands there

    // Touched by whoever holds it only.
    std::uint32_t depth_ = 0;        // re-entries
    std::uint32_t overtakings_ = 0;  // of the first in line
    std::uint32_t pulse_seen_ = 0;   // when it was last left
    std::uint32_t calm_ = 0;         // how often it was left since somebody stood in line
    Waiter* first_ = nullptr;        // the line, in the order of arrival
    Waiter* last_ = nullptr;
    Waiter* told_ = nullptr;  // first_, if that one knows that it is

    std::atomic<std::int64_t> contested_{0};  // when somebody last found it held and had it soon after, in ns

    // Written by those that wait: a line of its own.
    alignas(64) std::atomic<Waiter*> arrivals_{nullptr};  // the last to arrive; not yet in the line
    std::atomic<std::uint32_t> attention_{0};             // 1: the first in line went to sleep, or gave up
    std::atomic<std::uint32_t> pulse_{0};                 // moves while the first in line is awake and wants it at once
};

}  // namespace heddle::plane
