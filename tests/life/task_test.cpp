// Tasks: functions that wait without holding their module's thread, and what becomes of them when it stops.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "heddle_test/latch.hpp"
#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

struct Parcel {
    double weight = 0;
    std::string from;
    std::vector<std::uint64_t> numbers;
};
BOOST_DESCRIBE_STRUCT(Parcel, (), (weight, from, numbers))

using namespace heddle::test;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using Nap = std::int64_t(std::uint32_t);
using Number = std::uint64_t(std::uint64_t);
using Note = void(std::string_view);
using WaitFor = std::int32_t(std::int32_t);
using Notes = std::vector<std::string>();

constexpr std::string_view one = "modules: [{name: a, plugin: errand}]\n";
constexpr std::string_view two = "modules: [{name: a, plugin: errand, config: {asks: b}}, {name: b, plugin: errand}]\n";
constexpr std::string_view hasty = "host: {preflight: false, call_timeout: 30ms}\n";

class Pipe {
public:
    Pipe() { EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK), 0); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close(ends_[0]);
        close_writing();
    }
    void write(std::string_view text) const {
        EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void close_writing() {
        if (ends_[1] >= 0) {
            close(std::exchange(ends_[1], -1));
        }
    }
    std::int32_t reading() const { return ends_[0]; }
    std::int32_t writing() const { return ends_[1]; }

private:
    std::array<int, 2> ends_{-1, -1};
};

class Tasks : public testing::Test {
protected:
    void TearDown() override { latch::release_all(); }
};

// ---- answers ------------------------------------------------------------------------------------------------------

TEST_F(Tasks, AnswerHoweverTheyAreCalled) {
    LiveHost live({"errand"}, one);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto nap = live.host.function<Nap>("a.nap");
    const auto thread = live.info_of("a").thread_id;
    EXPECT_EQ(nap(1), thread);
    EXPECT_EQ(nap.within(60s, 2), thread);
    EXPECT_EQ(nap.async(3).get(), thread);
    nap.post(4);
    const auto notes = live.host.function<Notes>("a.notes");
    EXPECT_TRUE(wait_until([&] { return notes().size() == 4; }));
    EXPECT_THAT(notes(), ElementsAre("nap 1", "nap 2", "nap 3", "nap 4"));
    EXPECT_TRUE(latch::wait_for_arrivals("gone", 4));
}

TEST_F(Tasks, ThatNeverWaitAnswerAsFunctionsDo) {
    LiveHost live({"errand"}, one);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto at_once = live.host.function<Number>("a.at_once");
    EXPECT_EQ(at_once(1), 2U);
    EXPECT_EQ(at_once.within(60s, 2), 3U);
    EXPECT_EQ(at_once.async(3).get(), 4U);
    const auto fail = live.host.function<Note>("a.fail_at_once");
    EXPECT_EQ(thrown_by([&] { return fail("the well is dry"), 0; }), "error: a.fail_at_once: the well is dry");
    fail.post("nobody hears");
    EXPECT_TRUE(live.wait_for_log("a message to a.fail_at_once from app failed: a.fail_at_once: nobody hears"));
}

TEST_F(Tasks, KeepTheirArgumentsWhileTheyWait) {
    LiveHost live({"errand"}, one);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto join =
        live.host
            .function<std::string(std::string_view, const std::string&, std::span<const std::uint32_t>, std::string)>(
                "a.join");
    const std::string long_text(10000, 'x');
    EXPECT_EQ(join("a ", long_text, std::array<std::uint32_t, 2>{7, 8}, "!"), "a " + long_text + " 7 8!");
    auto later = [&] {
        const std::string gone = "this text is gone when the call has returned";
        const std::vector<std::uint32_t> numbers(1000, 5);
        return join.async(gone, std::string(5000, 'y'), numbers, std::string(100, 'z'));
    }();
    std::string expected = "this text is gone when the call has returned" + std::string(5000, 'y');
    for (int i = 0; i < 1000; ++i) {
        expected += " 5";
    }
    EXPECT_EQ(later.get(), expected + std::string(100, 'z'));
}

TEST_F(Tasks, AnswerWithResultsOfEveryKind) {
    LiveHost live({"errand"}, one);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto pack = live.host.function<Parcel(Parcel)>("a.pack");
    const Parcel packed = pack({1.5, std::string(200, 'f'), {7}});
    EXPECT_EQ(packed.weight, 3.0);
    EXPECT_EQ(packed.from, std::string(200, 'f'));
    EXPECT_THAT(packed.numbers, ElementsAre(7, 1));
    EXPECT_THAT(pack.async({1, "", {}}).get().numbers, ElementsAre(0));
    EXPECT_EQ(live.host.function<Number>("a.by_lambda")(1), 2U);
    EXPECT_EQ(live.host.function<std::string(std::string_view)>("a.answer_of")("x"), "answer of x and answer of x");
}

TEST_F(Tasks, PassOnWhatLeavesThem) {
    LiveHost live({"errand"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto fail = live.host.function<Note>("a.fail");
    EXPECT_EQ(thrown_by([&] { return fail("the well is dry"), 0; }), "error: a.fail: the well is dry");
    EXPECT_EQ(thrown_by([&] { return fail.within(60s, "no wind"), 0; }), "error: a.fail: no wind");
    EXPECT_EQ(thrown_by([&] { return fail.async("no rain").get(), 0; }), "error: a.fail: no rain");
    fail.post("nobody hears");
    EXPECT_TRUE(live.wait_for_log("a message to a.fail from app failed: a.fail: nobody hears"));
    EXPECT_EQ(live.host.function<std::string(std::string_view)>("a.catches")("no luck"),
              "no luck | b.fail: no luck | cannot watch file descriptor -1: it is not open");
    EXPECT_EQ(live.state_of("a"), "running");
}

TEST_F(Tasks, AreMadeOfTasks) {
    LiveHost live({"errand"}, one);
    ASSERT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(live.host.function<Number>("a.deep")(100), 101U);
    EXPECT_EQ(latch::arrivals("gone"), 101U);
    EXPECT_EQ(live.host.function<Number>("a.rounds")(200'000), 200'000U);
    EXPECT_EQ(live.host.function<std::string()>("a.await_twice")(),
              "2 | this task has been awaited already: it runs once | this task is empty: it was moved from, or never "
              "made");
}

// ---- waits --------------------------------------------------------------------------------------------------------

TEST_F(Tasks, LeaveTheThreadToOthersWhileTheyWait) {
    LiveHost live({"errand"}, one);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto nap = live.host.function<Nap>("a.nap");
    auto longest = nap.async(200);
    auto long_one = nap.async(100);
    EXPECT_EQ(live.host.function<Number>("a.at_once")(1), 2U);
    nap(1);
    const std::int64_t thread = live.info_of("a").thread_id;
    EXPECT_EQ(longest.get(), thread);
    EXPECT_EQ(long_one.get(), thread);
    EXPECT_THAT(live.host.function<Notes>("a.notes")(), ElementsAre("nap 1", "nap 100", "nap 200"));
}

TEST_F(Tasks, ReadAndWriteWhenTheirDescriptorIsReady) {
    LiveHost live({"errand"}, one);
    ASSERT_THAT(live.start(), IsEmpty());
    Pipe pipe;
    auto all = live.host.function<std::string(std::int32_t)>("a.read_all").async(pipe.reading());
    pipe.write("a text that is longer ");
    ASSERT_TRUE(latch::wait_for_arrivals("reads", 1));
    pipe.write("than one read");
    pipe.close_writing();
    EXPECT_EQ(all.get(), "a text that is longer than one read.");

    const Pipe full;
    auto written =
        live.host.function<std::uint64_t(std::int32_t, std::uint64_t)>("a.write_all").async(full.writing(), 1'000'000);
    std::uint64_t read = 0;
    ASSERT_TRUE(wait_until([&] {
        std::array<char, 4096> some{};
        for (ssize_t count = 1; count > 0;) {
            count = ::read(full.reading(), some.data(), some.size());
            read += count > 0 ? static_cast<std::uint64_t>(count) : 0;
        }
        return written.ready();
    }));
    EXPECT_GT(written.get(), 0U);
}

TEST_F(Tasks, AwaitAnswersOfOtherModulesOnTheirOwnThread) {
    LiveHost live({"errand"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(live.host.function<std::uint64_t(std::uint32_t)>("a.ask_many")(100), 100U);
    const Pipe pipe;
    auto asked = live.host.function<WaitFor>("a.ask").async(pipe.reading());
    ASSERT_TRUE(latch::wait_for_arrivals("waits", 1));
    pipe.write("x");
    EXPECT_EQ(asked.get(), pipe.reading());
}

TEST_F(Tasks, RunByTheThousandAtOnce) {
    LiveHost live({"errand"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    constexpr std::uint32_t each = 5000;
    constexpr std::uint32_t callers = 3;
    std::atomic<std::uint64_t> answered{0};
    std::vector<std::thread> all;
    for (std::uint32_t caller = 0; caller < callers; ++caller) {
        all.emplace_back([&, nap = live.host.function<Nap>("a.nap"), deep = live.host.function<Number>("a.deep")] {
            std::vector<heddle::future<std::int64_t>> naps;
            std::vector<heddle::future<std::uint64_t>> depths;
            for (std::uint32_t i = 0; i < each; ++i) {
                naps.push_back(nap.async(i % 20));
                depths.push_back(deep.async(i % 4));
            }
            for (std::uint32_t i = 0; i < each; ++i) {
                answered += naps[i].get() > 0 && depths[i].get() == i % 4 + 1 ? 1U : 0U;
            }
        });
    }
    for (std::thread& caller : all) {
        caller.join();
    }
    EXPECT_EQ(answered, each * callers);
    EXPECT_EQ(latch::arrivals("gone"), callers * (each + each / 4 * (1 + 2 + 3 + 4)));
}

// ---- callers that give up -----------------------------------------------------------------------------------------

TEST_F(Tasks, GoOnWhenTheirCallerHasGivenUp) {
    LiveHost live({"errand"}, one, hasty);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto wait_for = live.host.function<WaitFor>("a.wait_for");
    const Pipe pipe;
    const Pipe other;
    const Pipe third;
    EXPECT_EQ(thrown_by([&] { return wait_for(pipe.reading()); }),
              "timeout: a.wait_for: waited 30 ms (host.call_timeout) for its answer, which is still to come: it is a "
              "task that waits itself, in module 'a'");
    EXPECT_EQ(thrown_by([&] { return wait_for.within(20ms, other.reading()); }),
              "timeout: a.wait_for: not answered until the call's deadline");
    EXPECT_EQ(thrown_by([&] { return wait_for.async(third.reading()).get(); }),
              "timeout: a.wait_for: not answered within 30 ms (host.call_timeout)");
    EXPECT_EQ(latch::arrivals("gone"), 0U);
    pipe.write("x");
    other.write("x");
    third.write("x");
    EXPECT_TRUE(latch::wait_for_arrivals("gone", 3));
    EXPECT_EQ(live.host.function<Nap>("a.nap")(1), live.info_of("a").thread_id);
}

TEST_F(Tasks, GoOnWhenTheirCallerHasGivenUpBeforeTheyFirstWait) {
    LiveHost live({"errand"}, one, hasty);
    ASSERT_THAT(live.start(), IsEmpty());
    const Pipe pipe;
    EXPECT_EQ(thrown_by([&] { return live.host.function<WaitFor>("a.dawdle")(pipe.reading()); }),
              "timeout: a.dawdle: waited 30 ms (host.call_timeout) for its answer; it runs on, and its answer will be "
              "thrown away");
    auto other = live.host.function<WaitFor>("a.dawdle").async(pipe.writing());
    EXPECT_EQ(thrown_by([&] { return other.get_within(1ms); }),
              "timeout: a.dawdle: not answered until the call's deadline");
    latch::open("dawdles");
    pipe.write("x");
    EXPECT_TRUE(latch::wait_for_arrivals("gone", 1));
    EXPECT_EQ(live.host.function<Number>("a.at_once").within(60s, 1), 2U);
}

TEST_F(Tasks, KeepTheirCallersDeadlineAfterAWait) {
    LiveHost live({"errand"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    const Pipe pipe;
    EXPECT_EQ(thrown_by([&] {
                  return live.host.function<void(std::int32_t)>("a.patience").within(100ms, pipe.reading()), 0;
              }),
              "timeout: a.patience: not answered until the call's deadline");
    ASSERT_TRUE(latch::wait_for_arrivals("patient", 1));
    EXPECT_THAT(live.host.function<Notes>("a.notes")(),
                ElementsAre("b.wait_for: waited until the call's deadline for its answer, which is still to come: it "
                            "is a task that waits itself, in module 'b'"));
    pipe.write("x");
    EXPECT_TRUE(latch::wait_for_arrivals("gone", 1));
    // And lets go of it: this one has no deadline.
    EXPECT_EQ(live.host.function<Nap>("a.nap")(1), live.info_of("a").thread_id);
}

TEST_F(Tasks, AwaitAnswersUntilTheirCallersDeadline) {
    LiveHost live({"errand"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    const Pipe pipe;
    const auto ask = live.host.function<void(std::int32_t)>("a.ask_in_time");
    const std::string late = thrown_by([&] { return ask.within(20ms, pipe.reading()), 0; });
    // Either comes first.
    EXPECT_TRUE(late.empty() || late == "timeout: a.ask_in_time: not answered until the call's deadline") << late;
    ASSERT_TRUE(latch::wait_for_arrivals("in time", 1));
    pipe.write("x");
    EXPECT_TRUE(latch::wait_for_arrivals("gone", 3));
    EXPECT_EQ(thrown_by([&] { return ask.within(60s, pipe.reading()), 0; }), "");
    EXPECT_THAT(live.host.function<Notes>("a.notes")(),
                ElementsAre("b.wait_for: not answered until the call's deadline", "answered"));
}

TEST_F(Tasks, BeginInTheOrderInWhichTheyWereAskedFor) {
    LiveHost live({"errand"}, one);
    ASSERT_THAT(live.start(), IsEmpty());
    const auto by_lambda = live.host.function<Number>("a.by_lambda");
    std::vector<std::string> expected;
    for (std::uint64_t i = 0; i < 500; ++i) {
        i % 2 == 0 ? by_lambda.post(i) : static_cast<void>(by_lambda.async(i));
        expected.push_back(fmt::format("by lambda {}", i));
    }
    const auto notes = live.host.function<Notes>("a.notes");
    ASSERT_TRUE(wait_until([&] { return notes().size() == expected.size(); }));
    EXPECT_EQ(notes(), expected);
}

TEST_F(Tasks, ThatWouldBeWaitedForOnTheirOwnThreadAreADeadlock) {
    LiveHost live(
        {"errand"},
        "modules: [{name: a, plugin: errand, config: {asks: b}}, {name: b, plugin: errand, config: {asks: a}}, "
        "{name: c, plugin: errand, config: {asks: c}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    using NapHere = std::string(std::uint32_t);
    EXPECT_EQ(live.host.function<NapHere>("c.nap_here")(0),
              "c.nap: the thread of 'c' would wait for itself: the function goes on later on that thread, which waits "
              "for its answer; call it with async() instead");
    EXPECT_EQ(live.host.function<NapHere>("a.nap_here")(1),
              "a.nap: the thread of 'a' would wait for itself: the function goes on later on that thread, which waits "
              "for its answer; call it with async() instead");
    EXPECT_EQ(live.host.function<NapHere>("a.nap_here")(0), std::to_string(live.info_of("b").thread_id));
}

// ---- spawned ------------------------------------------------------------------------------------------------------

TEST_F(Tasks, OfAModulesOwnBeginOnceItRuns) {
    LiveHost live({"errand"}, "modules: [{name: a, plugin: errand, config: {start: constructor}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    ASSERT_TRUE(latch::wait_for_arrivals("ran second", 1));
    EXPECT_THAT(live.host.function<Notes>("a.notes")(),
                ElementsAre("start", "begins constructor", "begins constructor", "begins second", "ends constructor",
                            "ends constructor", "ends second"));
    EXPECT_TRUE(latch::wait_for_arrivals("gone", 3));
}

TEST_F(Tasks, OfAModulesOwnThatFailFailIt) {
    LiveHost live({"errand"}, "modules: [{name: a, plugin: errand, config: {start: fails}}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    ASSERT_TRUE(live.wait_for_state("a", "failed"));
    EXPECT_EQ(live.reason_of("a"), "the well is dry");
    EXPECT_TRUE(latch::wait_for_arrivals("gone", 2));
}

TEST_F(Tasks, ThatHaveNotBegunEndWithAModuleThatNeverRuns) {
    for (const char* const how : {"throws", "start fails"}) {
        LiveHost live({"errand"}, fmt::format("modules: [{{name: a, plugin: errand, config: {{start: {}}}}}]\n", how));
        EXPECT_THAT(live.start(), ElementsAre("module 'a' failed: not today"));
    }
    EXPECT_EQ(latch::arrivals("gone"), 0U);
}

// ---- stopping -----------------------------------------------------------------------------------------------------

TEST_F(Tasks, AreEndedWhereTheyWaitWhenTheirModuleStops) {
    LiveHost live({"errand"},
                  "modules: [{name: a, plugin: errand, config: {asks: b, start: stays}}, {name: b, plugin: errand}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    ASSERT_TRUE(latch::wait_for_arrivals("ran stays", 1));
    ASSERT_TRUE(latch::wait_for_arrivals("gone", 1));  // the second
    const Pipe pipe;
    const Pipe other;
    auto naps = live.host.function<Nap>("a.nap").async(100'000'000);
    auto waits = live.host.function<WaitFor>("a.wait_for").async(pipe.reading());
    auto asks = live.host.function<WaitFor>("a.ask").async(other.reading());
    live.host.function<Nap>("a.nap").post(100'000'000);
    std::string thrown;
    std::jthread caller([&] { thrown = thrown_by([&] { return live.host.function<Nap>("a.nap")(100'000'000); }); });
    ASSERT_TRUE(latch::wait_for_arrivals("waits", 2));
    ASSERT_TRUE(latch::wait_for_arrivals("asks", 1));
    ASSERT_TRUE(latch::wait_for_arrivals("naps", 3));
    live.host.stop_module("a");
    caller.join();
    EXPECT_EQ(thrown, "unavailable: a.nap: its module is stopped");
    EXPECT_EQ(thrown_by([&] { return naps.get(); }), "unavailable: a.nap: its module is stopped");
    EXPECT_EQ(thrown_by([&] { return waits.get(); }), "unavailable: a.wait_for: its module is stopped");
    EXPECT_EQ(thrown_by([&] { return asks.get(); }), "unavailable: a.ask: its module is stopped");
    EXPECT_TRUE(live.has_logged("a message to a.nap from app failed: a.nap: its module is stopped"));
    EXPECT_EQ(latch::arrivals("gone"), 8U);
    EXPECT_EQ(live.state_of("a"), "stopped");
    // What a had asked of b goes on, and its answer is thrown away.
    other.write("x");
    EXPECT_TRUE(latch::wait_for_arrivals("gone", 9));
    EXPECT_EQ(live.host.function<Number>("b.at_once")(1), 2U);
    EXPECT_THAT(live.stop(), IsEmpty());
}

TEST_F(Tasks, EndWithTheHostByTheThousand) {
    constexpr std::uint32_t count = 3000;
    LiveHost live({"errand"}, two);
    ASSERT_THAT(live.start(), IsEmpty());
    std::vector<heddle::future<std::int64_t>> naps;
    std::vector<heddle::future<std::uint64_t>> others;
    for (std::uint32_t i = 0; i < count; ++i) {
        naps.push_back(live.host.function<Nap>("a.nap").async(100'000'000));
        others.push_back(live.host.function<std::uint64_t(std::uint32_t)>("a.ask_many").async(2));
    }
    ASSERT_TRUE(latch::wait_for_arrivals("naps", count));
    EXPECT_THAT(live.stop(), IsEmpty());
    for (auto& nap : naps) {
        EXPECT_EQ(thrown_by([&] { return nap.get(); }), "unavailable: a.nap: its module is stopped");
    }
    std::uint64_t answered = 0;
    std::uint64_t ended = 0;
    for (auto& other : others) {
        const std::string thrown = thrown_by([&] { return other.get(); });
        answered += thrown.empty() ? 1U : 0U;
        ended += thrown == "unavailable: a.ask_many: its module is stopped" ? 1U : 0U;
    }
    EXPECT_EQ(answered + ended, count);
}

// Each call is answered or told that the module is stopped, whenever that happens.
TEST_F(Tasks, AreAnsweredOrEndedWheneverTheirModuleStops) {
    const auto seed = std::random_device{}();
    std::cout << "seed " << seed << '\n';
    std::mt19937 random(seed);
    std::uint64_t answered = 0;
    std::uint64_t stopped = 0;
    for (int round = 0; round < 20; ++round) {
        LiveHost live({"errand"}, two);
        ASSERT_THAT(live.start(), IsEmpty());
        std::atomic<std::uint64_t> ended{0};
        std::atomic<std::uint64_t> right{0};
        std::atomic<bool> stop{false};
        std::vector<std::thread> callers;
        std::vector<std::string> odd(3);
        for (std::string& odd_one : odd) {
            callers.emplace_back([&, seed_of_caller = random()] {
                std::mt19937 choice(seed_of_caller);
                const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(choice() % end); };
                const auto nap = live.host.function<Nap>("a.nap");
                const auto deep = live.host.function<Number>("a.deep");
                const auto many = live.host.function<std::uint64_t(std::uint32_t)>("a.ask_many");
                const auto fail = live.host.function<Note>("a.fail");
                while (!stop) {
                    std::string thrown;
                    switch (below(7)) {
                        case 0:
                            thrown = thrown_by([&] { return nap(below(2)); });
                            break;
                        case 1:
                            thrown = thrown_by([&] { return deep.async(below(5)).get(); });
                            break;
                        case 2:
                            thrown = thrown_by([&] { return many.within(60s, below(5)); });
                            break;
                        case 3:
                            thrown = thrown_by([&] { return many.async(3).valid(); });  // discarded
                            break;
                        case 4:
                            thrown = thrown_by([&] { return nap.post(below(3)), 0; });
                            break;
                        case 5:
                            thrown = thrown_by([&] { return nap.within(1ms, below(3)); });
                            thrown = thrown.starts_with("timeout: a.nap: ") ? "" : thrown;
                            break;
                        default:
                            thrown = thrown_by([&] { return fail("as it should"), 0; });
                            thrown = thrown == "error: a.fail: as it should" ? "" : thrown;
                    }
                    if (thrown.empty()) {
                        ++right;
                    } else if (thrown.starts_with("unavailable: a.") && thrown.ends_with(": its module is stopped")) {
                        ++ended;
                    } else {
                        odd_one = thrown;
                    }
                }
            });
        }
        EXPECT_TRUE(wait_until([&, enough = random() % 300] { return right > enough; }));
        live.host.stop_module("a");
        stop = true;
        for (std::thread& caller : callers) {
            caller.join();
        }
        EXPECT_THAT(odd, testing::Each(""));
        EXPECT_EQ(live.state_of("a"), "stopped") << live.reason_of("a");
        EXPECT_THAT(live.stop(), IsEmpty());
        answered += right;
        stopped += ended;
    }
    EXPECT_GT(answered, 0U);
    std::cout << answered << " answered, " << stopped << " told\n";
}

}  // namespace
