// What stats tells about one series. The fields, their order and their names are part of the signature of
// stats.summary: a caller that describes them differently is refused when it binds.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>

namespace stats {

// Everything but `last` is about the window. `count` 0: no sample in the window, or a series never heard of; then
// min, max, mean, the quantiles and rate are 0, and `last` is 0 or the last value there was.
struct Summary {
    double last = 0;
    double mean = 0;
    double min = 0;
    double max = 0;
    double p50 = 0;
    double p90 = 0;
    double p99 = 0;
    double rate = 0;  // observations per second
    std::uint64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(Summary, (), (last, mean, min, max, p50, p90, p99, rate, count))

// What stats was given and did not keep, since it started.
struct Losses {
    std::uint64_t not_finite = 0;  // NaN and infinity
    std::uint64_t over_limit = 0;  // samples of new series beyond max_series
    std::uint64_t not_stored = 0;  // kept here, but storage.write failed
};
BOOST_DESCRIBE_STRUCT(Losses, (), (not_finite, over_limit, not_stored))

}  // namespace stats
