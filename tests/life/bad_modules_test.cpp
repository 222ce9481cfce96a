// Each way of being wrong that shows only once a module runs: its error as text, while a good module goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Number = std::uint64_t();
using Step = std::uint64_t(std::uint64_t);
using Add = std::uint64_t(std::uint64_t, std::uint64_t);

// A good module `node` beside the bad one, which the tests call at the end.
std::string with_node(std::string_view bad) {
    return "modules:\n  - name: node\n" + std::string(bad);
}

#define EXPECT_GOOD_ONE_WORKS(live)                \
    EXPECT_EQ((live).state_of("node"), "running"); \
    EXPECT_EQ((live).host.function<Add>("node.add")(2, 3), 5U)

TEST(BadModule, ThatThrowsInItsConstructorFailsAlone) {
    LiveHost live({"node", "bad_throw_constructor"}, with_node("  - name: bad_throw_constructor\n"));
    EXPECT_THAT(live.start(), ElementsAre("module 'bad_throw_constructor' failed: the well is dry"));
    EXPECT_EQ(live.state_of("bad_throw_constructor"), "failed");
    EXPECT_EQ(live.reason_of("bad_throw_constructor"), "the well is dry");
    EXPECT_EQ(thrown_by(live.host.function<Number>("bad_throw_constructor.speak")),
              "unavailable: bad_throw_constructor.speak: no module provides it");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsNoExceptionInItsConstructorFailsAlone) {
    LiveHost live({"node", "bad_throw_int_constructor"}, with_node("  - name: bad_throw_int_constructor\n"));
    EXPECT_THAT(live.start(),
                ElementsAre("module 'bad_throw_int_constructor' failed: threw something that is no std::exception"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsInStartFailsAloneAndIsUnloaded) {
    LiveHost live({"node", "bad_throw_start"}, with_node("  - name: bad_throw_start\n"));
    EXPECT_THAT(live.start(), ElementsAre("module 'bad_throw_start' failed: the well is dry"));
    EXPECT_EQ(live.state_of("bad_throw_start"), "failed");
    EXPECT_FALSE(has_mapped(getpid(), "bad_throw_start.so"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatFailsWhileAnotherStartsDoesNotSwallowTheNewsOfIt) {
    // `good` has started, and says so, exactly while the host waits for the end of `bad`.
    LiveHost live({"node"}, with_node("  - {name: good, plugin: node, config: {start_waits: go, running: running}}\n"
                                      "  - {name: bad, plugin: node, config: {fails_at_start: true, end_opens: go, "
                                      "end_awaits: running}}\n"));
    EXPECT_THAT(live.start(), ElementsAre("module 'bad' failed: told to fail"));
    EXPECT_EQ(live.state_of("good"), "running");
    EXPECT_EQ(live.host.function<Add>("good.add")(2, 3), 5U);
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsInRunFailsAlone) {
    LiveHost live({"node", "bad_throw_run"}, with_node("  - name: bad_throw_run\n"));
    EXPECT_THAT(live.start(), testing::AnyOf(IsEmpty(), ElementsAre("module 'bad_throw_run' failed: the well is dry")));
    EXPECT_TRUE(live.wait_for_state("bad_throw_run", "failed"));
    EXPECT_EQ(live.reason_of("bad_throw_run"), "the well is dry");
    EXPECT_TRUE(live.has_logged("module 'bad_throw_run' failed: the well is dry"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsInATimerFailsAlone) {
    LiveHost live({"node", "bad_throw_timer"}, with_node("  - name: bad_throw_timer\n"));
    live.start();
    EXPECT_TRUE(live.wait_for_state("bad_throw_timer", "failed"));
    EXPECT_EQ(live.reason_of("bad_throw_timer"), "the well is dry");
    EXPECT_TRUE(live.wait_for_log("module 'bad_throw_timer' failed: the well is dry"));
    EXPECT_EQ(thrown_by(live.host.function<Number>("bad_throw_timer.speak")),
              "unavailable: bad_throw_timer.speak: no module provides it");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsNoExceptionInATimerFailsAlone) {
    LiveHost live({"node", "bad_throw_int_timer"}, with_node("  - name: bad_throw_int_timer\n"));
    live.start();
    EXPECT_TRUE(live.wait_for_state("bad_throw_int_timer", "failed"));
    EXPECT_EQ(live.reason_of("bad_throw_int_timer"), "threw something that is no std::exception");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsInAWatchFailsAlone) {
    LiveHost live({"node", "bad_throw_watch", "bad_throw_int_watch"},
                  with_node("  - name: bad_throw_watch\n  - name: bad_throw_int_watch\n"));
    live.start();
    EXPECT_TRUE(live.wait_for_state("bad_throw_watch", "failed"));
    EXPECT_EQ(live.reason_of("bad_throw_watch"), "the well is dry");
    EXPECT_TRUE(live.wait_for_state("bad_throw_int_watch", "failed"));
    EXPECT_EQ(live.reason_of("bad_throw_int_watch"), "threw something that is no std::exception");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsInAFunctionTellsItsCallerAndRunsOn) {
    LiveHost live({"node", "bad_throw_function"}, with_node("  - name: bad_throw_function\n"));
    EXPECT_THAT(live.start(), IsEmpty());
    const auto speak = live.host.function<Number>("bad_throw_function.speak");
    const auto whisper = live.host.function<Number>("bad_throw_function.whisper");
    for (int i = 0; i < 3; ++i) {  // the module is given back each time
        EXPECT_EQ(thrown_by(speak), "error: bad_throw_function.speak: the well is dry");
        EXPECT_EQ(thrown_by(whisper), "error: bad_throw_function.whisper: the well is dry");
    }
    EXPECT_EQ(live.state_of("bad_throw_function"), "running");
    EXPECT_EQ(live.calls("app", "bad_throw_function.speak"), 3U);
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsNoExceptionInAFunctionTellsItsCaller) {
    LiveHost live({"node", "bad_throw_int_function"}, with_node("  - name: bad_throw_int_function\n"));
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(thrown_by(live.host.function<Number>("bad_throw_int_function.speak")),
              "error: bad_throw_int_function.speak: threw something that is no std::exception");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatThrowsInStopIsReportedAndUnloadedAllTheSame) {
    LiveHost live({"node", "bad_throw_stop"}, with_node("  - name: bad_throw_stop\n"));
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(thrown_by([&] {
                  live.host.stop_module("bad_throw_stop");
                  return 0;
              }),
              "error: module 'bad_throw_stop' failed while it stopped: the well is dry");
    EXPECT_EQ(live.state_of("bad_throw_stop"), "stopped");
    EXPECT_FALSE(has_mapped(getpid(), "bad_throw_stop.so"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, WhoseEntryGivesNothingIsRefused) {
    LiveHost live({"node", "bad_null_entry"}, with_node("  - name: bad_null_entry\n"));
    EXPECT_THAT(
        live.start(),
        ElementsAre("plugin 'bad_null_entry' (" + (test_plugins_dir() / "bad_null_entry/bad_null_entry.so").string() +
                    ") cannot be loaded: its entry returned null: it cannot work with this host"));
    EXPECT_EQ(live.state_of("bad_null_entry"), "failed");
    EXPECT_EQ(live.reason_of("bad_null_entry"), "its plugin 'bad_null_entry' cannot be loaded");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatHangsInItsConstructorIsNamedAndLeftBehind) {
    LiveHost live({"node", "bad_hang_constructor"},
                  with_node("  - name: bad_hang_constructor\n    start_timeout: 1s\n"));
    EXPECT_THAT(live.start(), ElementsAre("module 'bad_hang_constructor' did not get ready within 1 s "
                                          "(start_timeout): its constructor has not returned"));
    EXPECT_EQ(live.state_of("bad_hang_constructor"), "failed");
    EXPECT_EQ(thrown_by([&] {
                  live.host.start_module("bad_hang_constructor");  // another try meets the same
                  return 0;
              }),
              "error: module 'bad_hang_constructor' did not get ready within 1 s (start_timeout): its constructor "
              "has not returned");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatHangsInStartIsNamedAndLeftBehind) {
    LiveHost live({"node", "bad_hang_start"}, with_node("  - name: bad_hang_start\n    start_timeout: 1s\n"));
    const auto problems = live.start();
    EXPECT_THAT(problems, ElementsAre("module 'bad_hang_start' did not start within 1 s (start_timeout): its "
                                      "start() has not returned"));
    EXPECT_TRUE(has_mapped(getpid(), "bad_hang_start.so"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, WhoseRunIgnoresTheStopTokenIsNamedAndStaysLoaded) {
    LiveHost live({"node", "bad_hang_run"}, with_node("  - name: bad_hang_run\n    stop_timeout: 200ms\n"));
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(live.host.function<Number>("bad_hang_run.speak")(), 1U);
    EXPECT_EQ(thrown_by([&] {
                  live.host.stop_module("bad_hang_run");
                  return 0;
              }),
              "error: module 'bad_hang_run' did not stop within 200 ms (stop_timeout): its run() has not returned; its "
              "code stays loaded");
    EXPECT_EQ(live.state_of("bad_hang_run"), "failed");
    EXPECT_TRUE(has_mapped(getpid(), "bad_hang_run.so"));
    EXPECT_GOOD_ONE_WORKS(live);
    EXPECT_THAT(live.stop(), IsEmpty());  // what was left behind does not hold up the rest
}

TEST(BadModule, ThatHangsInStopIsNamedAndStaysLoaded) {
    LiveHost live({"node", "bad_hang_stop"}, with_node("  - name: bad_hang_stop\n    stop_timeout: 1s\n"));
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_THAT(live.stop(), ElementsAre("module 'bad_hang_stop' did not stop within 1 s (stop_timeout): its stop() "
                                         "has not returned; its code stays loaded"));
    EXPECT_EQ(live.state_of("bad_hang_stop"), "failed");
    EXPECT_EQ(live.state_of("node"), "stopped");
}

TEST(BadModule, ThatHangsInItsDestructorIsNamedAndStaysLoaded) {
    LiveHost live({"node", "bad_hang_destructor"}, with_node("  - name: bad_hang_destructor\n    stop_timeout: 1s\n"));
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_THAT(live.stop(), ElementsAre("module 'bad_hang_destructor' did not end within 1 s (stop_timeout): its "
                                         "destructor has not returned; its code stays loaded"));
    EXPECT_TRUE(has_mapped(getpid(), "bad_hang_destructor.so"));
    EXPECT_EQ(live.state_of("node"), "stopped");
}

TEST(BadModule, ThatCallsByAnotherSignatureIsToldBothAndWhereTheyPart) {
    LiveHost live({"node", "bad_signature"}, with_node("  - name: bad_signature\n"));
    EXPECT_THAT(
        live.start(),
        ElementsAre("module 'bad_signature' failed: module 'bad_signature' calls node.add as 'f64(f64,f64)', but "
                    "module 'node' provides it as 'u64(u64,u64)'; they part at character 1: 'f64(f64,f64)' "
                    "against 'u64(u64,u64)'. Build both against the same declaration"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatProvidesAFunctionTwiceFails) {
    LiveHost live({"node", "bad_provides_twice"}, with_node("  - name: bad_provides_twice\n"));
    EXPECT_THAT(live.start(),
                ElementsAre("module 'bad_provides_twice' failed: provide(\"speak\"): this module provides "
                            "it already"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatProvidesOutsideOfItsConstructorFails) {
    LiveHost live({"node", "bad_provides_late"}, with_node("  - name: bad_provides_late\n"));
    EXPECT_THAT(
        live.start(),
        ElementsAre("module 'bad_provides_late' failed: provide(\"speak\") outside of the constructor: functions "
                    "are declared there, so that everything can be bound before anything starts"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatCallsBeforeItIsBoundIsToldWhenItMay) {
    LiveHost live({"node", "bad_calls_early"}, with_node("  - name: bad_calls_early\n"));
    EXPECT_THAT(live.start(), ElementsAre("module 'bad_calls_early' failed: node.add: is not bound yet; call it from "
                                          "start() or later, not from the constructor"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatRequiresTheAbsentIsToldOfTheNearestName) {
    LiveHost live({"node"},
                  with_node("  - {name: other, plugin: node, config: {needs: [nodes], calls: [nothing.at_all]}}\n"));
    EXPECT_THAT(
        live.start(),
        ElementsAre("module 'other' failed: module 'other' calls nodes.trace, which no module provides (did you "
                    "mean 'node.trace'?); add a module that provides it, or wire the name to another function "
                    "under 'wire:'; module 'other' calls nodes.hold, which no module provides (did you mean "
                    "'node.hold'?); add a module that provides it, or wire the name to another function under "
                    "'wire:'; module 'other' calls nothing.at_all, which no module provides; add a "
                    "module that provides it, or wire the name to another function under 'wire:'"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModules, ThatRequireEachOtherAreToldTheCircle) {
    LiveHost live({"node"}, with_node("  - {name: a, plugin: node, config: {needs: [b]}}\n"
                                      "  - {name: b, plugin: node, config: {needs: [a]}}\n"));
    EXPECT_THAT(live.start(),
                ElementsAre("module 'a' failed: modules start after those that they require, and these require each "
                            "other: a -> b -> a; make one of their handles heddle::optional",
                            "module 'b' failed: it requires module 'a', which has failed"));
    EXPECT_EQ(live.state_of("a"), "failed");
    EXPECT_EQ(live.state_of("b"), "failed");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModules, ThreeInACircleTakeAlongWhoRequiresThemAndNobodyElse) {
    LiveHost live({"node"}, with_node("  - {name: a, plugin: node, config: {needs: [b]}}\n"
                                      "  - {name: b, plugin: node, config: {needs: [c]}}\n"
                                      "  - {name: c, plugin: node, config: {needs: [a, node]}}\n"
                                      "  - {name: d, plugin: node, config: {needs: [a]}}\n"
                                      "  - {name: e, plugin: node, config: {may_call: [a], needs: [node]}}\n"));
    const auto problems = live.start();
    ASSERT_EQ(problems.size(), 4U);
    EXPECT_EQ(problems[0],
              "module 'a' failed: modules start after those that they require, and these require each other: "
              "a -> b -> c -> a; make one of their handles heddle::optional");
    EXPECT_THAT(problems, testing::Contains("module 'd' failed: it requires module 'a', which has failed"));
    EXPECT_EQ(live.state_of("d"), "failed");
    EXPECT_EQ(live.state_of("e"), "running");
    EXPECT_EQ(live.host.function<Step>("e.trace")(0), 2U);
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModules, OfOneNameAreRefusedBeforeAnythingStarts) {
    LiveHost live({"node"}, "modules:\n  - name: node\n  - name: other\n    plugin: node\n  - name: node\n");
    const heddle::host_report report = live.host.start();
    EXPECT_TRUE(report.config_refused);
    ASSERT_EQ(report.problems.size(), 1U);
    EXPECT_THAT(
        report.problems[0].text,
        testing::StrEq("config:12:11: module 'node' is defined in line 9 already (give one of the two another name)"));
    EXPECT_THAT(live.host.modules(), IsEmpty());
}

TEST(BadModule, WithAConfigurationItCannotReadIsToldEveryPlace) {
    LiveHost live({"node", "bad_config"}, with_node("  - name: bad_config\n"
                                                    "    config:\n"
                                                    "      windw: 10s\n"
                                                    "      port: 70000\n"
                                                    "      colour: [red]\n"));
    const auto problems = live.start();
    ASSERT_EQ(problems.size(), 3U);
    EXPECT_EQ(problems[0], "config:12:7: unknown key 'windw' for module 'bad_config' (did you mean 'window'?)");
    EXPECT_EQ(problems[1].substr(0, 14), "config:13:13: ");
    EXPECT_EQ(problems[2].substr(0, 14), "config:14:15: ");
    EXPECT_EQ(live.reason_of("bad_config"), "its configuration has 3 problems");
    EXPECT_TRUE(live.has_logged("module 'bad_config' failed: its configuration has 3 problems"));
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, WhoseConfigurationItRefusesItselfIsToldThePlace) {
    LiveHost live({"node", "bad_config"}, with_node("  - name: bad_config\n    config:\n      colour: blue\n"));
    EXPECT_THAT(live.start(), ElementsAre("config:12:15: 'colour' of module 'bad_config' must be red or green"));
    EXPECT_EQ(live.reason_of("bad_config"), "its configuration has 1 problem");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatRecursesForEverIsStoppedAtTheBound) {
    LiveHost live({"node", "bad_recursion"}, with_node("  - name: bad_recursion\n"),
                  std::string(patient) + "  call_depth: 10\n");
    EXPECT_THAT(live.start(), IsEmpty());
    std::string alone;
    std::string at_once;
    std::thread([&] {  // a new one: a thread's bound is what it was when it made its first call
        alone = thrown_by([&] { return live.host.function<Step>("bad_recursion.again")(0); });
        at_once = thrown_by([&] { return live.host.function<Step>("bad_recursion.again_at_once")(0); });
    })
        .join();
    const std::string text =
        ": the thread is inside 10 calls already, as many as host.call_depth allows (the last ones:";
    EXPECT_EQ(alone,
              "recursion: bad_recursion.again" + text +
                  " -> bad_recursion.again -> bad_recursion.again -> bad_recursion.again -> bad_recursion.again); is "
                  "this an endless recursion?");
    EXPECT_THAT(at_once, HasSubstr("recursion: bad_recursion.again_at_once" + text));
    EXPECT_EQ(live.state_of("bad_recursion"), "running");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(BadModule, ThatWantsMoreHandlesThanThereAreLinksFailsAndGivesThemBack) {
    LiveHost live({"node", "bad_greedy"}, with_node("  - name: bad_greedy\n"));
    for (int round = 0; round < 2; ++round) {
        const auto problems = round == 0 ? live.start() : std::vector{thrown_by([&] {
            live.host.start_module("bad_greedy");
            return 0;
        })};
        EXPECT_THAT(problems,
                    ElementsAre(std::string(round == 0 ? "" : "error: ") +
                                "module 'bad_greedy' failed: a handle of 'node.add': all 65536 links are in use"));
        EXPECT_GOOD_ONE_WORKS(live);
    }
}

// A copy of a plugin whose record names another toolchain.
std::string built_elsewhere(const TempDir& to, const std::string& plugin) {
    std::string bytes = read_file(test_plugins_dir() / plugin / (plugin + ".so"));
    const std::size_t record = bytes.find(std::string_view(HEDDLE_INFO_MAGIC, 8));
    EXPECT_NE(record, std::string::npos);
    const std::size_t toolchain =
        record - offsetof(heddle_plugin_info, magic) + offsetof(heddle_plugin_info, toolchain);
    bytes.replace(toolchain, 12, std::string("other 1 lib2"));
    const std::size_t end = bytes.find('\0', toolchain);
    bytes.replace(toolchain + 12, end - toolchain - 12, std::string(end - toolchain - 12, '\0'));
    to.write(plugin + ".so", bytes);
    return to.path().string();
}

TEST(BadModule, OfAnotherToolchainIsRefusedForTypesOfAToolchain) {
    const TempDir elsewhere;
    LiveHost live({"node", "native_provider", built_elsewhere(elsewhere, "native_caller")},
                  with_node("  - name: native_caller\n  - name: native_provider\n"));
    const std::string here = std::string(heddle::detail::compiler_tag) + " " + std::string(heddle::detail::library_tag);
    EXPECT_THAT(
        live.start(),
        ElementsAre("module 'native_caller' failed: module 'native_caller' calls native_provider.take as "
                    "'i32(const native:native::Thing&)', which holds types that only the same toolchain lays out "
                    "alike: 'native_caller' was built with other 1 lib2, 'native_provider' with " +
                    here + ". Rebuild one of them, or describe the types with BOOST_DESCRIBE_STRUCT"));
    EXPECT_EQ(live.state_of("native_provider"), "running");
    EXPECT_GOOD_ONE_WORKS(live);
}

TEST(Module, OfTheSameToolchainMayExchangeTypesOfIt) {
    LiveHost live({"native_provider", "native_caller"}, "modules: [{name: native_caller}, {name: native_provider}]\n");
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(live.host.function<int(int)>("native_caller.hand_over")(7), 7);
}

}  // namespace
