// heddle/nearest.hpp: the nearest right name for a wrong one, for "did you mean" in error texts.
// Pure functions; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {

/// How many insertions, deletions, substitutions and swaps of neighbours turn `a` into `b` (optimal string alignment
/// distance; Damerau 1964, Levenshtein 1966). O(|a| * |b|) time, three rows of memory.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        above[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

/// The candidate nearest to `name`, or an empty text when none is near enough to be what was meant (a third of its
/// length, at least one edit). Ties go to the first. `candidates` is any range of texts.
template <class Range>
std::string nearest(std::string_view name, const Range& candidates) {
    std::string best;
    std::size_t least = std::max<std::size_t>(name.size() / 3, 1) + 1;
    for (const auto& candidate : candidates) {
        const std::size_t distance = edit_distance(name, candidate);
        if (distance < least && distance < std::string_view(candidate).size()) {
            least = distance;
            best = candidate;
        }
    }
    return best;
}

/// " (did you mean 'window'?)", or nothing.
template <class Range>
std::string did_you_mean(std::string_view name, const Range& candidates) {
    const std::string best = nearest(name, candidates);
    return best.empty() ? best : " (did you mean '" + best + "'?)";
}

}  // namespace heddle
