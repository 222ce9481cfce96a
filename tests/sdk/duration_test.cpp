#include <gtest/gtest.h>

#include <heddle/duration.hpp>

namespace {

using heddle::parse_duration;

TEST(Duration, IsReadWhileCompilingToo) {
    static_assert(parse_duration("1h30m") == 5'400'000'000'000);
    EXPECT_EQ(parse_duration("250ms"), 250'000'000);
    EXPECT_EQ(parse_duration("1.1s"), 1'100'000'000) << "exactly, not as a binary fraction";
    EXPECT_EQ(parse_duration("0.0000000019s"), 1);
}

TEST(Duration, IsNothingElse) {
    for (const char* text : {"", "10", "s", "-1s", "+1s", "1.s", ".5s", "1x", "1s ", " 1s", "30m1h", "1s1s", "1S",
                             "1e3s", "9223372036854775808ns", "106752d", "99999999999999999999s"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_duration("9223372036854775807ns"), INT64_MAX);
}

}  // namespace
