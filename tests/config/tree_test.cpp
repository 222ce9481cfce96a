// The tree: what yaml means, and where each thing of it stands.
#include <gtest/gtest.h>

#include "reading.hpp"

namespace heddle::config {
namespace {

TEST(Tree, KeepsThePlacesOfKeysAndValuesInBlockStyle) {
    EXPECT_EQ(outline_of("# a comment\n"
                         "modules:\n"
                         "  - name: stats   # another\n"
                         "    config:\n"
                         "\n"
                         "      # and one inside\n"
                         "      window:   60s\n"
                         "      disks:\n"
                         "        - sda\n"
                         "        -  sdb\n"
                         "last: 1"),
              "a map 2:1\n"
              "  modules 2:1 a list 3:3\n"
              "    a map 3:5\n"
              "      name 3:5 'stats' 3:11\n"
              "      config 4:5 a map 7:7\n"
              "        window 7:7 '60s' 7:17\n"
              "        disks 8:7 a list 9:9\n"
              "          'sda' 9:11\n"
              "          'sdb' 10:12\n"
              "  last 11:1 '1' 11:7\n");
}

TEST(Tree, KeepsThePlacesOfKeysAndValuesInFlowStyle) {
    EXPECT_EQ(outline_of("a: {b: [1, {c: x}],\n"
                         "    \"d\": 'e'}\n"),
              "a map 1:1\n"
              "  a 1:1 a map 1:4\n"
              "    b 1:5 a list 1:8\n"
              "      '1' 1:9\n"
              "      a map 1:12\n"
              "        c 1:13 'x' 1:16\n"
              "    d 2:5 the text \"e\" 2:10\n");
}

TEST(Tree, CountsColumnsInCharactersAndATabAsOne) {
    EXPECT_EQ(outline_of("größe: \"ü\"\nb: [\"日本\", x, \"\xF0\x9F\x98\x80\", y]\nc:\t\t1\n"),
              "a map 1:1\n"
              "  größe 1:1 the text \"ü\" 1:8\n"
              "  b 2:1 a list 2:4\n"
              "    the text \"日本\" 2:5\n"
              "    'x' 2:11\n"
              "    the text \"\xF0\x9F\x98\x80\" 2:14\n"
              "    'y' 2:19\n"
              "  c 3:1 '1' 3:5\n");
}

TEST(Tree, GivesTheSamePlacesWhateverEndsTheLines) {
    const std::string text = "a: 1\n\n# c\nb:\n  - x\n  - |\n    one\n    two\nc: 'p\n  q'\n";
    std::string crlf;
    std::string cr;
    for (const char c : text) {
        crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
        cr += c == '\n' ? '\r' : c;
    }
    const std::string expected = outline_of(text);
    EXPECT_EQ(expected,
              "a map 1:1\n"
              "  a 1:1 '1' 1:4\n"
              "  b 4:1 a list 5:3\n"
              "    'x' 5:5\n"
              "    the text \"one...\" 6:5\n"
              "  c 9:1 the text \"p q\" 9:4\n");
    EXPECT_EQ(outline_of(crlf), expected);
    EXPECT_EQ(outline_of(cr), expected);
}

TEST(Tree, SkipsAByteOrderMark) {
    EXPECT_EQ(outline_of("\xEF\xBB\xBF"
                         "a: 1\n"),
              outline_of("a: 1\n"));
}

TEST(Tree, OfAnEmptyTextIsNull) {
    for (const char* text : {"", "\n\n", "# only a comment", "---\n", "\xEF\xBB\xBF", "--- # c\n...\n"}) {
        const auto tree = parse_tree(text, "config.yaml", environment());
        EXPECT_TRUE(tree.ok()) << text;
        EXPECT_TRUE(tree.value.is_null()) << text;
    }
}

TEST(Tree, TellsQuotedFromPlainScalars) {
    const auto tree = parse_tree("[10, \"10\", '10', |\n  10\n, !!str 10, !!int 10]", "config.yaml", environment());
    const auto block =
        parse_tree("- |\n  10\n- >-\n  10\n- !!str 10\n- !!int 10\n- 10\n- \"10\"\n- '10'\n", "c", environment());
    ASSERT_TRUE(block.ok()) << to_string(block.problems);
    std::vector<bool> quoted;
    std::vector<std::string> texts;
    for (const Node& node : block.value.children) {
        quoted.push_back(node.quoted);
        texts.push_back(node.text);
    }
    EXPECT_EQ(quoted, std::vector<bool>({true, true, true, false, false, true, true}));
    EXPECT_EQ(texts, std::vector<std::string>({"10\n", "10", "10", "10", "10", "10", "10"}));
    EXPECT_FALSE(tree.ok()) << "a block scalar cannot stand in a flow list";
}

TEST(Tree, PutsNothingWhereItsKeyOrDashStands) {
    EXPECT_EQ(outline_of("a:\n"
                         "\n"
                         "b: ~\n"
                         "c:\n"
                         "  -\n"
                         "  # comment\n"
                         "  - null\n"
                         "  -\n"
                         "d: {e: , f}\n"),
              "a map 1:1\n"
              "  a 1:1 nothing 1:1\n"
              "  b 3:1 nothing 3:4\n"
              "  c 4:1 a list 5:3\n"
              "    nothing 5:3\n"
              "    nothing 7:5\n"
              "    nothing 8:3\n"
              "  d 9:1 a map 9:4\n"
              "    e 9:5 nothing 9:8\n"
              "    f 9:10 nothing 9:11\n");
}

TEST(Tree, CopiesWhatAnAliasStandsForWithTheAliasKey) {
    EXPECT_EQ(outline_of("a: &x\n  b: 1\nc: *x\nd: &y 5\ne: [*y, *x]\n"),
              "a map 1:1\n"
              "  a 1:1 a map 2:3\n"
              "    b 2:3 '1' 2:6\n"
              "  c 3:1 a map 2:3\n"
              "    b 2:3 '1' 2:6\n"
              "  d 4:1 '5' 4:7\n"
              "  e 5:1 a list 5:4\n"
              "    '5' 4:7\n"
              "    a map 2:3\n"
              "      b 2:3 '1' 2:6\n");
}

TEST(Tree, RefusesAliasesThatCannotBeCopied) {
    EXPECT_EQ(outline_of("a: &x [1, *x]\n"),
              "config.yaml:1:11: the alias stands inside the value that it refers to (write the value out)\n");
    EXPECT_EQ(outline_of("a: 1\nb: *y\n"),
              "config.yaml:2:4: '*y' refers to nothing (an anchor, '&name', must stand before it)\n");
    EXPECT_EQ(outline_of("&a a: 1\n*a : 2\n"),
              "config.yaml:2:1: a key must be a text, found an alias (write the key out)\n");
    EXPECT_EQ(outline_of("a: &x {b: 1}\nc:\n  <<: *x\n"),
              "config.yaml:3:3: merge keys ('<<') are not supported (write the keys out)\n");
}

TEST(Tree, NamesEachDuplicateKeyAndKeepsTheFirst) {
    const auto tree = parse_tree("a: 1\nb: {c: 1, d: 2, c: 3}\n\"a\": 2\na: 3\n", "config.yaml", environment());
    EXPECT_EQ(to_string(tree.problems),
              "config.yaml:2:17: key 'c' was given in line 2 already (remove one of the two)\n"
              "config.yaml:3:1: key 'a' was given in line 1 already (remove one of the two)\n"
              "config.yaml:4:1: key 'a' was given in line 1 already (remove one of the two)\n");
    EXPECT_EQ(tree.value.find("a")->text, "1");
    EXPECT_EQ(tree.value.find("b")->children.size(), 2U);
}

TEST(Tree, RefusesKeysThatAreNoTextsAndGoesOn) {
    EXPECT_EQ(outline_of("? [a, b]\n: 1\n? {c: d}\n: 2\n: 3\ne: 1\ne: 2\n"),
              "config.yaml:1:3: a key must be a text, found a list\n"
              "config.yaml:3:3: a key must be a text, found a map\n"
              "config.yaml:5:1: a key must be a text, found nothing\n"
              "config.yaml:7:1: key 'e' was given in line 6 already (remove one of the two)\n");
}

TEST(Tree, RefusesTagsThatItDoesNotKnow) {
    EXPECT_EQ(outline_of("a: !mine 1\nb: !!binary aGVk\nc: !!map {d: !!set {}}\n"),
              "config.yaml:1:10: tag '!mine' is not supported (remove it)\n"
              "config.yaml:2:13: tag 'tag:yaml.org,2002:binary' is not supported (remove it)\n"
              "config.yaml:3:20: tag 'tag:yaml.org,2002:set' is not supported (remove it)\n");
}

TEST(Tree, BoundsDepth) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + '1' + std::string(depth, ']'); };
    EXPECT_TRUE(parse_tree(nested(max_depth), "c", environment()).ok());
    EXPECT_EQ(outline_of(nested(max_depth + 1)), "config.yaml:1:65: more than 64 lists and maps inside each other\n");
    EXPECT_EQ(outline_of(nested(100'000)), "config.yaml:1:65: more than 64 lists and maps inside each other\n");
    EXPECT_EQ(outline_of("a: &a " + nested(40) + "\nb: " + std::string(30, '[') + "*a" + std::string(30, ']')),
              "config.yaml:2:34: more than 64 lists and maps inside each other\n");
}

TEST(Tree, BoundsTheNumberOfValues) {
    const auto list_of = [](std::size_t items) {
        std::string text = "[";
        for (std::size_t i = 0; i < items; ++i) {
            text += "x,";
        }
        return text + ']';
    };
    EXPECT_TRUE(parse_tree(list_of(max_nodes - 1), "c", environment()).ok()) << "the list itself is one";
    EXPECT_EQ(outline_of(list_of(max_nodes)),
              "config.yaml:1:200000: more than 100000 values (aliases count as what they stand for)\n");
    EXPECT_FALSE(parse_tree("- &a " + list_of(40'000) + "\n- *a\n", "c", environment()).ok());
    EXPECT_TRUE(parse_tree("- &a " + list_of(30'000) + "\n- *a\n", "c", environment()).ok());
}

TEST(Tree, BoundsWhatAliasesGrowTo) {
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 20; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += 'a' + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int j = 0; j < 9; ++j) {
            bomb += ", " + before;
        }
        bomb += "]\n";
    }
    const auto tree = parse_tree(bomb, "config.yaml", environment());
    ASSERT_EQ(tree.problems.size(), 1U);
    EXPECT_EQ(tree.problems[0].message, "more than 100000 values (aliases count as what they stand for)");

    std::string fat = "a: &a \"" + std::string(500'000, 'x') + "\"\nb: [*a";
    for (int i = 0; i < 50; ++i) {
        fat += ", *a";
    }
    const auto texts = parse_tree(fat + "]\n", "config.yaml", environment());
    ASSERT_EQ(texts.problems.size(), 1U);
    EXPECT_EQ(texts.problems[0].message,
              "more than 16 MiB of text (aliases and variables count as what they stand for)");
}

TEST(Tree, BoundsTheSizeOfTheFile) {
    const std::string fits = "a: 1\n" + std::string(max_file_size - 5, '#');
    EXPECT_TRUE(parse_tree(fits, "c", environment()).ok());
    EXPECT_EQ(outline_of(fits + '#'),
              "config.yaml: is larger than 1 MiB, the most that a configuration may have (is it the right file?)\n");
}

TEST(Tree, BuiltInCodeIsFoundByKey) {
    const Node tree =
        Node::map({Node::pair("interval", Node::scalar("1s")), Node::pair("disks", Node::list({Node::scalar("sda")}))});
    EXPECT_EQ(tree.find("interval")->text, "1s");
    EXPECT_EQ(tree.find("disks")->children.at(0).text, "sda");
    EXPECT_EQ(tree.find("root"), nullptr);
    EXPECT_EQ(tree.find("disks")->find("sda"), nullptr);
}

TEST(Problem, IsPrintedWithItsPlace) {
    EXPECT_EQ(to_string(Problem{"config.yaml", {14, 5}, "text"}), "config.yaml:14:5: text");
    EXPECT_EQ(to_string(Problem{"config.yaml", {}, "text"}), "config.yaml: text");
    EXPECT_EQ(to_string(Problem{"", {}, "text"}), "text");
}

TEST(Problems, AreSortedByPlaceAndToldOnce) {
    Problems list = {{"b", {1, 1}, "v"}, {"a", {10, 2}, "w"}, {"a", {9, 9}, "x"}, {"a", {10, 1}, "y"},
                     {"a", {}, "z"},     {"a", {9, 9}, "q"},  {"a", {9, 9}, "x"}};
    sort(list);
    EXPECT_EQ(to_string(list), "a: z\na:9:9: x\na:9:9: q\na:10:1: y\na:10:2: w\nb:1:1: v\n");
}

}  // namespace
}  // namespace heddle::config
