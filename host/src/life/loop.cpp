#include "life/loop.hpp"

#include <sched.h>

#include <algorithm>

#include "plane/calls.hpp"
#include "plane/futex.hpp"
#include "plane/module_record.hpp"

namespace heddle::life {

namespace {

using namespace std::chrono_literals;

/// The longest sleep in one go: a bound on every wait of a module's thread, whatever was missed.
constexpr auto longest_sleep = 1s;

}  // namespace

void Loop::give(Order order) {
    const std::lock_guard lock(mutex_);
    order_ = order;
    woken_.notify_all();
}

Order Loop::wait_order() {
    std::unique_lock lock(mutex_);
    while (order_ == Order::none) {
        woken_.wait_for(lock, longest_sleep);
    }
    return std::exchange(order_, Order::none);
}

void Loop::request_stop() {
    const std::lock_guard lock(mutex_);
    module_.stopping.store(1, std::memory_order_release);
    woken_.notify_all();
}

bool Loop::wait_stop(std::chrono::nanoseconds bound) {
    std::unique_lock lock(mutex_);
    return woken_.wait_until(lock, plane::deadline_after(std::max(bound, 0ns)),
                             [this] { return module_.stopping.load(std::memory_order_acquire) != 0; });
}

void Loop::idle_until(Clock::time_point until) {
    if (idle_ == config::Idle::park) {
        std::unique_lock lock(mutex_);
        woken_.wait_until(lock, std::min(until, Clock::now() + longest_sleep),
                          [this] { return module_.stopping.load(std::memory_order_relaxed) != 0; });
        return;
    }
    while (module_.stopping.load(std::memory_order_acquire) == 0 && Clock::now() < until) {
        if (idle_ == config::Idle::yield) {
            sched_yield();
        } else {
            plane::pause_briefly();
        }
    }
}

bool Loop::serve() {
    while (module_.stopping.load(std::memory_order_acquire) == 0) {
        std::size_t done = 0;
        if (!run_timers(done)) {
            return false;
        }
        // The share of the module's mailbox comes here.
        if (done == 0) {
            idle_until(timers_.next());
        }
    }
    return true;
}

bool Loop::run_timers(std::size_t& done) {
    const Clock::time_point now = Clock::now();  // timers that fall due meanwhile wait for the next round
    for (std::size_t i = 0; i < timers_share && module_.stopping.load(std::memory_order_acquire) == 0; ++i) {
        const std::optional<Timers::Taken> timer = timers_.take(now);
        if (!timer) {
            break;
        }
        if (plane::enter(&module_) == 0) {
            return false;  // the failure names who holds it
        }
        timer->run(timer->context);  // which may serve the loop again
        plane::leave(&module_);
        const bool failed = heddle_current.failed != 0;
        timers_.finish(*timer, Clock::now());
        if (failed) {
            return false;
        }
        ++done;
    }
    return true;
}

std::uint64_t Loop::start(const heddle_timer& timer) {
    return timers_.start(timer, Clock::now());
}

void Loop::cancel(std::uint64_t id) {
    timers_.cancel(id);
}

void Loop::drop_all() {
    timers_.drop_all();
}

}  // namespace heddle::life
