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
    if (sleeps_in_poller_) {
        poller_.wake();
    }
}

bool Loop::wait_stop(std::chrono::nanoseconds bound) {
    std::unique_lock lock(mutex_);
    return woken_.wait_until(lock, plane::deadline_after(std::max(bound, 0ns)),
                             [this] { return module_.stopping.load(std::memory_order_acquire) != 0; });
}

void Loop::idle_until(Clock::time_point until) {
    until = std::min(until, Clock::now() + longest_sleep);
    if (idle_ != config::Idle::park) {
        look_for(until);
    } else if (spin_ <= 0ns || !look_for(std::min(until, plane::deadline_after(spin_)))) {
        sleep_until(until);
    }
}

/// Looks for work until then, without sleeping; true when there is some.
bool Loop::look_for(Clock::time_point until) {
    while (module_.stopping.load(std::memory_order_acquire) == 0 && !poller_.look(0ns)) {
        if (Clock::now() >= until) {
            return false;
        }
        if (idle_ == config::Idle::yield) {
            sched_yield();
        } else {
            plane::pause_briefly();
        }
    }
    return true;
}

void Loop::sleep_until(Clock::time_point until) {
    std::unique_lock lock(mutex_);
    if (!poller_.any_watched()) {
        woken_.wait_until(lock, until, [this] { return module_.stopping.load(std::memory_order_relaxed) != 0; });
        return;
    }
    if (module_.stopping.load(std::memory_order_relaxed) != 0) {
        return;
    }
    sleeps_in_poller_ = true;  // under the lock: whoever asks it to stop from here on wakes the poller
    lock.unlock();
    poller_.look(std::max(until - Clock::now(), Clock::duration(0)));
    lock.lock();
    sleeps_in_poller_ = false;
}

bool Loop::serve() {
    while (module_.stopping.load(std::memory_order_acquire) == 0) {
        const Clock::time_point now = Clock::now();
        std::size_t done = 0;
        if (!run_timers(now, done)) {
            return false;
        }
        // The share of the module's mailbox comes here.
        if (!run_ready(now, done)) {
            return false;
        }
        if (done == 0) {
            idle_until(timers_.next());
        }
    }
    return true;
}

bool Loop::run_timers(Clock::time_point now, std::size_t& done) {
    // Timers that fall due meanwhile wait for the next round.
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

bool Loop::run_ready(Clock::time_point now, std::size_t& done) {
    if (!poller_.any_watched() || (done != 0 && now - last_look_ < look_interval)) {
        return true;
    }
    last_look_ = now;
    poller_.look(0ns);
    for (std::size_t i = 0; i < Poller::share && module_.stopping.load(std::memory_order_acquire) == 0; ++i) {
        const std::optional<Poller::Taken> ready = poller_.take();
        if (!ready) {
            break;
        }
        if (plane::enter(&module_) == 0) {
            return false;  // the failure names who holds it
        }
        ready->run(ready->context, ready->events);  // which may serve the loop again
        plane::leave(&module_);
        const bool failed = heddle_current.failed != 0;
        poller_.finish(*ready);
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
    poller_.drop_all();
}

}  // namespace heddle::life
