#include "discovery/text.hpp"

#include <gtest/gtest.h>

namespace heddle::discovery {
namespace {

TEST(Printable, KeepsTextsOfAnyScript) {
    const std::string text = "abc ~ \xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x91";
    EXPECT_EQ(printable(text), text);
    EXPECT_TRUE(is_printable(text));
}

TEST(Printable, SpellsControlCharactersOut) {
    EXPECT_EQ(printable("a\nb\x1b[0m\x7f"), "a\\x0ab\\x1b[0m\\x7f");
    EXPECT_EQ(printable("\xc2\x85"), "\\xc2\\x85");           // NEL, of C1
    EXPECT_EQ(printable("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // line separator
    EXPECT_FALSE(is_printable("a\tb"));
}

TEST(Printable, SpellsOutWhatIsNoUtf8) {
    EXPECT_EQ(printable("\x80"), "\\x80");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
    EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");           // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
    EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");                    // cut off
}

TEST(Quoted, MakesPathsFitForOneLine) {
    EXPECT_EQ(quoted(std::filesystem::path("/tmp/a\nb.so")), "'/tmp/a\\x0ab.so'");
}

}  // namespace
}  // namespace heddle::discovery
