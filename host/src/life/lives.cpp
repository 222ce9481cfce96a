#include "life/lives.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/nearest.hpp"
#include "life/binding.hpp"
#include "plane/calls.hpp"
#include "plane/futex.hpp"
#include "plane/grace.hpp"
#include "plane/threads.hpp"

namespace heddle::life {

namespace {

using Clock = Inbox::Clock;

constexpr std::string_view host_name = "host";

std::string modules_counted(std::size_t count) {
    return fmt::format("{} module{}", count, count == 1 ? "" : "s");
}

bool contains(const std::vector<Module*>& modules, const Module* module) {
    return std::find(modules.begin(), modules.end(), module) != modules.end();
}

/// What a thread of the application touches that is still inside a call when its host goes.
void keep_for_ever(std::shared_ptr<Shared> shared, std::unique_ptr<heddle_module> application) {
    using Kept = std::pair<std::shared_ptr<Shared>, std::unique_ptr<heddle_module>>;
    static auto* const kept = std::make_unique<std::vector<Kept>>().release();
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    kept->emplace_back(std::move(shared), std::move(application));
}

}  // namespace

Lives::Lives(std::shared_ptr<Shared> shared)
    : shared_(std::move(shared)),
      application_(std::make_unique<heddle_module>("app", nullptr, shared_->settings.host.call_timeout)) {
    publish();
}

Lives::~Lives() {
    if (plane::is_calling(*application_)) {  // into a module that was left behind: the call may return yet
        keep_for_ever(shared_, std::move(application_));
    } else {
        plane::links().free_links_of(*application_);
    }
    plane::links().forget(shared_->table);
}

void Lives::log(std::uint32_t level, const std::string& text) {
    if (level >= static_cast<std::uint32_t>(shared_->settings.host.log.level)) {
        shared_->log.write(level, host_name, text);
    }
}

void Lives::trouble(Module& module, const std::string& text, Troubles& troubles, config::Place place) {
    log(HEDDLE_ERROR, text);
    troubles.push_back({Trouble::About::module, module.name(), text, place});
}

// ---- waiting -------------------------------------------------------------------------------------------------------

void Lives::collect(Event::What what, Waiting& waiting, const std::function<void(const Event&)>& told) {
    while (!waiting.empty()) {
        const auto first = std::min_element(waiting.begin(), waiting.end(),
                                            [](const auto& a, const auto& b) { return a.second < b.second; });
        const std::optional<Event> event = shared_->inbox.next_event(first->second);
        if (!event) {
            if (Clock::now() >= first->second) {
                return;  // the culprit is the first of those left
            }
        } else if (event->what == what && waiting.erase(event->module) != 0) {
            told(*event);
        } else {
            handle(*event);
        }
    }
}

void Lives::handle(const Event& event) {
    if (event.what == Event::What::started && event.module->state == State::starting) {
        started_early_.push_back(event);
    }
    if (event.what != Event::What::failed) {
        return;
    }
    if (event.module->state == State::running || event.module->state == State::starting) {  // it may outrun `started`
        broken_.emplace_back(event.module, event.problem);
    } else {
        log(HEDDLE_ERROR, fmt::format("module '{}' failed while it was {}: {}", event.module->name(),
                                      to_string(event.module->state), event.problem));
    }
}

void Lives::settle() {
    while (!broken_.empty()) {
        const auto [module, problem] = broken_.front();
        broken_.erase(broken_.begin());
        Troubles troubles;
        if (module->state == State::running) {
            fail(*module, problem, troubles);
        }
    }
    reclaim_snapshots(false);
}

// ---- bringing up ---------------------------------------------------------------------------------------------------

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
    if (function.module->state == State::running) {
        plane::open(link, function.endpoint);
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
        if (all.empty()) {
            module->state = entries_.at(module->name()).state = State::bound;
        } else {
            failed.push_back({module, module->name(), std::move(all)});
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
    each_link_to(module, [&](plane::LinkRecord& link) { plane::open(link, functions_.at(link.serves)->endpoint); });
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
            module->loop.give(Order::start);
            std::erase(modules, module);
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

// ---- links and snapshots
// ---------------------------------------------------------------------------------------------

void Lives::each_own_link(const std::function<void(plane::LinkRecord&)>& visit) {
    std::vector<plane::LinkRecord*> own;  // the table's lock is not held while links are written
    plane::links().each([&](plane::LinkRecord& link) {
        if (link.line.host == &shared_->table) {
            own.push_back(&link);
        }
    });
    for (plane::LinkRecord* const link : own) {
        visit(*link);
    }
}

void Lives::each_link_to(const Module& module, const std::function<void(plane::LinkRecord&)>& visit) {
    each_own_link([&](plane::LinkRecord& link) {
        if (link.provider.load(std::memory_order_relaxed) == &module.record) {
            visit(link);
        }
    });
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

std::string Lives::nearest_name(std::string_view name) const {
    std::vector<std::string> names;
    for (const auto& [known, entry] : entries_) {
        names.push_back(known);
    }
    return did_you_mean(name, names);
}

void Lives::publish() {
    auto made = std::make_unique<Snapshot>();
    for (const auto& [name, entry] : entries_) {
        module_info& info = made->modules.emplace_back();
        info.name = name;
        info.plugin =
            entry.file == nullptr ? (name == host_name ? "host" : entry.settings.plugin_name()) : entry.file->name;
        info.version = entry.file == nullptr ? HEDDLE_SDK_VERSION : entry.file->version;
        // One that is disabled may be started by hand all the same.
        const bool idle = entry.state == State::stopped && !entry.settings.enabled;
        info.state = idle ? "disabled" : std::string(to_string(entry.state));
        info.reason = entry.reason;
        info.file = entry.file == nullptr ? "" : entry.file->path.string();
        info.thread_id = entry.module == nullptr ? 0 : entry.module->thread_id.load(std::memory_order_relaxed);
    }
    for (const auto& [name, function] : functions_) {
        made->functions.push_back(
            {name, function->signature, function->policy == HEDDLE_CONCURRENT ? "concurrent" : "exclusive"});
    }
    snapshot_.store(made.get(), std::memory_order_release);  // pairs with snapshot()
    snapshots_.push_back(std::move(made));
    reclaim_snapshots(false);
}

void Lives::reclaim_snapshots(bool all) {
    if (snapshots_.size() < 2) {
        return;
    }
    // Readers are inside a call of the host's own module; where none is, nobody reads an old one.
    const auto host = entries_.find(std::string(host_name));
    if (all || host == entries_.end() || host->second.module == nullptr ||
        !plane::is_entered(host->second.module->record)) {
        snapshots_.erase(snapshots_.begin(), snapshots_.end() - 1);
    }
}

}  // namespace heddle::life
