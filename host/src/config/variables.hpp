// ${NAME} and ${NAME:-default} in a text, replaced by what the environment holds.
//
// Pure but for the environment it is given: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace heddle::config {

struct VariableProblem {
    std::size_t dollar = 0;  // which dollar sign of the text it is about, counted from 0
    std::string message;
};

struct Expanded {
    std::string text;
    std::vector<VariableProblem> problems;
};

// As in a shell, ${NAME:-default} takes the default when NAME is unset or empty; "$$" gives one dollar sign, and a
// dollar sign before anything else stays what it is. What is put in is not looked at again. A text that would grow
// beyond `limit` bytes ends in a problem.
Expanded expand_variables(std::string_view text, const Environment& environment, std::size_t limit);

}  // namespace heddle::config
