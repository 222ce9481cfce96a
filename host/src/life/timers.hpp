// The timers of one module: started, cancelled and taken when due, by the million.
//
// A heap of four children a node, each node's children in one cache line, holds {when, slot}; a slot knows its place in
// the heap, so that a cancelled timer leaves at once, and a generation, so that an id is never mistaken for a later
// timer's. Starting is a push, near the bottom for the usual timer, which is due after those before it; cancelling
// moves the heap's last into the gap. Nothing is searched and, once as many timers were armed as there are now,
// nothing is allocated.
//
// Timers run in the order in which they are due; those due at the same nanosecond in the order in which they were
// armed. Thread-safety: one thread, the module's. Ownership: owns contexts from a successful start on, and gives each
// to its drop once; drop may start and cancel timers.
#pragma once

#include <heddle/abi.h>

#include <bit>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace heddle::life {

class Timers {
public:
    using Clock = std::chrono::steady_clock;

    /// A timer that is due and was taken to be run: it is in nobody's way until it is finished.
    struct Taken {
        std::uint64_t id;
        Clock::time_point due;
        heddle_task* run;
        void* context;
    };

    /// A slot serves `generations` timers one after the other and is then left unused, so that no id returns.
    explicit Timers(std::uint32_t generations = std::numeric_limits<std::uint32_t>::max())
        : generations_(generations) {}
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;

    /// Arms a timer whose first_ns count from `now`, and gives its id, never 0. Throws std::bad_alloc and has then
    /// taken nothing over.
    std::uint64_t start(const heddle_timer& timer, Clock::time_point now);
    /// Ends and drops a timer, or where it runs just now has it dropped once it is finished. Ignores unknown ids.
    void cancel(std::uint64_t id);

    /// The earliest timer that is due at `now`, if any. It must be finished, or is dropped by drop_all().
    std::optional<Taken> take(Clock::time_point now);
    /// Its code has returned: arms it for the next tick of its grid that is after `now`, or drops it. Ticks that have
    /// passed meanwhile are skipped and counted.
    void finish(const Taken& taken, Clock::time_point now);
    /// Drops all timers there are, taken ones too; not those that a drop starts.
    void drop_all();

    bool any_armed() const { return size_ != 0; }
    /// When the next timer is due; the end of time when none is armed.
    Clock::time_point next() const { return size_ == 0 ? Clock::time_point::max() : at(root).when; }
    /// How many ticks were skipped.
    std::uint64_t missed() const { return missed_; }

private:
    __extension__ using Wide = unsigned __int128;
    struct alignas(16) Entry {
        std::uint32_t slot;
        std::uint32_t order;  // of arming, for those due at the same time
        Clock::time_point when;

        // As one number, the time foremost, in two instructions: which of two is first is anybody's guess, and so is a
        // jump for it.
        bool before(const Entry& other) const { return std::bit_cast<Wide>(*this) < std::bit_cast<Wide>(other); }
    };
    struct alignas(64) Line {
        Entry entries[4];
    };
    // What moving an entry writes is kept apart from what only running reads: eight bytes a timer.
    struct Slot {
        std::uint32_t generation;
        std::uint32_t place;  // in the heap, or one of the below
    };
    struct Job {
        heddle_task* run;
        heddle_task* drop;
        void* context;
        std::int64_t period_ns;
    };
    static constexpr std::uint32_t unused = std::numeric_limits<std::uint32_t>::max();
    static constexpr std::uint32_t runs = unused - 1;       // taken
    static constexpr std::uint32_t cancelled = unused - 2;  // while it was taken

    // The root stands at 3, so that its children are 4 to 7, theirs 8 to 23: each four in one line.
    static constexpr std::uint32_t root = 3;
    static std::uint32_t first_child(std::uint32_t place) { return place * 4 - 8; }
    static std::uint32_t parent(std::uint32_t place) { return place / 4 + 2; }
    Entry& at(std::uint32_t place) { return heap_[place / 4].entries[place % 4]; }
    const Entry& at(std::uint32_t place) const { return heap_[place / 4].entries[place % 4]; }

    Slot* find(std::uint64_t id);
    std::uint32_t new_slot();
    void free_slot(std::uint32_t slot);
    void end(std::uint32_t slot);
    void push(const Entry& entry);
    void remove(std::uint32_t place);
    void put(std::uint32_t place, const Entry& entry);
    void rise(std::uint32_t place, const Entry& entry);
    void sink(std::uint32_t place, const Entry& entry);

    const std::uint32_t generations_;
    std::vector<Line> heap_;  // room for every slot
    std::uint32_t size_ = 0;
    std::uint32_t next_order_ = 0;
    std::uint64_t missed_ = 0;
    std::vector<Slot> slots_;
    std::vector<Job> jobs_;            // of the slot with the same number
    std::vector<std::uint32_t> free_;  // the last freed is used first; room for every slot
};

}  // namespace heddle::life
