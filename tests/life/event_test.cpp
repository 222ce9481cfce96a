// Events between running modules: who is called, what a subscriber that fails or leaves does to the others, and modules
// that come and go while events are raised.
#include <fmt/format.h>
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
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Raise = void(std::uint64_t);
using Number = std::uint64_t();
using Name = void(std::string_view);

class Events : public testing::Test {
protected:
    void TearDown() override { latch::release_all(); }
};

// A sounder and listeners named l0, l1 ..., each with the policy given.
std::string with_listeners(const std::vector<std::string>& policies, const std::string& more = {}) {
    std::string text = "modules:\n  - {name: sounder}\n";
    for (std::size_t i = 0; i < policies.size(); ++i) {
        text += fmt::format("  - {{name: l{}, plugin: listener, config: {{to: sounder.changed, policy: {}{}}}}}\n", i,
                            policies[i], more);
    }
    return text;
}

std::string described(heddle::host& host) {
    const auto events = host.function<std::vector<heddle::event_info>()>("host.events");
    std::string text;
    for (const heddle::event_info& event : events()) {
        text += fmt::format("{} {} {}:", event.name, event.signature, event.raiser);
        for (const heddle::subscriber_info& one : event.subscribers) {
            text += fmt::format(" {} {}{}", one.module, one.policy, one.is_active ? "" : " waiting");
        }
        text += "\n";
    }
    return text;
}

std::uint64_t unheard(heddle::host& host, std::string_view function) {
    for (const heddle::call_info& one : host.calls()) {
        if (one.caller == "sounder" && one.function == function) {
            return one.unheard;
        }
    }
    return 0;
}
std::uint64_t dropped(heddle::host& host, std::string_view function) {
    for (const heddle::call_info& one : host.calls()) {
        if (one.caller == "sounder" && one.function == function) {
            return one.dropped;
        }
    }
    return 0;
}

TEST_F(Events, ReachEverySubscriberByThePolicyOfItsChoice) {
    LiveHost live({"sounder", "listener"}, with_listeners({"exclusive", "concurrent", "queued"}));
    ASSERT_THAT(live.start(), IsEmpty());
    for (const std::string name : {"l0", "l1", "l2"}) {
        live.host.function<void(std::int32_t)>(name + ".set_action")(6);  // notes its thread
    }
    live.host.function<Raise>("sounder.raise_many")(100);
    ASSERT_TRUE(wait_until([&] { return live.host.function<Number>("l2.count")() == 100; }));
    for (const std::string name : {"l0", "l1", "l2"}) {
        EXPECT_EQ(live.host.function<Number>(name + ".sum")(), 5050U) << name;
        const auto thread = live.host.function<std::int64_t()>(name + ".threads")();
        EXPECT_EQ(thread, name == "l2" ? live.info_of("l2").thread_id : gettid()) << name;
    }
    EXPECT_EQ(live.calls("sounder", "sounder.changed"), 100U);
    EXPECT_EQ(described(live.host),
              "sounder.changed void(u64) sounder: l0 exclusive l1 concurrent l2 queued\n"
              "sounder.read void(const Reading{number:u64@0,value:f64@8;16}&) sounder:\n"
              "sounder.said void(str,const libstdc++11:string&,libstdc++11:string) sounder:\n");
}

TEST_F(Events, GiveEachSubscriberItsOwnCopyAndQueuedOnesWhatOutlivesTheRaise) {
    LiveHost live({"sounder", "listener"}, "modules: [{name: sounder}, {name: l, plugin: listener}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<Name>("l.listen_to_texts")("sounder.said");
    const std::string text(100, 'x');
    live.host.function<Name>("sounder.say")(text);
    const auto texts = live.host.function<std::vector<std::string>()>("l.texts");
    ASSERT_TRUE(wait_until([&] { return texts().size() == 2; }));
    const std::string all = text + "," + text + "," + text;
    EXPECT_THAT(texts(), UnorderedElementsAre("at once " + all, all));
}

TEST_F(Events, ThatNobodyHearsDoNothing) {
    LiveHost live({"sounder"}, "");
    ASSERT_THAT(live.start(), IsEmpty());
    EXPECT_FALSE(live.host.function<bool()>("sounder.is_heard")());
    live.host.function<Raise>("sounder.raise_many")(10);
    EXPECT_EQ(live.calls("sounder", "sounder.changed"), 0U);
}

TEST_F(Events, GoOnToTheOthersWhenASubscriberFails) {
    LiveHost live({"sounder", "listener"}, with_listeners({"concurrent", "exclusive", "queued", "concurrent"}));
    ASSERT_THAT(live.start(), IsEmpty());
    for (const std::string name : {"l0", "l1", "l2"}) {
        live.host.function<void(std::int32_t)>(name + ".set_action")(1);
    }
    const auto raise = live.host.function<Raise>("sounder.raise");
    for (std::uint64_t x = 1; x <= 3; ++x) {
        raise(x);
    }
    EXPECT_EQ(live.host.function<Number>("l3.sum")(), 6U);
    ASSERT_TRUE(wait_until([&] { return unheard(live.host, "l2.sounder.changed") == 3; }));
    for (const std::string name : {"l0", "l1", "l2"}) {
        EXPECT_EQ(live.host.function<Number>(name + ".sum")(), 6U) << name;
        EXPECT_EQ(unheard(live.host, name + ".sounder.changed"), 3U) << name;
    }
    EXPECT_EQ(unheard(live.host, "l3.sounder.changed"), 0U);
    EXPECT_TRUE(live.has_logged("a handler of sounder.changed failed: the bell is cracked"));
    EXPECT_TRUE(live.has_logged("a handler of sounder.changed failed: the bell is cracked (2 so far)"));
    EXPECT_TRUE(
        live.has_logged("a message to l2.sounder.changed from sounder failed: l2.sounder.changed: the bell is "
                        "cracked"));
}

TEST_F(Events, ASubscriberThatFailsInACallOfItsOwnNamesWhatFailed) {
    LiveHost live({"sounder", "listener"},
                  "modules:\n  - {name: sounder}\n"
                  "  - {name: l0, plugin: listener, config: {to: sounder.changed, calls: nobody.there}}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<void(std::int32_t)>("l0.set_action")(4);
    live.host.function<Raise>("sounder.raise")(1);
    EXPECT_TRUE(live.has_logged("a handler of sounder.changed failed: nobody.there: no module provides it"));
}

TEST_F(Events, ThatNobodyRaisesAreToldAtBinding) {
    LiveHost live({"sounder", "listener"},
                  "modules:\n  - {name: sounder}\n"
                  "  - {name: l0, plugin: listener, config: {to: sounder.chnged}}\n"
                  "  - {name: l1, plugin: listener, config: {to: nobody.there, optional: true}}\n");
    EXPECT_THAT(live.start(),
                ElementsAre("module 'l0' failed: module 'l0' subscribes to sounder.chnged, which no module raises (did "
                            "you mean 'sounder.changed'?); add or start a module that raises it, wire the name to "
                            "another event under 'wire:', or make the subscription heddle::optional"));
    EXPECT_EQ(live.state_of("l1"), "running");
    EXPECT_FALSE(live.host.function<bool()>("l1.listening")());
    EXPECT_EQ(
        thrown_by([&] {
            live.host.function<Name>("l1.listen_queued")("sounder.chnged");
            return 0;
        }),
        "unavailable: l1.listen_queued: module 'l1' subscribes to sounder.chnged, which no module raises (did you mean "
        "'sounder.changed'?); add or start a module that raises it, wire the name to another event under "
        "'wire:', or make the subscription heddle::optional");
}

TEST_F(Events, OfAnotherSignatureAreRefusedWithBothTexts) {
    LiveHost live({"sounder", "listener"},
                  "modules:\n  - {name: sounder}\n"
                  "  - {name: l0, plugin: listener, config: {to: sounder.changed, wrong: true}}\n"
                  "  - {name: l1, plugin: listener, config: {to: sounder.changed, wrong: true, optional: true}}\n");
    const auto text = [](std::string_view module) {
        return fmt::format(
            "module '{}' subscribes to sounder.changed as 'void(f64)', but module 'sounder' raises it as 'void(u64)'; "
            "they part at character 6: 'void(f64)' against 'void(u64)'. Build both against the same declaration",
            module);
    };
    EXPECT_THAT(live.start(),
                UnorderedElementsAre(text("l1") + "; the subscription is optional, so the module runs without it",
                                     "module 'l0' failed: " + text("l0")));
    EXPECT_EQ(
        thrown_by([&] {
            live.host.function<void(std::string_view, std::string_view)>("l1.listen")("sounder.said", "queued");
            return 0;
        }),
        "error: l1.listen: module 'l1' subscribes to sounder.said as 'void(u64)', but module 'sounder' raises it as "
        "'void(str,const libstdc++11:string&,libstdc++11:string)'; they part at character 6: 'void(u64)' against "
        "'void(str,const libstdc++11:strin...'. Build both against the same declaration");
    EXPECT_EQ(
        thrown_by([&] {
            live.host.function<void(std::string_view, std::string_view)>("l1.listen")("changed", "queued");
            return 0;
        }),
        "error: l1.listen: subscribe(\"changed\"): an event's full name is its module's, a dot, and its own, such as "
        "sensor.changed");
}

TEST_F(Events, SubscriptionsWaitForAModuleThatStopsAndComesBack) {
    LiveHost live({"sounder", "listener"}, with_listeners({"exclusive", "queued"}));
    ASSERT_THAT(live.start(), IsEmpty());
    const auto listening = live.host.function<bool()>("l0.listening");
    EXPECT_TRUE(listening());
    live.host.stop_module("sounder");
    EXPECT_EQ(live.state_of("l0"), "running");
    EXPECT_FALSE(listening());
    EXPECT_EQ(described(live.host), "sounder.changed void(u64) : l0 exclusive waiting l1 queued waiting\n");
    live.host.start_module("sounder");
    EXPECT_TRUE(listening());
    live.host.function<Raise>("sounder.raise")(7);
    EXPECT_EQ(live.host.function<Number>("l0.sum")(), 7U);
    ASSERT_TRUE(wait_until([&] { return live.host.function<Number>("l1.sum")() == 7; }));
}

TEST_F(Events, SubscribersThatStopAndComeBackAreCalledAgain) {
    LiveHost live({"sounder", "listener"}, with_listeners({"concurrent", "queued"}));
    ASSERT_THAT(live.start(), IsEmpty());
    const auto raise = live.host.function<Raise>("sounder.raise");
    raise(1);
    live.host.stop_module("l0");
    live.host.stop_module("l1");
    EXPECT_FALSE(live.host.function<bool()>("sounder.is_heard")());
    raise(10);
    live.host.start_module("l0");
    live.host.start_module("l1");
    raise(100);
    EXPECT_EQ(live.host.function<Number>("l0.sum")(), 100U);
    ASSERT_TRUE(wait_until([&] { return live.host.function<Number>("l1.sum")() == 100; }));
}

TEST_F(Events, AHandlerMayEndItsOwnSubscriptionAndItsClosureGoesWhenItIsLeft) {
    LiveHost live({"sounder", "listener"}, "modules: [{name: sounder}, {name: l, plugin: listener}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto raise = live.host.function<Raise>("sounder.raise");
    const auto closures = live.host.function<std::int64_t()>("l.closures");
    for (const std::string policy : {"concurrent", "exclusive", "queued"}) {
        SCOPED_TRACE(policy);
        live.host.function<void(std::string_view, std::string_view)>("l.listen")("sounder.changed", policy);
        const std::int64_t before = closures();
        EXPECT_GE(before, 1);
        live.host.function<void(std::int32_t)>("l.set_action")(2);
        raise(1);
        ASSERT_TRUE(wait_until([&] { return closures() == 0; }));  // at once, but for the queued one
        live.host.function<void(std::int32_t)>("l.set_action")(0);
        EXPECT_FALSE(live.host.function<bool()>("sounder.is_heard")());
        raise(1);
    }
    EXPECT_EQ(live.host.function<Number>("l.count")(), 3U);
}

TEST_F(Events, OneThatSubscribesWhileItIsRaisedIsCalledFromTheNextTimeOn) {
    LiveHost live({"sounder", "listener"}, with_listeners({"concurrent"}));
    ASSERT_THAT(live.start(), IsEmpty());
    const auto raise = live.host.function<Raise>("sounder.raise");
    live.host.function<void(std::int32_t)>("l0.set_action")(5);
    raise(1);
    EXPECT_EQ(live.host.function<Number>("l0.count")(), 1U);
    live.host.function<void(std::int32_t)>("l0.set_action")(0);
    raise(1);
    EXPECT_EQ(live.host.function<Number>("l0.count")(), 3U);
}

TEST_F(Events, UnsubscribingWaitsForTheThreadsInsideOfTheHandler) {
    LiveHost live({"sounder", "listener"}, with_listeners({"concurrent"}));
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<void(std::int32_t)>("l0.set_action")(3);
    std::thread raiser([&] { live.host.function<Raise>("sounder.raise")(1); });
    ASSERT_TRUE(latch::wait_for_arrivals("in handler", 1));
    std::atomic<bool> left{false};
    std::thread leaver([&] {
        live.host.function<void()>("l0.leave_unheld")();
        left = true;
    });
    ASSERT_TRUE(wait_until([&] { return !live.host.function<bool()>("sounder.is_heard")(); }));
    EXPECT_FALSE(left);
    latch::open("in handler");
    leaver.join();
    raiser.join();
    EXPECT_TRUE(left);
}

TEST_F(Events, UnsubscribingIsBoundedAndTellsWhoIsStillInside) {
    LiveHost live({"sounder", "listener"}, with_listeners({"concurrent"}),
                  "host: {preflight: false, drain_timeout: 30ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<void(std::int32_t)>("l0.set_action")(3);
    std::thread raiser([&] {
        pthread_setname_np(pthread_self(), "raiser");
        live.host.function<Raise>("sounder.raise")(1);
    });
    ASSERT_TRUE(latch::wait_for_arrivals("in handler", 1));
    live.host.function<void()>("l0.leave_unheld")();
    EXPECT_TRUE(
        live.has_logged("unsubscribed from sounder.changed, but after 30 ms (drain_timeout) thread 'raiser' is "
                        "still inside of the handler, which is kept until it has left"));
    latch::open("in handler");
    raiser.join();
}

TEST_F(Events, WhoEndsASubscriptionWhileItHoldsTheModuleDoesNotWaitForThoseWhoWaitForIt) {
    LiveHost live({"sounder", "listener"}, with_listeners({"exclusive"}));
    ASSERT_THAT(live.start(), IsEmpty());
    std::thread holder([&] { live.host.function<Name>("l0.hold_and_leave")("holding"); });
    ASSERT_TRUE(latch::wait_for_arrivals("holding", 1));
    std::thread raiser([&] { live.host.function<Raise>("sounder.raise")(1); });
    ASSERT_TRUE(wait_until([&] { return live.calls("sounder", "sounder.changed") == 1; }));
    latch::open("holding");  // with the raiser on its way in, wherever it is
    holder.join();
    raiser.join();
    EXPECT_LE(live.host.function<Number>("l0.count")(), 1U);
    EXPECT_FALSE(live.host.function<bool()>("sounder.is_heard")());
}

TEST_F(Events, UnsubscribingDropsMessagesThatHaveNotRun) {
    LiveHost live({"sounder", "listener"}, with_listeners({"queued"}));
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<bool(std::string_view)>("l0.wait").post("busy");
    ASSERT_TRUE(latch::wait_for_arrivals("busy", 1));
    live.host.function<Raise>("sounder.raise_many")(5);
    live.host.function<void()>("l0.leave_unheld")();
    latch::open("busy");
    ASSERT_TRUE(wait_until([&] { return dropped(live.host, "l0.sounder.changed") == 5; }));
    EXPECT_EQ(live.host.function<Number>("l0.count")(), 0U);
}

TEST_F(Events, AFullMailboxOfASubscriberDoesAsItsPolicySays) {
    LiveHost live({"sounder", "listener"},
                  "modules: [{name: sounder}, {name: l, plugin: listener, thread: {mailbox: 4}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<void(std::string_view, std::string_view)>("l.listen")("sounder.changed", "latest");  // or_fail
    live.host.function<bool(std::string_view)>("l.wait").post("busy");
    ASSERT_TRUE(latch::wait_for_arrivals("busy", 1));
    live.host.function<Raise>("sounder.raise_many")(10);
    EXPECT_EQ(dropped(live.host, "l.sounder.changed"), unheard(live.host, "l.sounder.changed"));
    const std::uint64_t lost = dropped(live.host, "l.sounder.changed");
    EXPECT_GE(lost, 6U);
    latch::open("busy");
    ASSERT_TRUE(wait_until([&] { return live.host.function<Number>("l.count")() == 10 - lost; }));
    EXPECT_TRUE(
        live.has_logged("a handler of sounder.changed failed: its mailbox holds 4 messages of this thread, as "
                        "many as thread.mailbox allows"));
}

TEST_F(Events, AStoppedSubscriberHasRunWhatItHadAccepted) {
    LiveHost live({"sounder", "listener"}, with_listeners({"queued"}));
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<bool(std::string_view)>("l0.wait").post("busy");
    ASSERT_TRUE(latch::wait_for_arrivals("busy", 1));
    live.host.function<Raise>("sounder.raise_many")(5);
    latch::open("busy");
    live.host.stop_module("l0");
    EXPECT_EQ(dropped(live.host, "l0.sounder.changed"), 0U);
}

TEST_F(Events, RaisedByAModuleThatEndsStillReachTheMailboxesTheyWereSentTo) {
    LiveHost live({"sounder", "listener"}, with_listeners({"queued"}));
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<bool(std::string_view)>("l0.wait").post("busy");
    ASSERT_TRUE(latch::wait_for_arrivals("busy", 1));
    live.host.function<Raise>("sounder.raise_many")(5);
    live.host.stop_module("sounder");
    latch::open("busy");
    ASSERT_TRUE(wait_until([&] { return live.host.function<Number>("l0.count")() == 5; }));
}

TEST_F(Events, TooDeepARaiseFailsAtTheRaiser) {
    LiveHost live({"sounder", "listener"},
                  "modules:\n  - {name: sounder}\n"
                  "  - {name: l0, plugin: listener, config: {to: sounder.changed, policy: concurrent, "
                  "calls: sounder.raise}}\n",
                  "host: {preflight: false, call_depth: 8}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<void(std::int32_t)>("l0.set_action")(4);  // raises it again
    const std::string expected =
        "a handler of sounder.changed failed: sounder.changed: the thread is inside 8 calls already, as many as "
        "host.call_depth allows (the last ones: -> sounder.changed -> sounder.changed -> sounder.raise -> "
        "sounder.changed); is this an endless recursion?";
    std::thread raiser([&] { live.host.function<Raise>("sounder.raise")(1); });  // a new thread has the new depth
    raiser.join();
    EXPECT_EQ(live.host.function<Number>("l0.count")(), 2U);
    EXPECT_TRUE(live.has_logged(expected));
}

// ---- storms ---------------------------------------------------------------------------------------------------------

TEST_F(Events, AreCountedOutWhileOthersSubscribeAndUnsubscribe) {
    LiveHost live({"sounder", "listener"},
                  with_listeners({"concurrent", "exclusive"}) + "  - {name: churner, plugin: listener}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    constexpr std::uint64_t raises = 3000;
    constexpr int raisers = 3;
    std::vector<std::thread> threads;
    for (int i = 0; i < raisers; ++i) {
        threads.emplace_back([&] { live.host.function<Raise>("sounder.raise_many")(raises); });
    }
    std::atomic<std::uint64_t> late{0};
    for (std::uint32_t kind = 0; kind < 3; ++kind) {
        threads.emplace_back([&, kind] {
            late += live.host.function<std::uint64_t(std::string_view, std::uint64_t, std::uint32_t)>("churner.churn")(
                "sounder.changed", 150, kind);
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(late, 0U);  // no handler ran after its subscription had ended
    for (const std::string name : {"l0", "l1"}) {
        EXPECT_EQ(live.host.function<Number>(name + ".count")(), raises * raisers) << name;
        EXPECT_EQ(unheard(live.host, name + ".sounder.changed"), 0U) << name;
    }
    EXPECT_EQ(unheard(live.host, "churner.sounder.changed"), 0U);
    live.host.stop_module("churner");
    live.host.start_module("churner");
    EXPECT_EQ(live.host.function<std::int64_t()>("churner.closures")(), 0);
    EXPECT_THAT(live.stop(), IsEmpty());
}

TEST_F(Events, AreRaisedWhileSubscribersAndRaisersStopAndStart) {
    LiveHost live({"sounder", "listener"}, with_listeners({"concurrent", "exclusive", "queued", "concurrent"}));
    ASSERT_THAT(live.start(), IsEmpty());
    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> raised{0};
    std::atomic<std::uint64_t> refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            const auto raise = live.host.function<Raise>("sounder.raise");
            while (!done) {
                try {
                    raise(1);
                    ++raised;
                } catch (const heddle::unavailable&) {
                    ++refused;
                }
            }
        });
    }
    for (int round = 0; round < 12; ++round) {
        const std::string name = round % 4 == 3 ? "sounder" : fmt::format("l{}", round % 4);
        live.host.stop_module(name);
        live.host.start_module(name);
    }
    const std::uint64_t before = raised;
    ASSERT_TRUE(wait_until([&] { return raised > before + 10; }));
    done = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(live.host.function<Number>("l3.count")(), raised);  // it was there all the time
    EXPECT_THAT(live.stop(), IsEmpty());
}

}  // namespace
