#include "engine.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace alerts {
namespace {

std::string text_of(const Rule& rule, const Condition& condition, const std::string& series, double value) {
    return fmt::format("{}: {} {} is {}, {}", rule.severity, series, to_string(condition.statistic),
                       condition.in_measure(value), condition.in_words());
}

Change cleared_as_gone(const Rule& rule, const std::string& series, double value, std::int64_t unix_ns) {
    return {
        rule.name, series, false, value, fmt::format("{}: {} is gone, no sample of it any more", rule.severity, series),
        unix_ns};
}

}  // namespace

Engine::Engine(std::vector<Rule> rules, std::chrono::nanoseconds grace) : grace_(grace) {
    for (Rule& rule : rules) {
        WatchedRule watched{std::move(rule), {}, {}};
        if (!watched.rule.when.is_pattern()) {
            watched.watches.emplace(watched.rule.when.series, new_watch(watched.rule));
        }
        rules_.push_back(std::move(watched));
    }
}

Engine::Watch Engine::new_watch(const Rule& rule) {
    return {Hysteresis(rule.when.duration, rule.clear.duration), {}, 0, 0};
}

bool Engine::has_patterns() const {
    return std::ranges::any_of(rules_, [](const WatchedRule& watched) { return watched.rule.when.is_pattern(); });
}

Round Engine::evaluate(Readings& readings, Time now, std::int64_t unix_ns) {
    Round round;
    try {
        const std::vector<std::string> names = has_patterns() ? readings.series() : std::vector<std::string>();
        for (WatchedRule& watched : rules_) {
            match(watched, names, now, unix_ns, round);
            for (auto& [series, watch] : watched.watches) {
                evaluate_series(watched.rule, series, watch, readings.summary(series), now, unix_ns, round);
            }
        }
        if (std::exchange(readings_failed_, false)) {
            round.notes.push_back({false, "the statistics answer again, the rules go on"});
        }
    } catch (const std::exception& error) {
        for (WatchedRule& watched : rules_) {
            for (auto& [series, watch] : watched.watches) {
                watch.machine.pause();
            }
        }
        if (!std::exchange(readings_failed_, true)) {
            round.notes.push_back({true, fmt::format("no statistics, the rules wait: {}", error.what())});
        }
    }
    return round;
}

// Brings a pattern's watches in line with the series there are.
void Engine::match(WatchedRule& watched, const std::vector<std::string>& names, Time now, std::int64_t unix_ns,
                   Round& round) {
    if (!watched.rule.when.is_pattern()) {
        return;
    }
    std::map<std::string, Watch> kept;
    for (const std::string& name : names) {
        if (!watched.rule.when.matches(name)) {
            continue;
        }
        auto known = watched.watches.extract(name);
        if (known.empty()) {
            kept.emplace(name, new_watch(watched.rule));
        } else {
            kept.insert(std::move(known));
        }
    }
    for (auto& [series, watch] : watched.watches) {
        if (watch.machine.lost() == Hysteresis::Change::cleared) {
            round.changes.push_back(cleared_as_gone(watched.rule, series, watch.value, unix_ns));
        }
    }
    watched.watches = std::move(kept);

    const std::string what = fmt::format("no series matches '{}'", watched.rule.when.series);
    if (watched.watches.empty()) {
        missing(watched.absence, fmt::format("rule '{}': {}, its state is unknown", watched.rule.name, what), now,
                round);
    } else {
        present(watched.absence, fmt::format("rule '{}': there are series again", watched.rule.name), round);
    }
}

void Engine::evaluate_series(const Rule& rule, const std::string& series, Watch& watch, const Summary& summary,
                             Time now, std::int64_t unix_ns, Round& round) const {
    if (summary.count == 0) {
        if (watch.machine.lost() == Hysteresis::Change::cleared) {
            round.changes.push_back(cleared_as_gone(rule, series, watch.value, unix_ns));
        }
        missing(watch.absence, fmt::format("rule '{}': no samples of '{}', its state is unknown", rule.name, series),
                now, round);
        return;
    }
    present(watch.absence, fmt::format("rule '{}': there are samples of '{}' again", rule.name, series), round);

    watch.value = value_of(summary, rule.when.statistic);
    const double clear_value = value_of(summary, rule.clear.statistic);
    switch (watch.machine.step(rule.when.holds(watch.value), rule.clear.holds(clear_value), now)) {
        case Hysteresis::Change::none:
            break;
        case Hysteresis::Change::raised:
            watch.since_ns = unix_ns;
            round.changes.push_back(
                {rule.name, series, true, watch.value, text_of(rule, rule.when, series, watch.value), unix_ns});
            break;
        case Hysteresis::Change::cleared:
            round.changes.push_back(
                {rule.name, series, false, clear_value, text_of(rule, rule.clear, series, clear_value), unix_ns});
            break;
    }
}

void Engine::missing(Absence& absence, const std::string& what, Time now, Round& round) const {
    if (!absence.since) {
        absence.since = now;
    }
    if (!absence.said && now - *absence.since >= grace_) {
        absence.said = true;
        round.notes.push_back({true, what});
    }
}

void Engine::present(Absence& absence, const std::string& what, Round& round) {
    absence.since.reset();
    if (std::exchange(absence.said, false)) {
        round.notes.push_back({false, what});
    }
}

std::vector<Active> Engine::active() const {
    std::vector<Active> all;
    for (const WatchedRule& watched : rules_) {
        for (const auto& [series, watch] : watched.watches) {
            if (watch.machine.is_raised()) {
                all.push_back({watched.rule.name, series, watch.value, watched.rule.when.limit, watch.since_ns});
            }
        }
    }
    return all;
}

std::vector<RuleStatus> Engine::rules() const {
    std::vector<RuleStatus> all;
    const auto add = [&all](const Rule& rule, const std::string& series, Hysteresis::State state, double value) {
        all.push_back({rule.name, series, rule.when.to_string(), rule.clear.to_string(), rule.severity,
                       std::string(to_string(state)), value});
    };
    for (const WatchedRule& watched : rules_) {
        for (const auto& [series, watch] : watched.watches) {
            add(watched.rule, series, watch.machine.state(), watch.value);
        }
        if (watched.watches.empty()) {
            add(watched.rule, watched.rule.when.series, Hysteresis::State::unknown, 0);
        }
    }
    return all;
}

}  // namespace alerts
