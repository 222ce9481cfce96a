// hop/*: a word to another thread and a word back, by how it gets there: nanoseconds per round trip.
#pragma once

#include "channels.hpp"
#include "cpus.hpp"
#include "suite.hpp"

namespace bench {

/// Tells the partner to end.
inline constexpr std::uint64_t hop_end = std::uint64_t{1} << 62;

/// Times round trips over a `Link`, which has four functions: the near end's `ask(x)` and `std::uint64_t answer()`, the
/// far end's `std::uint64_t take()` and `give(x)`. The partner answers x + 1, which is checked.
template <class Link>
void round_trips(benchmark::State& state, const Placement& cpus, Partner::Kind kind, Link& link) {
    constexpr int batch = 100;
    const Pinned here(cpus[0]);
    const Partner partner(kind, cpus[1], [&link] {
        for (std::uint64_t x = link.take(); x != hop_end; x = link.take()) {
            link.give(x + 1);
        }
    });
    std::uint64_t expected = 0;
    std::uint64_t sum = 0;
    const auto round_trip = [&](std::uint64_t x) {
        link.ask(x);
        expected += x + 1;
        sum += link.answer();
    };
    for (int i = 1; i <= batch; ++i) {
        round_trip(static_cast<std::uint64_t>(i));  // until the partner runs and everything is in its place
    }
    const auto began = std::chrono::steady_clock::now();
    while (state.KeepRunningBatch(batch)) {
        for (int i = 1; i <= batch; ++i) {
            round_trip(static_cast<std::uint64_t>(i));
        }
    }
    const auto elapsed = std::chrono::steady_clock::now() - began;
    link.ask(hop_end);
    if (sum != expected) {
        state.SkipWithError("a wrong answer came back");
        return;
    }
    report(state, elapsed, "round trip");
}

/// Adds hop/NAME on every pair of cores, each time over a new `Link`.
template <class Link>
void add_hop(const std::string& name, Partner::Kind kind = Partner::Kind::thread) {
    for (const Placement& cpus : pairs()) {
        add("hop/" + name + "/" + name_of(cpus), name == "cacheline" ? "" : "hop/cacheline",
            [cpus, kind](benchmark::State& state) {
                Link link;
                round_trips(state, cpus, kind, link);
            });
    }
}

}  // namespace bench
