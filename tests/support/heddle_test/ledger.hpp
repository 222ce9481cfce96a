// What was sent to modules and what they were given, kept where it outlives them: a module that is stopped, unloaded
// and started again goes on in the same book.
//
// Part of the same shared library as the latches. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::test::ledger {

inline constexpr std::size_t boxes = 4;
inline constexpr std::size_t senders = 16;
inline constexpr std::size_t kinds = 16;

// Messages of one sender to one function.
struct Entry {
    using Count = std::atomic<std::uint64_t>;
    // The function's.
    Count ran{0};
    Count ran_sum{0};  // of their numbers
    // The sender's.
    Count sent{0};      // calls that were made; messages whose sending did not throw
    Count sent_sum{0};  // of their numbers
    Count thrown{0};    // sending threw
    Count full{0};      // of these, for want of room: the host counts them as dropped
    Count answered{0};  // with the right answer
    Count told{0};      // failed with a kind that says that it did not run
    Count late{0};      // failed with a timeout: it may have run
    Count wrong{0};     // a wrong answer, a failure that may not be, or none of both in time
};

// What one sender has sent to one module.
struct Page {
    std::atomic<std::uint64_t> last{0};
    std::atomic<std::uint64_t> backwards{0};  // numbers that were not larger than the one before
    std::array<Entry, kinds> of{};
};

Page& page(std::size_t box, std::size_t sender);
// By the function.
void write(std::size_t box, std::size_t sender, std::uint64_t number, std::size_t kind);
void clear();

}  // namespace heddle::test::ledger
