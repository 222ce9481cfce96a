// What is written is found again: before it is in the file, in it, and after reopening.
#include <cmath>
#include <future>
#include <limits>
#include <thread>

#include "fault_vfs.hpp"
#include "heddle_test/wait_until.hpp"
#include "store_fixture.hpp"

namespace sqlite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StoreTest : public StoreFixture {};

TEST_F(StoreTest, FindsAgainWhatWasWrittenAfterReopening) {
    {
        Store store = open();
        store.write("cpu.busy", 100, 1.5);
        store.write("cpu.busy", 200, 2.5);
        store.write("load.1", 150, 0.25);
        flush(store);
    }
    Store store = open();
    EXPECT_THAT(store.query("cpu.busy", ever, always), ElementsAre(Sample{100, 1.5}, Sample{200, 2.5}));
    EXPECT_THAT(store.query("load.1", ever, always), ElementsAre(Sample{150, 0.25}));
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(StoreTest, FindsWhatIsNotInTheFileYet) {
    Store store = open();
    store.write("s", 1, 10);
    flush(store);
    store.write("s", 2, 20);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 1);
    EXPECT_THAT(store.query("s", ever, always), ElementsAre(Sample{1, 10}, Sample{2, 20}));
}

TEST_F(StoreTest, OrdersByTimeWhateverCameFirst) {
    Store store = open();
    store.write("s", 3, 30);
    store.write("s", 1, 10);
    flush(store);
    store.write("s", 2, 20);
    store.write("s", 0, 0);
    EXPECT_THAT(store.query("s", ever, always), ElementsAre(Sample{0, 0}, Sample{1, 10}, Sample{2, 20}, Sample{3, 30}));
}

TEST_F(StoreTest, IncludesBothEndsOfTheTimeAskedFor) {
    Store store = open();
    for (int i = 1; i <= 4; ++i) {
        store.write("s", i, i);
    }
    EXPECT_THAT(store.query("s", 2, 3), ElementsAre(Sample{2, 2}, Sample{3, 3}));
    flush(store);
    EXPECT_THAT(store.query("s", 2, 3), ElementsAre(Sample{2, 2}, Sample{3, 3}));
    EXPECT_THAT(store.query("s", 3, 2), IsEmpty());
}

TEST_F(StoreTest, KnowsNothingOfASeriesThatWasNeverWritten) {
    Store store = open();
    store.write("s", 1, 1);
    flush(store);
    EXPECT_THAT(store.query("other", ever, always), IsEmpty());
}

TEST_F(StoreTest, LetsTheLaterWrittenSampleOfOneTimeWin) {
    Store store = open();
    store.write("s", 1, 10);
    store.write("s", 1, 11);
    EXPECT_THAT(store.query("s", ever, always), ElementsAre(Sample{1, 11}));
    flush(store);
    EXPECT_THAT(store.query("s", ever, always), ElementsAre(Sample{1, 11}));
    store.write("s", 1, 12);
    EXPECT_THAT(store.query("s", ever, always), ElementsAre(Sample{1, 12}));
    flush(store);
    EXPECT_THAT(store.query("s", ever, always), ElementsAre(Sample{1, 12}));
}

TEST_F(StoreTest, KeepsValuesThatAreNoNumbersOrTooLarge) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Store store = open();
    store.write("s", 1, std::nan(""));
    store.write("s", 2, infinity);
    store.write("s", 3, -infinity);
    store.write("s", 4, std::numeric_limits<double>::denorm_min());
    flush(store);
    const auto found = store.query("s", ever, always);
    ASSERT_EQ(found.size(), 4U);
    EXPECT_TRUE(std::isnan(found[0].value));
    EXPECT_EQ(found[1].value, infinity);
    EXPECT_EQ(found[2].value, -infinity);
    EXPECT_EQ(found[3].value, std::numeric_limits<double>::denorm_min());
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(StoreTest, TakesAnyTextForASeriesAndAnyTime) {
    using namespace std::string_view_literals;
    const std::vector<std::string_view> names{""sv, "it's; DROP TABLE samples"sv, "größe"sv, "a\0b"sv, "\xff\xfe"sv};
    Store store = open();
    double value = 0;
    for (const auto name : names) {
        store.write(name, ever, value);
        store.write(name, always, ++value);
    }
    flush(store);
    value = 0;
    for (const auto name : names) {
        EXPECT_THAT(store.query(name, ever, always), ElementsAre(Sample{ever, value}, Sample{always, value + 1}));
        ++value;
    }
}

TEST_F(StoreTest, StoresAlerts) {
    Store store = open();
    store.alert("cpu high", true, 97.5, "cpu.busy.p90 is 97.5", 5'000'000'000);
    flush(store);
    EXPECT_EQ(
        text_in_file("SELECT time_ns || '|' || rule || '|' || raised || '|' || value || '|' || message FROM alerts"),
        "5000000000|cpu high|1|97.5|cpu.busy.p90 is 97.5");
    EXPECT_EQ(store.stats().alerts_written, 1U);
}

TEST_F(StoreTest, HasAViewForPeople) {
    Store store = open();
    store.write("cpu.busy", 1'700'000'000'250'000'000, 42);
    flush(store);
    EXPECT_EQ(text_in_file("SELECT series || '|' || time || '|' || value FROM readable"),
              "cpu.busy|2023-11-14 22:13:20.250|42.0");
}

TEST_F(StoreTest, WritesNothingBeforeTheFlushTimeHasPassed) {
    Store store = open();
    store.write("s", 1, 1);
    pass(settings.flush - 1ms);
    store.work();
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 0);
    EXPECT_EQ(store.stats().rows_pending, 1U);
    pass(1ms);
    store.work();
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 1);
    EXPECT_EQ(store.stats().rows_pending, 0U);
}

TEST_F(StoreTest, WritesAFullBatchAtOnce) {
    settings.batch = 3;
    Store store = open();
    store.write("s", 1, 1);
    store.write("s", 2, 2);
    store.work();
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 0);
    store.write("s", 3, 3);
    store.work();
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 3);
}

TEST_F(StoreTest, WritesNoMoreThanABatchInOneTransaction) {
    settings.batch = 10;
    Store store = open();
    for (int i = 0; i < 35; ++i) {
        store.write("s", i, i);
    }
    flush(store);
    const Stats stats = store.stats();
    EXPECT_EQ(stats.batches, 4U);
    EXPECT_EQ(stats.samples_written, 35U);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 35);
}

TEST_F(StoreTest, WritesAllThatWaitsAtTheEnd) {
    settings.batch = 10;
    Store store = open();
    for (int i = 0; i < 25; ++i) {
        store.write("s", i, i);
    }
    store.alert("rule", false, 0, "over", 1);
    store.finish(10s);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 25);
    EXPECT_EQ(in_file("SELECT count(*) FROM alerts"), 1);
    EXPECT_FALSE(std::filesystem::exists(settings.path + "-wal")) << "the log is in the file";
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(StoreTest, WritesWhatCameAfterTheEndWhenItIsDestroyed) {
    {
        Store store = open();
        store.finish(10s);
        store.write("s", 1, 1);
    }
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 1);
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(StoreTest, LetsCallersWriteAndAskWhileTheDiskHangs) {
    FaultVfs disk;
    settings.synchronous = Synchronous::full;
    Store store = open();
    store.write("s", 0, 0);
    disk.hold_syncs();
    std::thread worker{[&] { flush(store); }};
    ASSERT_TRUE(heddle::test::wait_until([&] { return disk.held_syncs() == 1; }));

    auto calls = std::async(std::launch::async, [&] {
        for (int i = 1; i <= 100; ++i) {
            store.write("s", i, i);
        }
        store.alert("rule", true, 1, "message", 1);
        return store.query("s", ever, always).size();
    });
    const bool returned = calls.wait_for(20s) == std::future_status::ready;
    EXPECT_TRUE(returned) << "a call waited for the disk";
    EXPECT_EQ(disk.held_syncs(), 1) << "and the disk was stuck all the while";
    disk.release_syncs();
    worker.join();
    EXPECT_EQ(calls.get(), 101U) << "the batch being written is seen too";
    flush(store);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 101);
}

TEST_F(StoreTest, LosesNothingOfSeveralThreadsWhileOthersAskAndItIsFlushed) {
    settings.batch = 50;
    settings.flush = 1ms;
    constexpr int writers = 3;
    constexpr int rows_each = 2000;
    Store store{settings, [](Level, const std::string& text) { ADD_FAILURE() << text; }};
    std::atomic<int> running{writers};
    std::vector<std::thread> threads;
    for (int w = 0; w < writers; ++w) {
        threads.emplace_back([&, w] {
            const std::string series = series_number(w);
            for (int i = 0; i < rows_each; ++i) {
                store.write(series, i, i);
            }
            --running;
        });
    }
    threads.emplace_back([&] {
        std::size_t seen = 0;
        while (running > 0) {
            const std::size_t now = store.query("s0", ever, always).size();
            ASSERT_GE(now, seen) << "a row on its way into the file was out of sight";
            seen = now;
        }
    });
    while (running > 0) {
        store.work();
    }
    for (auto& thread : threads) {
        thread.join();
    }
    for (int w = 0; w < writers; ++w) {
        EXPECT_EQ(store.query(series_number(w), ever, always).size(), std::size_t{rows_each});
    }
    store.finish(10s);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), writers * rows_each);
}

}  // namespace
}  // namespace sqlite
