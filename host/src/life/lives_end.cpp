// The other half of Lives: failing, stopping and unloading.
#include <fmt/format.h>

#include <algorithm>

#include "life/lives.hpp"
#include "plane/callbacks.hpp"
#include "plane/calls.hpp"
#include "plane/futex.hpp"
#include "plane/grace.hpp"
#include "plane/waits.hpp"

namespace heddle::life {

namespace {

using Clock = Inbox::Clock;

/// Modules that could not be stopped, with all they refer to: their threads may still be in their code.
void keep_for_ever(std::unique_ptr<Module> module) {
    static auto* const kept = std::make_unique<std::vector<std::unique_ptr<Module>>>().release();
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    kept->push_back(std::move(module));
}

}  // namespace

void Lives::fail(Module& module, std::string reason, Troubles& troubles) {
    std::stable_sort(module.config_problems.begin(), module.config_problems.end(),
                     [](const auto& one, const auto& other) { return one.first < other.first; });
    for (const auto& [place, problem] : module.config_problems) {
        trouble(module, problem, troubles, place);
    }
    const std::string sentence = fmt::format("module '{}' failed: {}", module.name(), reason);
    if (module.config_problems.empty()) {
        trouble(module, sentence, troubles);
    } else {
        log(HEDDLE_ERROR, sentence);  // its problems are told already, each with its place
    }
    const std::string name = module.name();
    fail_dependents(module, troubles);  // what requires it cannot run without
    take_down({&module}, plane::Gate::failed, troubles);
    Entry& entry = entries_.at(name);
    entry.state = State::failed;
    entry.reason = std::move(reason);
    publish();
}

void Lives::fail_dependents(Module& module, Troubles& troubles) {
    std::vector<Module*> all = with_dependents(module);
    std::erase(all, &module);
    const std::string because = fmt::format("it requires module '{}', which has failed", module.name());
    std::vector<std::string> names;
    for (Module* const dependent : all) {
        trouble(*dependent, fmt::format("module '{}' failed: {}", dependent->name(), because), troubles);
        names.push_back(dependent->name());
    }
    while (!all.empty()) {
        const std::vector<Module*> wave = wave_of(all);
        std::erase_if(all, [&](Module* one) { return std::find(wave.begin(), wave.end(), one) != wave.end(); });
        take_down(wave, plane::Gate::failed, troubles);
    }
    for (const std::string& name : names) {
        entries_.at(name).state = State::failed;
        entries_.at(name).reason = because;
    }
}

std::vector<Module*> Lives::with_dependents(Module& module) const {
    std::vector<Module*> all{&module};
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (const auto& [name, entry] : entries_) {
            Module* const other = entry.module.get();
            if (other != nullptr && entry.state != State::failed &&
                std::find(all.begin(), all.end(), other) == all.end() &&
                std::find(other->requires_.begin(), other->requires_.end(), all[i]) != other->requires_.end()) {
                all.push_back(other);
            }
        }
    }
    return all;
}

std::vector<Module*> Lives::wave_of(const std::vector<Module*>& modules) const {
    const auto unused_by_others = [&](bool optional_too) {
        std::vector<Module*> wave;
        for (Module* const module : modules) {
            const auto uses = [&](const std::vector<Module*>& used) {
                return std::find(used.begin(), used.end(), module) != used.end();
            };
            if (std::none_of(modules.begin(), modules.end(), [&](const Module* other) {
                    return other != module && (uses(other->requires_) || (optional_too && uses(other->prefers_)));
                })) {
                wave.push_back(module);
            }
        }
        return wave;
    };
    std::vector<Module*> wave = unused_by_others(true);
    if (wave.empty()) {  // a circle of optional handles
        wave = unused_by_others(false);
    }
    return wave.empty() ? modules : wave;  // a circle of failed ones has no end to begin with
}

Troubles Lives::stop(std::string_view name) {
    Troubles troubles;
    const auto entry = entries_.find(std::string(name));
    if (entry != entries_.end() && entry->second.module != nullptr && entry->second.state != State::failed) {
        std::vector<Module*> all = with_dependents(*entry->second.module);
        while (!all.empty()) {
            const std::vector<Module*> wave = wave_of(all);
            std::erase_if(all, [&](Module* one) { return std::find(wave.begin(), wave.end(), one) != wave.end(); });
            take_down(wave, plane::Gate::stopped, troubles);
        }
    }
    settle();
    unload_unused(troubles);
    publish();
    return troubles;
}

Troubles Lives::stop_all(bool host_module_too) {
    Troubles troubles;
    settle();
    std::vector<Module*> all;
    for (const auto& [name, entry] : entries_) {
        if (entry.module != nullptr && (host_module_too || entry.file != nullptr)) {
            all.push_back(entry.module.get());
        }
    }
    std::sort(all.begin(), all.end(), [this](const Module* a, const Module* b) {
        return entries_.at(a->name()).order > entries_.at(b->name()).order;
    });
    const auto running = std::count_if(all.begin(), all.end(), [](const Module* module) {
        return module->plugin != nullptr && module->state == State::running;
    });
    if (running != 0) {
        log(HEDDLE_INFO, fmt::format("stopping {} module{}", running, running == 1 ? "" : "s"));
    }
    while (!all.empty()) {
        const std::vector<Module*> wave = wave_of(all);
        std::erase_if(all, [&](Module* one) { return std::find(wave.begin(), wave.end(), one) != wave.end(); });
        take_down(wave, plane::Gate::stopped, troubles);
    }
    broken_.clear();
    unload_unused(troubles);
    publish();
    return troubles;
}

void Lives::take_down(std::vector<Module*> wave, plane::Gate why, Troubles& troubles) {
    for (Module* const module : wave) {
        entries_.at(module->name()).state = module->state = State::draining;
        each_link_to(*module, [&](plane::LinkRecord& link) { plane::shut(link, why); });
        shared_->events.end(*module, why);
        plane::shut_callbacks(module->record, why);
    }
    publish();
    // No new call gets in from here on; those inside are waited for before anything of the module ends.
    std::erase_if(wave, [&](Module* const module) {
        const std::string inside = plane::wait_until_left(module->record, shared_->settings.host.drain_timeout);
        if (!inside.empty()) {
            module->loop.request_stop();
            abandon(*module,
                    fmt::format("module '{}' cannot be stopped: after {} (drain_timeout) it is still in use by {}; its "
                                "code stays loaded",
                                module->name(), plane::spell(shared_->settings.host.drain_timeout), inside),
                    troubles);
        }
        return !inside.empty();
    });

    // What had been accepted is run, as far as there is time.
    if (why == plane::Gate::stopped) {
        const auto until = plane::deadline_after(shared_->settings.host.drain_timeout);
        for (Module* const module : wave) {
            plane::Mailbox::Mark accepted;
            module->record.mailbox.mark(accepted);
            if (module->started && module->loop.is_serving()) {
                plane::wait_until_passed(accepted, until - Clock::now());
            }
        }
    }

    Waiting waiting;
    const auto wait_for_all = [&](Event::What what, std::string_view verb) {
        while (!waiting.empty()) {
            collect(what, waiting, [&](const Event& event) {
                if (!event.problem.empty()) {
                    entries_.at(event.module->name()).reason = event.problem;
                    trouble(*event.module,
                            fmt::format("module '{}' failed while it stopped: {}", event.module->name(), event.problem),
                            troubles);
                }
            });
            std::erase_if(waiting, [&](const auto& one) {
                if (one.second > Clock::now()) {
                    return false;
                }
                Module& late = *one.first;
                std::erase(wave, &late);
                abandon(late,
                        fmt::format("module '{}' did not {} within {} (stop_timeout): {}; its code stays loaded",
                                    late.name(), verb, plane::spell(late.stop_timeout), late.doing()),
                        troubles);
                return true;
            });
        }
    };
    for (Module* const module : wave) {
        module->loop.request_stop();
        if (module->started) {
            module->loop.give(Order::stop);
            waiting.emplace(module, plane::deadline_after(module->stop_timeout));
        }
    }
    wait_for_all(Event::What::stopped, "stop");
    for (Module* const module : wave) {
        if (!module->has_thread()) {
            continue;  // there was none to be had, and so nothing was constructed
        }
        module->loop.give(Order::end);
        waiting.emplace(module, plane::deadline_after(module->stop_timeout));
    }
    wait_for_all(Event::What::ended, "end");
    for (Module* const module : wave) {
        module->join();
        const plane::Mailbox::Mark sent = mark_others(*module);
        if (const std::string held = what_holds(*module, sent); !held.empty()) {
            abandon(*module,
                    fmt::format("module '{}' has stopped, but {}; its code stays loaded", module->name(), held),
                    troubles);
            continue;
        }
        Entry& entry = entries_.at(module->name());
        forget(*module, sent);
        entry.module.reset();
        entry.state = State::stopped;
    }
}

plane::Mailbox::Mark Lives::mark_others(const Module& module) {
    plane::Mailbox::Mark mark;
    for (const auto& [name, entry] : entries_) {
        if (entry.module != nullptr && entry.module.get() != &module) {
            entry.module->record.mailbox.mark(mark);
        }
    }
    return mark;
}

std::string Lives::what_holds(const Module& module, const plane::Mailbox::Mark& sent) {
    const std::chrono::nanoseconds bound = shared_->settings.host.drain_timeout;
    if (module.record.replies.load(std::memory_order_acquire) != 0) {
        return fmt::format("after {} (drain_timeout) answers to its calls are still to come", plane::spell(bound));
    }
    // Those that gave up waiting for it may be looking at its mailbox yet.
    if (const std::string inside = plane::wait_until_left(module.record, bound); !inside.empty()) {
        return fmt::format("after {} (drain_timeout) it is still in use by {}", plane::spell(bound), inside);
    }
    // Messages may end with code of its plugin.
    return plane::links().has_sent_code(module.record) && !plane::wait_until_passed(sent, bound)
               ? fmt::format("after {} (drain_timeout) messages that it sent have not been run", plane::spell(bound))
               : "";
}

void Lives::forget(Module& module, const plane::Mailbox::Mark& sent) {
    shared_->events.forget(module);
    each_link_to(module, [](plane::LinkRecord& link) {
        link.runs.store(nullptr, std::memory_order_relaxed);
        link.provider.store(nullptr, std::memory_order_relaxed);
    });
    plane::links().forget_mailbox(module.record.mailbox);
    for (const auto& [name, entry] : entries_) {
        if (entry.module != nullptr) {
            std::erase(entry.module->prefers_, &module);
            plane::forget_starts_after(entry.module->record, module.record);
        }
    }
    for (const auto& function : module.functions) {
        const auto found = functions_.find(function->full_name);
        if (found != functions_.end() && found->second == function.get()) {
            functions_.erase(found);
        }
    }
    std::erase_if(broken_, [&](const auto& one) { return one.first == &module; });
    std::erase_if(started_early_, [&](const Event& event) { return event.module == &module; });
    plane::links().free_links_of(module.record, sent);
}

void Lives::abandon(Module& module, const std::string& reason, Troubles& troubles) {
    trouble(module, reason, troubles);
    plane::shut_callbacks(module.record, plane::Gate::failed);
    shared_->events.forget(module);
    each_link_to(module, [](plane::LinkRecord& link) {
        plane::shut(link, plane::Gate::failed);
        link.runs.store(nullptr, std::memory_order_relaxed);
        link.provider.store(nullptr, std::memory_order_relaxed);
    });
    // Not by module.functions: a constructor that is late may be adding to them just now.
    std::erase_if(functions_, [&](const auto& one) { return one.second->module == &module; });
    module.loop.request_stop();  // should it come back after all, it is not to serve
    std::erase_if(broken_, [&](const auto& one) { return one.first == &module; });
    std::erase_if(started_early_, [&](const Event& event) { return event.module == &module; });
    Entry& entry = entries_.at(module.name());
    entry.state = module.state = State::failed;
    entry.reason = reason;
    if (module.has_thread()) {
        module.let_go();
    }
    if (module.plugin != nullptr) {
        plugins_.erase(module.plugin->file().name);  // stays loaded: the module holds it
    }
    keep_for_ever(std::move(entry.module));
}

void Lives::unload_unused(Troubles& troubles) {
    for (auto plugin = plugins_.begin(); plugin != plugins_.end();) {
        if (plugin->second.use_count() > 1) {
            ++plugin;
            continue;
        }
        const std::string problem = plugin->second->unload(shared_->settings.host.stop_timeout);
        if (!problem.empty()) {
            log(HEDDLE_WARN, problem);
            troubles.push_back({Trouble::About::plugin, plugin->first, problem});
        }
        plugin = plugins_.erase(plugin);
    }
}

}  // namespace heddle::life
