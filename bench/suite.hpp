// What the benchmarks share: a running host, the plain library, and how figures are reported.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <filesystem>
#include <heddle/host.hpp>

namespace bench {

/// A host with modules t0 ... t7 of the plugin bench_target, started on first use.
heddle::host& shared_host();
/// The path of bench_callee.so.
std::filesystem::path callee_library();

/// Adds the counter ns/call: the mean over threads of a thread's time for one call.
void report(benchmark::State& state, std::chrono::nanoseconds elapsed);

void register_calls();

}  // namespace bench
