// The table at the end of a run: each figure beside its yardstick.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Shows Google Benchmark's own rows as they come (with repetitions, only the median of each) and at the end, by group,
/// the median, least and most of each benchmark and how many times its yardstick's median that is. What was measured on
/// several placements is one row: the median over the placements of their medians, and behind it each one's.
class Reporter final : public benchmark::ConsoleReporter {
public:
    Reporter() : ConsoleReporter(OO_Tabular) {}
    void ReportRuns(const std::vector<Run>& runs) override;
    void Finalize() override;

private:
    struct Figures {
        std::string yardstick;
        std::map<std::string, std::vector<double>> by_placement;  // one unnamed placement where there are none

        [[nodiscard]] double overall() const;
        /// The median on a placement; over all of them where this was not measured on that one.
        [[nodiscard]] double at(const std::string& placement) const;
    };
    struct Table {
        std::string unit;
        std::map<std::pair<std::int64_t, std::int64_t>, std::string> rows;  // in the order of their registration
    };

    void print_row(const std::string& name);
    /// Which row the yardstick of a row is; empty where it was not run.
    [[nodiscard]] std::string yardstick_row(const std::string& name) const;

    std::map<std::string, Table> tables_;
    std::map<std::string, Figures> figures_;
};

}  // namespace bench
