// Calls as messages: the host's side of the extension "heddle.calls/1" (heddle/abi.h), whose functions these are and
// whose contracts they have; and what a module's thread does with a record of its mailbox.
#pragma once

#include <heddle/abi.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plane/mailbox.hpp"

namespace heddle::plane {

/// The failure of a call, on its way from the thread that ran it to the one that wants to know.
struct Failure {
    std::int64_t kind = HEDDLE_OK;
    std::string module;
    std::string function;
    std::string what;
};

/// What an asking thread hands to the module's thread that waits for an answer in the same chain of calls.
struct Nested;

/// Where a queued call's caller waits for its answer. One line for both: a short result travels with the news.
/// Owned by the calling thread's record and used again; what the module's thread touches ends with its exchange of
/// `state`.
struct alignas(64) Ticket {
    enum State : std::uint32_t {
        waiting = 0,
        answered = 1,
        failed = 2,
        deferred = 3,  ///< the function has returned and will answer later
        given_up = 4,  ///< the caller has gone; whoever would answer keeps the ticket
        answering = 5  ///< the deferred answer is being written
    };
    static constexpr std::uint32_t state_mask = 7;
    static constexpr std::uint32_t sleeping = 8;  ///< the caller is in the futex
    static constexpr std::uint32_t poked = 16;    ///< a nested call has been handed over

    /// Which of its calls the word `state` is about: what it says of an earlier one is `waiting` to the present one, so
    /// that a call need not write it, which would take the line from the other core just to begin.
    static constexpr std::uint32_t round_shift = 8;
    static std::uint32_t state_of(std::uint32_t word, std::uint32_t round) noexcept {
        return word >> round_shift == round ? word & state_mask : std::uint32_t{waiting};
    }
    static std::uint32_t word_of(std::uint32_t state, std::uint32_t round) noexcept {
        return round << round_shift | state;
    }

    std::atomic<std::uint32_t> state{waiting};
    std::uint32_t reserved = 0;
    alignas(8) std::array<std::byte, 48> result{};

    alignas(64) std::atomic<Nested*> nested{nullptr};
    std::uint32_t round = 0;  ///< of the present call; the caller's own, 24 bits
    Failure failure;
};

/// A message that a module's thread runs just now, for defer().
struct Running {
    enum class Later : std::uint8_t {
        no,
        deferred,
        impossible,  ///< asked for, but the one that waits is this thread itself, further out
        no_memory    ///< asked for, but there was none
    };

    LinkRecord* link = nullptr;
    Ticket* ticket = nullptr;
    std::uint32_t round = 0;  ///< of the ticket
    heddle_reply* reply = nullptr;
    void* result = nullptr;  ///< as given to the function
    bool waits_here = false;
    Later later = Later::no;
};

/// Whom the log names when a posted message fails that was going to be answered later: its link may have gone by then.
struct PostNames {
    std::string serves;
    std::string caller;
};

/// Runs or skips one record; false when it was a task of the module's own that failed. [module thread]
bool run_record(heddle_module& module, ThreadRecord& mine, Header header, std::uint64_t* body);
/// Runs posts that follow each other in the lane and lead through the link of the first, `record`: what is the same for
/// all of them is done once. `holds`: this thread has the module for them. Gives how many, at most `limit`, and none
/// where there is anything special about the first. [module thread]
std::size_t run_posts(heddle_module& module, ThreadRecord& mine, Lane& lane, std::uint64_t* record, bool holds,
                      std::size_t limit) noexcept;
/// Ends one record without running it. [module thread, or the sender's for one that it takes out of its list]
void drop_record(heddle_module& module, ThreadRecord& mine, Header header, std::uint64_t* body,
                 std::int64_t kind = HEDDLE_UNAVAILABLE);

/// Runs what answers to a module's calls have been asked to go on with. Gives how many; see Mailbox::run for `fine`.
/// [module thread]
std::size_t run_answers(heddle_module& module, std::size_t limit, bool& fine);
/// Drops them, and lets go of those that are still to come. [module thread, once it has stopped]
void drop_answers(heddle_module& module);

/// The extension's table.
const heddle_calls& calls_table() noexcept;

/// Where a message goes that nobody waits for and whose function failed.
using Unheard = void (*)(heddle_module& module, const std::string& text);

}  // namespace heddle::plane
