// A module's timers and waits at the limits of what may be asked of them.
#include "life/loop.hpp"

#include <gtest/gtest.h>

#include <future>
#include <limits>

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

TEST(ExitRequest, IsWaitedForAsLongAsTheLongestBound) {
    heddle::life::ExitRequest exit;
    auto made = std::async(std::launch::async, [&] { return exit.wait(std::chrono::nanoseconds::max()); });
    EXPECT_EQ(made.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    exit.make();
    EXPECT_TRUE(made.get());
}

}  // namespace
