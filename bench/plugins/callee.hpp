// What the benchmarks' plain library exports: the same callee as the heddle plugin's, reached in the classic ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace bench {

class Adder {
public:
    virtual ~Adder() = default;
    virtual std::uint64_t add(std::uint64_t x) = 0;
};

using RawAdd = std::uint64_t (*)(void* total, std::uint64_t x);
using RawSum = std::uint64_t (*)(const std::uint64_t* words, std::size_t count);

/// Symbols of bench_callee.so, C linkage: bench_raw_add (RawAdd), bench_raw_sum (RawSum), bench_make_adder,
/// bench_make_function.
using MakeAdder = std::unique_ptr<Adder> (*)();
using MakeFunction = std::function<std::uint64_t(std::uint64_t)> (*)();

}  // namespace bench
