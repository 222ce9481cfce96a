// What the test notifier keeps of each call.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>

struct Ring {
    std::string rule;
    bool raised = false;
    double value = 0;
    std::string message;
    std::int64_t time_ns = 0;
};
BOOST_DESCRIBE_STRUCT(Ring, (), (rule, raised, value, message, time_ns))
