// Grace periods: no module ends, and no library goes, while a call is inside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using testing::IsEmpty;

const std::string node_file = test_plugins_dir() / "node/node.so";

using Add = std::uint64_t(std::uint64_t, std::uint64_t);
using Step = std::uint64_t(std::uint64_t);
using Wait = bool(std::string_view);
using Modules = std::vector<heddle::module_info>();

/// Through the host's own module, which answers while the control thread is busy.
std::string state_of(const heddle::function<Modules>& modules, std::string_view name) {
    for (const heddle::module_info& one : modules()) {
        if (one.name == name) {
            return one.state;
        }
    }
    return {};
}

TEST(GracePeriod, HoldsTheUnloadUntilACallInFlightHasReturned) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<Wait>("node.wait");
    const auto add = live.host.function<Add>("node.add");
    const auto modules = live.host.function<Modules>("host.modules");
    bool returned = false;
    std::thread caller([&] { returned = wait("inside"); });
    ASSERT_TRUE(latch::wait_for_arrivals("inside", 1));
    std::atomic<bool> stopped = false;
    std::thread stops([&] {
        live.host.stop_module("node");
        stopped = true;
    });
    ASSERT_TRUE(wait_until([&] { return state_of(modules, "node") == "draining"; }, std::chrono::seconds(60)));
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }), "unavailable: node.add: its module is stopped");
    EXPECT_FALSE(stopped);
    EXPECT_TRUE(has_mapped(getpid(), node_file));
    latch::open("inside");
    caller.join();
    stops.join();
    EXPECT_TRUE(returned);
    EXPECT_EQ(live.state_of("node"), "stopped");
    EXPECT_FALSE(has_mapped(getpid(), node_file));
}

TEST(GracePeriod, ThatMissesItsDeadlineNamesThreadAndFunctionAndLeavesTheCodeLoaded) {
    const TempDir folder;
    LiveHost live({own_copy(folder, "node")}, "modules: [{name: node}]\n",
                  "host: {preflight: false, start_timeout: 60s, stop_timeout: 60s, drain_timeout: 50ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<Wait>("node.wait");
    const auto add = live.host.function<Add>("node.add");
    std::atomic<bool> returned = false;
    std::thread caller([&] {
        pthread_setname_np(pthread_self(), "slow caller");
        returned = wait("inside");
    });
    ASSERT_TRUE(latch::wait_for_arrivals("inside", 1));
    const std::string text =
        "module 'node' cannot be stopped: after 50 ms (drain_timeout) it is still in use by thread 'slow caller' in "
        "node.wait, called by app; its code stays loaded";
    EXPECT_EQ(thrown_by([&] {
                  live.host.stop_module("node");
                  return 0;
              }),
              "error: " + text);
    EXPECT_EQ(live.state_of("node"), "failed");
    EXPECT_EQ(live.reason_of("node"), text);
    EXPECT_EQ(thrown_by([&] { return add(1, 2); }), "unavailable: node.add: its module has failed; the log says why");
    EXPECT_TRUE(has_mapped(getpid(), folder.path().string()));
    latch::open("inside");
    caller.join();
    EXPECT_TRUE(returned);  // its code was there to return through
    EXPECT_THAT(live.stop(), IsEmpty());
}

TEST(GracePeriod, NamesEveryThreadThatIsStillInside) {
    const TempDir folder;
    LiveHost live({own_copy(folder, "node")},
                  "modules:\n  - {name: a, plugin: node}\n  - {name: b, plugin: node, config: {needs: [a]}}\n",
                  "host: {preflight: false, start_timeout: 60s, stop_timeout: 60s, drain_timeout: 50ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<Wait>("a.wait");
    const auto through = live.host.function<Wait>("b.hold_theirs");
    std::thread first([&] {
        pthread_setname_np(pthread_self(), "first");
        wait("inside");
    });
    std::thread second([&] {
        pthread_setname_np(pthread_self(), "second");
        through("inside");
    });
    ASSERT_TRUE(latch::wait_for_arrivals("inside", 2));
    const std::string thrown = thrown_by([&] {
        live.host.stop_module("a");
        return 0;
    });
    EXPECT_THAT(thrown,
                testing::HasSubstr("error: module 'b' cannot be stopped: after 50 ms (drain_timeout) it is still in "
                                   "use by thread 'second' in b.hold_theirs, called by app; its code stays loaded\n"
                                   "module 'a' cannot be stopped: after 50 ms (drain_timeout) it is still in use "
                                   "by "));
    EXPECT_THAT(thrown, testing::HasSubstr("thread 'first' in a.wait, called by app"));
    EXPECT_THAT(thrown, testing::HasSubstr("thread 'second' in a.hold, called by b"));
    latch::open("inside");
    first.join();
    second.join();
}

TEST(GracePeriod, DoesNotWaitForCallsThatWaitAtAGate) {
    // `outer` waits at the gate of `inner`, which starts; that holds `outer`, but not `inner`.
    latch::open("started");
    LiveHost live({"node"}, "modules: [{name: inner, plugin: node, config: {start_waits: started}}]\n",
                  std::string(patient));
    ASSERT_THAT(live.start(), IsEmpty());
    const auto add = live.host.function<Add>("inner.add");
    live.host.stop_module("inner");
    latch::release_all();
    std::thread starts([&] { live.host.start_module("inner"); });
    ASSERT_TRUE(latch::wait_for_arrivals("started", 1));
    std::string thrown;
    std::thread waits([&] { thrown = thrown_by([&] { return add(1, 2); }); });
    std::thread stops([&] { live.host.stop_module("inner"); });  // queued behind the start
    latch::open("started");
    starts.join();
    stops.join();
    waits.join();
    EXPECT_THAT(thrown, testing::AnyOf("", "unavailable: inner.add: its module is stopped"));
    EXPECT_EQ(live.state_of("inner"), "stopped");
}

TEST(GracePeriod, LetsAHundredUnloadsPassUnderneathACallersLoop) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto trace = live.host.function<Step>("node.trace");
    std::atomic<bool> done = false;
    std::atomic<std::uint64_t> served = 0;
    std::thread caller([&] {
        while (!done) {
            try {
                served += trace(0) == 1 ? 1U : 1000000000U;
            } catch (const heddle::unavailable&) {
                std::this_thread::yield();
            }
        }
    });
    for (int i = 0; i < 100; ++i) {
        live.host.stop_module("node");
        EXPECT_FALSE(has_mapped(getpid(), node_file));
        live.host.start_module("node");
    }
    const std::uint64_t before = served;
    EXPECT_TRUE(wait_until([&] { return served > before; }, std::chrono::seconds(60)));
    done = true;
    caller.join();
    EXPECT_LT(served, 1000000000U);
}

}  // namespace
