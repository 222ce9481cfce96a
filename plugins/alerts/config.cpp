#include "config.hpp"

#include <fmt/core.h>

#include <set>

namespace alerts {
namespace {

// Nothing, and the problem told, for a text that is no condition.
std::optional<Condition> condition_of(const heddle::located<std::string>& text, heddle::config_problems& problems) {
    try {
        return parse_condition(text.value);
    } catch (const SyntaxError& error) {
        problems.at(text, error.offset, error.what());
        return std::nullopt;
    }
}

void check_rule(const RuleConfig& rule, heddle::config_problems& problems) {
    if (rule.when.where == nullptr) {
        problems.at(rule.name, fmt::format("the rule '{}' needs 'when', such as when: \"cpu.busy.p90 > 90 for 30s\"",
                                           rule.name.value));
        return;
    }
    const std::optional<Condition> when = condition_of(rule.when, problems);
    if (!rule.clear) {
        return;
    }
    const std::optional<Condition> clear = condition_of(*rule.clear, problems);
    if (when && clear) {
        if (const auto problem = contradiction(*when, *clear)) {
            problems.at(*rule.clear, *problem);
        }
    }
}

// "module.function", with something on both sides.
bool is_function_name(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot != std::string_view::npos && dot > 0 && dot + 1 < name.size();
}

std::string_view name_of(Severity severity) {
    return severity == Severity::info ? "info" : severity == Severity::warning ? "warning" : "critical";
}

}  // namespace

void AlertsConfig::check(heddle::config_problems& problems) const {
    if (interval < std::chrono::milliseconds(10)) {
        problems.at("interval", "must be at least 10ms");
    }
    std::set<std::string_view> names;
    for (const RuleConfig& rule : rules) {
        if (rule.name.where == nullptr || rule.name.value.empty()) {
            // The rule's own place is not known here; that of its condition is.
            const heddle::located<std::string>& place = rule.name.where != nullptr ? rule.name : rule.when;
            problems.at(place, "this rule needs a 'name'");
        } else if (!names.insert(rule.name.value).second) {
            problems.at(rule.name,
                        fmt::format("there is a rule named '{}' already; names tell alerts apart", rule.name.value));
        }
        check_rule(rule, problems);
    }
    std::set<std::string_view> notified;
    for (const auto& name : notify) {
        if (name.value != "log" && !is_function_name(name.value)) {
            problems.at(
                name, fmt::format("expected 'log' or MODULE.FUNCTION, such as console.alert, found '{}'", name.value));
        } else if (!notified.insert(name.value).second) {
            problems.at(name, fmt::format("'{}' is named twice in 'notify'", name.value));
        }
    }
}

std::vector<Rule> AlertsConfig::compile() const {
    std::vector<Rule> compiled;
    for (const RuleConfig& rule : rules) {
        const Condition when = parse_condition(rule.when.value);
        compiled.push_back({rule.name.value, when,
                            rule.clear ? parse_condition(rule.clear->value) : default_clear(when),
                            std::string(name_of(rule.severity))});
    }
    return compiled;
}

}  // namespace alerts
