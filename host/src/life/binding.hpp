// Whether a handle and a function fit, and in which order modules start. Pure functions over what modules declared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "life/module.hpp"
#include "plane/links.hpp"

namespace heddle::life {

/// One side of what two modules must agree on.
struct Side {
    std::string_view module;
    std::string_view does;  ///< "calls", "provides"
    std::string_view signature;
    std::uint64_t fingerprint;
    std::uint32_t tier;
    std::string_view toolchain;
};
/// Empty if they do, else a sentence with both signatures and where they part.
std::string mismatch(const Side& user, const Side& owner, std::string_view full_name);

/// Empty if the handle may be bound to the function, else a sentence with both signatures and where they part. The tags
/// name the two sides' toolchains.
std::string mismatch(const plane::LinkRecord& handle, std::string_view handle_toolchain, const FunctionRecord& function,
                     std::string_view function_toolchain);

/// The modules that require each other in a circle, as one path for each circle found: {a, b, c} for a -> b -> c -> a.
std::vector<std::vector<Module*>> find_cycles(const std::vector<Module*>& modules);

/// "a -> b -> a".
std::string spell_cycle(const std::vector<Module*>& cycle);

}  // namespace heddle::life
