// What is wrong with a configuration, and where. Readers collect problems and go on, so that all are told in one go.
//
// Plain value types without shared state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"

namespace heddle::config {

struct Problem {
    std::string file{};     // as the user spelled it
    Place place{};          // line 0: about the file as a whole
    std::string message{};  // what was found, what was expected, what to do

    friend bool operator==(const Problem&, const Problem&) = default;
};

using Problems = std::vector<Problem>;

// Orders by file, line and column; problems at one place keep the order they were found in. Drops exact repetitions.
void sort(Problems& problems);

// "config.yaml:14:5: message", or "config.yaml: message" without a line.
std::string to_string(const Problem& problem);

// One problem a line, each line ended.
std::string to_string(const Problems& problems);

}  // namespace heddle::config
