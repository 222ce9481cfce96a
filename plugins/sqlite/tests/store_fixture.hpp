// What the store's tests share: a file in a folder of its own, a clock that moves when told, the messages it gave.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "heddle_test/temp_dir.hpp"
#include "store.hpp"

namespace sqlite {

using namespace std::chrono_literals;

inline std::ostream& operator<<(std::ostream& stream, const Sample& sample) {
    return stream << "{" << sample.time_ns << ", " << sample.value << "}";
}

inline bool operator==(const Sample& a, const Sample& b) {
    return a.time_ns == b.time_ns && a.value == b.value;
}

// s0, s1, ...
inline std::string series_number(int number) {
    return std::string{"s"}.append(std::to_string(number));
}

class StoreFixture : public testing::Test {
public:
    StoreFixture() {
        settings.path = (dir / "samples.db").string();
        settings.retention = 0s;  // the tests' times begin in 1970
    }

    Store open() {
        return Store{settings,
                     [this](Level level, const std::string& text) {
                         static constexpr const char* names[] = {"info", "warning", "error"};
                         messages.push_back(std::string{names[static_cast<int>(level)]} + ": " + text);
                     },
                     clock()};
    }

    Clock clock() {
        return {[this] { return Clock::Point{std::chrono::milliseconds{steady_ms.load()}}; },
                [this] { return unix_ns.load(); }};
    }

    void pass(std::chrono::milliseconds time) {
        steady_ms += time.count();
        unix_ns += std::chrono::nanoseconds{time}.count();
    }

    // Lets the flush time pass, and the work be done.
    void flush(Store& store) {
        pass(settings.flush);
        store.work();
    }

    // Asks the file, not the store.
    std::int64_t in_file(const std::string& sql) {
        Database database{settings.path, Database::Mode::existing};
        database.set_busy_timeout(5s);
        return database.integer(sql);
    }
    std::string text_in_file(const std::string& sql) {
        return Database{settings.path, Database::Mode::existing}.text(sql);
    }

    // Paths differ from run to run: the messages as they are with the test's folder left out.
    std::vector<std::string> said() const {
        std::vector<std::string> result;
        for (std::string text : messages) {
            const std::string folder = dir.path().string();
            for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
                text.replace(at, folder.size(), "DIR");
            }
            result.push_back(text);
        }
        return result;
    }

    heddle::test::TempDir dir;
    Settings settings;
    std::atomic<std::int64_t> steady_ms{1'000'000};
    std::atomic<std::int64_t> unix_ns{1'700'000'000'000'000'000};
    std::vector<std::string> messages;
};

constexpr std::int64_t always = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t ever = std::numeric_limits<std::int64_t>::min();

}  // namespace sqlite
