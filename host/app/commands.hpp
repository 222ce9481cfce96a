// The commands of the program `heddle`. Each gives the exit code; texts for people go to standard output, problems to
// standard error. Nothing here knows the host's inside beyond its library and its discovery.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace heddle::app {

/// Documented in `heddle --help` and docs/command-line.md; never renumbered.
enum ExitCode : int {
    fine = 0,
    refused = 1,        ///< the configuration or the command's subject cannot be used
    usage = 2,          ///< the command line makes no sense
    partly_failed = 3,  ///< it ran, but some plugin or module failed
    stuck = 4           ///< it ran, but something could not be stopped in time
};

/// What to try when no module is there to run.
inline constexpr const char* no_module_cure =
    "name plugin directories with --plugins DIR (heddle list shows what they hold)";

struct RunOptions {
    std::vector<std::filesystem::path> plugins;
    std::filesystem::path config;
    std::optional<std::chrono::nanoseconds> bound;  ///< --for
    std::string log_level;
    bool log_json = false;
};

int run(const RunOptions& options);
int check(const RunOptions& options, bool json);
int inspect(const std::vector<std::filesystem::path>& files, bool json);
int list(const RunOptions& options, bool json);

}  // namespace heddle::app
