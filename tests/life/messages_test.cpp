// Messages between running modules: queued calls, posts, answers that come later, deadlines.
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
using testing::HasSubstr;
using testing::IsEmpty;

using Add = std::uint64_t(std::uint64_t);
using Note = void(std::string_view);

std::string what_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const heddle::error& e) {
        return e.what();
    }
    return "nothing was thrown";
}

class Messages : public testing::Test {
protected:
    void TearDown() override { latch::release_all(); }
};

TEST_F(Messages, QueuedFunctionsRunOnTheThreadOfTheirModule) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto thread = live.host.function<std::int64_t()>("a.thread");
    EXPECT_NE(thread(), gettid());
    EXPECT_EQ(thread(),
              live.host.modules()[0].name == "a" ? live.host.modules()[0].thread_id : live.host.modules()[1].thread_id);
    const auto add = live.host.function<Add>("a.add");
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        ASSERT_EQ(add(1), i);
    }
}

TEST_F(Messages, ArgumentsAndResultsOfEveryKindCross) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto join =
        live.host.function<std::string(std::string_view, const std::string&, std::span<const std::uint32_t>)>("a.join");
    const std::string long_text(10000, 'x');
    EXPECT_EQ(join("a ", long_text, std::array<std::uint32_t, 2>{7, 8}), "a " + long_text + " 7 8");
    auto later = [&] {
        const std::string gone = "this text is gone when the call has returned";
        const std::string also(10000, 'x');
        const std::vector<std::uint32_t> numbers(1000, 5);
        return join.async(gone, also, numbers);
    }();
    std::string expected = "this text is gone when the call has returned" + long_text;
    for (int i = 0; i < 1000; ++i) {
        expected += " 5";
    }
    EXPECT_EQ(later.get(), expected);
    EXPECT_EQ(join.within(10s, "a", "b", std::span<const std::uint32_t>()), "ab");
}

TEST_F(Messages, AFailureReachesWhoWaitsForTheAnswer) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto fail = live.host.function<Note>("a.fail");
    EXPECT_EQ(what_of([&] { fail("the well is dry"); }), "a.fail: the well is dry");
    EXPECT_EQ(what_of([&] { fail.async("no rain").get(); }), "a.fail: no rain");
    EXPECT_EQ(what_of([&] { fail.within(10s, "no wind"); }), "a.fail: no wind");
    fail.post("nobody hears");
    EXPECT_EQ(live.host.function<Add>("a.add")(1), 1U);  // after the post
    EXPECT_TRUE(live.has_logged("a message to a.fail from app failed: a.fail: nobody hears"));
}

TEST_F(Messages, APostRunsInOrderAndOutlivesItsArguments) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto note = live.host.function<Note>("a.note");
    std::vector<std::string> expected;
    for (int i = 0; i < 5000; ++i) {
        expected.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i) % 100, '.'));
        note.post(std::string(expected.back()));
    }
    note("the last");
    expected.emplace_back("the last");
    EXPECT_EQ(live.host.function<std::vector<std::string>()>("a.notes")(), expected);
}

TEST_F(Messages, OfPostsInARowEachFailsForItself) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, thread: {mailbox: 64}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto add = live.host.function<void(std::uint64_t)>("a.add_but_fours");
    std::uint64_t expected = 0;
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        add.post(i);
        expected += i % 4 == 0 ? 0 : i;
    }
    EXPECT_EQ(live.host.function<Add>("a.add")(0), expected);
    std::uint64_t unheard = 0;
    for (const heddle::call_info& call : live.host.calls()) {
        unheard += call.function == "a.add_but_fours" ? call.unheard : 0;
    }
    EXPECT_EQ(unheard, 250U);
    EXPECT_TRUE(live.has_logged("a message to a.add_but_fours from app failed: a.add_but_fours: 4 divides by four"));
}

TEST_F(Messages, AFunctionThatRunsFromTheMailboxCannotServeItsLoop) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(what_of([&] { live.host.function<void()>("a.run_again")(); }),
              "a: run() was called by what a message of its own runs: the module's thread serves its loop already; "
              "return instead, and have a timer or post() go on later");
    EXPECT_EQ(live.host.function<Add>("a.add")(3), 3U);
}

TEST_F(Messages, DeadlinesEndAWaitForAQueuedFunctionThatRuns) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<bool(std::string_view)>("a.wait");
    EXPECT_EQ(what_of([&] { wait.within(20ms, "deadline"); }), "a.wait: not answered until the call's deadline");
    const auto add = live.host.function<Add>("a.add");
    EXPECT_EQ(what_of([&] { add.within(20ms, 1); }), "a.add: not answered until the call's deadline");
    latch::open("deadline");
    EXPECT_EQ(add(10), 11U);  // the late one ran, its answer was thrown away
}

TEST_F(Messages, ACallThatHasNotBegunIsTakenBackAtItsTimeout) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n", "host: {preflight: false, call_timeout: 30ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<bool(std::string_view)>("a.wait");
    wait.post("taken back");
    ASSERT_TRUE(latch::wait_for_arrivals("taken back", 1));
    const auto add = live.host.function<Add>("a.add");
    EXPECT_EQ(what_of([&] { add(1); }),
              "a.add: waited 30 ms (host.call_timeout) for the thread of 'a', which is in a.wait, called by app");
    latch::open("taken back");
    EXPECT_EQ(add.within(10s, 10), 10U);
}

TEST_F(Messages, ACallWithoutViewsLeavesWhatRunsAtItsTimeout) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n", "host: {preflight: false, call_timeout: 30ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait_number = live.host.function<Add>("a.wait_number");
    EXPECT_EQ(
        what_of([&] { wait_number(40); }),
        "a.wait_number: waited 30 ms (host.call_timeout) for its answer; it runs on, and its answer will be thrown "
        "away");
    latch::open("number");
    EXPECT_EQ(live.host.function<Add>("a.add").within(60s, 2), 42U);
}

// The function that runs on has the link on its stack, where everyone looks who waits for a module to be left, and asks
// it for its name when it fails.
TEST_F(Messages, WhatRunsOnKeepsTheLinkOfACallerThatHasStopped) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, config: {asks: b}}, {name: b, plugin: clerk}]\n",
                  "host: {preflight: false, call_timeout: 30ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    EXPECT_THAT(what_of([&] { live.host.function<Add>("a.ask_number")(40); }), HasSubstr("it runs on"));
    live.host.stop_module("a");
    live.host.start_module("a");
    live.host.stop_module("a");
    latch::open("number");
    EXPECT_EQ(live.host.function<Add>("b.add").within(60s, 2), 42U);
}

TEST_F(Messages, ADeadlineBoundsTheWaitsOfTheCallsInside) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, config: {asks: b}}, {name: b, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<bool(std::string_view)>("b.wait");
    wait.post("inherited");
    ASSERT_TRUE(latch::wait_for_arrivals("inherited", 1));
    const auto ask = live.host.function<Add>("a.ask");
    EXPECT_EQ(what_of([&] { ask.within(20ms, 1); }),
              "b.add: waited until the call's deadline for the thread of 'b', which is in b.wait, called by app");
    std::thread holder([&] { live.host.function<bool(std::string_view)>("a.wait_exclusive")("held"); });
    ASSERT_TRUE(latch::wait_for_arrivals("held", 1));
    EXPECT_THAT(what_of([&] { ask.within(20ms, 1); }),
                HasSubstr("waited until the call's deadline for the module, which is held by thread"));
    latch::open("inherited");
    latch::open("held");
    holder.join();
    EXPECT_EQ(ask.within(60s, 1), 1U);
}

TEST_F(Messages, AFullMailboxDoesAsItsFunctionsSay) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, thread: {mailbox: 4}}]\n",
                  "host: {preflight: false, call_timeout: 30ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<bool(std::string_view)>("a.wait");
    wait.post("full");
    ASSERT_TRUE(latch::wait_for_arrivals("full", 1));
    const auto refused = live.host.function<void(std::uint64_t)>("a.refused");
    const auto dropped = live.host.function<void(std::uint64_t)>("a.dropped");
    const auto note = live.host.function<Note>("a.note");
    refused.post(1);
    dropped.post(1);
    note.post("the fourth");
    EXPECT_EQ(what_of([&] { refused.post(1); }),
              "a.refused: its mailbox holds 4 messages of this thread, as many as thread.mailbox allows");
    dropped.post(1);
    dropped.post(1);
    EXPECT_EQ(what_of([&] { dropped.async(1).get(); }),
              "a.dropped: its mailbox holds 4 messages of this thread, as many as thread.mailbox allows");
    EXPECT_EQ(what_of([&] { note.post("never sent"); }),
              "a.note: waited 30 ms (host.call_timeout) for room: its mailbox holds 4 messages of this thread, as many "
              "as thread.mailbox allows");
    latch::open("full");
    EXPECT_TRUE(wait_until([&] { return live.host.function<std::uint64_t()>("a.sum")() == 2; }));
    std::map<std::string, std::uint64_t> dropped_of;
    for (const heddle::call_info& call : live.host.calls()) {
        dropped_of[call.function] += call.dropped;
    }
    EXPECT_EQ(dropped_of["a.refused"], 1U);
    EXPECT_EQ(dropped_of["a.dropped"], 3U);
    EXPECT_EQ(dropped_of["a.note"], 1U);
}

// A sender that has waited for room has some then for its own message, however large.
TEST_F(Messages, LargeMessagesWaitForTheRoomThatTheyNeed) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, thread: {mailbox: 16}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto note = live.host.function<Note>("a.note");
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < 20000; ++i) {
        expected.emplace_back(300 + i * 7 % 180, static_cast<char>('a' + i % 26));
        note.post(expected.back());
    }
    EXPECT_EQ(live.host.function<std::vector<std::string>()>("a.notes").within(60s), expected);
}

TEST_F(Messages, AQueuedCallThatMayDropTheOldestFindsTheMailboxFullOfOthers) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, thread: {mailbox: 8}}]\n",
                  "host: {preflight: false, call_timeout: 30ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<bool(std::string_view)>("a.wait").post("full of others");
    ASSERT_TRUE(latch::wait_for_arrivals("full of others", 1));
    const auto add = live.host.function<Add>("a.add");
    for (int i = 0; i < 7; ++i) {
        add.post(1);
    }
    EXPECT_EQ(what_of([&] { add.post(1); }).substr(0, 5), "a.add");
    const auto latest = live.host.function<void(std::uint64_t)>("a.latest");
    EXPECT_EQ(what_of([&] { latest(5); }),
              "a.latest: waited 30 ms (host.call_timeout) for the thread of 'a', which is in a.wait, called by app");
    latch::open("full of others");
    EXPECT_EQ(add.within(60s, 1), 8U);
}

// What an answer needs of its host is there as long as the future.
TEST_F(Messages, AFutureMayOutliveItsHost) {
    heddle::future<std::uint64_t> sum;
    heddle::future<void> failed;
    heddle::future<std::string> unread;
    {
        LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
        ASSERT_THAT(live.start(), IsEmpty());
        sum = live.host.function<Add>("a.add").async(3);
        failed = live.host.function<Note>("a.fail").async("too late");
        unread =
            live.host
                .function<std::string(std::string_view, const std::string&, std::span<const std::uint32_t>)>("a.join")
                .async("a", std::string(1000, 'b'), std::span<const std::uint32_t>());
    }
    EXPECT_TRUE(unread.ready());
    EXPECT_EQ(sum.get(), 3U);
    EXPECT_EQ(what_of([&] { failed.get(); }), "a.fail: too late");
}

TEST_F(Messages, TheOldestGoWhereTheNewestMatter) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, thread: {mailbox: 4}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<bool(std::string_view)>("a.wait");
    const auto latest = live.host.function<void(std::uint64_t)>("a.latest");
    wait.post("oldest");
    ASSERT_TRUE(latch::wait_for_arrivals("oldest", 1));
    for (std::uint64_t i = 0; i < 100; ++i) {
        latest.post(i);
    }
    latch::open("oldest");
    EXPECT_TRUE(wait_until([&] { return live.host.function<std::uint64_t()>("a.sum")() == 4; }));
    EXPECT_THAT(live.host.function<std::vector<std::string>()>("a.notes")(), ElementsAre("96", "97", "98", "99"));
}

// A lane's ring that is full of messages for others has no room for a call that would be the first in its list.
TEST_F(Messages, ACallThatMayBeDroppedFindsRoomBehindAFullMailbox) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, thread: {mailbox: 4}}]\n",
                  "host: {preflight: false, call_timeout: 30ms}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<bool(std::string_view)>("a.wait");
    const auto refused = live.host.function<void(std::uint64_t)>("a.refused");
    const auto latest = live.host.function<void(std::uint64_t)>("a.latest");
    wait.post("behind");
    ASSERT_TRUE(latch::wait_for_arrivals("behind", 1));
    for (int i = 0; i < 3; ++i) {
        refused.post(1);
    }
    EXPECT_THAT(what_of([&] { refused.post(1); }), HasSubstr("its mailbox holds 4 messages"));
    EXPECT_EQ(what_of([&] { latest(7); }),
              "a.latest: waited 30 ms (host.call_timeout) for the thread of 'a', which is in a.wait, called by app");
    latch::open("behind");
    latest.within(60s, 8);
    EXPECT_THAT(live.host.function<std::vector<std::string>()>("a.notes")(), ElementsAre("8"));
    EXPECT_EQ(live.host.function<std::uint64_t()>("a.sum")(), 4U);
}

TEST_F(Messages, CallsWithManyArgumentsFitIntoTheSmallestMailbox) {
    for (const int most : {1, 2, 3, 4, 5}) {
        LiveHost live({"clerk"}, fmt::format("modules: [{{name: a, plugin: clerk, thread: {{mailbox: {}}}}}]\n", most),
                      "host: {preflight: false, call_timeout: 5s}\n");
        ASSERT_THAT(live.start(), IsEmpty());
        const auto total = live.host.function<std::uint64_t(std::array<std::uint64_t, 32>)>("a.total");
        const auto add = live.host.function<Add>("a.add");
        std::array<std::uint64_t, 32> numbers{};
        numbers.fill(2);
        for (std::uint64_t i = 0; i < 100; ++i) {
            ASSERT_EQ(total(numbers), 64U) << most;
            ASSERT_EQ(add(1), i + 1) << most;
        }
    }
}

TEST_F(Messages, AnAnswerGoesOnWhereTheCallWasMade) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, config: {asks: b}}, {name: b, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    live.host.function<void(std::uint64_t)>("a.ask_later")(41);
    ASSERT_TRUE(latch::wait_for_arrivals("answered", 1));
    live.host.function<void(std::uint64_t)>("a.post_to_itself")(5);
    ASSERT_TRUE(latch::wait_for_arrivals("posted", 1));
    const auto thread = live.host.function<std::int64_t()>("a.thread")();
    EXPECT_THAT(live.host.function<std::vector<std::string>()>("a.notes")(),
                ElementsAre(fmt::format("41 on {}", thread), fmt::format("5 on {}", thread)));
}

TEST_F(Messages, ACallBackIntoAWaitingModuleOfTheSameChainRunsThere) {
    LiveHost live(
        {"clerk"},
        "modules: [{name: a, plugin: clerk, config: {asks: b}}, {name: b, plugin: clerk, config: {asks: a}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto ask_back = live.host.function<Add>("a.ask_back");
    const auto thread_a = static_cast<std::uint64_t>(live.host.function<std::int64_t()>("a.thread")());
    const auto thread_b = static_cast<std::uint64_t>(live.host.function<std::int64_t()>("b.thread")());
    EXPECT_EQ(ask_back(0), thread_a);
    EXPECT_EQ(ask_back(1), thread_b);
    EXPECT_EQ(ask_back(2), thread_a);
    EXPECT_EQ(ask_back(7), thread_b);
    EXPECT_EQ(ask_back(8), thread_a);
}

TEST_F(Messages, NothingIsLostOrOutOfOrderFromManyThreads) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk, thread: {mailbox: 64}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    constexpr std::uint64_t each = 20000;
    constexpr std::uint32_t senders = 6;
    std::vector<std::thread> all;
    for (std::uint32_t sender = 0; sender < senders; ++sender) {
        all.emplace_back([&, sender, sequence = live.host.function<void(std::uint32_t, std::uint64_t)>("a.sequence")] {
            std::vector<heddle::future<void>> answers;
            for (std::uint64_t i = 0; i < each; ++i) {
                switch (i % 16) {
                    case 0:
                        sequence(sender, i);
                        break;
                    case 1:
                        answers.push_back(sequence.async(sender, i));
                        break;
                    default:
                        sequence.post(sender, i);
                }
            }
            for (auto& answer : answers) {
                answer.get();
            }
        });
    }
    for (std::thread& one : all) {
        one.join();
    }
    live.host.function<void(std::string_view)>("a.note")("the last");
    EXPECT_TRUE(wait_until(
        [&] { return live.host.function<std::uint64_t()>("a.sum")() == senders * (each * (each - 1) / 2); }));
    EXPECT_EQ(live.host.function<std::uint64_t()>("a.out_of_order")(), 0U);
}

TEST_F(Messages, WhatWasAcceptedRunsBeforeItsModuleStops) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<bool(std::string_view)>("a.wait");
    const auto add = live.host.function<Add>("a.add");
    auto running = wait.async("stops");
    ASSERT_TRUE(latch::wait_for_arrivals("stops", 1));
    std::vector<heddle::future<std::uint64_t>> accepted;
    for (int i = 0; i < 100; ++i) {
        accepted.push_back(add.async(1));
    }
    std::thread stopper([&] { live.host.stop_module("a"); });
    ASSERT_TRUE(wait_until([&] { return !static_cast<bool>(add); }));
    EXPECT_EQ(what_of([&] { add.post(1); }), "a.add: its module is stopped");
    latch::open("stops");
    stopper.join();
    EXPECT_TRUE(running.get());
    EXPECT_EQ(accepted.back().get(), 100U);
    EXPECT_EQ(live.state_of("a"), "stopped");
}

TEST_F(Messages, ThoseLeftInTheMailboxAreToldWhenTheModuleFails) {
    LiveHost live({"clerk"}, "modules: [{name: a, plugin: clerk}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait = live.host.function<bool(std::string_view)>("a.wait");
    const auto add = live.host.function<Add>("a.add");
    wait.post("fails");
    ASSERT_TRUE(latch::wait_for_arrivals("fails", 1));
    live.host.function<Note>("a.post_failure")("the well is dry");
    auto left = add.async(1);
    add.post(1);
    latch::open("fails");
    EXPECT_EQ(what_of([&] { left.get(); }), "a.add: its module is stopped");
    EXPECT_TRUE(wait_until([&] { return live.state_of("a") == "failed"; }));
    EXPECT_EQ(live.reason_of("a"), "the well is dry");
}

}  // namespace
