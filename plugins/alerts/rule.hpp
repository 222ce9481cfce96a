// The language of rules, and what one says.
//
//     condition = SERIES "." STATISTIC  OPERATOR  NUMBER  [ "for" DURATION ]
//
//     cpu.busy.p90 > 90 for 30s          net.*.rx_bytes.mean > 100M         swap.used_percent.last >= 50%
//
//   SERIES     a name, dots included, or a pattern of the shell's kind (* ? [..]; * matches dots too): then the rule
//              watches every series that matches, each for itself
//   STATISTIC  last mean min max p50 p90 p99 rate count, over the window of stats
//   OPERATOR   > >= < <=
//   NUMBER     with k M G (powers of 1000), Ki Mi Gi (powers of 1024) or % (which only reads well: 90% is 90)
//   DURATION   such as 30s, 250ms, 1m30s: how long the condition must hold, 0 if left out
//
// Pure values and functions: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "summary.hpp"

namespace alerts {

enum class Statistic { last, mean, min, max, p50, p90, p99, rate, count };
enum class Comparison { above, at_least, below, at_most };

std::string_view to_string(Statistic statistic);
double value_of(const Summary& summary, Statistic statistic);

struct Condition {
    std::string series;
    Statistic statistic = Statistic::last;
    Comparison comparison = Comparison::above;
    double limit = 0;
    std::chrono::nanoseconds duration{0};
    std::string limit_text;     // as the author of the rule wrote it
    std::string duration_text;  // the same; empty without one
    std::string suffix;         // of the limit, and what it stands for: values are told in the same measure
    double suffix_factor = 1;

    bool holds(double value) const;
    // True for a series that is a pattern.
    bool is_pattern() const;
    // A pattern's, or the one series by its name.
    bool matches(const std::string& name) const;
    // A value in the measure of the limit: "93.2%", "1.5M".
    std::string in_measure(double value) const;
    // "above 90 for 30s"
    std::string in_words() const;
    // "cpu.busy.p90 > 90 for 30s"
    std::string to_string() const;
};

// Thrown for a text that is no condition. offset: of the character, from 0, that the problem is at.
class SyntaxError : public std::runtime_error {
public:
    SyntaxError(std::size_t at, const std::string& text) : std::runtime_error(text), offset(at) {}
    std::size_t offset;
};

// Throws SyntaxError, which says what was expected and what was found.
Condition parse_condition(std::string_view text);

// When a rule without `clear` clears: as soon as the value is back past the limit by 5 % of it, for the same time.
// `> 90 for 30s` clears at `<= 85.5 for 30s`. A limit of 0 has no margin: `> 0` clears at `<= 0`.
Condition default_clear(const Condition& when);

// Why these two can't be the two ends of one rule, or nothing: another series, or values at which both hold.
std::optional<std::string> contradiction(const Condition& when, const Condition& clear);

struct Rule {
    std::string name;
    Condition when;
    Condition clear;
    std::string severity;
};

}  // namespace alerts
