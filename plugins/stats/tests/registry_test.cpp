// Series by name: limits, forgetting, threads; and saying a failure once.
#include "registry.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "outage.hpp"

namespace stats {
namespace {

using namespace std::chrono_literals;
using Outcome = Registry::Outcome;

constexpr Time start{};

WindowShape minute() {
    return WindowShape(60s, 12, 0.01);
}

TEST(Registry, KnowsOnlyWhatItWasGiven) {
    Registry registry(minute(), 10, 10min);
    EXPECT_EQ(registry.observe("cpu.busy", 12.5, start), Outcome::kept);
    EXPECT_EQ(registry.observe("load.1", 0.5, start), Outcome::kept);
    EXPECT_EQ(registry.summary("cpu.busy", start).last, 12.5);
    EXPECT_EQ(registry.summary("cpu.busy", start).count, 1U);
    EXPECT_EQ(registry.summary("cpu", start).count, 0U);
    EXPECT_EQ(registry.series(), (std::vector<std::string>{"cpu.busy", "load.1"}));
}

TEST(Registry, RefusesWhatIsNotFiniteAndTakesEveryOtherDouble) {
    using limits = std::numeric_limits<double>;
    Registry registry(minute(), 10, 10min);
    for (const double value : {limits::quiet_NaN(), limits::infinity(), -limits::infinity()}) {
        EXPECT_EQ(registry.observe("a", value, start), Outcome::not_finite);
    }
    EXPECT_TRUE(registry.series().empty());
    for (const double value : {0.0, -0.0, limits::max(), limits::lowest(), limits::min(), limits::denorm_min()}) {
        EXPECT_EQ(registry.observe("a", value, start), Outcome::kept) << value;
    }
    EXPECT_EQ(registry.summary("a", start).count, 6U);
}

TEST(Registry, RefusesNewSeriesBeyondTheLimitAndKeepsTheOldOnesGoing) {
    Registry registry(minute(), 2, 10min);
    EXPECT_EQ(registry.observe("a", 1, start), Outcome::kept);
    EXPECT_EQ(registry.observe("b", 1, start), Outcome::kept);
    EXPECT_EQ(registry.observe("c", 1, start), Outcome::over_limit);
    EXPECT_EQ(registry.observe("a", 2, start), Outcome::kept);
    EXPECT_EQ(registry.summary("a", start).count, 2U);
    EXPECT_EQ(registry.series(), (std::vector<std::string>{"a", "b"}));
}

TEST(Registry, ForgetsASeriesAtExactlyItsTimeAndThenHasRoom) {
    Registry registry(minute(), 2, 10min);
    registry.observe("quiet", 1, start);
    registry.observe("busy", 1, start);
    registry.observe("busy", 1, start + 5min);
    EXPECT_EQ(registry.forget_silent(start + 10min - 1ns), 0U);
    EXPECT_EQ(registry.observe("new", 1, start + 10min - 1ns), Outcome::over_limit);
    EXPECT_EQ(registry.forget_silent(start + 10min), 1U);
    EXPECT_EQ(registry.series(), (std::vector<std::string>{"busy"}));
    EXPECT_EQ(registry.observe("new", 1, start + 10min), Outcome::kept);
}

TEST(Registry, SeriesDoNotMix) {
    Registry registry(minute(), 1000, 10min);
    const auto name = [](int i) { return std::string("s").append(std::to_string(i)); };
    for (int i = 0; i < 100; ++i) {
        for (int sample = 0; sample < 10; ++sample) {
            registry.observe(name(i), i, start + sample * 1s);
        }
    }
    for (int i = 0; i < 100; ++i) {
        const Summary summary = registry.summary(name(i), start + 10s);
        EXPECT_EQ(summary.count, 10U);
        EXPECT_EQ(summary.min, i);
        EXPECT_EQ(summary.max, i);
        EXPECT_EQ(summary.p99, i);
    }
}

TEST(Registry, LosesNoSampleUnderManyThreadsThatObserveAskAndForget) {
    Registry registry(minute(), 100, 10min);
    constexpr int per_thread = 20000;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&registry, t] {
            const std::string own = std::string("own").append(std::to_string(t));
            for (int i = 0; i < per_thread; ++i) {
                registry.observe(own, i, start + i * 1us);
                registry.observe("shared", i, start + i * 1us);
                if (i % 500 == 0) {
                    EXPECT_GT(registry.summary("shared", start + i * 1us).count, 0U);
                    EXPECT_GE(registry.series().size(), 2U);
                    registry.forget_silent(start + i * 1us);
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(registry.summary("shared", start + 1s).count, 4U * per_thread);
    EXPECT_EQ(registry.summary("own2", start + 1s).count, static_cast<std::uint64_t>(per_thread));
}

TEST(Outage, IsSaidOnceAndItsEndOnceWithHowManyFailed) {
    Outage outage;
    EXPECT_EQ(outage.worked(), std::nullopt);
    EXPECT_TRUE(outage.failed());
    EXPECT_FALSE(outage.failed());
    EXPECT_FALSE(outage.failed());
    EXPECT_EQ(outage.worked(), 3U);
    EXPECT_EQ(outage.worked(), std::nullopt);
    EXPECT_TRUE(outage.failed());
    EXPECT_EQ(outage.worked(), 1U);
    EXPECT_EQ(outage.total(), 4U);
}

}  // namespace
}  // namespace stats
