// The configuration of alerts: what the file may say, and what is wrong with it.
// Used on the module's thread while it is constructed.
#pragma once

#include <boost/describe.hpp>
#include <chrono>
#include <heddle/config.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rule.hpp"

namespace alerts {

enum class Severity { info, warning, critical };
BOOST_DESCRIBE_ENUM(Severity, info, warning, critical)

struct RuleConfig {
    heddle::located<std::string> name;
    heddle::located<std::string> when;
    std::optional<heddle::located<std::string>> clear;
    Severity severity = Severity::warning;
};
BOOST_DESCRIBE_STRUCT(RuleConfig, (), (name, when, clear, severity))

struct AlertsConfig {
    std::chrono::milliseconds interval{1000};
    std::chrono::milliseconds grace{10000};
    std::vector<RuleConfig> rules;
    std::vector<heddle::located<std::string>> notify{{"log", nullptr}};

    void check(heddle::config_problems& problems) const;
    // The rules as they are to be evaluated. Only after a check without problems.
    std::vector<Rule> compile() const;
};
BOOST_DESCRIBE_STRUCT(AlertsConfig, (), (interval, grace, rules, notify))

}  // namespace alerts
