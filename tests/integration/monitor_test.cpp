// The system monitor, all five plugins in the real program: what is read from /proc ends up in the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include <memory>
#include <sstream>

#include "heddle_run.hpp"

namespace {

using namespace heddle::test;
using testing::HasSubstr;
using testing::Not;

// The first column of the only row that a query gives.
std::string query(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* opened = nullptr;
    const int failed = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
    const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database(opened, sqlite3_close);
    EXPECT_EQ(failed, SQLITE_OK) << sqlite3_errmsg(opened);
    sqlite3_busy_timeout(opened, 30000);
    sqlite3_stmt* prepared = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(opened, sql.c_str(), -1, &prepared, nullptr), SQLITE_OK) << sqlite3_errmsg(opened);
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepared, sqlite3_finalize);
    EXPECT_EQ(sqlite3_step(prepared), SQLITE_ROW) << sql;
    const unsigned char* const text = sqlite3_column_text(prepared, 0);
    return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

std::vector<std::string> monitor(const std::string& config, const std::vector<std::string>& more) {
    std::vector<std::string> all{heddle_program().string(), "run",      "--plugins",
                                 plugins_dir().string(),    "--config", config};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

TEST(Monitor, StoresWhatItReadsInSqliteThroughTheWire) {
    const Workplace here(
        "modules:\n"
        "  - {name: procfs, config: {interval: 50ms}}\n"
        "  - {name: stats}\n"
        "  - {name: sqlite, config: {path: samples.db, flush: 100ms}}\n"
        "wire: {storage.write: sqlite.write}\n");
    Program heddle(monitor("config.yaml", {std::string(talkative)}), here.options());
    ASSERT_TRUE(heddle.wait_for_output(running("procfs"))) << heddle.text();
    const auto file = here.folder / "samples.db";
    EXPECT_TRUE(wait_until(
        [&] {
            return std::filesystem::exists(file) &&
                   std::stol(query(file, "SELECT count(*) FROM sqlite_schema WHERE name = 'samples'")) == 1 &&
                   std::stol(query(file,
                                   "SELECT count(*) FROM samples JOIN series ON series.id = series_id WHERE name = "
                                   "'load.1'")) >= 3;
        },
        std::chrono::seconds(60)))
        << heddle.text();
    heddle.send_signal(SIGTERM);
    const ProgramResult result = heddle.wait();
    EXPECT_EQ(result.exit_code, 0) << result;
    // All that was seen is in the file by then, each figure in its range.
    for (const char* const series : {"cpu.busy", "cpu0.busy", "mem.used_percent", "load.1"}) {
        EXPECT_GT(std::stol(query(file, std::string("SELECT count(*) FROM samples JOIN series ON series.id = series_id "
                                                    "WHERE name = '") +
                                            series + "'")),
                  0)
            << series;
    }
    EXPECT_EQ(query(file,
                    "SELECT count(*) FROM samples JOIN series ON series.id = series_id WHERE name IN ('cpu.busy', "
                    "'mem.used_percent') AND NOT value BETWEEN 0 AND 100"),
              "0");
    EXPECT_EQ(query(file, "PRAGMA integrity_check"), "ok");
}

TEST(Monitor, WithoutAWireRunsAndStoresNothing) {
    const Workplace here(
        "modules:\n"
        "  - {name: procfs, config: {interval: 50ms}}\n"
        "  - {name: stats}\n"
        "  - {name: sqlite, config: {path: samples.db, flush: 100ms}}\n");
    const ProgramResult result =
        run_program(monitor("config.yaml", {"--for", "1s", std::string(talkative)}), here.options());
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_THAT(result.err, HasSubstr("module 'stats' calls storage.write, which no module provides"));
    EXPECT_EQ(query(here.folder / "samples.db", "SELECT count(*) FROM samples"), "0");
}

TEST(Monitor, RunsSeveralModulesOfOnePluginEachWiredToItsOwn) {
    const Workplace here(
        "modules:\n"
        "  - {name: procfs, config: {interval: 50ms}}\n"
        "  - {name: fast, plugin: procfs, config: {interval: 20ms, root: /proc}, wire: {stats.observe: "
        "other.observe}}\n"
        "  - {name: stats, wire: {storage.write: first.write}}\n"
        "  - {name: other, plugin: stats, wire: {storage.write: second.write}}\n"
        "  - {name: first, plugin: sqlite, config: {path: first.db, flush: 100ms}}\n"
        "  - {name: second, plugin: sqlite, config: {path: second.db, flush: 100ms}}\n");
    Program heddle(monitor("config.yaml", {std::string(talkative)}), here.options());
    for (const char* const name : {"first.db", "second.db"}) {
        const auto file = here.folder / name;
        EXPECT_TRUE(wait_until(
            [&] {
                return std::filesystem::exists(file) &&
                       query(file, "SELECT count(*) FROM sqlite_schema WHERE name = 'samples'") == "1" &&
                       query(file, "SELECT count(*) FROM samples") != "0";
            },
            std::chrono::seconds(60)))
            << name << heddle.text();
    }
    const auto names = thread_names_of(heddle.pid());
    for (const char* const name : {"procfs", "fast", "stats", "other", "first", "second"}) {
        EXPECT_THAT(names, testing::Contains(name));
    }
    heddle.send_signal(SIGINT);
    EXPECT_EQ(heddle.wait().exit_code, 0);
}

TEST(Monitor, OfTheRepositoryRunsWithTheConfigurationItComesWith) {
    const Workplace here("");
    ProgramOptions options = here.options();
    options.environment["HEDDLE_DATABASE"] = (here.folder / "monitor.db").string();
    const ProgramResult result =
        run_program(monitor((source_dir() / "config.yaml").string(), {"--for", "3s"}), options);
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_THAT(result.out + result.err, Not(HasSubstr("\x1b")));
    EXPECT_GT(std::stol(query(here.folder / "monitor.db", "SELECT count(*) FROM samples")), 0);
}

TEST(Monitor, OnATerminalLeavesATableOfWhoCalledWhom) {
    const Workplace here("");
    ProgramOptions options = here.options();
    options.environment["HEDDLE_DATABASE"] = (here.folder / "monitor.db").string();
    options.environment["TERM"] = "xterm";
    options.pty = true;
    options.terminal_columns = 100;
    options.terminal_rows = 40;
    const ProgramResult result =
        run_program(monitor((source_dir() / "config.yaml").string(), {"--for", "3s"}), options);
    EXPECT_EQ(result.exit_code, 0) << result;
    const std::size_t table = result.out.rfind("module           plugin           state");
    ASSERT_NE(table, std::string::npos) << result;
    const std::string end = result.out.substr(table);
    EXPECT_THAT(end, Not(HasSubstr("\x1b")));
    for (const char* const text : {"procfs 1", "stats 1", "alerts 1", "sqlite 1", "console 1", "stopped",
                                   "stats.observe", "sqlite.write", "stats.summary"}) {
        EXPECT_THAT(end, HasSubstr(text));
    }
}

TEST(Monitor, ChecksItsOwnConfiguration) {
    const Workplace here("");
    ProgramOptions options = here.options();
    options.environment["HEDDLE_DATABASE"] = (here.folder / "monitor.db").string();
    const ProgramResult result = run_program({heddle_program().string(), "check", "--plugins", plugins_dir().string(),
                                              "--config", (source_dir() / "config.yaml").string()},
                                             options);
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.out, "everything fits: configuration, plugins and wiring\n");
}

}  // namespace
