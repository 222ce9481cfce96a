// handover/*: bytes from one module, thread or process to the next, which adds them up and says the sum: nanoseconds
// from having the bytes to knowing that they were read.
#pragma once

#include <numeric>
#include <span>
#include <vector>

#include "channels.hpp"
#include "cpus.hpp"
#include "suite.hpp"

namespace bench {

using Words = std::span<const std::uint64_t>;

/// A first word that tells the partner to end.
inline constexpr std::uint64_t handover_end = ~std::uint64_t{0};

inline std::uint64_t sum_of(Words words) {
    return std::accumulate(words.begin(), words.end(), std::uint64_t{0});
}

inline std::vector<std::uint64_t> words_to_hand_over(std::size_t bytes) {
    std::vector<std::uint64_t> words(bytes / sizeof(std::uint64_t));
    std::iota(words.begin(), words.end(), 1);
    return words;
}

/// Times `hand_over(words)`, which returns their sum.
template <class HandOver>
void measure_handover(benchmark::State& state, Words words, HandOver hand_over) {
    const std::uint64_t expected = sum_of(words);
    bool right = hand_over(words) == expected;
    // One after the other where each takes long, so that the number of them follows the time.
    const benchmark::IterationCount batch = words.size() > 1024 ? 1 : 100;
    const auto began = std::chrono::steady_clock::now();
    while (state.KeepRunningBatch(batch)) {
        for (benchmark::IterationCount i = 0; i < batch; ++i) {
            right &= hand_over(words) == expected;
        }
    }
    const auto elapsed = std::chrono::steady_clock::now() - began;
    if (!right) {
        state.SkipWithError("a wrong sum came back");
        return;
    }
    report(state, elapsed, "handover");
}

/// What the far end of a channel has read of a handover.
struct Taken {
    std::uint64_t first = 0;
    std::uint64_t sum = 0;
};

/// Calls with("" or "_one_core", bytes, variant of the name, placement) for 8 bytes, 1 KiB and 1 MiB, with both sides
/// on a core each and on one.
template <class With>
void for_handover_placements(With with) {
    std::vector<Placement> everywhere = placements(2, 3);
    for (const Placement& cpu : placements(1, 3)) {
        everywhere.push_back({cpu[0], cpu[0]});
    }
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{1024}, std::size_t{1024} * 1024}) {
        for (const Placement& cpus : everywhere) {
            with(cpus[0] == cpus[1] ? "_one_core" : "", bytes, "/bytes:" + std::to_string(bytes) + "/" + name_of(cpus),
                 cpus);
        }
    }
}

/// Adds handover/NAME and handover/NAME_one_core. A `Channel`, made with the number of bytes, has the near end's
/// `put(words)` and `std::uint64_t answer()`, the far end's `Taken take(count)` and `give(sum)`.
template <class Channel>
void add_handover(const std::string& name, Partner::Kind kind = Partner::Kind::thread) {
    for_handover_placements(
        [&](const std::string& where, std::size_t bytes, const std::string& variant, const Placement& cpus) {
            add("handover/" + name + where + variant, "handover/raw_pointer", [=](benchmark::State& state) {
                const Pinned here(cpus[0]);
                std::vector<std::uint64_t> words = words_to_hand_over(bytes);
                Channel channel(bytes);
                const Partner partner(kind, cpus[1], [&channel, count = words.size()] {
                    for (Taken taken = channel.take(count); taken.first != handover_end; taken = channel.take(count)) {
                        channel.give(taken.sum);
                    }
                });
                measure_handover(state, words, [&](Words all) {
                    channel.put(all);
                    return channel.answer();
                });
                words.front() = handover_end;
                channel.put(words);
            });
        });
}

}  // namespace bench
