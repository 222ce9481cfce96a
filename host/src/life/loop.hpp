// A module's loop: its timers, and the orders of the control thread, on the module's thread.
//
// It goes round: each round runs what is there of each kind up to that kind's share, so that none starves another, and
// sleeps only when a round found nothing to do.
//
// Thread-safety: timers belong to the module's thread. order(), wake() and stopping may be used by any thread.
// Ownership: the loop owns timers' contexts from a successful start on, and gives each to its drop once.
#pragma once

#include <heddle/abi.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "config/settings.hpp"
#include "life/timers.hpp"

namespace heddle::life {

/// What the control thread asks of a module's thread next.
enum class Order { none, start, stop, end };

class Loop {
public:
    using Clock = std::chrono::steady_clock;

    /// The most timers of one round. Those left over are due still, and first in the next.
    static constexpr std::size_t timers_share = 64;

    Loop(heddle_module& module, config::Idle idle) : module_(module), idle_(idle) {}
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Gives the module's thread its next order. [control thread]
    void give(Order order);
    /// Waits for an order; an order is taken once. Waits in slices, so that it is never stuck unseen. [module thread]
    Order wait_order();
    /// Sets the module's stop flag and wakes its thread. [control thread]
    void request_stop();

    /// Runs timers until the module is asked to stop or one of them fails; true unless one failed. [module thread]
    bool serve();
    /// Waits until asked to stop, at most `bound`. [module thread]
    bool wait_stop(std::chrono::nanoseconds bound);

    std::uint64_t start(const heddle_timer& timer);  // throws std::bad_alloc [module thread]
    void cancel(std::uint64_t id);                   // [module thread]
    void drop_all();                                 // [module thread]
    /// Ticks of periodic timers that were skipped because the loop came too late for them. [module thread]
    std::uint64_t missed_ticks() const { return timers_.missed(); }

private:
    // The parts of a round: each adds what it has done to `done`; false when one of them failed the module.
    bool run_timers(std::size_t& done);
    void idle_until(Clock::time_point until);

    heddle_module& module_;
    const config::Idle idle_;

    std::mutex mutex_;
    std::condition_variable woken_;
    Order order_ = Order::none;

    Timers timers_;
};

}  // namespace heddle::life
