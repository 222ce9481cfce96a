// What the test storage keeps.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>

struct Entry {
    std::string series;
    std::int64_t time_ns = 0;
    double value = 0;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (series, time_ns, value))
