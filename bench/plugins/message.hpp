// What the benchmarks post: a few words that say whose message of which number it is, and whose sum is known
// beforehand.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace bench {

/// Said instead of a sum while some are on their way.
inline constexpr std::uint64_t not_all = ~std::uint64_t{0};

template <std::size_t bytes>
struct Message {
    static constexpr std::size_t size = bytes;
    std::array<std::uint64_t, bytes / sizeof(std::uint64_t)> words;

    /// The words of message `n` of a producer.
    static Message make(std::uint64_t producer, std::uint64_t n) {
        Message message;
        for (std::size_t i = 0; i < message.words.size(); ++i) {
            message.words[i] = (producer << 48U) + n + i;
        }
        return message;
    }
    [[nodiscard]] std::uint64_t producer() const { return words[0] >> 48U; }
    [[nodiscard]] std::uint64_t sum() const { return std::accumulate(words.begin(), words.end(), std::uint64_t{0}); }
    /// What the sums of a producer's messages 0 ... count - 1 come to.
    static std::uint64_t sum_of(std::uint64_t producer, std::uint64_t count) {
        const std::uint64_t words = bytes / sizeof(std::uint64_t);
        const std::uint64_t of_numbers = count % 2 == 0 ? count / 2 * (count - 1) : (count - 1) / 2 * count;
        return count * words * (producer << 48U) + words * of_numbers + count * (words * (words - 1) / 2);
    }
};

}  // namespace bench
