// Calls that would wait for each other for ever: the one that would close the circle is told, with the circle spelled,
// and everybody else goes on. And no call is told so that would not.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"
#include "plane/threads.hpp"

namespace {

using namespace heddle::test;
using testing::ElementsAre;
using testing::IsEmpty;

using Route = std::uint64_t(std::string_view);
using Walk = std::uint64_t(std::uint64_t, std::uint32_t);
using Number = std::uint64_t();

std::size_t waiting_now() {
    std::size_t waiting = 0;
    heddle::plane::threads().each([&](heddle::plane::ThreadRecord& thread) { waiting += thread.waits ? 1U : 0U; });
    return waiting;
}

/// True once as many threads wait for a module.
[[nodiscard]] bool wait_for_waiting(std::size_t count) {
    return wait_until([count] { return waiting_now() == count; }, std::chrono::seconds(60));
}

/// A thread of the application that takes a route, and what came of it.
class Traveller {
public:
    Traveller(const heddle::function<Route>& call, std::string route)
        : thread_(
              [this, call, route = std::move(route)] { thrown_ = thrown_by([&] { return calls_ = call(route); }); }) {}
    Traveller(LiveHost& live, const std::string& function, std::string route)
        : Traveller(live.host.function<Route>(function), std::move(route)) {}
    ~Traveller() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    Traveller(const Traveller&) = delete;
    Traveller& operator=(const Traveller&) = delete;

    /// What it threw, or how many calls the route took.
    std::string outcome() {
        thread_.join();
        return thrown_.empty() ? fmt::format("{} calls", calls_) : thrown_;
    }

private:
    std::string thrown_;
    std::uint64_t calls_ = 0;
    std::thread thread_;
};

/// "modules:" with as many as asked for, called a, b, c ..., each of which may call all others.
std::string all_call_all(std::size_t count) {
    std::string text = "modules:\n";
    for (std::size_t i = 0; i < count; ++i) {
        std::string peers;
        for (std::size_t j = 0; j < count; ++j) {
            peers += fmt::format("{}{:c}", j == 0 ? "" : ", ", 'a' + j);
        }
        text += fmt::format("  - {{name: {:c}, plugin: crossing, config: {{peers: [{}]}}}}\n", 'a' + i, peers);
    }
    return text;
}

TEST(Deadlock, OfTwoModulesIsThrownByTheCallThatWouldCloseItAndTheOtherGoesOn) {
    LiveHost live({"crossing"}, all_call_all(2));
    ASSERT_THAT(live.start(), IsEmpty());
    Traveller first(live, "a.hold", "@1 b.hold");
    Traveller second(live, "b.hold", "@2 a.hold");
    ASSERT_TRUE(latch::wait_for_arrivals("1", 1));
    ASSERT_TRUE(latch::wait_for_arrivals("2", 1));
    latch::open("1");
    ASSERT_TRUE(wait_for_waiting(1));
    latch::open("2");
    EXPECT_EQ(second.outcome(),
              "deadlock: a.hold: waiting would never end: b -[a.hold]-> a -[b.hold]-> b (each waits for the next)");
    EXPECT_EQ(first.outcome(), "1 calls");
    // Everything was given back.
    EXPECT_EQ(Traveller(live, "a.hold", "b.hold a.hold").outcome(), "2 calls");
    EXPECT_TRUE(wait_for_waiting(0));
}

TEST(Deadlock, OfFiveModulesIsSpelledAsAWhole) {
    LiveHost live({"crossing"}, all_call_all(5));
    ASSERT_THAT(live.start(), IsEmpty());
    std::vector<std::unique_ptr<Traveller>> travellers;
    for (int i = 0; i < 5; ++i) {
        travellers.push_back(std::make_unique<Traveller>(live, fmt::format("{:c}.hold", 'a' + i),
                                                         fmt::format("@{} {:c}.hold", i, 'a' + (i + 1) % 5)));
        ASSERT_TRUE(latch::wait_for_arrivals(fmt::format("{}", i), 1));
    }
    for (int i = 0; i < 4; ++i) {
        latch::open(fmt::format("{}", i));
        ASSERT_TRUE(wait_for_waiting(static_cast<std::size_t>(i) + 1));
    }
    latch::open("4");
    EXPECT_EQ(travellers[4]->outcome(),
              "deadlock: a.hold: waiting would never end: e -[a.hold]-> a -[b.hold]-> b -[c.hold]-> c -[d.hold]-> d "
              "-[e.hold]-> e (each waits for the next)");
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(travellers[i]->outcome(), "1 calls");
    }
    EXPECT_EQ(Traveller(live, "a.hold", "b.hold c.hold d.hold e.hold").outcome(), "4 calls");
}

TEST(Deadlock, IsSpelledWithTheConcurrentCallsOnItsWay) {
    LiveHost live({"crossing"}, all_call_all(4));
    ASSERT_THAT(live.start(), IsEmpty());
    // Of c and d nobody waits for anything: they are on the way. What led to `a` and to `b` is not part of it.
    Traveller first(live, "c.pass", "a.hold c.pass @1 b.hold");
    Traveller second(live, "d.hold", "b.hold d.hold @2 c.pass a.hold");
    ASSERT_TRUE(latch::wait_for_arrivals("1", 1));
    ASSERT_TRUE(latch::wait_for_arrivals("2", 1));
    latch::open("1");
    ASSERT_TRUE(wait_for_waiting(1));
    latch::open("2");
    EXPECT_EQ(second.outcome(),
              "deadlock: a.hold: waiting would never end: b -[d.hold]-> d -[c.pass]-> c -[a.hold]-> a -[c.pass]-> c "
              "-[b.hold]-> b (each waits for the next)");
    EXPECT_EQ(first.outcome(), "3 calls");
}

TEST(Deadlock, IsNotWhatOneWaitsForThatIsMerelyBusy) {
    LiveHost live({"crossing"}, all_call_all(3));
    ASSERT_THAT(live.start(), IsEmpty());
    Traveller holds_c(live, "c.hold", "@go");
    ASSERT_TRUE(latch::wait_for_arrivals("go", 1));
    Traveller first(live, "a.hold", "b.hold c.hold");  // holds a and b
    ASSERT_TRUE(wait_for_waiting(1));
    Traveller second(live, "a.hold", "b.hold");
    Traveller third(live, "b.hold", "a.hold");  // waits for b, and holds nothing yet
    ASSERT_TRUE(wait_for_waiting(3));
    latch::open("go");
    EXPECT_EQ(holds_c.outcome(), "0 calls");
    EXPECT_EQ(first.outcome(), "2 calls");
    // These two may meet each other after that, and then one is told.
    const std::string one = second.outcome();
    const std::string other = third.outcome();
    EXPECT_EQ(std::min(one, other), "1 calls") << one << "\n" << other;
}

TEST(Deadlock, OfQueuedCallsIsSpelledToo) {
    LiveHost live({"crossing"}, all_call_all(4));
    ASSERT_THAT(live.start(), IsEmpty());
    // a's thread serves the first and waits for b's, which waits for d, which the third holds, who wants an answer of
    // a.
    Traveller first(live, "a.queue", "@1 b.queue @2 d.hold");
    Traveller third(live, "d.hold", "@3 c.pass a.queue");
    ASSERT_TRUE(latch::wait_for_arrivals("3", 1));
    ASSERT_TRUE(latch::wait_for_arrivals("1", 1));
    latch::open("1");
    ASSERT_TRUE(latch::wait_for_arrivals("2", 1));
    ASSERT_TRUE(wait_for_waiting(2));  // the application's thread and a's
    latch::open("2");
    ASSERT_TRUE(wait_for_waiting(3));
    latch::open("3");
    EXPECT_EQ(third.outcome(),
              "deadlock: a.queue: waiting would never end: d -[c.pass]-> c -[a.queue]-> a -[b.queue]-> b -[d.hold]-> d "
              "(each waits for the next)");
    EXPECT_EQ(first.outcome(), "2 calls");
}

TEST(Deadlock, IsNotWhatComesBackToAModuleThatWaitsForItsAnswer) {
    LiveHost live({"crossing"}, all_call_all(3));
    ASSERT_THAT(live.start(), IsEmpty());
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(Traveller(live, "a.queue", "b.queue a.queue c.hold b.queue a.hold a.queue").outcome(), "6 calls");
        EXPECT_EQ(Traveller(live, "a.hold", "b.queue a.hold b.hold c.queue b.queue").outcome(), "5 calls");
    }
}

TEST(Deadlock, OfTwoModulesThatCallEachOtherAsTheyStart) {
    LiveHost live({"crossing"},
                  "modules:\n"
                  "  - {name: a, plugin: crossing, config: {peers: [b], at_start: \"@1 b.hold\"}}\n"
                  "  - {name: b, plugin: crossing, config: {peers: [a], at_start: \"@2 a.hold\"}}\n");
    std::thread opens([] {
        EXPECT_TRUE(latch::wait_for_arrivals("1", 1));
        EXPECT_TRUE(latch::wait_for_arrivals("2", 1));
        latch::open("1");
        EXPECT_TRUE(wait_for_waiting(1));
        latch::open("2");
    });
    EXPECT_THAT(live.start(),
                ElementsAre("module 'b' failed: a.hold: waiting would never end: b -[a.hold]-> a -[b.hold]-> b (each "
                            "waits for the next)",
                            "module 'a' failed: b.hold: its module has failed; the log says why"));
    opens.join();
}

TEST(Deadlock, OfTwoModulesThatCallEachOtherFromTheirTimersFailsOneOfThem) {
    LiveHost live({"crossing"},
                  "modules:\n"
                  "  - {name: a, plugin: crossing, config: {peers: [b], ticks: \"@1 b.hold @2\"}}\n"
                  "  - {name: b, plugin: crossing, config: {peers: [a], ticks: \"@3 a.hold\"}}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    ASSERT_TRUE(latch::wait_for_arrivals("1", 1));
    ASSERT_TRUE(latch::wait_for_arrivals("3", 1));
    latch::open("1");
    ASSERT_TRUE(wait_for_waiting(1));
    latch::open("3");
    EXPECT_TRUE(latch::wait_for_arrivals("2", 1));  // a goes on, in b
    latch::open("2");
    EXPECT_TRUE(live.wait_for_state("b", "failed"));
    EXPECT_EQ(live.reason_of("b"),
              "a.hold: waiting would never end: b -[a.hold]-> a -[b.hold]-> b (each waits for the next)");
    EXPECT_EQ(live.state_of("a"), "running");
}

TEST(Deadlock, OfAModuleThatStartsWithOneThatIsHeld) {
    LiveHost live({"crossing"},
                  "modules:\n"
                  "  - {name: a, plugin: crossing, config: {peers: [b]}}\n"
                  "  - {name: b, plugin: crossing, config: {peers: [a], at_start: \"@starts a.hold\"}}\n");
    latch::open("starts");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto hold = live.host.function<Route>("a.hold");
    live.host.stop_module("b");
    latch::release_all();
    std::string thrown;
    std::thread starts([&] {
        thrown = thrown_by([&] {
            live.host.start_module("b");
            return 0;
        });
    });
    ASSERT_TRUE(latch::wait_for_arrivals("starts", 1));
    Traveller holds_a(hold, "b.pass");  // waits at the gate, with a held
    ASSERT_TRUE(wait_for_waiting(1));
    latch::open("starts");
    starts.join();
    EXPECT_EQ(thrown,
              "error: module 'b' failed: a.hold: waiting would never end: b -[a.hold]-> a -[b.pass]-> b (each waits "
              "for the next)");
    EXPECT_EQ(holds_a.outcome(), "unavailable: b.pass: its module has failed; the log says why");
    EXPECT_EQ(Traveller(live, "a.hold", "").outcome(), "0 calls");
}

TEST(Deadlock, OfAModuleThatCallsWhatStartsAfterIt) {
    LiveHost live({"crossing"},
                  "modules:\n"
                  "  - {name: a, plugin: crossing, config: {peers: [c], at_start: c.hold}}\n"
                  "  - {name: b, plugin: crossing, config: {required: [a]}}\n"
                  "  - {name: c, plugin: crossing, config: {required: [b]}}\n");
    EXPECT_THAT(live.start(),
                ElementsAre("module 'a' failed: c.hold: waiting would never end: a -[c.hold]-> c -[starts after]-> b "
                            "-[starts after]-> a (each waits for the next)",
                            "module 'b' failed: it requires module 'a', which has failed",
                            "module 'c' failed: it requires module 'a', which has failed"));
}

TEST(Module, ThatDoesNotStartInTimeSaysAtWhoseGateItWaits) {
    const TempDir folder;
    LiveHost live(
        {own_copy(folder, "crossing")},
        "modules:\n"
        "  - {name: slow, plugin: crossing, config: {peers: [late], at_start: \"@slow\"}}\n"
        "  - {name: late, plugin: crossing, start_timeout: 1s, config: {peers: [slow], at_start: slow.pass}}\n");
    std::thread opens([&] {
        EXPECT_TRUE(
            live.wait_for_log("module 'late' did not start within 1 s (start_timeout): its start() has not "
                              "returned; it waits at the gate of module 'slow' (slow.pass), which is not "
                              "running yet"));
        latch::open("slow");
    });
    EXPECT_THAT(live.start(), testing::SizeIs(1));
    opens.join();
    EXPECT_EQ(live.state_of("slow"), "running");
    EXPECT_TRUE(wait_for_waiting(0));
}

TEST(Module, ThatDoesNotStartOrStopInTimeSaysWhoHoldsTheOneThatItWaitsFor) {
    const TempDir folder;
    LiveHost live({own_copy(folder, "crossing")},
                  "modules:\n"
                  "  - {name: held, plugin: crossing}\n"
                  "  - {name: early, plugin: crossing, stop_timeout: 1s, config: {peers: [held], at_stop: held.hold}}\n"
                  "  - {name: late, plugin: crossing, enabled: false, start_timeout: 1s, config: {peers: [held], "
                  "at_start: held.hold}}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    Traveller holds(live, "held.hold", "@go");
    ASSERT_TRUE(latch::wait_for_arrivals("go", 1));
    const std::string waits =
        "it waits for module 'held' (held.hold), which is held by thread 'deadlock_test' in "
        "held.hold, called by app";
    EXPECT_EQ(thrown_by([&] {
                  live.host.start_module("late");
                  return 0;
              }),
              "error: module 'late' did not start within 1 s (start_timeout): its start() has not returned; " + waits);
    EXPECT_EQ(thrown_by([&] {
                  live.host.stop_module("early");
                  return 0;
              }),
              "error: module 'early' did not stop within 1 s (stop_timeout): its stop() has not returned; " + waits +
                  "; its code stays loaded");
    latch::open("go");
    EXPECT_EQ(holds.outcome(), "0 calls");
    EXPECT_TRUE(wait_for_waiting(0));
}

TEST(Module, ThatCannotBeStoppedSaysWhatThoseWaitForWhoAreInside) {
    const TempDir folder;
    LiveHost live({own_copy(folder, "crossing")},
                  "modules: [{name: a, plugin: crossing, config: {peers: [b]}}, {name: b, plugin: crossing}]\n",
                  "host: {preflight: false, start_timeout: 60s, drain_timeout: 50ms, call_timeout: 60s}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    Traveller holds_b(live, "b.hold", "@go");
    ASSERT_TRUE(latch::wait_for_arrivals("go", 1));
    Traveller inside_a(live, "a.hold", "b.hold");
    ASSERT_TRUE(wait_for_waiting(1));
    EXPECT_EQ(thrown_by([&] {
                  live.host.stop_module("a");
                  return 0;
              }),
              "error: module 'a' cannot be stopped: after 50 ms (drain_timeout) it is still in use by thread "
              "'deadlock_test' in a.hold, called by app, and waits for module 'b' (b.hold); its code stays loaded");
    latch::open("go");
    EXPECT_EQ(holds_b.outcome(), "0 calls");
    EXPECT_EQ(inside_a.outcome(), "1 calls");
}

/// The seed of the random tests: the environment's HEDDLE_STRESS_SEED, or a new one.
std::uint64_t make_seed() {
    const char* const wanted = std::getenv("HEDDLE_STRESS_SEED");
    std::random_device device;
    const std::uint64_t seed = wanted == nullptr ? device() : std::strtoull(wanted, nullptr, 10);
    std::printf("HEDDLE_STRESS_SEED=%llu\n", static_cast<unsigned long long>(seed));
    return seed;
}

struct Outcomes {
    std::uint64_t finished = 0;
    std::uint64_t calls = 0;
    std::uint64_t deadlocks = 0;
    std::uint64_t unavailable = 0;
    std::vector<std::string> others;  // what must not be
    void add(const Outcomes& more) {
        finished += more.finished;
        calls += more.calls;
        deadlocks += more.deadlocks;
        unavailable += more.unavailable;
        others.insert(others.end(), more.others.begin(), more.others.end());
    }
};

const std::atomic<bool> never = false;

/// Random walks by several threads at once, so many by each or until `done`. Each finishes or is told of a deadlock;
/// nothing else, and nobody hangs: a wait that no deadlock was told of would end with a timeout.
Outcomes wander(LiveHost& live, std::size_t modules, std::size_t walkers, std::size_t walks, std::uint32_t steps,
                std::uint64_t seed, const std::atomic<bool>& done = never) {
    std::vector<heddle::function<Walk>> starts;
    for (std::size_t i = 0; i < modules; ++i) {
        starts.push_back(live.host.function<Walk>(fmt::format("m{}.wander", i)));
        starts.push_back(live.host.function<Walk>(fmt::format("m{}.wander_on", i)));
        starts.push_back(live.host.function<Walk>(fmt::format("m{}.wander_queued", i)));
    }
    std::vector<Outcomes> outcomes(walkers);
    std::vector<std::thread> all;
    for (std::size_t w = 0; w < walkers; ++w) {
        all.emplace_back([&, w] {
            std::mt19937_64 random(seed + w);
            Outcomes mine;
            for (std::size_t i = 0; i < walks && !done; ++i) {
                try {
                    mine.calls += starts[random() % starts.size()](random(), steps);
                    ++mine.finished;
                } catch (const heddle::deadlock& e) {
                    ++mine.deadlocks;
                    if (std::string_view(e.what()).find(": waiting would never end: m") == std::string_view::npos) {
                        mine.others.emplace_back(e.what());
                    }
                } catch (const heddle::unavailable&) {
                    ++mine.unavailable;
                } catch (const std::exception& e) {
                    mine.others.emplace_back(e.what());
                }
            }
            outcomes[w] = mine;
        });
    }
    for (std::thread& one : all) {
        one.join();
    }
    Outcomes sum;
    for (const Outcomes& one : outcomes) {
        sum.add(one);
    }
    return sum;
}

/// That every module can be had, and that never two chains of calls were inside of one.
void expect_whole(LiveHost& live, std::size_t modules) {
    EXPECT_TRUE(wait_for_waiting(0));
    for (std::size_t i = 0; i < modules; ++i) {
        EXPECT_GT(live.host.function<Number>(fmt::format("m{}.held", i))(), 0U) << "m" << i;
    }
}

TEST(Deadlock, IsNeverToldWhereModulesAreTakenInOneOrder) {
    const std::uint64_t seed = make_seed();
    constexpr std::size_t modules = 6;
    std::string config = "modules:\n";
    for (std::size_t i = 0; i < modules; ++i) {
        std::string peers;
        for (std::size_t j = i + 1; j < modules; ++j) {
            peers += fmt::format("{}m{}", peers.empty() ? "" : ", ", j);
        }
        config += fmt::format("  - {{name: m{}, plugin: crossing, config: {{peers: [{}]}}}}\n", i, peers);
    }
    LiveHost live({"crossing"}, config);
    ASSERT_THAT(live.start(), IsEmpty());
    std::thread looks([] {  // that there is something to wait for
        EXPECT_TRUE(wait_until([] { return waiting_now() != 0; }, std::chrono::seconds(60)));
    });
    const Outcomes sum = wander(live, modules, 8, 10000, 5, seed);
    looks.join();
    std::printf("%llu walks of %llu calls\n", static_cast<unsigned long long>(sum.finished),
                static_cast<unsigned long long>(sum.calls));
    EXPECT_THAT(sum.others, IsEmpty());
    EXPECT_EQ(sum.deadlocks, 0U);
    EXPECT_EQ(sum.finished, 80000U);
    expect_whole(live, modules);
}

TEST(Deadlock, OrAnEndIsWhatAnyWalkComesToInRandomGraphsOfCalls) {
    const std::uint64_t seed = make_seed();
    std::mt19937_64 random(seed);
    Outcomes all;
    for (int graph = 0; graph < 12; ++graph) {
        const std::size_t modules = 2 + random() % 5;
        std::string config = "modules:\n";
        for (std::size_t i = 0; i < modules; ++i) {
            std::string peers;
            for (std::size_t j = 0; j < modules; ++j) {
                if (random() % 3 != 0) {
                    peers += fmt::format("{}m{}", peers.empty() ? "" : ", ", j);
                }
            }
            config += fmt::format("  - {{name: m{}, plugin: crossing, config: {{peers: [{}]}}}}\n", i, peers);
        }
        SCOPED_TRACE(config);
        LiveHost live({"crossing"}, config);
        ASSERT_THAT(live.start(), IsEmpty());
        const Outcomes sum = wander(live, modules, 6, 300, 5, random());
        EXPECT_THAT(sum.others, IsEmpty());
        EXPECT_EQ(sum.finished + sum.deadlocks, 1800U);
        EXPECT_EQ(sum.unavailable, 0U);
        expect_whole(live, modules);
        all.add(sum);
    }
    std::printf("%llu walks finished with %llu calls, %llu were told of a deadlock\n",
                static_cast<unsigned long long>(all.finished), static_cast<unsigned long long>(all.calls),
                static_cast<unsigned long long>(all.deadlocks));
    EXPECT_GT(all.finished, 0U);
    EXPECT_GT(all.deadlocks, 0U);
}

TEST(Deadlock, OrAnEndIsWhatAnyWalkComesToWhileModulesStartAndStop) {
    const std::uint64_t seed = make_seed();
    constexpr std::size_t modules = 5;
    std::string config = "modules:\n";
    for (std::size_t i = 0; i < modules; ++i) {
        config +=
            fmt::format("  - {{name: m{}, plugin: crossing, config: {{peers: [m0, m1, m2, m3, m4], roams: 3}}}}\n", i);
    }
    LiveHost live({"crossing"}, config);
    live.start();  // a start() that is told of a deadlock fails its module
    const auto expected = testing::AnyOf("", testing::HasSubstr(": waiting would never end: m"));
    std::atomic<bool> done = false;
    std::uint64_t failed = 0;
    std::thread changer([&] {
        std::mt19937_64 random(seed);
        const auto change = [&](void (heddle::host::*how)(std::string_view), const std::string& name) {
            const std::string thrown = thrown_by([&] {
                (live.host.*how)(name);
                return 0;
            });
            failed += thrown.empty() ? 0U : 1U;
            EXPECT_THAT(thrown, expected);
        };
        for (int i = 0; i < 400; ++i) {
            const std::string name = fmt::format("m{}", random() % modules);
            change(&heddle::host::stop_module, name);
            change(&heddle::host::start_module, name);
        }
        done = true;
    });
    const Outcomes sum = wander(live, modules, 6, SIZE_MAX, 4, seed, done);
    changer.join();
    std::printf(
        "800 changes, of which %llu failed; %llu walks finished, %llu were told of a deadlock, %llu that "
        "somebody was away\n",
        static_cast<unsigned long long>(failed), static_cast<unsigned long long>(sum.finished),
        static_cast<unsigned long long>(sum.deadlocks), static_cast<unsigned long long>(sum.unavailable));
    EXPECT_THAT(sum.others, IsEmpty());
    EXPECT_GT(sum.finished, 0U);
    EXPECT_GT(sum.deadlocks, 0U);
    EXPECT_LT(failed, 400U);
    EXPECT_THAT(live.stop(), testing::Each(expected));
    EXPECT_TRUE(wait_for_waiting(0));
}

}  // namespace
