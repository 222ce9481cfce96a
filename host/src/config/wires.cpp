#include "config/wires.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace heddle::config {
namespace {

using Names = std::unordered_map<std::string_view, const Wire*>;

Names by_name(const std::vector<Wire>& wires) {
    Names names;
    for (const Wire& wire : wires) {
        names.emplace(wire.name, &wire);
    }
    return names;
}

// The wires of one section, and those that stand behind them: problems are noted at the section's own.
struct Wiring {
    const Names& own;
    const Names& behind;
    std::string where;

    bool is_own(const Wire* wire) const {
        const auto found = own.find(wire->name);
        return found != own.end() && found->second == wire;
    }
    const Wire* find(std::string_view name) const {
        for (const Names* names : {&own, &behind}) {
            if (const auto found = names->find(name); found != names->end()) {
                return found->second;
            }
        }
        return nullptr;
    }
};

constexpr std::size_t longest_shown = 8;
constexpr std::size_t longest_followed = 64;  // where a longer chain ends is no longer worth the time

std::string route(const std::vector<const Wire*>& path) {
    std::string text;
    for (std::size_t i = 0; i < path.size() && i < longest_shown; ++i) {
        text += path[i]->name + " -> ";
    }
    return text + (path.size() > longest_shown ? "... -> " : "") + path.front()->name;
}

void follow(const Wire& start, const Wiring& wiring, Report& report) {
    std::vector<const Wire*> path = {&start};
    const Wire* next = wiring.find(start.target);
    while (next != nullptr && next != &start && path.size() < longest_followed) {
        path.push_back(next);
        next = wiring.find(next->target);
    }
    const auto own = std::find_if(path.begin(), path.end(), [&](const Wire* wire) { return wiring.is_own(wire); });
    const Place at = (*own)->target_place;
    if (next == &start && path.size() == 1) {
        report.add(at, '\'' + start.name + '\'' + wiring.where + " is wired to itself (remove the wire)");
    } else if (next == &start) {
        const bool told_elsewhere = std::any_of(path.begin(), path.end(), [&](const Wire* wire) {
            return wiring.is_own(wire) && (!wiring.is_own(&start) || std::pair(wire->name_place, wire->name) <
                                                                         std::pair(start.name_place, start.name));
        });
        if (!told_elsewhere) {
            report.add(at, "the wires" + wiring.where + " go round in a circle: " + route(path) +
                               " (wire each name to the function that serves it)");
        }
    } else if (path.size() > 1) {
        const std::string& end = path.back()->target;
        report.add(at, '\'' + start.name + '\'' + wiring.where + " is wired to '" + start.target +
                           "', which is itself wired to '" + path[1]->target + "' (wire '" + start.name + "' to " +
                           (next == nullptr ? '\'' + end + "' directly)" : "the function that serves it)"));
    }
}

}  // namespace

bool is_function_name(std::string_view name) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    bool has_dot = false;
    bool part_empty = true;
    for (const char c : name) {
        if (c == '.') {
            if (part_empty) {
                return false;
            }
            has_dot = true;
            part_empty = true;
        } else if (is_plain(c)) {
            part_empty = false;
        } else {
            return false;
        }
    }
    return has_dot && !part_empty;
}

std::vector<Wire> read_wires(const Node* node, const std::string& where, Report& report) {
    std::vector<Wire> wires;
    if (node == nullptr || node->is_null()) {
        return wires;
    }
    if (!node->is_map()) {
        report.add(node->place, "'wire'" + where +
                                    " must be a map of names that are called to functions that serve them "
                                    "(storage.write: sqlite.write), found " +
                                    found(*node));
        return wires;
    }
    constexpr const char* form =
        " is no function name (expected module.function, such as storage.write, of a-z, 0-9, _ and -)";
    for (const Node& child : node->children) {
        bool good = true;
        if (!is_function_name(child.key)) {
            report.add(child.key_place, '\'' + shorten(child.key) + '\'' + form);
            good = false;
        }
        if (!child.is_scalar()) {
            report.add(child.place, '\'' + shorten(child.key) + '\'' + where +
                                        " must be wired to the name of a function, found " + found(child));
            good = false;
        } else if (!is_function_name(child.text)) {
            report.add(child.place, '\'' + shorten(child.text) + '\'' + form);
            good = false;
        }
        if (good) {
            wires.push_back({child.key, child.text, child.key_place, child.place});
        }
    }
    return wires;
}

void check_wires(const Settings& settings, Report& report) {
    const Names nothing;
    const Names global = by_name(settings.wire);
    std::unordered_multimap<std::string_view, const Wire*> global_by_target;
    for (const Wire& wire : settings.wire) {
        global_by_target.emplace(wire.target, &wire);
        follow(wire, {global, nothing, ""}, report);
    }
    for (const ModuleSettings& module : settings.modules) {
        const Names own = by_name(module.wire);
        const Wiring wiring{own, global, " for module '" + module.name + '\''};
        for (const Wire& wire : module.wire) {
            follow(wire, wiring, report);
            const auto [first, last] = global_by_target.equal_range(wire.name);
            for (auto into = first; into != last; ++into) {
                if (!own.contains(into->second->name)) {
                    follow(*into->second, wiring, report);
                }
            }
        }
    }
}

}  // namespace heddle::config
