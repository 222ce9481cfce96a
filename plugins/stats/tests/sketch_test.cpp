// The sketch against exact quantiles of seeded random samples; its merging, its extremes, its limit.
#include "sketch.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "samples.hpp"

namespace stats {
namespace {

using testing::all_shapes;
using testing::allowed_error;
using testing::draw;
using testing::exact_quantile;
using testing::name_of;
using testing::Shape;

constexpr double huge = std::numeric_limits<double>::max();
constexpr double tiny = std::numeric_limits<double>::denorm_min();
constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

Sketch sketch_of(const std::vector<double>& values, const BucketScale& scale, std::size_t max_buckets = no_limit) {
    Sketch sketch(max_buckets);
    for (const double value : values) {
        sketch.add(scale.key(value));
    }
    return sketch;
}

double quantile(const Sketch& sketch, const BucketScale& scale, double q) {
    return scale.value(sketch.key_at(quantile_rank(q, sketch.count())));
}

bool same_buckets(const Sketch& left, const Sketch& right) {
    return std::ranges::equal(left.buckets(), right.buckets(),
                              [](const auto& a, const auto& b) { return a.key == b.key && a.count == b.count; });
}

TEST(Sketch, QuantilesAreWithinTheAccuracyOfTheExactOnes) {
    for (const double accuracy : {0.001, 0.01, 0.1}) {
        const BucketScale scale(accuracy);
        for (const Shape shape : all_shapes()) {
            for (std::uint64_t seed = 1; seed <= 20; ++seed) {
                SCOPED_TRACE(name_of(shape) + ", accuracy " + std::to_string(accuracy) + ", seed " +
                             std::to_string(seed));
                std::mt19937_64 random(seed);
                const std::vector<double> values = draw(shape, 1 + seed * 100, random);
                const Sketch sketch = sketch_of(values, scale);
                for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
                    const double exact = exact_quantile(values, q);
                    EXPECT_NEAR(quantile(sketch, scale, q), exact, allowed_error(exact, accuracy)) << "q " << q;
                }
            }
        }
    }
}

TEST(Sketch, MergedSketchesAreTheSketchOfAllTheSamples) {
    const BucketScale scale(0.01);
    for (const Shape shape : all_shapes()) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            SCOPED_TRACE(name_of(shape) + ", seed " + std::to_string(seed));
            std::mt19937_64 random(seed);
            std::vector<double> all;
            Sketch merged(no_limit);
            std::vector<Sketch::Bucket> scratch;
            for (int part = 0; part < 5; ++part) {
                const std::vector<double> values = draw(shape, random() % 500, random);
                merged.merge(sketch_of(values, scale), scratch);
                all.insert(all.end(), values.begin(), values.end());
            }
            const Sketch whole = sketch_of(all, scale);
            EXPECT_EQ(merged.count(), all.size());
            EXPECT_TRUE(same_buckets(merged, whole));
        }
    }
}

TEST(Sketch, MergingDoesNotDependOnTheOrder) {
    const BucketScale scale(0.01);
    std::mt19937_64 random(7);
    const Sketch left = sketch_of(draw(Shape::log_normal, 400, random), scale);
    const Sketch right = sketch_of(draw(Shape::both_signs_and_zero, 400, random), scale);
    std::vector<Sketch::Bucket> scratch;
    Sketch one = left;
    Sketch other = right;
    one.merge(right, scratch);
    other.merge(left, scratch);
    EXPECT_TRUE(same_buckets(one, other));
}

TEST(Sketch, KeepsZeroAndTheExtremesOfDoubleApart) {
    const BucketScale scale(0.01);
    const std::vector<double> values{-huge, -1, -tiny, 0, tiny, 1, huge};
    for (std::size_t i = 1; i < values.size(); ++i) {
        EXPECT_LT(scale.key(values[i - 1]), scale.key(values[i])) << values[i - 1] << " and " << values[i];
    }
    EXPECT_EQ(scale.value(scale.key(0.0)), 0);
    EXPECT_EQ(scale.key(-0.0), 0);
    EXPECT_EQ(scale.value(scale.key(tiny)), tiny);
    EXPECT_EQ(scale.value(scale.key(-tiny)), -tiny);
}

TEST(Sketch, KeysOfNegativeValuesMirrorThoseOfPositive) {
    const BucketScale scale(0.02);
    std::mt19937_64 random(11);
    for (const double value : draw(Shape::every_magnitude, 1000, random)) {
        EXPECT_EQ(scale.key(-value), -scale.key(value)) << value;
        EXPECT_EQ(scale.value(scale.key(-value)), -scale.value(scale.key(value))) << value;
    }
}

TEST(Sketch, ALimitOfBucketsCostsOnlyTheSmallestMagnitudes) {
    const BucketScale scale(0.01);
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const std::vector<double> values = draw(Shape::every_magnitude, 2000, random);
        const Sketch sketch = sketch_of(values, scale, 500);
        EXPECT_EQ(sketch.buckets().size(), 500U);
        EXPECT_EQ(sketch.count(), values.size());
        for (const double q : {0.8, 0.9, 0.99, 1.0}) {  // 500 buckets hold at least the largest quarter of 2000 samples
            const double exact = exact_quantile(values, q);
            EXPECT_NEAR(quantile(sketch, scale, q), exact, allowed_error(exact, 0.01)) << "q " << q;
        }
    }
}

TEST(Sketch, ALimitOfBucketsKeepsBothSignsAndTheCountOfZero) {
    Sketch sketch(5);
    for (const std::int32_t key : {-50, 50, 0, -1, 1, -2, 2, -3, 3, 0}) {
        sketch.add(key);
    }
    ASSERT_EQ(sketch.buckets().size(), 5U);
    EXPECT_EQ(sketch.count(), 10U);
    EXPECT_EQ(sketch.buckets().front().key, -50);
    EXPECT_EQ(sketch.buckets()[2].key, 0);
    EXPECT_EQ(sketch.buckets()[2].count, 2U);
    EXPECT_EQ(sketch.buckets().back().key, 50);
    std::uint64_t total = 0;
    for (const auto& bucket : sketch.buckets()) {
        total += bucket.count;
    }
    EXPECT_EQ(total, 10U);
}

TEST(Sketch, MergingKeepsTheLimitOfBuckets) {
    Sketch low(10);
    Sketch high(10);
    for (std::int32_t key = 1; key <= 10; ++key) {
        low.add(key);
        high.add(100 + key);
    }
    std::vector<Sketch::Bucket> scratch;
    low.merge(high, scratch);
    EXPECT_EQ(low.buckets().size(), 10U);
    EXPECT_EQ(low.count(), 20U);
    EXPECT_EQ(low.key_at(19), 110);
    EXPECT_EQ(low.key_at(0), 101);  // the ten below were folded into the lowest that is left
}

TEST(Sketch, RefusesAnAccuracyItCannotKeep) {
    for (const double accuracy : {0.0, -0.01, 0.00001, 0.6, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
        EXPECT_THROW(BucketScale{accuracy}, std::invalid_argument) << accuracy;
    }
}

TEST(Sketch, TheRankOfAQuantileExistsForAnyCount) {
    EXPECT_EQ(quantile_rank(0.0, 1), 0U);
    EXPECT_EQ(quantile_rank(0.99, 1), 0U);
    EXPECT_EQ(quantile_rank(0.5, 2), 0U);
    EXPECT_EQ(quantile_rank(0.5, 3), 1U);
    EXPECT_EQ(quantile_rank(0.9, 11), 9U);
    const auto many = std::numeric_limits<std::uint64_t>::max() / 4;
    EXPECT_LT(quantile_rank(1.0, many), many);
}

}  // namespace
}  // namespace stats
