// What the benchmarks share: how groups of them are added, a running host, the plain library, and how figures are
// reported.
//
// A benchmark's name is MECHANISM/VARIANT: "hop/pipe/cpus:0-2", "post/tbb/producers:3/bytes:64/cpus:0-1-2-3". The
// variant is every part with a colon in it. A benchmark names its yardstick by mechanism ("hop/cacheline"); it is held
// against the yardstick's row of the same variant, in the same run.
#pragma once

#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <heddle/host.hpp>
#include <memory>
#include <stdexcept>
#include <string>

namespace bench {

/// A source file's benchmarks: `const bench::Group group([] { bench::add(...); });` at namespace scope. The function
/// runs in main, before the benchmarks do.
class Group {
public:
    explicit Group(void (*add_all)());
};
/// Calls what every Group was made with. [main]
void add_groups();

/// Adds a benchmark; an empty yardstick says that it is one itself, and "post/*" means the fastest of that group's but
/// for ours, whose names begin with heddle. What is returned takes ->Threads(4) and the like.
benchmark::internal::Benchmark* add(const std::string& name, const std::string& yardstick,
                                    std::function<void(benchmark::State&)> run);

/// Reports `elapsed`, this thread's time for all iterations, as the counter "ns/UNIT": the mean over the threads.
/// `units`: how many of them one iteration is.
void report(benchmark::State& state, std::chrono::nanoseconds elapsed, const char* unit = "call", double units = 1);

/// Times `call(std::uint64_t)`, back to back, and reports nanoseconds per call of one thread.
template <class Call>
void measure(benchmark::State& state, Call call) {
    constexpr int batch = 1000;
    const auto began = std::chrono::steady_clock::now();
    std::uint64_t sum = 0;
    while (state.KeepRunningBatch(batch)) {
        for (int i = 0; i < batch; ++i) {
            sum += call(static_cast<std::uint64_t>(i));
        }
    }
    benchmark::DoNotOptimize(sum);
    report(state, std::chrono::steady_clock::now() - began);
}

/// Starts a host with a module `t` of the plugin bench_target, whose thread is pinned to a core and otherwise
/// configured by `thread` ("idle: spin").
std::unique_ptr<heddle::host> start_host(int cpu, const std::string& thread);
/// A host with modules t0 ... t7 of the plugin bench_target, and bell and ear of bench_event, started on first use.
heddle::host& shared_host();
/// The path of bench_callee.so.
std::filesystem::path callee_library();

/// A symbol of the plain library, which stays loaded. See plugins/callee.hpp.
template <class T>
T symbol(const char* name) {
    static void* const library = dlopen(callee_library().c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const found = library == nullptr ? nullptr : dlsym(library, name);
    if (found == nullptr) {
        throw std::runtime_error(dlerror());
    }
    return reinterpret_cast<T>(found);
}

}  // namespace bench
