// The wire: sections of a configuration: reading them, and the rule that a wire leads straight to a function.
//
// Pure but for the report: one thread at a time.
#pragma once

#include <string>
#include <vector>

#include "config/section.hpp"
#include "config/settings.hpp"

namespace heddle::config {

std::vector<Wire> read_wires(const Node* node, const std::string& where, Report& report);

// Notes wires that lead to the name of another wire, or in a circle. Of a module's wires, which go before the global
// ones, only what is not wrong globally already.
void check_wires(const Settings& settings, Report& report);

// Whether a text can name a function: module.function, of [a-z0-9_-] and at least one dot.
bool is_function_name(std::string_view name);

}  // namespace heddle::config
