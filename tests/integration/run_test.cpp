// `heddle run` as people use it: how it begins, what it prints where, how it ends and with which exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "heddle_run.hpp"

namespace {

using namespace heddle::test;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view two_nodes =
    "modules:\n  - {name: a, plugin: node}\n  - {name: b, plugin: node, config: {needs: [a], calls_at_start: true}}\n";

TEST(Run, EndsByItselfAfterTheTimeThatWasAsked) {
    const Workplace here(two_nodes);
    const auto began = std::chrono::steady_clock::now();
    const ProgramResult result = here.run({"--for", "3s"}, {"node"});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
}

TEST(Run, WithoutAConfigurationRunsEachPluginAsOneModule) {
    const Workplace here("");
    const ProgramResult result =
        run_program({heddle_program().string(), "run", "--plugins", (test_plugins_dir() / "node").string(), "--plugins",
                     (test_plugins_dir() / "meddler").string(), "--for", "100ms", std::string(talkative)},
                    here.options());
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_THAT(result.err, HasSubstr(running("node")));
    EXPECT_THAT(result.err, HasSubstr(running("meddler")));
}

TEST(Run, EndsCleanlyOnTheFirstSignal) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const Workplace here(two_nodes);
        Program heddle(here.command({std::string(talkative)}, {"node"}), here.options());
        ASSERT_TRUE(heddle.wait_for_output(running("b"))) << heddle.text();
        heddle.send_signal(signal);
        const ProgramResult result = heddle.wait();
        EXPECT_EQ(result.exit_code, 0) << result;
        EXPECT_EQ(result.signal, 0);
    }
}

TEST(Run, EndsAtOnceOnTheSecondSignalThoughAModuleHangs) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const Workplace here("modules: [{name: bad_hang_stop, stop_timeout: 1h}]\n");
        Program heddle(here.command({std::string(talkative)}, {"bad_hang_stop"}), here.options());
        ASSERT_TRUE(heddle.wait_for_output(running("bad_hang_stop"))) << heddle.text();
        heddle.send_signal(signal);
        ASSERT_TRUE(heddle.wait_for_output("hangs now")) << heddle.text();
        EXPECT_FALSE(heddle.has_ended());
        heddle.send_signal(signal);
        EXPECT_EQ(heddle.wait().exit_code, 128 + signal);
    }
}

TEST(Run, EndsWhenAModuleAsksForIt) {
    const Workplace here("modules: [{name: meddler, config: {ends_all: true}}]\n");
    const ProgramResult result = here.run({}, {"meddler"});
    EXPECT_EQ(result.exit_code, 0) << result;
}

TEST(Run, PrintsNoTableAndNoEscapeSequencesToAPipe) {
    const Workplace here(two_nodes);
    const ProgramResult result = here.run({"--for", "100ms", std::string(talkative)}, {"node"});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
    EXPECT_THAT(result.err, HasSubstr(running("a")));
}

TEST(Run, PrintsATableToATerminalWhenItEnds) {
    const Workplace here(two_nodes);
    ProgramOptions options = here.options();
    options.pty = true;
    options.terminal_columns = 120;
    const ProgramResult result = run_program(here.command({"--for", "100ms"}, {"node"}), options);
    EXPECT_EQ(result.exit_code, 0) << result;
    std::vector<std::string> lines;
    std::istringstream all(result.out);
    for (std::string line; std::getline(all, line);) {
        lines.push_back(line.substr(0, line.find('\r')));
    }
    const auto has = [&](const std::string& wanted) {
        return std::find(lines.begin(), lines.end(), wanted) != lines.end();
    };
    EXPECT_TRUE(has("module           plugin           state       calls made       served")) << result;
    EXPECT_TRUE(has("a                node 1.0.0       stopped              0            1")) << result;
    EXPECT_TRUE(has("b                node 1.0.0       stopped              1            0")) << result;
    EXPECT_TRUE(has("caller           function                            calls       mean  p99 below")) << result;
    EXPECT_THAT(result.out, testing::ContainsRegex("b +a\\.trace +1 +[0-9.]+ [num]s"));
}

TEST(Run, LogsOneJsonObjectALineWhenAsked) {
    const Workplace here("modules: [{name: node}, {name: bad_throw_timer}]\n");
    const ProgramResult result =
        here.run({"--for", "300ms", "--log-json", std::string(talkative)}, {"node", "bad_throw_timer"});
    EXPECT_EQ(result.exit_code, 3) << result;
    EXPECT_EQ(result.out, "");
    std::istringstream all(result.err);
    std::size_t lines = 0;
    std::vector<std::string> texts;
    for (std::string line; std::getline(all, line); ++lines) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        ASSERT_FALSE(json.is_discarded()) << line;
        EXPECT_EQ(json.size(), 4U) << line;
        EXPECT_THAT(json.at("time").get<std::string>(), testing::MatchesRegex("....-..-..T..:..:..\\........?.?.?.?Z"));
        texts.push_back(json.at("level").get<std::string>() + " " + json.at("module").get<std::string>() + ": " +
                        json.at("text").get<std::string>());
    }
    EXPECT_GT(lines, 0U);
    EXPECT_THAT(texts, testing::Contains("error host: module 'bad_throw_timer' failed: the well is dry"));
}

TEST(Run, TellsAllThatIsWrongWithAConfigurationAndStartsNothing) {
    const Workplace here(
        "host:\n"
        "  call_depth: 1\n"
        "  stop_timeot: 1s\n"
        "modules:\n"
        "  - name: node\n"
        "    thread: {cpus: [x]}\n"
        "  - name: node\n"
        "wire: [1]\n");
    const ProgramResult result = here.run({std::string(talkative)}, {"node"});
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_EQ(result.out, "");
    for (const char* const place :
         {"config.yaml:2:15: ", "config.yaml:3:3: unknown key 'stop_timeot'",
          "config.yaml:6:21: ", "config.yaml:7:11: module 'node' is defined in line 5 already", "config.yaml:8:7: "}) {
        EXPECT_THAT(result.err, HasSubstr(place));
    }
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 5) << result;
    EXPECT_THAT(result.err, Not(HasSubstr("running")));
}

TEST(Run, SaysThatAConfigurationIsNotThere) {
    const Workplace here("");
    const ProgramResult result =
        run_program({heddle_program().string(), "run", "--config", "none.yaml"}, here.options());
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_THAT(result.err, HasSubstr("none.yaml"));
}

TEST(Run, SaysThatAPluginDirectoryIsNotThereAndRunsTheRest) {
    const Workplace here("modules: [{name: node}]\n");
    const ProgramResult result = here.run({"--plugins", "nowhere", "--for", "100ms", std::string(talkative)}, {"node"});
    EXPECT_EQ(result.exit_code, 3) << result;
    EXPECT_THAT(result.err, HasSubstr("nowhere"));
    EXPECT_THAT(result.err, HasSubstr(running("node")));
}

TEST(Run, SaysInItsLogWhichModulesRunAndThatTheyAreStopped) {
    const Workplace here(two_nodes);
    const ProgramResult all = here.run({"--for", "100ms"}, {"node"});
    EXPECT_EQ(all.exit_code, 0) << all;
    EXPECT_THAT(all.err, HasSubstr("info  host       2 modules running: a, b\n"));
    EXPECT_THAT(all.err, HasSubstr("info  host       stopping 2 modules\n"));
    const Workplace partly(
        "modules: [{name: a, plugin: node}, {name: b, plugin: node, config: {fails_at_start: true}}]\n");
    const ProgramResult some = partly.run({"--for", "100ms"}, {"node"});
    EXPECT_EQ(some.exit_code, 3) << some;
    EXPECT_THAT(some.err, HasSubstr("info  host       1 of 2 modules running: a\n"));
    EXPECT_THAT(some.err, HasSubstr("info  host       stopping 1 module\n"));
}

TEST(Run, SpellsLevelsAsTheConfigurationDoes) {
    // A CPU that is not there cannot be given to a thread: a warning.
    const Workplace here("modules: [{name: node, thread: {cpus: [1023]}}]\n");
    EXPECT_THAT(here.run({"--for", "100ms"}, {"node"}).err, HasSubstr(" warn  node       cannot give its thread "));
    EXPECT_THAT(here.run({"--for", "100ms", "--log-json"}, {"node"}).err, HasSubstr("\"level\":\"warn\""));
}

TEST(Run, WithNothingToRunSaysSoAndWhatToDo) {
    const Workplace here("");
    const ProgramResult nothing = run_program({heddle_program().string(), "run"}, here.options());
    EXPECT_EQ(nothing.exit_code, 1) << nothing;
    EXPECT_EQ(
        nothing.err,
        "heddle: no module runs, so there is nothing to do; name plugin directories with --plugins DIR (heddle list "
        "shows what they hold)\n");
    const ProgramResult missing =
        run_program({heddle_program().string(), "run", "--plugins", "nowhere"}, here.options());
    EXPECT_EQ(missing.exit_code, 1) << missing;
    EXPECT_THAT(missing.err,
                HasSubstr("heddle: no module runs, so there is nothing to do; the problems above say why\n"));
}

TEST(Run, OfAPartlyBrokenDirectoryRunsTheRestAndExitsWithThree) {
    const Workplace here("modules: [{name: node}, {name: second, plugin: node}]\n");
    std::filesystem::create_directory(here.folder / "plugins");
    std::filesystem::copy_file(test_plugins_dir() / "node/node.so", here.folder / "plugins/node.so");
    std::filesystem::copy_file(test_plugins_dir() / "bad_no_entry/bad_no_entry.so",
                               here.folder / "plugins/bad_no_entry.so");
    std::filesystem::copy_file(test_plugins_dir() / "bad_load_crash/bad_load_crash.so",
                               here.folder / "plugins/bad_load_crash.so");
    here.folder.write("plugins/text.so", "this is no library");
    const ProgramResult result = here.run({"--plugins", "plugins", "--for", "100ms", std::string(talkative)}, {});
    EXPECT_EQ(result.exit_code, 3) << result;
    EXPECT_THAT(result.err, HasSubstr(running("node")));
    EXPECT_THAT(result.err, HasSubstr(running("second")));
    EXPECT_THAT(result.err, HasSubstr("text.so"));
    EXPECT_THAT(result.err, HasSubstr("bad_no_entry.so"));
    EXPECT_THAT(result.err, HasSubstr("bad_load_crash.so"));
}

TEST(Run, WritesItsLogToTheFileOfTheConfigurationToo) {
    const Workplace here("host: {log: {file: heddle.log, level: debug}}\nmodules: [{name: node}]\n");
    const ProgramResult result = here.run({"--for", "100ms"}, {"node"});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(read_file(here.folder / "heddle.log"), result.err);
    EXPECT_THAT(result.err, HasSubstr(running("node")));
}

}  // namespace
