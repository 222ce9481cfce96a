// timer/*: what a timer costs, by what they are kept in, with so many armed.
//
// what:replace   a random timer is cancelled and one armed that is due within ten seconds, at random
// what:timeout   a timer of five seconds is armed and cancelled at once, as a request's timeout is
// what:expire    the earliest falls due, and is armed again for its next tick, up to ten seconds later
//
// Nothing runs but the keeping: time is a number, and timers do nothing. multimap is the C++ way with nothing looked
// up, an iterator being the handle; two_maps has handles that may be stale (a map by time, and a hash map by id);
// priority_queue leaves cancelled ones in and skips them when they come to the top, as many event loops do, and is
// rebuilt when they are more than the others.
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <unordered_map>
#include <vector>

#include "life/timers.hpp"
#include "suite.hpp"

namespace bench {

namespace {

using Ns = std::int64_t;

class Heddle {
public:
    using Handle = std::uint64_t;
    Handle arm(Ns now, Ns delay, Ns period) {
        return timers_.start({sizeof(heddle_timer), 1, delay, period, nullptr, nullptr, nullptr}, at(now));
    }
    void cancel(Handle handle) { timers_.cancel(handle); }
    Ns expire() {
        const auto due = timers_.next();
        timers_.finish(*timers_.take(due), due);
        return due.time_since_epoch().count();
    }

private:
    static heddle::life::Timers::Clock::time_point at(Ns now) {
        return heddle::life::Timers::Clock::time_point(std::chrono::nanoseconds(now));
    }
    heddle::life::Timers timers_;
};

// What belongs to a timer besides its time.
struct Job {
    void (*run)(void*) = nullptr;
    void (*drop)(void*) = nullptr;
    void* context = nullptr;
    Ns period = 0;
};

class Multimap {
public:
    using Handle = std::multimap<Ns, Job>::iterator;
    Handle arm(Ns now, Ns delay, Ns period) {
        return due_.emplace(now + delay, Job{nullptr, nullptr, nullptr, period});
    }
    void cancel(Handle handle) { due_.erase(handle); }
    Ns expire() {
        auto first = due_.extract(due_.begin());
        const Ns due = first.key();
        first.key() = due + first.mapped().period;
        due_.insert(std::move(first));
        return due;
    }

private:
    std::multimap<Ns, Job> due_;
};

class TwoMaps {
public:
    using Handle = std::uint64_t;
    Handle arm(Ns now, Ns delay, Ns period) {
        const Handle id = next_id_++;
        jobs_.emplace(id, std::pair(now + delay, Job{nullptr, nullptr, nullptr, period}));
        due_.emplace(std::pair(now + delay, id), id);
        return id;
    }
    void cancel(Handle id) {
        const auto found = jobs_.find(id);
        due_.erase(std::pair(found->second.first, id));
        jobs_.erase(found);
    }
    Ns expire() {
        const auto [due, id] = *due_.begin();
        due_.erase(due_.begin());
        auto& [next, job] = jobs_.at(id);
        next += job.period;
        due_.emplace(std::pair(next, id), id);
        return due.first;
    }

private:
    std::unordered_map<Handle, std::pair<Ns, Job>> jobs_;
    std::map<std::pair<Ns, Handle>, Handle> due_;
    Handle next_id_ = 1;
};

class PriorityQueue {
public:
    using Handle = std::uint64_t;  // generation and slot
    Handle arm(Ns now, Ns delay, Ns period) {
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        } else {
            slot = free_.back();
            free_.pop_back();
        }
        slots_[slot].job.period = period;
        due_.push({now + delay, slot, slots_[slot].generation});
        return Handle{slots_[slot].generation} << 32U | slot;
    }
    void cancel(Handle handle) {
        const auto slot = static_cast<std::uint32_t>(handle);
        if (slots_[slot].generation != handle >> 32U) {
            return;
        }
        ++slots_[slot].generation;
        free_.push_back(slot);
        if (++cancelled_ > 1000 && cancelled_ * 2 > due_.size()) {
            rebuild();
        }
    }
    Ns expire() {
        while (slots_[due_.top().slot].generation != due_.top().generation) {
            due_.pop();
            --cancelled_;
        }
        const Entry first = due_.top();
        due_.pop();
        due_.push({first.when + slots_[first.slot].job.period, first.slot, first.generation});
        return first.when;
    }

private:
    struct Entry {
        Ns when;
        std::uint32_t slot;
        std::uint32_t generation;
        bool operator>(const Entry& other) const { return when > other.when; }
    };
    struct Slot {
        Job job;
        std::uint32_t generation = 1;
    };
    class Queue : public std::priority_queue<Entry, std::vector<Entry>, std::greater<>> {
    public:
        using priority_queue::priority_queue;
        std::vector<Entry> take() { return std::move(c); }
    };

    void rebuild() {
        std::vector<Entry> all = due_.take();
        std::erase_if(all, [this](const Entry& entry) { return slots_[entry.slot].generation != entry.generation; });
        due_ = Queue(std::greater<>(), std::move(all));
        cancelled_ = 0;
    }

    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    Queue due_;
    std::size_t cancelled_ = 0;
};

constexpr Ns ten_seconds = 10'000'000'000;

// Numbers at random, made beforehand: as many as fit into the first cache.
class Random {
public:
    Random() {
        std::mt19937_64 random(1);
        for (std::uint64_t& number : numbers_) {
            number = random();
        }
    }
    std::uint64_t operator()() {
        next_ = (next_ + 1) % numbers_.size();
        return numbers_[next_] ^ (turn_ += 0x9E3779B97F4A7C15);
    }
    Ns delay() { return static_cast<Ns>(operator()() % ten_seconds) + 1; }

private:
    std::array<std::uint64_t, 1024> numbers_{};
    std::size_t next_ = 0;
    std::uint64_t turn_ = 0;
};

// So many timers, armed one after the other over some time.
template <class Queue>
struct Armed {
    explicit Armed(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const Ns period = random.delay();
            handles.push_back(queue.arm(now, period, period));
        }
        // Half of them anew, so that neither is where it was allocated in order.
        for (std::size_t i = 0; i < count / 2; ++i) {
            replace();
        }
    }
    void replace() {
        auto& handle = handles[random() % handles.size()];
        queue.cancel(handle);
        const Ns period = random.delay();
        handle = queue.arm(now, period, period);
    }
    Random random;
    Queue queue;
    std::vector<typename Queue::Handle> handles;
    Ns now = 0;
};

// The one queue with so many, which time goes on in from one measurement to the next: filling it takes longer than they
// do.
template <class Queue>
Armed<Queue>& armed_with(std::size_t count) {
    static std::map<std::size_t, Armed<Queue>> all;
    return all.try_emplace(count, count).first->second;
}

template <class Queue>
void replace(benchmark::State& state, std::size_t count) {
    Armed<Queue>& armed = armed_with<Queue>(count);
    measure(state, [&](std::uint64_t) -> std::uint64_t {
        armed.now += 100;
        armed.replace();
        return 0;
    });
}

template <class Queue>
void timeout(benchmark::State& state, std::size_t count) {
    Armed<Queue>& armed = armed_with<Queue>(count);
    measure(state, [&](std::uint64_t) -> std::uint64_t {
        armed.queue.cancel(armed.queue.arm(armed.now += 100, ten_seconds / 2, 0));
        return 0;
    });
}

template <class Queue>
void expire(benchmark::State& state, std::size_t count) {
    Armed<Queue>& armed = armed_with<Queue>(count);
    measure(state, [&](std::uint64_t) {
        armed.now = armed.queue.expire();
        return static_cast<std::uint64_t>(armed.now);
    });
}

template <class Queue>
void add_queue(const std::string& mechanism) {
    const std::string yardstick = mechanism == "timer/multimap" ? "" : "timer/multimap";
    for (const std::size_t count : {std::size_t{1}, std::size_t{1'000}, std::size_t{1'000'000}}) {
        const std::string armed = "/armed:" + std::to_string(count);
        add(mechanism + "/what:replace" + armed, yardstick, [=](auto& state) { replace<Queue>(state, count); });
        add(mechanism + "/what:timeout" + armed, yardstick, [=](auto& state) { timeout<Queue>(state, count); });
        add(mechanism + "/what:expire" + armed, yardstick, [=](auto& state) { expire<Queue>(state, count); });
    }
}

const Group timers([] {
    add_queue<Heddle>("timer/heddle");
    add_queue<Multimap>("timer/multimap");
    add_queue<TwoMaps>("timer/two_maps");
    add_queue<PriorityQueue>("timer/priority_queue");
});

}  // namespace

}  // namespace bench
