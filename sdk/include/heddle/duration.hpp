// heddle/duration.hpp: durations as people write them: "250ms", "1.5s", "1h30m".
// Pure functions; any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace heddle {

namespace detail {

/// A duration for the host, in nanoseconds; beyond a hundred years either way it is a hundred years.
template <class Rep, class Period>
constexpr std::int64_t nanoseconds_of(std::chrono::duration<Rep, Period> duration) noexcept {
    constexpr std::chrono::nanoseconds century = std::chrono::hours(24 * 36525);
    using exact_enough = std::chrono::duration<double, std::nano>;
    if (std::chrono::duration_cast<exact_enough>(duration) >= exact_enough(century)) {
        return century.count();
    }
    if (std::chrono::duration_cast<exact_enough>(duration) <= exact_enough(-century)) {
        return -century.count();
    }
    return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

struct duration_unit {
    std::string_view name;
    std::int64_t ns;
};
inline constexpr std::array<duration_unit, 7> duration_units = {{{"d", 86'400'000'000'000},
                                                                 {"h", 3'600'000'000'000},
                                                                 {"m", 60'000'000'000},
                                                                 {"s", 1'000'000'000},
                                                                 {"ms", 1'000'000},
                                                                 {"us", 1'000},
                                                                 {"ns", 1}}};

constexpr std::string_view take_digits(std::string_view& text) {
    const std::string_view digits = text.substr(0, text.find_first_not_of("0123456789"));
    text.remove_prefix(digits.size());
    return digits;
}

/// 0.digits of a unit, cut off below a nanosecond. From the right, so that cutting off at each place loses no more than
/// cutting off once: floor((floor(x) + n) / 10) = floor((x + n) / 10) for whole n.
constexpr std::int64_t fraction_of(std::int64_t unit, std::string_view digits) {
    std::int64_t fraction = 0;
    for (std::size_t i = digits.size(); i > 0; --i) {
        fraction = (fraction + (digits[i - 1] - '0') * unit) / 10;
    }
    return fraction;
}

}  // namespace detail

/// In nanoseconds: one or more numbers, each with a unit (ns, us, ms, s, m, h, d), the larger unit first and each once.
/// A number may have a decimal fraction, of which what is below a nanosecond is cut off. Nothing for anything else, a
/// bare number and a negative one included, and for more than 292 years, which 64 bits do not hold.
constexpr std::optional<std::int64_t> parse_duration(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    std::int64_t total = 0;
    std::size_t next_unit = 0;  // units get smaller from left to right
    while (!text.empty()) {
        const std::string_view whole = detail::take_digits(text);
        std::string_view fraction;
        if (text.starts_with('.')) {
            text.remove_prefix(1);
            fraction = detail::take_digits(text);
            if (fraction.empty()) {
                return std::nullopt;
            }
        }
        if (whole.empty()) {
            return std::nullopt;
        }
        const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
        while (next_unit < detail::duration_units.size() && detail::duration_units[next_unit].name != name) {
            ++next_unit;
        }
        if (next_unit == detail::duration_units.size()) {
            return std::nullopt;
        }
        const std::int64_t unit = detail::duration_units[next_unit].ns;
        std::int64_t number = 0;
        for (const char digit : whole) {
            if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, digit - '0', &number)) {
                return std::nullopt;
            }
        }
        std::int64_t part = 0;
        if (__builtin_mul_overflow(number, unit, &part) || __builtin_add_overflow(total, part, &total) ||
            __builtin_add_overflow(total, detail::fraction_of(unit, fraction), &total)) {
            return std::nullopt;
        }
        ++next_unit;
        text.remove_prefix(name.size());
    }
    return total;
}

}  // namespace heddle
