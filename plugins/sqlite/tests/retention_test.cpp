// What is too old goes, a little at a time, and the file stays small.
#include "store_fixture.hpp"

namespace sqlite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RetentionTest : public StoreFixture {
public:
    RetentionTest() { settings.retention = 1h; }
    // Unix time, `time` before now.
    std::int64_t ago(std::chrono::nanoseconds time) const { return unix_ns - time.count(); }
};

TEST_F(RetentionTest, DeletesWhatIsOlderAndNothingElse) {
    Store store = open();
    store.write("s", ago(1h + 2s), 1);
    store.write("s", ago(30min), 2);
    store.write("old", ago(3h), 3);
    store.alert("rule", true, 1, "old", ago(2h));
    store.alert("rule", false, 1, "new", ago(1min));
    flush(store);
    pass(1s);
    for (int i = 0; i < 3; ++i) {
        pass(60s);
        store.work();
    }
    EXPECT_THAT(store.query("s", ever, always), SizeIs(1));
    EXPECT_EQ(text_in_file("SELECT group_concat(name) FROM series"), "s") << "a series with nothing left goes too";
    EXPECT_EQ(text_in_file("SELECT group_concat(message) FROM alerts"), "new");
}

TEST_F(RetentionTest, KeepsEverythingWhenItIsZero) {
    settings.retention = 0s;
    Store store = open();
    store.write("s", 0, 1);
    store.alert("rule", true, 1, "old", 0);
    for (int i = 0; i < 5; ++i) {
        flush(store);
        pass(1h);
    }
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 1);
    EXPECT_EQ(in_file("SELECT count(*) FROM alerts"), 1);
}

TEST_F(RetentionTest, DeletesInSmallStepsBetweenWhichRowsAreWritten) {
    settings.batch = 10000;
    Store store = open();
    for (int i = 0; i < 12000; ++i) {
        store.write("s", i, 1);
    }
    flush(store);  // the first step of retention comes with it, before or after does not matter
    std::vector<std::int64_t> left;
    for (int i = 0; i < 20; ++i) {
        pass(60s);
        store.work();
        left.push_back(
            in_file("SELECT count(*) FROM samples WHERE series_id = (SELECT id FROM series WHERE name = 's')"));
        store.write("new", unix_ns, 1);
        if (left.back() == 0) {
            break;
        }
    }
    EXPECT_EQ(left.back(), 0);
    EXPECT_GE(left.size(), 2U);
    for (std::size_t i = 1; i < left.size(); ++i) {
        EXPECT_LE(left[i - 1] - left[i], 5000) << "one step deleted too much";
    }
    flush(store);
    EXPECT_THAT(store.query("new", ever, always), SizeIs(left.size()));
}

TEST_F(RetentionTest, TakesTheNextStepSoonWhileThereIsMore) {
    settings.batch = 20000;
    Store store = open();
    for (int i = 0; i < 12000; ++i) {
        store.write("s", i, 1);
    }
    flush(store);
    for (int i = 0; i < 5; ++i) {
        pass(100ms);
        store.work();
    }
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 0);
}

TEST_F(RetentionTest, WritesAgainToASeriesThatWasTakenAway) {
    Store store = open();
    store.write("s", 1, 1);
    flush(store);
    pass(60s);
    store.work();
    EXPECT_EQ(in_file("SELECT count(*) FROM series"), 0);
    store.write("s", unix_ns, 2);
    flush(store);
    EXPECT_THAT(store.query("s", ever, always), SizeIs(1));
}

TEST_F(RetentionTest, GivesSpaceBackWhenMuchIsUnused) {
    settings.batch = 20000;
    settings.max_pending = 1000000;
    settings.retention = 0s;
    {
        Store store = open();
        for (int i = 0; i < 200000; ++i) {
            store.write("s", i, 1.25);
        }
        flush(store);
        store.finish(10s);
    }
    const auto large = std::filesystem::file_size(settings.path);
    settings.retention = 1h;
    Store store = open();
    for (int i = 0; i < 100; ++i) {
        pass(1s);
        store.work();
    }
    store.finish(10s);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 0);
    EXPECT_LT(std::filesystem::file_size(settings.path), large / 2);
}

TEST_F(RetentionTest, DoesNotGrowTheFileInDailyUse) {
    settings.batch = 10000;
    settings.retention = 60s;
    Store store = open();
    std::uint64_t after_a_while = 0;
    for (int second = 0; second < 900; ++second) {
        for (int i = 0; i < 100; ++i) {
            store.write(series_number(i), unix_ns, second);
        }
        flush(store);
        if (second == 400) {
            after_a_while = static_cast<std::uint64_t>(in_file("PRAGMA page_count"));
        }
    }
    EXPECT_LT(static_cast<std::uint64_t>(in_file("PRAGMA page_count")), after_a_while * 5 / 4);
    EXPECT_LT(std::filesystem::file_size(settings.path + "-wal"), 8U << 20);
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(RetentionTest, DoesNotOverflowOnAClockNearTheBeginningOfTime) {
    unix_ns = ever + 1000;
    Store store = open();
    store.write("s", ever, 1);
    flush(store);
    EXPECT_THAT(store.query("s", ever, always), ElementsAre(Sample{ever, 1}));
    EXPECT_THAT(said(), IsEmpty());
}

}  // namespace
}  // namespace sqlite
