// heddle/nearest.hpp: the right name that a wrong one was probably meant to be, for "did you mean" in error texts.
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle {

/// How many insertions, deletions, substitutions and swaps of neighbours turn `a` into `b` (optimal string alignment
/// distance; Damerau 1964, Levenshtein 1966). O(|a| * |b|) time, three rows of memory.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    const auto least = [](std::size_t x, std::size_t y) { return y < x ? y : x; };  // <algorithm> costs 10,000 lines
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        above[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

namespace detail {

/// As many edits as make a likely slip in a name of this length.
constexpr std::size_t likely_slips(std::size_t length) noexcept {
    if (length <= 4) {
        return 1;
    }
    return length <= 8 ? 2 : length < 12 ? 3 : 4;
}

inline std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return lower;
}

}  // namespace detail

/// The candidate nearest to `name`, or an empty text when none is close enough to be a likely slip: one edit for names
/// of up to 4 bytes, two for up to 8, else a third of the length but at most 4; upper and lower case count as equal. Of
/// equally near ones the first; a name that is itself a candidate gives that one. `candidates` is any range of texts.
template <class Range>
std::string nearest(std::string_view name, const Range& candidates) {
    const std::string wanted = detail::lower_case(name);
    std::string best;
    std::size_t least = detail::likely_slips(name.size()) + 1;
    for (const auto& each : candidates) {
        const std::string_view candidate(each);
        if (candidate == name) {
            return std::string(candidate);
        }
        const bool wider = candidate.size() > name.size();
        const std::size_t longer = wider ? candidate.size() : name.size();
        const std::size_t shorter = wider ? name.size() : candidate.size();
        if (longer - shorter >= least) {
            continue;  // cannot be nearer; keeps hostile lengths cheap too
        }
        const std::size_t distance = edit_distance(wanted, detail::lower_case(candidate));
        // An edit for every byte would make any two names near.
        if (distance < least && distance < shorter) {
            least = distance;
            best = candidate;
        }
    }
    return best;
}

/// " (did you mean 'window'?)", or nothing: to be added to an error text.
template <class Range>
std::string did_you_mean(std::string_view name, const Range& candidates) {
    const std::string best = nearest(name, candidates);
    return best.empty() ? best : " (did you mean '" + best + "'?)";
}

}  // namespace heddle
