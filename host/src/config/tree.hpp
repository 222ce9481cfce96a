// From yaml text to a tree of nodes. What load.hpp's parse_tree() gives, with what only the next step needs to know.
//
// Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "config/load.hpp"
#include "config/node.hpp"
#include "config/problem.hpp"

namespace heddle::config {

struct Tree {
    Node root;
    Problems problems;
    bool complete = false;      // false: the text could not be read to its end, so what is missing says nothing
    std::vector<Place> broken;  // scalars whose variables could not be replaced: they need no second complaint
};

Tree read_tree(std::string_view bytes, std::string_view file, const Environment& environment);

}  // namespace heddle::config
