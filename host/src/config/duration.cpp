#include "config/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace heddle::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t ns;
};

constexpr std::int64_t second = 1'000'000'000;
constexpr std::array<Unit, 7> units = {{{"d", 86'400 * second},
                                        {"h", 3'600 * second},
                                        {"m", 60 * second},
                                        {"s", second},
                                        {"ms", 1'000'000},
                                        {"us", 1'000},
                                        {"ns", 1}}};

std::string_view take_digits(std::string_view& text) {
    const std::string_view digits = text.substr(0, text.find_first_not_of("0123456789"));
    text.remove_prefix(digits.size());
    return digits;
}

// 0.digits of a unit, cut off below a nanosecond. From the right, so that cutting off at each place loses no more than
// cutting off once: floor((floor(x) + n) / 10) = floor((x + n) / 10) for whole n.
std::int64_t fraction_of(std::int64_t unit, std::string_view digits) {
    std::int64_t fraction = 0;
    for (std::size_t i = digits.size(); i-- > 0;) {
        fraction = (fraction + (digits[i] - '0') * unit) / 10;
    }
    return fraction;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    std::int64_t total = 0;
    std::size_t next_unit = 0;  // units get smaller from left to right
    while (!text.empty()) {
        const std::string_view whole = take_digits(text);
        std::string_view fraction;
        if (text.starts_with('.')) {
            text.remove_prefix(1);
            fraction = take_digits(text);
            if (fraction.empty()) {
                return std::nullopt;
            }
        }
        std::int64_t number = 0;
        if (std::from_chars(whole.data(), whole.data() + whole.size(), number).ec != std::errc()) {
            return std::nullopt;  // no digits, or too many
        }
        const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
        while (next_unit < units.size() && units[next_unit].name != name) {
            ++next_unit;
        }
        if (next_unit == units.size()) {
            return std::nullopt;
        }
        const std::int64_t unit = units[next_unit].ns;
        std::int64_t part = 0;
        if (__builtin_mul_overflow(number, unit, &part) || __builtin_add_overflow(total, part, &total) ||
            __builtin_add_overflow(total, fraction_of(unit, fraction), &total)) {
            return std::nullopt;
        }
        ++next_unit;
        text.remove_prefix(name.size());
    }
    return std::chrono::nanoseconds(total);
}

std::string format_duration(std::chrono::nanoseconds duration) {
    std::int64_t rest = duration.count();
    if (rest == 0) {
        return "0s";
    }
    std::string text = rest < 0 ? "-" : "";
    for (const Unit& unit : units) {
        const std::int64_t number = rest / unit.ns;
        rest %= unit.ns;
        if (number != 0) {
            text += std::to_string(number < 0 ? -number : number);
            text += unit.name;
        }
    }
    return text;
}

}  // namespace heddle::config
