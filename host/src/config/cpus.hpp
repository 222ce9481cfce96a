// Sets of CPUs as people write them: 0, "0,2-3", [0, 2-3].
//
// Pure: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::config {

inline constexpr std::uint32_t max_cpu = 1023;  // CPU_SETSIZE - 1: what a cpu_set_t can name

// Adds the CPUs of "3", "0-3" or "0,2-3" to `cpus`. On failure gives what is wrong with the text, and adds none.
std::optional<std::string> add_cpus(std::string_view text, std::vector<std::uint32_t>& cpus);

// Each once, ascending.
void tidy_cpus(std::vector<std::uint32_t>& cpus);

}  // namespace heddle::config
