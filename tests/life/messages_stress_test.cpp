// Messages of every kind to tiny mailboxes while their modules are stopped and started again and again: each one is
// answered, fails with a kind of its own, or is counted as dropped; what one sender sends is run in order, once at
// most; and nobody waits for ever.
//
// Each test runs for 5 seconds, or for as many as the environment's HEDDLE_STRESS_SECONDS says; HEDDLE_STRESS_SEED
// gives the seed that was printed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "heddle_test/ledger.hpp"
#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"
#include "plugins/run/box_sender.hpp"

namespace {

using namespace heddle::test;
using namespace std::chrono_literals;
using testing::IsEmpty;

using Clock = std::chrono::steady_clock;

constexpr std::size_t boxes = 3;
constexpr std::uint32_t threads = 4;   // senders 0 to 3
constexpr std::uint32_t carriers = 2;  // senders 4 and 5: modules

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* const wanted = std::getenv(name);
    return wanted == nullptr ? otherwise : std::strtoull(wanted, nullptr, 10);
}

/// A host's calls dropped, of one caller.
std::uint64_t dropped_of(LiveHost& live, std::string_view caller, std::string_view function) {
    std::uint64_t sum = 0;
    for (const heddle::call_info& call : live.host.calls()) {
        sum += call.caller == caller && call.function == function ? call.dropped : 0;
    }
    return sum;
}

void send_while_modules_stop_and_start(std::string_view call_timeout) {
    std::random_device device;
    const std::uint64_t seed = from_environment("HEDDLE_STRESS_SEED", device());
    std::printf("HEDDLE_STRESS_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    ledger::clear();

    std::string config = "modules:\n";
    for (std::size_t box = 0; box < boxes; ++box) {
        constexpr std::array<int, boxes> most{1, 2, 64};
        config += fmt::format("  - {{name: box{0}, plugin: box, thread: {{mailbox: {1}}}, config: {{number: {0}}}}}\n",
                              box, most.at(box));
    }
    for (std::uint32_t i = 0; i < carriers; ++i) {
        config += fmt::format("  - {{name: carrier{}, plugin: carrier, config: {{sender: {}, seed: {}}}}}\n", i,
                              threads + i, random() >> 32);
    }
    LiveHost live({"box", "carrier"}, config,
                  fmt::format("host: {{preflight: false, start_timeout: 60s, stop_timeout: 60s, drain_timeout: 60s, "
                              "gate_timeout: 60s, call_timeout: {}}}\n",
                              call_timeout));
    ASSERT_THAT(live.start(), IsEmpty());

    std::atomic<bool> done = false;
    std::atomic<std::uint32_t> left{threads + carriers};
    std::vector<std::thread> all;
    for (std::uint32_t sender = 0; sender < threads; ++sender) {
        all.emplace_back([&, sender, own = random()] {
            const auto function_of = [&live]<class Sig>(const std::string& name) {
                return live.host.function<Sig>(name);
            };
            std::vector<std::unique_ptr<BoxSender>> to;
            for (std::size_t box = 0; box < boxes; ++box) {
                to.push_back(std::make_unique<BoxSender>(box, sender, own + box, function_of));
            }
            std::mt19937_64 draw(own);
            while (!done) {
                to.at(draw() % boxes)->send();
            }
            for (const auto& one : to) {
                one->finish();
            }
            --left;
        });
    }
    for (std::uint32_t i = 0; i < carriers; ++i) {
        all.emplace_back([&,
                          carry = live.host.function<std::uint64_t(std::uint64_t)>(fmt::format("carrier{}.carry", i)),
                          finish = live.host.function<void()>(fmt::format("carrier{}.finish", i))] {
            // The carrier may be longer than call_timeout: it goes on, and so do its books.
            while (!done) {
                carry.async(100).get_within(60s);
            }
            finish.async().get_within(120s);
            --left;
        });
    }

    std::uint64_t cycles = 0;
    for (const auto end = Clock::now() + std::chrono::seconds(from_environment("HEDDLE_STRESS_SECONDS", 5));
         Clock::now() < end; ++cycles) {
        const std::string name = fmt::format("box{}", random() % boxes);
        live.host.stop_module(name);
        ASSERT_EQ(live.state_of(name), "stopped") << live.reason_of(name);
        live.host.start_module(name);
        ASSERT_EQ(live.state_of(name), "running") << live.reason_of(name);
    }
    done = true;
    if (!wait_until([&] { return left == 0; }, 120s)) {
        std::fprintf(stderr, "%u senders wait for ever; HEDDLE_STRESS_SEED=%llu\n", left.load(),
                     static_cast<unsigned long long>(seed));
        std::abort();  // nothing else ends their waits
    }
    for (std::thread& one : all) {
        one.join();
    }
    for (std::size_t box = 0; box < boxes; ++box) {  // what is left in their mailboxes is run
        live.host.stop_module(fmt::format("box{}", box));
    }

    std::array<std::uint64_t, 7> sums{};
    for (std::size_t box = 0; box < boxes; ++box) {
        std::map<std::pair<std::string, std::size_t>, std::uint64_t> missing;  // by caller and kind
        for (std::uint32_t sender = 0; sender < threads + carriers; ++sender) {
            const ledger::Page& page = ledger::page(box, sender);
            EXPECT_EQ(page.backwards, 0U) << "of sender " << sender << " to box " << box;
            const std::string caller = sender < threads ? "app" : fmt::format("carrier{}", sender - threads);
            for (std::size_t kind = 0; kind < ledger::kinds; ++kind) {
                const ledger::Entry& of = page.of.at(kind);
                SCOPED_TRACE(fmt::format("sender {} to box{}.{}", sender, box, box_function(kind)));
                EXPECT_EQ(of.wrong, 0U);
                if (kind < first_async) {
                    EXPECT_EQ(of.answered + of.told + of.late, of.sent);
                    EXPECT_GE(of.ran, of.answered);
                    EXPECT_LE(of.ran, of.answered + of.late);
                } else {
                    EXPECT_LE(of.ran, of.sent);
                    EXPECT_LE(of.answered, of.ran);
                    EXPECT_LE(of.told, of.sent - of.ran);
                    EXPECT_EQ(of.late, 0U);
                    if (of.ran == of.sent) {
                        EXPECT_EQ(of.ran_sum, of.sent_sum);
                    } else {
                        EXPECT_LT(of.ran_sum, of.sent_sum);
                    }
                    missing[{caller, kind}] += of.sent - of.ran + of.full;
                }
                sums[0] += of.sent;
                sums[1] += of.ran;
                sums[2] += of.answered;
                sums[3] += of.told;
                sums[4] += of.late;
                sums[5] += of.thrown;
            }
        }
        for (const auto& [who, count] : missing) {
            EXPECT_EQ(dropped_of(live, who.first, fmt::format("box{}.{}", box, box_function(who.second))), count)
                << who.first << " to box" << box << "." << box_function(who.second);
            sums[6] += count;
        }
    }
    std::printf("%llu stops; %llu sent, %llu run, %llu answered, %llu told, %llu late, %llu not sent, %llu dropped\n",
                static_cast<unsigned long long>(cycles), static_cast<unsigned long long>(sums[0]),
                static_cast<unsigned long long>(sums[1]), static_cast<unsigned long long>(sums[2]),
                static_cast<unsigned long long>(sums[3]), static_cast<unsigned long long>(sums[4]),
                static_cast<unsigned long long>(sums[5]), static_cast<unsigned long long>(sums[6]));
    EXPECT_GT(cycles, 0U);
    EXPECT_GT(sums[2], 0U);
    EXPECT_GT(sums[3], 0U);
    EXPECT_GT(sums[6], 0U);
    EXPECT_THAT(live.stop(), IsEmpty());
}

TEST(MessagesStress, EachIsAnsweredFailsOrIsCountedWhileModulesStopAndStart) {
    send_while_modules_stop_and_start("60s");
}

TEST(MessagesStress, EachIsAnsweredFailsOrIsCountedWhereCallersSoonGiveUp) {
    send_while_modules_stop_and_start("1ms");
}

}  // namespace
