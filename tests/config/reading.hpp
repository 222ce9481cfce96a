// What the tests of the configuration share: reading a text under the name config.yaml with an environment of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/load.hpp"

namespace heddle::config {

inline Environment environment(std::map<std::string, std::string> variables = {}) {
    return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto variable = variables.find(name);
        return variable == variables.end() ? std::nullopt : std::optional(variable->second);
    };
}

// All problems of a text, one a line.
inline std::string problems(std::string_view text, std::map<std::string, std::string> variables = {}) {
    return to_string(parse(text, "config.yaml", "", environment(std::move(variables))).problems);
}

// The settings of a text that has no problem; a text with one gives none.
inline std::optional<Settings> settings(std::string_view text, std::map<std::string, std::string> variables = {}) {
    Loaded<Settings> loaded = parse(text, "config.yaml", "", environment(std::move(variables)));
    return loaded.ok() ? std::optional(std::move(loaded.value)) : std::nullopt;
}

// The tree on lines of its own: "key 1:1 'text' 1:6", children indented, for comparing places.
inline std::string outline(const Node& node, std::size_t depth = 0) {
    const auto at = [](Place place) { return std::to_string(place.line) + ':' + std::to_string(place.column); };
    std::string text(2 * depth, ' ');
    if (!node.key.empty()) {
        text += node.key + ' ' + at(node.key_place) + ' ';
    }
    text += found(node) + ' ' + at(node.place) + '\n';
    for (const Node& child : node.children) {
        text += outline(child, depth + 1);
    }
    return text;
}

inline std::string outline_of(std::string_view text, std::map<std::string, std::string> variables = {}) {
    const Loaded<Node> tree = parse_tree(text, "config.yaml", environment(std::move(variables)));
    return tree.ok() ? outline(tree.value) : to_string(tree.problems);
}

}  // namespace heddle::config
