// The exclusive policy: one at a time, the same chain of calls again, and waits that end by naming who holds the
// module.
#include "plane/exclusive.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using namespace std::chrono_literals;
using heddle::plane::Exclusive;

using Number = std::uint64_t();
using Step = std::uint64_t(std::uint64_t);
using Wait = bool(std::string_view);

TEST(Exclusive, KeepsEverybodyElseOutThroughManyHandovers) {
    Exclusive exclusive;
    std::uint64_t plain = 0;  // no atomic: under ThreadSanitizer every handover must be one
    std::vector<std::thread> all;
    for (std::uint64_t chain = 1; chain <= 6; ++chain) {
        all.emplace_back([&, chain] {
            for (int i = 0; i < 20000; ++i) {
                if (!exclusive.try_enter(chain) && !exclusive.spin_enter(chain) && !exclusive.wait_enter(chain, 60s)) {
                    ADD_FAILURE() << "waited for a minute";
                    return;
                }
                ++plain;
                exclusive.leave();
            }
        });
    }
    for (std::thread& one : all) {
        one.join();
    }
    EXPECT_EQ(plain, 120000U);
    EXPECT_EQ(exclusive.holder(), 0U);
}

TEST(Exclusive, IsHeldUntilAsManyLeftAsEntered) {
    Exclusive exclusive;
    EXPECT_TRUE(exclusive.try_enter(7));
    EXPECT_TRUE(exclusive.try_enter(7));
    exclusive.leave();
    EXPECT_EQ(exclusive.holder(), 7U);
    EXPECT_FALSE(exclusive.try_enter(8));
    EXPECT_FALSE(exclusive.spin_enter(8));
    EXPECT_FALSE(exclusive.wait_enter(8, 1ms));
    exclusive.leave();
    EXPECT_EQ(exclusive.holder(), 0U);
    EXPECT_TRUE(exclusive.try_enter(8));
    exclusive.leave();
}

TEST(Exclusive, WakesOneWhoWaitsAfterAnotherHasGivenUp) {
    Exclusive exclusive;
    ASSERT_TRUE(exclusive.try_enter(1));
    EXPECT_FALSE(exclusive.wait_enter(2, 1ms));
    std::thread waits([&] {
        EXPECT_TRUE(exclusive.wait_enter(3, 60s));
        exclusive.leave();
    });
    exclusive.leave();
    waits.join();
    EXPECT_EQ(exclusive.holder(), 0U);
}

TEST(Module, MayBeEnteredAgainByTheSameChainOfCalls) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto reenter = live.host.function<Step>("node.reenter");
    EXPECT_EQ(reenter(20), 1U);
    EXPECT_EQ(reenter(20), 2U);
    std::thread([&] { EXPECT_EQ(reenter(3), 3U); }).join();  // and was given back
    EXPECT_EQ(live.calls("node", "node.reenter"), 43U);
}

TEST(Module, MayBeEnteredAgainThroughAnotherModule) {
    // b.hold_theirs -> a.hold: both held; then a third one on the same chain would be either's own function.
    LiveHost live({"node"},
                  "modules:\n  - {name: a, plugin: node}\n  - {name: b, plugin: node, config: {needs: [a]}}\n");
    ASSERT_TRUE(live.start().empty());
    latch::open("x");
    EXPECT_TRUE(live.host.function<Wait>("b.hold_theirs")("x"));
    EXPECT_EQ(live.host.function<Number>("a.count")(), 1U);
    EXPECT_EQ(live.host.function<Number>("b.count")(), 1U);
}

TEST(Module, ThatIsHeldTooLongNamesItsHolderToWhoWaits) {
    LiveHost live({"node"},
                  "modules:\n  - {name: a, plugin: node}\n  - {name: b, plugin: node, config: {needs: [a]}}\n",
                  "host: {preflight: false, call_timeout: 50ms}\n");
    ASSERT_TRUE(live.start().empty());
    const auto hold = live.host.function<Wait>("a.hold");
    const auto hold_theirs = live.host.function<Wait>("b.hold_theirs");
    const auto count = live.host.function<Number>("a.count");
    std::thread holder([&] {
        pthread_setname_np(pthread_self(), "holder");
        EXPECT_TRUE(hold("let go"));
        EXPECT_TRUE(hold_theirs("let go again"));
    });
    ASSERT_TRUE(latch::wait_for_arrivals("let go", 1));
    EXPECT_EQ(
        thrown_by(count),
        "timeout: a: waited 50 ms (host.call_timeout) for the module, which is held by thread 'holder' in a.hold, "
        "called by app");
    latch::open("let go");
    ASSERT_TRUE(latch::wait_for_arrivals("let go again", 1));
    EXPECT_EQ(
        thrown_by(count),
        "timeout: a: waited 50 ms (host.call_timeout) for the module, which is held by thread 'holder' in a.hold, "
        "called by b");
    latch::open("let go again");
    holder.join();
    EXPECT_EQ(count(), 1U);
}

TEST(Module, ThatIsHeldLetsConcurrentCallsPass) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_TRUE(live.start().empty());
    const auto hold = live.host.function<Wait>("node.hold");
    std::thread holder([&] { EXPECT_TRUE(hold("let go")); });
    ASSERT_TRUE(latch::wait_for_arrivals("let go", 1));
    EXPECT_EQ((live.host.function<std::uint64_t(std::uint64_t, std::uint64_t)>("node.add")(2, 2)), 4U);
    latch::open("let go");
    holder.join();
}

}  // namespace
