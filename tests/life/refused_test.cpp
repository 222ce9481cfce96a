// What a module cannot have: functions that its plugin left out, and threads that the system has not got.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Add = std::uint64_t(std::uint64_t, std::uint64_t);

TEST(BadModule, WhosePluginLeavesAFunctionOfItsTableOutIsRefused) {
    LiveHost live({"node", "bad_null_in_table"}, "modules: [{name: node}, {name: bad_null_in_table}]\n");
    EXPECT_THAT(live.start(),
                ElementsAre(HasSubstr("its entry returned a table with a null function; create, start, run, "
                                      "stop and destroy must all be there")));
    EXPECT_EQ(live.host.function<Add>("node.add")(2, 3), 5U);
}

TEST(BadModule, ThatProvidesAFunctionWithoutCodeFails) {
    LiveHost live({"node", "bad_null_in_function"}, "modules: [{name: node}, {name: bad_null_in_function}]\n");
    EXPECT_THAT(live.start(), ElementsAre("module 'bad_null_in_function' failed: provide(\"speak\"): it has no code to "
                                          "call (null)"));
    EXPECT_EQ(live.host.function<Add>("node.add")(2, 3), 5U);
}

TEST(BadModule, ThatWantsAHandleWithoutAGateFails) {
    LiveHost live({"node", "bad_null_in_handle"}, "modules: [{name: node}, {name: bad_null_in_handle}]\n");
    EXPECT_THAT(live.start(),
                ElementsAre("module 'bad_null_in_handle' failed: a handle of 'node.speak': it has no gate "
                            "(null), which a call through it meets until it is bound"));
    EXPECT_EQ(live.host.function<Add>("node.add")(2, 3), 5U);
}

/// While it lives the system gives this process no thread: none of the stack that is asked for.
class NoThreads {
public:
    NoThreads() {
        pthread_getattr_default_np(&before_);
        pthread_attr_t huge;
        pthread_attr_init(&huge);
        pthread_attr_setstacksize(&huge, std::size_t{1} << 47U);
        EXPECT_EQ(pthread_setattr_default_np(&huge), 0);
        pthread_attr_destroy(&huge);
    }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;
    ~NoThreads() {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }

private:
    pthread_attr_t before_{};
};

TEST(Module, ThatCanHaveNoThreadFailsAloneAndCanBeStartedLater) {
    LiveHost live({"node"}, "modules: [{name: a, plugin: node}, {name: b, plugin: node, enabled: false}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    {
        const NoThreads none;
        EXPECT_THAT(thrown_by([&] {
                        live.host.start_module("b");
                        return 0;
                    }),
                    HasSubstr("module 'b' failed: the system has no thread left to give it: "));
    }
    EXPECT_EQ(live.state_of("b"), "failed");
    live.host.start_module("b");
    EXPECT_EQ(live.host.function<Add>("a.add")(2, 3), 5U);
    EXPECT_EQ(live.host.function<Add>("b.add")(2, 3), 5U);
    EXPECT_THAT(live.stop(), IsEmpty());
}

TEST(Plugin, ThatCannotBeLoadedForWantOfAThreadCanBeLoadedLater) {
    LiveHost live({"node"}, "modules: [{name: b, plugin: node, enabled: false}]\n");
    ASSERT_THAT(live.start(), IsEmpty());
    {
        const NoThreads none;
        EXPECT_THAT(thrown_by([&] {
                        live.host.start_module("b");
                        return 0;
                    }),
                    HasSubstr("cannot be loaded: the system has no thread left for it: "));
    }
    live.host.start_module("b");
    EXPECT_EQ(live.host.function<Add>("b.add")(2, 3), 5U);
    EXPECT_THAT(live.stop(), IsEmpty());
}

}  // namespace
