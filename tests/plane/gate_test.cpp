// What a call meets whose function nobody serves just now: it waits while the module starts, and otherwise is told why.
#include <gtest/gtest.h>

#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"
#include "plane/grace.hpp"
#include "plane/links.hpp"
#include "plane/threads.hpp"

namespace {

using namespace heddle::test;

using Add = std::uint64_t(std::uint64_t, std::uint64_t);

/// Whether some thread waits at a gate or for a module.
bool somebody_waits() {
    bool found = false;
    heddle::plane::threads().each([&](heddle::plane::ThreadRecord& thread) { found = found || thread.waits; });
    return found;
}

TEST(Gate, LetsCallsWaitWhileTheirModuleStarts) {
    latch::open("started");
    LiveHost live({"node"}, "modules: [{name: node, config: {start_waits: started}}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    live.host.stop_module("node");
    latch::release_all();  // from here on start() waits again
    std::thread starts([&] { live.host.start_module("node"); });
    ASSERT_TRUE(latch::wait_for_arrivals("started", 1));
    std::uint64_t sum = 0;
    std::thread calls([&] { sum = add(20, 22); });
    EXPECT_TRUE(wait_until(somebody_waits, std::chrono::seconds(60)));
    EXPECT_FALSE(static_cast<bool>(add));
    latch::open("started");
    calls.join();
    starts.join();
    EXPECT_EQ(sum, 42U);
    EXPECT_TRUE(static_cast<bool>(add));
    EXPECT_EQ(live.calls("app", "node.add"), 1U);
}

// Else the link could be freed under a call that has yet to notice that its wait is over.
TEST(Gate, KeepsTheLinkOfACallThatWaitsThereButIsNoPartOfTheModule) {
    using namespace heddle::plane;
    latch::open("started");
    LiveHost live({"node"}, "modules: [{name: node, config: {start_waits: started}}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    live.host.stop_module("node");
    latch::release_all();
    std::thread starts([&] { live.host.start_module("node"); });
    ASSERT_TRUE(latch::wait_for_arrivals("started", 1));
    const heddle_module* caller = nullptr;
    const heddle_module* provider = nullptr;
    links().each([&](const LinkRecord& link) {
        if (link.wanted == "node.add") {
            caller = &link.caller;
            provider = link.provider.load();
        }
    });
    ASSERT_NE(caller, nullptr);
    ASSERT_NE(provider, nullptr);
    EXPECT_FALSE(is_calling(*caller));
    std::thread calls([&] { add(20, 22); });
    EXPECT_TRUE(wait_until(somebody_waits, std::chrono::seconds(60)));
    EXPECT_TRUE(is_calling(*caller));
    EXPECT_FALSE(is_entered(*provider));
    latch::open("started");
    calls.join();
    starts.join();
    EXPECT_FALSE(is_calling(*caller));
}

TEST(Gate, LetsNobodyWaitLongerThanItsTimeout) {
    latch::open("started");
    LiveHost live({"node"}, "modules: [{name: node, config: {start_waits: started}}]\n",
                  "host: {preflight: false, start_timeout: 60s, gate_timeout: 50ms}\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    live.host.stop_module("node");
    latch::release_all();
    std::thread starts([&] { live.host.start_module("node"); });
    ASSERT_TRUE(latch::wait_for_arrivals("started", 1));
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }),
              "unavailable: node.add: its module was still not running after 50 ms (host.gate_timeout)");
    latch::open("started");
    starts.join();
    EXPECT_EQ(add(1, 2), 3U);
}

TEST(Gate, SaysThatTheModuleIsStopped) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    EXPECT_TRUE(static_cast<bool>(add));
    live.host.stop_module("node");
    EXPECT_FALSE(static_cast<bool>(add));
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }), "unavailable: node.add: its module is stopped");
    live.host.start_module("node");
    EXPECT_EQ(add(1, 2), 3U);
}

TEST(Gate, SaysThatTheModuleHasFailed) {
    LiveHost live({"node"}, "modules: [{name: node, config: {fails_at_start: true}}]\n");
    EXPECT_EQ(live.start(), std::vector<std::string>{"module 'node' failed: told to fail"});
    const auto add = live.host.function<Add>("node.add");
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }), "unavailable: node.add: no module provides it");
    EXPECT_EQ(thrown_by([&] {
                  live.host.start_module("node");
                  return 0;
              }),
              "error: module 'node' failed: told to fail");
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }), "unavailable: node.add: its module has failed; the log says why");
}

TEST(Gate, SaysThatNobodyProvidesTheFunction) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto nobody = live.host.function<Add>("nobody.add");
    EXPECT_FALSE(static_cast<bool>(nobody));
    EXPECT_EQ(thrown_by([&] { return nobody(1, 2); }), "unavailable: nobody.add: no module provides it");
}

TEST(Gate, OpensForHandlesThatWereThereBeforeTheModule) {
    LiveHost live({"node"}, "modules: [{name: node}, {name: late, plugin: node, enabled: false}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("late.add");
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }), "unavailable: late.add: no module provides it");
    live.host.start_module("late");
    EXPECT_EQ(add(1, 2), 3U);
}

TEST(Gate, RefusesAHandleOfAnotherSignature) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    EXPECT_EQ(
        thrown_by([&] {
            live.host.function<std::uint64_t(std::uint64_t, std::uint32_t)>("node.add");
            return 0;
        }),
        "error: module 'app' calls node.add as 'u64(u64,u32)', but module 'node' provides it as 'u64(u64,u64)'; "
        "they part at character 10: 'u64(u64,u32)' against 'u64(u64,u64)'. Build both against the same declaration");
}

TEST(Gate, GivesNoHandlesBeforeTheHostHasStarted) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    EXPECT_EQ(thrown_by([&] {
                  live.host.function<Add>("node.add");
                  return 0;
              }),
              "error: the host has not been started: handles can be had from start() on");
}

}  // namespace
