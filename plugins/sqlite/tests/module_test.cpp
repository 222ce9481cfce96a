// The module in a real host, and in the real program: what it provides, refuses, says and leaves in the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <heddle/host.hpp>
#include <string>
#include <thread>

#include "database.hpp"
#include "described.hpp"
#include "heddle_test/running_host.hpp"
#include "heddle_test/support.hpp"

namespace sqlite {
namespace {

using namespace heddle::test;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Write = void(std::string_view, std::int64_t, double);
using Query = std::vector<Sample>(std::string_view, std::int64_t, std::int64_t);
using Alert = void(std::string_view, bool, double, std::string_view, std::int64_t);
using AskStats = Stats();

class SqliteModule : public testing::Test {
public:
    // A configuration of one module on the test's file, `lines` added to its config.
    std::string config(const std::string& lines = "") const {
        std::string text = "modules:\n  - name: sqlite\n    config:\n      path: ";
        return text.append(file).append("\n      retention: 0s\n").append(lines);  // the tests' times begin in 1970
    }
    static std::vector<std::filesystem::path> plugins() { return {plugins_dir()}; }

    std::int64_t in_file(const std::string& sql) const {
        Database database{file, Database::Mode::existing};
        database.set_busy_timeout(5s);
        return database.integer(sql);
    }
    // What the host says of a module that can't be had, the folder's name left out.
    std::string without_folder(std::string text) const {
        const std::string folder = dir.path().string();
        for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
            text.replace(at, folder.size(), "DIR");
        }
        return text;
    }

    TempDir dir;
    std::string file = (dir / "samples.db").string();
};

TEST_F(SqliteModule, ServesWriteQueryAlertAndStats) {
    RunningHost host(config(), plugins());
    ASSERT_EQ(host.report(), "");
    const auto write = host->function<Write>("sqlite.write");
    const auto stats = host->function<AskStats>("sqlite.stats");
    write("cpu.busy", 1, 10);
    write("cpu.busy", 2, 20);
    host->function<Alert>("sqlite.alert")("hot", true, 99, "too hot", 3);
    const auto found = host->function<Query>("sqlite.query")("cpu.busy", 2, 5);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].time_ns, 2);
    EXPECT_EQ(found[0].value, 20);
    EXPECT_TRUE(wait_until([&] { return stats().alerts_written == 1; })) << "the module's own timer writes";
    EXPECT_EQ(stats().samples_written, 2U);
    EXPECT_EQ(in_file("SELECT count(*) FROM alerts WHERE rule = 'hot' AND raised = 1 AND time_ns = 3"), 1);
}

TEST_F(SqliteModule, RunsOnAThreadOfItsName) {
    const RunningHost host(config(), plugins());
    EXPECT_THAT(thread_names_of(getpid()), Contains("sqlite"));
}

TEST_F(SqliteModule, WritesAFullBatchLongBeforeTheFlushTime) {
    RunningHost host(config("      flush: 1h\n      batch: 5\n"), plugins());
    const auto write = host->function<Write>("sqlite.write");
    for (int i = 0; i < 5; ++i) {
        write("s", i, i);
    }
    EXPECT_TRUE(wait_until([&] { return in_file("SELECT count(*) FROM samples") == 5; }));
}

TEST_F(SqliteModule, WritesWhatWaitsWhenItIsStoppedAndLeavesTheProcess) {
    RunningHost host(config("      flush: 1h\n"), plugins());
    ASSERT_EQ(host.report(), "");
    EXPECT_TRUE(has_mapped(getpid(), "sqlite.so"));
    const auto write = host->function<Write>("sqlite.write");
    for (int i = 0; i < 100; ++i) {
        write("s", i, i);
    }
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 0);
    EXPECT_THAT(host->stop(), IsEmpty());
    EXPECT_EQ(in_file("SELECT count(*) FROM samples"), 100);
    EXPECT_FALSE(std::filesystem::exists(file + "-wal"));
    EXPECT_FALSE(has_mapped(getpid(), "sqlite.so"));
    EXPECT_THROW(write("s", 100, 100), heddle::unavailable);
}

TEST_F(SqliteModule, RunsSeveralTimesWithAFileEach) {
    const std::string other = (dir / "other.db").string();
    std::string text = config();
    text.append("  - name: second\n    plugin: sqlite\n    config:\n      path: ").append(other).append("\n");
    RunningHost host(text, plugins());
    ASSERT_EQ(host.report(), "");
    host->function<Write>("sqlite.write")("s", 1, 1);
    host->function<Write>("second.write")("t", 2, 2);
    EXPECT_THAT(host->function<Query>("sqlite.query")("t", 0, 9), IsEmpty());
    EXPECT_THAT(host->function<Query>("second.query")("t", 0, 9), SizeIs(1));
}

TEST_F(SqliteModule, NeverMakesACallerWaitForALockedFile) {
    RunningHost host(config("      busy_timeout: 10s\n      flush: 10ms\n"), plugins());
    ASSERT_EQ(host.report(), "");
    const auto write = host->function<Write>("sqlite.write");
    const auto query = host->function<Query>("sqlite.query");
    Database other{file, Database::Mode::existing};
    {
        const Transaction lock{other};
        write("s", 0, 0);
        // The module's thread now waits for the lock, for seconds. That can't be seen from outside, so let the rows go
        // on for many flush times: some are written while it waits.
        auto calls = std::async(std::launch::async, [&] {
            for (int i = 1; i <= 200; ++i) {
                write("s", i, i);
                std::this_thread::sleep_for(1ms);
            }
            return query("s", 0, 1000).size();
        });
        ASSERT_EQ(calls.wait_for(8s), std::future_status::ready) << "a caller waited for the lock";
        EXPECT_EQ(calls.get(), 201U);
    }
    EXPECT_TRUE(wait_until([&] { return in_file("SELECT count(*) FROM samples") == 201; }));
    EXPECT_THAT(host.logged("error"), IsEmpty()) << "waiting for a lock is no failure";
}

TEST_F(SqliteModule, SaysOnceThatTheFileIsLockedAndGoesOnWhenItIsFree) {
    RunningHost host(config("      busy_timeout: 1ms\n      flush: 10ms\n"), plugins());
    const auto stats = host->function<AskStats>("sqlite.stats");
    {
        Database other{file, Database::Mode::existing};
        const Transaction lock{other};
        host->function<Write>("sqlite.write")("s", 1, 1);
        ASSERT_TRUE(wait_until([&] { return stats().failures >= 2; }));
    }
    ASSERT_TRUE(wait_until([&] { return stats().samples_written == 1; }));
    ASSERT_TRUE(wait_until([&] { return !stats().is_failing; }));
    const auto errors = host.logged("error sqlite");
    ASSERT_THAT(errors, SizeIs(1));
    EXPECT_EQ(
        without_folder(errors[0]),
        "error sqlite: can't write 'DIR/samples.db': database is locked (BEGIN IMMEDIATE); end the other program's "
        "transaction. Up to 100000 rows are kept in memory and it is tried again");
    EXPECT_THAT(host.logged("works again"), ElementsAre(HasSubstr("nothing was lost")));
}

TEST_F(SqliteModule, RefusesAFileThatIsNoDatabaseAndLeavesItAlone) {
    dir.write("samples.db", "notes of mine, not a database");
    const RunningHost host(config(), plugins());
    EXPECT_THAT(without_folder(host.report()),
                HasSubstr("'DIR/samples.db' is not a SQLite database; move it away, or set 'path' to another file (the "
                          "file was not changed)"));
    EXPECT_EQ(read_file(file), "notes of mine, not a database");
}

TEST_F(SqliteModule, NamesEveryMistakeOfItsConfigurationWithItsPlace) {
    const RunningHost host(
        "modules:\n"
        "  - name: sqlite\n"
        "    config:\n"
        "      path: ''\n"
        "      batch: 0\n"
        "      flush: 1ms\n",
        plugins());
    EXPECT_EQ(host.report(),
              "config.yaml:4:13: 'path' of module 'sqlite' must be the name of a file\n"
              "config.yaml:5:14: 'batch' of module 'sqlite' must be from 1 to 100000 rows, not 0\n"
              "config.yaml:6:14: 'flush' of module 'sqlite' must be from 10ms to 1h, not 1ms\n");
}

TEST_F(SqliteModule, NamesUnknownKeysAndValues) {
    const RunningHost host(
        "modules:\n"
        "  - name: sqlite\n"
        "    config:\n"
        "      retension: 1d\n"
        "      synchronous: fully\n"
        "      busy_timeout: soon\n",
        plugins());
    EXPECT_EQ(
        host.report(),
        "config.yaml:4:7: unknown key 'retension' for module 'sqlite' (did you mean 'retention'?)\n"
        "config.yaml:5:20: 'synchronous' of module 'sqlite' must be one of normal, full, not 'fully' (did you mean "
        "'full'?)\n"
        "config.yaml:6:21: 'busy_timeout' of module 'sqlite' must be a duration such as 250ms, 10s or 1h30m, not "
        "'soon'\n");
}

TEST_F(SqliteModule, IsFilledByStatsThroughAWire) {
    std::string text = config("      flush: 10ms\n");
    text.append("  - name: stats\nwire:\n  storage.write: sqlite.write\n");
    RunningHost host(text, plugins());
    ASSERT_EQ(host.report(), "");
    host->function<void(std::string_view, double)>("stats.observe")("cpu.busy", 12.5);
    EXPECT_TRUE(wait_until([&] {
        return in_file(
                   "SELECT count(*) FROM readable WHERE series = 'cpu.busy' AND value = 12.5 AND "
                   "abs(strftime('%s', time) - strftime('%s', 'now')) < 60") == 1;
    }));
}

TEST_F(SqliteModule, KeepsTheFiguresOfThisMachineInTheRealProgram) {
    const auto yaml = dir.write("config.yaml",
                                "modules:\n"
                                "  - name: procfs\n"
                                "    config: {interval: 100ms}\n"
                                "  - name: stats\n"
                                "  - name: sqlite\n"
                                "    config: {path: figures.db}\n"
                                "wire:\n"
                                "  storage.write: sqlite.write\n");
    ProgramOptions options;
    options.cwd = dir.path();
    Program heddle{{heddle_program().string(), "run", "--plugins", plugins_dir().string(), "--config", yaml.string()},
                   options};
    file = (dir / "figures.db").string();
    // Asked from outside, while it runs.
    const auto rows = [&] {
        try {
            return in_file("SELECT count(*) FROM readable WHERE series = 'mem.total_bytes' AND value > 0");
        } catch (const Error&) {
            return std::int64_t{0};  // it isn't made yet
        }
    };
    EXPECT_TRUE(wait_until([&] { return rows() >= 3 || heddle.has_ended(); }, 60s)) << heddle.text();
    ASSERT_FALSE(heddle.has_ended()) << heddle.text();
    heddle.send_signal(SIGTERM);
    const ProgramResult result = heddle.wait();
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_THAT(result.out + result.err, testing::Not(HasSubstr("lost")));
    EXPECT_FALSE(std::filesystem::exists(file + "-wal")) << "closed in order";
    EXPECT_GE(in_file("SELECT count(DISTINCT series_id) FROM samples"), 5);
}

TEST_F(SqliteModule, LosesNothingCommittedWhenTheRealProgramIsKilled) {
    const auto yaml = dir.write("config.yaml",
                                "modules:\n"
                                "  - name: procfs\n"
                                "    config: {interval: 50ms}\n"
                                "  - name: stats\n"
                                "  - name: sqlite\n"
                                "    config: {path: figures.db, flush: 50ms}\n"
                                "wire:\n"
                                "  storage.write: sqlite.write\n");
    ProgramOptions options;
    options.cwd = dir.path();
    file = (dir / "figures.db").string();
    std::int64_t seen = 0;
    for (int round = 0; round < 3; ++round) {
        Program heddle{
            {heddle_program().string(), "run", "--plugins", plugins_dir().string(), "--config", yaml.string()},
            options};
        const std::int64_t before = seen;
        EXPECT_TRUE(wait_until(
            [&] {
                try {
                    seen = in_file("SELECT count(*) FROM samples");
                } catch (const Error&) {  // it isn't made yet
                }
                return seen > before + 50 || heddle.has_ended();
            },
            60s))
            << heddle.text();
        ASSERT_FALSE(heddle.has_ended()) << heddle.text();
        heddle.send_signal(SIGKILL);
        heddle.wait();
        EXPECT_GE(in_file("SELECT count(*) FROM samples"), seen);
        EXPECT_EQ((Database{file, Database::Mode::existing}.text("PRAGMA integrity_check")), "ok");
    }
}

}  // namespace
}  // namespace sqlite
