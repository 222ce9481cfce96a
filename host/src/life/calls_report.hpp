// Who called whom, from the call plane's counts. Thread-safety: any thread.
#pragma once

#include <heddle/abi.h>

#include <heddle/host_functions.hpp>
#include <vector>

namespace heddle::life {

/// Every caller and function with at least one call, links that are gone included, sorted by name.
std::vector<call_info> report_calls(const heddle_host& host);

}  // namespace heddle::life
