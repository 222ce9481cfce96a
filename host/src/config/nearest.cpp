#include "config/nearest.hpp"

#include <algorithm>
#include <heddle/nearest.hpp>

namespace heddle::config {
namespace {

std::string lowered(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

std::size_t likely_slips(std::size_t length) {
    if (length <= 4) {
        return 1;
    }
    return length <= 8 ? 2 : std::min<std::size_t>(length / 3, 4);
}

template <typename Text>
std::optional<std::string_view> nearest_of(std::string_view name, std::span<const Text> candidates) {
    const std::string wanted = lowered(name);
    const std::size_t limit = likely_slips(name.size());
    std::optional<std::string_view> best;
    std::size_t best_distance = limit + 1;
    for (const std::string_view candidate : candidates) {
        if (candidate == name) {
            return candidate;
        }
        const std::size_t longer = std::max(candidate.size(), name.size());
        const std::size_t shorter = std::min(candidate.size(), name.size());
        if (longer - shorter >= best_distance) {
            continue;  // cannot be nearer; keeps hostile lengths cheap too
        }
        const std::size_t distance = heddle::edit_distance(wanted, lowered(candidate));
        // An edit for every byte would make any two names near.
        if (distance < best_distance && distance < shorter) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

template <typename Text>
std::string did_you_mean_of(std::string_view name, std::span<const Text> candidates) {
    const auto near = nearest_of(name, candidates);
    return near ? " (did you mean '" + std::string(*near) + "'?)" : std::string();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates) {
    return nearest_of(name, candidates);
}

std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string> candidates) {
    return nearest_of(name, candidates);
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
    return did_you_mean_of(name, candidates);
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
    return did_you_mean_of(name, candidates);
}

}  // namespace heddle::config
