// Calls by many foreign threads while modules start, stop and are unloaded: each one gives the right answer or throws
// heddle::unavailable, and none is lost.
//
// Each runs for 10 seconds, or for as many as the environment's HEDDLE_STRESS_SECONDS says.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using testing::IsEmpty;

using Clock = std::chrono::steady_clock;
const std::string node_file = test_plugins_dir() / "node/node.so";

using Add = std::uint64_t(std::uint64_t, std::uint64_t);
using Number = std::uint64_t();
using Step = std::uint64_t(std::uint64_t);

std::chrono::seconds duration() {
    const char* const wanted = std::getenv("HEDDLE_STRESS_SECONDS");
    return std::chrono::seconds(wanted == nullptr ? 10 : std::max(1, std::atoi(wanted)));
}

struct Tally {
    std::uint64_t right = 0;
    std::uint64_t wrong = 0;
    std::uint64_t unavailable = 0;
    std::uint64_t counted = 0;  // exclusive calls that came back
    void add(const Tally& other) {
        right += other.right;
        wrong += other.wrong;
        unavailable += other.unavailable;
        counted += other.counted;
    }
};

TEST(Stress, EightForeignThreadsCallWhileModulesStartAndStop) {
    LiveHost live({"node"},
                  "modules:\n  - {name: a, plugin: node}\n  - {name: b, plugin: node, config: {needs: [a]}}\n");
    ASSERT_THAT(live.start(), IsEmpty());
    const auto add = live.host.function<Add>("a.add");
    const auto count = live.host.function<Number>("a.count");
    const auto trace = live.host.function<Step>("b.trace");
    std::atomic<bool> done = false;
    std::array<Tally, 8> tallies{};
    std::vector<std::thread> callers;
    for (std::size_t i = 0; i < tallies.size(); ++i) {
        callers.emplace_back([&, i] {
            Tally mine;
            for (std::uint64_t n = 0; !done; ++n) {
                try {
                    if (n % 3 == 0) {
                        (add(n, i) == n + i ? mine.right : mine.wrong) += 1;
                    } else if (n % 3 == 1) {
                        (count() > 0 ? mine.right : mine.wrong) += 1;
                        ++mine.counted;
                    } else {
                        (trace(n) == n + 2 ? mine.right : mine.wrong) += 1;
                    }
                } catch (const heddle::unavailable&) {
                    ++mine.unavailable;
                }
            }
            tallies[i] = mine;
        });
    }
    // Stopping a takes b along, and then nothing of the library is in use: it must leave the process every time.
    std::uint64_t cycles = 0;
    std::uint64_t counted = 0;
    const auto counted_now = live.host.function<Number>("a.counted");
    const auto end = Clock::now() + duration();
    while (Clock::now() < end) {
        if (cycles % 2 == 0) {
            live.host.stop_module("b");  // and by itself, while a is called
            EXPECT_EQ(live.state_of("a"), "running");
        }
        live.host.stop_module("a");
        ASSERT_EQ(live.state_of("b"), "stopped");
        ASSERT_FALSE(has_mapped(getpid(), node_file));
        live.host.start_module("a");
        live.host.start_module("b");
        ++cycles;
    }
    done = true;
    for (std::thread& one : callers) {
        one.join();
    }
    Tally sum;
    for (const Tally& one : tallies) {
        sum.add(one);
    }
    std::printf("%llu unloads; calls: %llu right, %llu unavailable, %llu wrong\n",
                static_cast<unsigned long long>(cycles), static_cast<unsigned long long>(sum.right),
                static_cast<unsigned long long>(sum.unavailable), static_cast<unsigned long long>(sum.wrong));
    EXPECT_EQ(sum.wrong, 0U);
    EXPECT_GT(sum.right, 0U);
    EXPECT_GT(cycles, 0U);
    // The host counted each call that was made, answered or not. trace() counts for the module that it reached too.
    EXPECT_EQ(live.calls("app", "a.add") + live.calls("app", "a.count") + live.calls("app", "b.trace"),
              sum.right + sum.unavailable);
    counted = counted_now();
    EXPECT_LE(counted, sum.counted);  // those of the last life of a
    EXPECT_THAT(live.stop(), IsEmpty());
}

// Sixteen modules, each requiring some of those before it, started and stopped at random points. Whatever was stopped
// takes along what requires it; the test keeps its own books of that.
TEST(Stress, SixteenModulesInADagAreStartedAndStoppedAtRandomPoints) {
    constexpr std::size_t modules = 16;
    std::random_device device;
    const std::uint64_t seed = std::getenv("HEDDLE_STRESS_SEED") == nullptr
                                   ? device()
                                   : std::strtoull(std::getenv("HEDDLE_STRESS_SEED"), nullptr, 10);
    std::printf("HEDDLE_STRESS_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };

    std::array<std::vector<std::size_t>, modules> needs;
    std::string config = "modules:\n";
    for (std::size_t i = 0; i < modules; ++i) {
        std::string list;
        for (std::size_t j = 0; j < i; ++j) {
            if (needs[i].size() < 2 && below(i) < 2) {  // at most two: trace() takes every path
                needs[i].push_back(j);
                list += (list.empty() ? "m" : ", m") + std::to_string(j);
            }
        }
        config += "  - {name: m" + std::to_string(i) + ", plugin: node, config: {needs: [" + list +
                  "], calls_at_start: true, calls_at_stop: true}}\n";
    }
    SCOPED_TRACE(config);
    LiveHost live({"node"}, config);
    ASSERT_THAT(live.start(), IsEmpty());

    std::array<std::uint64_t, modules> paths{};  // what trace(0) gives: each module once for each path to it
    std::vector<heddle::function<Step>> traces;
    for (std::size_t i = 0; i < modules; ++i) {
        paths[i] = 1;
        for (const std::size_t j : needs[i]) {
            paths[i] += paths[j];
        }
        traces.push_back(live.host.function<Step>(fmt::format("m{}.trace", i)));
    }

    std::atomic<bool> done = false;
    std::atomic<std::uint64_t> right = 0;
    std::atomic<std::uint64_t> wrong = 0;
    std::atomic<std::uint64_t> unavailable = 0;
    std::vector<std::thread> callers;
    for (std::size_t t = 0; t < 4; ++t) {
        callers.emplace_back([&, t] {
            std::mt19937_64 own(seed + t);
            while (!done) {
                const std::size_t i = own() % modules;
                try {
                    (traces[i](0) == paths[i] ? right : wrong) += 1;
                } catch (const heddle::unavailable&) {
                    ++unavailable;
                }
            }
        });
    }

    std::array<bool, modules> running{};
    running.fill(true);
    std::uint64_t changes = 0;
    const auto end = Clock::now() + duration();
    while (Clock::now() < end) {
        const std::size_t i = below(modules);
        const std::string name = "m" + std::to_string(i);
        if (running[i]) {
            live.host.stop_module(name);
            running[i] = false;
            for (std::size_t j = i + 1; j < modules; ++j) {
                running[j] = running[j] && std::all_of(needs[j].begin(), needs[j].end(),
                                                       [&](std::size_t one) { return running[one]; });
            }
        } else if (std::all_of(needs[i].begin(), needs[i].end(), [&](std::size_t one) { return running[one]; })) {
            live.host.start_module(name);
            running[i] = true;
        } else {
            EXPECT_NE(thrown_by([&] {
                          live.host.start_module(name);
                          return 0;
                      }),
                      "");
        }
        ++changes;
        for (std::size_t j = 0; j < modules; ++j) {
            const std::string state = live.state_of(fmt::format("m{}", j));
            ASSERT_EQ(state == "running", running[j]) << "m" << j << " is " << state << " after change " << changes;
        }
    }
    done = true;
    for (std::thread& one : callers) {
        one.join();
    }
    std::printf("%llu changes; calls: %llu right, %llu unavailable, %llu wrong\n",
                static_cast<unsigned long long>(changes), static_cast<unsigned long long>(right.load()),
                static_cast<unsigned long long>(unavailable.load()), static_cast<unsigned long long>(wrong.load()));
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(right, 0U);
    EXPECT_THAT(live.stop(), IsEmpty());
    EXPECT_FALSE(has_mapped(getpid(), node_file));
}

}  // namespace
