// The other commands, and command lines that make no sense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "heddle_run.hpp"

namespace {

using namespace heddle::test;
using testing::HasSubstr;

ProgramResult heddle(std::vector<std::string> arguments, const Workplace& here) {
    arguments.insert(arguments.begin(), heddle_program().string());
    return run_program(arguments, here.options());
}

TEST(CommandLine, ThatMakesNoSenseExitsWithTwoAndSaysWhatIsExpected) {
    const Workplace here("");
    struct Case {
        std::vector<std::string> arguments;
        std::string text;
    };
    for (const Case& one :
         {Case{{}, "subcommand"},
          Case{{"lst"}, "heddle: there is no command 'lst' (did you mean 'list'?); heddle --help names them\n"},
          Case{{"run", "--for", "soon"}, "'soon' is no duration; write one such as 500ms, 30s or 1h30m"},
          Case{{"run", "--for", "-1s"}, "--for"}, Case{{"run", "--log-level", "loud"}, "loud"},
          Case{{"run", "--config"}, "--config"}, Case{{"run", "extra"}, "extra"}, Case{{"inspect"}, "files"},
          Case{{"list"}, "heddle list: --plugins is required; heddle list --help says more\n"},
          Case{{"run", "--colour"}, "heddle run: there is no option '--colour'; heddle run --help says more\n"},
          Case{{"run", "--plugin=x"},
               "heddle run: there is no option '--plugin' (did you mean '--plugins'?); heddle run --help says more\n"},
          Case{{"check", "--cofnig", "x"}, "there is no option '--cofnig' (did you mean '--config'?)"}}) {
        const ProgramResult result = heddle(one.arguments, here);
        EXPECT_EQ(result.exit_code, 2) << result;
        EXPECT_EQ(result.out, "");
        EXPECT_THAT(result.err, HasSubstr(one.text));
    }
}

TEST(CommandLine, HelpsAndTellsItsVersion) {
    const Workplace here("");
    const ProgramResult help = heddle({"--help"}, here);
    EXPECT_EQ(help.exit_code, 0) << help;
    for (const char* const text : {"run", "check", "inspect", "list", "Exit codes:", "Examples:"}) {
        EXPECT_THAT(help.out, HasSubstr(text));
    }
    for (const char* const command : {"run", "check", "inspect", "list"}) {
        const ProgramResult one = heddle({command, "--help"}, here);
        EXPECT_EQ(one.exit_code, 0) << one;
        EXPECT_EQ(one.err, "");
        EXPECT_THAT(one.out, HasSubstr(std::string("Examples:\n  heddle ") + command)) << "examples of its own";
        EXPECT_THAT(one.out, HasSubstr("Exit codes:"));
    }
    const ProgramResult version = heddle({"--version"}, here);
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_EQ(version.out, "heddle 0.1.0\n");
}

TEST(Check, SaysThatEverythingFitsAndStartsNothing) {
    const Workplace here(
        "modules: [{name: a, plugin: node}, {name: b, plugin: node, config: {needs: [a], start_waits: never}}]\n");
    const std::vector<std::string> command{"check", "--config", "config.yaml", "--plugins",
                                           (test_plugins_dir() / "node").string()};
    const ProgramResult result = heddle(command, here);
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.out, "everything fits: configuration, plugins and wiring\n");
    EXPECT_EQ(result.err, "");
    std::vector<std::string> as_json = command;
    as_json.emplace_back("--json");
    const auto json = nlohmann::json::parse(heddle(as_json, here).out);
    EXPECT_EQ(json, nlohmann::json::parse(R"({"ok": true, "problems": []})"));
}

TEST(Check, TellsWhatDoesNotFit) {
    const Workplace here("modules: [{name: a, plugin: node, config: {needs: [b]}}, {name: c, plugin: nod}]\n");
    const std::vector<std::string> command{"check", "--config", "config.yaml", "--plugins",
                                           (test_plugins_dir() / "node").string()};
    const ProgramResult result = heddle(command, here);
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_THAT(result.out,
                HasSubstr("config.yaml:1:76: module 'c' wants plugin 'nod', which no plugin directory holds "
                          "(did you mean 'node'?)\n"));
    EXPECT_THAT(result.out, HasSubstr("module 'a' failed: module 'a' calls b.trace, which no module provides"));
    EXPECT_THAT(result.out, testing::EndsWith("2 problems\n"));
    std::vector<std::string> as_json = command;
    as_json.emplace_back("--json");
    const ProgramResult printed = heddle(as_json, here);
    EXPECT_EQ(printed.exit_code, 1);
    const auto json = nlohmann::json::parse(printed.out);
    EXPECT_FALSE(json.at("ok").get<bool>());
    EXPECT_EQ(json.at("problems").size(), 2U);
}

TEST(Check, OfNothingSaysThatThereIsNothing) {
    const Workplace here("modules: [{name: node, enabled: false}]\n");
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"check"}, std::vector<std::string>{"check", "--config", "config.yaml"}}) {
        const ProgramResult result = heddle(arguments, here);
        EXPECT_EQ(result.exit_code, 1) << result;
        EXPECT_EQ(result.out,
                  "there is no module to run; name plugin directories with --plugins DIR (heddle list shows what they "
                  "hold)\n1 problem\n");
    }
}

TEST(Check, TellsProblemsOfTheHostsOwnSettingsAndOfModulesInOneGo) {
    const Workplace here(
        "host: {call_depht: 64}\n"
        "modules:\n"
        "  - {name: a, plugin: node, idle: spin, config: {unknown: 1}}\n"
        "  - {name: a, plugin: node}\n"
        "  - {name: b, plugin: node, config: {needs: [c]}}\n");
    const ProgramResult result =
        heddle({"check", "--config", "config.yaml", "--plugins", (test_plugins_dir() / "node").string()}, here);
    EXPECT_EQ(result.exit_code, 1) << result;
    for (const char* text : {"config.yaml:1:8: unknown key 'call_depht'", "config.yaml:3:29: unknown key 'idle'",
                             "config.yaml:4:12: module 'a' is defined in line 3 already",
                             "config.yaml:3:50: unknown key 'unknown' for module 'a'",
                             "module 'b' failed: module 'b' calls c.trace, which no module provides"}) {
        EXPECT_THAT(result.out, HasSubstr(text));
    }
    EXPECT_THAT(result.out, testing::EndsWith("5 problems\n"));
}

TEST(Run, ThatIsRefusedTellsProblemsOfTheHostsOwnSettingsAndOfModulesInOneGo) {
    const Workplace here("host: {call_depht: 64}\nmodules: [{name: a, plugin: node, config: {unknown: 1}}]\n");
    const ProgramResult result =
        heddle({"run", "--config", "config.yaml", "--plugins", (test_plugins_dir() / "node").string()}, here);
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_THAT(result.err, HasSubstr("config.yaml:1:8: unknown key 'call_depht'"));
    EXPECT_THAT(result.err, HasSubstr("config.yaml:2:44: unknown key 'unknown' for module 'a'"));
}

TEST(Check, TellsTheProblemsOfAllModulesInTheOrderOfTheFile) {
    const Workplace here(
        "modules:\n"
        "  - {name: a, plugin: node, config: {nees: [], calls_at_start: 7, unknown: 1}}\n"
        "  - {name: b, plugin: nod}\n"
        "  - {name: c, plugin: node, config: {needs: b}}\n"
        "  - {name: d, plugin: node, config: {needs: [e]}}\n");
    const ProgramResult result =
        heddle({"check", "--config", "config.yaml", "--plugins", (test_plugins_dir() / "node").string()}, here);
    EXPECT_EQ(result.exit_code, 1) << result;
    std::istringstream all(result.out);
    std::string places;
    for (std::string line; std::getline(all, line);) {
        places += line.starts_with("config.yaml:") ? line.substr(12, line.find(": ") - 12) + " " : "- ";
    }
    EXPECT_EQ(places, "2:38 2:64 2:67 3:23 4:45 - - ") << result;  // the last two: d's call, and the count
}

TEST(Inspect, TellsWhatAFileIsAndNeverRunsIt) {
    const Workplace here("");
    const std::string file = (test_plugins_dir() / "bad_load_crash/bad_load_crash.so").string();  // crashes when loaded
    const ProgramResult result = heddle({"inspect", file}, here);
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_THAT(result.out, HasSubstr("bad_load_crash 1.0.0\n"));
    EXPECT_THAT(result.out, HasSubstr("0.1.0"));
    const ProgramResult printed = heddle({"inspect", "--json", file, "nothing.so"}, here);
    EXPECT_EQ(printed.exit_code, 1) << printed;
    const auto files = nlohmann::json::parse(printed.out).at("files");
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].at("name"), "bad_load_crash");
    EXPECT_EQ(files[0].at("usable"), true);
    EXPECT_EQ(files[0].at("abi").at("major"), 1);
    EXPECT_EQ(files[1].at("usable"), false);
}

TEST(List, TellsThePluginsOfADirectoryAndWhyOthersAreUnusable) {
    const Workplace here("");
    here.folder.write("plugins/text.so", "this is no library");
    std::filesystem::copy_file(test_plugins_dir() / "node/node.so", here.folder / "plugins/node.so");
    const ProgramResult result = heddle({"list", "plugins"}, here);
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_THAT(result.out, HasSubstr("node"));
    EXPECT_THAT(result.out, HasSubstr("Does what a test asks of it"));
    EXPECT_THAT(result.out, HasSubstr("text.so"));
    std::filesystem::remove(here.folder / "plugins/text.so");
    const ProgramResult printed = heddle({"list", "--json", "--plugins", "plugins"}, here);
    EXPECT_EQ(printed.exit_code, 0) << printed;
    const auto json = nlohmann::json::parse(printed.out);
    ASSERT_EQ(json.at("plugins").size(), 1U);
    EXPECT_EQ(json.at("plugins")[0].at("name"), "node");
    EXPECT_EQ(json.at("refused").size(), 0U);
}

TEST(List, SaysThatADirectoryIsNotThere) {
    const Workplace here("");
    const ProgramResult result = heddle({"list", "nowhere"}, here);
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_THAT(result.out, HasSubstr("nowhere"));
}

}  // namespace
