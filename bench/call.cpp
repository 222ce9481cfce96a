// call/*: what one call to a function in a loaded library costs, by how it is reached.
//
// The callee does `total += x; return total`. With threads each has a total of its own; under exclusive and mutex they
// share one module, or one mutex, and so wait for each other.
#include <dlfcn.h>

#include <mutex>
#include <vector>

#include "callee.hpp"
#include "suite.hpp"

namespace bench {

namespace {

constexpr int batch = 1000;

/// Times `call` back to back and reports nanoseconds per call of one thread.
template <class Call>
void measure(benchmark::State& state, Call call) {
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

struct alignas(128) Total {
    std::uint64_t value = 0;
};

/// A symbol of the plain library, which stays loaded.
template <class T>
T symbol(const char* name) {
    static void* const library = dlopen(callee_library().c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const found = library == nullptr ? nullptr : dlsym(library, name);
    if (found == nullptr) {
        throw std::runtime_error(dlerror());
    }
    return reinterpret_cast<T>(found);
}

void raw_pointer(benchmark::State& state) {
    const RawAdd add = symbol<RawAdd>("bench_raw_add");
    Total total;
    measure(state, [&](std::uint64_t x) { return add(&total.value, x); });
}

void virtual_call(benchmark::State& state) {
    const std::unique_ptr<Adder> adder = symbol<MakeAdder>("bench_make_adder")();
    measure(state, [&](std::uint64_t x) { return adder->add(x); });
}

void std_function(benchmark::State& state) {
    const auto add = symbol<MakeFunction>("bench_make_function")();
    measure(state, [&](std::uint64_t x) { return add(x); });
}

void concurrent(benchmark::State& state) {
    const auto add =
        shared_host().function<std::uint64_t(std::uint64_t)>("t" + std::to_string(state.thread_index()) + ".add");
    measure(state, [&](std::uint64_t x) { return add(x); });
}

void concurrent_by_value(benchmark::State& state) {
    const auto add = shared_host().function<std::uint64_t(std::uint64_t)>("t" + std::to_string(state.thread_index()) +
                                                                          ".add_by_value");
    measure(state, [&](std::uint64_t x) { return add(x); });
}

void exclusive(benchmark::State& state) {
    const auto add = shared_host().function<std::uint64_t(std::uint64_t, std::uint64_t)>("t0.add_for");
    const auto mine = static_cast<std::uint64_t>(state.thread_index());
    measure(state, [&](std::uint64_t x) { return add(mine, x); });
}

void mutex(benchmark::State& state) {
    static std::mutex guard;
    const RawAdd add = symbol<RawAdd>("bench_raw_add");
    Total total;
    measure(state, [&](std::uint64_t x) {
        const std::lock_guard lock(guard);
        return add(&total.value, x);
    });
}

}  // namespace

void register_calls() {
    const auto add = [](const char* name, void (*run)(benchmark::State&)) {
        benchmark::RegisterBenchmark(name, run);
        benchmark::RegisterBenchmark(name, run)->Threads(4);
    };
    add("call/raw_pointer", raw_pointer);
    add("call/virtual", virtual_call);
    add("call/std_function", std_function);
    add("call/concurrent", concurrent);
    add("call/concurrent_by_value", concurrent_by_value);
    add("call/exclusive", exclusive);
    add("call/mutex", mutex);
}

}  // namespace bench
