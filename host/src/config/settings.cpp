#include "config/settings.hpp"

#include <algorithm>
#include <array>

namespace heddle::config {
namespace {

constexpr std::array<std::string_view, 6> log_levels = {"trace", "debug", "info", "warn", "error", "critical"};
constexpr std::array<std::string_view, 5> policies = {"other", "batch", "idle", "fifo", "rr"};
constexpr std::array<std::string_view, 3> idles = {"park", "yield", "spin"};

const Wire* find_wire(const std::vector<Wire>& wires, std::string_view name) {
    const auto wire = std::find_if(wires.begin(), wires.end(), [&](const Wire& w) { return w.name == name; });
    return wire == wires.end() ? nullptr : &*wire;
}

}  // namespace

const ModuleSettings* Settings::find_module(std::string_view name) const {
    const auto module = std::find_if(modules.begin(), modules.end(), [&](const auto& m) { return m.name == name; });
    return module == modules.end() ? nullptr : &*module;
}

const Wire* Settings::wire_for(const ModuleSettings& module, std::string_view name) const {
    const Wire* own = find_wire(module.wire, name);
    return own != nullptr ? own : find_wire(wire, name);
}

std::string_view to_string(LogLevel level) {
    return log_levels[static_cast<std::size_t>(level)];
}
std::string_view to_string(Policy policy) {
    return policies[static_cast<std::size_t>(policy)];
}
std::string_view to_string(Idle idle) {
    return idles[static_cast<std::size_t>(idle)];
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
    const auto level = std::find(log_levels.begin(), log_levels.end(), text);
    if (level == log_levels.end()) {
        return std::nullopt;
    }
    return static_cast<LogLevel>(level - log_levels.begin());
}

}  // namespace heddle::config
