// What each key means, and what is said of one that is wrong.
#include "config/settings.hpp"

#include <gtest/gtest.h>

#include "reading.hpp"

namespace heddle::config {
namespace {

using namespace std::chrono_literals;

void expect_defaults(const HostSettings& host) {
    EXPECT_EQ(host.call_timeout, 10s);
    EXPECT_EQ(host.gate_timeout, 1s);
    EXPECT_EQ(host.start_timeout, 10s);
    EXPECT_EQ(host.stop_timeout, 5s);
    EXPECT_EQ(host.drain_timeout, 5s);
    EXPECT_EQ(host.call_depth, 64U);
    EXPECT_TRUE(host.preflight);
    EXPECT_EQ(host.preflight_timeout, 10s);
    EXPECT_EQ(host.preflight_cache, "");
    EXPECT_EQ(host.log.level, LogLevel::info);
    EXPECT_EQ(host.log.file, "");
    EXPECT_FALSE(host.log.json);
    EXPECT_TRUE(host.plugins.empty());
}

TEST(Settings, OfAnEmptyFileAreTheDefaults) {
    for (const char* text :
         {"", "# nothing\n", "host:\nmodules:\nwire:\n", "{}", "host: {log: , plugins: }\nmodules: []\n"}) {
        const auto read = settings(text);
        ASSERT_TRUE(read) << text << problems(text);
        expect_defaults(read->host);
        EXPECT_TRUE(read->modules.empty());
        EXPECT_TRUE(read->wire.empty());
        EXPECT_EQ(read->file, "config.yaml");
    }
    expect_defaults(Settings().host);
}

TEST(Settings, TakeEveryKeyOfTheHost) {
    const auto read = settings(
        "host:\n"
        "  call_timeout: 1s\n"
        "  gate_timeout: 2s\n"
        "  start_timeout: 3s\n"
        "  stop_timeout: 4s\n"
        "  drain_timeout: 5m\n"
        "  call_depth: 4096\n"
        "  preflight: false\n"
        "  preflight_timeout: 1ms\n"
        "  preflight_cache: cache/preflight\n"
        "  log: {level: trace, file: /var/log/heddle.log, json: true}\n"
        "  plugins: [plugins, /usr/lib/heddle, ../more]\n");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->host.call_timeout, 1s);
    EXPECT_EQ(read->host.gate_timeout, 2s);
    EXPECT_EQ(read->host.start_timeout, 3s);
    EXPECT_EQ(read->host.stop_timeout, 4s);
    EXPECT_EQ(read->host.drain_timeout, 5min);
    EXPECT_EQ(read->host.call_depth, 4096U);
    EXPECT_FALSE(read->host.preflight);
    EXPECT_EQ(read->host.preflight_timeout, 1ms);
    EXPECT_EQ(read->host.preflight_cache, "cache/preflight");
    EXPECT_EQ(read->host.log.level, LogLevel::trace);
    EXPECT_EQ(read->host.log.file, "/var/log/heddle.log");
    EXPECT_TRUE(read->host.log.json);
    EXPECT_EQ(read->host.plugins, std::vector<std::filesystem::path>({"plugins", "/usr/lib/heddle", "../more"}));
}

TEST(Settings, TakeRelativePathsFromTheDirectoryOfTheFile) {
    const auto read =
        parse("host: {preflight_cache: c, log: {file: ./l}, plugins: [p, /abs]}", "x", "/etc/heddle", environment());
    EXPECT_EQ(read.value.host.preflight_cache, "/etc/heddle/c");
    EXPECT_EQ(read.value.host.log.file, "/etc/heddle/l");
    EXPECT_EQ(read.value.host.plugins, std::vector<std::filesystem::path>({"/etc/heddle/p", "/abs"}));
}

TEST(Settings, TakeEveryKeyOfAModule) {
    const auto read = settings(
        "modules:\n"
        "  - name: cpu-stats_2\n"
        "    plugin: stats\n"
        "    enabled: false\n"
        "    log_level: debug\n"
        "    start_timeout: 20s\n"
        "    stop_timeout: 30s\n"
        "    thread: {cpus: [3, 0, 2-4], policy: rr, priority: 99, idle: spin, spin: 5us}\n"
        "    wire: {storage.write: sqlite.write}\n"
        "    config: {window: 60s, list: [a]}\n"
        "  - name: plain\n");
    ASSERT_TRUE(read);
    ASSERT_EQ(read->modules.size(), 2U);
    const ModuleSettings& stats = read->modules[0];
    EXPECT_EQ(stats.name, "cpu-stats_2");
    EXPECT_EQ(stats.plugin, "stats");
    EXPECT_FALSE(stats.enabled);
    EXPECT_EQ(stats.log_level, LogLevel::debug);
    EXPECT_EQ(stats.start_timeout, 20s);
    EXPECT_EQ(stats.stop_timeout, 30s);
    EXPECT_EQ(stats.thread.cpus, std::vector<std::uint32_t>({0, 2, 3, 4}));
    EXPECT_EQ(stats.thread.policy, Policy::rr);
    EXPECT_EQ(stats.thread.priority, 99);
    EXPECT_EQ(stats.thread.idle, Idle::spin);
    EXPECT_EQ(stats.thread.spin, 5us);
    ASSERT_EQ(stats.wire.size(), 1U);
    EXPECT_EQ(outline(stats.config),
              "config 10:5 a map 10:13\n"
              "  window 10:14 '60s' 10:22\n"
              "  list 10:27 a list 10:33\n"
              "    'a' 10:34\n");
    EXPECT_EQ(stats.place, (Place{2, 11}));
    EXPECT_EQ(stats.plugin_place, (Place{3, 13}));

    const ModuleSettings& plain = read->modules[1];
    EXPECT_EQ(plain.plugin_name(), "plain");
    EXPECT_TRUE(plain.enabled);
    EXPECT_EQ(plain.log_level, std::nullopt);
    EXPECT_EQ(plain.start_timeout, std::nullopt);
    EXPECT_EQ(plain.stop_timeout, std::nullopt);
    EXPECT_TRUE(plain.thread.cpus.empty());
    EXPECT_EQ(plain.thread.policy, Policy::other);
    EXPECT_EQ(plain.thread.priority, 0);
    EXPECT_EQ(plain.thread.idle, Idle::park);
    EXPECT_EQ(plain.thread.spin, ThreadSettings().spin);
    EXPECT_TRUE(plain.config.is_null());
    EXPECT_EQ(plain.config.place, (Place{11, 11})) << "where the plugin's own problems are shown";
    EXPECT_EQ(plain.plugin_place, (Place{11, 11}));

    EXPECT_EQ(read->find_module("plain"), &plain);
    EXPECT_EQ(read->find_module("absent"), nullptr);
}

TEST(Settings, AreMadeInCodeAsEasilyAsRead) {
    Settings made;
    made.host.call_depth = 16;
    made.modules.push_back({.name = "stats", .thread = {.cpus = {0}, .idle = Idle::spin}});
    made.modules.push_back({.name = "disk", .plugin = "procfs"});
    EXPECT_EQ(made.find_module("stats")->plugin_name(), "stats");
    EXPECT_EQ(made.find_module("disk")->plugin_name(), "procfs");
    EXPECT_TRUE(made.find_module("disk")->config.is_null());
}

TEST(Settings, ReadCpusInEachForm) {
    const auto cpus = [](const std::string& text) {
        const auto read = settings("modules:\n  - name: m\n    thread:\n      cpus: " + text + '\n');
        return read ? read->modules[0].thread.cpus : std::vector<std::uint32_t>{999'999};
    };
    EXPECT_EQ(cpus("3"), std::vector<std::uint32_t>({3}));
    EXPECT_EQ(cpus("0,2-3"), std::vector<std::uint32_t>({0, 2, 3}));
    EXPECT_EQ(cpus("\"0, 2 - 3, 2\""), std::vector<std::uint32_t>({0, 2, 3}));
    EXPECT_EQ(cpus("[0, 2-3, \"6,5\"]"), std::vector<std::uint32_t>({0, 2, 3, 5, 6}));
    EXPECT_EQ(cpus("1023"), std::vector<std::uint32_t>({1023}));
}

TEST(Settings, GiveRealTimeThreadsTheLowestPriorityUnlessTold) {
    EXPECT_EQ(settings("modules: [{name: m, thread: {policy: fifo}}]")->modules[0].thread.priority, 1);
    EXPECT_EQ(settings("modules: [{name: m, thread: {policy: batch, priority: -20}}]")->modules[0].thread.priority,
              -20);
}

TEST(Settings, NamesOfEnumsReadBack) {
    for (const auto level :
         {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error, LogLevel::critical}) {
        EXPECT_EQ(parse_log_level(to_string(level)), level);
    }
    EXPECT_EQ(parse_log_level("warning"), std::nullopt);
    EXPECT_EQ(to_string(Policy::rr), "rr");
    EXPECT_EQ(to_string(Idle::yield), "yield");
}

// ---- problems, one kind at a time ----

TEST(SettingsProblem, UnknownKeysComeWithTheNearestRightName) {
    EXPECT_EQ(problems("hosts:\n  x: 1\n"), "config.yaml:1:1: unknown key 'hosts' (did you mean 'host'?)\n");
    EXPECT_EQ(problems("host:\n  gate_timout: 1s\n"),
              "config.yaml:2:3: unknown key 'gate_timout' in host (did you mean 'gate_timeout'?)\n");
    EXPECT_EQ(problems("host: {log: {levle: info}}"),
              "config.yaml:1:14: unknown key 'levle' in host.log (did you mean 'level'?)\n");
    EXPECT_EQ(problems("modules:\n- name: stats\n  confg: {}\n"),
              "config.yaml:3:3: unknown key 'confg' for module 'stats' (did you mean 'config'?)\n");
    EXPECT_EQ(problems("modules:\n- name: stats\n  thread: {polcy: fifo}\n"),
              "config.yaml:3:12: unknown key 'polcy' in thread of module 'stats' (did you mean 'policy'?)\n");
}

TEST(SettingsProblem, UnknownKeysWithNothingNearComeWithAllThatAreKnown) {
    EXPECT_EQ(problems("extra: 1"), "config.yaml:1:1: unknown key 'extra' (known here: host, modules, wire)\n");
    EXPECT_EQ(problems("modules:\n- name: stats\n  thread: {nice: 3}\n"),
              "config.yaml:3:12: unknown key 'nice' in thread of module 'stats' (known here: cpus, policy, priority, "
              "idle, spin, mailbox)\n");
}

TEST(SettingsProblem, SectionsMustHaveTheirShape) {
    EXPECT_EQ(problems("just text"),
              "config.yaml:1:1: the configuration must be a map (lines of 'key: value'), found 'just text'\n");
    EXPECT_EQ(problems("- a\n"),
              "config.yaml:1:1: the configuration must be a map (lines of 'key: value'), found a list\n");
    EXPECT_EQ(problems("host: [a]\n"), "config.yaml:1:7: 'host' must be a map (lines of 'key: value'), found a list\n");
    EXPECT_EQ(problems("host: {log: debug}\n"),
              "config.yaml:1:13: 'log' must be a map (lines of 'key: value'), found 'debug'\n");
    EXPECT_EQ(problems("modules: {name: a}\n"),
              "config.yaml:1:10: 'modules' must be a list (one '- name: ...' for each module), found a map\n");
    EXPECT_EQ(problems("modules: [a]\n"), "config.yaml:1:11: a module must be a map (- name: ...), found 'a'\n");
    EXPECT_EQ(problems("modules:\n-\n"), "config.yaml:2:1: a module must be a map (- name: ...), found nothing\n");
    EXPECT_EQ(problems("modules: [{name: a, thread: 3}]\n"),
              "config.yaml:1:29: 'thread' must be a map (lines of 'key: value'), found '3'\n");
    EXPECT_EQ(problems("wire: a.b\n"),
              "config.yaml:1:7: 'wire' must be a map of names that are called to functions that serve them "
              "(storage.write: sqlite.write), found 'a.b'\n");
}

TEST(SettingsProblem, DurationsNeedAUnitAndARange) {
    const std::string expected = " must be a duration from 1ms to 1d, such as 250ms, 10s or 1h30m, found ";
    EXPECT_EQ(problems("host:\n  call_timeout: 10\n"),
              "config.yaml:2:17: 'call_timeout' in host" + expected + "'10' (add a unit: 10s)\n");
    EXPECT_EQ(problems("host:\n  gate_timeout: soon\n"),
              "config.yaml:2:17: 'gate_timeout' in host" + expected + "'soon'\n");
    EXPECT_EQ(problems("host:\n  stop_timeout: 0s\n"),
              "config.yaml:2:17: 'stop_timeout' in host" + expected + "'0s'\n");
    EXPECT_EQ(problems("host:\n  drain_timeout: 25h\n"),
              "config.yaml:2:18: 'drain_timeout' in host" + expected + "'25h'\n");
    EXPECT_EQ(problems("host:\n  start_timeout: [1s]\n"),
              "config.yaml:2:18: 'start_timeout' in host" + expected + "a list\n");
    EXPECT_EQ(problems("host:\n  preflight_timeout:\n"),
              "config.yaml:2:3: 'preflight_timeout' in host" + expected +
                  "nothing (give a value, or remove the key for the default)\n");
    EXPECT_EQ(problems("modules: [{name: m, stop_timeout: \"5\"}]"),
              "config.yaml:1:35: 'stop_timeout' for module 'm'" + expected + "the text \"5\" (add a unit: 5s)\n");
}

TEST(SettingsProblem, ASpinIsFromNothingToASecond) {
    const auto spin = [](const std::string& text) {
        return problems("modules: [{name: m, thread: {spin: " + text + "}}]");
    };
    EXPECT_EQ(spin("0s"), "");
    EXPECT_EQ(spin("1s"), "");
    const std::string expected =
        "config.yaml:1:36: 'spin' in thread of module 'm' must be a duration from 0s to 1s, such as 20us or 1ms, "
        "found ";
    EXPECT_EQ(spin("1.1s"), expected + "'1.1s'\n");
    EXPECT_EQ(spin("20"), expected + "'20' (add a unit: 20us)\n");
    EXPECT_EQ(spin("-1us"), expected + "'-1us'\n");
}

TEST(SettingsProblem, NumbersMustBeWholeAndInRange) {
    const std::string expected = "'call_depth' in host must be a whole number from 8 to 4096, found ";
    for (const auto& [text, found] :
         std::map<std::string, std::string>{{"7", "'7'"},
                                            {"4097", "'4097'"},
                                            {"-1", "'-1'"},
                                            {"64.0", "'64.0'"},
                                            {"0x40", "'0x40'"},
                                            {"1e3", "'1e3'"},
                                            {"99999999999999999999", "'99999999999999999999'"},
                                            {"deep", "'deep'"},
                                            {"\"64\"", "the text \"64\" (remove the quotes)"},
                                            {"{a: b}", "a map"},
                                            {"~", "nothing (give a value, or remove the key for the default)"}}) {
        EXPECT_EQ(problems("host:\n  call_depth: " + text + '\n'), "config.yaml:2:15: " + expected + found + '\n');
    }
    EXPECT_EQ(settings("host: {call_depth: 8}")->host.call_depth, 8U);
}

TEST(SettingsProblem, BooleansAreTrueOrFalse) {
    for (const auto& [text, found] :
         std::map<std::string, std::string>{{"yes", "'yes'"},
                                            {"1", "'1'"},
                                            {"True", "'True'"},
                                            {"\"true\"", "the text \"true\" (remove the quotes)"},
                                            {"[]", "a list"}}) {
        EXPECT_EQ(problems("host:\n  preflight: " + text + '\n'),
                  "config.yaml:2:14: 'preflight' in host must be true or false, found " + found + '\n');
    }
    EXPECT_EQ(problems("modules: [{name: m, enabled: on}]"),
              "config.yaml:1:30: 'enabled' for module 'm' must be true or false, found 'on'\n");
}

TEST(SettingsProblem, ChoicesComeWithTheirNames) {
    EXPECT_EQ(
        problems("host: {log: {level: wran}}"),
        "config.yaml:1:21: 'level' in host.log must be one of trace, debug, info, warn, error, critical, found 'wran' "
        "(did you mean 'warn'?)\n");
    EXPECT_EQ(problems("modules: [{name: m, log_level: loud}]"),
              "config.yaml:1:32: 'log_level' for module 'm' must be one of trace, debug, info, warn, error, critical, "
              "found 'loud'\n");
    EXPECT_EQ(
        problems("modules: [{name: m, thread: {policy: FIFO, idle: sleep}}]"),
        "config.yaml:1:38: 'policy' in thread of module 'm' must be one of other, batch, idle, fifo, rr, found 'FIFO' "
        "(did you mean 'fifo'?)\n"
        "config.yaml:1:50: 'idle' in thread of module 'm' must be one of park, yield, spin, found 'sleep'\n");
}

TEST(SettingsProblem, PathsAreTexts) {
    EXPECT_EQ(problems("host: {preflight_cache: [a], log: {file: {}}, plugins: plugins}"),
              "config.yaml:1:25: 'preflight_cache' in host must be a text, found a list\n"
              "config.yaml:1:42: 'file' in host.log must be a text, found a map\n"
              "config.yaml:1:56: 'plugins' in host must be a list of directories, found 'plugins' (write [plugins])\n");
    EXPECT_EQ(problems("host: {plugins: [a, [b], '']}"),
              "config.yaml:1:21: an entry of 'plugins' in host must be a directory, found a list\n"
              "config.yaml:1:26: an entry of 'plugins' in host must be a directory, found the text \"\"\n");
}

TEST(SettingsProblem, ModulesNeedAGoodName) {
    const std::string rule = " cannot name a module: expected up to 32 of a-z, 0-9, _ and -, a letter first";
    EXPECT_EQ(problems("modules:\n- plugin: x\n"), "config.yaml:2:3: a module without a name (add 'name: ...')\n");
    EXPECT_EQ(problems("modules: [{name: Stats}]"), "config.yaml:1:18: 'Stats'" + rule + " (write 'stats')\n");
    EXPECT_EQ(problems("modules: [{name: My Stats}]"), "config.yaml:1:18: 'My Stats'" + rule + " (write 'my_stats')\n");
    EXPECT_EQ(problems("modules: [{name: 2nd}]"), "config.yaml:1:18: '2nd'" + rule + "\n");
    EXPECT_EQ(problems("modules: [{name: ''}]"), "config.yaml:1:18: the text \"\"" + rule + "\n");
    EXPECT_EQ(problems("modules: [{name: " + std::string(33, 'a') + "}]"),
              "config.yaml:1:18: '" + std::string(33, 'a') + "'" + rule + "\n");
    EXPECT_EQ(problems("modules: [{name: " + std::string(32, 'a') + "}]"), "");
    EXPECT_EQ(problems("modules: [{name: [a]}]"),
              "config.yaml:1:18: the name of a module must be a text, found a list\n");
    EXPECT_EQ(problems("modules: [{name: host}]"),
              "config.yaml:1:18: 'host' cannot name a module: it is the host's own name (choose another)\n");
}

TEST(SettingsProblem, ModulesNeedAPluginThatCanBe) {
    EXPECT_EQ(problems("modules: [{name: m, plugin: lib/stats.so}]"),
              "config.yaml:1:29: 'lib/stats.so' cannot name a plugin: expected up to 63 of a-z, 0-9, _ and -, a letter "
              "first\n");
    EXPECT_EQ(
        problems("modules: [{name: m, plugin: ~}]"),
        "config.yaml:1:29: 'plugin' for module 'm' must be the name of a plugin, found nothing (remove the key: the "
        "plugin is then named as the module)\n");
}

TEST(SettingsProblem, ModuleNamesAreUnique) {
    EXPECT_EQ(problems("modules:\n- name: a\n- name: b\n- name: a\n- {plugin: x, name: a}\n"),
              "config.yaml:4:9: module 'a' is defined in line 2 already (give one of the two another name)\n"
              "config.yaml:5:21: module 'a' is defined in line 2 already (give one of the two another name)\n");
}

TEST(SettingsProblem, CpusMustBeNumbersThatACpuSetCanHold) {
    const auto cpus = [](const std::string& text) {
        return problems("modules:\n- name: m\n  thread:\n    cpus: " + text + '\n');
    };
    const std::string where = " in 'cpus' in thread of module 'm': ";
    EXPECT_EQ(cpus("first"),
              "config.yaml:4:11: cannot read 'first'" + where + "expected CPU numbers and ranges such as 0,2-3\n");
    EXPECT_EQ(cpus("1024"), "config.yaml:4:11: cannot read '1024'" + where + "CPU numbers go from 0 to 1023\n");
    EXPECT_EQ(cpus("99999999999999999999"),
              "config.yaml:4:11: cannot read '99999999999999999999'" + where + "CPU numbers go from 0 to 1023\n");
    EXPECT_EQ(
        cpus("[1, 0-99999999, 3-2, -1, 1-2-3, \"\", [4]]"),
        "config.yaml:4:15: cannot read '0-99999999'" + where + "CPU numbers go from 0 to 1023\n" +
            "config.yaml:4:27: cannot read '3-2'" + where + "the range goes backwards (write 2-3)\n" +
            "config.yaml:4:32: cannot read '-1'" + where + "expected CPU numbers and ranges such as 0,2-3\n" +
            "config.yaml:4:36: cannot read '1-2-3'" + where + "expected CPU numbers and ranges such as 0,2-3\n" +
            "config.yaml:4:43: cannot read the text \"\"" + where + "expected CPU numbers and ranges such as 0,2-3\n" +
            "config.yaml:4:47: an entry of 'cpus' in thread of module 'm' must be a CPU number or a range such as 2-3, "
            "found a list\n");
    EXPECT_EQ(cpus("[]"),
              "config.yaml:4:11: 'cpus' in thread of module 'm' names no CPU (remove it to allow all of them)\n");
    EXPECT_EQ(cpus("{a: b}"),
              "config.yaml:4:11: 'cpus' in thread of module 'm' must be CPU numbers and ranges such as [0, 2-3], found "
              "a map\n");
}

TEST(SettingsProblem, APriorityMustSuitItsPolicy) {
    const auto priority = [](const std::string& thread) {
        return problems("modules: [{name: m, thread: {" + thread + "}}]");
    };
    const std::string start = "'priority' in thread of module 'm' must be a whole number from ";
    EXPECT_EQ(priority("policy: fifo, priority: 0"),
              "config.yaml:1:54: " + start + "1 to 99 with policy 'fifo', found '0'\n");
    EXPECT_EQ(priority("priority: 100, policy: rr"),
              "config.yaml:1:40: " + start + "1 to 99 with policy 'rr', found '100'\n");
    EXPECT_EQ(priority("priority: 20"),
              "config.yaml:1:40: " + start + "-20 to 19 (a nice value) with policy 'other', found '20'\n");
    EXPECT_EQ(
        priority("policy: fiffo, priority: 50"),
        "config.yaml:1:38: 'policy' in thread of module 'm' must be one of other, batch, idle, fifo, rr, found 'fiffo'"
        " (did you mean 'fifo'?)\n")
        << "the priority is not blamed for the policy";
    EXPECT_EQ(priority("policy: fifo, priority: 99"), "");
    EXPECT_EQ(priority("policy: idle, priority: 19"), "");
}

TEST(SettingsProblem, AllOfAFileAreToldInTheOrderOfTheirPlaces) {
    EXPECT_EQ(
        problems("host:\r\n"
                 "  call_timeout: 10      # seconds\r\n"
                 "  log: {level: loud, jsn: true}\r\n"
                 "modules:\r\n"
                 "  - name: stats\r\n"
                 "    config: {window: \"${WINDOW}\"}\r\n"
                 "    thread:\r\n"
                 "      priority: 50\r\n"
                 "  - name: stats\r\n"
                 "    name: again\r\n"
                 "wire:\r\n"
                 "  a.b: c.d\r\n"
                 "  c.d: a.b\r\n"
                 "plugin: []\r\n"),
        "config.yaml:2:17: 'call_timeout' in host must be a duration from 1ms to 1d, such as 250ms, 10s or 1h30m, "
        "found "
        "'10' (add a unit: 10s)\n"
        "config.yaml:3:16: 'level' in host.log must be one of trace, debug, info, warn, error, critical, found 'loud'\n"
        "config.yaml:3:22: unknown key 'jsn' in host.log (did you mean 'json'?)\n"
        "config.yaml:6:23: variable 'WINDOW' is not set (set it, or give a default: ${WINDOW:-value})\n"
        "config.yaml:8:17: 'priority' in thread of module 'stats' must be a whole number from -20 to 19 (a nice value) "
        "with policy 'other', found '50'\n"
        "config.yaml:9:11: module 'stats' is defined in line 5 already (give one of the two another name)\n"
        "config.yaml:10:5: key 'name' was given in line 9 already (remove one of the two)\n"
        "config.yaml:12:8: the wires go round in a circle: a.b -> c.d -> a.b (wire each name to the function that "
        "serves it)\n"
        "config.yaml:14:1: unknown key 'plugin' (known here: host, modules, wire)\n");
}

TEST(SettingsProblem, OfATreeMadeInCodeHasNoPlace) {
    const auto loaded =
        to_settings(Node::map({Node::pair("host", Node::map({Node::pair("call_depth", Node::scalar("1"))}))}), "", "");
    EXPECT_EQ(to_string(loaded.problems), "'call_depth' in host must be a whole number from 8 to 4096, found '1'\n");
}

}  // namespace
}  // namespace heddle::config
