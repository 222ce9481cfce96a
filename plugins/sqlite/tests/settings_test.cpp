// What can't be used is named, with what it must be.
#include "settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sqlite {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(Settings, AreAllRightAsTheyAre) {
    EXPECT_THAT(Settings{}.problems(), IsEmpty());
}

TEST(Settings, NameEveryProblemAtOnce) {
    Settings settings;
    settings.path = "";
    settings.batch = 0;
    settings.flush = 9ms;
    settings.retention = -1s;
    settings.busy_timeout = 11s;
    settings.max_pending = 10000001;
    EXPECT_THAT(
        settings.problems(),
        ElementsAre(Pair("path", "must be the name of a file"), Pair("batch", "must be from 1 to 100000 rows, not 0"),
                    Pair("flush", "must be from 10ms to 1h, not 9ms"),
                    Pair("retention", "must be from 1s to 36500d, or 0s for ever"),
                    Pair("busy_timeout", "must be from 0ms to 10s, not 11000ms"),
                    Pair("max_pending", "must be from 'batch' (0) to 10000000 rows, not 10000001")));
}

TEST(Settings, TakeTheEndsOfTheirRanges) {
    Settings settings;
    settings.batch = 100000;
    settings.max_pending = 100000;
    settings.flush = 1h;
    settings.retention = 0s;
    settings.busy_timeout = 0ms;
    EXPECT_THAT(settings.problems(), IsEmpty());
    settings.max_pending = 99999;
    EXPECT_THAT(settings.problems(), ElementsAre(Pair("max_pending", testing::_)));
}

TEST(Settings, RefuseNamesThatSqliteWouldNotTakeForFiles) {
    for (const char* path : {":memory:", "file:x?mode=memory"}) {
        Settings settings;
        settings.path = path;
        EXPECT_THAT(settings.problems(), ElementsAre(Pair("path", "must be the name of a file"))) << path;
    }
}

}  // namespace
}  // namespace sqlite
