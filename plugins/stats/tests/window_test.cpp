// A series' window: what is in it, when a sample leaves it, and its summary against the exact one.
#include "window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <numeric>
#include <stdexcept>

#include "samples.hpp"

namespace stats {
namespace {

using namespace std::chrono_literals;
using testing::all_shapes;
using testing::allowed_error;
using testing::draw;
using testing::exact_quantile;
using testing::name_of;
using testing::Shape;

constexpr double huge = std::numeric_limits<double>::max();

class WindowTest : public ::testing::Test {
protected:
    static Time at(std::chrono::nanoseconds since) { return Time{std::chrono::duration_cast<Time::duration>(since)}; }
    Summary summary(const Window& window, std::chrono::nanoseconds now) {
        return window.summarise(shape_, at(now), workspace_);
    }

    WindowShape shape_{60s, 12, 0.01};
    Workspace workspace_;
};

TEST_F(WindowTest, SummarisesWhatItHolds) {
    Window window(shape_, at(0s));
    for (int i = 1; i <= 100; ++i) {
        window.observe(shape_, i, at(10s));
    }
    const Summary summary = this->summary(window, 20s);
    EXPECT_EQ(summary.count, 100U);
    EXPECT_EQ(summary.last, 100);
    EXPECT_EQ(summary.min, 1);
    EXPECT_EQ(summary.max, 100);
    EXPECT_DOUBLE_EQ(summary.mean, 50.5);
    EXPECT_NEAR(summary.p50, 50, 0.5);
    EXPECT_NEAR(summary.p90, 90, 0.9);
    EXPECT_NEAR(summary.p99, 99, 0.99);
    EXPECT_DOUBLE_EQ(summary.rate, 5.0);  // in the 20 s that it lived
}

TEST_F(WindowTest, AConstantIsExactInEveryStatistic) {
    for (const double constant : {0.0, 3.7, -3.7, huge, -huge, 5e-324, 1e-300, 12345678.9}) {
        SCOPED_TRACE(constant);
        Window window(shape_, at(0s));
        for (int i = 0; i < 1000; ++i) {
            window.observe(shape_, constant, at(i * 50ms));
        }
        const Summary summary = this->summary(window, 50s);
        for (const double value :
             {summary.last, summary.mean, summary.min, summary.max, summary.p50, summary.p90, summary.p99}) {
            EXPECT_EQ(value, constant);
        }
    }
}

TEST_F(WindowTest, HugeValuesOfBothSignsDoNotOverflowTheMean) {
    Window window(shape_, at(0s));
    for (int i = 0; i < 10; ++i) {
        window.observe(shape_, huge, at(0s));
    }
    EXPECT_EQ(summary(window, 1s).mean, huge);
    for (int i = 0; i < 10; ++i) {
        window.observe(shape_, -huge, at(0s));
    }
    EXPECT_EQ(summary(window, 1s).mean, 0);
    EXPECT_EQ(summary(window, 1s).min, -huge);
    EXPECT_EQ(summary(window, 1s).max, huge);
}

TEST_F(WindowTest, ASampleLeavesExactlyWhenItsSliceDoes) {
    Window window(shape_, at(0s));
    window.observe(shape_, 1, at(0s));
    window.observe(shape_, 2, at(5s - 1ns));  // the last moment of the same slice
    window.observe(shape_, 3, at(5s));        // the first of the next
    EXPECT_EQ(summary(window, 60s - 1ns).count, 3U);
    EXPECT_EQ(summary(window, 60s).count, 1U);
    EXPECT_EQ(summary(window, 60s).min, 3);
    EXPECT_EQ(summary(window, 65s - 1ns).count, 1U);
    EXPECT_EQ(summary(window, 65s).count, 0U);
}

TEST_F(WindowTest, ASilentSeriesKeepsItsLastValueAndNothingElse) {
    Window window(shape_, at(0s));
    window.observe(shape_, 42, at(1s));
    const Summary summary = this->summary(window, 1000s);
    EXPECT_EQ(summary.last, 42);
    EXPECT_EQ(summary.count, 0U);
    EXPECT_EQ(summary.rate, 0);
    EXPECT_EQ(summary.max, 0);
    EXPECT_EQ(summary.p99, 0);
}

TEST_F(WindowTest, ASliceIsUsedAgainWithNothingLeftFromItsLastTurn) {
    Window window(shape_, at(0s));
    window.observe(shape_, -1000, at(2s));
    window.observe(shape_, 1, at(62s));  // the same place in the ring
    const Summary summary = this->summary(window, 63s);
    EXPECT_EQ(summary.count, 1U);
    EXPECT_EQ(summary.min, 1);
    EXPECT_EQ(summary.max, 1);
    EXPECT_EQ(summary.mean, 1);
    EXPECT_EQ(summary.p50, 1);
}

TEST_F(WindowTest, RateIsOverTheWindowOnceTheSeriesIsOlderThanThat) {
    Window window(shape_, at(0s));
    for (int second = 0; second < 600; ++second) {
        window.observe(shape_, 1, at(second * 1s));
        window.observe(shape_, 1, at(second * 1s + 500ms));
        const double rate = summary(window, second * 1s + 999999999ns).rate;
        if (second >= 5) {
            EXPECT_NEAR(rate, 2.0, 1e-6) << second;
        }
    }
}

TEST_F(WindowTest, TheFirstSampleHasTheRateOfOneSliceAndNotOfNoTime) {
    Window window(shape_, at(7s));
    window.observe(shape_, 1, at(7s));
    EXPECT_DOUBLE_EQ(summary(window, 7s).rate, 0.2);
}

TEST_F(WindowTest, ATimeBeforeTheNewestCountsAsTheNewest) {
    Window window(shape_, at(100s));
    window.observe(shape_, 1, at(100s));
    window.observe(shape_, 2, at(30s));  // another thread took its time before this one, and came later
    EXPECT_EQ(summary(window, 100s).count, 2U);
    EXPECT_EQ(summary(window, 30s).count, 2U);
}

TEST_F(WindowTest, WorksBeforeTheClocksEpochToo) {
    Window window(shape_, at(-61s));
    window.observe(shape_, 1, at(-61s));
    window.observe(shape_, 2, at(-1ns));
    EXPECT_EQ(summary(window, -1ns).count, 1U);
    EXPECT_EQ(summary(window, 54s).count, 1U);
    EXPECT_EQ(summary(window, 55s).count, 0U);
}

// The model: every sample with its time; those in the window are the ones whose slice is one of the newest twelve.
TEST_F(WindowTest, AgreesWithAnExactModelOverRandomTimesAndValues) {
    for (const Shape kind : all_shapes()) {
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            SCOPED_TRACE(name_of(kind) + ", seed " + std::to_string(seed));
            std::mt19937_64 random(seed);
            const std::vector<double> values = draw(kind, 2000, random);
            Window window(shape_, at(0s));
            std::deque<std::pair<std::chrono::nanoseconds, double>> model;
            std::chrono::nanoseconds now{0};
            for (std::size_t i = 0; i < values.size(); ++i) {
                now += std::chrono::nanoseconds{static_cast<std::int64_t>(random() % 100'000'000)};
                if (random() % 200 == 0) {
                    now += std::chrono::seconds{static_cast<std::int64_t>(random() % 90)};
                }
                window.observe(shape_, values[i], at(now));
                model.emplace_back(now, values[i]);
                if (i % 50 != 0) {
                    continue;
                }
                const auto first_slice = now / 5s - 11;
                while (model.front().first / 5s < first_slice) {
                    model.pop_front();
                }
                std::vector<double> held;
                for (const auto& [time, value] : model) {
                    held.push_back(value);
                }
                const Summary got = summary(window, now);
                ASSERT_EQ(got.count, held.size());
                EXPECT_EQ(got.last, values[i]);
                EXPECT_EQ(got.min, *std::ranges::min_element(held));
                EXPECT_EQ(got.max, *std::ranges::max_element(held));
                const long double sum = std::accumulate(held.begin(), held.end(), 0.0L);
                const double mean = static_cast<double>(sum / static_cast<long double>(held.size()));
                EXPECT_NEAR(got.mean, mean, 1e-12 * std::max(std::fabs(got.min), std::fabs(got.max)));
                for (const auto& [q, quantile] : {std::pair{0.5, got.p50}, {0.9, got.p90}, {0.99, got.p99}}) {
                    const double exact = exact_quantile(held, q);
                    EXPECT_NEAR(quantile, exact, allowed_error(exact, 0.01)) << "q " << q;
                }
            }
        }
    }
}

TEST_F(WindowTest, RefusesAShapeThatIsNone) {
    EXPECT_THROW(WindowShape(60s, 0, 0.01), std::invalid_argument);
    EXPECT_THROW(WindowShape(0s, 12, 0.01), std::invalid_argument);
    EXPECT_THROW(WindowShape(-60s, 12, 0.01), std::invalid_argument);
    EXPECT_THROW(WindowShape(5ns, 12, 0.01), std::invalid_argument);
}

}  // namespace
}  // namespace stats
