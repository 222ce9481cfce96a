#include "suite.hpp"

#include <utility>
#include <vector>

#include "cpus.hpp"

namespace bench {

namespace {

std::vector<void (*)()>& groups() {
    static std::vector<void (*)()> all;
    return all;
}

std::filesystem::path plugin_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bench-plugins";
}

std::unique_ptr<heddle::host> start(const std::string& modules) {
    const Everywhere unpinned;  // threads inherit where their maker may run
    auto made = std::make_unique<heddle::host>(heddle::host_options{
        {plugin_folder()}, {}, "host:\n  preflight: false\nmodules:\n" + modules, "error", false, true, {}});
    if (const heddle::host_report report = made->start(); !report.empty()) {
        throw std::runtime_error(report.problems.front().text);
    }
    return made;
}

}  // namespace

Group::Group(void (*add_all)()) {
    groups().push_back(add_all);
}

void add_groups() {
    for (void (*const add_all)() : groups()) {
        add_all();
    }
}

benchmark::internal::Benchmark* add(const std::string& name, const std::string& yardstick,
                                    std::function<void(benchmark::State&)> run) {
    const auto labelled = [yardstick, run = std::move(run)](benchmark::State& state) {
        try {
            run(state);
        } catch (const std::exception& error) {
            state.SkipWithError(error.what());
        }
        if (!yardstick.empty()) {
            state.SetLabel(yardstick);  // so that it stands in the JSON
        }
    };
    // By the clock on the wall: what waits for another thread uses hardly any processor time.
    return benchmark::RegisterBenchmark(name.c_str(), labelled)->UseRealTime();
}

void report(benchmark::State& state, std::chrono::nanoseconds elapsed, const char* unit, double units) {
    const double all = static_cast<double>(state.iterations()) * units;
    state.counters[std::string("ns/") + unit] =
        benchmark::Counter(static_cast<double>(elapsed.count()) / all, benchmark::Counter::kAvgThreads);
}

std::unique_ptr<heddle::host> start_host(int cpu, const std::string& thread) {
    return start("  - {name: t, plugin: bench_target, thread: {cpus: " + std::to_string(cpu) + ", " + thread + "}}\n");
}

heddle::host& shared_host() {
    static const std::unique_ptr<heddle::host> running = [] {
        std::string modules;
        for (int i = 0; i < 8; ++i) {
            modules += "  - {name: t" + std::to_string(i) + ", plugin: bench_target}\n";
        }
        modules += "  - {name: bell, plugin: bench_event}\n  - {name: ear, plugin: bench_event}\n";
        return start(modules);
    }();
    return *running;
}

std::filesystem::path callee_library() {
    return plugin_folder() / "plain" / "bench_callee.so";
}

}  // namespace bench
