// Calls are counted exactly: by many threads at once, and through the end of threads, callers and providers.
#include <gtest/gtest.h>

#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;

using Number = std::uint64_t();
using Step = std::uint64_t(std::uint64_t);
using Add = std::uint64_t(std::uint64_t, std::uint64_t);

constexpr std::uint64_t threads = 6;
constexpr std::uint64_t rounds = 20000;

template <class Work>
void on_threads(Work work) {
    std::vector<std::thread> all;
    for (std::uint64_t i = 0; i < threads; ++i) {
        all.emplace_back(work);
    }
    for (std::thread& one : all) {
        one.join();
    }
}

TEST(Counts, OfConcurrentCallsByManyThreadsAreExact) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    std::atomic<std::uint64_t> wrong = 0;
    on_threads([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            wrong += add(i, 1) == i + 1 ? 0U : 1U;
        }
    });
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(live.calls("app", "node.add"), threads * rounds);
}

TEST(Counts, OfExclusiveCallsAreExactAndSoIsAPlainCounterInTheModule) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto count = live.host.function<Number>("node.count");
    on_threads([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            count();
        }
    });
    EXPECT_EQ(live.host.function<Number>("node.counted")(), threads * rounds);
    EXPECT_EQ(live.calls("app", "node.count"), threads * rounds);
}

TEST(Counts, MayBeReadWhileThreadsCallAndOnlyGrow) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    std::atomic<bool> done = false;
    std::thread reader([&] {
        std::uint64_t last = 0;
        while (!done) {
            const std::uint64_t now = live.calls("app", "node.add");
            EXPECT_GE(now, last);
            last = now;
        }
    });
    on_threads([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            add(i, i);
        }
    });
    done = true;
    reader.join();
    EXPECT_EQ(live.calls("app", "node.add"), threads * rounds);
}

TEST(Counts, ArePerCallerAndOutliveTheLinksOfAStoppedCaller) {
    LiveHost live({"node"},
                  "modules:\n  - {name: a, plugin: node}\n  - {name: b, plugin: node, config: {needs: [a]}}\n");
    ASSERT_TRUE(live.start().empty());
    const auto trace = live.host.function<Step>("b.trace");
    for (int i = 0; i < 1500; ++i) {  // beyond the first interval of 1024, in which calls are counted otherwise
        EXPECT_EQ(trace(0), 2U);
    }
    EXPECT_EQ(live.calls("app", "b.trace"), 1500U);
    EXPECT_EQ(live.calls("b", "a.trace"), 1500U);
    EXPECT_EQ(live.calls("app", "a.trace"), 0U);
    live.host.stop_module("b");
    EXPECT_EQ(live.calls("b", "a.trace"), 1500U);
    live.host.start_module("b");
    EXPECT_EQ(trace(0), 2U);
    EXPECT_EQ(live.calls("b", "a.trace"), 1501U);
    EXPECT_EQ(live.calls("app", "b.trace"), 1501U);
}

TEST(Counts, TimeTheFirstCallAndAPowerOfTwoOfThoseThatFollow) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    const auto timed = [&] {
        for (const heddle::call_info& one : live.host.calls()) {
            if (one.function == "node.add") {
                EXPECT_GE(one.mean_ns, 0);
                EXPECT_GE(one.p99_ns, 0);
                return one.timed;
            }
        }
        return std::uint64_t{0};
    };
    add(1, 2);
    EXPECT_EQ(timed(), 1U);
    for (int i = 1; i < 2048; ++i) {
        add(1, 2);
    }
    const std::uint64_t in_2048 = timed();  // 1st, 2nd, 4th ... 1024th, 2048th
    EXPECT_GE(in_2048, 11U);
    EXPECT_LE(in_2048, 13U);
    for (int i = 0; i < 10 * 1024; ++i) {
        add(1, 2);
    }
    EXPECT_EQ(timed(), in_2048 + 10);
}

}  // namespace
