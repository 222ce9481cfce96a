// Wrong modules in the real program: the rest runs, the text is on standard error, and the exit code tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "heddle_run.hpp"

namespace {

using namespace heddle::test;
using testing::HasSubstr;

struct Case {
    std::string plugin;
    std::string settings;  // more of the module's settings
    int exit_code;
    std::string text;
};
std::ostream& operator<<(std::ostream& stream, const Case& one) {
    return stream << one.plugin;
}

class BadPlugin : public testing::TestWithParam<Case> {};

TEST_P(BadPlugin, IsToldOfWhileTheRestRuns) {
    const Case& one = GetParam();
    const Workplace here("modules:\n  - {name: a, plugin: node}\n  - {name: " + one.plugin + one.settings +
                         "}\n  - {name: b, plugin: node, config: {needs: [a], calls_at_stop: true}}\n");
    Program heddle(here.command({std::string(talkative)}, {"node", one.plugin}), here.options());
    ASSERT_TRUE(heddle.wait_for_output(running("b"))) << heddle.text();
    const bool runs = one.exit_code == 4 || one.plugin == "bad_throw_stop";
    if (!runs) {
        ASSERT_TRUE(heddle.wait_for_output("is dry|returned null|has not returned|part at|provides it"))
            << heddle.text();
    } else {
        ASSERT_TRUE(heddle.wait_for_output(running(one.plugin))) << heddle.text();
    }
    heddle.send_signal(SIGTERM);
    const ProgramResult result = heddle.wait();
    EXPECT_EQ(result.exit_code, one.exit_code) << result;
    EXPECT_THAT(result.err, HasSubstr(one.text));
}

INSTANTIATE_TEST_SUITE_P(
    OfEachKind, BadPlugin,
    testing::Values(
        Case{"bad_throw_constructor", "", 3, "module 'bad_throw_constructor' failed: the well is dry\n"},
        Case{"bad_throw_start", "", 3, "module 'bad_throw_start' failed: the well is dry\n"},
        Case{"bad_throw_run", "", 3, "module 'bad_throw_run' failed: the well is dry\n"},
        Case{"bad_throw_timer", "", 3, "module 'bad_throw_timer' failed: the well is dry\n"},
        Case{"bad_throw_stop", "", 3, "module 'bad_throw_stop' failed while it stopped: the well is dry\n"},
        Case{"bad_null_entry", "", 3, "cannot be loaded: its entry returned null: it cannot work with this host\n"},
        Case{"bad_provides_twice", "", 3,
             "module 'bad_provides_twice' failed: provide(\"speak\"): this module provides it already\n"},
        Case{"bad_hang_constructor", ", start_timeout: 1s", 3,
             "module 'bad_hang_constructor' did not get ready within 1 s (start_timeout): its constructor has not "
             "returned\n"},
        Case{"bad_hang_start", ", start_timeout: 1s", 3,
             "module 'bad_hang_start' did not start within 1 s (start_timeout): its start() has not returned\n"},
        Case{"bad_hang_run", ", stop_timeout: 1s", 4,
             "module 'bad_hang_run' did not stop within 1 s (stop_timeout): its run() has not returned; its code "
             "stays "
             "loaded\n"},
        Case{"bad_hang_stop", ", stop_timeout: 1s", 4,
             "module 'bad_hang_stop' did not stop within 1 s (stop_timeout): its stop() has not returned; its code "
             "stays loaded\n"},
        Case{"bad_hang_destructor", ", stop_timeout: 1s", 4,
             "module 'bad_hang_destructor' did not end within 1 s (stop_timeout): its destructor has not returned; "
             "its "
             "code stays loaded\n"}),
    [](const testing::TestParamInfo<Case>& one) { return one.param.plugin; });

}  // namespace
