// event/*: one raise of an event with so many subscribers, each a `total += x` in a loaded library: nanoseconds per
// subscriber called.
#include <boost/signals2.hpp>
#include <vector>

#include "callee.hpp"
#include "suite.hpp"

namespace bench {

namespace {

struct alignas(128) Total {
    std::uint64_t value = 0;
};

/// Times raise(x) and reports it per subscriber; every subscriber must have been called every time.
template <class Raise>
void measure_event(benchmark::State& state, const std::vector<Total>& totals, Raise raise) {
    constexpr int batch = 100;
    std::uint64_t sum = 0;
    const auto began = std::chrono::steady_clock::now();
    while (state.KeepRunningBatch(batch)) {
        for (std::uint64_t x = 1; x <= batch; ++x) {
            raise(x);
            sum += x;
        }
    }
    const auto elapsed = std::chrono::steady_clock::now() - began;
    for (const Total& total : totals) {
        if (total.value != sum) {
            state.SkipWithError("a subscriber was not called each time");
            return;
        }
    }
    report(state, elapsed, "subscriber", static_cast<double>(totals.size()));
}

/// The yardstick: a loop over function pointers.
void raw(benchmark::State& state, std::size_t subscribers) {
    struct Subscriber {
        RawAdd function;
        void* self;
    };
    std::vector<Total> totals(subscribers);
    std::vector<Subscriber> all;
    for (Total& total : totals) {
        all.push_back({symbol<RawAdd>("bench_raw_add"), &total.value});
    }
    benchmark::DoNotOptimize(all.data());
    measure_event(state, totals, [&](std::uint64_t x) {
        for (const Subscriber& subscriber : all) {
            subscriber.function(subscriber.self, x);
        }
    });
}

template <class Signal>
void signals2(benchmark::State& state, std::size_t subscribers) {
    const RawAdd raw_add = symbol<RawAdd>("bench_raw_add");
    std::vector<Total> totals(subscribers);
    Signal signal;
    for (Total& total : totals) {
        signal.connect([raw_add, &total](std::uint64_t x) { raw_add(&total.value, x); });
    }
    measure_event(state, totals, [&](std::uint64_t x) { signal(x); });
}

/// Raised by one module, heard by another, whose handlers are concurrent. The module raises a batch for each call.
void ours(benchmark::State& state, std::size_t subscribers) {
    constexpr int batch = 100;
    heddle::host& host = shared_host();
    host.function<void(std::string_view, std::uint64_t)>("ear.listen")("bell.rung", subscribers);
    const auto ring = host.function<void(std::uint64_t)>("bell.ring");
    std::uint64_t sum = 0;
    const auto began = std::chrono::steady_clock::now();
    while (state.KeepRunningBatch(batch)) {
        ring(batch);
        sum += std::uint64_t{batch} * (batch + 1) / 2;
    }
    const auto elapsed = std::chrono::steady_clock::now() - began;
    const std::vector<std::uint64_t> totals = host.function<std::vector<std::uint64_t>()>("ear.totals")();
    if (totals != std::vector<std::uint64_t>(subscribers, sum)) {
        state.SkipWithError("a subscriber was not called each time");
        return;
    }
    report(state, elapsed, "subscriber", static_cast<double>(subscribers));
}

using Signal = boost::signals2::signal<void(std::uint64_t)>;
/// Its manual's advice where only one thread has to do with a signal.
using SignalOfOneThread =
    boost::signals2::signal_type<void(std::uint64_t),
                                 boost::signals2::keywords::mutex_type<boost::signals2::dummy_mutex>>::type;

const Group events([] {
    for (const std::size_t subscribers : {std::size_t{1}, std::size_t{8}, std::size_t{64}}) {
        const auto with = [&](const std::string& name, const char* yardstick, auto run) {
            add("event/" + name + "/subscribers:" + std::to_string(subscribers), yardstick,
                [=](benchmark::State& state) { run(state, subscribers); });
        };
        with("raw", "", raw);
        with("heddle", "event/raw", ours);
        with("signals2", "event/raw", signals2<Signal>);
        with("signals2_one_thread", "event/raw", signals2<SignalOfOneThread>);
    }
});

}  // namespace

}  // namespace bench
