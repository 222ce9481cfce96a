// The tree as a plugin gets it.
#include "config/abi_value.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "reading.hpp"

namespace heddle::config {
namespace {

std::string_view view(heddle_str text) {
    return {text.data, text.size};
}

// Compares every field, so that nothing is lost on the way.
void expect_same(const heddle_value* value, const Node& node) {
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(value->size, sizeof(heddle_value));
    EXPECT_EQ(value->version, 1U);
    EXPECT_EQ(value->quoted, node.quoted ? 1U : 0U);
    EXPECT_EQ(view(value->text), node.text);
    EXPECT_EQ(view(value->key), node.key);
    EXPECT_EQ((Place{value->line, value->column}), node.place);
    EXPECT_EQ((Place{value->key_line, value->key_column}), node.key_place);
    switch (node.kind) {
        case Kind::null:
            EXPECT_EQ(value->kind, static_cast<std::uint32_t>(HEDDLE_NULL));
            break;
        case Kind::scalar:
            EXPECT_EQ(value->kind, static_cast<std::uint32_t>(HEDDLE_SCALAR));
            break;
        case Kind::list:
            EXPECT_EQ(value->kind, static_cast<std::uint32_t>(HEDDLE_LIST));
            break;
        case Kind::map:
            EXPECT_EQ(value->kind, static_cast<std::uint32_t>(HEDDLE_MAP));
            break;
    }
    ASSERT_EQ(value->count, node.children.size());
    for (std::size_t i = 0; i < value->count; ++i) {
        expect_same(value->items[i], node.children[i]);
    }
}

Node example() {
    return parse_tree("root: /proc\nlist: [a, \"b\", ~, [], {}, [1, [2, 3]]]\nmap:\n  x: {y: z}\n  w:\n", "c",
                      environment())
        .value;
}

TEST(AbiValue, IsTheTreeFieldByField) {
    expect_same(AbiValue(example()).get(), example());
}

TEST(AbiValue, OwnsWhatItPointsTo) {
    auto source = std::make_unique<Node>(example());
    const AbiValue value(*source);
    source.reset();
    expect_same(value.get(), example());
}

TEST(AbiValue, StaysWhereItIsWhenItsOwnerMoves) {
    AbiValue first(example());
    const heddle_value* const root = first.get();
    AbiValue second(std::move(first));
    EXPECT_EQ(second.get(), root);
    AbiValue third((Node()));
    third = std::move(second);
    EXPECT_EQ(third.get(), root);
    expect_same(root, example());
}

TEST(AbiValue, OfNothingIsAnEmptyMapThatKeepsItsPlace) {
    Node nothing;
    nothing.key = "config";
    nothing.place = {7, 3};
    const AbiValue value(nothing);
    EXPECT_EQ(value.get()->kind, static_cast<std::uint32_t>(HEDDLE_MAP));
    EXPECT_EQ(value.get()->count, 0U);
    EXPECT_EQ(value.get()->line, 7U);
    EXPECT_EQ(value.get()->column, 3U);
    EXPECT_EQ(view(value.get()->key), "config");
}

TEST(AbiValue, HoldsTreesOfAnySizeThatCanBeRead) {
    std::string text = "[";
    for (int i = 0; i < 20'000; ++i) {
        text += "[a, {b: c}], ";
    }
    const auto tree = parse_tree(text + "]", "c", environment());
    ASSERT_TRUE(tree.ok());
    expect_same(AbiValue(tree.value).get(), tree.value);
}

}  // namespace
}  // namespace heddle::config
