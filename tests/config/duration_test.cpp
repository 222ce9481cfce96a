#include "config/duration.hpp"

#include <gtest/gtest.h>

#include <random>

namespace heddle::config {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsEachUnitAndSumsOfThem) {
    EXPECT_EQ(parse_duration("5ns"), 5ns);
    EXPECT_EQ(parse_duration("5us"), 5us);
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("10s"), 10s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("2h"), 2h);
    EXPECT_EQ(parse_duration("1d"), 24h);
    EXPECT_EQ(parse_duration("1h30m"), 90min);
    EXPECT_EQ(parse_duration("1d2h3m4s5ms6us7ns"), 26h + 3min + 4s + 5ms + 6us + 7ns);
    EXPECT_EQ(parse_duration("0s"), 0ns);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("0.25d1.25h"), 6h + 75min);
    EXPECT_EQ(parse_duration("1.1s"), 1100ms) << "exactly, not as a binary fraction";
    EXPECT_EQ(parse_duration("0.0000000019s"), 1ns);
    EXPECT_EQ(parse_duration("0.99999999999999999999s"), 999'999'999ns);
}

TEST(Duration, RefusesEverythingElse) {
    for (const char* text : {"", "10", "s", "10 s", "-1s", "+1s", "1.s", ".5s", "1.5", "1x", "1s ", " 1s", "30m1h",
                             "1s1s", "1S", "10sec", "1h30"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

TEST(Duration, RefusesWhatDoesNotFit) {
    EXPECT_EQ(parse_duration("9223372036854775807ns"), std::chrono::nanoseconds::max());
    EXPECT_EQ(parse_duration("9223372036854775808ns"), std::nullopt);
    EXPECT_EQ(parse_duration("106752d"), std::nullopt);
    EXPECT_EQ(parse_duration("106751d86400s"), std::nullopt);
    EXPECT_EQ(parse_duration("99999999999999999999s"), std::nullopt);
}

TEST(Duration, IsWrittenInItsShortestForm) {
    EXPECT_EQ(format_duration(0s), "0s");
    EXPECT_EQ(format_duration(90min), "1h30m");
    EXPECT_EQ(format_duration(250ms), "250ms");
    EXPECT_EQ(format_duration(1500ms), "1s500ms");
    EXPECT_EQ(format_duration(-90s), "-1m30s");
}

TEST(Duration, WhatIsWrittenReadsBackTheSame) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 1000; ++i) {
        const std::chrono::nanoseconds duration(static_cast<std::int64_t>(random() >> (1 + random() % 62)));
        EXPECT_EQ(parse_duration(format_duration(duration)), duration) << duration.count();
    }
}

}  // namespace
}  // namespace heddle::config
