// The exclusive policy: one at a time, the same chain of calls again, and waits that end by naming who holds the
// module.
#include "plane/exclusive.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"
#include "plane/futex.hpp"
#include "plane/grace.hpp"

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

/// A thread that waits for a module and is as good as descheduled while it does: from freeze() to thaw() it sits in a
/// signal handler. One at a time.
class FrozenWaiter {
public:
    FrozenWaiter(
        Exclusive& exclusive, std::uint64_t chain, const std::function<void()>& inside = [] {})
        : thread_([this, &exclusive, chain, inside] {
              has_it_ = exclusive.wait_enter(chain, 60s);
              if (has_it_) {
                  inside();
                  exclusive.leave();
              }
          }) {
        struct sigaction action {};
        action.sa_handler = [](int) {
            is_frozen.store(1);
            while (is_frozen.load() != 0) {
                heddle::plane::futex_wait(is_frozen, 1, 1s);
            }
        };
        sigaction(SIGUSR1, &action, nullptr);
    }
    ~FrozenWaiter() { EXPECT_FALSE(thread_.joinable()); }

    void freeze() {
        ASSERT_EQ(pthread_kill(thread_.native_handle(), SIGUSR1), 0);
        ASSERT_TRUE(wait_until([] { return is_frozen.load() != 0; }));
    }
    void thaw() {
        is_frozen.store(0);
        heddle::plane::futex_wake(is_frozen, 1);
        thread_.join();
        EXPECT_TRUE(has_it_);
    }

private:
    static std::atomic<std::uint32_t> is_frozen;
    bool has_it_ = false;
    std::thread thread_;
};
std::atomic<std::uint32_t> FrozenWaiter::is_frozen{0};

/// The first `count` processors that this test may run on, for the calling thread and those it starts, for a scope.
class OnFewProcessors {
public:
    explicit OnFewProcessors(int count) {
        sched_getaffinity(0, sizeof before_, &before_);
        cpu_set_t few;
        CPU_ZERO(&few);
        for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&few) < count; ++cpu) {
            if (CPU_ISSET(cpu, &before_)) {
                CPU_SET(cpu, &few);
            }
        }
        sched_setaffinity(0, sizeof few, &few);
    }
    OnFewProcessors(const OnFewProcessors&) = delete;
    OnFewProcessors& operator=(const OnFewProcessors&) = delete;
    ~OnFewProcessors() { sched_setaffinity(0, sizeof before_, &before_); }

private:
    cpu_set_t before_{};
};

bool is_asleep(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    const std::size_t name_end = all.rfind(')');
    return name_end != std::string::npos && all.substr(name_end, 3) == ") S";
}

class Line : public testing::Test {
protected:
    static void SetUpTestSuite() { ASSERT_TRUE(heddle::plane::prepare_membarrier()); }
};

TEST_F(Line, GivesTheModuleToAWaiterThatIsDescheduledAfterABoundedNumberOfOvertakings) {
    Exclusive exclusive;
    ASSERT_TRUE(exclusive.try_enter(1));
    FrozenWaiter waiter(exclusive, 2);
    ASSERT_TRUE(wait_until([&] { return exclusive.is_contended(); }));
    waiter.freeze();
    std::uint32_t overtakings = 0;
    exclusive.leave();
    while (overtakings <= 2 * Exclusive::most_overtakings && exclusive.try_enter(1)) {
        ++overtakings;
        exclusive.leave();
    }
    EXPECT_LE(overtakings, Exclusive::most_overtakings);
    EXPECT_EQ(exclusive.holder(), 2U);
    waiter.thaw();
    EXPECT_TRUE(exclusive.try_enter(1));
    exclusive.leave();
}

TEST_F(Line, GivesTheModuleToAWaiterThatIsDescheduledWhileEightOthersFightForIt) {
    const OnFewProcessors few(2);
    for (int round = 0; round < 10; ++round) {
        Exclusive exclusive;
        ASSERT_TRUE(exclusive.try_enter(1));
        std::uint64_t overtakings = 0;  // no atomic: the module guards it
        std::uint64_t of_the_waiter = 0;
        FrozenWaiter waiter(exclusive, 2, [&] { of_the_waiter = overtakings; });
        ASSERT_TRUE(wait_until([&] { return exclusive.is_contended(); }));
        waiter.freeze();
        std::atomic<bool> enough{false};
        std::vector<std::thread> others;
        for (std::uint64_t chain = 3; chain < 11; ++chain) {
            others.emplace_back([&, chain] {
                while (!enough.load(std::memory_order_relaxed)) {
                    if (!exclusive.try_enter(chain) && !exclusive.spin_enter(chain)) {
                        ASSERT_TRUE(exclusive.wait_enter(chain, 60s));
                    }
                    ++overtakings;
                    exclusive.leave();
                }
            });
        }
        exclusive.leave();
        EXPECT_TRUE(wait_until([&] { return exclusive.holder() == 2; }));
        enough = true;
        waiter.thaw();
        EXPECT_LE(of_the_waiter, Exclusive::most_overtakings);
        for (std::thread& one : others) {
            one.join();
        }
    }
}

TEST_F(Line, LetsASleeperTakeWhatTheDescheduledFirstDoesNot) {
    Exclusive exclusive;
    ASSERT_TRUE(exclusive.try_enter(1));
    FrozenWaiter waiter(exclusive, 2);
    ASSERT_TRUE(wait_until([&] { return exclusive.is_contended(); }));
    waiter.freeze();
    std::atomic<bool> passed{false};
    std::atomic<pid_t> id{0};
    std::thread sleeper([&] {
        id = gettid();
        EXPECT_TRUE(exclusive.wait_enter(3, 60s));
        passed = true;
        exclusive.leave();
    });
    ASSERT_TRUE(wait_until([&] { return id.load() != 0 && is_asleep(id.load()); }));
    exclusive.leave();  // the first is told, and does nothing about it
    EXPECT_TRUE(wait_until([&] { return passed.load(); }));
    waiter.thaw();
    sleeper.join();
}

TEST_F(Line, StarvesNobodyWhateverItsPriority) {
    // Two processors, eight threads that call until everybody has had its calls, two of them the scheduler's last
    // choice.
    const OnFewProcessors few(2);
    constexpr std::uint64_t wanted = 200;
    Exclusive exclusive;
    std::uint64_t passed = 0;
    std::atomic<int> unsatisfied{8};
    std::vector<std::thread> all;
    for (std::uint64_t chain = 1; chain <= 8; ++chain) {
        all.emplace_back([&, chain] {
            if (chain <= 2) {
                const sched_param none{};
                EXPECT_EQ(pthread_setschedparam(pthread_self(), SCHED_IDLE, &none), 0);
            }
            for (std::uint64_t mine = 1; unsatisfied.load(std::memory_order_relaxed) != 0; ++mine) {
                // Those stand in line each time; the others take what happens to be free.
                ASSERT_TRUE((chain > 2 && exclusive.try_enter(chain)) || exclusive.wait_enter(chain, 60s));
                ++passed;
                exclusive.leave();
                if (mine == wanted) {
                    --unsatisfied;
                }
            }
        });
    }
    for (std::thread& one : all) {
        one.join();
    }
    EXPECT_GE(passed, 8 * wanted);
    EXPECT_EQ(exclusive.holder(), 0U);
}

TEST_F(Line, LosesNobodyBehindThoseThatGiveUp) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Exclusive exclusive;
    std::uint64_t passed = 0;
    std::atomic<std::uint64_t> taken{0};
    std::atomic<std::uint64_t> given_up{0};
    constexpr int calls = 3000;
    std::vector<std::thread> all;
    for (std::uint64_t chain = 1; chain <= 6; ++chain) {
        all.emplace_back([&, chain] {
            std::mt19937 random(static_cast<std::mt19937::result_type>(seed + chain));
            for (int i = 0; i < calls; ++i) {
                const bool patient = random() % 4 == 0;
                const bool got_it =
                    exclusive.wait_enter(chain, patient ? 60s : std::chrono::microseconds(random() % 100));
                if (!got_it) {
                    ASSERT_FALSE(patient) << "lost in the line";
                    ++given_up;
                    continue;
                }
                const bool again = random() % 2 == 0 && exclusive.try_enter(chain);
                ++passed;
                if (random() % 16 == 0) {
                    const auto until = std::chrono::steady_clock::now() + 50us;
                    while (std::chrono::steady_clock::now() < until) {
                    }
                }
                if (again) {
                    exclusive.leave();
                }
                ++taken;
                exclusive.leave();
            }
        });
    }
    for (std::thread& one : all) {
        one.join();
    }
    EXPECT_EQ(passed, taken.load());
    EXPECT_EQ(taken.load() + given_up.load(), 6U * calls);
    EXPECT_GT(given_up.load(), 0U);
    EXPECT_EQ(exclusive.holder(), 0U);
    EXPECT_TRUE(exclusive.try_enter(1));
    exclusive.leave();
}

TEST_F(Line, HandsTheModuleToTheSecondWhenTheFirstHasGivenUp) {
    Exclusive exclusive;
    ASSERT_TRUE(exclusive.try_enter(1));
    std::thread first([&] { EXPECT_FALSE(exclusive.wait_enter(2, 100ms)); });
    ASSERT_TRUE(wait_until([&] { return exclusive.is_contended(); }));
    std::thread second([&] {
        EXPECT_TRUE(exclusive.wait_enter(3, 60s));
        exclusive.leave();
    });
    first.join();
    exclusive.leave();
    second.join();
    EXPECT_EQ(exclusive.holder(), 0U);
}

TEST_F(Line, IsLeftAloneOnceNobodyHasStoodThereForAWhile) {
    Exclusive exclusive;
    EXPECT_FALSE(exclusive.is_contended());
    ASSERT_TRUE(exclusive.try_enter(1));
    EXPECT_FALSE(exclusive.wait_enter(2, 1ms));
    exclusive.leave();
    EXPECT_TRUE(exclusive.is_contended());
    for (int i = 0; i < 10000; ++i) {
        ASSERT_TRUE(exclusive.try_enter(1));
        exclusive.leave();
    }
    EXPECT_FALSE(exclusive.is_contended());
}

TEST_F(Line, IsFreedWithTheModule) {  // what asan looks at
    auto exclusive = std::make_unique<Exclusive>();
    ASSERT_TRUE(exclusive->try_enter(1));
    EXPECT_FALSE(exclusive->wait_enter(2, 1ms));
    EXPECT_FALSE(exclusive->wait_enter(3, 1ms));
    exclusive->leave();
    EXPECT_EQ(exclusive->holder(), 0U);
    ASSERT_TRUE(exclusive->try_enter(1));
    EXPECT_FALSE(exclusive->wait_enter(2, 1ms));
    exclusive.reset();
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
