// What heddle_add_plugin makes: a library that gives out its entry and nothing else, and can be unmapped again. Read by
// the linker's own tools from the built files.
#include <gtest/gtest.h>
#include <heddle/abi.h>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "compilers.hpp"
#include "heddle_test/paths.hpp"

namespace heddle::test {
namespace {

std::vector<std::filesystem::path> built_plugins() {
    std::vector<std::filesystem::path> files = {test_plugins_dir() / "sdk_probe/sdk_probe.so"};
    for (const char* name : {"alerts", "console", "procfs", "sqlite", "stats"}) {
        files.push_back(plugins_dir() / (std::string(name) + ".so"));
    }
    return files;
}

std::vector<std::string> lines_of(const std::vector<std::string>& command) {
    ProgramOptions options;
    options.environment = {{"LC_ALL", "C"}};
    const ProgramResult result = run_program(command, options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<std::string> lines;
    std::istringstream stream(result.out);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

class BuiltPlugin : public testing::TestWithParam<std::filesystem::path> {};
INSTANTIATE_TEST_SUITE_P(Sdk, BuiltPlugin, testing::ValuesIn(built_plugins()),
                         [](const auto& file) { return file.param.stem().string(); });

// nm's last two columns: "T heddle_plugin_v1".
std::vector<std::string> symbols(const std::filesystem::path& file, const char* which) {
    std::vector<std::string> found;
    for (const std::string& line : lines_of({"nm", "-D", which, file.string()})) {
        std::smatch match;
        if (std::regex_search(line, match, std::regex(R"((\S) (\S+)$)"))) {
            found.push_back(match[1].str() + " " + match[2].str());
        }
    }
    return found;
}

TEST_P(BuiltPlugin, GivesOutItsEntryAndNothingElse) {
    EXPECT_EQ(symbols(GetParam(), "--defined-only"), std::vector<std::string>{"T " HEDDLE_ENTRY_SYMBOL});
}

TEST_P(BuiltPlugin, HasNoUniqueSymbolThatWouldKeepItMapped) {
    for (const std::string& line : lines_of({"readelf", "-W", "--syms", GetParam().string()})) {
        EXPECT_EQ(line.find(" UNIQUE "), std::string::npos) << line;
    }
}

TEST_P(BuiltPlugin, IsBoundWhenItIsLoadedAndNeverKept) {
    bool now = false;
    for (const std::string& line : lines_of({"readelf", "-W", "-d", GetParam().string()})) {
        if (line.find("(FLAGS_1)") != std::string::npos) {
            now = std::regex_search(line, std::regex(R"(\bNOW\b)"));
            EXPECT_EQ(line.find("NODELETE"), std::string::npos) << line;
        }
    }
    EXPECT_TRUE(now);
}

TEST_P(BuiltPlugin, NeedsNoSymbolThatItsLibrariesDoNotHave) {
#if defined(HEDDLE_TEST_SANITIZED)
    const bool sanitized = true;  // a sanitizer's own symbols live in the program
#else
    const bool sanitized = false;
#endif
    std::set<std::string> given;
    for (const std::string& line : lines_of({"ldd", GetParam().string()})) {
        std::smatch match;
        if (std::regex_search(line, match, std::regex(R"((/\S+) \(0x)"))) {
            for (const std::string& symbol : symbols(match[1].str(), "--defined-only")) {
                given.insert(symbol.substr(2, symbol.find('@') - 2));
            }
        }
    }
    EXPECT_TRUE(given.contains("memcpy")) << "the libraries were not found";
    for (const std::string& symbol : symbols(GetParam(), "--undefined-only")) {
        const std::string name = symbol.substr(2, symbol.find('@') - 2);
        const bool optional = symbol[0] == 'w' || symbol[0] == 'v';
        const bool of_sanitizer = sanitized && std::regex_search(name, std::regex("^__(a|t|ub)san"));
        EXPECT_TRUE(optional || of_sanitizer || given.contains(name)) << symbol;
    }
}

TEST_P(BuiltPlugin, HasADescriptionThatCanBeReadFromTheFileAsItIs) {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
    for (const std::string& line : lines_of({"readelf", "-W", "-S", GetParam().string()})) {
        std::smatch match;
        if (std::regex_search(line, match, std::regex(R"(\.heddle\.plugin\s+PROGBITS\s+(\w+)\s+\w+\s+(\w+))"))) {
            begin = std::stoull(match[1].str(), nullptr, 16);
            size = std::stoull(match[2].str(), nullptr, 16);
        }
    }
    EXPECT_EQ(size, sizeof(heddle_plugin_info));
    for (const std::string& line : lines_of({"readelf", "-W", "-r", GetParam().string()})) {
        std::smatch match;
        if (std::regex_search(line, match, std::regex(R"(^([0-9a-f]{16})\s)"))) {
            const std::uint64_t at = std::stoull(match[1].str(), nullptr, 16);
            EXPECT_FALSE(at >= begin && at < begin + size) << "a relocation in the section: " << line;
        }
    }
}

// ---- what HEDDLE_PLUGIN refuses ---------------------------------------------------------------------------------

class PluginTexts : public testing::TestWithParam<Compiler> {};
INSTANTIATE_TEST_SUITE_P(Sdk, PluginTexts, testing::ValuesIn(compilers()),
                         [](const auto& compiler) { return compiler.param.name; });

std::string quoted(std::size_t length) {
    return '"' + std::string(length, 'x') + '"';
}

TEST_P(PluginTexts, ThatHaveNoRoomDoNotCompile) {
    const SnippetCompiler compiler(GetParam(),
                                   "#include <heddle/heddle.hpp>\n"
                                   "struct M : heddle::module { explicit M(heddle::context& c) : module(c) {} };\n"
                                   "struct Plain {};\n"
                                   "struct Unread { int x; };\n"
                                   "struct Wrong : heddle::module {\n"
                                   "    using Config = Unread;\n"
                                   "    Wrong(heddle::context& c, const Config&) : module(c) {}\n"
                                   "};\n");
    const auto plugin = [&](const std::string& type, std::size_t name, std::size_t version, std::size_t summary) {
        return compiler.check("HEDDLE_PLUGIN(" + type + ", " + quoted(name) + ", " + quoted(version) + ", " +
                              quoted(summary) + ")\n");
    };
    const auto refused = [](const ProgramResult& result, const std::string& text) {
        EXPECT_NE(result.exit_code, 0);
        EXPECT_NE(result.err.find(text), std::string::npos) << "no '" << text << "' in:\n" << result.err;
    };
    const ProgramResult longest = plugin("M", 63, 31, 191);
    EXPECT_EQ(longest.exit_code, 0) << longest.err;
    const std::string cure = "; see heddle_plugin_info in heddle/abi.h";
    // clang shows the parts of a literal as they were written.
    refused(plugin("M", 64, 1, 1), "name (63 bytes)");
    refused(plugin("M", 64, 1, 1), "is too long" + cure);
    refused(plugin("M", 1, 32, 1), "version (31 bytes)");
    refused(plugin("M", 1, 1, 192), "summary (191 bytes)");
    refused(plugin("M", 0, 1, 1), "is empty");
    refused(plugin("Plain", 1, 1, 1), "heddle: a plugin's class derives from heddle::module");
    refused(plugin("Wrong", 1, 1, 1),
            "heddle: a module's Config must be described with BOOST_DESCRIBE_STRUCT, so that its fields can be read");
}

// ---- what the header costs ----------------------------------------------------------------------------------------

TEST(Header, ThatMostPluginsIncludePullsInNoMoreThanItDid) {
    // Lines after the preprocessor, which are the same on every run; the seconds are only shown.
    constexpr std::size_t bound = 65'000;
    const TempDir folder;
    const auto source = folder.write("header.cpp", "#include <heddle/heddle.hpp>\n");
    for (const Compiler& compiler : compilers()) {
        const ProgramResult text = compile(compiler, {"-E", "-P", source.string()});
        ASSERT_EQ(text.exit_code, 0) << text.err;
        const auto lines = static_cast<std::size_t>(std::count(text.out.begin(), text.out.end(), '\n'));
        const auto began = std::chrono::steady_clock::now();
        const ProgramResult compiled = compile(compiler, {"-fsyntax-only", source.string()});
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        ASSERT_EQ(compiled.exit_code, 0) << compiled.err;
        std::cout << compiler.name << ": " << lines << " lines, " << took.count() << " s\n";
        RecordProperty(compiler.name + "_lines", std::to_string(lines));
        EXPECT_LT(lines, bound) << compiler.name;
        EXPECT_GT(lines, bound / 2) << compiler.name << ": the bound is far above; lower it";
    }
}

}  // namespace
}  // namespace heddle::test
