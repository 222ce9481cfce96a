// A file that can't be written: said once, tried again, nothing lost that memory can hold.
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "fault_vfs.hpp"
#include "store_fixture.hpp"

namespace sqlite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class FailureTest : public StoreFixture {
public:
    void write_rows(Store& store, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) {
            store.write("s", next_row++, 1);
        }
    }
    // Lets the back-off's time pass, however long it is by now, and the work be done.
    void retry(Store& store) {
        pass(30s);
        store.work();
    }
    std::int64_t next_row = 0;
};

TEST_F(FailureTest, KeepsTheRowsOfAFullDiskAndWritesThemWhenThereIsRoom) {
    FaultVfs disk;
    Store store = open();
    write_rows(store, 10);
    disk.fail_writes_with(SQLITE_FULL);
    flush(store);
    write_rows(store, 10);
    retry(store);
    EXPECT_THAT(said(),
                ElementsAre("error: can't write 'DIR/samples.db': database or disk is full (COMMIT); free space "
                            "on its disk. Up to 100000 rows are kept in memory and it is tried again"));
    EXPECT_TRUE(store.stats().is_failing);
    EXPECT_EQ(store.stats().rows_pending, 20U);
    EXPECT_EQ(store.stats().failures, 2U);
    EXPECT_EQ(store.stats().last_error, "database or disk is full (COMMIT)");
    EXPECT_THAT(store.query("s", ever, always), SizeIs(20)) << "and they can be asked for";

    disk.fail_writes_with(SQLITE_OK);
    retry(store);
    ASSERT_THAT(messages, SizeIs(2));
    EXPECT_EQ(said().back(), "info: writing to 'DIR/samples.db' works again after 60.0 s; nothing was lost");
    EXPECT_FALSE(store.stats().is_failing);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 20);
    EXPECT_THAT(store.query("s", ever, always), SizeIs(20))
        << "the series, first written in the failed batch, is known";
}

TEST_F(FailureTest, OutlivesAFileThatMayNotGrow) {
    struct rlimit old {};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    const auto old_handler = signal(SIGXFSZ, SIG_IGN);
    Store store = open();
    write_rows(store, 20000);
    const struct rlimit small { rlim_t{128} * 1024, old.rlim_max };
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    flush(store);
    const Stats failed = store.stats();
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, old_handler);
    EXPECT_TRUE(failed.is_failing);
    EXPECT_GT(failed.rows_pending, 0U);
    EXPECT_THAT(said(), ElementsAre(HasSubstr("disk I/O error (code 778) (COMMIT); look at its disk")));

    retry(store);
    EXPECT_FALSE(store.stats().is_failing);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 20000);
    EXPECT_EQ(text_in_file("PRAGMA integrity_check"), "ok");
}

TEST_F(FailureTest, WaitsForAnotherProgramsLockAndGoesOn) {
    settings.busy_timeout = 1ms;
    Store store = open();
    {
        Database other{settings.path, Database::Mode::existing};
        const Transaction lock{other};
        write_rows(store, 5);
        flush(store);
        retry(store);
        EXPECT_THAT(
            said(),
            ElementsAre("error: can't write 'DIR/samples.db': database is locked (BEGIN IMMEDIATE); end the other "
                        "program's transaction. Up to 100000 rows are kept in memory and it is tried again"));
    }
    retry(store);
    EXPECT_THAT(messages, SizeIs(2));
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 5);
}

TEST_F(FailureTest, StartsOnALockedFileAndWritesLater) {
    open();
    settings.busy_timeout = 1ms;
    std::optional<Database> other{std::in_place, settings.path, Database::Mode::existing};
    other->execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM series");
    Store store = open();
    EXPECT_THAT(said(), ElementsAre(HasSubstr("database is locked")));
    write_rows(store, 5);
    flush(store);
    EXPECT_EQ(store.stats().rows_pending, 5U);
    other.reset();
    retry(store);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 5);
}

TEST_F(FailureTest, TriesAgainAfterOneTwoFourAndAtMostThirtySeconds) {
    FaultVfs disk;
    Store store = open();
    write_rows(store, 1);
    disk.fail_writes_with(SQLITE_FULL);
    flush(store);
    std::vector<int> seconds_between;
    int waited = 0;
    for (std::uint64_t failures = store.stats().failures; seconds_between.size() < 7;) {
        pass(1s);
        ++waited;
        store.work();
        if (store.stats().failures != failures) {
            failures = store.stats().failures;
            seconds_between.push_back(waited);
            waited = 0;
        }
    }
    EXPECT_THAT(seconds_between, ElementsAre(1, 2, 4, 8, 16, 30, 30));
    EXPECT_THAT(messages, SizeIs(1)) << "said once for all of them";
}

TEST_F(FailureTest, DoesNotTryInsteadOfWaitingBecauseABatchIsFull) {
    FaultVfs disk;
    settings.batch = 2;
    Store store = open();
    write_rows(store, 2);
    disk.fail_writes_with(SQLITE_FULL);
    store.work();
    write_rows(store, 10);
    store.work();
    EXPECT_EQ(store.stats().failures, 1U);
}

TEST_F(FailureTest, SaysItAgainWhenItFailsAgain) {
    FaultVfs disk;
    Store store = open();
    for (int i = 0; i < 2; ++i) {
        write_rows(store, 1);
        disk.fail_writes_with(SQLITE_FULL);
        flush(store);
        disk.fail_writes_with(SQLITE_OK);
        retry(store);
    }
    EXPECT_THAT(said(), ElementsAre(StartsWith("error: can't write"), StartsWith("info: writing to"),
                                    StartsWith("error: can't write"), StartsWith("info: writing to")));
}

TEST_F(FailureTest, DropsTheOldestBeyondMaxPendingCountsThemAndSaysSo) {
    FaultVfs disk;
    settings.batch = 4;
    settings.max_pending = 10;
    Store store = open();
    write_rows(store, 10);
    store.alert("rule", true, 1, "message", 1);
    disk.fail_writes_with(SQLITE_FULL);
    flush(store);
    write_rows(store, 4);
    retry(store);
    write_rows(store, 1);
    retry(store);
    disk.fail_writes_with(SQLITE_OK);
    retry(store);
    EXPECT_THAT(said(), ElementsAre(StartsWith("error: can't write"),
                                    "warning: 10 rows are waiting for 'DIR/samples.db' ('max_pending'); the oldest are "
                                    "dropped from now on",
                                    "warning: writing to 'DIR/samples.db' works again after 90.0 s; 5 rows had to be "
                                    "dropped"));
    EXPECT_EQ(store.stats().rows_dropped, 6U) << "one before it failed: 11 rows at once were more than 10";
    EXPECT_EQ(in_file("SELECT min(time_ns) FROM samples"), 6) << "of 0 to 14 the last nine";
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 9);
    EXPECT_EQ(in_file("SELECT count(*) FROM alerts"), 1);
}

TEST_F(FailureTest, OutlivesADirectoryThatDisappearsAndComesBack) {
    std::filesystem::create_directory(dir / "data");
    settings.path = (dir / "data/samples.db").string();
    Store store = open();
    write_rows(store, 1);
    flush(store);
    std::filesystem::rename(dir / "data", dir / "away");
    write_rows(store, 2);
    flush(store);
    EXPECT_THAT(said(),
                ElementsAre("error: can't write 'DIR/data/samples.db': unable to open database file: No such file "
                            "or directory (open); bring its directory 'DIR/data' back. Up to 100000 rows are kept "
                            "in memory and it is tried again"));
    EXPECT_THROW(store.query("s", ever, always), Error);

    std::filesystem::rename(dir / "away", dir / "data");
    retry(store);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 3);
    EXPECT_THAT(store.query("s", ever, always), SizeIs(3));
}

TEST_F(FailureTest, BeginsANewFileWhenTheOldOneIsMovedAway) {
    Store store = open();
    write_rows(store, 1);
    flush(store);
    EXPECT_THAT(store.query("s", ever, always), SizeIs(1));
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::filesystem::rename(settings.path + suffix, (dir / "old.db").string() + suffix);
    }
    write_rows(store, 1);
    flush(store);
    EXPECT_THAT(said(), ElementsAre("warning: 'DIR/samples.db' was moved or deleted; a new one was begun"));
    EXPECT_THAT(store.query("s", ever, always), SizeIs(1));
    settings.path = (dir / "old.db").string();
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 1) << "and the old one is whole";
}

// Root may write a read-only file. The kernel's checks of this thread are made as for nobody while this lives.
class AsNobody {
public:
    AsNobody() : is_root_{geteuid() == 0} {
        if (is_root_) {
            setfsuid(65534);
        }
    }
    ~AsNobody() {
        if (is_root_) {
            setfsuid(0);
        }
    }

private:
    bool is_root_;
};

TEST_F(FailureTest, OutlivesAReadOnlyFile) {
    open();
    ASSERT_EQ(chmod(dir.path().c_str(), 0755), 0);
    ASSERT_EQ(chmod(settings.path.c_str(), 0444), 0);
    std::optional<Store> store;
    {
        const AsNobody nobody;
        store.emplace(
            settings, [this](Level, const std::string& text) { messages.push_back(text); }, clock());
        write_rows(*store, 3);
        flush(*store);
    }
    EXPECT_THAT(said(),
                ElementsAre("can't write 'DIR/samples.db': the file is read-only for this user; make the file and "
                            "its directory writable. Up to 100000 rows are kept in memory and it is tried again"));
    ASSERT_EQ(chmod(settings.path.c_str(), 0644), 0);
    retry(*store);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 3);
}

TEST_F(FailureTest, DoesNotLetARowThatTheDatabaseRefusesHoldUpTheOthers) {
    Store store = open();
    Database{settings.path, Database::Mode::existing}.execute(
        "CREATE TRIGGER no_sevens BEFORE INSERT ON samples WHEN new.value = 7 BEGIN SELECT RAISE(ABORT, 'no sevens'); "
        "END");
    for (int i = 5; i < 10; ++i) {
        store.write("s", i, i);
    }
    flush(store);
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 4);
    EXPECT_EQ(store.stats().rows_dropped, 1U);
    EXPECT_EQ(store.stats().rows_pending, 0U);
    EXPECT_THAT(said(),
                ElementsAre(StartsWith("error: 'DIR/samples.db' refused 1 row, which were dropped: no sevens")));
}

TEST_F(FailureTest, SaysAtTheEndWhatIsLost) {
    settings.busy_timeout = 1ms;
    Store store = open();
    Database other{settings.path, Database::Mode::existing};
    const Transaction lock{other};
    write_rows(store, 5);
    store.finish(1s);
    EXPECT_THAT(said(), ElementsAre("error: 5 rows could not be written to 'DIR/samples.db' and are lost: database is "
                                    "locked (BEGIN IMMEDIATE)"));
}

TEST_F(FailureTest, EndsInTimeEvenWithMuchToWrite) {
    settings.batch = 1;
    Store store = open();
    write_rows(store, 100);
    store.finish(0ms);
    EXPECT_THAT(said(),
                ElementsAre("error: 100 rows could not be written to 'DIR/samples.db' and are lost: the time was up"));
}

TEST_F(FailureTest, BoundsTheLogAgainWhenAReaderThatHeldItGoes) {
    settings.busy_timeout = 1ms;
    Store store = open();
    const auto log_size = [&] { return std::filesystem::file_size(settings.path + "-wal"); };
    const std::string mebibyte(1 << 20, 'x');
    const auto write_mebibyte = [&] {
        store.alert("rule", true, 1, mebibyte, 1);
        flush(store);
    };
    std::optional<Database> reader{std::in_place, settings.path, Database::Mode::existing};
    reader->execute("BEGIN");
    EXPECT_EQ(reader->integer("SELECT count(*) FROM samples"), 0);
    for (int i = 0; i < 70; ++i) {
        write_mebibyte();
    }
    EXPECT_GE(log_size(), 64U << 20);
    EXPECT_THAT(said(), ElementsAre("warning: the write-ahead log of 'DIR/samples.db' has grown to 64 MiB, as another "
                                    "program keeps a read transaction open; end it"));
    reader.reset();
    for (int i = 0; i < 3; ++i) {
        write_mebibyte();
    }
    EXPECT_LT(log_size(), 16U << 20);
    EXPECT_THAT(messages, SizeIs(1));
}

}  // namespace
}  // namespace sqlite
