#include "rule.hpp"

#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <heddle/nearest.hpp>
#include <utility>

namespace alerts {
namespace {

constexpr std::array<std::string_view, 9> statistic_names = {"last", "mean", "min",  "max",  "p50",
                                                             "p90",  "p99",  "rate", "count"};
constexpr std::string_view all_statistics = "last, mean, min, max, p50, p90, p99, rate, count";
constexpr std::string_view operator_letters = "<>=!";
constexpr std::string_view spaces = " \t\r\n";

constexpr std::array<std::pair<std::string_view, Comparison>, 4> operators = {
    {{">", Comparison::above}, {">=", Comparison::at_least}, {"<", Comparison::below}, {"<=", Comparison::at_most}}};

constexpr std::array<std::pair<std::string_view, double>, 7> suffixes = {{{"k", 1e3},
                                                                          {"M", 1e6},
                                                                          {"G", 1e9},
                                                                          {"Ki", 1024.0},
                                                                          {"Mi", 1024.0 * 1024.0},
                                                                          {"Gi", 1024.0 * 1024.0 * 1024.0},
                                                                          {"%", 1.0}}};

constexpr std::array<std::pair<std::string_view, double>, 7> units = {
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}}};

template <class Table>
auto find_in(const Table& table, std::string_view name) {
    auto entry = table.begin();
    while (entry != table.end() && entry->first != name) {
        ++entry;
    }
    return entry;
}

// One or more numbers, fractions too, each with its unit: "30s", "1m30s", "1.5h". Nothing for anything else.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    constexpr std::string_view digits = "0123456789.";
    double total = 0;
    bool is_good = !text.empty();
    while (is_good && !text.empty()) {
        const std::size_t number_end = std::min(text.find_first_not_of(digits), text.size());
        const std::size_t unit_end = std::min(text.find_first_of(digits, number_end), text.size());
        const auto unit = find_in(units, text.substr(number_end, unit_end - number_end));
        double number = 0;
        const char* const behind = text.data() + number_end;
        const auto [end, error] = std::from_chars(text.data(), behind, number, std::chars_format::fixed);
        is_good = error == std::errc() && end == behind && unit != units.end();
        total += is_good ? number * unit->second : 0;
        text.remove_prefix(unit_end);
    }
    constexpr double longest = 9.2e18;  // of nanoseconds in 64 bits: 292 years
    return is_good && total < longest ? std::optional(std::chrono::nanoseconds(std::llround(total))) : std::nullopt;
}

// Units that people write behind a number: "MB" was meant as "M", "KiB" as "Ki", "K" as "k".
std::string likely_suffix(std::string_view name) {
    std::string_view best = name.starts_with('K') ? "k" : "";
    for (const auto& [suffix, factor] : suffixes) {
        if (name.starts_with(suffix) && suffix.size() >= best.size()) {
            best = suffix;
        }
    }
    return best.empty() ? std::string() : fmt::format(" (did you mean '{}'?)", best);
}

// Reads a condition from left to right; every read_* leaves position_ behind what it took, or throws.
class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Condition parse() {
        Condition condition;
        read_series_and_statistic(condition);
        read_operator(condition);
        read_limit(condition);
        read_duration(condition);
        return condition;
    }

private:
    void skip_spaces() { position_ = std::min(text_.find_first_not_of(spaces, position_), text_.size()); }
    // The letters from here to the next of `stops`.
    std::string_view until(std::string_view stops) const {
        return text_.substr(position_, text_.find_first_of(stops, position_) - position_);
    }
    std::string_view word() const { return until(spaces); }
    std::string found() const {
        return position_ == text_.size() ? std::string("the end of the rule") : fmt::format("'{}'", word());
    }

    void read_series_and_statistic(Condition& condition) {
        skip_spaces();
        const std::string_view term = until(" \t\r\n<>=!");
        const std::size_t dot = term.rfind('.');
        if (dot == std::string_view::npos) {
            throw SyntaxError(position_, fmt::format("expected SERIES.STATISTIC, such as cpu.busy.p90, found {}",
                                                     term.empty() ? found() : fmt::format("'{}'", term)));
        }
        if (dot == 0) {
            throw SyntaxError(position_, fmt::format("expected the name of a series before '{}'", term));
        }
        const std::string_view name = term.substr(dot + 1);
        std::size_t index = 0;
        while (index < statistic_names.size() && statistic_names[index] != name) {
            ++index;
        }
        if (index == statistic_names.size()) {
            const std::string guess = heddle::did_you_mean(name, statistic_names);
            throw SyntaxError(position_ + dot + 1,
                              fmt::format("unknown statistic '{}'{}; expected one of {}{}", name, guess, all_statistics,
                                          guess.empty() ? fmt::format(", as in {}.mean", term) : ""));
        }
        condition.series = term.substr(0, dot);
        condition.statistic = static_cast<Statistic>(index);
        position_ += term.size();
    }

    void read_operator(Condition& condition) {
        skip_spaces();
        const std::size_t end = std::min(text_.find_first_not_of(operator_letters, position_), text_.size());
        const std::string_view name = text_.substr(position_, end - position_);
        const auto known = find_in(operators, name);
        if (known == operators.end()) {
            throw SyntaxError(position_, fmt::format("expected one of > >= < <=, found {}",
                                                     name.empty() ? found() : fmt::format("'{}'", name)));
        }
        condition.comparison = known->second;
        position_ = end;
    }

    void read_limit(Condition& condition) {
        skip_spaces();
        const std::size_t start = position_;
        const char* const first = text_.data() + position_;
        double number = 0;
        const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), number);
        if (error == std::errc::result_out_of_range) {
            throw SyntaxError(start, fmt::format("{} is beyond what a number can hold", found()));
        }
        if (error != std::errc() || !std::isfinite(number)) {
            throw SyntaxError(start, fmt::format("expected a number, such as 90, 2.5k or 512Mi, found {}", found()));
        }
        position_ += static_cast<std::size_t>(end - first);
        read_suffix(condition);
        number *= condition.suffix_factor;
        if (!std::isfinite(number)) {
            position_ = start;
            throw SyntaxError(start, fmt::format("{} is beyond what a number can hold", found()));
        }
        condition.limit = number;
        condition.limit_text = text_.substr(start, position_ - start);
    }

    // A suffix may stand apart from its number; any other word there is for the next to read.
    void read_suffix(Condition& condition) {
        const bool attached = !word().empty();
        const std::size_t behind_number = position_;
        skip_spaces();
        const std::string_view name = word();
        const auto known = find_in(suffixes, name);
        if (known != suffixes.end()) {
            position_ += name.size();
            condition.suffix = known->first;
            condition.suffix_factor = known->second;
            return;
        }
        if (attached) {
            throw SyntaxError(position_,
                              fmt::format("unknown suffix '{}'{}; a number can end in k, M, G, Ki, Mi, Gi or %", name,
                                          likely_suffix(name)));
        }
        position_ = behind_number;
    }

    void read_duration(Condition& condition) {
        skip_spaces();
        if (position_ == text_.size()) {
            return;
        }
        if (word() != "for") {
            throw SyntaxError(position_,
                              fmt::format("expected 'for DURATION', such as for 30s, or the end of the rule, "
                                          "found {}",
                                          found()));
        }
        position_ += 3;
        skip_spaces();
        const std::size_t start = position_;
        const std::string_view whole = word();
        const std::optional<std::chrono::nanoseconds> duration = parse_duration(whole);
        if (!duration) {
            throw SyntaxError(start,
                              fmt::format("expected a duration, such as 30s, 250ms or 1m30s, found {}", found()));
        }
        condition.duration = *duration;
        condition.duration_text = whole;
        position_ += whole.size();
        skip_spaces();
        if (position_ != text_.size()) {
            throw SyntaxError(position_, fmt::format("expected the end of the rule, found {}", found()));
        }
    }

    std::string_view text_;
    std::size_t position_ = 0;
};

bool wants_high(Comparison comparison) {
    return comparison == Comparison::above || comparison == Comparison::at_least;
}

bool takes_the_limit(Comparison comparison) {
    return comparison == Comparison::at_least || comparison == Comparison::at_most;
}

}  // namespace

std::string_view to_string(Statistic statistic) {
    return statistic_names[static_cast<std::size_t>(statistic)];
}

double value_of(const Summary& summary, Statistic statistic) {
    switch (statistic) {
        case Statistic::last:
            return summary.last;
        case Statistic::mean:
            return summary.mean;
        case Statistic::min:
            return summary.min;
        case Statistic::max:
            return summary.max;
        case Statistic::p50:
            return summary.p50;
        case Statistic::p90:
            return summary.p90;
        case Statistic::p99:
            return summary.p99;
        case Statistic::rate:
            return summary.rate;
        case Statistic::count:
            return static_cast<double>(summary.count);
    }
    return 0;
}

bool Condition::holds(double value) const {
    switch (comparison) {
        case Comparison::above:
            return value > limit;
        case Comparison::at_least:
            return value >= limit;
        case Comparison::below:
            return value < limit;
        case Comparison::at_most:
            return value <= limit;
    }
    return false;
}

bool Condition::is_pattern() const {
    return series.find_first_of("*?[") != std::string::npos;
}

bool Condition::matches(const std::string& name) const {
    return is_pattern() ? fnmatch(series.c_str(), name.c_str(), FNM_NOESCAPE) == 0 : series == name;
}

std::string Condition::in_measure(double value) const {
    return fmt::format("{:g}{}", value / suffix_factor, suffix);
}

std::string Condition::in_words() const {
    static constexpr std::array<std::string_view, 4> words = {"above", "at least", "below", "at most"};
    const std::string text = fmt::format("{} {}", words[static_cast<std::size_t>(comparison)], limit_text);
    return duration_text.empty() ? text : fmt::format("{} for {}", text, duration_text);
}

std::string Condition::to_string() const {
    const std::string text = fmt::format("{}.{} {} {}", series, alerts::to_string(statistic),
                                         operators[static_cast<std::size_t>(comparison)].first, limit_text);
    return duration_text.empty() ? text : fmt::format("{} for {}", text, duration_text);
}

Condition parse_condition(std::string_view text) {
    return Parser(text).parse();
}

Condition default_clear(const Condition& when) {
    static constexpr std::array<Comparison, 4> opposite = {Comparison::at_most, Comparison::below, Comparison::at_least,
                                                           Comparison::above};
    Condition clear = when;
    clear.comparison = opposite[static_cast<std::size_t>(when.comparison)];
    const double margin = std::fabs(when.limit) * 0.05;
    if (margin > 0) {
        clear.limit = wants_high(when.comparison) ? when.limit - margin : when.limit + margin;
        clear.limit_text = clear.in_measure(clear.limit);
    }
    return clear;
}

std::optional<std::string> contradiction(const Condition& when, const Condition& clear) {
    if (clear.series != when.series) {
        return fmt::format("'clear' must be about the series of 'when', '{}', not '{}'", when.series, clear.series);
    }
    if (clear.statistic != when.statistic) {
        return std::nullopt;  // two figures that can be anything; while `when` holds, nothing clears
    }
    const bool opposite = wants_high(when.comparison) != wants_high(clear.comparison);
    const double gap = wants_high(when.comparison) ? when.limit - clear.limit : clear.limit - when.limit;
    const bool both_at_limit = takes_the_limit(when.comparison) && takes_the_limit(clear.comparison);
    if (opposite && (gap > 0 || (gap == 0 && !both_at_limit))) {
        return std::nullopt;
    }
    return fmt::format("'clear' must not hold where 'when' does; with '{}' it could be '{}'", when.to_string(),
                       default_clear(when).to_string());
}

}  // namespace alerts
