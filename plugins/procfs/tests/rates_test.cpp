// Counters into figures: wraps, resets, time steps, and rows that come and go.
#include "core/rates.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace procfs {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t max32 = 0xffffffff;
constexpr std::uint64_t max64 = ~std::uint64_t{0};

std::map<std::string, double> taken(const Samples& samples) {
    std::map<std::string, double> result;
    for (const Sample& sample : samples)
        EXPECT_TRUE(result.emplace(sample.series, sample.value).second) << sample.series << " twice";
    return result;
}

Time at(std::chrono::milliseconds since) {
    return Time{} + 1h + since;
}

TEST(CounterStep, GoesForward) {
    EXPECT_EQ(counter_step(5, 5), 0u);
    EXPECT_EQ(counter_step(5, 12), 7u);
    EXPECT_EQ(counter_step(0, max64), max64);
}

TEST(CounterStep, WrapsAt32And64Bits) {
    EXPECT_EQ(counter_step(max32, 0), 1u);
    EXPECT_EQ(counter_step(max32 - 9, 10), 20u);
    EXPECT_EQ(counter_step(max64, 0), 1u);
    EXPECT_EQ(counter_step(max64 - 9, 10), 20u);
}

TEST(CounterStep, TakesAnyOtherFallForAReset) {
    EXPECT_EQ(counter_step(1000, 0), std::nullopt);
    EXPECT_EQ(counter_step(max32 / 2, 3), std::nullopt);
    EXPECT_EQ(counter_step(max32, max32 / 2), std::nullopt);
    EXPECT_EQ(counter_step(max32 + 1, 0), std::nullopt);  // wider than 32 bits, so it did not wrap there
    EXPECT_EQ(counter_step(max64 / 2, 0), std::nullopt);
}

NetRow net(std::string_view name, std::uint64_t rx, std::uint64_t tx, std::uint64_t packets = 1000) {
    return {name, rx, packets, 0, tx, packets, 0};
}

TEST(NetRates, ArePerSecondWhateverTheStep) {
    NetRates rates{Skip{}};
    Samples samples;
    rates.update(std::vector{net("eth0", 1000, 0)}, at(0ms), samples);
    EXPECT_TRUE(samples.empty()) << "one reading has no rate";
    rates.update(std::vector{net("eth0", 2000, 500)}, at(250ms), samples);
    const auto figures = taken(samples);
    EXPECT_DOUBLE_EQ(figures.at("net.eth0.rx_bytes"), 4000);
    EXPECT_DOUBLE_EQ(figures.at("net.eth0.tx_bytes"), 2000);
    EXPECT_DOUBLE_EQ(figures.at("net.eth0.rx_errors"), 0);
    EXPECT_EQ(figures.size(), 4u);
}

TEST(NetRates, NeverDivideByAStepOfNothing) {
    NetRates rates{Skip{}};
    Samples samples;
    rates.update(std::vector{net("eth0", 1000, 0)}, at(0ms), samples);
    rates.update(std::vector{net("eth0", 1500, 0)}, at(0ms), samples);
    EXPECT_TRUE(samples.empty());
    rates.update(std::vector{net("eth0", 1600, 0)}, at(-1000ms), samples);
    EXPECT_TRUE(samples.empty()) << "time does not run backwards";
    rates.update(std::vector{net("eth0", 2000, 0)}, at(1000ms), samples);
    EXPECT_DOUBLE_EQ(taken(samples).at("net.eth0.rx_bytes"), 1000) << "the bytes of the skipped readings are counted";
}

TEST(NetRates, AnInterfaceMadeAnewUnderItsNameGivesNoFalsePeak) {
    NetRates rates{Skip{}};
    Samples samples;
    // 3.9 GB to 64 alone would look like a wrap at 32 bits; the packets, far from any wrap, fell too.
    rates.update(std::vector{net("tun0", 3'900'000'000, 5, 900)}, at(0ms), samples);
    rates.update(std::vector{net("tun0", 64, 5, 1)}, at(1000ms), samples);
    EXPECT_TRUE(samples.empty());
    rates.update(std::vector{net("tun0", 128, 5, 2)}, at(2000ms), samples);
    EXPECT_DOUBLE_EQ(taken(samples).at("net.tun0.rx_bytes"), 64);
}

TEST(NetRates, FollowRowsThatComeGoAndChangePlaces) {
    NetRates rates{Skip({"lo", "veth*"})};
    Samples samples;
    rates.update(std::vector{net("lo", 1, 1), net("a", 100, 0), net("b", 100, 0)}, at(0ms), samples);
    rates.update(std::vector{net("b", 110, 0), net("veth12", 0, 0), net("a", 120, 0), net("lo", 9, 9)}, at(1000ms),
                 samples);
    auto figures = taken(samples);
    EXPECT_DOUBLE_EQ(figures.at("net.a.rx_bytes"), 20);
    EXPECT_DOUBLE_EQ(figures.at("net.b.rx_bytes"), 10);
    EXPECT_EQ(figures.size(), 8u) << "lo and veth12 are left out";
    samples.clear();
    rates.update(std::vector{net("a", 121, 0)}, at(2000ms), samples);
    EXPECT_EQ(taken(samples).count("net.b.rx_bytes"), 0u);
    samples.clear();
    rates.update(std::vector{net("a", 122, 0), net("b", 500, 0)}, at(3000ms), samples);
    EXPECT_EQ(taken(samples).count("net.b.rx_bytes"), 0u) << "what came back starts anew";
    samples.clear();
    rates.update(std::vector{net("a", 122, 0), net("b", 600, 0), net("b", 1, 0)}, at(4000ms), samples);
    EXPECT_DOUBLE_EQ(taken(samples).at("net.b.rx_bytes"), 100);
    samples.clear();
    rates.update(std::vector{net("a", 122, 0), net("b", 650, 0), net("b", 8, 0)}, at(5000ms), samples);
    EXPECT_DOUBLE_EQ(taken(samples).at("net.b.rx_bytes"), 50) << "the second of two rows of one name is left out";
}

DiskRow disk(std::string_view name, std::uint64_t read_sectors, std::uint64_t busy_ms) {
    return {name, 1, read_sectors, 1, 0, busy_ms};
}

TEST(DiskRates, CountSectorsOf512BytesAndTheShareOfTimeBusy) {
    DiskRates rates(Skip{}, false);
    Samples samples;
    rates.update(std::vector{disk("vda", 100, 1000)}, at(0ms), samples);
    rates.update(std::vector{disk("vda", 104, 1500)}, at(2000ms), samples);
    auto figures = taken(samples);
    EXPECT_DOUBLE_EQ(figures.at("disk.vda.read_bytes"), 1024);
    EXPECT_DOUBLE_EQ(figures.at("disk.vda.write_bytes"), 0);
    EXPECT_DOUBLE_EQ(figures.at("disk.vda.busy"), 25);
    samples.clear();
    rates.update(std::vector{disk("vda", 104, 9500)}, at(3000ms), samples);
    EXPECT_DOUBLE_EQ(taken(samples).at("disk.vda.busy"), 100) << "never above 100";
}

TEST(DiskRates, LeaveOutPartitionsUnlessAsked) {
    const std::vector<DiskRow> rows{disk("sda1", 0, 0),         disk("sda", 0, 0),          disk("nvme0n1", 0, 0),
                                    disk("nvme0n1p12", 0, 0),   disk("mmcblk0boot0", 0, 0), disk("mmcblk0", 0, 0),
                                    disk("xvda1", 0, 0),        disk("md127", 0, 0),        disk("dm-0", 0, 0),
                                    disk("cciss/c0d0p1", 0, 0), disk("cciss/c0d0", 0, 0)};
    for (const std::string_view partition : {"sda1", "nvme0n1p12", "cciss/c0d0p1"})
        EXPECT_TRUE(is_partition(partition, rows)) << partition;
    for (const std::string_view whole :
         {"sda", "nvme0n1", "mmcblk0", "mmcblk0boot0", "xvda1", "md127", "dm-0", "cciss/c0d0"})
        EXPECT_FALSE(is_partition(whole, rows)) << whole;
    for (const bool partitions : {false, true}) {
        DiskRates rates(Skip({"dm-*"}), partitions);
        Samples samples;
        rates.update(rows, at(0ms), samples);
        rates.update(rows, at(1000ms), samples);
        EXPECT_EQ(taken(samples).count("disk.sda1.busy"), partitions ? 1u : 0u);
        EXPECT_EQ(taken(samples).count("disk.sda.busy"), 1u);
        EXPECT_EQ(taken(samples).count("disk.dm-0.busy"), 0u);
    }
}

TEST(CpuRates, ShareOutTheTimeThatPassed) {
    CpuRates rates;
    Samples samples;
    rates.update(std::vector<CpuRow>{{"cpu", {0, 0, 0, 0, 0, 0, 0, 0}}, {"cpu0", {}}}, samples);
    EXPECT_TRUE(samples.empty());
    rates.update(std::vector<CpuRow>{{"cpu", {10, 10, 5, 50, 10, 3, 2, 10}}, {"cpu0", {10, 10, 5, 50, 10, 3, 2, 10}}},
                 samples);
    const auto figures = taken(samples);
    EXPECT_DOUBLE_EQ(figures.at("cpu.busy"), 40);
    EXPECT_DOUBLE_EQ(figures.at("cpu.user"), 20);
    EXPECT_DOUBLE_EQ(figures.at("cpu.system"), 10);
    EXPECT_DOUBLE_EQ(figures.at("cpu.iowait"), 10);
    EXPECT_DOUBLE_EQ(figures.at("cpu.steal"), 10);
    EXPECT_DOUBLE_EQ(figures.at("cpu0.busy"), 40);
    EXPECT_EQ(figures.size(), 6u);
}

TEST(CpuRates, SayNothingWhereNoTickPassedOrTheCoreCountsAnew) {
    CpuRates rates;
    Samples samples;
    rates.update(std::vector<CpuRow>{{"cpu", {100, 0, 0, 900}}, {"cpu1", {100, 0, 0, 900}}}, samples);
    rates.update(std::vector<CpuRow>{{"cpu", {100, 0, 0, 900}}, {"cpu1", {100, 0, 0, 900}}}, samples);
    EXPECT_TRUE(samples.empty());
    rates.update(std::vector<CpuRow>{{"cpu", {150, 0, 0, 950}}, {"cpu1", {3, 0, 0, 901}}}, samples);
    EXPECT_DOUBLE_EQ(taken(samples).at("cpu.busy"), 50);
    EXPECT_EQ(taken(samples).count("cpu1.busy"), 0u);
}

TEST(CpuRates, AFallOfIowaitOrIdleIsNoReset) {
    CpuRates rates;
    Samples samples;
    rates.update(std::vector<CpuRow>{{"cpu", {100, 0, 0, 900, 50}}}, samples);
    rates.update(std::vector<CpuRow>{{"cpu", {110, 0, 0, 930, 40}}}, samples);
    EXPECT_DOUBLE_EQ(taken(samples).at("cpu.busy"), 25);
    EXPECT_DOUBLE_EQ(taken(samples).at("cpu.iowait"), 0);
}

}  // namespace
}  // namespace procfs
