// Texts that are no yaml: each is told by what its author has to change.
#include <gtest/gtest.h>

#include "reading.hpp"

namespace heddle::config {
namespace {

TEST(Syntax, NamesATabInTheIndentation) {
    EXPECT_EQ(problems("host:\n\tcall_timeout: 1s\n"),
              "config.yaml:2:1: a tab in the indentation (yaml takes only spaces there)\n");
    EXPECT_EQ(problems("host:\n  \tcall_timeout: 1s\n"),
              "config.yaml:2:3: a tab in the indentation (yaml takes only spaces there)\n");
}

TEST(Syntax, NamesWhatDoesNotFitItsIndentation) {
    EXPECT_EQ(
        problems("modules:\n  - name: x\n   plugin: y\n"),
        "config.yaml:3:4: this does not fit what stands before it (check the indentation: neighbours begin in the "
        "same column; and quotes)\n");
    EXPECT_EQ(
        problems("a: \"x\" \"y\"\n"),
        "config.yaml:1:8: this does not fit what stands before it (check the indentation: neighbours begin in the "
        "same column; and quotes)\n");
    EXPECT_EQ(
        problems("a: 1\n b: 2\n"),
        "config.yaml:2:3: ':' is not expected here (check the indentation; a text with ': ' in it needs quotes)\n");
    EXPECT_EQ(problems("a: - b\n"),
              "config.yaml:1:4: '-' is not expected here (begin a list on a line of its own, or write [a, b])\n");
    EXPECT_EQ(problems("- a\nb: c\n"),
              "config.yaml:2:1: this does not belong to what stands above it (a file is one map, or one list)\n");
}

TEST(Syntax, NamesTheOpeningOfWhatIsNeverClosed) {
    EXPECT_EQ(problems("a: 1\nb: \"open\nc: d\n"), "config.yaml:2:4: the quote that opens here is never closed\n");
    EXPECT_EQ(problems("a: 'it''s"), "config.yaml:1:4: the quote that opens here is never closed\n");
    EXPECT_EQ(problems("a: !!str \"x\\\"\n"), "config.yaml:1:10: the quote that opens here is never closed\n");
    EXPECT_EQ(problems("a: [1, 2\nb: 1\n"), "config.yaml:2:2: expected ',' or ']' for what line 1, column 4 opens\n");
    EXPECT_EQ(problems("a: {b: 1\nc: 1\n"), "config.yaml:2:2: expected ',' or '}' for what line 1, column 4 opens\n");
    EXPECT_EQ(problems("a: ]\n"), "config.yaml:1:4: ']' without anything open (a text that begins so needs quotes)\n");
}

TEST(Syntax, NamesCharactersThatNeedQuotes) {
    EXPECT_EQ(problems("a: @x\n"), "config.yaml:1:4: a value cannot begin with '@' (put it in quotes)\n");
    EXPECT_EQ(problems("a: %x\n"), "config.yaml:1:4: a value cannot begin with '%' (put it in quotes)\n");
    EXPECT_EQ(problems("a: \"C:\\qx\"\n"),
              "config.yaml:1:9: '\\q' is no escape (write \\\\ for a backslash, or use single quotes)\n");
    EXPECT_EQ(problems("a: [${X}]\n"), "config.yaml:1:5: a variable inside [ ] or { } needs quotes: \"${NAME}\"\n");
    EXPECT_EQ(problems("a: {b: ${X:-d}}\n"),
              "config.yaml:1:8: a variable inside [ ] or { } needs quotes: \"${NAME}\"\n");
}

TEST(Syntax, TakesOneDocumentOnly) {
    EXPECT_EQ(problems("---\nhost:\n---\nwire:\n"),
              "config.yaml:3:1: a second document begins here (a configuration is a single one)\n");
}

TEST(Syntax, PassesOnWhatItHasNoBetterWordsFor) {
    EXPECT_EQ(problems("%YAML 3.0\n---\nhost:\n"), "config.yaml:1:1: not yaml: YAML major version too large\n");
}

TEST(Syntax, NamesWhatStoodWrongBeforeTheEndOfReading) {
    EXPECT_EQ(problems("host:\nhost:\nwire: [\n"),
              "config.yaml:2:1: key 'host' was given in line 1 already (remove one of the two)\n"
              "config.yaml:4:1: expected ',' or ']' for what line 3, column 7 opens\n");
}

TEST(Encoding, RefusesWhatIsNoText) {
    EXPECT_EQ(problems("\xFF\xFE"
                       "a"),
              "config.yaml: is UTF-16 text (save it as UTF-8)\n");
    EXPECT_EQ(problems("a: 1\nb: \xE4\n"),
              "config.yaml:2:4: byte 0xe4 is not UTF-8 text (save the file as UTF-8; is it the right file?)\n");
    EXPECT_EQ(
        problems(std::string_view("\x7F"
                                  "ELF\x02",
                                  5)),
        "config.yaml:1:1: control character 0x7f is not allowed (in double quotes \"\\x7f\" stands for it; is it the "
        "right file?)\n");
    EXPECT_EQ(problems(std::string_view("a: ü\0", 6)),
              "config.yaml:1:5: control character 0x00 is not allowed (in double quotes \"\\x00\" stands for it; is it "
              "the right file?)\n");
}

TEST(Encoding, RefusesEveryMalformedSequence) {
    for (const char* bytes : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80",
                              "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE"}) {
        EXPECT_NE(problems(std::string("# ") + bytes).find(" is not UTF-8 text"), std::string::npos) << bytes;
    }
    for (const char* bytes :
         {"\xC2\xA0", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBD", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBD"}) {
        EXPECT_EQ(problems(std::string("# ") + bytes), "") << bytes;
    }
}

}  // namespace
}  // namespace heddle::config
