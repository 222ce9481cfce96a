// Callbacks between running modules: how they travel, by which policy they run, and what becomes of them when the
// module goes that made them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "heddle_test/latch.hpp"
#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using namespace std::chrono_literals;
using testing::IsEmpty;

using Add = std::uint64_t(std::uint64_t);
using Lend = void(std::string_view, std::string_view);
using Number = std::uint64_t();

constexpr std::string_view two =
    "modules:\n  - {name: maker, plugin: lender, config: {to: keeper}}\n  - {name: keeper, plugin: lender}\n";

class Callbacks : public testing::Test {
protected:
    void TearDown() override { latch::release_all(); }

    std::int64_t closures(LiveHost& live) { return live.host.function<std::int64_t()>("keeper.closures")(); }
};

TEST_F(Callbacks, RunByThePolicyOfWhoMadeThem) {
    LiveHost live({"lender"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto call = live.host.function<Add>("keeper.call");
    std::uint64_t sum = 0;
    for (const std::string policy : {"concurrent", "exclusive", "queued", "method"}) {
        SCOPED_TRACE(policy);
        live.host.function<Lend>("maker.lend")(policy, "");
        EXPECT_EQ(call(5), sum += 5);
        EXPECT_EQ(live.host.function<std::int64_t()>("maker.thread")(),
                  policy == "queued" ? live.info_of("maker").thread_id : gettid());
        EXPECT_TRUE(live.host.function<bool()>("keeper.is_open")());
        live.host.function<void()>("keeper.drop")();
        EXPECT_EQ(closures(live), 0);
    }
    EXPECT_EQ(live.calls("maker", "maker.callback"), 4U);
}

TEST_F(Callbacks, TravelInStructsAndInMessages) {
    LiveHost live({"lender"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto call = live.host.function<Add>("keeper.call");
    live.host.function<Lend>("maker.lend")("concurrent", "in a struct");
    EXPECT_EQ(call(1), 1U);
    live.host.function<void()>("keeper.drop")();
    live.host.function<Lend>("maker.lend")("concurrent", "in a message");
    ASSERT_TRUE(wait_until([&] { return call(1) != 0; }));
    live.host.function<Lend>("maker.lend")("", "to be told");
    EXPECT_EQ(live.host.function<std::string()>("maker.told")(), "told by keeper");
    live.host.function<void()>("keeper.drop")();
    EXPECT_EQ(closures(live), 0);
}

TEST_F(Callbacks, FailAsACallDoes) {
    LiveHost live({"lender"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    for (const std::string policy : {"concurrent", "exclusive", "queued"}) {
        live.host.function<Lend>("maker.lend")(policy, "");
        live.host.function<void(std::int32_t)>("maker.set_action")(1);
        EXPECT_EQ(thrown_by([&] { return live.host.function<Add>("keeper.call")(1); }),
                  "error: maker.callback: the ink is dry")
            << policy;
        live.host.function<void()>("keeper.drop")();
    }
}

TEST_F(Callbacks, OfAModuleThatHasStoppedAreUnavailableEvenWhenItIsBack) {
    LiveHost live({"lender"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto call = live.host.function<Add>("keeper.call");
    for (const std::string policy : {"concurrent", "exclusive", "queued"}) {
        SCOPED_TRACE(policy);
        live.host.function<Lend>("maker.lend")(policy, "");
        EXPECT_EQ(call(1), 1U);
        live.host.stop_module("maker");
        EXPECT_EQ(closures(live), 0);  // ended with its module, though it is held
        EXPECT_FALSE(live.host.function<bool()>("keeper.is_open")());
        const std::string gone = "unavailable: maker.callback: its module is stopped";
        EXPECT_EQ(thrown_by([&] { return call(1); }), gone);
        live.host.start_module("maker");
        EXPECT_EQ(thrown_by([&] { return call(1); }), gone);
        EXPECT_EQ(thrown_by([&] {
                      live.host.function<void(std::uint64_t)>("keeper.post")(1);
                      return 0;
                  }),
                  gone);
        live.host.function<void()>("keeper.drop")();
    }
}

TEST_F(Callbacks, KeptByAModuleThatStopsAreLetGo) {
    LiveHost live({"lender"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<Lend>("maker.lend")("exclusive", "");
    live.host.stop_module("keeper");
    EXPECT_EQ(live.host.function<std::int64_t()>("maker.closures")(), 0);
}

TEST_F(Callbacks, AStopWaitsForThoseInside) {
    LiveHost live({"lender"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<Lend>("maker.lend")("concurrent", "");
    live.host.function<void(std::int32_t)>("maker.set_action")(2);
    const auto is_open = live.host.function<bool()>("keeper.is_open");  // handles are not to be had while one stops
    std::atomic<std::uint64_t> got{0};
    std::thread caller([&] { got = live.host.function<Add>("keeper.call")(7); });
    ASSERT_TRUE(latch::wait_for_arrivals("in callback", 1));
    std::thread stopper([&] { live.host.stop_module("maker"); });
    EXPECT_TRUE(wait_until([&] { return !is_open(); }));
    EXPECT_EQ(got, 0U);
    latch::open("in callback");
    caller.join();
    stopper.join();
    EXPECT_EQ(got, 7U);
    EXPECT_EQ(live.state_of("maker"), "stopped");
}

TEST_F(Callbacks, TheLastCopyMayGoWhileItRunsAndBeforeItsMessageHasRun) {
    LiveHost live({"lender"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<Lend>("maker.lend")("concurrent", "");
    live.host.function<void(std::int32_t)>("maker.set_action")(3);  // drops it at its keeper
    live.host.function<void(std::uint64_t)>("keeper.post")(1);      // run on the maker's thread
    ASSERT_TRUE(latch::wait_for_arrivals("dropped", 1));
    ASSERT_TRUE(wait_until([&] { return live.host.function<Number>("maker.sum")() == 1; }));
    live.host.function<void(std::int32_t)>("maker.set_action")(0);

    live.host.function<Lend>("maker.lend")("concurrent", "");
    live.host.function<bool(std::string_view)>("maker.wait").post("busy");
    ASSERT_TRUE(latch::wait_for_arrivals("busy", 1));
    live.host.function<void(std::uint64_t)>("keeper.post")(10);
    live.host.function<void()>("keeper.drop")();
    latch::open("busy");
    ASSERT_TRUE(wait_until([&] { return live.host.function<Number>("maker.sum")() == 11; }));

    live.host.function<Lend>("maker.lend")("concurrent", "");  // ends those that nobody holds
    live.host.function<void()>("keeper.drop")();
    EXPECT_EQ(closures(live), 0);
}

TEST_F(Callbacks, AnEmptyOneSaysSo) {
    const heddle::callback<void()> none;
    EXPECT_FALSE(none);
    EXPECT_EQ(thrown_by([&] {
                  none();
                  return 0;
              }),
              "unavailable: an empty callback was called");
}

TEST_F(Callbacks, MayBeReturnedToTheApplication) {
    LiveHost live({"lender"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<Lend>("maker.lend")("exclusive", "");
    heddle::callback<Add> mine = live.host.function<heddle::callback<Add>()>("keeper.give_back")();
    EXPECT_EQ(mine(4), 4U);
    live.host.function<void()>("keeper.drop")();
    EXPECT_EQ(mine(4), 8U);
    mine = {};
    EXPECT_EQ(closures(live), 0);
}

TEST_F(Callbacks, AreCalledWhileTheirModuleStopsAndStartsAndOthersComeAndGo) {
    LiveHost live({"lender"}, std::string(two) + "  - {name: churner, plugin: lender}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> wrong{0};
    std::vector<std::thread> churners;
    for (int i = 0; i < 2; ++i) {
        churners.emplace_back([&] {
            while (!done) {
                wrong += live.host.function<std::uint64_t(std::uint64_t)>("churner.churn")(20);
            }
        });
    }
    const std::array<std::string, 3> policies{"concurrent", "exclusive", "queued"};
    for (std::size_t round = 0; round < 12; ++round) {
        live.host.function<Lend>("maker.lend")(policies[round % policies.size()], "");
        std::vector<std::thread> callers;
        std::atomic<std::uint64_t> calls{0};
        for (int i = 0; i < 3; ++i) {
            // Until it is gone, however often that is.
            callers.emplace_back([&] { calls += live.host.function<Add>("keeper.call_many")(UINT64_MAX); });
        }
        ASSERT_TRUE(wait_until([&] { return live.host.function<Number>("maker.sum")() > 3; }));
        live.host.stop_module("maker");
        for (std::thread& caller : callers) {
            caller.join();
        }
        EXPECT_GT(calls, 3U);
        live.host.function<void()>("keeper.drop")();
        live.host.start_module("maker");
    }
    done = true;
    for (std::thread& churner : churners) {
        churner.join();
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(closures(live), 0);
    EXPECT_THAT(live.stop(), IsEmpty());
}

}  // namespace
