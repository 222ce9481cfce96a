#include "config/duration.hpp"

#include <cstdint>
#include <heddle/duration.hpp>

namespace heddle::config {

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    const auto ns = heddle::parse_duration(text);
    return ns ? std::optional(std::chrono::nanoseconds(*ns)) : std::nullopt;
}

std::string format_duration(std::chrono::nanoseconds duration) {
    std::int64_t rest = duration.count();
    if (rest == 0) {
        return "0s";
    }
    std::string text = rest < 0 ? "-" : "";
    for (const detail::duration_unit& unit : detail::duration_units) {
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
