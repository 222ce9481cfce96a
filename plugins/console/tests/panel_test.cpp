// The panel against golden pictures (tests/golden). HEDDLE_UPDATE_GOLDEN=1 draws them anew: look at them before you
// commit.
#include "core/panel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "sample_view.hpp"

namespace console {
namespace {

std::string joined(const std::vector<std::string>& rows) {
    std::string text;
    for (const std::string& row : rows) {
        for (const char c : row)
            text += c == '\x1b' ? std::string("\\e") : std::string(1, c);
        text += '\n';
    }
    return text;
}

void expect_golden(const std::string& name, const std::vector<std::string>& rows) {
    const std::string path = std::string(CONSOLE_GOLDEN) + "/" + name + ".txt";
    const std::string drawn = joined(rows);
    if (const char* update = std::getenv("HEDDLE_UPDATE_GOLDEN"); update != nullptr && *update != '\0')
        std::ofstream(path) << drawn;
    std::ifstream file(path);
    std::stringstream golden;
    golden << file.rdbuf();
    ASSERT_TRUE(file) << "no " << path;
    EXPECT_EQ(drawn, golden.str());
}

constexpr Style plain{false, true};

View with_alerts(View view) {
    view.alerts.push_back(sample_alert("disk_busy", "disk.sda.busy.p90 is 97.5, above 90 for 30s", 3725));
    view.alerts.push_back(sample_alert("cpu_high", "cpu.busy.p90 is 91.0, above 90 for 30s", 42));
    return view;
}

TEST(Panel, AtTheCommonSize) {
    expect_golden("80x24", draw_panel(sample_view(), {24, 80}, plain));
}

TEST(Panel, AtALargeSizeWithAlerts) {
    expect_golden("120x40", draw_panel(with_alerts(sample_view(16)), {40, 120}, plain));
}

TEST(Panel, AtASmallSizeKeepsCpuMemoryAndAlerts) {
    expect_golden("40x10", draw_panel(with_alerts(sample_view()), {10, 40}, plain));
}

TEST(Panel, InAscii) {
    expect_golden("80x24_ascii", draw_panel(with_alerts(sample_view()), {24, 80}, {false, false}));
}

TEST(Panel, InColour) {
    expect_golden("80x24_colour", draw_panel(with_alerts(sample_view()), {24, 80}, {true, true}));
}

TEST(Panel, OfManyCoresIsAStrip) {
    expect_golden("80x24_256_cores", draw_panel(sample_view(256), {24, 80}, plain));
}

TEST(Panel, OfManyDevicesShowsTheBusiest) {
    View view = sample_view(2);
    for (int i = 10; i < 30; ++i) {
        view.interfaces.push_back({"veth" + std::to_string(i), {i * 1.0, i * 1.0}, {0, 0}, {0, 0}, {0, 0}});
        view.disks.push_back({"sd" + std::to_string(i), {i * 1.0, i * 1.0}, {0, 0}, {0, 0}});
    }
    expect_golden("80x24_many_devices", draw_panel(view, {24, 80}, plain));
}

TEST(Panel, WithoutDataSaysWhy) {
    View view = with_alerts(View{});
    view.host = "loom.example";
    view.time = "2026-11-23 05:02:11";
    view.time_ns = sample_view().time_ns;
    view.trouble = "stats.summary is unavailable";
    expect_golden("80x24_no_data", draw_panel(view, {24, 80}, plain));
}

TEST(Panel, BeforeTheFirstFiguresIsDrawnWithDashes) {
    expect_golden("80x24_empty", draw_panel(View{}, {24, 80}, plain));
}

TEST(Panel, AlertsThatDoNotFitAreCounted) {
    View view = sample_view(2);
    for (int i = 0; i < 30; ++i)
        view.alerts.push_back(sample_alert("rule" + std::to_string(i),
                                           "a message that is long enough to need cutting somewhere near its end",
                                           100 - i));
    const std::vector<std::string> rows = draw_panel(view, {24, 80}, plain);
    EXPECT_THAT(joined(rows), testing::HasSubstr("rule29"));
    EXPECT_THAT(joined(rows), testing::HasSubstr("more)"));
}

TEST(Panel, KeepsToItsPlaceAtAnySize) {
    View odd = with_alerts(sample_view(7));
    odd.host = "日本語のとても長いホスト名";
    odd.interfaces.push_back({"\x1b[2J\nwide日本語日本語日本語", {1e30, -5}, {0, 0}, {1e9, 0}, {0, 0}});
    odd.busy = {1e300, std::nullopt};
    for (const View& view : {odd, sample_view(300), View{}}) {
        for (std::size_t rows = 0; rows < 45; ++rows) {
            for (std::size_t columns = 1; columns < 140; columns += 1 + columns / 12) {
                const std::vector<std::string> drawn = draw_panel(view, {rows, columns}, plain);
                ASSERT_LE(drawn.size(), panel_rows({rows, columns}));
                ASSERT_TRUE(drawn.size() < rows || rows == 0) << "the log needs a row";
                for (const std::string& row : drawn) {
                    ASSERT_LE(width_of(row), columns) << rows << "x" << columns << ": " << row;
                    ASSERT_EQ(row.find('\x1b'), std::string::npos);
                    ASSERT_EQ(row.find('\n'), std::string::npos);
                }
            }
        }
    }
}

}  // namespace
}  // namespace console
