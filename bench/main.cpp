// heddle_bench: Google Benchmark, and at the end each figure beside its yardstick of the same run.
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

#include "suite.hpp"

namespace bench {

namespace {

std::filesystem::path own_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

/// Collects ns/call of every repetition and prints medians and ratios once all have run.
class Ratios final : public benchmark::ConsoleReporter {
public:
    Ratios() : ConsoleReporter(OO_Tabular) {}
    bool ReportContext(const Context& context) override { return ConsoleReporter::ReportContext(context); }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            const auto found = run.counters.find("ns/call");
            if (run.run_type == Run::RT_Iteration && found != run.counters.end()) {
                figures_[run.run_name.function_name +
                         (run.threads > 1 ? "/threads:" + std::to_string(run.threads) : "")]
                    .push_back(found->second.value);
            }
        }
        ConsoleReporter::ReportRuns(runs);
    }
    void Finalize() override {
        ConsoleReporter::Finalize();
        if (figures_.empty()) {
            return;
        }
        std::printf("\n%-36s %10s %10s %10s %12s\n", "median of each, ns per call", "median", "least", "most",
                    "x yardstick");
        for (auto& [name, values] : figures_) {
            const double own = median(values);
            const auto yardstick = figures_.find(yardstick_of(name));
            std::printf("%-36s %10.2f %10.2f %10.2f", name.c_str(), own, values.front(), values.back());
            if (yardstick != figures_.end()) {
                std::printf(" %11.2fx", own / median(yardstick->second));
            }
            std::printf("\n");
        }
    }

private:
    static double median(std::vector<double>& values) {
        std::sort(values.begin(), values.end());
        return values[values.size() / 2];
    }
    /// exclusive is held against a mutex, everything else of its group against a raw pointer; at as many threads.
    static std::string yardstick_of(const std::string& name) {
        const std::size_t threads = name.find("/threads:");
        const std::string rest = threads == std::string::npos ? "" : name.substr(threads);
        return (name.starts_with("call/exclusive") ? "call/mutex" : "call/raw_pointer") + rest;
    }

    std::map<std::string, std::vector<double>> figures_;
};

}  // namespace

heddle::host& shared_host() {
    static const std::unique_ptr<heddle::host> running = [] {
        std::string config = "host:\n  preflight: false\nmodules:\n";
        for (int i = 0; i < 8; ++i) {
            config += "  - {name: t" + std::to_string(i) + ", plugin: bench_target}\n";
        }
        auto made = std::make_unique<heddle::host>(
            heddle::host_options{{own_folder().parent_path() / "bench-plugins"}, {}, config, "error", false, true, {}});
        if (const heddle::host_report report = made->start(); !report.empty()) {
            throw std::runtime_error(report.problems.front().text);
        }
        return made;
    }();
    return *running;
}

std::filesystem::path callee_library() {
    return own_folder().parent_path() / "bench-plugins" / "plain" / "bench_callee.so";
}

void report(benchmark::State& state, std::chrono::nanoseconds elapsed) {
    state.counters["ns/call"] =
        benchmark::Counter(static_cast<double>(elapsed.count()) / static_cast<double>(state.iterations()),
                           benchmark::Counter::kAvgThreads);
}

}  // namespace bench

int main(int argc, char** argv) {
    bench::register_calls();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 1;
    }
    bench::Ratios ratios;
    benchmark::RunSpecifiedBenchmarks(&ratios);
    return 0;
}
