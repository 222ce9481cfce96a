// Tasks that cannot be provided: the text that says why, by every compiler that is here.
#include <gtest/gtest.h>

#include "compilers.hpp"

namespace heddle::test {
namespace {

constexpr std::string_view preamble = R"(
#include <heddle/heddle.hpp>
struct Named { std::string_view name; };
BOOST_DESCRIBE_STRUCT(Named, (), (name))
struct Base : heddle::module {
    explicit Base(heddle::context& c) : module(c) {}
    heddle::task<int> fine(std::string_view, const std::string&, std::span<const int>, std::string) { co_return 1; }
    heddle::task<> changes(std::string&) { co_return; }
    heddle::task<> views(Named) { co_return; }
};
)";

class ProvidedTasks : public testing::TestWithParam<Compiler> {};
INSTANTIATE_TEST_SUITE_P(Sdk, ProvidedTasks, testing::ValuesIn(compilers()),
                         [](const auto& compiler) { return compiler.param.name; });

TEST_P(ProvidedTasks, AreQueuedAndCanKeepTheirArguments) {
    const SnippetCompiler compiler(GetParam(), preamble);
    const auto provide = [&](const std::string& arguments) {
        return compiler.check("struct M : Base { explicit M(heddle::context& c) : Base(c) { provide" + arguments +
                              "; } };\n");
    };
    const auto refused = [](const ProgramResult& result, const std::string& text) {
        EXPECT_NE(result.exit_code, 0);
        EXPECT_NE(result.err.find(text), std::string::npos) << "no '" << text << "' in:\n" << result.err;
    };
    const ProgramResult fine = provide("<&Base::fine>(\"f\", heddle::queued.or_fail())");
    EXPECT_EQ(fine.exit_code, 0) << fine.err;
    // clang shows the parts of a literal as they were written.
    const std::string unqueued = "heddle: a function that is a heddle::task runs on its module's thread";
    refused(provide("<&Base::fine>(\"f\")"), unqueued);
    refused(provide("(\"f\", &Base::fine, heddle::concurrent)"), unqueued);
    const std::string unkept = "heddle: a function that is a heddle::task keeps copies of its arguments";
    refused(provide("<&Base::changes>(\"f\", heddle::queued)"), unkept);
    refused(provide("<&Base::views>(\"f\", heddle::queued)"), unkept);
}

TEST_P(ProvidedTasks, AreNoHandlersOfEventsAndNoCallbacks) {
    const SnippetCompiler compiler(GetParam(), preamble);
    const auto with = [&](const std::string& statement) {
        return compiler.check("struct M : Base { explicit M(heddle::context& c) : Base(c) { auto made = " + statement +
                              "; } };\n");
    };
    const ProgramResult fine = with("subscribe(\"a.b\", [](int) {}, heddle::queued); auto cb = make_callback([] {})");
    EXPECT_EQ(fine.exit_code, 0) << fine.err;
    for (const std::string statement :
         {"subscribe<&Base::views>(\"a.b\", heddle::queued)",
          "subscribe(\"a.b\", [](int) -> heddle::task<> { co_return; }, heddle::queued)"}) {
        const ProgramResult result = with(statement);
        EXPECT_NE(result.exit_code, 0) << statement;
        EXPECT_NE(result.err.find("heddle: a handler of an event may be gone before a heddle::task"), std::string::npos)
            << result.err;
    }
    for (const std::string statement : {"make_callback<&Base::views>(heddle::queued)",
                                        "make_callback([]() -> heddle::task<> { co_return; }, heddle::queued)"}) {
        const ProgramResult result = with(statement);
        EXPECT_NE(result.exit_code, 0) << statement;
        EXPECT_NE(result.err.find("heddle: a callback may be gone before a heddle::task"), std::string::npos)
            << result.err;
    }
    const ProgramResult answers = with("subscribe(\"a.b\", [](int x) { return x; })");
    EXPECT_NE(answers.exit_code, 0);
    EXPECT_NE(answers.err.find("heddle: what is subscribed to an event returns nothing"), std::string::npos)
        << answers.err;
}

}  // namespace
}  // namespace heddle::test
