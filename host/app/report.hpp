// What a run prints when it ends: modules, their states, who called whom how often and how long it took.
// Pure functions.
#pragma once

#include <heddle/host_functions.hpp>
#include <string>
#include <vector>

namespace heddle::app {

std::string run_report(const std::vector<call_info>& calls, const std::vector<module_info>& modules);

/// "412 ns", "1.3 us", "20 ms".
std::string spell_time(double ns);

}  // namespace heddle::app
