// One series over its window: a ring of slices (sub-windows), merged when somebody asks.
//
// The window of N slices of length s, asked at time t, holds the slice that t is in, as far as it has come, and the
// N - 1 before it: between (N - 1) s and N s of time. A sample leaves when its slice does, so at least (N - 1) s and
// at most N s after it was observed.
//
// Thread-safety: none; the owner locks. Time is the caller's: any steady clock, so tests run at the speed of
// arithmetic.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <vector>

#include "sketch.hpp"
#include "summary.hpp"

namespace stats {

using Time = std::chrono::steady_clock::time_point;

// What all windows of a registry have in common.
struct WindowShape {
    // window: above 0; slices: at least 1 and few enough that a slice lasts 1 ns or more; accuracy: see BucketScale.
    // Throws std::invalid_argument otherwise.
    WindowShape(std::chrono::nanoseconds window, unsigned slices, double accuracy);

    std::chrono::nanoseconds slice;
    unsigned slices;
    BucketScale scale;
};

// Memory for merging, used again from one question to the next.
struct Workspace {
    Sketch merged{std::numeric_limits<std::size_t>::max()};
    std::vector<Sketch::Bucket> scratch;
};

class Window {
public:
    Window(const WindowShape& shape, Time first_seen);

    // value: finite. A time before the newest seen counts as the newest.
    void observe(const WindowShape& shape, double value, Time now);
    Summary summarise(const WindowShape& shape, Time now, Workspace& workspace) const;
    Time last_seen() const { return last_seen_; }

private:
    struct Slice {
        std::int64_t number = std::numeric_limits<std::int64_t>::min();  // which of all slices since the epoch
        std::uint64_t count = 0;
        double min = 0;
        double max = 0;
        long double sum = 0;  // its exponent holds the sum of any number of huge doubles
        Sketch sketch;
    };

    std::vector<Slice> ring_;
    Time first_seen_;
    Time last_seen_;
    double last_ = 0;
};

}  // namespace stats
