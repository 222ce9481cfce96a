// heddle_bench: Google Benchmark, and at the end each figure beside its yardstick of the same run.
#include "reporter.hpp"
#include "suite.hpp"

int main(int argc, char** argv) {
    bench::add_groups();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 1;
    }
    bench::Reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    return 0;
}
