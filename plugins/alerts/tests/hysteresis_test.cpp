// The state machine of one rule: its steps, and what holds however values and times fall.
#include "hysteresis.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace alerts {
namespace {

using namespace std::chrono_literals;
using Change = Hysteresis::Change;
using State = Hysteresis::State;

constexpr Time start{};

TEST(Hysteresis, RaisesExactlyWhenItsTimeHasPassed) {
    Hysteresis machine(30s, 10s);
    EXPECT_EQ(machine.state(), State::unknown);
    EXPECT_EQ(machine.step(true, false, start), Change::none);
    EXPECT_EQ(machine.state(), State::pending);
    EXPECT_EQ(machine.step(true, false, start + 30s - 1ns), Change::none);
    EXPECT_EQ(machine.step(true, false, start + 30s), Change::raised);
    EXPECT_EQ(machine.state(), State::raised);
    EXPECT_EQ(machine.step(true, false, start + 31s), Change::none);
}

TEST(Hysteresis, WithoutATimeItRaisesAndClearsAtOnce) {
    Hysteresis machine(0s, 0s);
    EXPECT_EQ(machine.step(true, false, start), Change::raised);
    EXPECT_EQ(machine.step(false, true, start), Change::cleared);
    EXPECT_EQ(machine.state(), State::ok);
}

TEST(Hysteresis, ABreakStartsTheTimeAgain) {
    Hysteresis machine(30s, 10s);
    machine.step(true, false, start);
    EXPECT_EQ(machine.step(false, false, start + 29s), Change::none);
    EXPECT_EQ(machine.state(), State::ok);
    EXPECT_EQ(machine.step(true, false, start + 30s), Change::none);
    EXPECT_EQ(machine.step(true, false, start + 59s), Change::none);
    EXPECT_EQ(machine.step(true, false, start + 60s), Change::raised);
}

TEST(Hysteresis, BetweenTheLimitsWhatIsRaisedStaysRaised) {
    Hysteresis machine(0s, 10s);
    machine.step(true, false, start);
    EXPECT_EQ(machine.step(false, false, start + 1h), Change::none);
    EXPECT_EQ(machine.state(), State::raised);
    EXPECT_EQ(machine.step(false, true, start + 2h), Change::none);
    EXPECT_EQ(machine.state(), State::clearing);
    EXPECT_EQ(machine.step(false, false, start + 2h + 9s), Change::none);  // not cool: the time begins anew
    EXPECT_EQ(machine.step(false, true, start + 2h + 10s), Change::none);
    EXPECT_EQ(machine.step(false, true, start + 2h + 20s - 1ns), Change::none);
    EXPECT_EQ(machine.step(false, true, start + 2h + 20s), Change::cleared);
}

TEST(Hysteresis, HotWinsOverCool) {
    Hysteresis machine(0s, 0s);
    EXPECT_EQ(machine.step(true, true, start), Change::raised);
    EXPECT_EQ(machine.step(true, true, start + 1s), Change::none);
    EXPECT_EQ(machine.step(false, true, start + 2s), Change::cleared);
}

TEST(Hysteresis, ALostSeriesClearsOnceAndNeverRaises) {
    Hysteresis machine(10s, 10s);
    EXPECT_EQ(machine.lost(), Change::none);
    machine.step(true, false, start);
    EXPECT_EQ(machine.lost(), Change::none);
    EXPECT_EQ(machine.step(true, false, start + 10s), Change::none);  // the time begins anew
    EXPECT_EQ(machine.step(true, false, start + 20s), Change::raised);
    EXPECT_EQ(machine.lost(), Change::cleared);
    EXPECT_EQ(machine.lost(), Change::none);
    EXPECT_EQ(machine.state(), State::unknown);
}

TEST(Hysteresis, APauseKeepsWhatIsRaisedAndStopsEveryTime) {
    Hysteresis machine(10s, 10s);
    machine.step(true, false, start);
    machine.pause();
    EXPECT_EQ(machine.state(), State::unknown);
    EXPECT_EQ(machine.step(true, false, start + 10s), Change::none);
    EXPECT_EQ(machine.step(true, false, start + 20s), Change::raised);
    machine.step(false, true, start + 21s);
    machine.pause();
    EXPECT_EQ(machine.state(), State::raised);
    EXPECT_EQ(machine.step(false, true, start + 31s), Change::none);
    EXPECT_EQ(machine.step(false, true, start + 41s), Change::cleared);
}

// The specification, in its own words, over random histories: steps, losses and pauses at random times.
TEST(Hysteresis, KeepsItsPromisesOverRandomHistories) {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const auto pick = [&random](std::uint64_t below) { return static_cast<std::int64_t>(random() % below); };
        const std::chrono::nanoseconds raise_after{pick(3) == 0 ? 0 : pick(40)};
        const std::chrono::nanoseconds clear_after{pick(3) == 0 ? 0 : pick(40)};
        Hysteresis machine(raise_after, clear_after);
        Time now = start;
        Time hot_since{};    // of the unbroken run of hot steps up to now
        Time quiet_since{};  // of the unbroken run of cool and not hot steps, while raised
        bool hot_run = false;
        bool quiet_run = false;
        bool raised = false;
        // Runs of a few equal steps, or little would ever last.
        for (int run = 0; run < 60; ++run) {
            const std::int64_t kind = pick(12);
            const bool hot = kind < 5;
            const bool cool = (kind >= 5 && kind < 9) || kind == 0;
            for (std::int64_t step = 1 + pick(12); step > 0; --step) {
                now += std::chrono::nanoseconds(pick(12));
                if (kind >= 10) {
                    const Change change = kind == 10 ? machine.lost() : (machine.pause(), Change::none);
                    ASSERT_EQ(change == Change::cleared, kind == 10 && raised);
                    raised = raised && kind == 11;
                    hot_run = quiet_run = false;
                } else {
                    hot_since = hot_run ? hot_since : now;
                    hot_run = hot;
                    quiet_since = quiet_run ? quiet_since : now;
                    quiet_run = raised && cool && !hot;
                    const bool due_up = !raised && hot && now - hot_since >= raise_after;
                    const bool due_down = quiet_run && now - quiet_since >= clear_after;
                    const Change change = machine.step(hot, cool, now);
                    ASSERT_EQ(change == Change::raised, due_up);     // not before its time, and not after
                    ASSERT_EQ(change == Change::cleared, due_down);  // and never one twice without the other between
                    if (due_up || due_down) {
                        raised = due_up;
                        hot_run = quiet_run = false;
                    }
                }
                ASSERT_EQ(machine.is_raised(), raised);
            }
        }
    }
}

}  // namespace
}  // namespace alerts
