// ${NAME} and ${NAME:-default} in values.
#include "config/variables.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "reading.hpp"

namespace heddle::config {
namespace {

std::string value(const std::string& text, std::map<std::string, std::string> variables = {}) {
    const auto tree = parse_tree("a: " + text + '\n', "config.yaml", environment(std::move(variables)));
    return tree.ok() ? found(*tree.value.find("a")) : to_string(tree.problems);
}

TEST(Variables, AreReplacedAnywhereInAValue) {
    EXPECT_EQ(value("${A}", {{"A", "x"}}), "'x'");
    EXPECT_EQ(value("/data/${A}/${B_2}.db", {{"A", "x"}, {"B_2", "y"}}), "'/data/x/y.db'");
    EXPECT_EQ(value("'${A}'", {{"A", "x"}}), "the text \"x\"");
    EXPECT_EQ(value("[\"${A}\"]", {{"A", "x"}}), "a list");
}

TEST(Variables, FallBackToTheDefaultWhenUnsetOrEmpty) {
    EXPECT_EQ(value("${A:-x y}"), "'x y'");
    EXPECT_EQ(value("${A:-x}", {{"A", ""}}), "'x'");
    EXPECT_EQ(value("${A:-x}", {{"A", "set"}}), "'set'");
    EXPECT_EQ(value("'${A:-}'"), "the text \"\"");
    EXPECT_EQ(value("'${A}'", {{"A", ""}}), "the text \"\"");
    EXPECT_EQ(value("'${A:-http://h:1/:-}'"), "the text \"http://h:1/:-\"");
}

TEST(Variables, TwoDollarsAreOneAndAStrayOneStays) {
    EXPECT_EQ(value("$$"), "'$'");
    EXPECT_EQ(value("$${A}", {{"A", "x"}}), "'${A}'");
    EXPECT_EQ(value("$$${A}", {{"A", "x"}}), "'$x'");
    EXPECT_EQ(value("cost $5, end$"), "'cost $5, end$'");
}

TEST(Variables, AreNotLookedAtAgain) {
    EXPECT_EQ(value("${A}", {{"A", "${B} $$ [x]: {y} # z"}}), "'${B} $$ [x]: {y} # z'");
}

TEST(Variables, KeepTheTypeRulesOfTheirScalar) {
    EXPECT_EQ(settings("host: {call_depth: ${D}}", {{"D", "100"}}), std::nullopt) << "flow style needs quotes";
    EXPECT_EQ(settings("host:\n  call_depth: ${D}\n", {{"D", "100"}})->host.call_depth, 100U);
    EXPECT_EQ(problems("host:\n  call_depth: \"${D}\"\n", {{"D", "100"}}),
              "config.yaml:2:15: 'call_depth' in host must be a whole number from 8 to 4096, found the text \"100\" "
              "(remove the quotes)\n");
    EXPECT_EQ(problems("host:\n  call_depth: ${D}\n", {{"D", "many"}}),
              "config.yaml:2:15: 'call_depth' in host must be a whole number from 8 to 4096, found 'many'\n");
    EXPECT_EQ(value("${A:-}"), "nothing");
    EXPECT_EQ(value("${A}", {{"A", "null"}}), "nothing");
    EXPECT_EQ(value("'${A}'", {{"A", "null"}}), "the text \"null\"");
}

TEST(Variables, StayAsTheyAreInKeys) {
    EXPECT_EQ(outline_of("${A}: 1\n"), "a map 1:1\n  ${A} 1:1 '1' 1:7\n");
}

TEST(Variables, ThatAreWrongAreNamedWithTheirPlaceAndCure) {
    EXPECT_EQ(value("${A}"), "config.yaml:1:4: variable 'A' is not set (set it, or give a default: ${A:-value})\n");
    EXPECT_EQ(value("x ${A"), "config.yaml:1:6: '${' without a '}' (write $$ for a dollar sign)\n");
    EXPECT_EQ(value("${}"),
              "config.yaml:1:4: '${}' names no variable: expected ${NAME} or ${NAME:-default} (write $$ for a dollar "
              "sign)\n");
    EXPECT_EQ(value("${1A}"),
              "config.yaml:1:4: '${1A}' names no variable: expected ${NAME} or ${NAME:-default} (write $$ for a dollar "
              "sign)\n");
    EXPECT_EQ(
        value("${A-x}"),
        "config.yaml:1:4: '${A-x}' names no variable: expected ${NAME} or ${NAME:-default} (write $$ for a dollar "
        "sign)\n");
    EXPECT_EQ(value("${A:-${B}}"),
              "config.yaml:1:4: the default of variable 'A' holds another variable, which is not supported\n");
    EXPECT_EQ(value("${A}", {{"A", "\xFF"}}), "config.yaml:1:4: variable 'A' does not hold UTF-8 text\n");
}

TEST(Variables, AreAllNamedInOneGoEachAtItsOwnPlace) {
    EXPECT_EQ(outline_of("a: $x $$ ${A} '${B:-}' ${C}\n"
                         "b: [\"ü ${D}\", '${E}']\n"
                         "c: |\n"
                         "  first $${Z}\n"
                         "  then ${F}\n"
                         "d: \"\\x24{G}\"\n"),
              "config.yaml:1:10: variable 'A' is not set (set it, or give a default: ${A:-value})\n"
              "config.yaml:1:24: variable 'C' is not set (set it, or give a default: ${C:-value})\n"
              "config.yaml:2:8: variable 'D' is not set (set it, or give a default: ${D:-value})\n"
              "config.yaml:2:16: variable 'E' is not set (set it, or give a default: ${E:-value})\n"
              "config.yaml:5:8: variable 'F' is not set (set it, or give a default: ${F:-value})\n"
              "config.yaml:6:4: variable 'G' is not set (set it, or give a default: ${G:-value})\n");
}

TEST(Variables, ThatAreWrongGetNoSecondComplaintAboutTheirValue) {
    EXPECT_EQ(problems("host:\n  call_timeout: ${T}\n  call_depth: 1\n"),
              "config.yaml:2:17: variable 'T' is not set (set it, or give a default: ${T:-value})\n"
              "config.yaml:3:15: 'call_depth' in host must be a whole number from 8 to 4096, found '1'\n");
}

TEST(Variables, CannotMakeTheConfigurationGrowWithoutBound) {
    std::string text = "a: \"";
    for (int i = 0; i < 1000; ++i) {
        text += "${A}";
    }
    EXPECT_EQ(outline_of(text + "\"\n", {{"A", std::string(100'000, 'x')}}),
              "config.yaml:1:673: variables make the configuration longer than 16 MiB\n");
}

TEST(Variables, OfTheProcessAreTakenByDefault) {
    ASSERT_EQ(setenv("HEDDLE_CONFIG_TEST", "250ms", 1), 0);  // NOLINT(concurrency-mt-unsafe): there is one thread
    const auto loaded = parse("host:\n  gate_timeout: ${HEDDLE_CONFIG_TEST}\n", "config.yaml");
    unsetenv("HEDDLE_CONFIG_TEST");  // NOLINT(concurrency-mt-unsafe): there is one thread
    EXPECT_EQ(to_string(loaded.problems), "");
    EXPECT_EQ(loaded.value.host.gate_timeout, std::chrono::milliseconds(250));
    EXPECT_FALSE(process_environment()("HEDDLE_CONFIG_TEST").has_value());
}

}  // namespace
}  // namespace heddle::config
