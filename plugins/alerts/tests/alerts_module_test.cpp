// The alerts module in a real host: whom it tells, what it says once, what it refuses to start with; and once over the
// real stats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heddle_test/paths.hpp"
#include "heddle_test/running_host.hpp"
#include "heddle_test/wait_until.hpp"
#include "ring.hpp"
#include "status.hpp"

namespace alerts {
namespace {

using heddle::test::RunningHost;
using heddle::test::wait_until;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::vector<std::filesystem::path> plugins() {
    return {heddle::test::plugins_dir(), ALERTS_TEST_PLUGINS};
}

// A host's configuration with figures for stats, two bells, and this for alerts.
std::string config(std::string_view alerts, std::string_view figures = "{}") {
    return std::string(
               "modules:\n"
               "  - name: alerts\n"
               "    config: ")
        .append(alerts)
        .append(
            "\n"
            "  - name: bell\n"
            "  - name: horn\n"
            "    plugin: bell\n"
            "  - name: stats\n"
            "    plugin: figures\n"
            "    config: ")
        .append(figures)
        .append("\n");
}

void set(RunningHost& host, std::string_view series, double value) {
    host->function<void(std::string_view, double)>("stats.set")(series, value);
}
std::vector<Ring> rings(RunningHost& host, std::string_view module_name) {
    return host->function<std::vector<Ring>()>(std::string(module_name) + ".rings")();
}
std::vector<Active> active(RunningHost& host) {
    return host->function<std::vector<Active>()>("alerts.active")();
}
std::string state(RunningHost& host) {
    return host->function<std::vector<RuleStatus>()>("alerts.rules")().at(0).state;
}

TEST(AlertsModule, TellsItsLogAndEveryNotifierOfWhatIsRaisedAndCleared) {
    RunningHost host(
        config("{interval: 10ms, notify: [log, bell.alert, horn.alert], rules: [{name: hot, when: \"cpu.busy.p90 > "
               "90 for 50ms\", severity: critical}]}"),
        plugins());
    ASSERT_EQ(host.report(), "");
    set(host, "cpu.busy", 95);
    ASSERT_TRUE(wait_until([&] { return rings(host, "horn").size() == 1; }));
    EXPECT_THAT(active(host), SizeIs(1));
    set(host, "cpu.busy", 10);
    ASSERT_TRUE(wait_until([&] { return rings(host, "horn").size() == 2; }));

    for (const char* name : {"bell", "horn"}) {
        const std::vector<Ring> told = rings(host, name);
        ASSERT_EQ(told.size(), 2U) << name;
        EXPECT_EQ(told[0].rule, "hot");
        EXPECT_TRUE(told[0].raised);
        EXPECT_EQ(told[0].value, 95);
        EXPECT_EQ(told[0].message, "critical: cpu.busy p90 is 95, above 90 for 50ms");
        EXPECT_FALSE(told[1].raised);
        EXPECT_EQ(told[1].message, "critical: cpu.busy p90 is 10, at most 85.5 for 50ms");
        EXPECT_GE(told[1].time_ns - told[0].time_ns, 50'000'000);
    }
    EXPECT_THAT(host.logged("alert 'hot'"),
                ElementsAre("warn alerts: alert 'hot' raised: critical: cpu.busy p90 is 95, above 90 for 50ms",
                            "info alerts: alert 'hot' cleared: critical: cpu.busy p90 is 10, at most 85.5 for 50ms"));
    EXPECT_THAT(active(host), IsEmpty());
}

TEST(AlertsModule, ANotifierThatFailsIsSaidOnceAndTheOthersAreTold) {
    RunningHost host(
        config("{interval: 10ms, notify: [bell.alert, horn.alert], rules: [{name: hot, when: \"a.last > 1\"}]}"),
        plugins());
    ASSERT_EQ(host.report(), "");
    auto swing = [&, told = std::size_t{0}]() mutable {
        set(host, "a", 5);
        ASSERT_TRUE(wait_until([&] { return rings(host, "horn").size() == told + 1; }));
        set(host, "a", 0);
        ASSERT_TRUE(wait_until([&] { return rings(host, "horn").size() == told + 2; }));
        told += 2;
    };
    host->function<void(bool)>("bell.fail")(true);
    swing();
    swing();
    EXPECT_THAT(
        host.logged("could not tell"),
        ElementsAre("warn alerts: could not tell bell.alert of an alert: bell.alert: the bell is broken; not said "
                    "again until it works"));
    EXPECT_THAT(rings(host, "bell"), IsEmpty());
    host->function<void(bool)>("bell.fail")(false);
    swing();
    EXPECT_THAT(rings(host, "bell"), SizeIs(2));
    EXPECT_THAT(host.logged("is told of alerts again"), SizeIs(1));
}

TEST(AlertsModule, ANotifierThatIsNotThereIsSaidOnceAndTheOthersAreTold) {
    RunningHost host(
        config("{interval: 10ms, notify: [gong.alert, bell.alert], rules: [{name: hot, when: \"a.last > 1\"}]}"),
        plugins());
    EXPECT_EQ(host.report(), "");
    for (std::size_t round = 1; round <= 2; ++round) {
        set(host, "a", 5);
        ASSERT_TRUE(wait_until([&] { return rings(host, "bell").size() == 2 * round - 1; }));
        set(host, "a", 0);
        ASSERT_TRUE(wait_until([&] { return rings(host, "bell").size() == 2 * round; }));
    }
    EXPECT_THAT(host.logged("could not tell gong.alert"), SizeIs(1));
}

TEST(AlertsModule, APatternWatchesEachSeriesThatMatches) {
    RunningHost host(
        config("{interval: 10ms, notify: [bell.alert], rules: [{name: rx, when: \"net.*.rx.mean > 1M\"}]}"), plugins());
    ASSERT_EQ(host.report(), "");
    set(host, "net.eth0.rx", 2e6);
    set(host, "net.eth1.rx", 3e6);
    set(host, "net.eth1.tx", 4e6);
    ASSERT_TRUE(wait_until([&] { return active(host).size() == 2; }));
    EXPECT_EQ(active(host)[0].series, "net.eth0.rx");
    EXPECT_EQ(active(host)[1].series, "net.eth1.rx");
    host->function<void(std::string_view)>("stats.drop")("net.eth0.rx");
    ASSERT_TRUE(wait_until([&] { return active(host).size() == 1; }));
    ASSERT_TRUE(wait_until([&] { return rings(host, "bell").size() == 3; }));
    EXPECT_EQ(rings(host, "bell")[2].message, "warning: net.eth0.rx is gone, no sample of it any more");
}

TEST(AlertsModule, SaysAtItsStartThatPatternsNeedStatsSeries) {
    const std::string_view rules =
        "{interval: 10ms, grace: 0s, rules: [{name: rx, when: \"net.*.rx.mean > 1M\"}, {name: hot, when: \"a.last > "
        "1\"}]}";
    RunningHost host(config(rules, "{series: false}"), plugins());
    EXPECT_EQ(host.report(), "");
    EXPECT_THAT(
        host.logged("alerts: stats.series"),
        ElementsAre("warn alerts: stats.series is not there: rules with a pattern for their series stay unknown"));
    set(host, "a", 5);
    EXPECT_TRUE(wait_until([&] { return active(host).size() == 1; }));  // the other rules work
    EXPECT_EQ(state(host), "unknown");
}

TEST(AlertsModule, AnUnknownSeriesIsSaidOnceAndNeverFires) {
    RunningHost host(
        config("{interval: 10ms, grace: 0s, rules: [{name: low, when: \"nothing.last < 1\"}, {name: on, when: "
               "\"a.last > 1\"}]}"),
        plugins());
    ASSERT_EQ(host.report(), "");
    for (std::size_t round = 1; round <= 3; ++round) {  // so there were evaluations enough
        set(host, "a", 5);
        ASSERT_TRUE(wait_until([&] { return active(host).size() == 1; }));
        set(host, "a", 0);
        ASSERT_TRUE(wait_until([&] { return active(host).empty(); }));
    }
    EXPECT_EQ(state(host), "unknown");
    EXPECT_THAT(host.logged("alert 'low'"), IsEmpty());
    EXPECT_THAT(host.logged("'nothing'"),
                ElementsAre("warn alerts: rule 'low': no samples of 'nothing', its state is unknown"));
}

TEST(AlertsModule, WaitsWhileStatsDoesNotAnswer) {
    RunningHost host(config("{interval: 10ms, rules: [{name: hot, when: \"a.last > 1\"}]}"), plugins());
    ASSERT_EQ(host.report(), "");
    set(host, "a", 5);
    ASSERT_TRUE(wait_until([&] { return active(host).size() == 1; }));
    host->function<void(bool)>("stats.fail")(true);
    ASSERT_TRUE(wait_until([&] { return host.logged("the rules wait").size() == 1; }));
    EXPECT_THAT(active(host), SizeIs(1));
    EXPECT_EQ(host.logged("the rules wait")[0],
              "warn alerts: no statistics, the rules wait: stats.summary: the figures are lost");
    host->function<void(bool)>("stats.fail")(false);
    EXPECT_TRUE(wait_until([&] { return host.logged("the statistics answer again, the rules go on").size() == 1; }));
}

TEST(AlertsModule, WithoutLogInNotifyItsLogTellsOfAlertsOnlyWhenDebugging) {
    RunningHost host(config("{interval: 10ms, notify: [bell.alert], rules: [{name: hot, when: \"a.last > 1\"}]}"),
                     plugins());
    set(host, "a", 5);
    ASSERT_TRUE(wait_until([&] { return rings(host, "bell").size() == 1; }));
    EXPECT_THAT(host.logged("alert 'hot'"), ElementsAre(StartsWith("debug alerts: ")));
}

TEST(AlertsModule, SaysEachWrongRuleAtItsLineAndColumn) {
    RunningHost host(
        "modules:\n"
        "  - name: stats\n"
        "    plugin: figures\n"
        "  - name: alerts\n"
        "    config:\n"
        "      interval: 1ms\n"
        "      rules:\n"
        "        - {name: typo, when: \"cpu.busy.p9O > 90 for 30s\"}\n"
        "        - name: plain\n"
        "          when: cpu.busy.p90 >> 90\n"
        "        - {name: clear, when: \"a.p90 > 90\", clear: \"a.p90 < 80 for ever\"}\n"
        "        - {name: both, when: \"a.p90 > 90\", clear: \"a.p90 < 95\"}\n"
        "        - {name: both, when: \"a.p90 > 90\"}\n"
        "        - {name: empty}\n"
        "        - {when: \"a.p90 > 90\"}\n"
        "      notify: [log, console, bell.alert, log]\n",
        plugins());
    EXPECT_THAT(
        host.report(),
        StartsWith("config.yaml:6:17: 'interval' of module 'alerts' must be at least 10ms\n"
                   "config.yaml:8:40: unknown statistic 'p9O' (did you mean 'p90'?); expected one of last, mean, min, "
                   "max, p50, "
                   "p90, p99, rate, count\n"
                   "config.yaml:10:30: expected one of > >= < <=, found '>>'\n"
                   "config.yaml:11:68: expected a duration, such as 30s, 250ms or 1m30s, found 'ever'\n"
                   "config.yaml:12:51: 'clear' must not hold where 'when' does; with 'a.p90 > 90' "
                   "it could be 'a.p90 "
                   "<= 85.5'\n"
                   "config.yaml:13:18: there is a rule named 'both' already; names tell alerts apart\n"
                   "config.yaml:14:18: the rule 'empty' needs 'when', such as when: \"cpu.busy.p90 > 90 for 30s\"\n"
                   "config.yaml:15:18: this rule needs a 'name'\n"
                   "config.yaml:16:21: expected 'log' or MODULE.FUNCTION, such as console.alert, found 'console'\n"
                   "config.yaml:16:42: 'log' is named twice in 'notify'\n"));
}

TEST(AlertsModule, WorksOverTheRealStats) {
    RunningHost host(
        "modules:\n"
        "  - name: stats\n"
        "    config: {window: 240ms}\n"
        "  - name: alerts\n"
        "    config: {interval: 10ms, rules: [{name: hot, when: \"cpu.*.p90 > 90%\"}]}\n",
        plugins());
    ASSERT_EQ(host.report(), "");
    const auto observe = host->function<void(std::string_view, double)>("stats.observe");
    ASSERT_TRUE(wait_until([&] {
        observe("cpu.busy", 95);
        return active(host).size() == 1;
    }));
    EXPECT_NEAR(active(host)[0].value, 95, 0.95);
    ASSERT_TRUE(wait_until([&] {
        observe("cpu.busy", 10);
        return active(host).empty();
    }));
    EXPECT_THAT(host.logged("alert 'hot'"),
                ElementsAre(StartsWith("warn alerts: alert 'hot' raised: warning: cpu.busy p90"),
                            StartsWith("info alerts: alert 'hot' cleared: warning: cpu.busy p90")));
}

}  // namespace
}  // namespace alerts
