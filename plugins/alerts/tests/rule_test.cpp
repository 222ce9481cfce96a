// The language of rules: what it means, what it refuses and with which words, and how rules clear.
#include "rule.hpp"

#include <gtest/gtest.h>

#include <random>

namespace alerts {
namespace {

using namespace std::chrono_literals;

// "offset: text", or what was read in its canonical spelling.
std::string reading(std::string_view text) {
    try {
        return parse_condition(text).to_string();
    } catch (const SyntaxError& error) {
        return std::to_string(error.offset) + ": " + error.what();
    }
}

TEST(Rule, ReadsSeriesStatisticOperatorLimitAndTime) {
    const Condition condition = parse_condition("cpu.busy.p90 > 90 for 30s");
    EXPECT_EQ(condition.series, "cpu.busy");
    EXPECT_EQ(condition.statistic, Statistic::p90);
    EXPECT_EQ(condition.comparison, Comparison::above);
    EXPECT_EQ(condition.limit, 90);
    EXPECT_EQ(condition.duration, 30s);
    EXPECT_FALSE(condition.is_pattern());
}

TEST(Rule, NeedsNoSpacesAroundTheOperatorAndTakesAnyAmountElsewhere) {
    EXPECT_EQ(reading("load.1.last>=4"), "load.1.last >= 4");
    EXPECT_EQ(reading("  load.1.last \t<  -0.5   for   1m30s  "), "load.1.last < -0.5 for 1m30s");
}

TEST(Rule, KnowsEveryStatistic) {
    Summary summary{1, 2, 3, 4, 5, 6, 7, 8, 9};
    double expected = 1;
    for (const char* name : {"last", "mean", "min", "max", "p50", "p90", "p99", "rate", "count"}) {
        const Condition condition = parse_condition(std::string("a.") + name + " > 0");
        EXPECT_EQ(value_of(summary, condition.statistic), expected++) << name;
    }
}

TEST(Rule, KnowsEveryOperator) {
    EXPECT_TRUE(parse_condition("a.last > 1").holds(1.5));
    EXPECT_FALSE(parse_condition("a.last > 1").holds(1));
    EXPECT_TRUE(parse_condition("a.last >= 1").holds(1));
    EXPECT_FALSE(parse_condition("a.last >= 1").holds(0.5));
    EXPECT_TRUE(parse_condition("a.last < 1").holds(0.5));
    EXPECT_FALSE(parse_condition("a.last < 1").holds(1));
    EXPECT_TRUE(parse_condition("a.last <= 1").holds(1));
    EXPECT_FALSE(parse_condition("a.last <= 1").holds(1.5));
}

TEST(Rule, ReadsSuffixesOfNumbersAndUnitsOfTime) {
    EXPECT_EQ(parse_condition("a.last > 2.5k").limit, 2500);
    EXPECT_EQ(parse_condition("a.last > 1M").limit, 1e6);
    EXPECT_EQ(parse_condition("a.last > 1G").limit, 1e9);
    EXPECT_EQ(parse_condition("a.last > 1Ki").limit, 1024);
    EXPECT_EQ(parse_condition("a.last > 512Mi").limit, 536870912);
    EXPECT_EQ(parse_condition("a.last > 1Gi for 1s").limit, 1073741824);
    EXPECT_EQ(parse_condition("a.last > 90%").limit, 90);
    EXPECT_EQ(parse_condition("a.last > 90 % for 1s").limit, 90);
    EXPECT_EQ(parse_condition("a.last > 1e8").limit, 1e8);
    EXPECT_EQ(parse_condition("a.last > 0 for 250ms").duration, 250ms);
    EXPECT_EQ(parse_condition("a.last > 0 for 5m").duration, 5min);
    EXPECT_EQ(parse_condition("a.last > 0 for 1h30m").duration, 90min);
    EXPECT_EQ(parse_condition("a.last > 0 for 2d").duration, 48h);
    EXPECT_EQ(parse_condition("a.last > 0 for 1.5s").duration, 1500ms);
    EXPECT_EQ(parse_condition("a.last > 0 for 0s").duration, 0s);
}

TEST(Rule, APatternMatchesSeriesDotsIncluded) {
    const Condition condition = parse_condition("net.*.rx_bytes.mean > 1e8");
    EXPECT_TRUE(condition.is_pattern());
    EXPECT_TRUE(condition.matches("net.eth0.rx_bytes"));
    EXPECT_TRUE(condition.matches("net.eth0.100.rx_bytes"));
    EXPECT_FALSE(condition.matches("net.eth0.tx_bytes"));
    EXPECT_FALSE(condition.matches("disk.net.eth0.rx_bytes"));
    EXPECT_TRUE(parse_condition("cpu?.busy.last > 1").matches("cpu0.busy"));
    EXPECT_FALSE(parse_condition("cpu?.busy.last > 1").matches("cpu.busy"));
    EXPECT_TRUE(parse_condition("cpu[0-3].busy.last > 1").matches("cpu2.busy"));
    EXPECT_FALSE(parse_condition("cpu.busy.last > 1").matches("cpu0.busy"));
}

TEST(Rule, SaysWhatWasExpectedAndFoundAndWhere) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "0: expected SERIES.STATISTIC, such as cpu.busy.p90, found the end of the rule"},
        {"   ", "3: expected SERIES.STATISTIC, such as cpu.busy.p90, found the end of the rule"},
        {"> 90", "0: expected SERIES.STATISTIC, such as cpu.busy.p90, found '>'"},
        {"busy > 90", "0: expected SERIES.STATISTIC, such as cpu.busy.p90, found 'busy'"},
        {" .p90 > 90", "1: expected the name of a series before '.p90'"},
        {"cpu.busy > 90",
         "4: unknown statistic 'busy'; expected one of last, mean, min, max, p50, p90, p99, rate, count, as in "
         "cpu.busy.mean"},
        {"cpu.busy.p91 > 90",
         "9: unknown statistic 'p91' (did you mean 'p90'?); expected one of last, mean, min, max, p50, p90, p99, rate, "
         "count"},
        {"cpu.busy.men > 90",
         "9: unknown statistic 'men' (did you mean 'mean'?); expected one of last, mean, min, max, p50, p90, p99, "
         "rate, "
         "count"},
        {"cpu.busy.p90", "12: expected one of > >= < <=, found the end of the rule"},
        {"cpu.busy.p90 90", "13: expected one of > >= < <=, found '90'"},
        {"cpu.busy.p90 == 90", "13: expected one of > >= < <=, found '=='"},
        {"cpu.busy.p90 => 90", "13: expected one of > >= < <=, found '=>'"},
        {"cpu.busy.p90 >", "14: expected a number, such as 90, 2.5k or 512Mi, found the end of the rule"},
        {"cpu.busy.p90 > much", "15: expected a number, such as 90, 2.5k or 512Mi, found 'much'"},
        {"cpu.busy.p90 > inf", "15: expected a number, such as 90, 2.5k or 512Mi, found 'inf'"},
        {"cpu.busy.p90 > nan", "15: expected a number, such as 90, 2.5k or 512Mi, found 'nan'"},
        {"cpu.busy.p90 > 1e999", "15: '1e999' is beyond what a number can hold"},
        {"cpu.busy.p90 > 1e308k", "15: '1e308k' is beyond what a number can hold"},
        {"cpu.busy.p90 > 90MB",
         "17: unknown suffix 'MB' (did you mean 'M'?); a number can end in k, M, G, Ki, Mi, Gi or %"},
        {"cpu.busy.p90 > 90KiB",
         "17: unknown suffix 'KiB' (did you mean 'Ki'?); a number can end in k, M, G, Ki, Mi, Gi or %"},
        {"cpu.busy.p90 > 90K",
         "17: unknown suffix 'K' (did you mean 'k'?); a number can end in k, M, G, Ki, Mi, Gi or %"},
        {"cpu.busy.p90 > 90xyz", "17: unknown suffix 'xyz'; a number can end in k, M, G, Ki, Mi, Gi or %"},
        {"cpu.busy.p90 > 90 fro 30s",
         "18: expected 'for DURATION', such as for 30s, or the end of the rule, found 'fro'"},
        {"cpu.busy.p90 > 90 for", "21: expected a duration, such as 30s, 250ms or 1m30s, found the end of the rule"},
        {"cpu.busy.p90 > 90 for 30", "22: expected a duration, such as 30s, 250ms or 1m30s, found '30'"},
        {"cpu.busy.p90 > 90 for s", "22: expected a duration, such as 30s, 250ms or 1m30s, found 's'"},
        {"cpu.busy.p90 > 90 for 1.2.3s", "22: expected a duration, such as 30s, 250ms or 1m30s, found '1.2.3s'"},
        {"cpu.busy.p90 > 90 for 30sec", "22: expected a duration, such as 30s, 250ms or 1m30s, found '30sec'"},
        {"cpu.busy.p90 > 90 for -3s", "22: expected a duration, such as 30s, 250ms or 1m30s, found '-3s'"},
        {"cpu.busy.p90 > 90 for 99999999999d",
         "22: expected a duration, such as 30s, 250ms or 1m30s, found '99999999999d'"},
        {"cpu.busy.p90 > 90 for 30s or so", "26: expected the end of the rule, found 'or'"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_EQ(reading(text), expected) << text;
    }
}

// Whatever the text, parsing ends in a condition or in a problem inside the text.
TEST(Rule, NoTextBreaksTheParser) {
    const std::string letters = "ab.p90 ><=!for30smk%MiG*[-+e\t";
    for (std::uint64_t seed = 1; seed <= 20000; ++seed) {
        std::mt19937_64 random(seed);
        std::string text = seed % 2 == 0 ? "cpu.busy.p90 > 90 for 30s" : "";
        for (std::uint64_t edits = 1 + random() % 12; edits > 0; --edits) {
            const char letter = letters[random() % letters.size()];
            const std::size_t place = random() % (text.size() + 1);
            if (place < text.size() && random() % 2 == 0) {
                text[place] = letter;
            } else {
                text.insert(place, 1, letter);
            }
        }
        try {
            const Condition condition = parse_condition(text);
            EXPECT_EQ(reading(condition.to_string()), condition.to_string()) << "seed " << seed << ": " << text;
            EXPECT_FALSE(condition.series.empty()) << "seed " << seed << ": " << text;
        } catch (const SyntaxError& error) {
            EXPECT_LE(error.offset, text.size()) << "seed " << seed << ": " << text;
        }
    }
}

TEST(Rule, ClearsByDefaultFivePercentBackForTheSameTime) {
    const auto cleared = [](std::string_view when) { return default_clear(parse_condition(when)).to_string(); };
    EXPECT_EQ(cleared("cpu.busy.p90 > 90 for 30s"), "cpu.busy.p90 <= 85.5 for 30s");
    EXPECT_EQ(cleared("cpu.busy.p90 >= 80%"), "cpu.busy.p90 < 76%");
    EXPECT_EQ(cleared("mem.available_bytes.min < 100Mi"), "mem.available_bytes.min >= 105Mi");
    EXPECT_EQ(cleared("t.last <= -20"), "t.last > -19");
    EXPECT_EQ(cleared("t.last > -20"), "t.last <= -21");
    EXPECT_EQ(cleared("net.eth0.rx_errors.max > 0 for 1m"), "net.eth0.rx_errors.max <= 0 for 1m");
    EXPECT_EQ(cleared("net.*.rx_bytes.mean > 100M"), "net.*.rx_bytes.mean <= 95M");
}

TEST(Rule, TheDefaultWayToClearNeverContradictsTheRule) {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        std::mt19937_64 random(seed);
        Condition when = parse_condition("a.mean > 0");
        when.comparison = static_cast<Comparison>(random() % 4);
        when.limit = seed % 50 == 0 ? 0 : std::normal_distribution<double>(0, 1e6)(random);
        const Condition clear = default_clear(when);
        EXPECT_EQ(contradiction(when, clear), std::nullopt) << "seed " << seed << ": " << when.limit;
        for (const double value : {when.limit, clear.limit, when.limit * 1.01, when.limit * 0.99, -when.limit}) {
            EXPECT_FALSE(when.holds(value) && clear.holds(value)) << "seed " << seed << ": " << value;
        }
    }
}

TEST(Rule, RefusesAClearThatCouldHoldTogetherWithItsRule) {
    const auto problem = [](std::string_view when, std::string_view clear) {
        return contradiction(parse_condition(when), parse_condition(clear)).value_or("fine");
    };
    EXPECT_EQ(problem("a.p90 > 90", "a.p90 < 80"), "fine");
    EXPECT_EQ(problem("a.p90 > 90", "a.p90 <= 90"), "fine");
    EXPECT_EQ(problem("a.p90 >= 90", "a.p90 < 90"), "fine");
    EXPECT_EQ(problem("a.p90 < 10", "a.p90 > 20"), "fine");
    EXPECT_EQ(problem("a.p90 > 90", "a.last < 95"), "fine");  // figures that have nothing to do with each other
    EXPECT_EQ(problem("a.p90 >= 90 for 30s", "a.p90 <= 90"),
              "'clear' must not hold where 'when' does; with 'a.p90 >= 90 for 30s' it could be 'a.p90 < 85.5 for 30s'");
    EXPECT_EQ(problem("a.p90 > 90", "a.p90 < 95"),
              "'clear' must not hold where 'when' does; with 'a.p90 > 90' it could be 'a.p90 <= 85.5'");
    EXPECT_EQ(problem("a.p90 > 90", "a.p90 > 80"),
              "'clear' must not hold where 'when' does; with 'a.p90 > 90' it could be 'a.p90 <= 85.5'");
    EXPECT_EQ(problem("a.p90 > 90", "b.p90 < 80"), "'clear' must be about the series of 'when', 'a', not 'b'");
}

TEST(Rule, SpeaksInTheMeasureOfItsAuthor) {
    EXPECT_EQ(parse_condition("a.last > 90% for 30s").in_words(), "above 90% for 30s");
    EXPECT_EQ(parse_condition("a.last <= 1.5Gi").in_words(), "at most 1.5Gi");
    EXPECT_EQ(parse_condition("a.last >= 2").in_words(), "at least 2");
    EXPECT_EQ(parse_condition("a.last < 2").in_words(), "below 2");
    EXPECT_EQ(parse_condition("a.last > 1Mi").in_measure(1572864), "1.5Mi");
    EXPECT_EQ(parse_condition("a.last > 90%").in_measure(93.25), "93.25%");
}

}  // namespace
}  // namespace alerts
