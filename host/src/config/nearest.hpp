// The right name that a wrong one was probably meant to be, for "did you mean" in error messages: the SDK's
// distance (heddle/nearest.hpp) with a stricter idea of what is near, as configurations hold short names.
//
// Pure functions: any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace heddle::config {

// The candidate nearest to `name`, if one is close enough to be a likely slip: one edit for names of up to 4 bytes, two
// for up to 8, else a third of the length but at most 4; upper and lower case count as equal. Of several equally near
// the first. A name that is itself a candidate gives that candidate.
std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates);
std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string> candidates);

// " (did you mean 'window'?)", or "" when nothing is near: to be added to an error text.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace heddle::config
