// A host in this process with test plugins, started from a few lines of configuration, and what it logged.
//
//     LiveHost live({"node"}, "modules: [{name: a, plugin: node}, {name: b, plugin: node, config: {needs: [a]}}]");
//     auto add = live.host.function<u64(u64, u64)>("a.add");
//
// For test programs linked to heddle::host. Any thread, but for its making and ending.
#pragma once

#include <algorithm>
#include <heddle/host.hpp>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "heddle_test/latch.hpp"
#include "heddle_test/paths.hpp"
#include "heddle_test/temp_dir.hpp"
#include "heddle_test/wait_until.hpp"

namespace heddle::test {

// Timeouts that nobody meets who does not hang, however loaded the machine is.
inline constexpr std::string_view patient =
    "host:\n  preflight: false\n  start_timeout: 60s\n  stop_timeout: 60s\n  drain_timeout: 60s\n"
    "  gate_timeout: 60s\n  call_timeout: 60s\n";

class LiveHost {
public:
    struct Line {
        std::uint32_t level;
        std::string module;
        std::string text;
    };

    // `host_section` holds "host:" and what belongs to it, lines ended; `modules` the rest.
    LiveHost(const std::vector<std::string>& plugins, std::string_view modules, std::string_view host_section = patient)
        : host(options(plugins, std::string(host_section) + std::string(modules))) {}
    ~LiveHost() { latch::release_all(); }
    LiveHost(const LiveHost&) = delete;
    LiveHost& operator=(const LiveHost&) = delete;

    // The problems that start() met, as texts.
    std::vector<std::string> start() {
        std::vector<std::string> texts;
        for (const problem& one : host.start().problems) {
            texts.push_back(one.text);
        }
        return texts;
    }
    std::vector<std::string> stop() {
        std::vector<std::string> texts;
        for (const problem& one : host.stop()) {
            texts.push_back(one.text);
        }
        return texts;
    }

    std::string state_of(std::string_view module) { return info_of(module).state; }
    std::string reason_of(std::string_view module) { return info_of(module).reason; }
    module_info info_of(std::string_view module) {
        for (const module_info& one : host.modules()) {
            if (one.name == module) {
                return one;
            }
        }
        return {};
    }
    std::uint64_t calls(std::string_view caller, std::string_view function) {
        for (const call_info& one : host.calls()) {
            if (one.caller == caller && one.function == function) {
                return one.calls;
            }
        }
        return 0;
    }

    std::vector<Line> lines() {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    bool has_logged(std::string_view text) {
        const std::lock_guard lock(mutex_);
        return std::any_of(lines_.begin(), lines_.end(), [&](const Line& line) { return line.text == text; });
    }
    [[nodiscard]] bool wait_for_log(std::string_view text) {
        return wait_until([&] { return has_logged(text); }, std::chrono::seconds(60));
    }
    [[nodiscard]] bool wait_for_state(std::string_view module, std::string_view state) {
        return wait_until([&] { return state_of(module) == state; }, std::chrono::seconds(60));
    }

private:
    host_options options(const std::vector<std::string>& plugins, std::string config) {
        host_options made;
        for (const std::string& plugin : plugins) {
            made.plugins.push_back(plugin.starts_with("/") ? std::filesystem::path(plugin)
                                                           : test_plugins_dir() / plugin);
        }
        made.config_text = std::move(config);
        made.log_to_stderr = false;
        made.log_sink = [this](std::uint32_t level, std::string_view module, std::string_view text) {
            const std::lock_guard lock(mutex_);
            lines_.push_back({level, std::string(module), std::string(text)});
        };
        return made;
    }

    std::mutex mutex_;
    std::vector<Line> lines_;

public:
    heddle::host host;  // last: it logs until it is gone
};

// A folder with a copy of a test plugin, for LiveHost: a test that leaves its code behind in the process must not do so
// with the file that the next test unloads.
inline std::string own_copy(const TempDir& folder, const std::string& plugin) {
    std::filesystem::copy_file(test_plugins_dir() / plugin / (plugin + ".so"), folder / (plugin + ".so"));
    return folder.path().string();
}

// What a call threw: its kind as the class's name and its text; empty when it threw nothing.
template <class F>
std::string thrown_by(F&& f) {
    try {
        static_cast<void>(f());
        return {};
    } catch (const unavailable& e) {
        return std::string("unavailable: ") + e.what();
    } catch (const timeout& e) {
        return std::string("timeout: ") + e.what();
    } catch (const recursion& e) {
        return std::string("recursion: ") + e.what();
    } catch (const deadlock& e) {
        return std::string("deadlock: ") + e.what();
    } catch (const error& e) {
        return std::string("error: ") + e.what();
    }
}

}  // namespace heddle::test
