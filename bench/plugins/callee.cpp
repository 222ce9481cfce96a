// The benchmarks' callee in a plain shared library: total += x; return total.
#include "callee.hpp"

#include <numeric>

namespace {

class Total final : public bench::Adder {
public:
    std::uint64_t add(std::uint64_t x) override { return total_ += x; }

private:
    std::uint64_t total_ = 0;
};

}  // namespace

extern "C" {

[[gnu::visibility("default")]] std::uint64_t bench_raw_add(void* total, std::uint64_t x);
std::uint64_t bench_raw_add(void* total, std::uint64_t x) {
    return *static_cast<std::uint64_t*>(total) += x;
}

[[gnu::visibility("default")]] std::uint64_t bench_raw_sum(const std::uint64_t* words, std::size_t count);
std::uint64_t bench_raw_sum(const std::uint64_t* words, std::size_t count) {
    return std::accumulate(words, words + count, std::uint64_t{0});
}

}  // extern "C"

[[gnu::visibility("default")]] std::unique_ptr<bench::Adder> bench_make_adder() asm("bench_make_adder");
std::unique_ptr<bench::Adder> bench_make_adder() {
    return std::make_unique<Total>();
}

[[gnu::visibility("default")]] std::function<std::uint64_t(std::uint64_t)> bench_make_function() asm(
    "bench_make_function");
std::function<std::uint64_t(std::uint64_t)> bench_make_function() {
    return [total = std::uint64_t{0}](std::uint64_t x) mutable { return total += x; };
}
