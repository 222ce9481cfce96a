// hop/*: a word to another thread and a word back, by how it gets there: nanoseconds per round trip.
#pragma once

#include "channels.hpp"
#include "cpus.hpp"
#include "suite.hpp"

namespace bench {

/// Tells the partner to end.
inline constexpr std::uint64_t hop_end = std::uint64_t{1} << 62;

/// Times `round_trip(x)`, which returns x + 1 from the other side.
template <class RoundTrip>
void measure_round_trips(benchmark::State& state, RoundTrip round_trip) {
    constexpr int batch = 100;
    std::uint64_t expected = 0;
    std::uint64_t sum = 0;
    const auto some = [&] {
        for (std::uint64_t x = 1; x <= batch; ++x) {
            expected += x + 1;
            sum += round_trip(x);
        }
    };
    some();  // until the other side runs and everything is in its place
    const auto began = std::chrono::steady_clock::now();
    while (state.KeepRunningBatch(batch)) {
        some();
    }
    const auto elapsed = std::chrono::steady_clock::now() - began;
    if (sum != expected) {
        state.SkipWithError("a wrong answer came back");
        return;
    }
    report(state, elapsed, "round trip");
}

/// Whether the sides of a hop look for each other's word all the time, or sleep until they are woken.
enum class Waiting { spins, sleeps };

/// Calls with(variant and placement as a name, placement) for every placement of a hop: each pair of cores; and for
/// sides that sleep also both on one core, where waking the other is a switch between threads and nothing that another
/// core must do.
template <class With>
void for_hop_placements(Waiting waiting, With with) {
    for (const Placement& cpus : pairs()) {
        with("cores:2/" + name_of(cpus), cpus);
    }
    for (const Placement& cpu : placements(1, waiting == Waiting::sleeps ? 3 : 0)) {
        const Placement both = {cpu[0], cpu[0]};
        with("cores:1/" + name_of(both), both);
    }
}

/// What a hop's row is held against.
inline std::string hop_yardstick(const std::string& name, Waiting waiting) {
    if (name == "cacheline") {
        return "";
    }
    return waiting == Waiting::spins || name == "futex" ? "hop/cacheline" : "hop/futex";
}

/// Adds hop/NAME. A `Link` has the near end's `ask(x)` and `std::uint64_t answer()`, and the far end's `std::uint64_t
/// take()` and `give(x)`, where the partner is.
template <class Link>
void add_hop(const std::string& name, Waiting waiting, Partner::Kind kind = Partner::Kind::thread) {
    for_hop_placements(waiting, [&](const std::string& variant, const Placement& cpus) {
        add("hop/" + name + "/" + variant, hop_yardstick(name, waiting), [cpus, kind](benchmark::State& state) {
            const Pinned here(cpus[0]);
            Link link;
            const Partner partner(kind, cpus[1], [&link] {
                for (std::uint64_t x = link.take(); x != hop_end; x = link.take()) {
                    link.give(x + 1);
                }
            });
            measure_round_trips(state, [&link](std::uint64_t x) {
                link.ask(x);
                return link.answer();
            });
            link.ask(hop_end);
        });
    });
}

}  // namespace bench
