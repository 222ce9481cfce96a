// No lock of the host is held while plugin code runs, and nobody who asks for a change waits for himself: modules ask
// for reports and changes from every place where their code runs, all at once, and everything ends within its bound.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string node_file = test_plugins_dir() / "node/node.so";

using Number = std::uint64_t();
using Ask = void();
using AskAbout = void(std::string_view);
using Wait = bool(std::string_view);

TEST(Locks, AreNotHeldWhereModulesAskForReportsWhileOthersDo) {
    std::string config = "modules:\n";
    for (int i = 0; i < 4; ++i) {
        config += "  - {name: m" + std::to_string(i) + ", plugin: meddler, log_level: debug}\n";
    }
    LiveHost live({"meddler"}, config);
    ASSERT_THAT(live.start(), IsEmpty());
    std::atomic<std::uint64_t> seen = 0;
    std::vector<std::thread> all;
    for (int i = 0; i < 4; ++i) {
        all.emplace_back([&, meddle = live.host.function<Number>(fmt::format("m{}.meddle", i)),
                          alone = live.host.function<Number>(fmt::format("m{}.meddle_alone", (i + 1) % 4))] {
            for (int n = 0; n < 100; ++n) {
                seen += meddle() + alone();
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(live.host.modules().size(), 5U);
        EXPECT_FALSE(live.host.calls().empty());
    }
    for (std::thread& one : all) {
        one.join();
    }
    EXPECT_GT(seen, 0U);
    EXPECT_THAT(live.stop(), IsEmpty());  // their stop() asks for reports too
    EXPECT_TRUE(live.has_logged("meddling"));
}

TEST(Locks, AreNotHeldWhereAModuleWritesToTheLogAsItComesAndGoes) {
    LiveHost live({"meddler", "node"}, "modules: [{name: meddler}, {name: node}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    for (int i = 0; i < 10; ++i) {
        live.host.stop_module("meddler");
        live.host.start_module("meddler");
    }
    EXPECT_THAT(live.stop(), IsEmpty());
    const auto lines = live.lines();
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line.text == "gone"; }), 11);
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const auto& line) { return line.text == "meddler is being constructed"; }),
              11);
}

TEST(Module, ThatAsksForItsOwnStopFromInsideACallIsStopped) {
    LiveHost live({"node"}, "modules: [{name: node}, {name: other, plugin: node}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<Ask>("node.end_itself")();  // returns: the request is queued
    EXPECT_TRUE(live.wait_for_state("node", "stopped"));
    EXPECT_EQ(live.state_of("other"), "running");
    live.host.start_module("node");
    EXPECT_EQ(live.state_of("node"), "running");
}

TEST(Module, ThatAsksTheHostToStopItFromItsStartIsStoppedOnceItRuns) {
    LiveHost live({"meddler", "node"}, "modules: [{name: meddler, config: {stops: meddler}}, {name: node}]\n");
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_TRUE(live.wait_for_state("meddler", "stopped"));
    EXPECT_EQ(live.state_of("node"), "running");
}

TEST(Module, MayAskToStopItsCaller) {
    LiveHost live({"meddler"},
                  "modules:\n"
                  "  - {name: caller, plugin: meddler, config: {call_back: callee.end_caller}}\n"
                  "  - {name: callee, plugin: meddler, config: {victim: caller}}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<Ask>("caller.call_back")();  // caller -> callee.end_caller -> host.stop(caller)
    EXPECT_TRUE(live.wait_for_state("caller", "stopped"));
    EXPECT_EQ(live.state_of("callee"), "running");
    EXPECT_EQ(live.calls("caller", "callee.end_caller"), 1U);
}

TEST(Module, MayAskForAnotherToBeStoppedAndStarted) {
    LiveHost live({"meddler", "node"}, "modules: [{name: meddler}, {name: node}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto stop = live.host.function<AskAbout>("meddler.stop_module");
    const auto start = live.host.function<AskAbout>("meddler.start_module");
    for (int i = 0; i < 10; ++i) {
        stop("node");
        EXPECT_TRUE(live.wait_for_state("node", "stopped"));
        start("node");
        EXPECT_TRUE(live.wait_for_state("node", "running"));
    }
    EXPECT_EQ(thrown_by([&] {
                  stop("nod");
                  return 0;
              }),
              "error: host.stop: there is no module 'nod'");
    EXPECT_EQ(thrown_by([&] {
                  stop("host");
                  return 0;
              }),
              "error: host.stop: the host's own module cannot be stopped or started");
    EXPECT_EQ(live.state_of("meddler"), "running");
}

TEST(Module, MayAskForChangesWhileTheHostIsBusyStoppingIt) {
    // Every millisecond and in its stop() it asks for the stop of another, which is long gone in the end.
    LiveHost live({"meddler", "node"}, "modules: [{name: meddler, config: {stops: node}}, {name: node}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    EXPECT_TRUE(live.wait_for_state("node", "stopped"));
    live.host.stop_module("meddler");
    EXPECT_EQ(live.state_of("meddler"), "stopped");
    EXPECT_THAT(live.stop(), IsEmpty());
}

TEST(Module, MayEndTheProgram) {
    LiveHost live({"meddler"}, "modules: [{name: meddler}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    EXPECT_FALSE(live.host.wait(0ns));
    live.host.function<Ask>("meddler.end_all")();
    EXPECT_TRUE(live.host.wait(60s));
    EXPECT_EQ(live.state_of("meddler"), "running");  // asked for; what follows is the program's affair
}

TEST(Host, MayBeAskedForReportsByOtherThreadsWhileItStartsAndStops) {
    LiveHost live({"node"}, "modules: [{name: node, config: {start_waits: go, stop_waits: stop}}]\n");
    std::atomic<bool> done = false;
    std::thread asks([&] {
        while (!done) {
            live.host.modules();
            live.host.functions();
            live.host.calls();
        }
    });
    std::thread opens([&] {
        EXPECT_TRUE(latch::wait_for_arrivals("go", 1));
        latch::open("go");
        EXPECT_TRUE(latch::wait_for_arrivals("stop", 1));
        latch::open("stop");
    });
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_THAT(live.stop(), IsEmpty());
    done = true;
    asks.join();
    opens.join();
}

TEST(Host, CanBeStartedOnceAndStoppedTwice) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(thrown_by([&] {
                  live.host.start();
                  return 0;
              }),
              "error: host::start() and check() can be called once; make another host");
    EXPECT_THAT(live.stop(), IsEmpty());
    EXPECT_THAT(live.stop(), IsEmpty());
    EXPECT_EQ(live.state_of("node"), "stopped");
}

TEST(Host, ThatWasNeverStartedEndsInPeace) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    EXPECT_THAT(live.host.modules(), IsEmpty());
    EXPECT_EQ(thrown_by([&] {
                  live.host.stop_module("node");
                  return 0;
              }),
              "error: the host has not been started");
    EXPECT_THAT(live.stop(), IsEmpty());
}

TEST(Host, MayLiveBesideAnotherInOneProcess) {
    LiveHost one({"node"}, "modules: [{name: node}]\n");
    LiveHost two({"node"}, "modules: [{name: node}]\n");
    ASSERT_THAT(one.start(), IsEmpty());
    ASSERT_THAT(two.start(), IsEmpty());
    const auto count_one = one.host.function<Number>("node.count");
    const auto count_two = two.host.function<Number>("node.count");
    EXPECT_EQ(count_one(), 1U);
    EXPECT_EQ(count_two(), 1U);
    EXPECT_EQ(count_one(), 2U);
    EXPECT_EQ(one.calls("app", "node.count"), 2U);
    EXPECT_EQ(two.calls("app", "node.count"), 1U);
    EXPECT_THAT(one.stop(), IsEmpty());
    EXPECT_EQ(count_two(), 2U);
    EXPECT_THAT(two.stop(), IsEmpty());
    EXPECT_FALSE(has_mapped(getpid(), node_file));
}

TEST(Host, MayEndBeforeAnotherWhosePluginItHasLoadedTooAndWhoseModulesThrow) {
    LiveHost first({"bad_throw_stop"}, "modules: [{name: bad_throw_stop}]\n");
    ASSERT_THAT(first.start(), IsEmpty());
    {
        LiveHost second({"bad_throw_stop"}, "modules: [{name: bad_throw_stop}]\n");
        ASSERT_THAT(second.start(), IsEmpty());
    }
    EXPECT_THAT(first.stop(), ElementsAre("module 'bad_throw_stop' failed while it stopped: the well is dry"));
}

TEST(Host, StopsModulesBeforeThoseThatTheyRequire) {
    // Each calls what it requires in its start() and in its stop(): a wrong order would fail it.
    LiveHost live({"node"},
                  "modules:\n"
                  "  - {name: c, plugin: node, config: {needs: [b, a], calls_at_start: true, calls_at_stop: true}}\n"
                  "  - {name: a, plugin: node, config: {calls_at_start: true, calls_at_stop: true}}\n"
                  "  - {name: b, plugin: node, config: {needs: [a], calls_at_start: true, calls_at_stop: true}}\n");
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_THAT(live.stop(), IsEmpty());
    EXPECT_EQ(live.calls("c", "b.trace"), 2U);
    EXPECT_EQ(live.calls("b", "a.trace"), 4U);
    EXPECT_FALSE(has_mapped(getpid(), node_file));
}

TEST(Host, StartsModulesAtOnceThatDoNotRequireEachOther) {
    // Neither start() returns before both are inside.
    LiveHost live({"node"},
                  "modules:\n"
                  "  - {name: a, plugin: node, config: {start_waits: both}}\n"
                  "  - {name: b, plugin: node, config: {start_waits: both}}\n");
    std::thread opens([] {
        EXPECT_TRUE(latch::wait_for_arrivals("both", 2));
        latch::open("both");
    });
    EXPECT_THAT(live.start(), IsEmpty());
    opens.join();
}

}  // namespace
