// How functions become endpoints: what their thunks do around the call, and what crosses.
#include <gtest/gtest.h>

#include <heddle/heddle.hpp>
#include <stdexcept>

#include "fake_host.hpp"

namespace {

using heddle::test::FakeHost;

// Counts what is done to a value on its way to a function.
struct Parcel {
    Parcel() = default;
    Parcel(const Parcel&) { ++copies; }
    Parcel(Parcel&&) noexcept { ++moves; }
    Parcel& operator=(const Parcel&) = default;
    Parcel& operator=(Parcel&&) = default;
    ~Parcel() = default;
    static inline int copies = 0;
    static inline int moves = 0;
};

// Wants what a host of ABI 1.0 has not.
class Listener : public heddle::module {
public:
    explicit Listener(heddle::context& ctx) : module(ctx) {}
    void listen() {
        watch(0, heddle::readable, [] {});
    }
    void forget() { unwatch({1}); }
    std::uint64_t missed() const { return missed_ticks(); }
};

class Probe : public heddle::module {
public:
    explicit Probe(heddle::context& ctx) : module(ctx) {
        provide<&Probe::add>("add");
        provide<&Probe::look>("look", heddle::concurrent);
        provide<&Probe::fail>("fail");
        provide<&Probe::fail>("fail_at_once", heddle::concurrent);
        provide("by_value", &Probe::add);
        provide("const_by_value", &Probe::look, heddle::concurrent);
        provide("lambda", [this](int x) { return base_ + x; });
        provide(
            "mutable", [count = 0]() mutable { return ++count; }, heddle::concurrent);
        provide<&Probe::views>("views", heddle::concurrent);
        provide<&Probe::fill>("fill", heddle::concurrent);
        provide<&Probe::take>("take", heddle::concurrent);
        provide<&Probe::never_throws>("never_throws");
        provide<&Probe::text>("text", heddle::concurrent);
    }

    int add(int x) { return base_ += x; }
    int look(int x) const { return base_ + x; }
    void fail(int kind) {
        if (kind == 0) {
            throw std::runtime_error("no such series");
        }
        if (kind == 1) {
            throw heddle::timeout(heddle::failure::timeout, "sqlite", "write", "waited 5 s");
        }
        throw 42;
    }
    std::string views(std::string_view text, std::span<const int> numbers) {
        return std::string(text) + std::to_string(numbers.size()) + std::to_string(numbers.back());
    }
    void fill(std::span<int> numbers) { numbers[0] = 7; }
    // By value is what is tested. NOLINTNEXTLINE(performance-unnecessary-value-param)
    void take(Parcel /*by value*/) {}
    int never_throws() const noexcept { return base_; }
    // NOLINTNEXTLINE(performance-unnecessary-value-param): as above
    std::string text(std::string by_value, const std::string& by_reference) { return by_value + by_reference; }

private:
    int base_ = 100;
};

class Provide : public testing::Test {
protected:
    // The function as another module calls it: through a link and the function's own thunk.
    template <class Sig>
    heddle::function<Sig> function(std::string_view name) {
        for (const heddle_function& each : host_.provided) {
            if (FakeHost::view(each.name) == name) {
                EXPECT_EQ(FakeHost::view(each.signature.text), heddle::signature_text<Sig>) << name;
                endpoint_ = {sizeof endpoint_, 1, each.code, each.self};
                host_.link.endpoint = &endpoint_;
                host_.cells[0] = {1000, 1024, 0};
                return heddle::function<Sig>(&host_.link);
            }
        }
        throw std::out_of_range(std::string(name));
    }

    FakeHost host_;
    heddle::context context_{&host_.table, host_.self()};
    Probe probe_{context_};
    heddle_endpoint endpoint_{};
};

TEST_F(Provide, TellsTheHostNameSignatureAndPolicy) {
    const heddle_function& add = host_.provided.at(0);
    EXPECT_EQ(add.size, sizeof(heddle_function));
    EXPECT_EQ(FakeHost::view(add.name), "add");
    EXPECT_EQ(FakeHost::view(add.signature.text), "i32(i32)");
    EXPECT_EQ(add.policy, static_cast<std::uint32_t>(HEDDLE_EXCLUSIVE)) << "the default";
    EXPECT_EQ(host_.provided.at(1).policy, static_cast<std::uint32_t>(HEDDLE_CONCURRENT));
}

TEST_F(Provide, AnExclusiveFunctionTakesTheModuleAndGivesItBack) {
    EXPECT_EQ(function<int(int)>("add")(1), 101);
    EXPECT_EQ(host_.events, "enter leave ");
}

TEST_F(Provide, AConcurrentFunctionTakesNothing) {
    EXPECT_EQ(function<int(int)>("look")(1), 101);
    EXPECT_EQ(host_.events, "");
}

TEST_F(Provide, AFunctionThatCouldNotTakeTheModuleDoesNotRun) {
    host_.refuse_hold = true;
    try {
        function<int(int)>("add")(1);
        FAIL() << "no exception";
    } catch (const heddle::timeout& e) {
        EXPECT_STREQ(e.what(), "stats: is held by others");
    }
    EXPECT_EQ(host_.events, "enter ") << "what was not taken is not given back";
    EXPECT_EQ(function<int(int)>("look")(0), 100) << "add did not run";
}

TEST_F(Provide, AnExceptionOfAnyKindBecomesAFailureOfTheCaller) {
    const auto fail = function<void(int)>("fail");
    try {
        fail(0);
        FAIL() << "no exception";
    } catch (const heddle::error& e) {
        EXPECT_EQ(e.kind(), heddle::failure::exception);
        EXPECT_EQ(e.reason(), "no such series");
        EXPECT_EQ(e.module_name(), "") << "the host fills in the innermost call's";
    }
    EXPECT_EQ(host_.events, "enter leave ") << "given back when it throws, too";
    try {
        fail(1);
        FAIL() << "no exception";
    } catch (const heddle::timeout& e) {
        EXPECT_STREQ(e.what(), "sqlite.write: waited 5 s") << "passed on unchanged";
    }
    try {
        function<void(int)>("fail_at_once")(2);
        FAIL() << "no exception";
    } catch (const heddle::error& e) {
        EXPECT_EQ(e.reason(), "threw something that is no std::exception");
    }
    EXPECT_EQ(host_.depth(), 0U);
}

TEST_F(Provide, MethodsGivenAsValuesAndLambdasWorkAlike) {
    EXPECT_EQ(function<int(int)>("by_value")(1), 101);
    EXPECT_EQ(function<int(int)>("const_by_value")(1), 102);
    EXPECT_EQ(function<int(int)>("lambda")(2), 103);
    EXPECT_EQ(host_.events, "enter leave enter leave ") << "by_value and lambda are exclusive, const_by_value is not";
    EXPECT_EQ(function<int()>("mutable")(), 1);
    EXPECT_EQ(function<int()>("mutable")(), 2) << "the module keeps it";
    EXPECT_EQ(function<int()>("never_throws")(), 101);
}

TEST_F(Provide, ViewsCrossAsPairsAndArriveAsTheyWere) {
    const std::vector<int> numbers = {1, 2, 3};
    EXPECT_EQ((function<std::string(std::string_view, std::span<const int>)>("views")("ab", numbers)), "ab33");
    EXPECT_EQ((function<std::string(std::string_view, std::span<const int>)>("views")({}, numbers)), "33");
    std::vector<int> written = {0};
    function<void(std::span<int>)>("fill")(written);
    EXPECT_EQ(written[0], 7);
    const heddle_str wire = heddle::detail::wire<std::string_view>::out("ab");
    EXPECT_EQ(wire.size, 2U);
    EXPECT_EQ(heddle::detail::wire<std::string_view>::in(wire), "ab");
}

TEST_F(Provide, AnArgumentByValueIsCopiedOnceFromALvalueAndNeverFromARvalue) {
    const auto take = function<void(Parcel)>("take");
    Parcel parcel;
    Parcel::copies = 0;
    Parcel::moves = 0;
    take(parcel);
    EXPECT_EQ(Parcel::copies, 1) << "into the handle's argument";
    EXPECT_EQ(Parcel::moves, 2) << "to the thunk, and to the function";
    Parcel::copies = 0;
    take(std::move(parcel));
    EXPECT_EQ(Parcel::copies, 0);
    const std::string here = " there";
    EXPECT_EQ((function<std::string(std::string, const std::string&)>("text")("over", here)), "over there");
}

TEST_F(Provide, ARefusedDeclarationThrowsWhatTheHostSaid) {
    host_.require_result = {HEDDLE_INVALID, "the name 'X Y' is none"};
    try {
        const heddle::function<void()> handle(probe_, "X Y");
        FAIL() << "no exception";
    } catch (const heddle::error& e) {
        EXPECT_STREQ(e.what(), "the name 'X Y' is none");
    }
}

TEST_F(Provide, AHandleTellsTheHostNameSignatureAndWhetherItIsOptional) {
    const heddle::function<void(std::string_view)> required(probe_, "alerts.raise");
    const heddle::function<int()> optional(probe_, "storage.write", heddle::optional);
    ASSERT_EQ(host_.required.size(), 2U);
    EXPECT_EQ(FakeHost::view(host_.required[0].name), "alerts.raise");
    EXPECT_EQ(FakeHost::view(host_.required[0].signature.text), "void(str)");
    EXPECT_EQ(host_.required[0].flags, 0U);
    EXPECT_NE(host_.required[0].gate, nullptr);
    EXPECT_EQ(host_.required[1].flags, static_cast<std::uint32_t>(HEDDLE_OPTIONAL));
}

TEST(Watch, SaysThatAnOlderHostCannot) {
    FakeHost host;
    host.table.extension = [](const heddle_host*, const char*) -> const void* { return nullptr; };
    heddle::context context(&host.table, host.self());
    Listener listener(context);
    try {
        listener.listen();
        FAIL();
    } catch (const heddle::error& e) {
        EXPECT_EQ(e.kind(), heddle::failure::invalid);
        EXPECT_STREQ(e.what(),
                     "this host watches no file descriptors (it lacks heddle.loop/1); use a host of ABI 1.1 or later");
    }
    listener.forget();
    EXPECT_EQ(listener.missed(), 0U);
}

TEST(Readiness, IsASet) {
    constexpr auto both = heddle::readable | heddle::writable;
    static_assert(both.has(heddle::readable) && both.has(both) && !both.has(heddle::hangup | heddle::readable));
    EXPECT_EQ(both.bits(), HEDDLE_READABLE | HEDDLE_WRITABLE);
    EXPECT_EQ(both, heddle::writable | heddle::readable);
    EXPECT_EQ(heddle::readiness().bits(), 0U);
}

}  // namespace
