// What the control thread tells and does after something has gone: late modules, reports meanwhile, names, order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Add = std::uint64_t(std::uint64_t, std::uint64_t);

TEST(BadModule, ThatGoesOnDeclaringAfterItsTimeIsLeftBehind) {
    const TempDir folder;
    LiveHost live({"node", own_copy(folder, "bad_declares_on")}, "modules: [{name: node}, {name: bad_declares_on}]\n",
                  "host: {preflight: false, start_timeout: 500ms, stop_timeout: 60s}\n");
    EXPECT_THAT(live.start(), ElementsAre(HasSubstr("module 'bad_declares_on' did not get ready within 500 ms")));
    latch::open("declared enough");
    EXPECT_EQ(live.host.function<Add>("node.add")(2, 3), 5U);
}

TEST(BadModule, ThatHasStartedTooLateIsNotServed) {
    const TempDir folder;
    LiveHost live({own_copy(folder, "node")},
                  "modules: [{name: node, start_timeout: 50ms, config: {start_waits: late, running: runs}}]\n");
    EXPECT_THAT(live.start(), ElementsAre(HasSubstr("module 'node' did not start within 50 ms")));
    latch::open("late");
    EXPECT_FALSE(latch::wait_for_arrivals("runs", 1, std::chrono::milliseconds(300)));
}

TEST(Reports, AreWholeWhileAFunctionThatWasCalledInVainIsBound) {
    LiveHost live({"node"}, "modules: [{name: node_with_a_long_name, plugin: node, enabled: false}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto add = live.host.function<Add>("node_with_a_long_name.add");
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }), "unavailable: node_with_a_long_name.add: no module provides it");
    std::atomic<bool> done = false;
    std::thread reports([&] {
        while (!done) {
            EXPECT_EQ(live.calls("app", "node_with_a_long_name.add"), 1U);
        }
    });
    live.host.start_module("node_with_a_long_name");
    live.host.stop_module("node_with_a_long_name");
    done = true;
    reports.join();
}

TEST(Gate, GoesOnSayingThatItsModuleIsStoppedWhenAnotherStarts) {
    LiveHost live({"node"}, "modules: [{name: a, plugin: node}, {name: b, plugin: node, enabled: false}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto add = live.host.function<Add>("a.add");
    live.host.stop_module("a");
    live.host.start_module("b");
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }), "unavailable: a.add: its module is stopped");
    live.host.start_module("a");
    EXPECT_EQ(add(1, 2), 3U);
}

TEST(Module, ThatIsDisabledAndStartedByHandIsShownRunning) {
    LiveHost live({"node"}, "modules: [{name: node, enabled: false}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(live.state_of("node"), "disabled");
    live.host.start_module("node");
    EXPECT_EQ(live.state_of("node"), "running");
    live.host.stop_module("node");
    EXPECT_EQ(live.state_of("node"), "disabled");
}

TEST(Order, StopsAModuleBeforeOneThatItMayCallThatWasStartedAgain) {
    LiveHost live({"node"},
                  "modules: [{name: caller, plugin: node, config: {may_call: [served], calls_at_stop: true}}, "
                  "{name: served, plugin: node}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.stop_module("served");
    live.host.start_module("served");
    EXPECT_THAT(live.stop(), IsEmpty());
    EXPECT_EQ(live.calls("caller", "served.trace"), 1U);  // by its stop(), which found it running
}

TEST(Plugin, OfTheHostsOwnNameIsRefusedAsAModuleOfThatName) {
    LiveHost live({"odd_named_host", "node"}, "");
    EXPECT_THAT(live.start(), ElementsAre(HasSubstr("cannot run as a module of its own name, which is the host's")));
    EXPECT_EQ(live.state_of("host"), "running");
    EXPECT_EQ(live.host.function<Add>("node.add")(2, 3), 5U);
}

}  // namespace
