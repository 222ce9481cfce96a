// The real program with a configuration of the test's own, in a folder of its own.
//
//     Workplace here("modules: [{name: node}]\n");
//     Program heddle(here.command({"--for", "1s"}, {"node"}), here.options());
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "heddle_test/support.hpp"

namespace heddle::test {

// With this every module says on standard error that it runs; see also `running`.
inline constexpr std::string_view talkative = "--log-level=debug";
inline std::string running(std::string_view module) {
    return "module '" + std::string(module) + "' is running";
}

class Workplace {
public:
    explicit Workplace(std::string_view config) { folder.write("config.yaml", config); }

    // heddle run --config (the file) --plugins (the folder of each test plugin) ...
    std::vector<std::string> command(const std::vector<std::string>& more,
                                     const std::vector<std::string>& plugins) const {
        std::vector<std::string> all{heddle_program().string(), "run", "--config", "config.yaml"};
        for (const std::string& plugin : plugins) {
            all.insert(all.end(), {"--plugins", (test_plugins_dir() / plugin).string()});
        }
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    // In the folder, with a memory of tried plugins of its own.
    ProgramOptions options() const {
        ProgramOptions made;
        made.cwd = folder.path();
        made.environment["XDG_CACHE_HOME"] = (folder / "cache").string();
        return made;
    }
    ProgramResult run(const std::vector<std::string>& more, const std::vector<std::string>& plugins) const {
        return run_program(command(more, plugins), options());
    }

    TempDir folder;
};

// Texts of this program may name the build's folder; with this a test can compare them whole.
inline std::string without(std::string text, const std::filesystem::path& folder, std::string_view name) {
    const std::string long_name = folder.string();
    for (auto at = text.find(long_name); at != std::string::npos; at = text.find(long_name)) {
        text.replace(at, long_name.size(), name);
    }
    return text;
}

}  // namespace heddle::test
