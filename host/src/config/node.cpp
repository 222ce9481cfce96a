#include "config/node.hpp"

#include <algorithm>

namespace heddle::config {

const Node* Node::find(std::string_view name) const {
    if (kind != Kind::map) {
        return nullptr;
    }
    const auto child = std::find_if(children.begin(), children.end(), [&](const Node& n) { return n.key == name; });
    return child == children.end() ? nullptr : &*child;
}

Node Node::scalar(std::string text, bool quoted) {
    Node node;
    node.kind = Kind::scalar;
    node.quoted = quoted;
    node.text = std::move(text);
    return node;
}

Node Node::list(std::vector<Node> items) {
    Node node;
    node.kind = Kind::list;
    node.children = std::move(items);
    return node;
}

Node Node::map(std::vector<Node> pairs) {
    Node node;
    node.kind = Kind::map;
    node.children = std::move(pairs);
    return node;
}

Node Node::pair(std::string key, Node value) {
    value.key = std::move(key);
    return value;
}

std::string found(const Node& node) {
    switch (node.kind) {
        case Kind::list:
            return "a list";
        case Kind::map:
            return "a map";
        case Kind::null:
            return "nothing";
        case Kind::scalar:
            break;
    }
    const std::string shown = shorten(node.text);
    return node.quoted ? "the text \"" + shown + '"' : '\'' + shown + '\'';
}

std::string shorten(std::string_view text) {
    constexpr std::size_t longest = 60;
    const std::size_t line_end = text.find('\n');
    std::size_t end = std::min({text.size(), line_end, longest});
    if (end < text.size()) {
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
            --end;  // not in the middle of a character
        }
        return std::string(text.substr(0, end)) + "...";
    }
    return std::string(text);
}

}  // namespace heddle::config
