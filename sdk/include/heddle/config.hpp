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
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "heddle/abi.h"
#include "heddle/duration.hpp"
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

    /// A problem of a field, by its name or its path: "window", "disk.limit", "rules[2].name". One that the file does
    /// not set is reported at the nearest thing around it that the file does.
    void at(std::string_view path, std::string_view text) { report(find_path(path), std::string(path), text, 0); }
    /// A problem inside a located text, `offset` bytes into it.
    template <class T>
    void at(const located<T>& place, std::size_t offset, std::string_view text) {
        report(place.where, {}, text, place.where == nullptr ? 0 : characters(*place.where, offset));
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
    /// The columns of a file count characters, a program counts bytes.
    static std::size_t characters(const heddle_value& value, std::size_t bytes) noexcept {
        const std::string_view before = detail::to_view(value.text).substr(0, bytes);
        std::size_t inner = 0;
        for (const char c : before) {
            inner += (static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 1 : 0;  // not the first byte of a character
        }
        return bytes - inner;
    }

    const heddle_value* find_path(std::string_view path) const noexcept {
        const heddle_value* value = root_;
        while (!path.empty()) {
            const heddle_value* inner = nullptr;
            if (path.front() == '[') {
                std::size_t index = 0;
                const auto [end, failed] = std::from_chars(path.data() + 1, path.data() + path.size(), index);
                const std::size_t closed = path.find(']');
                path.remove_prefix(closed == std::string_view::npos ? path.size() : closed + 1);
                if (failed == std::errc{} && value != nullptr && value->kind == HEDDLE_LIST && index < value->count) {
                    inner = value->items[index];
                }
            } else {
                path.remove_prefix(path.front() == '.' ? 1 : 0);
                const std::string_view name = path.substr(0, path.find_first_of(".["));
                inner = find(value, name);
                path.remove_prefix(name.size());
            }
            if (inner == nullptr) {
                break;
            }
            value = inner;
        }
        return value;
    }

    void report(const heddle_value* value, const std::string& field, std::string_view text, std::size_t offset) {
        ++count_;
        std::string named;
        if (!field.empty()) {
            named.append("'").append(field).append("' of module '");
            named.append(detail::to_view(ends_.host->name(ends_.self))).append("' ");
        }
        named.append(text);
        ends_.host->config_problem(ends_.self, value == nullptr ? root_ : value, 0, static_cast<std::uint32_t>(offset),
                                   detail::to_abi(named));
    }

    const detail::module_ends& ends_;
    const heddle_value* root_;
    std::size_t count_ = 0;
};

namespace detail {

/// A text as a message can show it: its first line, at most 60 bytes, "..." where something was left out.
inline std::string shown(std::string_view text) {
    std::size_t end = text.substr(0, text.find('\n')).substr(0, 60).size();
    if (end == text.size()) {
        return std::string(text);
    }
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;  // not in the middle of a character
    }
    return std::string(text.substr(0, end)).append("...");
}

inline std::string describe_value(const heddle_value& value) {
    switch (value.kind) {
        case HEDDLE_SCALAR:
            return std::string(value.quoted != 0 ? "the text \"" : "'")  // operator+ has g++ 12 warn in vain
                .append(shown(to_view(value.text)))
                .append(value.quoted != 0 ? "\"" : "'");
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
        static_assert(
            is_described_struct<T>,
            "heddle: a module's Config must be described with BOOST_DESCRIBE_STRUCT, so that its fields can be "
            "read");
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
                const std::string inside = path.empty() ? std::string() : "in '" + path + "' ";
                problems_.at_key(&item, "unknown key '" + shown(key) + "' " + inside + "for module '" + module_ + "'" +
                                            instead_of(key, names));
            }
        }
    }

private:
    void expected(const heddle_value& at, const std::string& path, const std::string& what,
                  const std::string& cure = {}) {
        const std::string name = path.empty() ? "the configuration" : "'" + path + "'";
        problems_.at(&at, name + " of module '" + module_ + "' must be " + what + ", not " + describe_value(at) +
                              (at.kind == HEDDLE_NULL ? " (give a value, or remove the key for the default)" : cure));
    }

    /// The end of the message about an unknown key: the name that was meant, or all that there are.
    static std::string instead_of(std::string_view key, const std::vector<std::string_view>& names) {
        if (names.empty()) {
            return "; it takes no configuration here";
        }
        std::string text = did_you_mean(key, names);
        if (text.empty()) {
            for (const std::string_view name : names) {
                text.append(text.empty() ? " (known here: " : ", ").append(name);
            }
            text += ")";
        }
        return text;
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
        static constexpr const char* without_quotes = " (remove the quotes)";
        const std::string_view text = to_view(from.text);
        std::string cure;
        if constexpr (std::is_same_v<T, bool>) {
            if (text == "true" || text == "false") {
                if (from.quoted == 0) {
                    to = text == "true";
                    return;
                }
                cure = without_quotes;
            }
        } else if constexpr (std::is_arithmetic_v<T>) {
            T value{};
            const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
            bool fine = failed == std::errc{} && end == text.data() + text.size();
            if constexpr (std::is_floating_point_v<T>) {
                fine = fine && __builtin_isfinite(value);
                if (failed == std::errc::result_out_of_range) {
                    cure = sizeof(T) == 4 ? " (32 bits do not hold it)" : " (64 bits do not hold it)";
                }
            }
            if (fine && from.quoted == 0) {
                to = value;
                return;
            }
            cure = fine ? without_quotes : cure;
        } else if constexpr (is_duration<T>) {
            if (const auto ns = parse_duration(text)) {
                if (set_duration(*ns, to)) {
                    return;
                }
                expected(from, path, "a whole number of " + unit_name<T>() + largest<T>());
                return;
            }
            if (!text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos) {
                cure = " (add a unit: " + std::string(text) + "s)";
            }
        } else if constexpr (std::is_enum_v<T>) {
            static_assert(
                boost::describe::has_describe_enumerators<T>::value,
                "heddle: an enum in a Config must be described with BOOST_DESCRIBE_ENUM, so that its names can "
                "be read");
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
            cure = did_you_mean(text, names);
        } else {
            static_assert(
                std::is_constructible_v<T, std::string> && !std::is_same_v<T, std::string_view> &&
                    !std::is_same_v<T, const char*>,
                "heddle: this type cannot be read from a configuration; use one that heddle/config.hpp lists");
            to = T(std::string(text));
            return;
        }
        expected(from, path, scalar_name<T>(), cure);
    }

    /// False when the time is not a whole number of T's units, or more of them than T counts.
    template <class T>
    static bool set_duration(std::int64_t ns, T& to) {
        if constexpr (std::chrono::treat_as_floating_point_v<typename T::rep>) {
            to = std::chrono::duration_cast<T>(std::chrono::nanoseconds(ns));
            return true;
        } else {
            // First in 64 bits, as T may have fewer. Units finer than nanoseconds are not held to their range.
            using wide = std::chrono::duration<std::int64_t, typename T::period>;
            const auto exact = std::chrono::nanoseconds(ns);
            const wide units = std::chrono::duration_cast<wide>(exact);
            if (units != exact || !std::in_range<typename T::rep>(units.count())) {
                return false;
            }
            to = T(static_cast<typename T::rep>(units.count()));
            return true;
        }
    }

    /// " up to 32767", for what counts in fewer than 64 bits.
    template <class T>
    static std::string largest() {
        using rep = typename T::rep;
        return sizeof(rep) < sizeof(std::int64_t) ? " up to " + std::to_string(std::numeric_limits<rep>::max()) : "";
    }

    template <class T>
    static std::string unit_name() {
        using period = typename T::period;
        return std::ratio_equal_v<period, std::ratio<1>>      ? "seconds"
               : std::ratio_equal_v<period, std::milli>       ? "milliseconds"
               : std::ratio_equal_v<period, std::micro>       ? "microseconds"
               : std::ratio_equal_v<period, std::nano>        ? "nanoseconds"
               : std::ratio_equal_v<period, std::ratio<60>>   ? "minutes"
               : std::ratio_equal_v<period, std::ratio<3600>> ? "hours"
               : std::ratio_equal_v<period, std::ratio<86400>>
                   ? "days"
                   : std::to_string(period::num) + "/" + std::to_string(period::den) + " seconds";
    }

    config_problems& problems_;
    std::string module_;
};

}  // namespace detail
}  // namespace heddle
