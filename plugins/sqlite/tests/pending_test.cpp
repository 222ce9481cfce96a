// The rows that wait in memory.
#include "pending.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sqlite {
namespace {

SampleRow sample(std::int64_t time) {
    return {"s", {time, static_cast<double>(time)}};
}
AlertRow alert(std::int64_t time) {
    return {"rule", true, 1, "message", time};
}

std::vector<std::int64_t> times(const Pending& pending) {
    std::vector<std::int64_t> result;
    for (const Sample& found : pending.samples_of("s", INT64_MIN, INT64_MAX)) {
        result.push_back(found.time_ns);
    }
    return result;
}

TEST(Pending, GivesOutTheOldestFirst) {
    Pending pending{10};
    for (int i = 0; i < 5; ++i) {
        pending.add(sample(i));
    }
    const Batch& batch = pending.take(2);
    ASSERT_EQ(batch.samples.size(), 2U);
    EXPECT_EQ(batch.samples[0].sample.time_ns, 0);
    EXPECT_EQ(batch.samples[1].sample.time_ns, 1);
    pending.done();
    EXPECT_THAT(times(pending), testing::ElementsAre(2, 3, 4));
}

TEST(Pending, GivesOutAlertsBeforeSamples) {
    Pending pending{10};
    pending.add(sample(1));
    pending.add(alert(2));
    const Batch& batch = pending.take(1);
    EXPECT_EQ(batch.alerts.size(), 1U);
    EXPECT_EQ(batch.samples.size(), 0U);
}

TEST(Pending, ShowsWhatWasTakenUntilItIsDone) {
    Pending pending{10};
    pending.add(sample(1));
    pending.take(10);
    pending.add(sample(2));
    EXPECT_THAT(times(pending), testing::ElementsAre(1, 2));
    EXPECT_EQ(pending.size(), 2U);
    pending.done();
    EXPECT_THAT(times(pending), testing::ElementsAre(2));
}

TEST(Pending, PutsBackInFront) {
    Pending pending{10};
    pending.add(sample(1));
    pending.add(sample(2));
    pending.take(2);
    pending.add(sample(3));
    pending.put_back();
    EXPECT_THAT(times(pending), testing::ElementsAre(1, 2, 3));
    EXPECT_EQ(pending.dropped(), 0U);
}

TEST(Pending, DropsTheOldestSampleBeyondItsBound) {
    Pending pending{3};
    pending.add(alert(0));
    for (int i = 1; i <= 5; ++i) {
        pending.add(sample(i));
    }
    EXPECT_THAT(times(pending), testing::ElementsAre(4, 5));
    EXPECT_EQ(pending.dropped(), 3U);
    EXPECT_EQ(pending.take(1).alerts.size(), 1U) << "an alert stays while samples can go";
}

TEST(Pending, DropsAlertsWhenNothingElseIsThere) {
    Pending pending{2};
    for (int i = 1; i <= 3; ++i) {
        pending.add(alert(i));
    }
    const Batch& batch = pending.take(5);
    ASSERT_EQ(batch.alerts.size(), 2U);
    EXPECT_EQ(batch.alerts[0].time_ns, 2);
    EXPECT_EQ(pending.dropped(), 1U);
}

TEST(Pending, DropsTheOldestWhenAFailedBatchComesBackToAFullHouse) {
    Pending pending{3};
    for (int i = 1; i <= 3; ++i) {
        pending.add(sample(i));
    }
    pending.take(3);
    for (int i = 4; i <= 5; ++i) {
        pending.add(sample(i));
    }
    pending.put_back();
    EXPECT_THAT(times(pending), testing::ElementsAre(3, 4, 5));
    EXPECT_EQ(pending.dropped(), 2U);
}

}  // namespace
}  // namespace sqlite
