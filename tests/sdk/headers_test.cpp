// Each public header on its own: as the only include of a program, by every compiler that is here.
#include <gtest/gtest.h>

#include <algorithm>

#include "compilers.hpp"

namespace heddle::test {
namespace {

const std::vector<std::string> strict = {"-Wall",    "-Wextra",       "-Wpedantic", "-Wconversion",
                                         "-Wshadow", "-fsyntax-only", "-Werror"};

std::vector<std::string> with(std::vector<std::string> options, std::initializer_list<std::string> more) {
    options.insert(options.end(), more);
    return options;
}

TEST(PublicHeaders, AreFound) {
    const auto headers = public_headers();
    for (const char* known : {"heddle/abi.h", "heddle/heddle.hpp", "heddle/host.hpp"}) {
        EXPECT_NE(std::find(headers.begin(), headers.end(), known), headers.end()) << known;
    }
}

class PublicHeadersWith : public testing::TestWithParam<Compiler> {};
INSTANTIATE_TEST_SUITE_P(Sdk, PublicHeadersWith, testing::ValuesIn(compilers()),
                         [](const auto& compiler) { return compiler.param.name; });

// Each is included twice: a header that cannot be included again is of no use.
std::string twice(const std::string& header) {
    return "#include <" + header + ">\n#include <" + header + ">\n";
}

TEST_P(PublicHeadersWith, CompileAloneAsCpp20) {
    const TempDir folder;
    for (const std::string& header : public_headers()) {
        const auto source = folder.write("alone.cpp", twice(header));
        const ProgramResult result = compile(GetParam(), with(strict, {source.string()}));
        EXPECT_EQ(result.exit_code, 0) << header << '\n' << result.err;
        EXPECT_EQ(result.err, "") << header;
    }
}

TEST_P(PublicHeadersWith, OfTheAbiCompileAloneAsC11) {
    const TempDir folder;
    for (const std::string& header : public_headers()) {
        if (header.ends_with(".h")) {
            const auto source = folder.write("alone.c", twice(header) + "int not_empty;\n");
            const ProgramResult result = compile_c(GetParam(), with(strict, {source.string()}));
            EXPECT_EQ(result.exit_code, 0) << header << '\n' << result.err;
            EXPECT_EQ(result.err, "") << header;
        }
    }
}

TEST(PublicHeaders, CanBeIncludedByTwoSourcesOfOneLibrary) {
    const TempDir folder;
    std::string includes;
    for (const std::string& header : public_headers()) {
        includes += "#include <" + header + ">\n";
    }
    const auto one = folder.write("one.cpp", includes);
    const auto two = folder.write("two.cpp", includes);
    const Compiler compiler = compilers().front();
    const ProgramResult result =
        compile(compiler, {"-shared", "-fPIC", "-o", (folder / "both.so").string(), one.string(), two.string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
}

}  // namespace
}  // namespace heddle::test
