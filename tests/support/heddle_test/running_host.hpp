// A host with modules for a test, and everything that was logged meanwhile.
//
// Thread-safety: what it offers may be called from any thread. Destroying it stops the host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <heddle/host.hpp>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle_test/temp_dir.hpp"

namespace heddle::test {

class RunningHost {
public:
    // Starts the configuration's modules; report() says what could not be. The plugins are the build's own: they are
    // not tried in a child process first.
    RunningHost(std::string_view config, std::vector<std::filesystem::path> plugins)
        : config_(folder_.write("config.yaml", std::string(config).append("host: {preflight: false}\n"))),
          host_(options(std::move(plugins))),
          report_(host_.start()) {}

    heddle::host& operator*() { return host_; }
    heddle::host* operator->() { return &host_; }

    // The problems of the start, one a line, the configuration's file named "config.yaml".
    std::string report() const {
        std::string all;
        for (const heddle::problem& problem : report_.problems) {
            std::string text = problem.text;
            if (const std::size_t at = text.find(config_.string()); at != std::string::npos) {
                text.replace(at, config_.string().size(), "config.yaml");
            }
            all += text + "\n";
        }
        return all;
    }

    // "warn stats: the text", for each line that contains this.
    std::vector<std::string> logged(std::string_view part) {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> found;
        std::ranges::copy_if(lines_, std::back_inserter(found),
                             [&](const std::string& line) { return line.find(part) != std::string::npos; });
        return found;
    }

private:
    heddle::host_options options(std::vector<std::filesystem::path> plugins) {
        heddle::host_options options;
        options.plugins = std::move(plugins);
        options.config = config_;
        options.log_level = "debug";
        options.log_to_stderr = false;
        options.log_sink = [this](std::uint32_t level, std::string_view module_name, std::string_view text) {
            keep(level, module_name, text);
        };
        return options;
    }

    void keep(std::uint32_t level, std::string_view module_name, std::string_view text) {
        static constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error", "critical"};
        std::string line(names[std::min<std::size_t>(level, 5)]);
        line.append(" ").append(module_name).append(": ").append(text);
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::move(line));
    }

    TempDir folder_;
    std::filesystem::path config_;
    std::mutex mutex_;  // guards lines_
    std::vector<std::string> lines_;
    heddle::host host_;
    heddle::host_report report_;
};

}  // namespace heddle::test
