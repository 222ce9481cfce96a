// Whether a handle and a function fit, and in which order modules start. Pure functions over what modules declared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "life/module.hpp"
#include "plane/links.hpp"

namespace heddle::life {

/// Empty if the handle may be bound to the function, else a sentence with both signatures and where they part. The tags
/// name the two sides' toolchains.
std::string mismatch(const plane::LinkRecord& handle, std::string_view handle_toolchain, const FunctionRecord& function,
                     std::string_view function_toolchain);

/// The modules that require each other in a circle, as one path for each circle found: {a, b, c} for a -> b -> c -> a.
std::vector<std::vector<Module*>> find_cycles(const std::vector<Module*>& modules);

/// "a -> b -> a".
std::string spell_cycle(const std::vector<Module*>& cycle);

}  // namespace heddle::life
