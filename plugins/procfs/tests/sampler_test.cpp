// The sampler over recorded trees of /proc (tests/trees/<name>.<tick>) and over this machine's own.
#include "core/sampler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

namespace procfs {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

// A root whose content is one recorded tick after the other.
class Replay {
public:
    explicit Replay(std::string name, Options options = {}) : name_(std::move(name)) {
        std::string pattern = (fs::temp_directory_path() / "procfs_XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::runtime_error("mkdtemp failed");
        folder_ = pattern;
        options.root = (folder_ / "proc").string();
        sampler_.emplace(options, [this](Level level, const std::string& text) {
            log.push_back((level == Level::info ? "info: " : "warning: ") + text);
        });
    }
    ~Replay() { fs::remove_all(folder_); }
    Replay(const Replay&) = delete;
    Replay& operator=(const Replay&) = delete;

    // Reads the next tick's tree, `step` after the one before.
    std::map<std::string, double> next(std::chrono::milliseconds step = 1s) {
        const fs::path link = folder_ / "proc";
        fs::remove(link);
        fs::create_directory_symlink(fs::path(PROCFS_TREES) / (name_ + "." + std::to_string(tick_++)), link);
        now_ += step;
        std::map<std::string, double> result;
        for (const Sample& sample : sampler_->tick(now_)) {
            EXPECT_TRUE(std::isfinite(sample.value)) << sample.series;
            EXPECT_TRUE(result.emplace(sample.series, sample.value).second) << sample.series << " twice";
        }
        return result;
    }
    std::string root() const { return (folder_ / "proc").string(); }

    std::vector<std::string> log;

private:
    std::string name_;
    fs::path folder_;
    int tick_ = 0;
    Time now_ = Time{} + 1h;
    std::optional<Sampler> sampler_;
};

TEST(Sampler, ReadsARecordedMachineUnderLoad) {
    Replay replay("real");
    const auto first = replay.next();
    EXPECT_EQ(first.count("cpu.busy"), 0u) << "rates need two readings";
    EXPECT_DOUBLE_EQ(first.at("mem.total_bytes"), 24683232.0 * 1024);
    EXPECT_DOUBLE_EQ(first.at("swap.used_percent"), 0);
    EXPECT_EQ(first.count("load.15"), 1u);
    EXPECT_EQ(first.count("pressure.io.full"), 1u);
    const auto second = replay.next(5s);
    for (const char* core : {"cpu0.busy", "cpu1.busy", "cpu2.busy", "cpu3.busy"})
        EXPECT_EQ(second.count(core), 1u) << core;
    EXPECT_GT(second.at("cpu.busy"), 20);
    EXPECT_LT(second.at("cpu.busy"), 100);
    EXPECT_GT(second.at("disk.vda.write_bytes") * 5, 200 << 20) << "dd wrote 200 MiB";
    EXPECT_EQ(second.count("net.eth0.rx_bytes"), 1u);
    EXPECT_EQ(second.count("net.lo.rx_bytes"), 0u);
    EXPECT_EQ(second.count("disk.loop0.busy"), 0u);
    EXPECT_EQ(second.count("disk.zram0.busy"), 0u);
    const auto third = replay.next();
    EXPECT_DOUBLE_EQ(third.at("disk.vda.write_bytes"), 0) << "a quiet second";
    EXPECT_THAT(replay.log, IsEmpty());
}

TEST(Sampler, FollowsCoresDisksAndInterfacesThatComeAndGo) {
    Replay replay("hotplug");
    const auto first = replay.next();
    EXPECT_DOUBLE_EQ(first.at("mem.used_percent"), 25);
    EXPECT_DOUBLE_EQ(first.at("swap.used_percent"), 25);
    EXPECT_DOUBLE_EQ(first.at("pressure.memory.full"), 0.5);
    EXPECT_EQ(first.count("pressure.cpu.full"), 0u);

    const auto second = replay.next();
    EXPECT_DOUBLE_EQ(second.at("cpu0.busy"), 50);
    EXPECT_EQ(second.count("cpu1.busy"), 0u) << "offline";
    EXPECT_DOUBLE_EQ(second.at("net.eth0.rx_bytes"), 1000);
    EXPECT_DOUBLE_EQ(second.at("net.eth0.rx_errors"), 2);
    EXPECT_DOUBLE_EQ(second.at("net.tun0.rx_bytes"), 100);
    EXPECT_EQ(second.count("net.wlan0.rx_bytes"), 0u) << "first seen";
    EXPECT_DOUBLE_EQ(second.at("disk.sda.read_bytes"), 200 * 512);
    EXPECT_DOUBLE_EQ(second.at("disk.sda.busy"), 25);
    EXPECT_EQ(second.count("disk.sda1.busy"), 0u) << "a partition";
    EXPECT_EQ(second.count("disk.sdb.busy"), 0u) << "pulled out";

    const auto third = replay.next();
    EXPECT_DOUBLE_EQ(third.at("cpu0.busy"), 25);
    EXPECT_EQ(third.count("cpu1.busy"), 0u) << "came back, counting anew";
    EXPECT_DOUBLE_EQ(third.at("net.wlan0.rx_bytes"), 2000);
    EXPECT_EQ(third.count("net.tun0.rx_bytes"), 0u) << "made anew under its name";

    const auto fourth = replay.next();
    EXPECT_DOUBLE_EQ(fourth.at("cpu1.busy"), 75);
    EXPECT_DOUBLE_EQ(fourth.at("net.tun0.rx_bytes"), 64);
    EXPECT_EQ(fourth.count("net.wlan0.rx_bytes"), 0u) << "gone";
    EXPECT_EQ(fourth.count("disk.sdb.busy"), 0u) << "back, counting anew";
    EXPECT_DOUBLE_EQ(fourth.at("disk.nvme0n1.read_bytes"), 1024);
    EXPECT_EQ(fourth.count("disk.nvme0n1p1.busy"), 0u);
    EXPECT_THAT(replay.log, IsEmpty());
}

TEST(Sampler, CountsAcrossWrapsAt32And64Bits) {
    Replay replay("wrap");
    replay.next();
    const auto second = replay.next();
    EXPECT_DOUBLE_EQ(second.at("cpu.busy"), 10);
    EXPECT_DOUBLE_EQ(second.at("net.eth0.rx_bytes"), 2000);
    EXPECT_DOUBLE_EQ(second.at("net.eth0.tx_bytes"), 615);
    EXPECT_DOUBLE_EQ(second.at("disk.vda.read_bytes"), 10 * 512);
    EXPECT_DOUBLE_EQ(second.at("disk.vda.busy"), 50);
    const auto third = replay.next();
    EXPECT_DOUBLE_EQ(third.at("net.eth0.rx_bytes"), 2000);
    EXPECT_DOUBLE_EQ(third.at("net.eth0.tx_bytes"), 2000);
    EXPECT_THAT(replay.log, IsEmpty());
}

TEST(Sampler, UnderstandsAnOldKernelAndSaysOnceThatItKeepsNoPressure) {
    Replay replay("old");
    const auto first = replay.next();
    EXPECT_NEAR(first.at("mem.used_percent"), 50, 0.001);
    EXPECT_EQ(first.count("pressure.cpu.some"), 0u);
    const auto second = replay.next();
    EXPECT_DOUBLE_EQ(second.at("cpu.busy"), 50);
    EXPECT_DOUBLE_EQ(second.at("net.eth0.rx_bytes"), 2000);
    EXPECT_DOUBLE_EQ(second.at("net.eth0:1.rx_bytes"), 10);
    EXPECT_DOUBLE_EQ(second.at("disk.hda.read_bytes"), 200 * 512);
    EXPECT_EQ(second.count("disk.hda1.busy"), 0u);
    EXPECT_THAT(replay.log, ElementsAre("info: no " + replay.root() +
                                        "/pressure/cpu: this kernel keeps no pressure figures (CONFIG_PSI, psi=1)"));
}

TEST(Sampler, ComplainsOnceOfEachBrokenFileAndSaysWhenItWorksAgain) {
    Replay replay("broken");
    const auto first = replay.next();
    EXPECT_EQ(first.count("mem.total_bytes"), 0u);
    EXPECT_EQ(first.count("load.1"), 0u);
    EXPECT_DOUBLE_EQ(first.at("pressure.cpu.some"), 1.5) << "everything else goes on";
    const std::string root = replay.root();
    const std::vector<std::string> complaints{
        "warning: " + root +
            "/stat:2: expected at least 4 numbers after the name of a cpu, found 'none'; no cpu figures until it reads "
            "right",
        "warning: " + root +
            "/meminfo:1: expected a number of kB, found 'lots'; no memory figures until it reads right",
        "warning: " + root +
            "/loadavg:1: expected three load averages, found nothing; no load figures until it reads right",
        "warning: " + root +
            "/pressure/memory:1: expected avg10=<percent>, found 'avg10=high'; no memory pressure figures until it "
            "reads right",
        "warning: " + root +
            "/net/dev:3: expected an interface's name, a colon and 16 numbers, found nothing; no network figures until "
            "it reads right",
        "warning: cannot read " + root + "/diskstats: Is a directory; no disk figures until it can be read"};
    EXPECT_THAT(replay.log, testing::ElementsAreArray(complaints));
    replay.log.clear();
    replay.next();
    EXPECT_THAT(replay.log, IsEmpty()) << "said once";
    const auto third = replay.next();
    EXPECT_EQ(third.count("mem.total_bytes"), 1u);
    EXPECT_THAT(replay.log, ElementsAre(HasSubstr("/stat works again"), HasSubstr("/meminfo works again"),
                                        HasSubstr("/loadavg works again"), HasSubstr("/pressure/memory works again"),
                                        HasSubstr("/net/dev works again"), HasSubstr("/diskstats works again")));
    replay.log.clear();
    EXPECT_DOUBLE_EQ(replay.next().at("net.eth0.rx_bytes"), 0);
    EXPECT_THAT(replay.log, IsEmpty()) << "that it works again is said once, too";
}

TEST(Sampler, GivesOnlyWhatIsAskedFor) {
    Options options;
    options.cpu = options.memory = options.pressure = options.network = options.disks = false;
    Replay replay("hotplug", options);
    EXPECT_EQ(replay.next(), (std::map<std::string, double>{{"load.1", 0.5}, {"load.5", 0.25}, {"load.15", 0.1}}));
    Options named;
    named.cpu = named.memory = named.pressure = named.load = false;
    named.partitions = true;
    named.skip_interfaces = {"*0"};
    Replay filtered("hotplug", named);
    filtered.next();
    const auto figures = filtered.next();
    EXPECT_EQ(figures.count("net.lo.rx_bytes"), 1u);
    EXPECT_EQ(figures.count("net.eth0.rx_bytes"), 0u);
    EXPECT_EQ(figures.count("disk.sda1.busy"), 1u);
}

TEST(Sampler, AMissingTreeIsComplainedOfAndNotFatal) {
    std::vector<std::string> log;
    Options options;
    options.root = "/nonexistent";
    Sampler sampler(options, [&log](Level, const std::string& text) { log.push_back(text); });
    EXPECT_TRUE(sampler.tick(Time{} + 1s).empty());
    EXPECT_TRUE(sampler.tick(Time{} + 2s).empty());
    EXPECT_THAT(log,
                testing::Contains(
                    "cannot read /nonexistent/stat: No such file or directory; no cpu figures until it can be read"));
    EXPECT_EQ(log.size(), 6u) << "five files and one word on pressure";
}

TEST(Sampler, ReadsThisMachine) {
    std::vector<std::string> warnings;
    Sampler sampler(Options{}, [&warnings](Level level, const std::string& text) {
        if (level == Level::warning)
            warnings.push_back(text);
    });
    sampler.tick(std::chrono::steady_clock::now());
    std::map<std::string, double> figures;
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (figures.count("cpu.busy") == 0 && std::chrono::steady_clock::now() < deadline) {  // until a tick has passed
        for (const Sample& sample : sampler.tick(std::chrono::steady_clock::now()))
            figures[std::string(sample.series)] = sample.value;
        std::this_thread::yield();
    }
    EXPECT_THAT(warnings, IsEmpty());
    EXPECT_GE(figures.at("cpu.busy"), 0);
    EXPECT_LE(figures.at("cpu.busy"), 100);
    EXPECT_GT(figures.at("mem.total_bytes"), 1 << 20);
    EXPECT_GT(figures.at("mem.available_bytes"), 0);
}

}  // namespace
}  // namespace procfs
