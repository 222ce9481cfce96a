// The registry of threads: every thread that has made a call, with its stack of links and its counts.
//
// A thread registers itself on its first call and leaves when it ends (a pthread key's destructor, which runs after
// those of C++ thread_locals). There is one registry in a process, whatever the number of hosts: a thread has one
// record. Thread-safety: any thread. The list is guarded by a mutex that is held for short walks only, never while
// plugin code runs; no call takes it but a thread's first and last. Ownership: the registry owns the records.
#pragma once

#include <heddle/abi.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <heddle/call.hpp>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plane/mailbox.hpp"
#include "plane/messages.hpp"
#include "plane/waits.hpp"

namespace heddle::plane {

/// Guards the list of threads and the table of links: one mutex, so that a count is in exactly one place while either
/// changes. Held for short walks only, never while plugin code runs.
std::mutex& plane_mutex();

/// The scan's loads of other threads' stacks. ThreadSanitizer does not see membarrier; under it they are in one total
/// order with the stores of publish() (heddle/call.hpp).
#if defined(HEDDLE_TSAN)
inline constexpr int scan_order = __ATOMIC_SEQ_CST;
#else
inline constexpr int scan_order = __ATOMIC_ACQUIRE;
#endif

/// How many links may exist at once in a process; each thread reserves address space for as many counts (16 bytes each,
/// resident only where used).
inline constexpr std::size_t max_links = 65536;

/// A message that is being made.
struct Reservation {
    heddle_module* module = nullptr;
    Lane* lane = nullptr;
    std::uint64_t* record = nullptr;
    Header header;
    void* place = nullptr;
    Parcel parcel;  // where the lane goes on with its list
};

/// The host's side of one thread.
struct ThreadRecord {
    ThreadRecord(heddle_thread& line, std::size_t depth);
    ThreadRecord(const ThreadRecord&) = delete;
    ThreadRecord& operator=(const ThreadRecord&) = delete;
    ~ThreadRecord();

    heddle_thread& line;            // in the thread's own storage; the thread leaves the registry before that goes
    heddle_link** stack = nullptr;  // its slots, which end where `cells` begin, at a multiple of HEDDLE_STACK_ALIGN
    heddle_cell* cells = nullptr;   // max_links of them
    std::atomic<Lane*>* lanes =
        nullptr;   // max_mailboxes of them: where this thread's messages go, null before the first
    pid_t id = 0;  // the kernel's

    // Which module the thread waits for just now, if it does; see waits.hpp. `waits` may be taken back without the
    // lock, the rest is guarded by plane_mutex().
    std::atomic<bool> waits{false};
    Waiting waiting;
    WalkNode node;

    // Messages: touched by the owning thread only.
    heddle_module* module = nullptr;                                   // whose own thread it is, if any
    std::int64_t deadline = std::numeric_limits<std::int64_t>::max();  // of its calls, CLOCK_MONOTONIC
    Running* running = nullptr;                                        // the message that it runs
    std::vector<std::unique_ptr<Ticket>> tickets;                      // of queued calls inside each other, used again
    std::size_t tickets_used = 0;
    std::array<Reservation, 4> reservations;  // messages being made, inside each other
    std::size_t reservations_used = 0;

    // The failure of the innermost call, and the last failed status: touched by the owning thread only.
    std::int64_t failure_kind = HEDDLE_OK;
    std::string failure_module;
    std::string failure_function;
    std::string failure_what;
    std::string status_message;

private:
    void* region_ = nullptr;  // the mapping that holds both
};

class Threads {
public:
    /// The record of the calling thread, which is registered if it has none.
    ThreadRecord& mine();
    /// The slots of the stack of links of threads that register from now on: host.call_depth. Below what would make the
    /// stack's beginning look like its end.
    void set_depth(std::size_t depth) noexcept {
        depth_.store(std::clamp<std::size_t>(depth, 1, HEDDLE_STACK_ALIGN / sizeof(heddle_link*) - 1),
                     std::memory_order_relaxed);
    }

    /// Visits every registered thread, with the list locked: `visit` must be short and run no plugin code.
    void each(const std::function<void(ThreadRecord&)>& visit);
    /// The same for one that holds plane_mutex() already.
    template <class Visit>
    void each_locked(Visit&& visit) {
        for (const auto& record : records_) {
            visit(*record);
        }
    }
    std::size_t count();

    // Lanes of messages; see mailbox.hpp.
    std::uint32_t take_mailbox_id();
    /// Nobody sends to the mailbox any more: no thread has a lane of it. [control thread]
    void forget_mailbox(std::uint32_t id);
    void keep_lane(ThreadRecord& mine, std::uint32_t id, Lane& lane);

    /// Forgets the calling thread. Called by its end.
    void leave() noexcept;

private:
    friend Threads& threads();
    Threads();

    std::vector<std::unique_ptr<ThreadRecord>> records_;
    std::vector<std::uint32_t> free_mailboxes_;
    std::uint32_t mailboxes_ = 0;
    std::atomic<std::size_t> depth_{64};
    std::atomic<std::uint64_t> next_chain_{1};
    pthread_key_t end_of_thread_{};
};

Threads& threads();

// While a thread waits at a gate its frame is marked: it is in nobody's code, so no grace period waits for it, but the
// link is still in use. The mark is the lowest bit, as links are aligned.
inline heddle_link* marked(heddle_link* link) noexcept {
    return reinterpret_cast<heddle_link*>(reinterpret_cast<std::byte*>(link) + 1);
}
inline bool is_marked(const heddle_link* frame) noexcept {
    return (reinterpret_cast<std::uintptr_t>(frame) & 1) != 0;
}

/// The links that a thread is inside of, outermost first, without those that it only waits at. For other threads than
/// the caller's own: with the list locked.
std::vector<heddle_link*> links_of(const ThreadRecord& thread);
/// The same with those that it waits at.
std::vector<heddle_link*> links_used_by(const ThreadRecord& thread);

/// The name of a thread of this process, as the kernel has it.
std::string thread_name(pid_t id);

}  // namespace heddle::plane
