// Once a thread has called, its calls make no system call and allocate nothing: counted, not believed.
#include <gtest/gtest.h>

#include <cstdio>

#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;

struct Counted {
    unsigned long long calls = 0;
    unsigned long long sum = 0;
    unsigned long long allocations = 0;
    unsigned long long system_calls = 0;
    unsigned long long clock_calls = 0;
    unsigned long long quiet = 0;
};

Counted count(const std::string& what) {
    const ProgramResult result =
        run_program({(bin_dir() / "steady_calls").string(), (test_plugins_dir() / "node").string(),
                     (test_plugins_dir() / "sounder").string(), (test_plugins_dir() / "listener").string(),
                     (test_plugins_dir() / "metered").string(), what});
    EXPECT_EQ(result.exit_code, 0) << result;
    Counted counted;
    EXPECT_EQ(std::sscanf(result.out.c_str(),
                          "calls=%llu sum=%llu allocations=%llu system_calls=%llu clock_calls=%llu quiet=%llu",
                          &counted.calls, &counted.sum, &counted.allocations, &counted.system_calls,
                          &counted.clock_calls, &counted.quiet),
              6)
        << result;
    return counted;
}

TEST(SteadyCalls, AreCountedByACounterThatCanCount) {
    const Counted counted = count("control");
    EXPECT_EQ(counted.calls, 1000U);
    EXPECT_EQ(counted.allocations, 1000U);
    EXPECT_EQ(counted.system_calls, 1000U);
    EXPECT_EQ(counted.sum, 1000U);  // each was trapped and not made
}

TEST(SteadyCalls, ToAConcurrentFunctionMakeNoSystemCallAndNoAllocation) {
    const Counted counted = count("concurrent");
    EXPECT_EQ(counted.calls, 100000U);
    EXPECT_EQ(counted.sum, 100000ULL * 100001 / 2);
    EXPECT_EQ(counted.allocations, 0U);
    EXPECT_EQ(counted.system_calls, 0U);
    EXPECT_LE(counted.clock_calls, 2 * (100000U / 1024 + 12));  // 0 wherever the vDSO tells the time
}

TEST(SteadyCalls, ToAnExclusiveFunctionMakeNoSystemCallAndNoAllocation) {
    const Counted counted = count("exclusive");
    EXPECT_EQ(counted.calls, 100000U);
    EXPECT_EQ(counted.sum, 100000ULL * 100001 / 2 + 100000);
    EXPECT_EQ(counted.allocations, 0U);
    EXPECT_EQ(counted.system_calls, 0U);
    EXPECT_LE(counted.clock_calls, 2 * (100000U / 1024 + 12));
}

TEST(SteadyCalls, ToTheSubscribersOfAnEventMakeNoSystemCallAndNoAllocation) {
    const Counted counted = count("event");
    EXPECT_EQ(counted.calls, 100000U);
    EXPECT_EQ(counted.sum, 200000U);
    EXPECT_EQ(counted.allocations, 0U);
    EXPECT_EQ(counted.system_calls, 0U);
    EXPECT_LE(counted.clock_calls, 4 * (100000U / 1024 + 14));  // the call that raises is timed now and then as well
}

// Not under ThreadSanitizer: where two threads meet it makes system calls of its own, which would be refused.
#if !defined(__SANITIZE_THREAD__)

TEST(SteadyMessages, AreCountedOnTheThreadOfTheirModuleAsWell) {
    const Counted counted = count("control_module");
    EXPECT_EQ(counted.calls, 1000U);
    EXPECT_EQ(counted.allocations, 1000U);
    EXPECT_EQ(counted.system_calls, 1000U);
}

// Of most of a thousand runs, not of all: a caller whose module's thread has lost its core sleeps in the end.
TEST(SteadyMessages, OfACallThatWaitsNeitherThreadMakesASystemCallOrAllocates) {
    const Counted counted = count("queued");
    EXPECT_EQ(counted.calls, 100000U);
    EXPECT_EQ(counted.sum, 100000ULL * 100001 / 2);
    EXPECT_EQ(counted.allocations, 0U);
    EXPECT_GT(counted.quiet, 500U);
}

TEST(SteadyMessages, OfAPostNeitherThreadMakesASystemCallOrAllocates) {
    const Counted counted = count("post");
    EXPECT_EQ(counted.calls, 100000U);
    EXPECT_EQ(counted.sum, 100000ULL * 100001 / 2);
    EXPECT_EQ(counted.allocations, 0U);
    EXPECT_EQ(counted.system_calls, 0U);
}

TEST(SteadyMessages, OfPostsOfWhichTheOldestAreDroppedNeitherThreadMakesASystemCallOrAllocates) {
    const Counted counted = count("latest");
    EXPECT_EQ(counted.calls, 100000U);
    // Of each hundred the last 64 were run.
    EXPECT_EQ(counted.sum, 64000ULL + (64ULL * 100 * 999 * 1000 / 2) + 1000ULL * (36 + 99) * 64 / 2);
    EXPECT_EQ(counted.allocations, 0U);
    EXPECT_GT(counted.quiet, 900U);  // a lock that is held by a thread without a core is slept for in the end
}

TEST(SteadyMessages, APostToAModuleThatParksWakesItOnlyWhereItSleeps) {
    const Counted awake = count("post_awake");
    EXPECT_EQ(awake.calls, 100000U);
    EXPECT_EQ(awake.sum, 100000ULL * 100001 / 2);
    EXPECT_EQ(awake.allocations, 0U);
    EXPECT_EQ(awake.system_calls, 0U);
    const Counted asleep = count("post_asleep");
    EXPECT_EQ(asleep.calls, 1U);
    EXPECT_EQ(asleep.system_calls, 1U);
}

#endif

}  // namespace
