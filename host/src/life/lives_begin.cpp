// One half of Lives: loading, constructing and starting, each module after those that it requires.
#include <fmt/format.h>

#include <algorithm>

#include "heddle/nearest.hpp"
#include "life/binding.hpp"
#include "life/lives.hpp"
#include "plane/calls.hpp"
#include "plane/waits.hpp"

namespace heddle::life {

namespace {

using Clock = Inbox::Clock;

std::string modules_counted(std::size_t count) {
    return fmt::format("{} module{}", count, count == 1 ? "" : "s");
}

bool contains(const std::vector<Module*>& modules, const Module* module) {
    return std::find(modules.begin(), modules.end(), module) != modules.end();
}

}  // namespace

Lives::Entry& Lives::add_entry(const config::ModuleSettings& settings, const discovery::PluginFile* file) {
    Entry& entry = entries_[settings.name];
    entry.settings = settings;
    entry.file = file;
    return entry;
}

Troubles Lives::start_host_module(const heddle_plugin& table) {
    Troubles troubles;
    config::ModuleSettings settings;
    settings.name = host_name;
    Entry& entry = add_entry(settings, nullptr);
    entry.module = std::make_unique<Module>(entry.settings, shared_, nullptr, table);
    std::vector<Module*> modules{entry.module.get()};
    construct(modules, troubles);
    bind(modules, troubles);
    start_in_order(modules, troubles);
    publish();
    return troubles;
}

Troubles Lives::bring_up(const discovery::Scan& scan, bool start) {
    Troubles troubles;
    for (const discovery::PluginFile& file : scan.plugins) {
        files_.emplace(file.name, file);
    }
    std::vector<config::ModuleSettings> wanted = shared_->settings.modules;
    if (wanted.empty()) {
        for (const auto& [name, file] : files_) {
            if (name == host_name) {  // the configuration refuses such a module by its place
                const std::string problem = fmt::format(
                    "plugin '{}' ({}) cannot run as a module of its own name, which is the host's; give it "
                    "another name under 'modules:'",
                    name, file.path.string());
                log(HEDDLE_ERROR, problem);
                troubles.push_back({Trouble::About::plugin, name, problem});
                continue;
            }
            config::ModuleSettings settings;
            settings.name = name;
            wanted.push_back(settings);
        }
    }
    std::vector<Entry*> entries;
    for (const config::ModuleSettings& settings : wanted) {
        if (entries_.contains(settings.name)) {  // named twice, which the configuration's reader has told
            continue;
        }
        const auto file = files_.find(settings.plugin_name());
        Entry& entry = add_entry(settings, file == files_.end() ? nullptr : &file->second);
        if (settings.enabled) {
            entries.push_back(&entry);
        }
    }
    bring_up_modules(entries, start, troubles);
    // What the configuration's author can put right comes first, in the order of the file.
    std::stable_sort(troubles.begin(), troubles.end(), [](const Trouble& one, const Trouble& other) {
        const bool placed = one.place.line != 0;
        return placed != (other.place.line != 0) ? placed : one.place < other.place;
    });
    if (start && !entries.empty()) {
        std::vector<std::string_view> running;
        for (const Entry* const entry : entries) {
            if (entry->state == State::running) {
                running.emplace_back(entry->settings.name);
            }
        }
        log(HEDDLE_INFO, running.size() == entries.size()
                             ? fmt::format("{} running: {}", modules_counted(running.size()), fmt::join(running, ", "))
                             : fmt::format("{} of {} running{}{}", running.size(), modules_counted(entries.size()),
                                           running.empty() ? "" : ": ", fmt::join(running, ", ")));
    }
    return troubles;
}

std::size_t Lives::wanted() const {
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& entry) {
        return entry.first != host_name && entry.second.settings.enabled;
    }));
}

Troubles Lives::start(std::string_view name) {
    Troubles troubles;
    Entry& entry = entries_.at(std::string(name));
    if (entry.module != nullptr && entry.state == State::failed) {
        troubles.push_back({Trouble::About::module, std::string(name),
                            fmt::format("module '{}' cannot be started again: {}", name, entry.reason)});
    } else if (entry.module == nullptr) {
        bring_up_modules({&entry}, true, troubles);
    }
    settle();
    return troubles;
}

void Lives::bring_up_modules(const std::vector<Entry*>& entries, bool start, Troubles& troubles) {
    std::vector<Module*> modules = make_modules(entries, troubles);
    construct(modules, troubles);
    bind(modules, troubles);
    refuse_cycles(modules, troubles);
    publish();  // from here on modules may ask for each other
    if (start) {
        start_in_order(modules, troubles);
    }
    settle();
    unload_unused(troubles);
    publish();
}

std::shared_ptr<Plugin> Lives::plugin_of(const discovery::PluginFile& file, Troubles& troubles) {
    std::shared_ptr<Plugin> plugin = plugins_.contains(file.name) ? plugins_.at(file.name) : nullptr;
    if (plugin == nullptr) {
        auto loading = std::make_shared<Plugin>(file);
        const std::string problem = loading->load(std::shared_ptr<const heddle_host>(shared_, &shared_->table),
                                                  shared_->settings.host.start_timeout);
        if (!problem.empty()) {
            log(HEDDLE_ERROR, problem);
            troubles.push_back({Trouble::About::plugin, file.name, problem});
            return nullptr;
        }
        plugin = plugins_[file.name] = std::move(loading);
    }
    return plugin;
}

std::vector<Module*> Lives::make_modules(const std::vector<Entry*>& entries, Troubles& troubles) {
    std::vector<Module*> modules;
    for (Entry* const entry : entries) {
        std::shared_ptr<Plugin> plugin;
        std::string problem;
        if (entry->file == nullptr) {
            std::vector<std::string> names;
            for (const auto& [name, file] : files_) {
                names.push_back(name);
            }
            const std::string& wanted = entry->settings.plugin_name();
            const std::string place =
                entry->settings.plugin_place.line == 0
                    ? ""
                    : fmt::format("{}:{}:{}: ", shared_->settings.file, entry->settings.plugin_place.line,
                                  entry->settings.plugin_place.column);
            problem = fmt::format("{}module '{}' wants plugin '{}', which no plugin directory holds{}", place,
                                  entry->settings.name, wanted, did_you_mean(wanted, names));
            log(HEDDLE_ERROR, problem);
            troubles.push_back({Trouble::About::module, entry->settings.name, problem, entry->settings.plugin_place});
        } else {
            plugin = plugin_of(*entry->file, troubles);
            if (plugin == nullptr) {
                problem = fmt::format("its plugin '{}' cannot be loaded", entry->file->name);
            }
        }
        if (plugin == nullptr) {
            entry->state = State::failed;
            entry->reason = problem;
            continue;
        }
        const heddle_plugin& table = plugin->table();
        entry->module = std::make_unique<Module>(entry->settings, shared_, std::move(plugin), table);
        entry->reason.clear();
        modules.push_back(entry->module.get());
    }
    return modules;
}

void Lives::construct(std::vector<Module*>& modules, Troubles& troubles) {
    Waiting waiting;
    for (Module* const module : modules) {
        entries_.at(module->name()).state = module->state;
        module->launch();
        waiting.emplace(module, plane::deadline_after(module->start_timeout));
    }
    std::map<Module*, std::string> failed;
    while (!waiting.empty()) {
        collect(Event::What::constructed, waiting, [&](const Event& event) {
            if (!event.problem.empty()) {
                failed.emplace(event.module, event.problem);
            }
        });
        for (auto late = waiting.begin(); late != waiting.end();) {
            if (late->second > Clock::now()) {
                ++late;
                continue;
            }
            Module& module = *late->first;
            abandon(module,
                    fmt::format("module '{}' did not get ready within {} (start_timeout): {}", module.name(),
                                plane::spell(module.start_timeout), module.doing()),
                    troubles);
            std::erase(modules, &module);
            late = waiting.erase(late);
        }
    }
    const std::vector<Module*> in_order = modules;  // told in the configuration's order, not in that of their threads
    for (Module* const module : in_order) {
        if (const auto problem = failed.find(module); problem != failed.end()) {
            std::erase(modules, module);
            fail(*module, problem->second, troubles);
        }
    }
}

void Lives::refuse_cycles(std::vector<Module*>& modules, Troubles& troubles) {
    for (const std::vector<Module*>& cycle : find_cycles(modules)) {
        if (!is_alive(cycle.front())) {
            continue;
        }
        // The first one takes the others of its circle, which require it, along.
        fail(*cycle.front(),
             fmt::format(
                 "modules start after those that they require, and these require each other: {}; make one of their "
                 "handles heddle::optional",
                 spell_cycle(cycle)),
             troubles);
    }
    std::erase_if(modules, [this](const Module* module) { return !is_alive(module); });
}

void Lives::set_running(Module& module) {
    Entry& entry = entries_.at(module.name());
    module.state = entry.state = State::running;
    module.started = true;
    entry.order = ++starts_;
    each_link_to(module, [&](plane::LinkRecord& link) {
        const FunctionRecord& function = *functions_.at(link.serves);
        plane::open(link, function.endpoint, function.target);
    });
    for (const std::string& problem : shared_->events.begin(module)) {
        log(HEDDLE_ERROR, problem);
    }
    log(HEDDLE_DEBUG, fmt::format("module '{}' is running", module.name()));
    publish();
}

void Lives::start_in_order(std::vector<Module*> modules, Troubles& troubles) {
    Waiting waiting;
    std::vector<std::pair<Module*, std::string>> failed;
    for (;;) {
        for (const auto& [module, problem] : std::exchange(failed, {})) {
            if (is_alive(module)) {
                fail(*module, problem, troubles);
            }
        }
        // Whoever a failed one took along is gone; the rest may be ready now.
        std::erase_if(modules, [&](Module* one) { return !is_alive(one); });
        std::erase_if(waiting, [&](const auto& one) { return !is_alive(one.first); });
        const auto is_pending = [&](Module* one) { return contains(modules, one) || waiting.contains(one); };
        std::vector<Module*> ready;
        for (Module* const module : modules) {
            if (std::all_of(module->requires_.begin(), module->requires_.end(),
                            [](const Module* required) { return required->state == State::running; })) {
                ready.push_back(module);
            }
        }
        // Those that it may call go first too, unless everybody waits for somebody in a circle of optional handles.
        std::vector<Module*> launched;
        std::copy_if(ready.begin(), ready.end(), std::back_inserter(launched), [&](const Module* module) {
            return std::none_of(module->prefers_.begin(), module->prefers_.end(), is_pending);
        });
        if (launched.empty() && waiting.empty()) {
            launched = std::move(ready);
        }
        for (Module* const module : launched) {
            module->state = entries_.at(module->name()).state = State::starting;
            waiting.emplace(module, plane::deadline_after(module->start_timeout));
            plane::set_starts_after(module->record, {});
            std::erase(modules, module);
        }
        // The others have these to wait for: whoever waits at their gates waits for these too. Told before one of these
        // can come to wait.
        for (Module* const module : modules) {
            std::vector<heddle_module*> others;
            for (const std::vector<Module*>* const list : {&module->requires_, &module->prefers_}) {
                for (Module* const other : *list) {
                    if (is_pending(other)) {
                        others.push_back(&other->record);
                    }
                }
            }
            plane::set_starts_after(module->record, std::move(others));
        }
        for (Module* const module : launched) {
            module->loop.give(Order::start);
        }
        if (waiting.empty()) {
            return;
        }
        // One at a time: each start may make others ready.
        const auto first = std::min_element(waiting.begin(), waiting.end(),
                                            [](const auto& a, const auto& b) { return a.second < b.second; });
        std::optional<Event> event;
        if (started_early_.empty()) {
            event = shared_->inbox.next_event(first->second);
        } else {
            event = std::move(started_early_.back());
            started_early_.pop_back();
        }
        if (event && event->what == Event::What::started && waiting.erase(event->module) != 0) {
            if (event->problem.empty()) {
                set_running(*event->module);
            } else {
                failed.emplace_back(event->module, event->problem);
            }
        } else if (event) {
            handle(*event);
        } else if (Clock::now() >= first->second) {
            Module& late = *first->first;
            waiting.erase(first);
            fail_dependents(late, troubles);
            abandon(late,
                    fmt::format("module '{}' did not start within {} (start_timeout): {}", late.name(),
                                plane::spell(late.start_timeout), late.doing()),
                    troubles);
        }
    }
}

}  // namespace heddle::life
