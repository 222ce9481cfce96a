// Durations as people write them: "250ms", "1.5s", "1h30m".
//
// Pure functions: any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace heddle::config {

// One or more numbers, each with a unit (ns, us, ms, s, m, h, d), the larger unit first and each once. A number may
// have a decimal fraction, of which what is below a nanosecond is cut off. None for anything else, a bare number
// included, and for more than 292 years, which std::chrono::nanoseconds cannot hold.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

// The shortest spelling that parse_duration reads back: "1h30m", "250ms", "0s".
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace heddle::config
