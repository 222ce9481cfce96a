#include "life/loop.hpp"

#include <sched.h>

#include <algorithm>

#include "plane/calls.hpp"
#include "plane/futex.hpp"
#include "plane/messages.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"

namespace heddle::life {

namespace {

using namespace std::chrono_literals;

/// How long the thread lets senders write on after it has run all posts that it found (Mailbox::wants_rest): some
/// microseconds, and more in a flood.
constexpr int rest_pauses = 48;
constexpr int rest_pauses_in_flood = 96;
constexpr std::size_t flood = 64;

/// The longest sleep in one go: a bound on every wait of a module's thread, whatever was missed.
constexpr auto longest_sleep = 1s;

}  // namespace

bool Loop::is_stopping() const {
    return module_.stopping.load(std::memory_order_acquire) != 0;
}

bool Loop::has_messages() const {
    return module_.mailbox.has_work() || module_.answers_in_order != nullptr ||
           module_.answers.load(std::memory_order_relaxed) != nullptr;
}

void Loop::give(Order order) {
    order_.store(order, std::memory_order_release);
    module_.wakeup.wake();
}

Order Loop::wait_order() {
    while (order_.load(std::memory_order_acquire) == Order::none) {
        module_.wakeup.sleep([this] { return order_.load(std::memory_order_acquire) != Order::none; }, longest_sleep);
    }
    return order_.exchange(Order::none, std::memory_order_acquire);
}

void Loop::request_stop() {
    module_.stopping.store(1, std::memory_order_release);
    module_.wakeup.wake();
}

bool Loop::wait_stop(std::chrono::nanoseconds bound) {
    const auto until = plane::deadline_after(std::max(bound, 0ns));
    for (auto now = Clock::now(); !is_stopping() && now < until; now = Clock::now()) {
        module_.wakeup.sleep([this] { return is_stopping(); },
                             std::min<std::chrono::nanoseconds>(until - now, longest_sleep));
    }
    return is_stopping();
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
    for (int looks = 1; !is_stopping() && !has_messages(); ++looks) {
        // The clock, and the descriptors, whose look is a system call, are asked less often.
        if (looks % 32 == 0 && Clock::now() >= until) {
            return false;
        }
        if (looks % 64 == 0 && poller_.any_watched() && poller_.look(0ns)) {
            return true;
        }
        if (idle_ == config::Idle::yield) {
            sched_yield();
        } else if (idle_ == config::Idle::park && looks > plane::eager_looks) {
            plane::pause_briefly();  // which takes as long as a message from another core
        }
    }
    return true;
}

void Loop::sleep_until(Clock::time_point until) {
    const auto has_work = [this] { return is_stopping() || has_messages(); };
    const auto left = [until] { return std::max<std::chrono::nanoseconds>(until - Clock::now(), 0ns); };
    if (!poller_.any_watched()) {
        module_.wakeup.sleep(has_work, left());
        return;
    }
    module_.wakeup.sleep_in(has_work, [&] { poller_.look(left()); });
}

bool Loop::serve() {
    if (module_.mailbox.is_running()) {  // the message that does this stands in the mailbox until it has run
        plane::set_failure(HEDDLE_INVALID, module_.name, {},
                           "run() was called by what a message of its own runs: the module's thread serves its loop "
                           "already; return instead, and have a timer or post() go on later");
        return false;
    }
    const bool outer = serving_.exchange(true, std::memory_order_relaxed);
    bool fine = true;
    while (fine && !is_stopping()) {
        std::size_t done = 0;
        fine = run_messages(done);  // before the clock is asked: somebody may wait for an answer
        const Clock::time_point now = Clock::now();
        fine = fine && run_timers(now, done) && run_ready(now, done);
        if (fine && done == 0) {
            idle_until(timers_.next());
        }
    }
    serving_.store(outer, std::memory_order_relaxed);
    return fine;
}

bool Loop::run_messages(std::size_t& done) {
    bool fine = true;
    plane::ThreadRecord& mine = plane::threads().mine();
    std::size_t ran = module_.mailbox.run(module_, mine, messages_share, fine);
    if (ran != 0 && module_.mailbox.wants_rest(ran, messages_share)) {
        const int rest = ran >= flood ? rest_pauses_in_flood : rest_pauses;
        for (int pauses = 0; pauses < rest; ++pauses) {
            plane::pause_briefly();
        }
    } else {
        // Who gets an answer often asks again at once: a few looks more before the clock and the timers.
        for (int looks = 0; fine && ran != 0 && looks < 256 && ran < messages_share; ++looks) {
            if (module_.mailbox.has_work()) {
                ran += module_.mailbox.run(module_, mine, messages_share, fine);
                looks = 0;
            }
        }
    }
    done += ran;
    if (fine) {
        done += plane::run_answers(module_, messages_share, fine);
    }
    return fine;
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
