// heddle/config.hpp: a module's configuration, read into a typed struct of its own.
//
//     struct StatsConfig {
//         std::chrono::seconds window{60};
//         std::vector<std::string> notify;
//         void check(heddle::config_problems& problems) const {        // optional
//             if (window < 1s) problems.at("window", "must be at least 1s");
//         }
//     };
//     BOOST_DESCRIBE_STRUCT(StatsConfig, (), (window, notify))
//
// Fields keep their initial values where the file says nothing. Understood: bool, integers and floating point (with
// their ranges), std::string, std::filesystem::path, durations ("250ms", "1h30m"), described enums, std::optional,
// std::vector, std::map<std::string, T>, described structs, and heddle::located<T> of any of these.
// Unknown keys, wrong types and values out of range are all reported, each at its line and column, before the module is
// refused. Thread-safety: used on the module's thread, while it is constructed.
#pragma once

#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "heddle/abi.h"
#include "heddle/error.hpp"
#include "heddle/nearest.hpp"
#include "heddle/provide.hpp"
#include "heddle/signature.hpp"

namespace heddle {

/// A value together with where it stood, for problems that are found later or inside of it.
template <class T>
struct located {
    T value{};
    const heddle_value* where = nullptr;  ///< valid until the module's constructor returns; null: not in the file
};

/// Collects what is wrong with a configuration. [module thread, during construction]
class config_problems {
public:
    config_problems(const detail::module_ends& ends, const heddle_value* root) noexcept : ends_(ends), root_(root) {}

    /// A problem of the field `name` of the top level.
    void at(std::string_view name, std::string_view text) { report(find(root_, name), std::string(name), text, 0); }
    /// A problem inside a located text, `offset` characters into it.
    template <class T>
    void at(const located<T>& place, std::size_t offset, std::string_view text) {
        report(place.where, {}, text, offset);
    }
    template <class T>
    void at(const located<T>& place, std::string_view text) {
        report(place.where, {}, text, 0);
    }
    /// A problem of a value.
    void at(const heddle_value* value, std::string_view text) { report(value, {}, text, 0); }
    /// A problem of a key.
    void at_key(const heddle_value* value, std::string_view text) {
        ++count_;
        ends_.host->config_problem(ends_.self, value, 1, 0, detail::to_abi(text));
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }

    static const heddle_value* find(const heddle_value* map, std::string_view name) noexcept {
        for (std::size_t i = 0; map != nullptr && map->kind == HEDDLE_MAP && i < map->count; ++i) {
            if (detail::to_view(map->items[i]->key) == name) {
                return map->items[i];
            }
        }
        return nullptr;
    }

private:
    void report(const heddle_value* value, const std::string& field, std::string_view text, std::size_t offset) {
        ++count_;
        const std::string named = field.empty() ? std::string(text) : "'" + field + "' " + std::string(text);
        ends_.host->config_problem(ends_.self, value == nullptr ? root_ : value, 0, static_cast<std::uint32_t>(offset),
                                   detail::to_abi(named));
    }

    const detail::module_ends& ends_;
    const heddle_value* root_;
    std::size_t count_ = 0;
};

namespace detail {

/// "250ms", "1h30m", "1.5s" as nanoseconds; nothing for anything else, and for what 64 bits do not hold.
inline std::optional<std::int64_t> parse_duration(std::string_view text) {
    struct unit {
        std::string_view name;
        double ns;
    };
    static constexpr unit units[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},
                                     {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
    double total = 0;
    if (text.empty()) {
        return std::nullopt;
    }
    while (!text.empty()) {
        double amount = 0;
        const auto [after, failed] =
            std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
        if (failed != std::errc{} || amount < 0 || !std::isfinite(amount)) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(after - text.data()));
        std::size_t letters = 0;
        while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') {
            ++letters;
        }
        const unit* found = nullptr;
        for (const unit& u : units) {
            found = u.name == text.substr(0, letters) ? &u : found;
        }
        if (found == nullptr) {
            return std::nullopt;
        }
        total += amount * found->ns;
        text.remove_prefix(letters);
    }
    if (total > 9.2e18) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(std::llround(total));
}

inline std::string describe_value(const heddle_value& value) {
    switch (value.kind) {
        case HEDDLE_SCALAR:
            return std::string("'").append(to_view(value.text)).append("'");  // operator+ has g++ 12 warn in vain
        case HEDDLE_LIST:
            return "a list";
        case HEDDLE_MAP:
            return "a map";
        default:
            return "nothing";
    }
}

class config_reader {
public:
    config_reader(config_problems& problems, std::string module_name)
        : problems_(problems), module_(std::move(module_name)) {}

    /// Fills a described struct from a map.
    template <class T>
    void read_struct(const heddle_value& from, T& to, const std::string& path = {}) {
        if (from.kind == HEDDLE_NULL) {
            return;
        }
        if (from.kind != HEDDLE_MAP) {
            expected(from, path, "a map");
            return;
        }
        std::vector<std::string_view> names;
        each_in(members_of<T>{}, [&](auto d) { names.emplace_back(d.name); });
        for (std::size_t i = 0; i < from.count; ++i) {
            const heddle_value& item = *from.items[i];
            const std::string_view key = to_view(item.key);
            bool known = false;
            each_in(members_of<T>{}, [&](auto d) {
                if (key == d.name) {
                    known = true;
                    read(item, to.*d.pointer, path.empty() ? std::string(key) : path + "." + std::string(key));
                }
            });
            if (!known) {
                std::string text = "unknown key '" + std::string(key) + "' for module '" + module_ + "'";
                text += did_you_mean(key, names);
                problems_.at_key(&item, names.empty() ? text + "; it takes no configuration here" : text);
            }
        }
    }

private:
    void expected(const heddle_value& at, const std::string& path, const std::string& what) {
        problems_.at(&at, "'" + path + "' of module '" + module_ + "' must be " + what + ", not " + describe_value(at));
    }

    template <class T>
    void read(const heddle_value& from, T& to, const std::string& path) {
        if constexpr (is_a<T, located>) {
            to.where = &from;
            read(from, to.value, path);
        } else if constexpr (is_a<T, std::optional>) {
            if (from.kind == HEDDLE_NULL) {
                to.reset();
            } else {
                typename T::value_type value{};
                read(from, value, path);
                to = std::move(value);
            }
        } else if constexpr (is_a<T, std::vector>) {
            if (from.kind != HEDDLE_LIST) {
                expected(from, path, "a list");
                return;
            }
            to.clear();
            for (std::size_t i = 0; i < from.count; ++i) {
                typename T::value_type value{};
                read(*from.items[i], value, path + "[" + std::to_string(i) + "]");
                to.push_back(std::move(value));
            }
        } else if constexpr (is_a<T, std::map>) {
            static_assert(std::is_same_v<typename T::key_type, std::string>,
                          "heddle: configuration maps have text keys");
            if (from.kind != HEDDLE_MAP) {
                expected(from, path, "a map");
                return;
            }
            to.clear();
            for (std::size_t i = 0; i < from.count; ++i) {
                const std::string key(to_view(from.items[i]->key));
                read(*from.items[i], to[key], path + "." + key);
            }
        } else if constexpr (is_described_struct<T>) {
            read_struct(from, to, path);
        } else {
            if (from.kind != HEDDLE_SCALAR) {
                expected(from, path, scalar_name<T>());
                return;
            }
            read_scalar(from, to, path);
        }
    }

    template <class T>
    static std::string scalar_name() {
        if constexpr (std::is_same_v<T, bool>) {
            return "true or false";
        } else if constexpr (std::is_integral_v<T>) {
            return "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                   std::to_string(std::numeric_limits<T>::max());
        } else if constexpr (std::is_floating_point_v<T>) {
            return "a number";
        } else if constexpr (is_duration<T>) {
            return "a duration such as 250ms, 10s or 1h30m";
        } else if constexpr (std::is_enum_v<T>) {
            std::string names;
            each_in(boost::describe::describe_enumerators<T>{},
                    [&](auto d) { names += (names.empty() ? "" : ", ") + std::string(d.name); });
            return "one of " + names;
        } else {
            return "a text";
        }
    }

    template <class T>
    void read_scalar(const heddle_value& from, T& to, const std::string& path) {
        const std::string_view text = to_view(from.text);
        if constexpr (std::is_same_v<T, bool>) {
            if (from.quoted == 0 && (text == "true" || text == "false")) {
                to = text == "true";
                return;
            }
        } else if constexpr (std::is_arithmetic_v<T>) {
            T value{};
            const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
            bool fine = from.quoted == 0 && failed == std::errc{} && end == text.data() + text.size();
            if constexpr (std::is_floating_point_v<T>) {
                fine = fine && std::isfinite(value);
            }
            if (fine) {
                to = value;
                return;
            }
        } else if constexpr (is_duration<T>) {
            if (const auto ns = parse_duration(text)) {
                const auto exact = std::chrono::nanoseconds(*ns);
                to = std::chrono::duration_cast<T>(exact);
                if (to == exact) {
                    return;
                }
                expected(from, path, "a whole number of units of " + unit_name<T>());
                return;
            }
        } else if constexpr (std::is_enum_v<T>) {
            bool found = false;
            std::vector<std::string_view> names;
            each_in(boost::describe::describe_enumerators<T>{}, [&](auto d) {
                names.emplace_back(d.name);
                if (text == d.name) {
                    to = d.value;
                    found = true;
                }
            });
            if (found) {
                return;
            }
            problems_.at(&from, "'" + path + "' of module '" + module_ + "' must be " + scalar_name<T>() + ", not " +
                                    describe_value(from) + did_you_mean(text, names));
            return;
        } else {
            static_assert(
                std::is_constructible_v<T, std::string>,
                "heddle: this type cannot be read from a configuration; use one that heddle/config.hpp lists");
            to = T(std::string(text));
            return;
        }
        expected(from, path, scalar_name<T>());
    }

    template <class T>
    static std::string unit_name() {
        using period = typename T::period;
        return std::ratio_equal_v<period, std::ratio<1>>      ? "seconds"
               : std::ratio_equal_v<period, std::milli>       ? "milliseconds"
               : std::ratio_equal_v<period, std::micro>       ? "microseconds"
               : std::ratio_equal_v<period, std::ratio<60>>   ? "minutes"
               : std::ratio_equal_v<period, std::ratio<3600>> ? "hours"
                                                              : "its own";
    }

    config_problems& problems_;
    std::string module_;
};

}  // namespace detail
}  // namespace heddle
