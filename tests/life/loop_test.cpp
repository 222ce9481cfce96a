// A module's loop: timers and waits at the limits of what may be asked of them, and what each kind of work gets while
// there is too much of another.
#include "life/loop.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <limits>
#include <list>
#include <random>
#include <vector>

#include "life/shared.hpp"
#include "plane/module_record.hpp"

namespace {

using heddle::life::Loop;
constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();

struct Timed {
    explicit Timed(Loop& on) : loop(on) {}
    Loop& loop;
    int runs = 0;
    int drops = 0;
    bool serves = false;
    bool stops = false;

    static void run(void* context) {
        auto& self = *static_cast<Timed*>(context);
        ++self.runs;
        if (self.stops) {
            self.loop.request_stop();
        }
        if (self.serves) {
            self.loop.serve();
        }
    }
    static void drop(void* context) { ++static_cast<Timed*>(context)->drops; }
    heddle_timer every(std::int64_t first_ns, std::int64_t period_ns) {
        return {sizeof(heddle_timer), 1, first_ns, period_ns, run, drop, this};
    }
};

class LoopTest : public testing::Test {
protected:
    heddle_module module_{"m", nullptr, std::chrono::seconds(60)};
    Loop loop_{module_, heddle::config::Idle::park};
    Timed never_{loop_};
    Timed last_{loop_};
};

TEST_F(LoopTest, DoesNotRunATimerThatIsCenturiesAway) {
    loop_.start(never_.every(longest, 0));
    last_.stops = true;
    loop_.start(last_.every(1'000'000, 0));
    EXPECT_TRUE(loop_.serve());
    EXPECT_EQ(never_.runs, 0);
    EXPECT_EQ(last_.runs, 1);
    loop_.drop_all();
    EXPECT_EQ(never_.drops, 1);
}

TEST_F(LoopTest, RunsATimerOfTheLongestPeriodOnce) {
    loop_.start(never_.every(0, longest));
    last_.stops = true;
    loop_.start(last_.every(1'000'000, 0));
    EXPECT_TRUE(loop_.serve());
    EXPECT_EQ(never_.runs, 1);
    loop_.drop_all();
    EXPECT_EQ(never_.drops, 1);
}

TEST_F(LoopTest, DropsATimerOnceThatServesTheLoopItself) {
    Timed outer(loop_);
    outer.serves = true;
    loop_.start(outer.every(0, 0));
    last_.stops = true;
    loop_.start(last_.every(0, 0));
    loop_.serve();
    loop_.drop_all();
    EXPECT_EQ(outer.runs, 1);
    EXPECT_EQ(outer.drops, 1);
    EXPECT_EQ(last_.drops, 1);
}

TEST_F(LoopTest, WaitsForItsStopAsLongAsTheLongestBound) {
    auto stopped = std::async(std::launch::async, [this] { return loop_.wait_stop(std::chrono::nanoseconds::max()); });
    EXPECT_EQ(stopped.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    loop_.request_stop();
    EXPECT_TRUE(stopped.get());
}

// Work for the loop, of either kind, that does what it is told.
struct Work {
    std::function<void()> run;
    int fd = -1;

    static void on_timer(void* context) { static_cast<Work*>(context)->run(); }
    static void on_ready(void* context, std::uint32_t /*events*/) { static_cast<Work*>(context)->run(); }
};

class LoopShares : public LoopTest {
protected:
    using Clock = Loop::Clock;

    ~LoopShares() override {
        loop_.drop_all();
        for (const Work& one : all_) {
            if (one.fd >= 0) {
                close(one.fd);
            }
        }
    }
    std::uint64_t timer(std::int64_t first_ns, std::int64_t period_ns, std::function<void()> run) {
        all_.push_back({std::move(run)});
        return loop_.start({sizeof(heddle_timer), 1, first_ns, period_ns, Work::on_timer, nullptr, &all_.back()});
    }
    // A descriptor that is always readable.
    void ready(std::function<void()> run) {
        all_.push_back({std::move(run), eventfd(1, EFD_CLOEXEC)});
        std::uint64_t id = 0;
        EXPECT_EQ(loop_.poller()
                      .watch({sizeof(heddle_watch), 1, all_.back().fd, HEDDLE_READABLE, Work::on_ready, nullptr,
                              &all_.back(), 0, 0},
                             id)
                      .text,
                  "");
    }
    // To be called by a flood: ends the loop where nothing else does.
    void count_flood() {
        if (++flood_ == 20'000'000) {
            loop_.request_stop();
        }
    }
    std::list<Work> all_;
    std::uint64_t flood_ = 0;
};

TEST_F(LoopShares, AFloodOfDueTimersStarvesNoDescriptor) {
    for (int i = 0; i < 1000; ++i) {
        timer(0, 1, [this] { count_flood(); });  // due again as soon as it has run
    }
    int runs = 0;
    ready([&] {
        if (++runs == 200) {
            loop_.request_stop();
        }
    });
    EXPECT_TRUE(loop_.serve());
    EXPECT_EQ(runs, 200);
    EXPECT_GE(flood_, 200U) << "and no descriptor starves the timers";
}

TEST_F(LoopShares, ARoundRunsNoMoreTimersThanTheirShare) {
    for (std::size_t i = 0; i < 10 * Loop::timers_share; ++i) {
        timer(0, 0, [this] { count_flood(); });
    }
    ready([this] { loop_.request_stop(); });
    EXPECT_TRUE(loop_.serve());
    EXPECT_EQ(flood_, Loop::timers_share) << "before the first look at the descriptors";
}

TEST_F(LoopShares, ATimerThatStartsTheNextAtOnceStarvesNoDescriptorAndNoTimer) {
    std::function<void()> next = [&] {
        count_flood();
        loop_.start({sizeof(heddle_timer), 1, 0, 0, Work::on_timer, nullptr, &all_.front()});
    };
    timer(0, 0, next);
    int runs = 0;
    int ticks = 0;
    const auto stop_when_both = [&] {
        if (runs >= 100 && ticks >= 20) {
            loop_.request_stop();
        }
    };
    ready([&] {
        ++runs;
        stop_when_both();
    });
    timer(1'000'000, 1'000'000, [&] {
        ++ticks;
        stop_when_both();
    });
    EXPECT_TRUE(loop_.serve());
    EXPECT_GE(runs, 100);
    EXPECT_GE(ticks, 20);
}

TEST_F(LoopShares, AFloodOfReadyDescriptorsStarvesNoTimerAndNoDescriptor) {
    constexpr std::size_t many = 3 * heddle::life::Poller::share;
    std::vector<int> runs(many, 0);
    for (std::size_t i = 0; i < many; ++i) {
        ready([this, &runs, i] {
            ++runs[i];
            count_flood();
        });
    }
    int ticks = 0;
    timer(1'000'000, 1'000'000, [&] {
        if (++ticks == 50) {
            loop_.request_stop();
        }
    });
    EXPECT_TRUE(loop_.serve());
    EXPECT_EQ(ticks, 50);
    const auto [least, most] = std::minmax_element(runs.begin(), runs.end());
    EXPECT_GE(*least + 1, *most) << "each its turn";
    EXPECT_GE(*least, 1);
}

TEST_F(LoopShares, AStopEndsARunOfDueTimersAtOnce) {
    int runs = 0;
    for (int i = 0; i < 100; ++i) {
        timer(0, 0, [&] {
            if (++runs == 10) {
                loop_.request_stop();
            }
        });
    }
    EXPECT_TRUE(loop_.serve());
    EXPECT_EQ(runs, 10);
}

TEST_F(LoopShares, AStopEndsARunOfReadyDescriptorsAtOnce) {
    int runs = 0;
    for (int i = 0; i < 20; ++i) {
        ready([&] {
            if (++runs == 10) {
                loop_.request_stop();
            }
        });
    }
    EXPECT_TRUE(loop_.serve());
    EXPECT_EQ(runs, 10);
}

TEST_F(LoopShares, AStopWakesALoopThatSleepsWithItsDescriptors) {
    auto least = Clock::duration::max();
    for (int i = 0; i < 20 && least > std::chrono::milliseconds(300); ++i) {  // a loaded machine may be late
        heddle_module module{"m", nullptr, std::chrono::seconds(60)};
        Loop loop(module, heddle::config::Idle::park);
        const int never = eventfd(0, EFD_CLOEXEC);
        Work work{[] {}, never};
        std::uint64_t id = 0;
        ASSERT_EQ(
            loop.poller()
                .watch({sizeof(heddle_watch), 1, never, HEDDLE_READABLE, Work::on_ready, nullptr, &work, 0, 0}, id)
                .text,
            "");
        auto served = std::async(std::launch::async, [&] { return loop.serve(); });
        EXPECT_EQ(served.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
        const auto began = Clock::now();
        loop.request_stop();
        EXPECT_TRUE(served.get());
        least = std::min(least, Clock::now() - began);
        close(never);
    }
    EXPECT_LE(least, std::chrono::milliseconds(300));
}

TEST_F(LoopShares, APeriodicTimerDoesNotDriftOverAThousandPeriods) {
    constexpr std::chrono::microseconds period(100);
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto began = Clock::now();
    std::uint64_t runs = 0;
    auto latest_least = Clock::duration::max();  // of the last hundred
    timer(period.count() * 1000, period.count() * 1000, [&] {
        // Which tick of the grid this is: every one before it has run or was skipped and counted.
        const std::uint64_t tick = ++runs + loop_.missed_ticks();
        const auto late = Clock::now() - (began + period * static_cast<std::int64_t>(tick));
        ASSERT_GE(late, Clock::duration(0)) << "tick " << tick << " came before its time";
        if (tick > 900) {
            latest_least = std::min(latest_least, late);
        }
        if (tick >= 1000) {
            loop_.request_stop();
        }
        if (random() % 100 == 0) {  // an overrun, of up to five periods
            const auto end = Clock::now() + period * (random() % 5);
            while (Clock::now() < end) {
            }
        }
    });
    EXPECT_TRUE(loop_.serve());
    EXPECT_LT(latest_least, 20 * period) << "it has drifted away from its grid";
}

TEST_F(LoopShares, AnOverrunSkipsTheTicksThatItCoversAndCountsThem) {
    constexpr std::chrono::milliseconds period(5);
    std::vector<Clock::time_point> runs;
    const auto began = Clock::now();
    timer(std::chrono::nanoseconds(period).count(), std::chrono::nanoseconds(period).count(), [&] {
        runs.push_back(Clock::now());
        if (runs.size() == 2) {
            loop_.request_stop();
        }
        while (runs.size() == 1 && Clock::now() < began + 6 * period + period / 2) {
        }
    });
    EXPECT_TRUE(loop_.serve());
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_GE(loop_.missed_ticks(), 5U);  // 2 to 6, at the least
    EXPECT_GE(runs[1], began + 7 * period) << "it was made up";
}

TEST_F(LoopShares, AMillionTimersAreArmedAndCancelledAndFallDueInASaneTime) {
    constexpr std::size_t million = 1'000'000;
    const auto began = Clock::now();
    std::size_t drops = 0;
    std::size_t runs = 0;
    struct Counts {
        std::size_t* runs;
        std::size_t* drops;
    } counts{&runs, &drops};
    const auto wanted = [&](std::int64_t first) {
        return heddle_timer{sizeof(heddle_timer),
                            1,
                            first,
                            0,
                            [](void* context) { ++*static_cast<Counts*>(context)->runs; },
                            [](void* context) { ++*static_cast<Counts*>(context)->drops; },
                            &counts};
    };
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> ids;
    for (std::size_t i = 0; i < million; ++i) {
        ids.push_back(loop_.start(wanted(3'600'000'000'000 + static_cast<std::int64_t>(random() % 1'000'000'000))));
    }
    std::shuffle(ids.begin(), ids.end(), random);
    for (const std::uint64_t id : ids) {
        loop_.cancel(id);
    }
    EXPECT_EQ(drops, million);
    EXPECT_EQ(runs, 0U);
    for (std::size_t i = 0; i < million; ++i) {
        loop_.start(wanted(static_cast<std::int64_t>(random() % 1000)));
    }
    const auto stop = std::make_unique<Work>(Work{[&] {
        if (runs == million) {
            loop_.request_stop();
        }
    }});
    loop_.start({sizeof(heddle_timer), 1, 0, 1'000'000, Work::on_timer, nullptr, stop.get()});
    EXPECT_TRUE(loop_.serve());
    EXPECT_EQ(runs, million);
    EXPECT_EQ(drops, 2 * million);
    EXPECT_LT(Clock::now() - began, std::chrono::seconds(60)) << "a tenth of which is far too much";
}

TEST(ExitRequest, IsWaitedForAsLongAsTheLongestBound) {
    heddle::life::ExitRequest exit;
    auto made = std::async(std::launch::async, [&] { return exit.wait(std::chrono::nanoseconds::max()); });
    EXPECT_EQ(made.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    exit.make();
    EXPECT_TRUE(made.get());
}

}  // namespace
