#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <heddle/nearest.hpp>
#include <random>
#include <vector>

namespace heddle {
namespace {

constexpr std::array<std::string_view, 6> names = {"window", "interval", "root", "on", "call_timeout", "gate_timeout"};

std::string near(std::string_view name) {
    return nearest(name, names);
}

TEST(Nearest, FindsTheNameThatASlipWasMeantToBe) {
    EXPECT_EQ(near("windw"), "window");
    EXPECT_EQ(near("widnow"), "window");
    EXPECT_EQ(near("Window"), "window");
    EXPECT_EQ(near("WINDOW"), "window");
    EXPECT_EQ(near("rot"), "root");
    EXPECT_EQ(near("intervall"), "interval");
    EXPECT_EQ(near("call_timout"), "call_timeout");
    EXPECT_EQ(near("window"), "window");
}

TEST(Nearest, KeepsQuietWhenNothingIsClose) {
    EXPECT_EQ(near("frequency"), "");
    EXPECT_EQ(near("xy"), "");
    EXPECT_EQ(near("x"), "");
    EXPECT_EQ(near(""), "");
    EXPECT_EQ(nearest("window", std::vector<std::string>()), "");
}

TEST(Nearest, TakesTheNearestAndOfEqualsTheFirst) {
    EXPECT_EQ(near("cate_timeout"), "gate_timeout");
    const std::vector<std::string> twins = {"cat", "bat"};
    EXPECT_EQ(nearest("rat", twins), "cat");
}

TEST(Nearest, SaysItAsTheEndOfAMessage) {
    EXPECT_EQ(did_you_mean("windw", names), " (did you mean 'window'?)");
    EXPECT_EQ(did_you_mean("frequency", names), "");
}

TEST(Nearest, TakesAnyRangeOfTexts) {
    EXPECT_EQ(nearest("windw", std::vector<const char*>{"root", "window"}), "window");
    EXPECT_EQ(nearest("windw", std::initializer_list<std::string_view>{"window"}), "window");
}

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("ab", "ba"), 1U);
    EXPECT_EQ(edit_distance("ca", "abc"), 3U) << "no edit inside of a swap: optimal string alignment";
}

TEST(EditDistance, IsTheSameBothWaysAndAtMostTheLongerLength) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto word = [&] {
        std::string text(random() % 9, 'a');
        for (char& c : text) {
            c = static_cast<char>('a' + random() % 3);
        }
        return text;
    };
    for (int i = 0; i < 2000; ++i) {
        const std::string a = word();
        const std::string b = word();
        const std::size_t distance = edit_distance(a, b);
        EXPECT_EQ(distance, edit_distance(b, a)) << a << ' ' << b;
        EXPECT_LE(distance, std::max(a.size(), b.size())) << a << ' ' << b;
        EXPECT_EQ(distance == 0, a == b) << a << ' ' << b;
    }
}

}  // namespace
}  // namespace heddle
