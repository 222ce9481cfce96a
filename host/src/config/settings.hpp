// What the configuration says, typed and checked: the host's own settings, the modules and the wiring.
//
// Plain aggregates with the defaults of docs/configuration.md, so that an application that embeds the host fills them
// in code (`Settings s; s.modules.push_back({.name = "stats"});`: every member has a default) and a file fills them
// through config/load.hpp. Threads: as a standard container.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"

namespace heddle::config {

using Duration = std::chrono::nanoseconds;

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, critical };  // values as HEDDLE_TRACE ...

enum class Policy : std::uint8_t { other, batch, idle, fifo, rr };  // sched(7)

enum class Idle : std::uint8_t {
    park,   // looks for ThreadSettings::spin, then sleeps until there is something to do
    yield,  // gives the CPU away between looks
    spin    // keeps looking: the shortest reaction for a whole core
};

struct LogSettings {
    LogLevel level = LogLevel::info;
    std::filesystem::path file{};  // empty: standard error only
    bool json = false;
};

struct HostSettings {
    Duration call_timeout = std::chrono::seconds(10);   // the longest wait for an exclusive module
    Duration gate_timeout = std::chrono::seconds(1);    // the longest wait at a gate
    Duration start_timeout = std::chrono::seconds(10);  // of one module
    Duration stop_timeout = std::chrono::seconds(5);    // of one module
    Duration drain_timeout = std::chrono::seconds(5);   // until the last call has left a module
    std::uint32_t call_depth = 64;                      // 8..4096: slots of a thread's stack of links
    bool preflight = true;                              // try unknown plugin files in a child process first
    Duration preflight_timeout = std::chrono::seconds(10);
    std::filesystem::path preflight_cache{};  // empty: the host's own choice
    LogSettings log{};
    std::vector<std::filesystem::path> plugins{};  // directories to look for plugins in
};

struct ThreadSettings {
    std::vector<std::uint32_t> cpus{};  // ascending, each once; empty: every CPU
    Policy policy = Policy::other;
    std::int32_t priority = 0;  // fifo and rr: 1..99; else a nice value, -20..19
    Idle idle = Idle::park;
    Duration spin = std::chrono::microseconds(10);  // 0..1s: with Idle::park, how long it looks before it sleeps
    std::uint32_t mailbox = 1024;  // 1..65536: messages that one calling thread may have in the mailbox
};

// A name for a function that callers use, and the function that serves it.
struct Wire {
    std::string name{};
    std::string target{};
    Place name_place{};
    Place target_place{};
};

struct ModuleSettings {
    std::string name{};
    std::string plugin{};  // empty: as the name; see plugin_name()
    bool enabled = true;
    std::optional<LogLevel> log_level{};      // none: the host's
    std::optional<Duration> start_timeout{};  // none: the host's
    std::optional<Duration> stop_timeout{};   // none: the host's
    ThreadSettings thread{};
    std::vector<Wire> wire{};  // goes before the global one
    Node config{};             // for the plugin; null when there is none, but with the module's place
    Place place{};             // of the name
    Place plugin_place{};      // of the plugin's name, of the module's name where it has none

    const std::string& plugin_name() const { return plugin.empty() ? name : plugin; }
};

struct Settings {
    std::string file{};  // for error messages: the file as the user spelled it, or empty
    HostSettings host{};
    std::vector<ModuleSettings> modules{};
    std::vector<Wire> wire{};

    const ModuleSettings* find_module(std::string_view name) const;

    // The wire that a name called by `module` goes through, its own before the global one, or null when the name is
    // the function's own. Valid as long as the settings are not changed.
    const Wire* wire_for(const ModuleSettings& module, std::string_view name) const;
};

std::string_view to_string(LogLevel level);
std::string_view to_string(Policy policy);
std::string_view to_string(Idle idle);
std::optional<LogLevel> parse_log_level(std::string_view text);

}  // namespace heddle::config
