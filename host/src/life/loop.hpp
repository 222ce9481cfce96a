// A module's loop: its timers, its file descriptors and the orders of the control thread, on the module's thread.
//
// What wakes it while it sleeps: work in the mailbox, an answer to a call, an order, the request to stop.
//
// It goes round: each round runs what is there of each kind up to that kind's share, so that none starves another, and
// sleeps only when a round found nothing to do.
//
// Thread-safety: timers and watches belong to the module's thread; give() and request_stop() to the control thread.
// Ownership: the loop owns the contexts of timers and watches from a successful start on, and gives each to its drop
// once.
#pragma once

#include <heddle/abi.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "config/settings.hpp"
#include "life/poller.hpp"
#include "life/timers.hpp"
#include "plane/module_record.hpp"

namespace heddle::life {

/// What the control thread asks of a module's thread next.
enum class Order { none, start, stop, end };

class Loop {
public:
    using Clock = std::chrono::steady_clock;

    /// The most timers of one round. Those left over are due still, and first in the next.
    static constexpr std::size_t timers_share = 64;
    /// The most messages of one round, and the most answers that the module goes on with.
    static constexpr std::size_t messages_share = 256;

    /// While rounds find other things to do, descriptors are looked at as often as this: a look is a system call.
    static constexpr std::chrono::microseconds look_interval{20};

    /// With Idle::park the thread looks for work for `spin` before it sleeps.
    Loop(heddle_module& module, config::Idle idle, std::chrono::nanoseconds spin = std::chrono::nanoseconds(0))
        : module_(module), idle_(idle), spin_(spin) {
        module_.wakeup.set_interrupt([](void* poller) { static_cast<Poller*>(poller)->wake(); }, &poller_);
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Gives the module's thread its next order. [control thread]
    void give(Order order);
    /// Waits for an order; an order is taken once. Waits in slices, so that it is never stuck unseen. [module thread]
    Order wait_order();
    /// Sets the module's stop flag and wakes its thread. [control thread]
    void request_stop();

    /// Runs timers and watches until the module is asked to stop or one of them fails; true unless one failed.
    /// [module thread]
    bool serve();
    /// True while the module's thread runs what comes to its mailbox. [any thread]
    bool is_serving() const { return serving_.load(std::memory_order_relaxed); }
    /// Waits until asked to stop, at most `bound`. [module thread]
    bool wait_stop(std::chrono::nanoseconds bound);

    std::uint64_t start(const heddle_timer& timer);  // throws std::bad_alloc [module thread]
    void cancel(std::uint64_t id);                   // [module thread]
    void drop_all();                                 // [module thread]
    /// Ticks of periodic timers that were skipped because the loop came too late for them. [module thread]
    std::uint64_t missed_ticks() const { return timers_.missed(); }
    /// What its file descriptors are watched with. [module thread]
    Poller& poller() { return poller_; }

private:
    // The parts of a round: each adds what it has done to `done`; false when one of them failed the module.
    bool run_timers(Clock::time_point now, std::size_t& done);
    bool run_messages(std::size_t& done);
    bool run_ready(Clock::time_point now, std::size_t& done);
    void idle_until(Clock::time_point until);
    bool look_for(Clock::time_point until);
    void sleep_until(Clock::time_point until);
    bool is_stopping() const;
    bool has_messages() const;

    heddle_module& module_;
    const config::Idle idle_;
    const std::chrono::nanoseconds spin_;
    std::atomic<Order> order_{Order::none};
    std::atomic<bool> serving_{false};

    Timers timers_;
    Poller poller_;
    Clock::time_point last_look_{};
};

}  // namespace heddle::life
