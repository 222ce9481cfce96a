// All series by name, with a limit on how many and a time after which a silent one is forgotten.
//
// Thread-safety: every function may be called by any thread at any time. One mutex guards the table. It is never held
// while anything outside this file runs, and for about as long as the call itself takes: a tenth of a microsecond to
// observe, some microseconds to summarise. See README.md for why that was preferred to one lock per series.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "summary.hpp"
#include "window.hpp"

namespace stats {

class Registry {
public:
    enum class Outcome { kept, not_finite, over_limit };

    // max_series: at least 1. forget: how long a series may be silent, not less than the window.
    Registry(const WindowShape& shape, std::size_t max_series, std::chrono::nanoseconds forget);

    // now: of a steady clock, the same one in every call. Allocates for a series it has not seen, and until each of
    // the series' slices has grown to the buckets it needs; not after that.
    Outcome observe(std::string_view series, double value, Time now);
    // Of a series it does not know: a Summary of zeros.
    Summary summary(std::string_view series, Time now);
    // The names, sorted.
    std::vector<std::string> series() const;
    // Drops every series silent for `forget` or longer and returns how many.
    std::size_t forget_silent(Time now);

private:
    struct Hash {
        using is_transparent = void;  // look-up by string_view without making a string
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    const WindowShape shape_;
    const std::size_t max_series_;
    const std::chrono::nanoseconds forget_;
    mutable std::mutex mutex_;  // guards everything below
    std::unordered_map<std::string, Window, Hash, std::equal_to<>> windows_;
    Workspace workspace_;
};

}  // namespace stats
