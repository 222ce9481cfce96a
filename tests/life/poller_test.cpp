// File descriptors in a module's loop: what is found ready, and what becomes of each watch, whatever its owner does.
#include "life/poller.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <memory>
#include <string>

#include "heddle_test/support.hpp"

namespace {

using heddle::life::Poller;
using namespace std::chrono_literals;
constexpr std::chrono::seconds long_enough{60};

// Both ends of a stream, either of which may be closed early.
struct Ends {
    Ends() {
        int both[2] = {-1, -1};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
        mine = both[0];
        other = both[1];
    }
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() {
        close_mine();
        close_other();
    }
    void close_mine() { close_one(mine); }
    void close_other() { close_one(other); }
    void tell() const { EXPECT_EQ(write(other, "x", 1), 1); }
    std::size_t read_all() const {
        char bytes[64];
        const ssize_t count = read(mine, bytes, sizeof bytes);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    static void close_one(int& fd) {
        if (fd >= 0) {
            close(std::exchange(fd, -1));
        }
    }
    int mine = -1;
    int other = -1;
};

struct Probe {
    std::string name;
    std::string* story;
    std::function<void()> in_run{};
    std::function<void()> in_drop{};

    static void run(void* context, std::uint32_t events) {
        auto& self = *static_cast<Probe*>(context);
        *self.story += self.name + std::to_string(events) + " ";
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
};

class PollerTest : public testing::Test {
protected:
    Probe& probe(const std::string& name) {
        probes_.push_back(std::make_unique<Probe>(Probe{name, &story_}));
        return *probes_.back();
    }
    static heddle_watch wanted(Probe& probe, int fd, std::uint32_t events, std::uint32_t flags = 0) {
        return {sizeof(heddle_watch), 1, fd, events, Probe::run, Probe::drop, &probe, flags, 0};
    }
    std::uint64_t watch(Probe& probe, int fd, std::uint32_t events = HEDDLE_READABLE, std::uint32_t flags = 0) {
        std::uint64_t id = 0;
        const Poller::Outcome outcome = poller_.watch(wanted(probe, fd, events, flags), id);
        EXPECT_EQ(outcome.text, "");
        EXPECT_NE(id, 0);
        return id;
    }
    // What watching it was refused with.
    std::string refusal(int fd, std::uint32_t events = HEDDLE_READABLE) {
        std::uint64_t id = 0;
        const Poller::Outcome outcome = poller_.watch(wanted(probe("refused"), fd, events), id);
        EXPECT_EQ(outcome.code, HEDDLE_INVALID);
        EXPECT_EQ(id, 0);
        return outcome.text;
    }
    // One round: looks and runs what is ready.
    std::string round() {
        poller_.look(0ns);
        while (const auto ready = poller_.take()) {
            ready->run(ready->context, ready->events);
            poller_.finish(*ready);
        }
        return std::exchange(story_, {});
    }

    std::string story_;
    std::vector<std::unique_ptr<Probe>> probes_;
    Ends a_;
    Ends b_;
    Poller poller_;
};

TEST_F(PollerTest, RunsWhatIsReadableOnceARoundUntilItIsRead) {
    watch(probe("a"), a_.mine);
    watch(probe("b"), b_.mine);
    EXPECT_EQ(round(), "");
    a_.tell();
    EXPECT_EQ(round(), "a1 ");
    EXPECT_EQ(round(), "a1 ");
    EXPECT_EQ(a_.read_all(), 1);
    EXPECT_EQ(round(), "");
}

TEST_F(PollerTest, TellsWhatIsReadyOfWhatWasWaitedFor) {
    const std::uint64_t id = watch(probe("a"), a_.mine, HEDDLE_READABLE | HEDDLE_WRITABLE);
    EXPECT_EQ(round(), "a2 ");
    a_.tell();
    EXPECT_EQ(round(), "a3 ");
    EXPECT_EQ(poller_.rewatch(id, HEDDLE_READABLE).text, "");
    EXPECT_EQ(round(), "a1 ");
    EXPECT_EQ(poller_.rewatch(id, 0).text, "");
    EXPECT_EQ(round(), "");
    EXPECT_EQ(poller_.rewatch(id, HEDDLE_WRITABLE).text, "");
    EXPECT_EQ(round(), "a2 ");
}

TEST_F(PollerTest, TellsOfTheOtherEndsCloseWhateverWasWaitedFor) {
    const std::uint64_t id = watch(probe("a"), a_.mine);
    a_.close_other();
    EXPECT_EQ(round(), "a5 ");
    poller_.unwatch(id);
    watch(probe("b"), b_.mine, HEDDLE_WRITABLE);
    b_.close_other();
    EXPECT_EQ(round(), "-a b6 ");
}

TEST_F(PollerTest, TellsAWriterOfAPipeThatNobodyReadsAnyMore) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends[1], "xxxxxxxx", 8) == 8) {
    }
    watch(probe("p"), ends[1], HEDDLE_WRITABLE);
    EXPECT_EQ(round(), "");
    close(ends[0]);
    EXPECT_EQ(round(), "p10 ");  // its write then says EPIPE
    poller_.drop_all();
    close(ends[1]);
}

TEST_F(PollerTest, AWatchThatRestsIsNotWokenByTheOtherEndsCloseEither) {
    const std::uint64_t id = watch(probe("a"), a_.mine);
    EXPECT_EQ(poller_.rewatch(id, 0).text, "");
    a_.close_other();
    EXPECT_EQ(round(), "");
    EXPECT_EQ(refusal(a_.mine), "cannot watch file descriptor " + std::to_string(a_.mine) +
                                    ": the module watches it already; change that watch, or unwatch it first");
}

TEST_F(PollerTest, DropsAOneShotAfterItsRun) {
    watch(probe("a"), a_.mine, HEDDLE_READABLE, HEDDLE_ONCE);
    a_.tell();
    EXPECT_EQ(round(), "a1 -a ");
    EXPECT_EQ(round(), "");
    EXPECT_FALSE(poller_.any_watched());
    watch(probe("again"), a_.mine);
    EXPECT_EQ(round(), "again1 ");
}

TEST_F(PollerTest, AHandlerMayUnwatchItself) {
    Probe& a = probe("a");
    const std::uint64_t id = watch(a, a_.mine);
    a.in_run = [&] {
        poller_.unwatch(id);
        poller_.unwatch(id);
        EXPECT_EQ(poller_.rewatch(id, HEDDLE_READABLE).text, "there is no such watch (any more)");
        story_ += "unwatched ";
    };
    a_.tell();
    EXPECT_EQ(round(), "a1 unwatched -a ");
    EXPECT_EQ(round(), "");
}

TEST_F(PollerTest, AHandlerMayUnwatchAnotherThatIsReadyInTheSameRound) {
    Probe& a = probe("a");
    Probe& b = probe("b");
    const std::uint64_t a_id = watch(a, a_.mine);
    const std::uint64_t b_id = watch(b, b_.mine);
    a.in_run = [&] { poller_.unwatch(b_id); };
    b.in_run = [&] { poller_.unwatch(a_id); };
    a_.tell();
    b_.tell();
    const std::string once = round();  // whichever the kernel names first
    EXPECT_TRUE(once == "a1 -b " || once == "b1 -a ") << once;
}

TEST_F(PollerTest, AHandlerMayCloseItsDescriptorAndWatchTheNextOfThatNumber) {
    Probe& a = probe("a");
    Probe& next = probe("next");
    const int number = a_.mine;
    const std::uint64_t id = watch(a, number);
    std::uint64_t next_id = 0;
    a.in_run = [&] {
        poller_.unwatch(id);
        a_.close_mine();
        ASSERT_EQ(a_.mine = dup(b_.mine), number);
        next_id = watch(next, number);
    };
    a_.tell();
    EXPECT_EQ(round(), "a1 -a ");
    EXPECT_EQ(round(), "");
    b_.tell();
    EXPECT_EQ(round(), "next1 ");
    poller_.unwatch(id);  // an old id ends nothing
    EXPECT_EQ(round(), "next1 ");
    poller_.unwatch(next_id);
    EXPECT_EQ(round(), "-next ");
}

TEST_F(PollerTest, AWatchThatWasFoundReadyAndThenChangedRunsForWhatItWaitsForOnly) {
    Probe& a = probe("a");
    Probe& b = probe("b");
    const std::uint64_t a_id = watch(a, a_.mine);
    const std::uint64_t b_id = watch(b, b_.mine);
    a.in_run = [&] { poller_.rewatch(b_id, HEDDLE_WRITABLE); };
    b.in_run = [&] { poller_.rewatch(a_id, HEDDLE_WRITABLE); };
    a_.tell();
    b_.tell();
    const std::string once = round();
    EXPECT_TRUE(once == "a1 " || once == "b1 ") << once;
}

TEST_F(PollerTest, ForgetsADescriptorThatItsOwnerClosedAndKeepsItsContextUntilItIsUnwatched) {
    const std::uint64_t id = watch(probe("a"), a_.mine);
    a_.tell();
    const int number = a_.mine;
    a_.close_mine();
    EXPECT_EQ(round(), "");
    EXPECT_EQ(poller_.rewatch(id, HEDDLE_WRITABLE).text,
              "cannot watch file descriptor " + std::to_string(number) + ": it is not open");
    poller_.unwatch(id);
    EXPECT_EQ(round(), "-a ");
}

TEST_F(PollerTest, WatchesANumberThatIsUsedAgainWhileItsOldWatchIsThereStill) {
    const int number = a_.mine;
    const std::uint64_t old_id = watch(probe("old"), number);
    a_.close_mine();
    ASSERT_EQ(a_.mine = dup(b_.mine), number);
    const std::uint64_t id = watch(probe("new"), number);
    b_.tell();
    EXPECT_EQ(round(), "new1 ");
    EXPECT_EQ(poller_.rewatch(old_id, HEDDLE_WRITABLE).code, HEDDLE_INVALID);
    poller_.unwatch(old_id);
    EXPECT_EQ(round(), "-old new1 ");
    poller_.unwatch(id);
    EXPECT_EQ(round(), "-new ");
}

TEST_F(PollerTest, IsNotKeptAwakeByADescriptorThatWasClosedWhileADuplicateIsOpen) {
    watch(probe("b"), b_.mine);
    const std::uint64_t id = watch(probe("a"), a_.mine);
    const int duplicate = dup(a_.mine);
    a_.tell();
    a_.close_mine();
    EXPECT_EQ(round(), "a1 ");  // the kernel goes on to report it
    poller_.unwatch(id);        // and cannot be told not to
    EXPECT_EQ(round(), "-a ");
    EXPECT_FALSE(poller_.look(1ms));  // nothing is ready
    b_.tell();
    EXPECT_EQ(round(), "b1 ");
    close(duplicate);
}

TEST_F(PollerTest, WatchesADuplicateThatHasTheNumberOfOneThatWasClosed) {
    const std::uint64_t id = watch(probe("a"), a_.mine);
    const int duplicate = dup(a_.mine);
    const int number = a_.mine;
    a_.close_mine();
    poller_.unwatch(id);
    ASSERT_EQ(a_.mine = dup(duplicate), number);
    close(duplicate);
    watch(probe("again"), number);
    a_.tell();
    EXPECT_EQ(round(), "-a again1 ");
}

TEST_F(PollerTest, ASetMadeAnewLeavesOutANumberThatIsAnotherFilesNow) {
    const std::uint64_t id = watch(probe("a"), a_.mine);
    const int duplicate = dup(a_.mine);
    const int number = b_.mine;
    watch(probe("b"), number);
    b_.close_mine();
    Ends other;
    ASSERT_EQ(dup2(other.mine, number), number);  // not watched by anyone
    b_.mine = number;
    a_.tell();
    a_.close_mine();
    poller_.unwatch(id);
    other.tell();
    EXPECT_EQ(round(), "-a ");  // finds the duplicate of a, and makes the set anew
    EXPECT_EQ(round(), "");
    close(duplicate);
}

TEST_F(PollerTest, AHandlerThatGoesRoundItselfIsNotRunAgainFromInside) {
    Probe& a = probe("a");
    watch(a, a_.mine);
    watch(probe("b"), b_.mine);
    a.in_run = [&] {
        a.in_run = nullptr;
        b_.tell();
        for (int i = 0; i < 2; ++i) {
            const std::string inside = round();
            EXPECT_TRUE(inside == "b1 " || inside == "a1 b1 ") << inside;  // a1 is the one outside
        }
        EXPECT_EQ(b_.read_all(), 1);
        EXPECT_FALSE(poller_.look(1ms)) << "what it has not read yet keeps the loop inside awake";
    };
    a_.tell();
    EXPECT_EQ(round(), "");
    EXPECT_EQ(round(), "a1 ");  // back in the set
}

TEST_F(PollerTest, DropsAllThereAreOnceAlsoWhileDropsUnwatchEachOther) {
    Probe& a = probe("a");
    Probe& b = probe("b");
    const std::uint64_t a_id = watch(a, a_.mine);
    const std::uint64_t b_id = watch(b, b_.mine);
    a.in_drop = [&] { poller_.unwatch(b_id); };
    b.in_drop = [&] { poller_.unwatch(a_id); };
    a_.tell();
    ASSERT_TRUE(poller_.look(0ns));
    const auto taken = poller_.take();  // never finished: its module failed
    ASSERT_TRUE(taken);
    poller_.drop_all();
    EXPECT_EQ(round(), "-a -b ");
    poller_.finish(*taken);
    poller_.drop_all();
    EXPECT_EQ(round(), "");
    EXPECT_FALSE(poller_.any_watched());
}

TEST_F(PollerTest, RefusesWhatCannotBeWatchedAndSaysWhy) {
    watch(probe("a"), a_.mine);
    EXPECT_EQ(refusal(a_.mine), "cannot watch file descriptor " + std::to_string(a_.mine) +
                                    ": the module watches it already; change that watch, or unwatch it first");
    EXPECT_EQ(refusal(-1), "cannot watch file descriptor -1: it is not open");
    const heddle::test::TempDir folder;
    const int file = open(folder.write("file", "text").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    EXPECT_EQ(refusal(file), "cannot watch file descriptor " + std::to_string(file) +
                                 ": it is a regular file, a directory or another that nobody can wait for; read or "
                                 "write it at once");
    close(file);
    EXPECT_EQ(refusal(file), "cannot watch file descriptor " + std::to_string(file) + ": it is not open");
    const std::string nothing = "a watch needs something to run, and to wait for readable, writable or both";
    EXPECT_EQ(refusal(b_.mine, 0), nothing);
    EXPECT_EQ(refusal(b_.mine, HEDDLE_READABLE | HEDDLE_FAULT), nothing);
    EXPECT_EQ(story_, "") << "what was refused was not taken over";
}

TEST_F(PollerTest, SleepsUntilSomethingIsReadyOrItIsWoken) {
    poller_.wake();  // before the first watch: nothing
    EXPECT_FALSE(poller_.look(long_enough)) << "it sleeps while nothing is watched";
    watch(probe("a"), a_.mine);
    EXPECT_FALSE(poller_.look(1ms));
    auto woken = std::async(std::launch::async, [&] { return poller_.look(long_enough); });
    EXPECT_EQ(woken.wait_for(20ms), std::future_status::timeout);
    poller_.wake();
    ASSERT_EQ(woken.wait_for(long_enough), std::future_status::ready);
    EXPECT_EQ(round(), "");
    auto ready = std::async(std::launch::async, [&] { return poller_.look(long_enough); });
    a_.tell();
    ASSERT_EQ(ready.wait_for(long_enough), std::future_status::ready);
    EXPECT_TRUE(ready.get());
    EXPECT_EQ(round(), "a1 ");
}

TEST_F(PollerTest, SleepsForPartsOfAMillisecond) {
    watch(probe("a"), a_.mine);
    auto shortest = std::chrono::nanoseconds(long_enough);
    for (int i = 0; i < 1000 && shortest >= 1ms; ++i) {
        const auto began = std::chrono::steady_clock::now();
        EXPECT_FALSE(poller_.look(100us));
        shortest = std::min(shortest, std::chrono::nanoseconds(std::chrono::steady_clock::now() - began));
    }
    EXPECT_GE(shortest, 100us);
    EXPECT_LT(shortest, 1ms);
}

TEST_F(PollerTest, FindsEveryOneOfManyThatAreReadyInTurn) {
    constexpr std::size_t many = 3 * Poller::share;
    std::vector<std::unique_ptr<Ends>> all;
    std::vector<int> runs(many, 0);
    for (std::size_t i = 0; i < many; ++i) {
        all.push_back(std::make_unique<Ends>());
        Probe& one = probe("");
        one.in_run = [&runs, i] { ++runs[i]; };
        watch(one, all.back()->mine);
        all.back()->tell();
    }
    for (int i = 0; i < 30; ++i) {
        round();
    }
    for (std::size_t i = 0; i < many; ++i) {
        EXPECT_EQ(runs[i], 10) << "descriptor " << i << ", which is ready all the time";
    }
    poller_.drop_all();
}

}  // namespace
