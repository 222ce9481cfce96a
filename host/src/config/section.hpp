// Reads the keys of one map of the configuration into typed fields, and notes what is wrong on the way.
//
// Used by one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"
#include "config/problem.hpp"
#include "config/settings.hpp"

namespace heddle::config {

// What all sections of one file share.
struct Report {
    std::string file;
    Problems problems;

    void add(Place place, std::string message) { problems.push_back({file, place, std::move(message)}); }
};

// Which durations a key may hold, and how that is said. `unit` is the one to propose for a number without one.
struct DurationRange {
    Duration least;
    Duration most;
    std::string_view form;
    std::string_view unit;
};
inline constexpr DurationRange timeouts{std::chrono::milliseconds(1), std::chrono::hours(24),
                                        "a duration from 1ms to 1d, such as 250ms, 10s or 1h30m", "s"};

class Section {
public:
    // `where` follows the name of a key in messages: " in host", " for module 'stats'". A node that is null is an
    // empty section; one that is no map is a problem, and then an empty section as well.
    Section(const Node* node, std::string where, Report& report);

    // Each gives the value of a key, or none when it is absent or wrong (which is noted). Every key that is asked for
    // is known; unknown_keys() then notes all others.
    std::optional<Duration> duration(std::string_view key, const DurationRange& range = timeouts);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high,
                                        std::string_view condition = {});
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::string> text(std::string_view key);
    std::optional<std::size_t> one_of(std::string_view key, std::span<const std::string_view> names);
    const Node* any(std::string_view key);  // null when absent

    // Takes a value that was read over into a field, which keeps its default otherwise.
    template <typename Field, typename Value>
    static void take(Field& field, const std::optional<Value>& value) {
        if (value) {
            field = static_cast<Field>(*value);
        }
    }

    void unknown_keys();

    // Notes "'key' in ... must be `expected`, found ...".
    void wrong(const Node& node, std::string_view expected, std::string_view cure = {});

    const std::string& where() const { return where_; }
    Place place() const { return node_ == nullptr ? Place() : node_->place; }

private:
    const Node* scalar(std::string_view key, std::string_view expected);

    const Node* node_;
    std::string where_;
    Report& report_;
    std::vector<std::string_view> known_;
};

}  // namespace heddle::config
