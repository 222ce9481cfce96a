// Rules over readings: raising and clearing, patterns, series that are not there, statistics that do not answer.
#include "engine.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace alerts {
namespace {

using namespace std::chrono_literals;

Rule rule(const std::string& name, std::string_view when, std::string_view clear = {}) {
    const Condition condition = parse_condition(when);
    return {name, condition, clear.empty() ? default_clear(condition) : parse_condition(clear), "warning"};
}

class FakeReadings : public Readings {
public:
    Summary summary(const std::string& series) override {
        if (!failure.empty()) {
            throw std::runtime_error(failure);
        }
        const auto found = values.find(series);
        if (found == values.end()) {
            return {};
        }
        const double value = found->second;
        return {value, value, value, value, value, value, value, 1, 1};
    }
    std::vector<std::string> series() override {
        std::vector<std::string> names;
        for (const auto& [name, value] : values) {
            names.push_back(name);
        }
        return names;
    }

    std::map<std::string, double> values;
    std::string failure;
};

class EngineTest : public ::testing::Test {
protected:
    // One evaluation at this time; collects what it told.
    void at(Engine& engine, std::chrono::nanoseconds since) {
        const Round round = engine.evaluate(readings_, Time{std::chrono::duration_cast<Time::duration>(since)},
                                            1'700'000'000'000'000'000 + since.count());
        for (const Change& change : round.changes) {
            told_.push_back((change.raised ? "raised " : "cleared ") + change.rule + ": " + change.message);
        }
        for (const Note& note : round.notes) {
            told_.push_back((note.is_warning ? "warn: " : "info: ") + note.text);
        }
    }
    std::vector<std::string> told() { return std::exchange(told_, {}); }
    using Lines = std::vector<std::string>;

    FakeReadings readings_;
    std::vector<std::string> told_;
};

TEST_F(EngineTest, RaisesAndClearsWithTheValueTheLimitAndTheTime) {
    Engine engine({rule("cpu_hot", "cpu.busy.p90 > 90 for 30s", "cpu.busy.p90 < 80 for 10s")}, 10s);
    readings_.values["cpu.busy"] = 93.25;
    at(engine, 0s);
    at(engine, 29s);
    EXPECT_EQ(told(), Lines{});
    EXPECT_TRUE(engine.active().empty());
    at(engine, 30s);
    EXPECT_EQ(told(), Lines{"raised cpu_hot: warning: cpu.busy p90 is 93.25, above 90 for 30s"});
    ASSERT_EQ(engine.active().size(), 1U);
    const Active active = engine.active()[0];
    EXPECT_EQ(active.rule, "cpu_hot");
    EXPECT_EQ(active.series, "cpu.busy");
    EXPECT_EQ(active.value, 93.25);
    EXPECT_EQ(active.limit, 90);
    EXPECT_EQ(active.since_ns, 1'700'000'030'000'000'000);

    readings_.values["cpu.busy"] = 79;
    at(engine, 40s);
    EXPECT_EQ(engine.active()[0].value, 79);
    at(engine, 49s);
    EXPECT_EQ(told(), Lines{});
    at(engine, 50s);
    EXPECT_EQ(told(), Lines{"cleared cpu_hot: warning: cpu.busy p90 is 79, below 80 for 10s"});
    EXPECT_TRUE(engine.active().empty());
}

TEST_F(EngineTest, APatternHasOneStateForEachSeriesThatMatches) {
    Engine engine({rule("busy_net", "net.*.rx_bytes.mean > 100M for 10s")}, 10s);
    readings_.values = {{"net.eth0.rx_bytes", 150e6}, {"net.eth1.rx_bytes", 1e6}, {"net.eth0.tx_bytes", 900e6}};
    at(engine, 0s);
    readings_.values["net.eth1.rx_bytes"] = 200e6;
    at(engine, 5s);
    at(engine, 10s);
    EXPECT_EQ(told(), Lines{"raised busy_net: warning: net.eth0.rx_bytes mean is 150M, above 100M for 10s"});
    at(engine, 15s);
    EXPECT_EQ(told(), Lines{"raised busy_net: warning: net.eth1.rx_bytes mean is 200M, above 100M for 10s"});
    EXPECT_EQ(engine.active().size(), 2U);
    EXPECT_EQ(engine.rules().size(), 2U);
}

TEST_F(EngineTest, APatternFollowsSeriesThatComeAndGo) {
    Engine engine({rule("busy_net", "net.*.rx_bytes.mean > 100M")}, 10s);
    readings_.values = {{"net.eth0.rx_bytes", 150e6}};
    at(engine, 0s);
    EXPECT_EQ(told().size(), 1U);
    readings_.values = {{"net.wlan0.rx_bytes", 150e6}};
    at(engine, 1s);
    EXPECT_EQ(told(), (Lines{"cleared busy_net: warning: net.eth0.rx_bytes is gone, no sample of it any more",
                             "raised busy_net: warning: net.wlan0.rx_bytes mean is 150M, above 100M"}));
    EXPECT_EQ(engine.active().size(), 1U);
    at(engine, 2s);
    EXPECT_EQ(told(), Lines{});
}

TEST_F(EngineTest, ASeriesNobodyKnowsNeverFiresAndIsSaidOnce) {
    Engine engine({rule("low", "cpu.bsy.mean < 10")}, 10s);  // 0, the figure of an unknown series, is below 10
    for (int second = 0; second < 60; ++second) {
        at(engine, second * 1s);
        EXPECT_EQ(engine.rules()[0].state, "unknown");
        if (second == 9) {
            EXPECT_EQ(told(), Lines{});
        }
    }
    EXPECT_EQ(told(), Lines{"warn: rule 'low': no samples of 'cpu.bsy', its state is unknown"});
    readings_.values["cpu.bsy"] = 50;
    at(engine, 60s);
    EXPECT_EQ(told(), Lines{"info: rule 'low': there are samples of 'cpu.bsy' again"});
    EXPECT_EQ(engine.rules()[0].state, "ok");
}

TEST_F(EngineTest, APatternThatMatchesNothingIsSaidOnce) {
    Engine engine({rule("busy_disk", "disk.*.busy.p90 > 80")}, 0s);
    EXPECT_TRUE(engine.has_patterns());
    at(engine, 0s);
    at(engine, 1s);
    EXPECT_EQ(told(), Lines{"warn: rule 'busy_disk': no series matches 'disk.*.busy', its state is unknown"});
    ASSERT_EQ(engine.rules().size(), 1U);
    EXPECT_EQ(engine.rules()[0].series, "disk.*.busy");
    EXPECT_EQ(engine.rules()[0].state, "unknown");
    readings_.values["disk.sda.busy"] = 10;
    at(engine, 2s);
    EXPECT_EQ(told(), Lines{"info: rule 'busy_disk': there are series again"});
}

TEST_F(EngineTest, AVanishedSeriesClearsItsAlertAndIsSaidOnce) {
    Engine engine({rule("cpu_hot", "cpu.busy.p90 > 90")}, 5s);
    readings_.values["cpu.busy"] = 95;
    at(engine, 0s);
    EXPECT_EQ(told().size(), 1U);
    readings_.values.clear();
    for (int second = 1; second < 20; ++second) {
        at(engine, second * 1s);
    }
    EXPECT_EQ(told(), (Lines{"cleared cpu_hot: warning: cpu.busy is gone, no sample of it any more",
                             "warn: rule 'cpu_hot': no samples of 'cpu.busy', its state is unknown"}));
    EXPECT_TRUE(engine.active().empty());
}

TEST_F(EngineTest, WhenTheStatisticsDoNotAnswerTheRulesWaitAndThatIsSaidOnce) {
    Engine engine({rule("cpu_hot", "cpu.busy.p90 > 90 for 10s"), rule("load", "load.1.last > 4")}, 10s);
    readings_.values = {{"cpu.busy", 95}, {"load.1", 5}};
    at(engine, 0s);
    EXPECT_EQ(told().size(), 1U);  // load
    readings_.failure = "stats.summary: nobody serves it now";
    at(engine, 5s);
    at(engine, 10s);
    EXPECT_EQ(told(), Lines{"warn: no statistics, the rules wait: stats.summary: nobody serves it now"});
    EXPECT_EQ(engine.active().size(), 1U);  // what was raised stays so
    readings_.failure.clear();
    at(engine, 15s);
    EXPECT_EQ(told(), Lines{"info: the statistics answer again, the rules go on"});
    at(engine, 24s);
    EXPECT_EQ(told(), Lines{});  // its time began anew at 15 s
    at(engine, 25s);
    EXPECT_EQ(told(), Lines{"raised cpu_hot: warning: cpu.busy p90 is 95, above 90 for 10s"});
}

TEST_F(EngineTest, ClearMayLookAtAnotherStatistic) {
    Engine engine({rule("errors", "net.rx_errors.max > 0", "net.rx_errors.count < 5")}, 10s);
    readings_.values["net.rx_errors"] = 3;  // count 1: clear holds too, and when wins
    at(engine, 0s);
    at(engine, 1s);
    EXPECT_EQ(told(), Lines{"raised errors: warning: net.rx_errors max is 3, above 0"});
    readings_.values["net.rx_errors"] = 0;
    at(engine, 2s);
    EXPECT_EQ(told(), Lines{"cleared errors: warning: net.rx_errors count is 1, below 5"});
}

TEST_F(EngineTest, ListsEveryRuleWithItsStateAndBothConditions) {
    Engine engine({rule("cpu_hot", "cpu.busy.p90 > 90 for 30s"), rule("load", "load.1.last > 4")}, 10s);
    readings_.values = {{"cpu.busy", 95}, {"load.1", 1}};
    at(engine, 0s);
    const std::vector<RuleStatus> rules = engine.rules();
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules[0].rule, "cpu_hot");
    EXPECT_EQ(rules[0].when, "cpu.busy.p90 > 90 for 30s");
    EXPECT_EQ(rules[0].clear, "cpu.busy.p90 <= 85.5 for 30s");
    EXPECT_EQ(rules[0].severity, "warning");
    EXPECT_EQ(rules[0].state, "pending");
    EXPECT_EQ(rules[0].value, 95);
    EXPECT_EQ(rules[1].state, "ok");
}

// Whatever series come, go, rise, fall and fail to answer: for each rule and series, raised and cleared take turns, and
// active() lists exactly what was raised and not cleared.
TEST_F(EngineTest, RaisedAndClearedAlternateOverRandomHistories) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        Engine engine({rule("a", "s1.mean > 50 for 3s"), rule("b", "s*.mean > 50"),
                       rule("c", "s2.mean < 10 for 1s", "s2.max > 30")},
                      5s);
        readings_ = FakeReadings();
        std::map<std::string, bool> raised;
        for (int second = 0; second < 300; ++second) {
            for (const char* name : {"s1", "s2", "s3"}) {
                if (random() % 4 == 0) {
                    readings_.values[name] = std::uniform_real_distribution<double>(0, 100)(random);
                }
                if (random() % 20 == 0) {
                    readings_.values.erase(name);
                }
            }
            readings_.failure = random() % 25 == 0 ? "away" : "";
            const Round round = engine.evaluate(readings_, Time{std::chrono::seconds(second)}, second);
            for (const Change& change : round.changes) {
                bool& now_raised = raised[change.rule + " " + change.series];
                ASSERT_NE(now_raised, change.raised) << change.rule << " " << change.series << " at " << second;
                now_raised = change.raised;
            }
            std::size_t expected = 0;
            for (const auto& [name, is_raised] : raised) {
                expected += is_raised ? 1 : 0;
            }
            ASSERT_EQ(engine.active().size(), expected);
        }
        EXPECT_FALSE(raised.empty());
    }
}

}  // namespace
}  // namespace alerts
