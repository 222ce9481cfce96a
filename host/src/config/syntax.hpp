// Turns what yaml-cpp says of text that is no yaml into what its author needs to hear.
//
// Pure: any thread.
#pragma once

#include <yaml-cpp/exceptions.h>

#include <optional>
#include <string_view>

#include "config/problem.hpp"
#include "config/source.hpp"

namespace heddle::config {

// `open` is the place of the innermost '[' or '{' that was open when the parser gave up, if one was.
Problem explain_syntax(const YAML::Exception& error, const Source& source, std::string_view file,
                       std::optional<Place> open);

// Where a value itself begins when `offset` is at its anchor (&name) or tag (!!str); else `offset`.
std::size_t skip_properties(const Source& source, std::size_t offset);

// Whether the scalar at `offset` begins with a quote that has no end: yaml-cpp then takes the rest of a file that
// ends its last line for the text, without a word.
bool is_open_quote(const Source& source, std::size_t offset);

}  // namespace heddle::config
