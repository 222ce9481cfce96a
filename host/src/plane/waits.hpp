// Who waits for whom: what a thread publishes before it blocks for a module, and the search for a cycle that goes
// before.
//
// A thread makes a Wait, which publishes what it waits for and then, with the same lock held, follows what that one
// waits for, and so on. Where this leads back to the asking thread, waiting would never end: the Wait is taken back and
// spells the cycle, and the call that would have closed it fails (HEDDLE_DEADLOCK). The last of a cycle to publish sees
// all the others, so no cycle goes unseen; waits.cpp argues that what is seen is one.
// Thread-safety: any thread; guarded by plane_mutex(), which no call takes that does not have to wait. Nothing is
// allocated but for a cycle's text. Ownership: a Wait belongs to the thread that waits.
#pragma once

#include <heddle/abi.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace heddle::plane {

struct ThreadRecord;

enum class WaitKind : std::uint8_t {
    exclusive,  ///< for the module to be free
    answer,     ///< for the module's own thread to answer a queued call
    gate,       ///< for the module to start
    mailbox     ///< for room in the module's mailbox
};

/// How others see that a wait is over before the waiting thread has noticed: it goes on while the word has this value.
/// Without a word the wait goes on until it is withdrawn, as one for an exclusive module does (see Wait::granted()).
struct Pending {
    const std::atomic<std::uint32_t>* word = nullptr;
    std::uint32_t value = 0;
};

/// A published wait. `module` is not to be touched before it is known that the wait is not over.
struct Waiting {
    heddle_module* module = nullptr;
    WaitKind kind = WaitKind::exclusive;
    const heddle_link* link = nullptr;  ///< the function that was called; null if the thread only takes its own module
    Pending pending;
};

/// A place in a search for a cycle: in each thread and each module that may be waited for. Guarded by plane_mutex().
struct WalkNode {
    std::uint64_t walk = 0;  ///< the last search that has been here
    WalkNode* from = nullptr;
    WalkNode* next = nullptr;
    ThreadRecord* thread = nullptr;       ///< this thread going on, or
    heddle_module* module = nullptr;      ///< this module getting started
    heddle_module* target = nullptr;      ///< the module that this waits for
    const heddle_link* called = nullptr;  ///< with which call
};

/// Publishes that the calling thread, whose record is `mine`, is about to block for `module`. One for each time that it
/// goes to sleep on another value of the pending word. Waits of one thread may be inside each other: the innermost
/// counts.
class Wait {
public:
    /// Without `looks` it is published and no cycle is looked for: for one that has to wait in any case.
    Wait(ThreadRecord& mine, WaitKind kind, heddle_module& module, const heddle_link* link, Pending pending = {},
         bool looks = true);
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait();

    /// Empty, or the cycle that waiting would close, "a -[b.f]-> b -[a.g]-> a": then nothing is published any more and
    /// the caller must not block.
    const std::string& cycle() const { return cycle_; }
    /// Sets the calling thread's failure to that cycle, under the name of what was called.
    void fail() const;

    /// The module is this thread's own from here on: withdraws without the lock where that can be. For exclusive waits,
    /// before the module is given back.
    void granted() noexcept;

private:
    void withdraw() noexcept;  // with plane_mutex() held

    ThreadRecord& mine_;
    bool was_waiting_;
    Waiting before_;
    bool published_ = true;
    std::string cycle_;
    std::string called_;  // of a cycle: what was called, "b.f"
};

/// What a thread waits for just now: "waits at the gate of module 'b' (b.f), which is not running yet"; empty if it
/// does not wait for a module. With plane_mutex() held.
std::string describe_wait_locked(const ThreadRecord& thread);
/// The same of a module's own thread, with who is in its way: "waits for module 'b' (b.f), which is held by thread 'x'
/// in b.g, called by c".
std::string describe_wait(const heddle_module& module);

/// Sets which modules must run before this one is started. [control thread]
void set_starts_after(heddle_module& module, std::vector<heddle_module*> others);
/// Takes one of them out, before it goes. [control thread]
void forget_starts_after(heddle_module& module, const heddle_module& other);

}  // namespace heddle::plane
