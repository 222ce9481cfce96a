// call/*: what one call to a function in a loaded library costs, by how it is reached.
//
// The callee does `total += x; return total`. With threads each has a total of its own; under exclusive and mutex they
// share one module, or one mutex, and so wait for each other.
#include <mutex>

#include "callee.hpp"
#include "suite.hpp"

namespace bench {

namespace {

struct alignas(128) Total {
    std::uint64_t value = 0;
};

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
    const RawAdd raw_add = symbol<RawAdd>("bench_raw_add");
    Total total;
    measure(state, [&](std::uint64_t x) {
        const std::lock_guard lock(guard);
        return raw_add(&total.value, x);
    });
}

const Group calls([] {
    const auto at_one_and_four = [](const char* name, const char* yardstick, void (*run)(benchmark::State&)) {
        add(name, yardstick, run);
        add(name, yardstick, run)->Threads(4);
    };
    at_one_and_four("call/raw_pointer", "", raw_pointer);
    at_one_and_four("call/virtual", "call/raw_pointer", virtual_call);
    at_one_and_four("call/std_function", "call/raw_pointer", std_function);
    at_one_and_four("call/concurrent", "call/raw_pointer", concurrent);
    at_one_and_four("call/concurrent_by_value", "call/raw_pointer", concurrent_by_value);
    at_one_and_four("call/exclusive", "call/mutex", exclusive);
    at_one_and_four("call/mutex", "", mutex);
});

}  // namespace

}  // namespace bench
