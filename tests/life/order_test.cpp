// In which order modules start and stop, and what becomes of those that wait for one that never gets there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heddle_test/live_host.hpp"

namespace {

using namespace heddle::test;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Order, StartsWhatAModuleMayCallBeforeItAndStopsItAfterIt) {
    LiveHost live({"node"},
                  "modules:\n"
                  "  - {name: a, plugin: node, config: {may_call: [b], calls_at_start: true, calls_at_stop: true}}\n"
                  "  - {name: b, plugin: node, config: {may_call: [c], calls_at_start: true, calls_at_stop: true}}\n"
                  "  - {name: c, plugin: node}\n");
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(live.calls("a", "b.trace"), 1U);
    EXPECT_EQ(live.calls("b", "c.trace"), 2U);  // its own, and one on a's behalf
    EXPECT_THAT(live.stop(), IsEmpty());
    EXPECT_EQ(live.calls("a", "b.trace"), 2U);
    EXPECT_EQ(live.calls("b", "c.trace"), 4U);
}

TEST(Order, RunsModulesThatMayCallEachOtherInACircle) {
    LiveHost live({"node"},
                  "modules:\n"
                  "  - {name: a, plugin: node, config: {may_call: [b]}}\n"
                  "  - {name: b, plugin: node, config: {may_call: [a]}}\n");
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(live.state_of("a"), "running");
    EXPECT_EQ(live.state_of("b"), "running");
    EXPECT_THAT(live.stop(), IsEmpty());
}

TEST(Order, FailsWhatRequiresAModuleThatNeverStarts) {
    LiveHost live({"node"},
                  "modules:\n"
                  "  - {name: late, plugin: node, start_timeout: 1s, config: {start_waits: never}}\n"
                  "  - {name: needy, plugin: node, config: {needs: [late]}}\n"
                  "  - {name: needier, plugin: node, config: {needs: [needy]}}\n"
                  "  - {name: free, plugin: node}\n");
    EXPECT_THAT(live.start(),
                ElementsAre("module 'needy' failed: it requires module 'late', which has failed",
                            "module 'needier' failed: it requires module 'late', which has failed",
                            "module 'late' did not start within 1 s (start_timeout): its start() has not returned"));
    EXPECT_EQ(live.state_of("needier"), "failed");
    EXPECT_EQ(live.state_of("free"), "running");
}

TEST(Order, SaysThatWhatAModuleRequiresIsStoppedOrDisabled) {
    LiveHost live({"node"},
                  "modules:\n"
                  "  - {name: a, plugin: node}\n"
                  "  - {name: b, plugin: node, config: {calls: [a.trace]}}\n"
                  "  - {name: c, plugin: node, enabled: false}\n"
                  "  - {name: d, plugin: node, config: {calls: [c.trace]}}\n");
    EXPECT_THAT(live.start(),
                ElementsAre("module 'd' failed: module 'd' calls c.trace, which nobody provides while module 'c' is "
                            "disabled; enable it in the configuration"));
    live.host.stop_module("a");  // and b, which requires it
    EXPECT_EQ(live.state_of("b"), "stopped");
    try {
        live.host.start_module("b");
        FAIL() << "started without what it requires";
    } catch (const heddle::error& e) {
        EXPECT_STREQ(e.what(),
                     "module 'b' failed: module 'b' calls a.trace, which nobody provides while module 'a' is stopped; "
                     "start it first");
    }
    live.host.start_module("a");
    live.host.start_module("b");
    EXPECT_EQ(live.state_of("b"), "running");
}

}  // namespace
