// A module's loop: its timers, and the orders of the control thread, on the module's thread.
//
// Thread-safety: timers belong to the module's thread. order(), wake() and stopping may be used by any thread.
// Ownership: the loop owns timers' contexts from a successful start on, and gives each to its drop once.
#pragma once

#include <heddle/abi.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "config/settings.hpp"

namespace heddle::life {

/// What the control thread asks of a module's thread next.
enum class Order { none, start, stop, end };

class Loop {
public:
    using Clock = std::chrono::steady_clock;

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

    std::uint64_t start(const heddle_timer& timer);  // [module thread]
    void cancel(std::uint64_t id);                   // [module thread]
    void drop_all();                                 // [module thread]

private:
    struct Timer {
        heddle_timer timer;
        Clock::time_point next;
        bool runs = false;       // its code runs just now
        bool cancelled = false;  // by itself: dropped once its code has returned
    };
    using Due = std::pair<Clock::time_point, std::uint64_t>;

    bool run_due();
    void idle_until(Clock::time_point until);

    heddle_module& module_;
    const config::Idle idle_;

    std::mutex mutex_;
    std::condition_variable woken_;
    Order order_ = Order::none;

    std::unordered_map<std::uint64_t, Timer> timers_;
    std::map<Due, std::uint64_t> due_;
    std::uint64_t next_id_ = 1;
};

}  // namespace heddle::life
