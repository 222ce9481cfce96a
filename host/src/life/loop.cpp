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
        if (!run_due()) {
            return false;
        }
        idle_until(due_.empty() ? Clock::now() + longest_sleep : due_.begin()->first.first);
    }
    return true;
}

bool Loop::run_due() {
    const Clock::time_point now = Clock::now();  // timers that fall due meanwhile wait for the next round
    while (!due_.empty() && due_.begin()->first.first <= now && module_.stopping.load(std::memory_order_acquire) == 0) {
        const std::uint64_t id = due_.begin()->second;
        due_.erase(due_.begin());
        Timer& running = timers_.at(id);  // stays where it is: nobody erases a timer that runs
        const heddle_timer timer = running.timer;
        if (plane::enter(&module_) == 0) {
            return false;  // the failure names who holds it
        }
        running.runs = true;
        timer.run(timer.context);  // which may serve the loop again
        running.runs = false;
        plane::leave(&module_);
        const bool failed = heddle_current.failed != 0;
        if (running.cancelled || timer.period_ns <= 0) {
            timers_.erase(id);
            if (timer.drop != nullptr) {
                timer.drop(timer.context);
            }
        } else {
            const std::chrono::nanoseconds period(timer.period_ns);
            const auto late = std::max(Clock::now() - running.next, Clock::duration(0));
            running.next += period * (late / period);  // the next tick of its grid that is still to come
            running.next =
                period > Clock::time_point::max() - running.next ? Clock::time_point::max() : running.next + period;
            due_.emplace(Due{running.next, id}, id);
        }
        if (failed) {
            return false;
        }
    }
    return true;
}

std::uint64_t Loop::start(const heddle_timer& timer) {
    const std::uint64_t id = next_id_++;
    const auto next = plane::deadline_after(std::chrono::nanoseconds(timer.first_ns));
    timers_.emplace(id, Timer{timer, next, false, false});
    due_.emplace(Due{next, id}, id);
    return id;
}

void Loop::cancel(std::uint64_t id) {
    const auto found = timers_.find(id);
    if (found == timers_.end()) {
        return;
    }
    if (found->second.runs) {
        found->second.cancelled = true;
        return;
    }
    const heddle_timer timer = found->second.timer;
    due_.erase(Due{found->second.next, id});
    timers_.erase(found);
    if (timer.drop != nullptr) {
        timer.drop(timer.context);
    }
}

void Loop::drop_all() {
    due_.clear();
    const auto all = std::move(timers_);
    timers_.clear();
    for (const auto& [id, entry] : all) {
        if (entry.timer.drop != nullptr) {
            entry.timer.drop(entry.timer.context);
        }
    }
}

}  // namespace heddle::life
