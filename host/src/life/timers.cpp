#include "life/timers.hpp"

#include <algorithm>

namespace heddle::life {

namespace {

using Clock = Timers::Clock;

/// The end of time for what is further away than the clock goes.
Clock::time_point later(Clock::time_point from, std::int64_t ns) {
    const std::chrono::nanoseconds step(ns);
    return step > Clock::time_point::max() - from ? Clock::time_point::max() : from + step;
}

constexpr std::uint64_t id_of(std::uint32_t generation, std::uint32_t slot) {
    return std::uint64_t{generation} << 32U | slot;
}

constexpr std::uint32_t slot_of(std::uint64_t id) {
    return static_cast<std::uint32_t>(id);
}

}  // namespace

std::uint64_t Timers::start(const heddle_timer& timer, Clock::time_point now) {
    const std::uint32_t slot = new_slot();
    jobs_[slot] = {timer.run, timer.drop, timer.context, timer.period_ns};
    push({slot, next_order_++, later(now, timer.first_ns)});
    return id_of(slots_[slot].generation, slot);
}

void Timers::cancel(std::uint64_t id) {
    Slot* const found = find(id);
    if (found == nullptr) {
        return;
    }
    if (found->place >= cancelled) {
        found->place = cancelled;
        return;
    }
    remove(found->place);
    end(slot_of(id));
}

std::optional<Timers::Taken> Timers::take(Clock::time_point now) {
    if (size_ == 0 || at(root).when > now) {
        return std::nullopt;
    }
    const Entry first = at(root);
    remove(root);
    Slot& slot = slots_[first.slot];
    slot.place = runs;
    const Job& job = jobs_[first.slot];
    return Taken{id_of(slot.generation, first.slot), first.when, job.run, job.context};
}

void Timers::finish(const Taken& taken, Clock::time_point now) {
    const Slot* const found = find(taken.id);
    if (found == nullptr) {
        return;  // all were dropped meanwhile
    }
    const std::uint32_t slot = slot_of(taken.id);
    const std::int64_t period = jobs_[slot].period_ns;
    if (found->place == cancelled || period <= 0) {
        end(slot);
        return;
    }
    const std::int64_t late = std::max((now - taken.due).count(), Clock::rep{0});
    const std::int64_t skipped = late < period ? 0 : late / period;  // a division is dear
    missed_ += static_cast<std::uint64_t>(skipped);
    push({slot, next_order_++, later(taken.due + std::chrono::nanoseconds(skipped * period), period)});
}

void Timers::drop_all() {
    size_ = 0;
    for (Slot& slot : slots_) {
        if (slot.place != unused) {
            slot.place = cancelled;  // in no heap any more: a drop that cancels another finds nothing to remove
        }
    }
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
        if (slots_[slot].place == cancelled) {
            end(slot);
        }
    }
}

Timers::Slot* Timers::find(std::uint64_t id) {
    const std::uint32_t slot = slot_of(id);
    if (slot >= slots_.size() || slots_[slot].generation != id >> 32U || slots_[slot].place == unused) {
        return nullptr;
    }
    return &slots_[slot];
}

std::uint32_t Timers::new_slot() {
    if (free_.empty()) {
        const auto slot = static_cast<std::uint32_t>(slots_.size());
        if (slot == slots_.capacity()) {  // all at once, so that finish() and end() never want memory
            const std::size_t wanted = std::max<std::size_t>(64, 2 * slots_.capacity());
            free_.reserve(wanted);
            jobs_.reserve(wanted);
            heap_.resize((wanted + root + 3) / 4);
            slots_.reserve(wanted);
        }
        jobs_.push_back({});
        slots_.push_back({1, unused});
        return slot;
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
}

void Timers::free_slot(std::uint32_t slot) {
    slots_[slot].place = unused;
    if (slots_[slot].generation != generations_) {
        ++slots_[slot].generation;
        free_.push_back(slot);
    }
}

void Timers::end(std::uint32_t slot) {
    const Job job = jobs_[slot];
    free_slot(slot);
    if (job.drop != nullptr) {
        job.drop(job.context);  // last: it may start and cancel timers
    }
}

void Timers::push(const Entry& entry) {
    rise(root + size_++, entry);
}

void Timers::remove(std::uint32_t place) {
    const Entry last = at(root + --size_);
    if (place == root + size_) {
        return;
    }
    if (place != root && last.before(at(parent(place)))) {
        rise(place, last);
    } else {
        sink(place, last);
    }
}

void Timers::put(std::uint32_t place, const Entry& entry) {
    at(place) = entry;
    slots_[entry.slot].place = place;
}

void Timers::rise(std::uint32_t place, const Entry& entry) {
    while (place != root && entry.before(at(parent(place)))) {
        put(place, at(parent(place)));
        place = parent(place);
    }
    put(place, entry);
}

void Timers::sink(std::uint32_t place, const Entry& entry) {
    const std::uint32_t end = root + size_;
    for (;;) {
        const std::uint32_t first = first_child(place);
        if (first >= end) {
            break;
        }
        std::uint32_t least = first;
        for (std::uint32_t child = first + 1; child < std::min(first + 4, end); ++child) {
            least = at(child).before(at(least)) ? child : least;
        }
        if (!at(least).before(entry)) {
            break;
        }
        put(place, at(least));
        place = least;
    }
    put(place, entry);
}

}  // namespace heddle::life
