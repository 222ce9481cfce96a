// The application of host/examples/embed, as somebody would run it.
#include <gtest/gtest.h>

#include "heddle_test/support.hpp"

namespace heddle::test {
namespace {

std::string embed() {
    return (bin_dir() / "heddle-embed").string();
}

TEST(Embed, CallsAPluginAndSeesItGo) {
    const ProgramResult result = run_program({embed(), (build_dir() / "examples" / "plugins").string()});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.out,
              "meter.measure(2.5) = 2.5\n"
              "meter.measure(2.5) = 5.0\n"
              "meter.measure(2.5) = 7.5\n"
              "as expected: meter.measure: its module is stopped\n");
    EXPECT_EQ(result.err, "");
}

TEST(Embed, SaysWhichPluginIsMissing) {
    const TempDir empty;
    const ProgramResult result = run_program({embed(), empty.path().string()});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_NE(result.err.find("module 'meter' wants plugin 'meter', which no plugin directory holds"),
              std::string::npos)
        << result;
    EXPECT_EQ(result.out, "as expected: meter.measure: no module provides it\n");
}

}  // namespace
}  // namespace heddle::test
