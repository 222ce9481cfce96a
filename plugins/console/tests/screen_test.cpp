// The panel on a terminal: a pty and an emulator of it, with a log that scrolls beneath.
#include "core/screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include "pseudo_terminal.hpp"
#include "sample_view.hpp"

namespace console {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class ScreenTest : public testing::Test {
protected:
    void log(const std::string& line) {
        const std::string text = line + "\n";
        ASSERT_EQ(::write(pty.slave(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void look() { emulator.feed(pty.read()); }

    PseudoTerminal pty{8, 40};
    Emulator emulator{8, 40};
    Output output{pty.slave()};
};

TEST_F(ScreenTest, AFrameAppearsAndTheLogScrollsBeneathIt) {
    log("before");
    Screen screen(output);
    screen.paint({"panel one", "panel two"}, screen.size());
    for (int i = 0; i < 20; ++i)
        log("line " + std::to_string(i));
    look();
    EXPECT_THAT(emulator.lines(),
                ElementsAre("panel one", "panel two", "line 15", "line 16", "line 17", "line 18", "line 19", ""));
    EXPECT_EQ(emulator.scrollback().front(), "before") << "what was there is in the scrollback";
    screen.paint({"panel 1", "panel 2"}, screen.size());
    log("line 20");
    look();
    EXPECT_THAT(emulator.lines(),
                ElementsAre("panel 1", "panel 2", "line 16", "line 17", "line 18", "line 19", "line 20", ""));
    EXPECT_THAT(emulator.unknown(), IsEmpty());
}

TEST_F(ScreenTest, TheTerminalIsRestoredWhenThePanelLeaves) {
    {
        Screen screen(output);
        screen.paint({"panel"}, screen.size());
        log("line 0");
        look();
        EXPECT_FALSE(emulator.region_is_full());
        screen.leave();
        look();
        EXPECT_TRUE(emulator.region_is_full());
        EXPECT_EQ(emulator.row(), 7u) << "the cursor is where the log goes on";
        screen.leave();
        EXPECT_EQ(pty.read(), "") << "a second time does nothing";
        screen.paint({"panel"}, screen.size());
    }
    look();
    EXPECT_TRUE(emulator.region_is_full()) << "by the destructor too";
    for (int i = 0; i < 8; ++i)
        log("after " + std::to_string(i));
    look();
    EXPECT_EQ(emulator.line(0), "after 1") << "the whole screen scrolls";
    EXPECT_THAT(emulator.unknown(), IsEmpty());
}

TEST_F(ScreenTest, APanelThatWasNeverShownLeavesNoTrace) {
    { Screen screen(output); }
    EXPECT_EQ(pty.read(), "");
}

TEST_F(ScreenTest, ThePanelGrowsAndShrinks) {
    Screen screen(output);
    screen.paint({"one"}, screen.size());
    for (int i = 0; i < 8; ++i)
        log("line " + std::to_string(i));
    screen.paint({"one", "two", "three"}, screen.size());
    log("line 8");
    look();
    EXPECT_THAT(emulator.lines(), ElementsAre("one", "two", "three", "line 5", "line 6", "line 7", "line 8", ""));
    screen.paint({"uno"}, screen.size());
    log("line 9");
    look();
    EXPECT_THAT(emulator.lines(), ElementsAre("uno", "", "line 5", "line 6", "line 7", "line 8", "line 9", ""));
}

TEST_F(ScreenTest, AResizeIsFollowed) {
    Screen screen(output);
    screen.paint({"one", "two"}, screen.size());
    look();
    pty.resize(6, 30);
    EXPECT_EQ(screen.size(), (Size{6, 30}));
    Emulator resized(6, 30);  // a terminal that lost all it showed, and its region
    screen.paint({"uno", "due"}, screen.size());
    for (int i = 0; i < 9; ++i)
        log("line " + std::to_string(i));
    resized.feed(pty.read());
    EXPECT_THAT(resized.lines(), ElementsAre("uno", "due", "line 6", "line 7", "line 8", ""));
    screen.leave();
    resized.feed(pty.read());
    EXPECT_TRUE(resized.region_is_full());
}

TEST_F(ScreenTest, ATerminalWithoutASizeCountsAs80x24) {
    pty.resize(0, 0);
    EXPECT_EQ(Screen(output).size(), (Size{24, 80}));
}

TEST_F(ScreenTest, AFrameIsOneWholePictureOfTheSampleMachine) {
    pty.resize(24, 80);
    Emulator large(24, 80);
    Screen screen(output);
    const std::vector<std::string> rows = draw_panel(sample_view(), screen.size(), Style{true, true});
    screen.paint(rows, screen.size());
    large.feed(pty.read());
    EXPECT_TRUE(large.is_whole());
    EXPECT_THAT(large.unknown(), IsEmpty());
    EXPECT_EQ(large.region_top(), rows.size());
    const std::vector<std::string> uncoloured = draw_panel(sample_view(), screen.size(), Style{false, true});
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(large.line(i), uncoloured[i]);
}

// A terminal that is stopped (Ctrl-S, or a reader that sleeps) must hold nobody up, and must not show torn frames
// after.
TEST_F(ScreenTest, AStoppedTerminalHoldsNobodyUp) {
    Screen screen(output);
    const std::vector<std::string> rows{std::string(39, 'a'), std::string(39, 'b')};
    screen.paint(rows, screen.size());
    int held = 0;
    for (int i = 0; i < 5000 && held < 4; ++i) {  // nobody reads: the pty's buffer fills
        const auto before = std::chrono::steady_clock::now();
        screen.paint(rows, screen.size());
        const auto took = std::chrono::steady_clock::now() - before;
        EXPECT_LT(took, 1s);
        held += took > 40ms ? 1 : 0;
    }
    EXPECT_EQ(held, 4) << "it was full";
    for (int i = 0; i < 10; ++i) {  // someone reads again
        look();
        screen.paint({"alive", "again"}, screen.size());
    }
    look();
    EXPECT_EQ(emulator.line(0), "alive");
    EXPECT_EQ(emulator.line(1), "again");
    EXPECT_TRUE(emulator.is_whole());
    EXPECT_THAT(emulator.unknown(), IsEmpty());
}

}  // namespace
}  // namespace console
