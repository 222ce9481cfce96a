// What alerts tells about itself: the results of alerts.active and alerts.rules.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>

namespace alerts {

// An alert that is raised.
struct Active {
    std::string rule;
    std::string series;
    double value = 0;  // of the rule's statistic, at the last evaluation
    double limit = 0;
    std::int64_t since_ns = 0;  // Unix time
};
BOOST_DESCRIBE_STRUCT(Active, (), (rule, series, value, limit, since_ns))

// A rule for one of its series. A pattern that matches nothing has one entry, with the pattern for its series.
struct RuleStatus {
    std::string rule;
    std::string series;
    std::string when;
    std::string clear;
    std::string severity;
    std::string state;  // unknown, ok, pending, raised, clearing
    double value = 0;   // of the rule's statistic, at the last evaluation that had one
};
BOOST_DESCRIBE_STRUCT(RuleStatus, (), (rule, series, when, clear, severity, state, value))

}  // namespace alerts
