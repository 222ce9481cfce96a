// heddle_bench: Google Benchmark, and at the end each figure beside its yardstick of the same run.
#include "reporter.hpp"
#include "suite.hpp"

namespace {

#ifdef __clang__
constexpr const char* compiler = "clang++ " __clang_version__ ", " HEDDLE_BENCH_FLAGS;
#else
constexpr const char* compiler = "g++ " __VERSION__ ", " HEDDLE_BENCH_FLAGS;
#endif

}  // namespace

int main(int argc, char** argv) {
    bench::add_groups();
    benchmark::AddCustomContext("compiler", compiler);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 1;
    }
    bench::Reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    return 0;
}
