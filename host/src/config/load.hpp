// Reads configurations: yaml text to a tree of nodes, and the tree to settings, with all problems in one go.
//
// Every function may run on any thread. None throws for what a configuration or a file may hold; only std::bad_alloc
// passes. No problem stops the reading of the rest, except one of yaml's own syntax, which ends the tree there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/node.hpp"
#include "config/problem.hpp"
#include "config/settings.hpp"

namespace heddle::config {

// Bounds on what is read: a file far beyond them is a mistake or an attack, not a configuration.
inline constexpr std::size_t max_file_size = std::size_t{1} << 20U;  // bytes: 1 MiB
inline constexpr std::size_t max_depth = 64;                         // maps and lists in each other
inline constexpr std::size_t max_nodes = 100'000;  // values, aliases (*name) counted as what they stand for
inline constexpr std::size_t max_text = std::size_t{16} << 20U;  // 16 MiB of all texts after aliases and variables

// The value of a variable, or none when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The environment of this process (getenv: as always, not while another thread calls setenv).
Environment process_environment();

// What was read, as far as it could be, and what is wrong with it. Use the value only when nothing is wrong.
template <typename T>
struct Loaded {
    T value;
    Problems problems;  // sorted

    bool ok() const { return problems.empty(); }
};

// A tree out of yaml text. ${NAME} and ${NAME:-default} in values (never in keys) are replaced, $$ is a dollar. An
// empty text gives a null node. `file` is the name for messages.
Loaded<Node> parse_tree(std::string_view text, std::string_view file, const Environment& environment);
Loaded<Node> load_tree(const std::filesystem::path& file, const Environment& environment);

// Settings out of a tree. Relative paths are taken from `directory`; "" leaves them as they are.
Loaded<Settings> to_settings(const Node& root, std::string_view file, const std::filesystem::path& directory);

// Both steps. load() takes the file's own directory for relative paths.
Loaded<Settings> parse(std::string_view text, std::string_view file, const std::filesystem::path& directory = {},
                       const Environment& environment = process_environment());
Loaded<Settings> load(const std::filesystem::path& file, const Environment& environment = process_environment());

}  // namespace heddle::config
