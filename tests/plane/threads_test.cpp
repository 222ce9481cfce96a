// Threads that the host did not start: registered by their first call, gone with their end, their counts kept.
#include "plane/threads.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
namespace plane = heddle::plane;

using Add = std::uint64_t(std::uint64_t, std::uint64_t);

TEST(Threads, AreRegisteredByTheirFirstCallAndForgottenWhenTheyEnd) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    const std::size_t before = plane::threads().count();
    std::vector<std::thread> all;
    for (int i = 0; i < 8; ++i) {
        all.emplace_back([&] {
            add(1, 1);
            latch::wait("all have called");
        });
    }
    ASSERT_TRUE(latch::wait_for_arrivals("all have called", 8));
    EXPECT_EQ(plane::threads().count(), before + 8);
    EXPECT_EQ(live.calls("app", "node.add"), 8U);
    latch::open("all have called");
    for (std::thread& one : all) {
        one.join();
    }
    EXPECT_EQ(plane::threads().count(), before);
    EXPECT_EQ(live.calls("app", "node.add"), 8U);
}

TEST(Threads, ThatNeverCallAreNotRegistered) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const std::size_t before = plane::threads().count();
    std::size_t during = 0;
    std::thread([&] { during = plane::threads().count(); }).join();
    EXPECT_EQ(during, before);
}

struct CallsAtTheEnd {
    const heddle::function<Add>* add = nullptr;
    std::uint64_t* sum = nullptr;
    ~CallsAtTheEnd() {
        if (add != nullptr) {
            *sum += (*add)(2, 3);
        }
    }
};

TEST(Threads, MayCallFromADestructorOfAThreadLocal) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    const std::size_t before = plane::threads().count();
    std::uint64_t sum = 0;
    for (const bool called_before : {false, true}) {
        std::thread([&] {
            static thread_local CallsAtTheEnd at_end;
            at_end.add = &add;
            at_end.sum = &sum;
            if (called_before) {
                add(1, 1);
            }
        }).join();
    }
    EXPECT_EQ(sum, 10U);
    EXPECT_EQ(plane::threads().count(), before);
    EXPECT_EQ(live.calls("app", "node.add"), 3U);
}

// Other pthread keys' destructors may run after the registry's own.
TEST(Threads, MayCallFromAPthreadKeysDestructorAndAreForgottenAllTheSame) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    static const heddle::function<Add>* add = nullptr;
    static std::atomic<int> calls = 0;
    const auto handle = live.host.function<Add>("node.add");
    add = &handle;
    pthread_key_t key{};
    ASSERT_EQ(pthread_key_create(&key,
                                 [](void* /*value*/) {
                                     (*add)(1, 1);
                                     ++calls;
                                 }),
              0);
    const std::size_t before = plane::threads().count();
    std::thread([&] {
        (*add)(1, 1);  // the registry's key is older: its destructor has run when the other one calls
        pthread_setspecific(key, &key);
    }).join();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(plane::threads().count(), before);
    EXPECT_EQ(live.calls("app", "node.add"), 2U);
    pthread_key_delete(key);
}

TEST(Threads, ComeAndGoByTheThousandWithoutLosingACall) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto add = live.host.function<Add>("node.add");
    const std::size_t before = plane::threads().count();
    for (int i = 0; i < 1000; ++i) {
        std::thread([&] { add(1, 1); }).join();
    }
    EXPECT_EQ(plane::threads().count(), before);
    EXPECT_EQ(live.calls("app", "node.add"), 1000U);
}

}  // namespace
