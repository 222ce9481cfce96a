// A quantile sketch with a bound on its relative error: DDSketch (Masson, Rim and Lee, "DDSketch: A Fast and
// Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", PVLDB 12(12), 2019).
//
// A positive x falls into bucket i = ceil(log_g(x)), g = (1 + a) / (1 - a), which covers (g^(i-1), g^i]. Its middle
// 2 g^i / (g + 1) is within a * x of every x in it, so the quantile read off the buckets is within a of the exact
// one, relatively. Merging adds the counts, so the merged sketch is the one that would have seen all the samples.
//
// Thread-safety: none; the owner locks. Ownership: values, no reference is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stats {

// Value <-> bucket. Buckets have one key for both signs and zero, ordered as the values are: negative values have
// negative keys, zero has key 0, and every positive double, subnormal or huge, has a key of its own bucket above 0.
class BucketScale {
public:
    // accuracy: the relative error a, 0.0001 to 0.5; throws std::invalid_argument outside.
    explicit BucketScale(double accuracy);

    // value: finite.
    std::int32_t key(double value) const;
    // The middle of the bucket; infinite for a bucket whose middle is beyond the largest double.
    double value(std::int32_t key) const;

    double accuracy() const { return accuracy_; }

private:
    double accuracy_;
    double log_gamma_;
    double keys_per_log_;  // 1 / log_gamma_
    double log_middle_;    // log(2 / (gamma + 1))
    std::int32_t lowest_;  // bucket of the smallest subnormal
};

// Counts per bucket, kept as a sorted array of the buckets that hold something. A series of a monitor has a handful
// in each slice of its window; an array grown to its size is kept by clear(), so that a steady stream allocates
// nothing.
class Sketch {
public:
    struct Bucket {
        std::int32_t key;
        std::uint64_t count;
    };

    // At most max_buckets buckets: beyond it the two buckets nearest to zero are made one, again and again, so that
    // only the quantiles among the smallest magnitudes lose their bound. 2048 buckets at 1 % span 17 decades.
    static constexpr std::size_t default_max_buckets = 2048;
    explicit Sketch(std::size_t max_buckets = default_max_buckets);

    void add(std::int32_t key, std::uint64_t count = 1);
    // Adds everything in other. scratch is working space, kept by the caller so that its memory is used again.
    void merge(const Sketch& other, std::vector<Bucket>& scratch);
    void clear();

    std::uint64_t count() const { return count_; }
    // Key of the bucket that holds the sample of this rank, 0 for the smallest. rank: below count(), which is above 0.
    std::int32_t key_at(std::uint64_t rank) const;
    const std::vector<Bucket>& buckets() const { return buckets_; }

private:
    void collapse();

    std::size_t max_buckets_;
    std::uint64_t count_ = 0;
    std::vector<Bucket> buckets_;  // ascending by key
};

// The rank, from 0, of quantile q (0 to 1) among count (above 0) samples: the paper's lower quantile, floor(q(n - 1)).
std::uint64_t quantile_rank(double q, std::uint64_t count);

}  // namespace stats
