// What must not compile in a signature, each with the text that says what to use instead; and next to them, what must.
#include <gtest/gtest.h>

#include <algorithm>

#include "compilers.hpp"

namespace heddle::test {
namespace {

// What the snippets may use. A snippet is the signature of a function.
constexpr std::string_view preamble = R"(
#include <heddle/signature.hpp>
#include <any>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <tuple>
#include <unordered_map>
#include <variant>
struct Shape { virtual ~Shape() = default; };
struct Summary { double mean; };
BOOST_DESCRIBE_STRUCT(Summary, (), (mean))
struct Callback { std::function<void()> run; };
BOOST_DESCRIBE_STRUCT(Callback, (), (run))
struct Named { std::string_view name; };
BOOST_DESCRIBE_STRUCT(Named, (), (name))
struct Deep { std::vector<Callback> all; };
BOOST_DESCRIBE_STRUCT(Deep, (), (all))
struct Fixed { explicit Fixed(int x) : value(x) {} int value; };
BOOST_DESCRIBE_STRUCT(Fixed, (), (value))
struct Unknown;
struct Copied { Copied() = default; Copied(const Copied&) {} };
)";

ProgramResult check(const SnippetCompiler& compiler, std::string_view signature) {
    return compiler.check("static_assert(heddle::signature_fingerprint<" + std::string(signature) + "> != 0);\n");
}

class Signatures : public testing::TestWithParam<Compiler> {
protected:
    // Each of `signatures` is refused, and the compiler's output has `text` (the start of the library's own message).
    void expect_refused(std::initializer_list<const char*> signatures, const std::string& text) const {
        for (const char* signature : signatures) {
            const ProgramResult result = check(compiler_, signature);
            EXPECT_NE(result.exit_code, 0) << signature << " compiles";
            EXPECT_NE(result.err.find("heddle: " + text), std::string::npos)
                << signature << " is refused without the text '" << text << "':\n"
                << result.err;
        }
    }

    SnippetCompiler compiler_{GetParam(), preamble};
};
INSTANTIATE_TEST_SUITE_P(Sdk, Signatures, testing::ValuesIn(compilers()),
                         [](const auto& compiler) { return compiler.param.name; });

TEST_P(Signatures, OfWhatIsSafeCompile) {
    for (const char* signature :
         {"void()", "Summary(std::string_view)", "void(const Summary&, Summary&, Summary)",
          "std::vector<std::string>(std::span<const double>)", "void(void*, const int*)", "void(Unknown*)",
          "void(const std::string_view&, const std::vector<std::string_view>&)", "void(Named)",
          "std::variant<int, std::string>(std::tuple<int, Summary>)", "void(std::unordered_map<std::string, Summary>)",
          "void(const Copied&, const std::deque<int>&)", "void(const Fixed&)",
          "void(std::chrono::steady_clock::time_point)"}) {
        const ProgramResult result = check(compiler_, signature);
        EXPECT_EQ(result.exit_code, 0) << signature << '\n' << result.err;
        EXPECT_EQ(result.err, "") << signature;
    }
}

// One test for all, as the preamble takes longer than the snippets.
TEST_P(Signatures, RefuseWhatWouldDangleAndSayWhatToUse) {
    expect_refused({"void(std::function<void()>)", "void(const std::function<int(int)>&)", "std::function<void()>()",
                    "void(std::packaged_task<void()>&)"},
                   "a std::function in a signature dangles when the module that made it is unloaded; pass a "
                   "heddle::callback, or return the value");

    expect_refused(
        {"void(void (*)())", "void(int (*const&)(double))", "void(void (&)())", "void(int Summary::*)",
         "void(void (Shape::*)())", "void (*())()"},
        "a raw function pointer in a signature dangles when its module is unloaded; pass a heddle::callback");

    expect_refused(
        {"void(std::shared_ptr<int>)", "void(const std::shared_ptr<const Summary>&)", "std::shared_ptr<Summary>()",
         "void(std::unique_ptr<Summary>)", "std::unique_ptr<int[]>()", "void(std::weak_ptr<Summary>)"},
        "a smart pointer in a signature runs a deleter of a module that may be unloaded; pass the value "
        "itself, as a struct described with BOOST_DESCRIBE_STRUCT");

    expect_refused({"void(Shape)", "void(const Shape&)", "void(Shape&)", "void(Shape*)", "void(const Shape*)",
                    "void(std::exception)", "Shape()"},
                   "a polymorphic type in a signature calls into the module that made it, which may be unloaded; pass "
                   "a struct described with BOOST_DESCRIBE_STRUCT, or provide functions for it");

    expect_refused({"void(std::any)", "std::any()", "void(const std::any&)", "std::future<int>()",
                    "void(std::shared_future<int>)", "void(std::promise<int>&)", "void(std::exception_ptr)"},
                   "this type carries code of the module that made it, which may be unloaded; pass a struct described "
                   "with BOOST_DESCRIBE_STRUCT");

    expect_refused({"void(const char*)", "void(char*)", "void(char* const&)", "void(std::vector<const char*>)"},
                   "use std::string_view instead of a pointer to characters in a signature");

    expect_refused({"void(std::string&&)", "void(Summary&&)", "void(int&&)"},
                   "pass by value instead of by rvalue reference in a signature");

    expect_refused({"int&()", "const Summary&()", "int*()", "const void*()", "std::vector<int*>()",
                    "std::optional<const Summary*>()"},
                   "a function's result may not be or hold a reference or a pointer, which would dangle when the "
                   "module is unloaded; return the value");
    expect_refused({"std::string_view()", "std::span<const int>()", "std::vector<std::string_view>()",
                    "std::optional<std::string_view>(int)", "std::map<std::string, std::span<int>>()", "Named()",
                    "std::vector<Named>()"},
                   "a function's result may not be or hold a view of its module's memory, which would dangle; return "
                   "std::string or std::vector");

    expect_refused({"Fixed()", "Fixed(int)"},
                   "a function's result must have a default constructor, for calls that fail");

    expect_refused({"void(Copied)"},
                   "an argument whose move constructor can throw cannot be passed by value, as the throw would come "
                   "in the middle of the call; pass it by const reference");
}

TEST_P(Signatures, RefuseItInsideOtherTypesToo) {
    expect_refused({"void(std::vector<std::function<void()>>)", "std::optional<std::function<void()>>()",
                    "void(Callback)", "Callback()", "void(const Deep&)", "void(std::map<std::string, Deep>)",
                    "void(std::pair<int, std::function<void()>>)", "void(std::array<std::function<void()>, 2>)",
                    "void(std::span<const std::function<void()>>)", "void(const std::array<const Callback, 2>&)",
                    "void(std::variant<int, std::function<void()>>)", "void(std::tuple<int, std::function<void()>>)",
                    "void(std::unordered_map<int, std::function<void()>>)", "void(const std::function<void()>*)",
                    "void(const std::list<std::function<void()>>&)"},
                   "a std::function in a signature dangles");
    expect_refused({"void(std::vector<void (*)()>)", "void(std::map<int, void (*)()>)"},
                   "a raw function pointer in a signature dangles");
    expect_refused({"void(std::vector<std::shared_ptr<int>>)", "std::map<std::string, std::unique_ptr<int>>()",
                    "void(const std::list<std::shared_ptr<Shape>>&)", "void(std::shared_ptr<int>*)"},
                   "a smart pointer in a signature");
    expect_refused({"void(std::vector<Shape>)", "void(std::optional<Shape*>)", "void(std::reference_wrapper<Shape>)"},
                   "a polymorphic type in a signature");
    expect_refused({"void(std::vector<std::any>)", "std::optional<std::exception_ptr>()"}, "this type carries code");
}

}  // namespace
}  // namespace heddle::test
