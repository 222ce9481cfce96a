// What the console decides from its configuration and surroundings.
#include "core/settings.hpp"

#include <gtest/gtest.h>

namespace console {
namespace {

const Environment utf8_terminal{"xterm-256color", false, "de_DE.UTF-8"};

TEST(Choose, APanelNeedsATerminalThatCanBeSteered) {
    EXPECT_TRUE(choose({}, true, utf8_terminal).panel);
    EXPECT_FALSE(choose({}, false, utf8_terminal).panel);
    EXPECT_FALSE(choose({Mode::panel}, false, utf8_terminal).panel);
    EXPECT_FALSE(choose({Mode::lines}, true, utf8_terminal).panel);
    for (const char* term : {"dumb", ""})
        EXPECT_FALSE(choose({Mode::panel}, true, {term, false, "C.UTF-8"}).panel) << term;
}

TEST(Choose, ColourIsForTerminalsAndNoColorIsRespected) {
    EXPECT_TRUE(choose({}, true, utf8_terminal).style.colour);
    EXPECT_FALSE(choose({}, false, utf8_terminal).style.colour);
    EXPECT_FALSE(choose({}, true, {"xterm", true, "C"}).style.colour);
    EXPECT_TRUE(choose({Mode::automatic, Colour::always}, true, {"xterm", true, "C"}).style.colour);
    EXPECT_FALSE(choose({Mode::automatic, Colour::never}, true, utf8_terminal).style.colour);
}

TEST(Choose, BarsFollowTheLocaleUnlessNamed) {
    for (const char* locale : {"C.UTF-8", "en_GB.utf8", "de_DE.UTF8@euro"})
        EXPECT_TRUE(choose({}, true, {"xterm", false, locale}).style.utf8) << locale;
    for (const char* locale : {"", "C", "POSIX", "de_DE.ISO-8859-1"})
        EXPECT_FALSE(choose({}, true, {"xterm", false, locale}).style.utf8) << locale;
    EXPECT_TRUE(choose({Mode::automatic, Colour::automatic, Bars::utf8}, true, {"xterm", false, "C"}).style.utf8);
    EXPECT_FALSE(choose({Mode::automatic, Colour::automatic, Bars::ascii}, true, utf8_terminal).style.utf8);
}

TEST(Names, OfTheConfigurationAreUnderstoodAndOthersAreNot) {
    EXPECT_EQ(to_mode("auto"), Mode::automatic);
    EXPECT_EQ(to_mode("panel"), Mode::panel);
    EXPECT_EQ(to_mode("lines"), Mode::lines);
    EXPECT_EQ(to_mode("Panel"), std::nullopt);
    EXPECT_EQ(to_colour("always"), Colour::always);
    EXPECT_EQ(to_colour("never"), Colour::never);
    EXPECT_EQ(to_colour("yes"), std::nullopt);
    EXPECT_EQ(to_bars("utf8"), Bars::utf8);
    EXPECT_EQ(to_bars("ascii"), Bars::ascii);
    EXPECT_EQ(to_bars(""), std::nullopt);
}

TEST(Alerts, AreAddedRenewedAndTakenAwayByRule) {
    std::vector<Alert> alerts;
    update_alerts(alerts, {"a", "first", 1, 100}, true);
    update_alerts(alerts, {"b", "other", 2, 200}, true);
    update_alerts(alerts, {"a", "again", 3, 300}, true);
    ASSERT_EQ(alerts.size(), 2u);
    EXPECT_EQ(alerts[0].message, "again");
    EXPECT_EQ(alerts[0].value, 3);
    EXPECT_EQ(alerts[0].since_ns, 100) << "it has gone on since";
    update_alerts(alerts, {"a", "over", 0, 400}, false);
    update_alerts(alerts, {"never raised", "over", 0, 400}, false);
    ASSERT_EQ(alerts.size(), 1u);
    EXPECT_EQ(alerts[0].rule, "b");
}

TEST(TimeText, IsIsoForProgramsAndReadableForPeople) {
    EXPECT_EQ(time_text(1'795'410'131'999'999'999, false), "2026-11-23T05:02:11Z");
    EXPECT_EQ(time_text(1'795'410'131'000'000'000, true).size(), std::string("2026-11-23 05:02:11").size());
}

}  // namespace
}  // namespace console
