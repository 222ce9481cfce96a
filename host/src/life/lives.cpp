// What both halves of Lives share: waiting for modules, the links, and what readers see. The halves: lives_begin.cpp
// and lives_end.cpp; lives_bind.cpp leads calls to functions.
#include "life/lives.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/nearest.hpp"
#include "plane/calls.hpp"
#include "plane/futex.hpp"
#include "plane/grace.hpp"
#include "plane/threads.hpp"

namespace heddle::life {

namespace {

using Clock = Inbox::Clock;

/// What a thread of the application touches that is still inside a call, or holds a future, when its host goes.
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
    // It is inside of a module that was left behind, and may return yet; or it holds futures, which may outlive the
    // host: their answers name the link and the module of the call. (Acquire: pairs with let_go() in messages.cpp.)
    if (plane::is_calling(*application_) || application_->replies.load(std::memory_order_acquire) != 0) {
        keep_for_ever(shared_, std::move(application_));
    } else {
        plane::links().free_links_of(*application_, {});
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

// ---- links and snapshots --------------------------------------------------------------------------------------------

void Lives::each_own_link(const std::function<void(plane::LinkRecord&)>& visit) {
    std::vector<plane::LinkRecord*> own;  // the table's lock is not held while links are written
    plane::links().each([&](plane::LinkRecord& link) {
        // Those of events come and go with subscriptions, on any thread; see life/events.hpp.
        if (link.line.host == &shared_->table && link.role == plane::Role::handle) {
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
