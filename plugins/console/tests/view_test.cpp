// Gathering a View from the names and summaries of series.
#include "core/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

namespace console {
namespace {

TEST(Gather, FindsCoresInterfacesAndDisksInTheNamesOfSeries) {
    std::map<std::string, double, std::less<>> known{{"cpu.busy", 10},
                                                     {"cpu10.busy", 1},
                                                     {"cpu2.busy", 2},
                                                     {"net.eth0.100.rx_bytes", 3},
                                                     {"net.eth0.100.tx_bytes", 4},
                                                     {"net.eth0.100.rx_errors", 5},
                                                     {"disk.sda.busy", 6},
                                                     {"load.1", 7},
                                                     {"mem.used_percent", 8}};
    std::vector<std::string> series;
    for (const auto& [name, value] : known)
        series.push_back(name);
    series.insert(series.end(), {"cpu.busy", "cpux.busy", "cpu.busy.busy", "net..rx_bytes", "disk.", "cpu3.busy",
                                 "net.gone.rx_bytes", "disk.gone.busy", ""});
    View view;
    gather(view, series, [&](std::string_view name) {
        const auto found = known.find(name);
        return found == known.end() ? Figure{} : Figure{found->second, found->second + 100};
    });
    EXPECT_EQ(view.busy.now, 10);
    EXPECT_EQ(view.busy.p90, 110);
    EXPECT_EQ(view.load1.now, 7);
    EXPECT_EQ(view.load5.now, std::nullopt);
    EXPECT_EQ(view.memory_used.now, 8);
    ASSERT_EQ(view.cores.size(), 2u) << "cpu3 is silent";
    EXPECT_EQ(view.cores[0].number, 2u) << "by number";
    EXPECT_EQ(view.cores[1].number, 10u);
    ASSERT_EQ(view.interfaces.size(), 1u) << "what has no figures is gone";
    EXPECT_EQ(view.interfaces[0].name, "eth0.100");
    EXPECT_EQ(view.interfaces[0].out.now, 4);
    EXPECT_EQ(view.interfaces[0].in_errors.now, 5);
    ASSERT_EQ(view.disks.size(), 1u);
    EXPECT_EQ(view.disks[0].name, "sda");
    EXPECT_EQ(view.disks[0].read.now, std::nullopt);
}

TEST(Gather, PassesOnWhatTheLookupThrows) {
    View view;
    EXPECT_THROW(gather(view, {}, [](std::string_view) -> Figure { throw std::runtime_error("gone"); }),
                 std::runtime_error);
}

}  // namespace
}  // namespace console
