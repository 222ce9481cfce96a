// Timers on a clock that the tests set: what is due when, and what becomes of each timer.
#include "life/timers.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

namespace {

using heddle::life::Timers;
using Time = Timers::Clock::time_point;
using std::chrono::nanoseconds;

Time at(std::int64_t ns) {
    return Time(nanoseconds(ns));
}

// A timer that writes down its runs and drops, and may do more in either.
struct Probe {
    std::string name;
    std::string* story;
    std::function<void()> in_run{};
    std::function<void()> in_drop{};

    static void run(void* context) {
        auto& self = *static_cast<Probe*>(context);
        *self.story += self.name + " ";
        if (self.in_run) {
            self.in_run();
        }
    }
    static void drop(void* context) {
        auto& self = *static_cast<Probe*>(context);
        *self.story += "-" + self.name + " ";
        if (self.in_drop) {
            self.in_drop();
        }
    }
    heddle_timer timer(std::int64_t first, std::int64_t period = 0) {
        return {sizeof(heddle_timer), 1, first, period, run, drop, this};
    }
};

class TimersTest : public testing::Test {
protected:
    Probe& probe(const std::string& name) {
        probes_.push_back(std::make_unique<Probe>(Probe{name, &story_}));
        return *probes_.back();
    }
    // Runs what is due at `now`, each with the clock standing there.
    void run_due(Time now) {
        while (const auto taken = timers_.take(now)) {
            taken->run(taken->context);
            timers_.finish(*taken, now);
        }
    }
    // What has happened since it was asked last.
    std::string story() { return std::exchange(story_, {}); }

    std::string story_;
    std::vector<std::unique_ptr<Probe>> probes_;
    Timers timers_;
};

TEST_F(TimersTest, RunsTimersInTheOrderInWhichTheyAreDue) {
    timers_.start(probe("c").timer(30), at(0));
    timers_.start(probe("a").timer(10), at(0));
    timers_.start(probe("b").timer(10), at(10));
    EXPECT_EQ(timers_.next(), at(10));
    run_due(at(9));
    EXPECT_EQ(story(), "");
    run_due(at(20));
    EXPECT_EQ(story(), "a -a b -b ");
    EXPECT_EQ(timers_.next(), at(30));
    run_due(at(30));
    EXPECT_EQ(story(), "c -c ");
    EXPECT_FALSE(timers_.any_armed());
    EXPECT_EQ(timers_.next(), Time::max());
}

TEST_F(TimersTest, RunsTimersOfTheSameTimeInTheOrderInWhichTheyWereArmed) {
    std::string expected;
    for (int i = 0; i < 50; ++i) {
        timers_.start(probe(std::to_string(i)).timer(100 - i), at(i));
        expected += std::to_string(i) + " -" + std::to_string(i) + " ";
    }
    run_due(at(100));
    EXPECT_EQ(story(), expected);
}

TEST_F(TimersTest, KeepsAPeriodicTimerOnItsGridAndSkipsAndCountsMissedTicks) {
    timers_.start(probe("p").timer(100, 10), at(0));
    auto taken = timers_.take(at(100));
    ASSERT_TRUE(taken);
    timers_.finish(*taken, at(109));
    EXPECT_EQ(timers_.next(), at(110));
    EXPECT_EQ(timers_.missed(), 0);

    taken = timers_.take(at(117));  // late, by less than a period
    ASSERT_TRUE(taken);
    timers_.finish(*taken, at(118));
    EXPECT_EQ(timers_.next(), at(120));
    EXPECT_EQ(timers_.missed(), 0);

    taken = timers_.take(at(120));
    ASSERT_TRUE(taken);
    timers_.finish(*taken, at(155));  // 130, 140 and 150 have passed
    EXPECT_EQ(timers_.next(), at(160));
    EXPECT_EQ(timers_.missed(), 3);

    taken = timers_.take(at(160));
    ASSERT_TRUE(taken);
    timers_.finish(*taken, at(170));  // a tick of this very moment has passed as well
    EXPECT_EQ(timers_.next(), at(180));
    EXPECT_EQ(timers_.missed(), 4);
}

TEST_F(TimersTest, DoesNotDriftOverAThousandPeriodsThatEachComeLate) {
    timers_.start(probe("p").timer(10, 10), at(0));
    for (std::int64_t i = 1; i <= 1000; ++i) {
        ASSERT_EQ(timers_.next(), at(10 * i));
        const auto taken = timers_.take(at(10 * i + 3));
        ASSERT_TRUE(taken);
        timers_.finish(*taken, at(10 * i + 9));
    }
    EXPECT_EQ(timers_.missed(), 0);
}

TEST_F(TimersTest, ArmsNothingBeyondTheEndOfTime) {
    constexpr auto longest = std::numeric_limits<std::int64_t>::max();
    timers_.start(probe("never").timer(longest), at(5));
    timers_.start(probe("once").timer(0, longest), at(5));
    run_due(at(5));
    EXPECT_EQ(story(), "once ");
    EXPECT_EQ(timers_.next(), Time::max());
    timers_.drop_all();
    EXPECT_EQ(story(), "-never -once ");
}

TEST_F(TimersTest, ATimerThatCancelsItselfIsDroppedOnceItHasRun) {
    Probe& own = probe("own");
    const std::uint64_t id = timers_.start(own.timer(10, 10), at(0));
    own.in_run = [&] {
        timers_.cancel(id);
        timers_.cancel(id);
        story_ += "cancelled ";
    };
    run_due(at(10));
    EXPECT_EQ(story(), "own cancelled -own ");
    run_due(at(100));
    timers_.cancel(id);
    timers_.drop_all();
    EXPECT_EQ(story(), "");
}

TEST_F(TimersTest, ATimerMayCancelAnotherThatIsDueInTheSameRun) {
    Probe& first = probe("first");
    timers_.start(first.timer(10), at(0));
    const std::uint64_t second = timers_.start(probe("second").timer(10), at(0));
    first.in_run = [&] { timers_.cancel(second); };
    run_due(at(10));
    EXPECT_EQ(story(), "first -second -first ");
}

TEST_F(TimersTest, ATimerThatRunsIsNotTakenAgainFromInside) {
    Probe& outer = probe("outer");
    timers_.start(outer.timer(10, 10), at(0));
    timers_.start(probe("inner").timer(20), at(0));
    outer.in_run = [&] {
        outer.in_run = nullptr;
        story_ += "( ";
        run_due(at(40));
        story_ += ") ";
    };
    const auto taken = timers_.take(at(10));
    ASSERT_TRUE(taken);
    taken->run(taken->context);
    timers_.finish(*taken, at(40));
    EXPECT_EQ(story(), "outer ( inner -inner ) ");
    EXPECT_EQ(timers_.next(), at(50));
    EXPECT_EQ(timers_.missed(), 3);
}

TEST_F(TimersTest, ADropMayStartAndCancelTimers) {
    Probe& first = probe("first");
    const std::uint64_t other = timers_.start(probe("other").timer(50), at(0));
    const std::uint64_t id = timers_.start(first.timer(10), at(0));
    std::uint64_t next = 0;
    first.in_drop = [&] {
        timers_.cancel(other);
        timers_.cancel(id);
        next = timers_.start(probe("next").timer(10), at(10));
    };
    run_due(at(10));
    EXPECT_EQ(story(), "first -first -other ");
    EXPECT_NE(next, id);
    EXPECT_NE(next, other);
    run_due(at(60));
    EXPECT_EQ(story(), "next -next ");
}

TEST_F(TimersTest, DropsAllThereAreOnceAlsoWhileDropsCancelEachOther) {
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 5; ++i) {
        Probe& one = probe(std::to_string(i));
        ids.push_back(timers_.start(one.timer(10 + i), at(0)));
        one.in_drop = [&] {
            for (const std::uint64_t id : ids) {
                timers_.cancel(id);
            }
        };
    }
    const auto taken = timers_.take(at(10));  // never finished: its module failed
    ASSERT_TRUE(taken);
    timers_.drop_all();
    EXPECT_EQ(story(), "-0 -1 -2 -3 -4 ");
    timers_.finish(*taken, at(20));
    EXPECT_FALSE(timers_.any_armed());
    timers_.drop_all();
    EXPECT_EQ(story(), "");
}

TEST_F(TimersTest, NeverGivesAnIdTwiceNorZero) {
    Timers few(3);  // three timers for each slot, and then another
    std::set<std::uint64_t> given{0};
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t id = few.start(probe("x").timer(10), at(0));
        ASSERT_TRUE(given.insert(id).second) << id;
        for (const std::uint64_t old : given) {
            if (old != id) {
                few.cancel(old);
            }
        }
        ASSERT_TRUE(few.any_armed()) << "an old id has cancelled a new timer, after " << i;
        few.cancel(id);
        ASSERT_FALSE(few.any_armed());
    }
}

TEST_F(TimersTest, IgnoresIdsThatItNeverGave) {
    timers_.start(probe("a").timer(10), at(0));
    for (const std::uint64_t id :
         {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 32U | 77U}) {
        timers_.cancel(id);
    }
    run_due(at(10));
    EXPECT_EQ(story(), "a -a ");
}

// Beside a model that is a sorted map, through a long run of random steps.
TEST(TimersModel, AgreesWithASortedMapOnRandomSteps) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto below = [&](std::int64_t end) { return static_cast<std::int64_t>(random() % std::uint64_t(end)); };

    struct Known {
        std::uint64_t id = 0;
        Time when;
        std::uint64_t order = 0;
        std::int64_t period = 0;
        int drops = 0;
        bool over = false;
    };
    Timers timers(1000);
    std::vector<std::unique_ptr<Known>> all;
    std::map<std::pair<Time, std::uint64_t>, Known*> armed;
    std::uint64_t order = 0;
    std::uint64_t missed = 0;
    Time now = at(1000);
    const auto end = [&](Known& one) {
        one.over = true;
        ASSERT_EQ(one.drops, 1);
    };
    for (int step = 0; step < 100'000; ++step) {
        const std::int64_t what = below(100);
        // Growing and shrinking in turn, so that the heap is met at many sizes.
        const bool grows = step / 5000 % 2 == 0;
        if (what < (grows ? 50 : 20)) {
            auto& one = *all.emplace_back(std::make_unique<Known>());
            const std::int64_t first = below(4) == 0 ? below(10) : below(100'000);
            one.period = below(3) == 0 ? 1 + below(5000) : 0;
            one.when = now + nanoseconds(first);
            one.order = order++;
            one.id = timers.start({sizeof(heddle_timer), 1, first, one.period, [](void*) {},
                                   [](void* context) { ++static_cast<Known*>(context)->drops; }, &one},
                                  now);
            armed.emplace(std::pair(one.when, one.order), &one);
        } else if (what < 60) {
            if (!all.empty()) {
                Known& one = *all[static_cast<std::size_t>(below(static_cast<std::int64_t>(all.size())))];
                timers.cancel(one.id);
                if (!one.over) {
                    armed.erase(std::pair(one.when, one.order));
                    end(one);
                }
            }
        } else if (what < 90) {
            const auto taken = timers.take(now);
            const bool due = !armed.empty() && armed.begin()->first.first <= now;
            ASSERT_EQ(taken.has_value(), due);
            if (due) {
                Known& one = *armed.begin()->second;
                armed.erase(armed.begin());
                ASSERT_EQ(taken->context, &one);
                ASSERT_EQ(taken->id, one.id);
                ASSERT_EQ(taken->due, one.when);
                now += nanoseconds(below(3) == 0 ? below(20'000) : below(10));
                const bool cancels = below(10) == 0;
                if (cancels) {
                    timers.cancel(one.id);
                }
                timers.finish(*taken, now);
                if (cancels || one.period == 0) {
                    end(one);
                } else {
                    const auto skipped = (now - one.when) / nanoseconds(one.period);
                    missed += static_cast<std::uint64_t>(skipped);
                    one.when += nanoseconds(one.period) * (skipped + 1);
                    one.order = order++;
                    armed.emplace(std::pair(one.when, one.order), &one);
                }
            }
        } else {
            now += nanoseconds(below(500));
        }
        ASSERT_EQ(timers.next(), armed.empty() ? Time::max() : armed.begin()->first.first) << "step " << step;
    }
    ASSERT_EQ(timers.missed(), missed);
    timers.drop_all();
    for (const auto& one : all) {
        ASSERT_EQ(one->drops, 1);
    }
    ASSERT_FALSE(timers.any_armed());
}

}  // namespace
