// What stats.summary answers, described as stats describes it: field for field, or the handle is refused when it binds.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>

namespace alerts {

struct Summary {
    double last = 0;
    double mean = 0;
    double min = 0;
    double max = 0;
    double p50 = 0;
    double p90 = 0;
    double p99 = 0;
    double rate = 0;          // observations per second
    std::uint64_t count = 0;  // 0: no such series, or nothing observed lately
};
BOOST_DESCRIBE_STRUCT(Summary, (), (last, mean, min, max, p50, p90, p99, rate, count))

}  // namespace alerts
