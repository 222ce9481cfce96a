// A log that cannot be written: the host and its modules go on, and the other places of the log have every line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using testing::IsEmpty;

TEST(Log, OnAFullDiskEndsNeitherTheHostNorAModuleThatWritesToIt) {
    LiveHost live({"meddler", "node"}, "modules: [{name: meddler}, {name: node}]\n",
                  "host: {preflight: false, log: {level: debug, file: /dev/full}}\n");
    EXPECT_THAT(live.start(), IsEmpty());
    EXPECT_EQ(live.state_of("meddler"), "running");
    EXPECT_EQ(live.state_of("node"), "running");
    EXPECT_TRUE(live.has_logged("meddler is being constructed"));
    EXPECT_TRUE(live.has_logged("module 'node' is running"));
}

}  // namespace
