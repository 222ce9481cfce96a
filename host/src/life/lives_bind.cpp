// A part of Lives: leads the calls of modules, and of the application, to the functions that serve them.
#include <fmt/format.h>

#include <algorithm>

#include "heddle/nearest.hpp"
#include "life/binding.hpp"
#include "life/lives.hpp"
#include "plane/links.hpp"
#include "plane/threads.hpp"

namespace heddle::life {

namespace {

bool contains(const std::vector<Module*>& modules, const Module* module) {
    return std::find(modules.begin(), modules.end(), module) != modules.end();
}

}  // namespace

std::string_view Lives::toolchain_of(const heddle_module& module) const {
    return module.life == nullptr || module.life->plugin == nullptr ? std::string_view(application_toolchain_)
                                                                    : module.life->plugin->file().toolchain;
}

bool Lives::is_alive(const Module* module) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const auto& e) { return e.second.module.get() == module; });
}

Lives::Binding Lives::bind_link(plane::LinkRecord& link, const config::ModuleSettings& caller) {
    const config::Wire* const wire = shared_->settings.wire_for(caller, link.wanted);
    const std::string& target = wire == nullptr ? link.wanted : wire->target;
    const auto found = functions_.find(target);
    if (found == functions_.end()) {
        if (link.gate.load(std::memory_order_relaxed) == static_cast<std::uint32_t>(plane::Gate::unbound)) {
            plane::shut(link, plane::Gate::absent);  // else it says already why its provider is gone
        }
        std::vector<std::string> names;
        for (const auto& [name, function] : functions_) {
            names.push_back(name);
        }
        const std::string wired = wire == nullptr
                                      ? ""
                                      : fmt::format(" (wired to {} at {}:{}:{})", target, shared_->settings.file,
                                                    wire->target_place.line, wire->target_place.column);
        const std::string call = fmt::format("module '{}' calls {}{}", link.caller.name, link.wanted, wired);
        const auto provider = entries_.find(target.substr(0, target.find('.')));
        if (provider != entries_.end() && provider->second.module == nullptr) {
            const bool enabled = provider->second.settings.enabled;
            const bool is_failed = provider->second.state == State::failed;
            return {Bound::absent,
                    fmt::format("{}, which nobody provides while module '{}' is {}; {}", call, provider->first,
                                !enabled    ? "disabled"
                                : is_failed ? "failed"
                                            : "stopped",
                                !enabled    ? "enable it in the configuration"
                                : is_failed ? "see what it failed of"
                                            : "start it first")};
        }
        return {Bound::absent,
                fmt::format("{}, which no module provides{}; add a module that provides it, or wire the name "
                            "to another function under 'wire:'",
                            call, did_you_mean(target, names))};
    }
    FunctionRecord& function = *found->second;
    std::string problem = mismatch(link, toolchain_of(link.caller), function, toolchain_of(function.module->record));
    if (!problem.empty()) {
        plane::shut(link, plane::Gate::absent);
        return {Bound::refused, std::move(problem)};
    }
    plane::set_serves(link, function.full_name);
    link.provider.store(&function.module->record, std::memory_order_relaxed);
    link.runs.store(&function.target, std::memory_order_release);
    if (function.module->state == State::running) {
        plane::open(link, function.endpoint, function.target);
    } else {
        plane::shut(link, plane::Gate::starting);
    }
    return {Bound::yes, {}};
}

void Lives::bind(std::vector<Module*>& modules, Troubles& troubles) {
    for (Module* const module : modules) {
        for (const auto& function : module->functions) {
            functions_.emplace(function->full_name, function.get());
        }
        shared_->events.add_events_of(*module);
    }
    // All problems of all modules first, then the failures: everything is said at once.
    struct Failed {
        Module* module;
        std::string name;
        std::string problems;
    };
    std::vector<Failed> failed;
    for (Module* const module : modules) {
        std::string all;
        for (plane::LinkRecord* const link : module->handles) {
            const Binding binding = bind_link(*link, module->settings);
            if (binding.outcome == Bound::yes) {
                Module* const provider = link->provider.load(std::memory_order_relaxed)->life;
                std::vector<Module*>& before = link->required ? module->requires_ : module->prefers_;
                if (provider != module && !contains(before, provider)) {
                    before.push_back(provider);
                }
            } else if (link->required) {
                all += (all.empty() ? "" : "; ") + binding.problem;
            } else if (binding.outcome == Bound::refused) {
                trouble(*module, binding.problem + "; the handle is optional, so the module runs without it", troubles);
            } else {
                log(HEDDLE_DEBUG, binding.problem + "; the handle is optional, so the module runs without it");
            }
        }
        const Events::Problems missed = shared_->events.bind(*module);
        if (!missed.of_required.empty()) {
            all += (all.empty() ? "" : "; ") + missed.of_required;
        }
        for (const std::string& problem : missed.refused) {
            trouble(*module, problem + "; the subscription is optional, so the module runs without it", troubles);
        }
        if (all.empty()) {
            module->state = entries_.at(module->name()).state = State::bound;
        } else {
            failed.push_back({module, module->name(), std::move(all)});
        }
    }
    for (Module* const module : modules) {
        for (const std::string& problem : shared_->events.attach_waiting(*module)) {
            log(HEDDLE_ERROR, problem);
        }
    }
    // Handles of others, and of the application, that had waited for these functions.
    static const config::ModuleSettings application;
    each_own_link([&](plane::LinkRecord& link) {
        Module* const caller = link.caller.life;
        if (link.provider.load(std::memory_order_relaxed) == nullptr &&
            (caller == nullptr || !contains(modules, caller))) {
            const Binding binding = bind_link(link, caller == nullptr ? application : caller->settings);
            if (binding.outcome == Bound::refused) {
                log(HEDDLE_ERROR, binding.problem);
            } else if (binding.outcome == Bound::yes && caller != nullptr) {
                Module* const provider = link.provider.load(std::memory_order_relaxed)->life;
                if (!contains(caller->prefers_, provider)) {
                    caller->prefers_.push_back(provider);  // it stops before whom it may call, as if it had come later
                }
            }
        }
    });
    for (const Failed& one : failed) {
        if (is_alive(one.module)) {
            fail(*one.module, one.problems, troubles);
        } else {  // another took it along; its own problems are told all the same
            log(HEDDLE_ERROR, one.problems);
            troubles.push_back({Trouble::About::module, one.name, one.problems});
        }
    }
    std::erase_if(modules, [this](const Module* module) { return !is_alive(module); });
}

std::string Lives::bind_application(const heddle_handle& handle, std::string_view toolchain, heddle_link** link) {
    plane::LinkRecord* const made = plane::links().add(*application_, handle, shared_->table);
    if (made == nullptr) {
        return fmt::format("all {} links are in use", plane::max_links);
    }
    made->gate_timeout_ns = shared_->settings.host.gate_timeout.count();
    application_toolchain_ = toolchain;
    const Binding binding = bind_link(*made, config::ModuleSettings{});
    if (binding.outcome == Bound::refused) {
        plane::links().free_link(*made);
        return binding.problem;
    }
    *link = &made->line;
    return {};
}

}  // namespace heddle::life
