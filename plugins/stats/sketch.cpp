#include "sketch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace stats {

BucketScale::BucketScale(double accuracy) : accuracy_(accuracy) {
    if (!(accuracy >= 0.0001 && accuracy <= 0.5)) {
        throw std::invalid_argument("the accuracy of a sketch must be from 0.0001 to 0.5");
    }
    // log1p keeps the digits that (1 + a) / (1 - a) would lose for a small a.
    log_gamma_ = std::log1p(2 * accuracy / (1 - accuracy));
    keys_per_log_ = 1 / log_gamma_;
    log_middle_ = std::log(1 - accuracy);  // 2 / (gamma + 1) = 1 - a
    lowest_ = static_cast<std::int32_t>(std::ceil(std::log(std::numeric_limits<double>::denorm_min()) * keys_per_log_));
}

std::int32_t BucketScale::key(double value) const {
    if (value == 0) {
        return 0;
    }
    const auto bucket = static_cast<std::int32_t>(std::ceil(std::log(std::fabs(value)) * keys_per_log_));
    const std::int32_t key = bucket - lowest_ + 1;
    return value > 0 ? key : -key;
}

double BucketScale::value(std::int32_t key) const {
    if (key == 0) {
        return 0;
    }
    const std::int32_t bucket = (key > 0 ? key : -key) + lowest_ - 1;
    const double magnitude = std::exp(bucket * log_gamma_ + log_middle_);
    return key > 0 ? magnitude : -magnitude;
}

Sketch::Sketch(std::size_t max_buckets) : max_buckets_(std::max<std::size_t>(max_buckets, 3)) {
    // Three: with one bucket below zero, zero and one above there is nothing to make one of.
}

void Sketch::add(std::int32_t key, std::uint64_t count) {
    count_ += count;
    const auto place = std::ranges::lower_bound(buckets_, key, {}, &Bucket::key);
    if (place != buckets_.end() && place->key == key) {
        place->count += count;
        return;
    }
    buckets_.insert(place, Bucket{key, count});
    if (buckets_.size() > max_buckets_) {
        collapse();
    }
}

void Sketch::merge(const Sketch& other, std::vector<Bucket>& scratch) {
    scratch.clear();
    auto mine = buckets_.cbegin();
    auto theirs = other.buckets_.cbegin();
    while (mine != buckets_.cend() && theirs != other.buckets_.cend()) {
        if (mine->key < theirs->key) {
            scratch.push_back(*mine++);
        } else if (theirs->key < mine->key) {
            scratch.push_back(*theirs++);
        } else {
            scratch.push_back({mine->key, mine->count + theirs->count});
            ++mine;
            ++theirs;
        }
    }
    scratch.insert(scratch.end(), mine, buckets_.cend());
    scratch.insert(scratch.end(), theirs, other.buckets_.cend());
    buckets_.swap(scratch);
    count_ += other.count_;
    while (buckets_.size() > max_buckets_) {
        collapse();
    }
}

void Sketch::clear() {
    buckets_.clear();
    count_ = 0;
}

std::int32_t Sketch::key_at(std::uint64_t rank) const {
    std::uint64_t below = 0;
    for (const Bucket& bucket : buckets_) {
        below += bucket.count;
        if (rank < below) {
            return bucket.key;
        }
    }
    return buckets_.empty() ? 0 : buckets_.back().key;
}

// Makes one of the two buckets nearest to zero on the side where that loses the smallest magnitude. The sum takes the
// outer key: the samples moved are then off by more than the bound, those that were there are not.
void Sketch::collapse() {
    const auto positive = std::ranges::upper_bound(buckets_, 0, {}, &Bucket::key);
    auto negative = positive;  // one past the last bucket below zero
    if (negative != buckets_.begin() && std::prev(negative)->key == 0) {
        --negative;
    }
    const auto above = buckets_.end() - positive;
    const auto below = negative - buckets_.begin();
    const bool take_above = above >= 2 && (below < 2 || positive->key <= -std::prev(negative)->key);
    if (take_above) {
        std::next(positive)->count += positive->count;
        buckets_.erase(positive);
    } else {
        const auto nearest = std::prev(negative);
        std::prev(nearest)->count += nearest->count;
        buckets_.erase(nearest);
    }
}

std::uint64_t quantile_rank(double q, std::uint64_t count) {
    // Above 2^53 samples the product is rounded; the last rank must still be one that exists.
    const auto rank = static_cast<std::uint64_t>(std::floor(q * static_cast<double>(count - 1)));
    return std::min(rank, count - 1);
}

}  // namespace stats
