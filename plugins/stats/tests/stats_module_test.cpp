// The stats module in a real host: what it provides, what it forwards, what it says once, what it refuses to start
// with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

#include "heddle_test/paths.hpp"
#include "heddle_test/running_host.hpp"
#include "heddle_test/wait_until.hpp"
#include "ledger.hpp"
#include "summary.hpp"

namespace stats {
namespace {

using heddle::test::RunningHost;
using heddle::test::wait_until;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::string_view alone = "modules:\n  - name: stats\n";
constexpr std::string_view with_storage =
    "modules:\n"
    "  - name: stats\n"
    "  - name: ledger\n"
    "wire:\n"
    "  storage.write: ledger.write\n";

std::vector<std::filesystem::path> plugins() {
    return {heddle::test::plugins_dir(), STATS_TEST_PLUGINS};
}

using Observe = void(std::string_view, double);
using Ask = Summary(std::string_view);

TEST(StatsModule, ServesObserveSummaryAndSeries) {
    RunningHost host(alone, plugins());
    ASSERT_EQ(host.report(), "");
    const auto observe = host->function<Observe>("stats.observe");
    for (int i = 1; i <= 100; ++i) {
        observe("cpu.busy", i);
    }
    observe("load.1", 0.5);
    const Summary summary = host->function<Ask>("stats.summary")("cpu.busy");
    EXPECT_EQ(summary.count, 100U);
    EXPECT_EQ(summary.last, 100);
    EXPECT_EQ(summary.max, 100);
    EXPECT_NEAR(summary.p90, 90, 0.9);
    EXPECT_GT(summary.rate, 0);
    EXPECT_EQ(host->function<Ask>("stats.summary")("nobody").count, 0U);
    EXPECT_THAT(host->function<std::vector<std::string>()>("stats.series")(), ElementsAre("cpu.busy", "load.1"));
}

TEST(StatsModule, ForwardsEachSampleToStorageWithItsTime) {
    RunningHost host(with_storage, plugins());
    ASSERT_EQ(host.report(), "");
    const auto unix_now = [] {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    };
    const std::int64_t before = unix_now();
    host->function<Observe>("stats.observe")("cpu.busy", 12.5);
    const std::int64_t after = unix_now();
    const std::vector<Entry> entries = host->function<std::vector<Entry>()>("ledger.entries")();
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].series, "cpu.busy");
    EXPECT_EQ(entries[0].value, 12.5);
    EXPECT_GE(entries[0].time_ns, before);
    EXPECT_LE(entries[0].time_ns, after);
}

TEST(StatsModule, WithoutStorageNothingIsMissed) {
    RunningHost host(alone, plugins());
    host->function<Observe>("stats.observe")("cpu.busy", 1);
    EXPECT_THAT(host.logged("stats: storage"), IsEmpty());
    EXPECT_EQ(host->function<Losses()>("stats.losses")().not_stored, 0U);
}

TEST(StatsModule, AStorageThatFailsCostsNoSampleAndIsSaidOnceUntilItWorks) {
    RunningHost host(with_storage, plugins());
    const auto observe = host->function<Observe>("stats.observe");
    const auto fail = host->function<void(bool)>("ledger.fail");
    for (int outage = 1; outage <= 2; ++outage) {
        fail(true);
        observe("a", 1);
        observe("a", 2);
        observe("a", 3);
        EXPECT_THAT(host.logged("storage.write failed"), ::testing::SizeIs(outage));
        fail(false);
        observe("a", 4);
        EXPECT_THAT(host.logged("storage.write works again"), ::testing::SizeIs(outage));
    }
    EXPECT_EQ(
        host.logged("storage.write failed")[0],
        "warn stats: storage.write failed: ledger.write: the disk is full; samples are kept here and counted until "
        "it works again");
    EXPECT_EQ(host.logged("storage.write works again")[0],
              "info stats: storage.write works again; 3 samples were not stored");
    EXPECT_EQ(host->function<Ask>("stats.summary")("a").count, 8U);
    EXPECT_EQ(host->function<Losses()>("stats.losses")().not_stored, 6U);
}

TEST(StatsModule, AStorageThatGoesAwayAndComesBackIsSaidOnceEach) {
    RunningHost host(with_storage, plugins());
    const auto observe = host->function<Observe>("stats.observe");
    observe("a", 1);
    host->stop_module("ledger");
    observe("a", 2);
    observe("a", 3);
    EXPECT_THAT(host.logged("storage.write failed"), ::testing::SizeIs(1));
    host->start_module("ledger");
    observe("a", 4);
    EXPECT_THAT(host.logged("storage.write works again; 2 samples were not stored"), ::testing::SizeIs(1));
    EXPECT_EQ(host->function<Ask>("stats.summary")("a").count, 4U);
}

TEST(StatsModule, RefusesWhatIsNotFiniteAndSaysSoOnce) {
    RunningHost host(with_storage, plugins());
    const auto observe = host->function<Observe>("stats.observe");
    observe("a", std::numeric_limits<double>::quiet_NaN());
    observe("a", std::numeric_limits<double>::infinity());
    observe("b", -std::numeric_limits<double>::infinity());
    EXPECT_THAT(host.logged("refused"),
                ElementsAre("warn stats: refused nan for 'a': only finite values are kept (said "
                            "once; stats.losses counts them)"));
    EXPECT_EQ(host->function<Losses()>("stats.losses")().not_finite, 3U);
    EXPECT_THAT(host->function<std::vector<Entry>()>("ledger.entries")(), IsEmpty());
}

TEST(StatsModule, RefusesSeriesBeyondItsLimitAndSaysSoOnce) {
    RunningHost host("modules:\n  - name: stats\n    config: {max_series: 2}\n", plugins());
    const auto observe = host->function<Observe>("stats.observe");
    for (const char* name : {"a", "b", "c", "d", "a"}) {
        observe(name, 1);
    }
    EXPECT_THAT(
        host.logged("refused"),
        ElementsAre("warn stats: refused the new series 'c': there are 2 already; raise 'max_series' if they are "
                    "meant (said once; stats.losses counts the samples)"));
    EXPECT_EQ(host->function<Losses()>("stats.losses")().over_limit, 2U);
    EXPECT_THAT(host->function<std::vector<std::string>()>("stats.series")(), ElementsAre("a", "b"));
}

TEST(StatsModule, ForgetsASilentSeries) {
    RunningHost host("modules:\n  - name: stats\n    config: {window: 24ms, forget: 50ms}\n", plugins());
    ASSERT_EQ(host.report(), "");
    host->function<Observe>("stats.observe")("a", 1);
    const auto series = host->function<std::vector<std::string>()>("stats.series");
    EXPECT_TRUE(wait_until([&] { return series().empty(); }));
}

TEST(StatsModule, SaysEveryConfigurationThatItCannotKeep) {
    RunningHost host(
        "modules:\n"
        "  - name: stats\n"
        "    config:\n"
        "      window: 1h\n"
        "      slices: 0\n"
        "      accuracy: 0.9\n"
        "      max_series: 0\n"
        "      forget: 10m\n",
        plugins());
    EXPECT_THAT(host.report(), StartsWith("config.yaml:5:15: 'slices' of module 'stats' must be from 1 to 1000, not 0\n"
                                          "config.yaml:6:17: 'accuracy' of module 'stats' must be from 0.0001 to 0.5: "
                                          "the largest relative error of a quantile\n"
                                          "config.yaml:7:19: 'max_series' of module 'stats' must be at least 1\n"
                                          "config.yaml:8:15: 'forget' of module 'stats' must not be shorter than "
                                          "'window', or series would go while they still have "
                                          "samples\n"));
}

TEST(StatsModule, TakesCallsFromManyThreadsAtOnce) {
    RunningHost host(with_storage, plugins());
    constexpr int per_thread = 2000;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&host] {
            const auto observe = host->function<Observe>("stats.observe");
            const auto summary = host->function<Ask>("stats.summary");
            for (int i = 0; i < per_thread; ++i) {
                observe("shared", i);
                EXPECT_GT(summary("shared").count, 0U);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(host->function<Ask>("stats.summary")("shared").count, 4U * per_thread);
    EXPECT_THAT(host->function<std::vector<Entry>()>("ledger.entries")(), ::testing::SizeIs(4 * per_thread));
}

}  // namespace
}  // namespace stats
