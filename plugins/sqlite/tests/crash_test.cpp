// kill -9 at any moment: the file opens again, all that was committed is there, and at most one batch more.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

#include "heddle_test/support.hpp"
#include "store.hpp"

namespace sqlite {
namespace {

using namespace heddle::test;
using namespace std::chrono_literals;

constexpr std::int64_t batch_rows = 200;  // as in crash_writer.cpp

// The number after the last whole `stored N` line; `none` when there is no such line.
std::int64_t last_stored(const std::string& out, std::int64_t none) {
    const auto end = out.rfind('\n');
    const auto line = end == std::string::npos ? end : out.rfind("stored ", end);
    return line == std::string::npos ? none : std::stoll(out.substr(line + 7));
}

TEST(Crash, LosesAtMostTheBatchBeingWrittenHoweverOftenItIsKilled) {
    const char* const given = std::getenv("HEDDLE_TEST_SEED");
    const auto seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
    SCOPED_TRACE("HEDDLE_TEST_SEED=" + std::to_string(seed));
    std::printf("HEDDLE_TEST_SEED=%u\n", seed);
    std::mt19937 random{seed};
    const auto chance = [&](int low, int high) { return std::uniform_int_distribution<int>{low, high}(random); };

    const TempDir dir;
    Settings settings;
    settings.retention = 0s;
    std::int64_t first = 0;
    int files = 0;
    int rounds_with_rows = 0;
    for (int round = 0; round < 40; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        // Some rounds begin a new file, and may be killed while it is made.
        const bool new_file = round == 0 || chance(0, 3) == 0;
        if (new_file) {
            settings.path = (dir / std::to_string(++files)).string();
            first = 0;
        }
        Program writer{{(bin_dir() / "sqlite_crash_writer").string(), settings.path, std::to_string(first),
                        std::to_string(random())}};
        if (!new_file || chance(0, 1) == 0) {
            ASSERT_TRUE(writer.wait_for_output("^ready$")) << writer.text();
        }
        // The moment of the kill is the test's input, not something waited for.
        std::this_thread::sleep_for(std::chrono::microseconds{chance(0, 30000)});
        writer.send_signal(SIGKILL);
        const ProgramResult result = writer.wait();
        ASSERT_EQ(result.signal, SIGKILL) << result;
        ASSERT_EQ(result.err, "");
        const std::int64_t stored = last_stored(result.out, first);

        Store store{settings, [](Level, const std::string& text) { ADD_FAILURE() << text; }};
        std::vector<bool> there;
        for (int s = 0; s < 4; ++s) {
            for (const Sample& sample : store.query(std::string{"s"}.append(std::to_string(s)), 0, INT64_MAX)) {
                ASSERT_EQ(sample.time_ns % 4, s);
                ASSERT_EQ(sample.value, static_cast<double>(sample.time_ns) * 0.5);
                there.resize(std::max(there.size(), static_cast<std::size_t>(sample.time_ns) + 1));
                there[static_cast<std::size_t>(sample.time_ns)] = true;
            }
        }
        const auto count = static_cast<std::int64_t>(there.size());
        ASSERT_EQ(std::count(there.begin(), there.end(), true), count) << "rows are missing in the middle";
        ASSERT_GE(count, stored) << "rows that were committed are gone";
        ASSERT_LE(count, stored + batch_rows) << "more than one batch was under way";
        Database database{settings.path, Database::Mode::existing};
        ASSERT_EQ(database.text("PRAGMA integrity_check"), "ok");
        rounds_with_rows += count > first ? 1 : 0;
        first = count;
        store.finish(10s);
    }
    EXPECT_GE(rounds_with_rows, 10) << "most kills should come while rows are being written";
}

}  // namespace
}  // namespace sqlite
