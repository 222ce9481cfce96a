// The parsers: what each file's text means, and what is said of a text that means nothing.
#include "core/parse.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace procfs {
namespace {

std::string told(const Parsed& problem) {
    if (!problem)
        return "fine";
    return std::to_string(problem->line) + ": expected " + std::string(problem->expected) + ", found '" +
           std::string(problem->found) + "'";
}

TEST(ParseStat, ReadsTheMachineAndEachCoreThatIsOnline) {
    std::vector<CpuRow> rows;
    const Parsed problem = parse_stat(
        "cpu  10 2 3 400 5 6 7 8 9 1\ncpu0 4 0 1 200 0 0 0 0 0 0\ncpu7 6 2 2 200 5 6 7 8 9 1\nintr 99 1\n", rows);
    ASSERT_EQ(told(problem), "fine");
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].name, "cpu");
    EXPECT_EQ(rows[0].times.user, 10u);
    EXPECT_EQ(rows[0].times.nice, 2u);
    EXPECT_EQ(rows[0].times.system, 3u);
    EXPECT_EQ(rows[0].times.idle, 400u);
    EXPECT_EQ(rows[0].times.iowait, 5u);
    EXPECT_EQ(rows[0].times.irq, 6u);
    EXPECT_EQ(rows[0].times.softirq, 7u);
    EXPECT_EQ(rows[0].times.steal, 8u);
    EXPECT_EQ(rows[2].name, "cpu7");
}

TEST(ParseStat, SaysWhereAndWhatIsWrong) {
    std::vector<CpuRow> rows;
    EXPECT_EQ(told(parse_stat("", rows)), "1: expected the line 'cpu', found ''");
    EXPECT_EQ(told(parse_stat("intr 5\n", rows)), "1: expected the line 'cpu' first, found 'intr'");
    EXPECT_EQ(told(parse_stat("cpu0 1 2 3 4\n", rows)), "1: expected the line 'cpu' first, found 'cpu0'");
    EXPECT_EQ(told(parse_stat("cpu 1 2 3 4\ncpu0 1 -2 3 4\n", rows)),
              "2: expected at least 4 numbers after the name of a cpu, found '-2'");
    EXPECT_EQ(told(parse_stat("cpu 1 2 3", rows)), "1: expected at least 4 numbers after the name of a cpu, found ''");
    EXPECT_EQ(told(parse_stat("cpu 1 2 3 18446744073709551616\n", rows)),
              "1: expected at least 4 numbers after the name of a cpu, found '18446744073709551616'");
}

TEST(ParseMeminfo, GivesBytesAndEstimatesWhatAnOldKernelLeavesOut) {
    Memory memory;
    ASSERT_EQ(
        told(parse_meminfo("MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 700 kB\nBuffers: 10 kB\nCached: 20 kB\n"
                           "SwapCached: 1 kB\nSwapTotal: 50 kB\nSwapFree: 40 kB\n",
                           memory)),
        "fine");
    EXPECT_EQ(memory.total, 1000u * 1024);
    EXPECT_EQ(memory.available, 700u * 1024);
    EXPECT_EQ(memory.swap_total, 50u * 1024);
    EXPECT_EQ(memory.swap_free, 40u * 1024);
    ASSERT_EQ(told(parse_meminfo("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 20 kB\n", memory)),
              "fine");
    EXPECT_EQ(memory.available, 130u * 1024);
    EXPECT_EQ(memory.swap_total, 0u);
}

TEST(ParseMeminfo, SaysWhatIsMissing) {
    Memory memory;
    EXPECT_EQ(told(parse_meminfo("MemFree: 1 kB\n", memory)), "2: expected MemTotal above 0, found ''");
    EXPECT_EQ(told(parse_meminfo("MemTotal: 5 kB\n", memory)), "2: expected MemAvailable or MemFree, found ''");
    EXPECT_EQ(told(parse_meminfo("MemTotal: x kB\n", memory)), "1: expected a number of kB, found 'x'");
}

TEST(ParseLoadavg, ReadsThreeAverages) {
    Load load;
    ASSERT_EQ(told(parse_loadavg("0.25 1.50 12.00 3/200 4711\n", load)), "fine");
    EXPECT_DOUBLE_EQ(load.one, 0.25);
    EXPECT_DOUBLE_EQ(load.five, 1.5);
    EXPECT_DOUBLE_EQ(load.fifteen, 12.0);
    EXPECT_EQ(told(parse_loadavg("0.25 1.50\n", load)), "1: expected three load averages, found ''");
    EXPECT_EQ(told(parse_loadavg("0.25 nan 1.0\n", load)), "1: expected three load averages, found 'nan'");
}

TEST(ParsePressure, ReadsBothSharesAndDoesWithoutFull) {
    Pressure pressure;
    ASSERT_EQ(
        told(parse_pressure(
            "some avg10=1.25 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.75 avg60=0.0 avg300=0 total=0\n", pressure)),
        "fine");
    EXPECT_EQ(pressure.some, 1.25);
    EXPECT_EQ(pressure.full, 0.75);
    ASSERT_EQ(told(parse_pressure("some avg10=2.00 avg60=0.00 avg300=0.00 total=1\n", pressure)), "fine");
    EXPECT_EQ(pressure.full, std::nullopt);
    EXPECT_EQ(told(parse_pressure("some avg60=1\n", pressure)), "1: expected avg10=<percent>, found 'avg60=1'");
    EXPECT_EQ(told(parse_pressure("", pressure)), "1: expected a line 'some avg10=...', found ''");
}

constexpr std::string_view headings =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
    "compressed\n";

TEST(ParseNetDev, ReadsEachInterfaceWithOrWithoutABlankAfterTheColon) {
    std::vector<NetRow> rows;
    const std::string text = std::string(headings) +
                             "  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nwg.1:7 0 0 0 0 0 0 0 8 0 0 0 0 0 0 0\n"
                             "eth0:1: 5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0\n";
    ASSERT_EQ(told(parse_net_dev(text, rows)), "fine");
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].name, "eth0");
    EXPECT_EQ(rows[0].rx_bytes, 1u);
    EXPECT_EQ(rows[0].rx_packets, 2u);
    EXPECT_EQ(rows[0].rx_errors, 3u);
    EXPECT_EQ(rows[0].tx_bytes, 9u);
    EXPECT_EQ(rows[0].tx_packets, 10u);
    EXPECT_EQ(rows[0].tx_errors, 11u);
    EXPECT_EQ(rows[1].name, "wg.1");
    EXPECT_EQ(rows[1].rx_bytes, 7u);
    EXPECT_EQ(rows[2].name, "eth0:1");
}

TEST(ParseNetDev, AMachineWithoutInterfacesIsFineAndAShortRowIsNot) {
    std::vector<NetRow> rows;
    EXPECT_EQ(told(parse_net_dev(headings, rows)), "fine");
    EXPECT_TRUE(rows.empty());
    EXPECT_EQ(told(parse_net_dev("", rows)), "1: expected the headings of the table of interfaces, found ''");
    EXPECT_EQ(told(parse_net_dev(std::string(headings) + "eth0: 1 2 3\n", rows)),
              "3: expected an interface's name, a colon and 16 numbers, found ''");
    EXPECT_EQ(told(parse_net_dev(std::string(headings) + "eth0 1 2 3\n", rows)),
              "3: expected an interface's name and a colon, found 'eth0'");
}

TEST(ParseDiskstats, ReadsDisksOfOldAndNewKernels) {
    std::vector<DiskRow> rows;
    ASSERT_EQ(told(parse_diskstats("   8  0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8  1 sda1 1 2 3 4\n"
                                   " 259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n",
                                   rows)),
              "fine");
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].name, "sda");
    EXPECT_EQ(rows[0].reads, 1u);
    EXPECT_EQ(rows[0].read_sectors, 3u);
    EXPECT_EQ(rows[0].writes, 5u);
    EXPECT_EQ(rows[0].write_sectors, 7u);
    EXPECT_EQ(rows[0].busy_ms, 10u);
    EXPECT_EQ(rows[1].name, "nvme0n1");
    EXPECT_EQ(told(parse_diskstats("", rows)), "fine");
    EXPECT_EQ(told(parse_diskstats("8 0 sda 1 2 3 4 5\n", rows)),
              "1: expected a device's name and at least 11 numbers, found ''");
    EXPECT_EQ(told(parse_diskstats("8 0 sda 1 2 3 x\n", rows)),
              "1: expected a device's name and at least 11 numbers, found 'x'");
    EXPECT_EQ(told(parse_diskstats("eight 0 sda\n", rows)),
              "1: expected a device's major and minor number, found 'eight'");
}

// No text may make a parser read outside it (the sanitizers watch), hang or throw.
TEST(Parsers, EndOnAnyText) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::vector<std::string> words{"cpu",
                                         "cpu0",
                                         "MemTotal:",
                                         "some",
                                         "full",
                                         "avg10=",
                                         "avg10=1.0",
                                         "eth0:",
                                         ":",
                                         "\n",
                                         "\n",
                                         " ",
                                         "\t",
                                         "0",
                                         "1",
                                         "18446744073709551615",
                                         "99999999999999999999",
                                         "-1",
                                         "1e5",
                                         "sda",
                                         std::string(1, '\0'),
                                         "\xff\xfe"};
    std::uniform_int_distribution<std::size_t> pick(0, words.size() - 1);
    std::size_t understood = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (std::size_t i = pick(random) * 2; i > 0; --i)
            text += words[pick(random)] + (i % 3 == 0 ? "" : " ");
        std::vector<CpuRow> cpus;
        std::vector<NetRow> nets;
        std::vector<DiskRow> disks;
        Memory memory;
        Load load;
        Pressure pressure;
        for (const Parsed& problem :
             {parse_stat(text, cpus), parse_meminfo(text, memory), parse_loadavg(text, load),
              parse_pressure(text, pressure), parse_net_dev(text, nets), parse_diskstats(text, disks)}) {
            if (problem)
                EXPECT_FALSE(problem->expected.empty());
            else
                ++understood;
        }
    }
    EXPECT_GT(understood, 0u);
}

}  // namespace
}  // namespace procfs
