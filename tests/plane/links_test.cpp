// The table of links: slots that are freed are used again, and an empty table is told as such.
#include "plane/links.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"
#include "plane/threads.hpp"

namespace {

using namespace heddle::test;
namespace plane = heddle::plane;

using Add = std::uint64_t(std::uint64_t, std::uint64_t);
using Step = std::uint64_t(std::uint64_t);

struct Table {
    std::size_t links = 0;
    std::size_t highest_slot = 0;
    bool operator==(const Table&) const = default;
};

Table table() {
    Table seen;
    plane::links().each([&](const plane::LinkRecord& link) {
        ++seen.links;
        seen.highest_slot = std::max(seen.highest_slot, link.slot);
    });
    return seen;
}

TEST(Links, OfAStoppedModuleAreFreedAndTheirSlotsUsedAgain) {
    LiveHost live({"node"},
                  "modules:\n  - {name: a, plugin: node}\n  - {name: b, plugin: node, config: {needs: [a]}}\n");
    ASSERT_THAT(live.start(), testing::IsEmpty());
    const auto trace = live.host.function<Step>("b.trace");
    const Table before = table();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(trace(0), 2U);
        live.host.stop_module("b");
        EXPECT_EQ(table().links, before.links - 3);  // b.reenter, a.trace, a.hold
        live.host.start_module("b");
        EXPECT_EQ(table(), before);
    }
    EXPECT_EQ(live.calls("b", "a.trace"), 20U);  // each slot's count began at zero again
}

TEST(Links, OfAHostGoWithIt) {
    const Table before = table();
    for (int i = 0; i < 3; ++i) {
        LiveHost live({"node"}, "modules: [{name: node}]\n");
        ASSERT_THAT(live.start(), testing::IsEmpty());
        EXPECT_EQ((live.host.function<Add>("node.add")(1, 1)), 2U);
        EXPECT_GT(table().links, before.links);
    }
    EXPECT_EQ(table().links, before.links);
}

TEST(Links, AreGivenUntilAllAreInUseAndThenItIsSaid) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_THAT(live.start(), testing::IsEmpty());
    std::size_t given = table().links;
    std::string problem;
    while (problem.empty() && given <= plane::max_links) {
        problem = thrown_by([&] {
            live.host.function<Add>("node.add");
            return 0;
        });
        given += problem.empty() ? 1U : 0U;
    }
    EXPECT_EQ(given, plane::max_links);
    EXPECT_EQ(problem, "error: all 65536 links are in use");
}

TEST(Links, ThatWereRefusedTakeNoSlot) {
    LiveHost live({"node"}, "modules: [{name: node}]\n");
    ASSERT_THAT(live.start(), testing::IsEmpty());
    const Table before = table();
    EXPECT_NE(thrown_by([&] {
                  live.host.function<int()>("node.add");
                  return 0;
              }),
              "");
    EXPECT_EQ(table(), before);
}

}  // namespace
