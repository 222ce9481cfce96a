// Latches by name, which a test and the plugins it loads share: a plugin waits inside of a call until the test lets it
// go, and the test waits until the plugin is there. So no test sleeps for a time.
//
//     latch::wait("in call");                        // in the plugin: arrives, and waits until it is opened
//     ASSERT_TRUE(latch::wait_for_arrivals("in call", 1));  // in the test: it is inside now
//     latch::open("in call");
//
// A shared library of its own, so that the program and every plugin see the same ones. Any thread. Every wait is
// bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace heddle::test::latch {

inline constexpr std::chrono::milliseconds longest{60000};

// Arrives, and waits until the latch is open; false when it was not within `bound`.
bool wait(std::string_view name, std::chrono::milliseconds bound = longest);
void arrive(std::string_view name);
void open(std::string_view name);

std::uint64_t arrivals(std::string_view name);
// True once `count` have arrived since the last reset; false after `bound`.
[[nodiscard]] bool wait_for_arrivals(std::string_view name, std::uint64_t count,
                                     std::chrono::milliseconds bound = longest);

// Opens every latch there is, for those who still wait, and forgets all names: for the end of a test.
void release_all();

}  // namespace heddle::test::latch
