#include "life/binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace heddle::life {

namespace {

/// The texts from a little before the place where they part.
std::string part_of(std::string_view text, std::size_t at) {
    const std::size_t begin = at > 12 ? at - 12 : 0;
    return fmt::format("{}{}{}", begin == 0 ? "" : "...", text.substr(begin, 32),
                       begin + 32 < text.size() ? "..." : "");
}

}  // namespace

std::string mismatch(const Side& user, const Side& owner, std::string_view full_name) {
    const std::string_view asked = user.signature;
    const std::string_view given = owner.signature;
    if (asked != given) {
        const auto parts = std::mismatch(asked.begin(), asked.end(), given.begin(), given.end());
        const auto at = static_cast<std::size_t>(parts.first - asked.begin());
        return fmt::format(
            "module '{}' {} {} as '{}', but module '{}' {} it as '{}'; they part at character {}: "
            "'{}' against '{}'. Build both against the same declaration",
            user.module, user.does, full_name, asked, owner.module, owner.does, given, at + 1, part_of(asked, at),
            part_of(given, at));
    }
    if (user.fingerprint != owner.fingerprint) {
        return fmt::format(
            "module '{}' {} {} as '{}', which has another fingerprint than module '{}' gives for the "
            "same text; one of the two plugins is damaged: rebuild both",
            user.module, user.does, full_name, asked, owner.module);
    }
    if (std::max(user.tier, owner.tier) >= HEDDLE_TIER_TOOLCHAIN && user.toolchain != owner.toolchain) {
        return fmt::format(
            "module '{}' {} {} as '{}', which holds types that only the same toolchain lays out alike: "
            "'{}' was built with {}, '{}' with {}. Rebuild one of them, or describe the types with "
            "BOOST_DESCRIBE_STRUCT",
            user.module, user.does, full_name, asked, user.module, user.toolchain, owner.module, owner.toolchain);
    }
    return {};
}

std::string mismatch(const plane::LinkRecord& handle, std::string_view handle_toolchain, const FunctionRecord& function,
                     std::string_view function_toolchain) {
    std::string problem = mismatch(
        {handle.caller.name, "calls", handle.signature_text, handle.fingerprint, handle.tier, handle_toolchain},
        {function.module->name(), "provides", function.signature, function.fingerprint, function.tier,
         function_toolchain},
        function.full_name);
    if (!problem.empty()) {
        return problem;
    }
    if (function.policy == HEDDLE_QUEUED && handle.queued_endpoint.code == nullptr) {
        return fmt::format(
            "module '{}' calls {}, which is queued, through a handle that cannot send messages: its plugin was built "
            "for version 1.0 of the ABI. Rebuild it",
            handle.caller.name, function.full_name);
    }
    return {};
}

std::vector<std::vector<Module*>> find_cycles(const std::vector<Module*>& modules) {
    // Depth first; a module met again while it is still on the path closes a circle.
    enum class Mark { white, grey, black };
    std::map<Module*, Mark> marks;
    for (Module* const module : modules) {
        marks[module] = Mark::white;
    }
    std::vector<std::vector<Module*>> cycles;
    struct Step {
        Module* module;
        std::size_t next;
    };
    for (Module* const root : modules) {
        if (marks[root] != Mark::white) {
            continue;
        }
        std::vector<Step> path{{root, 0}};
        marks[root] = Mark::grey;
        while (!path.empty()) {
            Step& step = path.back();
            if (step.next == step.module->requires_.size()) {
                marks[step.module] = Mark::black;
                path.pop_back();
                continue;
            }
            Module* const required = step.module->requires_[step.next++];
            const auto mark = marks.find(required);
            if (mark == marks.end() || mark->second == Mark::black) {
                continue;
            }
            if (mark->second == Mark::white) {
                mark->second = Mark::grey;
                path.push_back({required, 0});
                continue;
            }
            const auto begin =
                std::find_if(path.begin(), path.end(), [&](const Step& s) { return s.module == required; });
            std::vector<Module*>& cycle = cycles.emplace_back();
            std::for_each(begin, path.end(), [&](const Step& s) { cycle.push_back(s.module); });
        }
    }
    return cycles;
}

std::string spell_cycle(const std::vector<Module*>& cycle) {
    std::string text;
    for (const Module* const module : cycle) {
        text += module->name() + " -> ";
    }
    return text + cycle.front()->name();
}

}  // namespace heddle::life
