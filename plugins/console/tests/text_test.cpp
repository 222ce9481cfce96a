// Text by display width, figures in human units, rows that keep to their width.
#include "core/text.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace console {
namespace {

TEST(Fit, CutsByDisplayWidthAndNotByBytes) {
    std::size_t used = 0;
    EXPECT_EQ(fit("eth0", 10, true, used), "eth0");
    EXPECT_EQ(used, 4u);
    EXPECT_EQ(fit("abcdef", 3, true, used), "abc");
    EXPECT_EQ(fit("größe", 3, true, used), "grö");
    EXPECT_EQ(used, 3u);
    EXPECT_EQ(fit("日本語", 5, true, used), "日本") << "each takes two columns, and half of one is not shown";
    EXPECT_EQ(used, 4u);
    EXPECT_EQ(width_of("e\u0301"), 1u) << "a combining accent takes no column";
}

TEST(Fit, ShowsNothingThatATerminalWouldObey) {
    std::size_t used = 0;
    EXPECT_EQ(fit("a\x1b[2Jb\n", 20, true, used), "a?[2Jb?");
    EXPECT_EQ(fit(std::string("a\0b", 3), 20, true, used), "a?b");
    EXPECT_EQ(fit("a\xff\xfe"
                  "b",
                  20, true, used),
              "a??b");
    EXPECT_EQ(fit("a\xe6\x97", 20, true, used), "a??") << "a character that ends too early";
    EXPECT_EQ(fit("x\xc2\x9bm", 20, true, used), "x?m") << "CSI in one character";
    EXPECT_EQ(fit("größe", 20, false, used), "gr??e");
    EXPECT_EQ(used, 5u);
}

TEST(Units, AreHumanAndKeepTheirWidth) {
    EXPECT_EQ(bytes(0), "0 B");
    EXPECT_EQ(bytes(1023), "1023 B");
    EXPECT_EQ(bytes(1023.6), "1.0 KiB");
    EXPECT_EQ(bytes(1536), "1.5 KiB");
    EXPECT_EQ(bytes(99.96 * 1024), "100 KiB");
    EXPECT_EQ(bytes(24683232.0 * 1024), "23.5 GiB");
    EXPECT_EQ(bytes(std::nullopt), "-");
    EXPECT_EQ(bytes(-1), "-");
    EXPECT_EQ(bytes(std::numeric_limits<double>::quiet_NaN()), "-");
    EXPECT_EQ(rate(0), "   0   B/s");
    EXPECT_EQ(rate(12.34 * 1024), "12.3 KiB/s");
    EXPECT_EQ(rate(1023.4 * 1024 * 1024), "1023 MiB/s");
    for (double value = 0.4; value < 1e18; value *= 1.7)
        EXPECT_EQ(rate(value).size(), 10u) << value;
    EXPECT_EQ(percent(42.04), "42.0%");
    EXPECT_EQ(percent(std::nullopt), "-");
    EXPECT_EQ(age(59), "59s");
    EXPECT_EQ(age(3599), "59m");
    EXPECT_EQ(age(3 * 3600 + 5 * 60), "3h05m");
    EXPECT_EQ(age(2 * 86400 + 4 * 3600), "2d04h");
    EXPECT_EQ(age(-5), "0s");
}

TEST(Bar, FillsByEighthsAndMarksASecondFigure) {
    const auto bar = [](double value, std::optional<double> mark, bool utf8) {
        Row row(40, Style{false, utf8});
        row.put_bar(value, mark, 12);
        return row.take();
    };
    EXPECT_EQ(bar(0, std::nullopt, true), "[          ]");
    EXPECT_EQ(bar(100, std::nullopt, true), "[██████████]");
    EXPECT_EQ(bar(250, std::nullopt, true), "[██████████]");
    EXPECT_EQ(bar(45, std::nullopt, true), "[████▌     ]");
    EXPECT_EQ(bar(45, 90, true), "[████▌   ┊ ]");
    EXPECT_EQ(bar(45, 20, true), "[████▌     ]") << "a mark inside what is filled is not seen";
    EXPECT_EQ(bar(42, 90, false), "[||||    : ]");
    EXPECT_EQ(bar(0, 0, false), "[:         ]");
}

TEST(Row, NeverGrowsWiderThanItMay) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string_view texts[] = {"a", "größe", "日本語", "", "a long text of some words", "\x1b[2J"};
    for (int round = 0; round < 500; ++round) {
        const std::size_t width = random() % 50;
        Row row(width, Style{});
        for (int i = 0; i < 8; ++i) {
            const std::string_view text = texts[random() % std::size(texts)];
            switch (random() % 5) {
                case 0:
                    row.put(text);
                    break;
                case 1:
                    row.put_right(text, random() % 60);
                    break;
                case 2:
                    row.pad_to(random() % 60);
                    break;
                case 3:
                    row.put_item("item", text);
                    break;
                default:
                    row.put_bar(double(random() % 120), double(random() % 120), random() % 30);
            }
            ASSERT_LE(row.column(), width);
        }
        ASSERT_LE(width_of(row.take()), width);
    }
}

TEST(Row, ColoursOnlyWhenAsked) {
    Row plain(20, Style{false, true});
    plain.put("hot", Ink::bad);
    EXPECT_EQ(plain.take(), "hot");
    Row coloured(20, Style{true, true});
    coloured.put("hot", Ink::bad);
    EXPECT_EQ(coloured.take(), "\x1b[31mhot\x1b[m");
}

}  // namespace
}  // namespace console
