// One value of a configuration file with its place in it: the tree that yaml is read into, and that everything
// after the reader works on.
//
// A plain value type: copies are deep, a tree may be built in code as well as read. Threads: as a standard container.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle::config {

// A place in a file. Lines and columns count from 1, columns in characters (code points), a tab being one; 0 means
// that the thing stands in no file.
struct Place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    friend auto operator<=>(const Place&, const Place&) = default;
};

enum class Kind : std::uint8_t { null, scalar, list, map };

struct Node {
    Kind kind = Kind::null;
    bool quoted = false;           // a quoted (or block) scalar: a text, whatever it looks like
    std::string text{};            // a scalar's text, variables replaced
    std::string key{};             // this value's name in the map that holds it, else empty
    Place place{};                 // of the value; of the key where nothing stands behind it
    Place key_place{};             // of the key
    std::vector<Node> children{};  // of a list or a map, in the order of the file

    // The value of a key of this map, or null. Valid as long as the tree is not changed.
    const Node* find(std::string_view name) const;

    bool is_null() const { return kind == Kind::null; }
    bool is_scalar() const { return kind == Kind::scalar; }
    bool is_list() const { return kind == Kind::list; }
    bool is_map() const { return kind == Kind::map; }

    // For trees built in code: map({pair("interval", scalar("1s")), pair("disks", list({scalar("sda")}))}).
    static Node scalar(std::string text, bool quoted = false);
    static Node list(std::vector<Node> items);
    static Node map(std::vector<Node> pairs);
    static Node pair(std::string key, Node value);
};

// What a value is, for error messages: "a map", "a list", "nothing", "the text \"10\"", "'fast'".
std::string found(const Node& node);

// A text as a message can show it: its first line, at most 60 bytes, "..." where something was left out.
std::string shorten(std::string_view text);

}  // namespace heddle::config
