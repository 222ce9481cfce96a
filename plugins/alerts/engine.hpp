// Evaluates all rules at one moment, and says what changed and what should be told.
//
// The engine asks its Readings and keeps one Hysteresis for each series that a rule watches. It logs and calls nobody:
// what to do with changes and notes is the caller's.
// Thread-safety: none; the module holds itself while it evaluates.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hysteresis.hpp"
#include "rule.hpp"
#include "status.hpp"

namespace alerts {

// Where the engine gets its figures. Both may throw; then the whole round is given up until the next.
class Readings {
public:
    virtual ~Readings() = default;
    virtual Summary summary(const std::string& series) = 0;
    // Names of all series, for patterns. Empty where nobody can tell.
    virtual std::vector<std::string> series() = 0;
};

// An alert that was raised or cleared.
struct Change {
    std::string rule;
    std::string series;
    bool raised = false;
    double value = 0;
    std::string message;  // "warning: cpu.busy p90 is 93.2, above 90 for 30s"
    std::int64_t time_ns = 0;
};

// Something to say in the log, once: the engine repeats itself only after the matter was over and came back.
struct Note {
    bool is_warning = false;
    std::string text;
};

struct Round {
    std::vector<Change> changes;
    std::vector<Note> notes;
};

class Engine {
public:
    // grace: how long a series may be missing before that is said.
    Engine(std::vector<Rule> rules, std::chrono::nanoseconds grace);

    // now never goes back; unix_ns is the same moment as Unix time.
    Round evaluate(Readings& readings, Time now, std::int64_t unix_ns);

    std::vector<Active> active() const;
    std::vector<RuleStatus> rules() const;
    // True if any rule needs Readings::series.
    bool has_patterns() const;

private:
    // Says once that something has been missing for a while, and once that it is back.
    struct Absence {
        std::optional<Time> since;
        bool said = false;
    };
    struct Watch {
        Hysteresis machine;
        Absence absence;
        double value = 0;
        std::int64_t since_ns = 0;  // of the alert, while it is raised
    };
    struct WatchedRule {
        Rule rule;
        std::map<std::string, Watch> watches;  // by series
        Absence absence;                       // of every match, for a pattern
    };

    void match(WatchedRule& watched, const std::vector<std::string>& names, Time now, std::int64_t unix_ns,
               Round& round);
    void evaluate_series(const Rule& rule, const std::string& series, Watch& watch, const Summary& summary, Time now,
                         std::int64_t unix_ns, Round& round) const;
    static Watch new_watch(const Rule& rule);
    void missing(Absence& absence, const std::string& what, Time now, Round& round) const;
    static void present(Absence& absence, const std::string& what, Round& round);

    std::vector<WatchedRule> rules_;
    std::chrono::nanoseconds grace_;
    bool readings_failed_ = false;
};

}  // namespace alerts
