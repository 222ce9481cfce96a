// File descriptors in a running module's loop, through the SDK.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using testing::IsEmpty;

using Send = std::uint64_t(std::uint64_t);
using Number = std::uint64_t();

std::string config(const std::string& does, const std::string& thread = "{}") {
    return "modules: [{name: watcher, thread: " + thread + ", config: {does: " + does + ", done: done, came: came}}]\n";
}

class Watching : public testing::Test {
protected:
    // Starts a watcher and waits until it has done what it is told to do.
    void run(const std::string& does, const std::string& thread = "{}") {
        live_ = std::make_unique<LiveHost>(std::vector<std::string>{"watcher"}, config(does, thread));
        ASSERT_THAT(live_->start(), IsEmpty());
        ASSERT_TRUE(latch::wait_for_arrivals("done", 1));
    }
    std::uint64_t number(const std::string& function) { return live_->host.function<Number>("watcher." + function)(); }
    std::uint64_t send(std::uint64_t bytes) { return live_->host.function<Send>("watcher.send")(bytes); }
    bool is_right() { return live_->host.function<bool()>("watcher.is_right")(); }
    std::unique_ptr<LiveHost> live_;
};

TEST_F(Watching, RunsAHandlerOnTheModulesThreadForWhatComesWhileItSleeps) {
    for (const char* thread : {"{}", "{spin: 0s}", "{spin: 1s}", "{idle: yield}", "{idle: spin}"}) {
        run("nothing", thread);
        EXPECT_EQ(send(3), 3);
        ASSERT_TRUE(latch::wait_for_arrivals("came", 1)) << thread;
        EXPECT_EQ(number("received"), 3);
        EXPECT_EQ(number("told"), HEDDLE_READABLE);
        EXPECT_EQ(send(4), 4);
        ASSERT_TRUE(latch::wait_for_arrivals("came", 2)) << thread;
        EXPECT_EQ(number("received"), 7);
        EXPECT_TRUE(is_right());
        EXPECT_THAT(live_->stop(), IsEmpty()) << thread;  // also while it sleeps with the descriptor
        live_.reset();
    }
}

TEST_F(Watching, TellsAHandlerThatTheOtherEndIsGone) {
    run("nothing");
    live_->host.function<void()>("watcher.hang_up")();
    ASSERT_TRUE(latch::wait_for_arrivals("came", 1));
    EXPECT_EQ(number("told"), HEDDLE_READABLE | HEDDLE_HANGUP);
}

TEST_F(Watching, AOneShotRunsOnce) {
    run("once");
    EXPECT_EQ(send(1), 1);
    ASSERT_TRUE(latch::wait_for_arrivals("came", 1));
    EXPECT_EQ(send(1), 1);
    EXPECT_FALSE(latch::wait_for_arrivals("came", 2, std::chrono::milliseconds(50)));
    EXPECT_EQ(number("received"), 1);
}

TEST_F(Watching, AnUnwatchedHandlerRunsNoMore) {
    run("unwatch");
    EXPECT_EQ(send(1), 1);
    EXPECT_FALSE(latch::wait_for_arrivals("came", 1, std::chrono::milliseconds(50)));
    EXPECT_EQ(number("received"), 0);
}

TEST_F(Watching, AWatchRestsUntilItIsChangedBack) {
    run("rest");
    EXPECT_EQ(send(3), 3);
    latch::open("sent");
    ASSERT_TRUE(latch::wait_for_arrivals("came", 1));
    EXPECT_EQ(number("received"), 3);
    EXPECT_TRUE(is_right()) << "it ran while it was to rest";
}

TEST_F(Watching, RefusalsSayWhy) {
    run("twice");
    const auto lines = live_->lines();
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const LiveHost::Line& line) {
        return line.text.starts_with("cannot watch file descriptor ") &&
               line.text.ends_with(": the module watches it already; change that watch, or unwatch it first");
    }));
    EXPECT_EQ(thrown_by(live_->host.function<void()>("watcher.watch_from_here")),
              "error: watcher.watch_from_here: file descriptors are watched on the module's own thread: in its "
              "constructor, start(), run(), a timer or another watch");
    live_.reset();
    run("change_ended");
    EXPECT_TRUE(live_->has_logged("there is no such watch (any more)"));
}

TEST_F(Watching, AFloodOfPostsStarvesNoTimerAndNoDescriptor) {
    run("tick");
    std::atomic<bool> over{false};
    std::vector<std::thread> posters;
    for (int i = 0; i < 2; ++i) {
        posters.emplace_back([&] {
            const auto note = live_->host.function<void()>("watcher.note");
            while (!over) {
                note.post();
            }
        });
    }
    EXPECT_TRUE(wait_until([&] { return number("noted") > 10'000; }));
    const std::uint64_t ticks = latch::arrivals("tick");
    const std::uint64_t noted = number("noted");
    EXPECT_TRUE(latch::wait_for_arrivals("tick", ticks + 50));
    EXPECT_GT(number("noted"), noted) << "and no timer starves the posts";
    EXPECT_EQ(send(1), 1);
    EXPECT_TRUE(latch::wait_for_arrivals("came", 1));
    over = true;
    for (std::thread& poster : posters) {
        poster.join();
    }
    EXPECT_EQ(number("received"), 1);
}

TEST_F(Watching, AModuleIsToldHowManyTicksItMissed) {
    run("miss_ticks");
    EXPECT_TRUE(live_->wait_for_log("missed at least 9"));
    EXPECT_FALSE(live_->has_logged("missed too few"));
}

}  // namespace
