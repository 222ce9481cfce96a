// Durations as people write them: "250ms", "1.5s", "1h30m".
//
// Pure functions: any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace heddle::config {

// As heddle::parse_duration, which modules' configurations are read by too.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

// The shortest spelling that parse_duration reads back: "1h30m", "250ms", "0s".
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace heddle::config
