#include "reporter.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace bench {

namespace {

constexpr std::string_view unit_prefix = "ns/";
constexpr std::string_view placement_prefix = "/cpus:";

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Where the variant of a benchmark's name begins: at the first part with a colon in it.
std::size_t variant_of(const std::string& name) {
    const std::size_t colon = name.find(':');
    return colon == std::string::npos ? name.size() : name.rfind('/', colon);
}

/// Takes "/cpus:0-2" out of a name and returns "0-2".
std::string take_placement(std::string& name) {
    const std::size_t begin = name.find(placement_prefix);
    if (begin == std::string::npos) {
        return "";
    }
    const std::size_t end = std::min(name.find('/', begin + 1), name.size());
    const std::size_t value = begin + placement_prefix.size();
    const std::string placement = name.substr(value, end - value);
    name.erase(begin, end - begin);
    return placement;
}

}  // namespace

void Reporter::ReportRuns(const std::vector<Run>& runs) {
    std::vector<Run> shown;
    const bool repeated = std::any_of(runs.begin(), runs.end(), [](const Run& run) { return run.repetitions > 1; });
    for (const Run& run : runs) {
        const bool counts = run.run_type == Run::RT_Iteration && !run.error_occurred;
        if (!repeated || run.error_occurred || (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median")) {
            shown.push_back(run);
        }
        const auto counter = std::find_if(run.counters.begin(), run.counters.end(),
                                          [](const auto& named) { return named.first.starts_with(unit_prefix); });
        if (!counts || counter == run.counters.end()) {
            continue;
        }
        std::string name = run.run_name.function_name;
        name += run.run_name.threads.empty() ? "" : "/" + run.run_name.threads;
        const std::string placement = take_placement(name);
        Figures& figures = figures_[name];
        if (figures.by_placement.empty()) {
            Table& table = tables_[name.substr(0, name.find('/'))];
            table.unit = counter->first.substr(unit_prefix.size());
            table.rows.emplace(std::pair(run.family_index, run.per_family_instance_index), name);
            figures.yardstick = run.report_label;
        }
        figures.by_placement[placement].push_back(counter->second.value);
    }
    ConsoleReporter::ReportRuns(shown);
}

void Reporter::Finalize() {
    ConsoleReporter::Finalize();
    for (const auto& [group, table] : tables_) {
        const std::string title = group + ", ns per " + table.unit;
        std::printf("\n%-42s %11s %11s %11s %12s\n", title.c_str(), "median", "least", "most", "x yardstick");
        for (const auto& [order, name] : table.rows) {
            print_row(name);
        }
    }
}

std::string Reporter::yardstick_row(const std::string& name) const {
    const std::string& yardstick = figures_.at(name).yardstick;
    const std::string variant = name.substr(variant_of(name));
    if (!yardstick.ends_with('*')) {
        return !yardstick.empty() && figures_.contains(yardstick + variant) ? yardstick + variant : "";
    }
    const std::string group = yardstick.substr(0, yardstick.size() - 1);
    std::string fastest;
    for (const auto& [other, figures] : figures_) {
        if (other.starts_with(group) && !other.starts_with(group + "heddle") && other.ends_with(variant) &&
            variant_of(other) + variant.size() == other.size() &&
            (fastest.empty() || figures.overall() < figures_.at(fastest).overall())) {
            fastest = other;
        }
    }
    return fastest;
}

double Reporter::Figures::overall() const {
    std::vector<double> medians;
    for (const auto& [placement, values] : by_placement) {
        medians.push_back(median(values));
    }
    return median(medians);
}

double Reporter::Figures::at(const std::string& placement) const {
    const auto found = by_placement.find(placement);
    return found == by_placement.end() ? overall() : median(found->second);
}

void Reporter::print_row(const std::string& name) {
    const std::string held_against = yardstick_row(name);
    const Figures& own = figures_.at(name);
    std::vector<double> ratios;
    std::vector<double> all;
    std::string placements;
    for (const auto& [placement, values] : own.by_placement) {
        all.insert(all.end(), values.begin(), values.end());
        if (!held_against.empty()) {
            ratios.push_back(own.at(placement) / figures_.at(held_against).at(placement));
        }
        if (!placement.empty()) {
            char text[64];
            std::snprintf(text, sizeof text, "  %s: %.4g", placement.c_str(), own.at(placement));
            placements += text;
        }
    }
    const auto [least, most] = std::minmax_element(all.begin(), all.end());
    std::printf("%-42s %11.2f %11.2f %11.2f", name.c_str(), own.overall(), *least, *most);
    if (ratios.empty()) {
        std::printf(" %12s", "");
    } else {
        std::printf(" %11.2fx %s", median(ratios), held_against.substr(0, variant_of(held_against)).c_str());
    }
    std::printf("%s\n", placements.c_str());
}

}  // namespace bench
