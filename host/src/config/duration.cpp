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

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    std::int64_t total = 0;
    std::size_t next_unit = 0;  // units get smaller from left to right
    while (!text.empty()) {
        std::int64_t number = 0;
        if (text.front() < '0' || text.front() > '9') {
            return std::nullopt;  // from_chars would take a sign
        }
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc()) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
        while (next_unit < units.size() && units[next_unit].name != name) {
            ++next_unit;
        }
        if (next_unit == units.size()) {
            return std::nullopt;
        }
        std::int64_t part = 0;
        if (__builtin_mul_overflow(number, units[next_unit].ns, &part) || __builtin_add_overflow(total, part, &total)) {
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
