// The procfs module in a real host: what reaches stats and whoever pulls, and what is said of trouble.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "heddle_test/paths.hpp"
#include "heddle_test/running_host.hpp"
#include "heddle_test/temp_dir.hpp"
#include "heddle_test/wait_until.hpp"

namespace procfs {

struct Reading {
    std::string series;
    double value = 0;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (series, value))

struct Summary {
    double last, mean, min, max, p50, p90, p99, rate;
    std::uint64_t count;
};
BOOST_DESCRIBE_STRUCT(Summary, (), (last, mean, min, max, p50, p90, p99, rate, count))

namespace {

using heddle::test::RunningHost;
using heddle::test::wait_until;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

std::vector<fs::path> plugins() {
    return {heddle::test::plugins_dir(), PROCFS_TEST_PLUGINS};
}

// A root that leads to one recorded tree at a time.
class Root {
public:
    explicit Root(const std::string& tree) { lead_to(tree); }
    void lead_to(const std::string& tree) {
        fs::create_directory_symlink(fs::path(PROCFS_TREES) / tree, folder_ / "next");
        fs::rename(folder_ / "next", folder_ / "proc");  // at once: the module never finds nothing
    }
    std::string path() const { return (folder_ / "proc").string(); }

private:
    heddle::test::TempDir folder_;
};

std::string config(const Root& root, const std::string& stats) {
    return "modules:\n  - name: procfs\n    config: {interval: 10ms, root: " + root.path() +
           "}\n  - name: stats\n    plugin: " + stats + "\n";
}

double last(RunningHost& host, std::string_view series) {
    const Summary summary = host->function<Summary(std::string_view)>("stats.summary")(series);
    return summary.count == 0 ? -1 : summary.last;
}

TEST(ProcfsModule, GivesStatsWhatAMachineShowsAndFollowsIt) {
    Root root("hotplug.0");
    RunningHost host(config(root, "stats"), plugins());
    ASSERT_EQ(host.report(), "");
    ASSERT_TRUE(wait_until([&] { return last(host, "mem.used_percent") == 25; }));
    EXPECT_EQ(last(host, "net.wlan0.rx_bytes"), -1);
    root.lead_to("hotplug.1");
    ASSERT_TRUE(wait_until([&] { return last(host, "net.wlan0.rx_bytes") == 0; })) << "an interface that came";
    EXPECT_EQ(last(host, "net.lo.rx_bytes"), -1);
    const Summary cpu = host->function<Summary(std::string_view)>("stats.summary")("cpu0.busy");
    EXPECT_EQ(cpu.max, 50);
    EXPECT_THAT(host.logged("warn"), IsEmpty());
}

TEST(ProcfsModule, WhoeverPullsGetsTheFiguresOfTheLastTick) {
    Root root("hotplug.0");
    RunningHost host(config(root, "sink"), plugins());
    ASSERT_EQ(host.report(), "");
    const auto readings = host->function<std::vector<Reading>()>("procfs.read")();
    const auto value = [&](std::string_view series) {
        for (const Reading& reading : readings) {
            if (reading.series == series)
                return reading.value;
        }
        return -1.0;
    };
    EXPECT_EQ(value("load.1"), 0.5);
    EXPECT_EQ(value("pressure.io.full"), 0.5);
    EXPECT_EQ(value("mem.total_bytes"), 8e6 * 1024);
}

TEST(ProcfsModule, SaysOnceThatSamplesAreLostAndThatTheyAreTakenAgain) {
    Root root("hotplug.0");
    RunningHost host(config(root, "sink"), plugins());
    ASSERT_EQ(host.report(), "");
    const auto taken = host->function<std::uint64_t()>("stats.taken");
    const auto refuse = host->function<void(bool)>("stats.refuse");
    refuse(true);
    ASSERT_TRUE(wait_until([&] { return taken() > 50; }))
        << "more than one tick was refused, and each sample was tried";
    EXPECT_THAT(host.logged("samples are being lost"), SizeIs(1));
    EXPECT_THAT(host.logged("samples are being lost")[0],
                testing::MatchesRegex("warn procfs: samples are being lost, starting "
                                      "with [^ ]+: stats.observe: the sink is full"));
    refuse(false);
    EXPECT_TRUE(wait_until([&] { return host.logged("info procfs: samples are taken again").size() == 1; }));
}

TEST(ProcfsModule, WarnsOnceOfAFileThatIsBrokenAndGoesOnWithTheRest) {
    Root root("broken.0");
    RunningHost host(config(root, "sink"), plugins());
    ASSERT_EQ(host.report(), "");
    const auto taken = host->function<std::uint64_t()>("stats.taken");
    const std::uint64_t before = taken();
    ASSERT_TRUE(wait_until([&] { return taken() > before + 20; }));
    EXPECT_THAT(host.logged("/meminfo"),
                ElementsAre("warn procfs: " + root.path() +
                            "/meminfo:1: expected a number of kB, found 'lots'; no memory figures "
                            "until it reads right"));
    root.lead_to("broken.2");
    EXPECT_TRUE(
        wait_until([&] { return host.logged("info procfs: " + root.path() + "/meminfo works again").size() == 1; }));
}

TEST(ProcfsModule, RefusesAConfigurationItCannotKeep) {
    const std::string start = "modules:\n  - name: stats\n    plugin: sink\n  - name: procfs\n    config:\n";
    const auto refused = [&](const std::string& keys) { return RunningHost(start + keys, plugins()).report(); };
    EXPECT_THAT(refused("      interval: 9ms\n      root: ''\n"),
                testing::StartsWith("config.yaml:6:17: 'interval' of module 'procfs' must be at least 10ms\n"
                                    "config.yaml:7:13: 'root' of module 'procfs' must name a folder such as /proc\n"));
    EXPECT_THAT(
        refused("      disk: false\n"),
        testing::StartsWith("config.yaml:6:7: unknown key 'disk' for module 'procfs' (did you mean 'disks'?)\n"));
}

}  // namespace
}  // namespace procfs
