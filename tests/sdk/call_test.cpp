// A call as the caller's side compiles it, against a table that only keeps what it is told.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <heddle/heddle.hpp>

#include "fake_host.hpp"

namespace {

using heddle::test::FakeHost;

// What the callee saw of the thread when it ran.
struct Seen {
    std::size_t depth = 0;
    heddle_link* top = nullptr;
    int calls = 0;
};

class Call : public testing::Test {
protected:
    static int code(void* self, int value) {
        auto* test = static_cast<Call*>(self);
        ++test->seen_.calls;
        test->seen_.depth = test->host_.depth();
        test->seen_.top = heddle_current.top[-1];
        test->host_.events += "code ";
        if (test->fails_) {
            test->host_.set_failure(HEDDLE_EXCEPTION, "stats", "observe", "no such series");
            return 0;
        }
        return value + 1;
    }
    static int recurse(void* self, int value) {
        auto* test = static_cast<Call*>(self);
        ++test->seen_.calls;
        return heddle::function<int(int)>(&test->host_.link)(value + 1);
    }

    heddle_endpoint endpoint_to(int (*target)(void*, int)) {
        return {sizeof(heddle_endpoint), 1, reinterpret_cast<heddle_code*>(target), this};
    }

    void SetUp() override {
        host_.link.endpoint = &endpoint_;
        host_.cells[0] = {1000, 1024, 0};  // no timed call soon
    }

    FakeHost host_;
    Seen seen_;
    bool fails_ = false;
    heddle_endpoint endpoint_ = endpoint_to(&code);
    heddle::function<int(int)> call_{&host_.link};
};

TEST_F(Call, PublishesItsLinkWhileTheCalleeRunsAndTakesItOff) {
    EXPECT_EQ(call_(41), 42);
    EXPECT_EQ(seen_.depth, 1U);
    EXPECT_EQ(seen_.top, &host_.link);
    EXPECT_EQ(host_.depth(), 0U);
    EXPECT_EQ(host_.events, "code ") << "nothing of the host is called";
}

TEST_F(Call, ReadsTheEndpointOnlyAfterItsLinkIsPublished) {
    // The gate changes the endpoint from inside the call; a call that had read it before would not come back here.
    const heddle_endpoint gate = {sizeof gate, 1, reinterpret_cast<heddle_code*>(&heddle::detail::gate<int(int)>::code),
                                  &host_.link};
    host_.link.endpoint = &gate;
    host_.opens = &endpoint_;
    EXPECT_EQ(call_(1), 2);
    EXPECT_EQ(host_.events, "gate code ");
    EXPECT_EQ(host_.link.endpoint, &endpoint_);
    EXPECT_EQ(call_(2), 3);
    EXPECT_EQ(host_.events, "gate code code ");
}

TEST_F(Call, AtAGateThatStaysShutIsUnavailable) {
    const heddle_endpoint gate = {sizeof gate, 1, reinterpret_cast<heddle_code*>(&heddle::detail::gate<int(int)>::code),
                                  &host_.link};
    host_.link.endpoint = &gate;
    try {
        call_(1);
        FAIL() << "no exception";
    } catch (const heddle::unavailable& e) {
        EXPECT_STREQ(e.what(), "stats.observe: its module is stopped");
        EXPECT_EQ(e.kind(), heddle::failure::unavailable);
    }
    EXPECT_EQ(host_.depth(), 0U);
    EXPECT_EQ(seen_.calls, 0);
}

TEST_F(Call, ThatFailsThrowsAndIsOffTheStackByThen) {
    fails_ = true;
    try {
        call_(1);
        FAIL() << "no exception";
    } catch (const heddle::error& e) {
        EXPECT_STREQ(e.what(), "stats.observe: no such series");
        EXPECT_EQ(e.kind(), heddle::failure::exception);
        EXPECT_EQ(e.module_name(), "stats");
        EXPECT_EQ(e.function_name(), "observe");
        EXPECT_EQ(e.reason(), "no such series");
    }
    EXPECT_EQ(host_.depth(), 0U);
    EXPECT_EQ(heddle_current.failed, 0U);
    fails_ = false;
    EXPECT_EQ(call_(1), 2) << "the next call is not touched by it";
}

TEST_F(Call, CountsAndTimesTheFirstSecondFourthAndSoOn) {
    host_.cells[0] = {};
    const auto made = [this] {
        const heddle_cell& cell = host_.cells[0];
        return static_cast<std::int64_t>(cell.done) +
               (cell.interval == 0 ? -cell.left : static_cast<std::int64_t>(cell.interval) - 1 - cell.left);
    };
    std::string timed;
    for (int i = 1; i <= 16; ++i) {
        host_.events.clear();
        call_(i);
        EXPECT_EQ(made(), i);
        if (host_.events != "code ") {
            EXPECT_EQ(host_.events, "clock code sample42 ");
            timed += std::to_string(i) + " ";
        }
    }
    EXPECT_EQ(timed, "1 2 4 8 16 ");
}

TEST_F(Call, CountsInTheCellThatItsLinkNames) {
    host_.link.cell = sizeof(heddle_cell);
    host_.cells[1] = {1000, 1024, 0};
    const heddle::function<int(int)> other(&host_.link);  // a handle takes the place along: it never changes
    other(1);
    EXPECT_EQ(host_.cells[1].left, 999);
    EXPECT_EQ(host_.cells[0].left, 1000);
}

TEST_F(Call, OfANewThreadRegistersItOnce) {
    heddle_current = {};  // top is null
    host_.registers = true;
    EXPECT_EQ(call_(1), 2);
    EXPECT_EQ(call_(2), 3);
    EXPECT_EQ(host_.events, "admit code code ");
}

TEST_F(Call, TooDeepInCallsIsRefusedAndUnwindsAllOfThem) {
    const heddle_endpoint endless = endpoint_to(&recurse);
    host_.link.endpoint = &endless;
    EXPECT_THROW(call_(1), heddle::recursion);
    EXPECT_EQ(seen_.calls, 4) << "as many as the stack has room for";
    // The C++ exception went through a callee that, other than a real thunk, let it pass.
    heddle_current.top = host_.stack.data();
    EXPECT_EQ(heddle_current.failed, 0U);
}

TEST_F(Call, HandleIsTrueWhileItsLinkIsOpen) {
    EXPECT_FALSE(call_);
    host_.link.open = 1;
    EXPECT_TRUE(call_);
}

// ---- errors ---------------------------------------------------------------------------------------------------

TEST(Error, ReadsModuleFunctionAndReason) {
    using heddle::error;
    using heddle::failure;
    EXPECT_STREQ(error(failure::exception, "stats", "observe", "why").what(), "stats.observe: why");
    EXPECT_STREQ(error(failure::exception, "stats", "", "why").what(), "stats: why");
    EXPECT_STREQ(error(failure::exception, "", "observe", "why").what(), "observe: why");
    EXPECT_STREQ(error(failure::invalid, "why").what(), "why");
}

template <class Exception>
void expect_thrown(FakeHost& host, std::int64_t kind) {
    host.set_failure(kind, "stats", "observe", "why");
    try {
        heddle::detail::throw_failure(host.table);
    } catch (const heddle::error& e) {
        EXPECT_EQ(typeid(e), typeid(Exception)) << kind;
        EXPECT_EQ(static_cast<std::int64_t>(e.kind()), kind);
        EXPECT_STREQ(e.what(), "stats.observe: why");
    }
}

TEST(Error, IsThrownByItsKind) {
    FakeHost host;
    expect_thrown<heddle::error>(host, HEDDLE_EXCEPTION);
    expect_thrown<heddle::unavailable>(host, HEDDLE_UNAVAILABLE);
    expect_thrown<heddle::timeout>(host, HEDDLE_TIMEOUT);
    expect_thrown<heddle::recursion>(host, HEDDLE_RECURSION);
    expect_thrown<heddle::deadlock>(host, HEDDLE_DEADLOCK);
    expect_thrown<heddle::error>(host, HEDDLE_NO_RESOURCE);
}

TEST(Error, OfAStatusHasItsMessage) {
    EXPECT_NO_THROW(heddle::detail::expect_ok({HEDDLE_OK, nullptr}));
    try {
        heddle::detail::expect_ok({HEDDLE_INVALID, "the name 'X' is none"});
        FAIL() << "no exception";
    } catch (const heddle::error& e) {
        EXPECT_STREQ(e.what(), "the name 'X' is none");
        EXPECT_EQ(e.kind(), heddle::failure::invalid);
    }
}

// ---- log --------------------------------------------------------------------------------------------------------

struct Counted {
    int* formatted;
};

}  // namespace

template <>
struct fmt::formatter<Counted> : fmt::formatter<int> {
    template <class Context>
    auto format(const Counted& counted, Context& context) const {
        return fmt::formatter<int>::format(++*counted.formatted, context);
    }
};

namespace {

TEST(Log, FormatsALineOnlyWhenItIsWritten) {
    FakeHost host;
    const heddle::detail::module_ends ends{&host.table, host.self()};
    const heddle::logger log(ends);
    int formatted = 0;
    log.trace("{}", Counted{&formatted});
    log.debug("{}", Counted{&formatted});
    EXPECT_EQ(formatted, 0);
    EXPECT_EQ(host.log, "");
    log.info("read {} of {}", Counted{&formatted}, "it");
    log.warn("w");
    log.error("e {{}}");
    log.critical("c {:03}", 7);
    EXPECT_EQ(host.log, "2 read 1 of it\n3 w\n4 e {}\n5 c 007\n");
    host.level = HEDDLE_CRITICAL + 1;  // off
    log.critical("{}", Counted{&formatted});
    EXPECT_EQ(formatted, 1);
    host.level = HEDDLE_TRACE;
    log.trace("t");
    EXPECT_TRUE(host.log.ends_with("0 t\n"));
}

}  // namespace
