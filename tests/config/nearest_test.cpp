#include "config/nearest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace heddle::config {
namespace {

constexpr std::array<std::string_view, 6> names = {"window", "interval", "root", "on", "call_timeout", "gate_timeout"};

std::optional<std::string_view> near(std::string_view name) {
    return nearest(name, std::span(names));
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
    EXPECT_EQ(near("frequency"), std::nullopt);
    EXPECT_EQ(near("xy"), std::nullopt);
    EXPECT_EQ(near("x"), std::nullopt);
    EXPECT_EQ(near(""), std::nullopt);
    EXPECT_EQ(nearest("window", std::span<const std::string_view>()), std::nullopt);
}

TEST(Nearest, TakesTheNearestAndOfEqualsTheFirst) {
    EXPECT_EQ(near("cate_timeout"), "gate_timeout");
    const std::vector<std::string> twins = {"cat", "bat"};
    EXPECT_EQ(nearest("rat", std::span<const std::string>(twins)), "cat");
}

TEST(Nearest, SaysItAsTheEndOfAMessage) {
    EXPECT_EQ(did_you_mean("windw", std::span(names)), " (did you mean 'window'?)");
    EXPECT_EQ(did_you_mean("frequency", std::span(names)), "");
}

}  // namespace
}  // namespace heddle::config
