#include "life/events.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "heddle/nearest.hpp"
#include "life/binding.hpp"
#include "life/module.hpp"
#include "life/shared.hpp"
#include "plane/calls.hpp"
#include "plane/threads.hpp"

namespace heddle::life {

namespace {

std::string_view view(heddle_str text) {
    return {text.data, text.size};
}

std::string_view policy_name(std::uint32_t policy) {
    return policy == HEDDLE_CONCURRENT ? "concurrent" : policy == HEDDLE_QUEUED ? "queued" : "exclusive";
}

}  // namespace

// ---- declaring and subscribing --------------------------------------------------------------------------------------

heddle_status Events::declare(Module& module, const heddle_event_declaration& declaration, const heddle_event** event) {
    const std::string name(view(declaration.name));
    if (!module.is_declaring()) {
        return plane::make_status(HEDDLE_INVALID,
                                  fmt::format("event \"{}\" outside of the constructor: events are declared there, so "
                                              "that everything can be bound before anything starts",
                                              name));
    }
    if (!is_function_name(name, false)) {
        return plane::make_status(
            HEDDLE_INVALID,
            fmt::format("event \"{}\": an event's name is made of a-z, 0-9, _ and -, in parts joined by dots", name));
    }
    if (declaration.silent == nullptr) {
        return plane::make_status(HEDDLE_INVALID,
                                  fmt::format("event \"{}\": it has no silent code (null), which a raise meets of a "
                                              "subscriber that has gone",
                                              name));
    }
    const std::string full_name = fmt::format("{}.{}", module.name(), name);
    if (std::any_of(module.events.begin(), module.events.end(),
                    [&](const auto& other) { return other->full_name == full_name; })) {
        return plane::make_status(HEDDLE_INVALID, fmt::format("event \"{}\": this module declares it already", name));
    }
    heddle_handle own{};
    own.size = sizeof own;
    own.version = 1;
    own.name = {full_name.data(), full_name.size()};
    own.signature = declaration.signature;
    own.gate = declaration.silent;
    plane::LinkRecord* const link = plane::links().add(module.record, own, module.host, plane::Role::event);
    if (link == nullptr) {
        return plane::make_status(HEDDLE_NO_RESOURCE,
                                  fmt::format("event \"{}\": all {} links are in use", name, plane::max_links));
    }
    plane::set_serves(*link, full_name);
    module.events.push_back(std::make_unique<plane::Event>(full_name, declaration, *link, events_table()));
    *event = &module.events.back()->line;
    return {HEDDLE_OK, nullptr};
}

heddle_status Events::subscribe(Module& module, const heddle_subscriber& subscriber,
                                heddle_subscription** subscription) {
    const std::string wanted(view(subscriber.event));
    const auto refuse = [&](std::string_view why) {
        return plane::make_status(HEDDLE_INVALID, fmt::format("subscribe(\"{}\"): {}", wanted, why));
    };
    if (!is_function_name(wanted, true)) {
        return refuse("an event's full name is its module's, a dot, and its own, such as sensor.changed");
    }
    if (subscriber.policy > HEDDLE_QUEUED) {
        return refuse(
            fmt::format("this host has no policy {}; it has exclusive, concurrent and queued", subscriber.policy));
    }
    if (subscriber.full > HEDDLE_DROP_NEWEST) {
        return refuse(
            fmt::format("this host does not know {} as what to do when the mailbox is full", subscriber.full));
    }
    const bool is_queued = subscriber.policy == HEDDLE_QUEUED;
    if (is_queued ? subscriber.run == nullptr : subscriber.code == nullptr) {
        return refuse("it has no code to call (null)");
    }
    auto made = std::make_unique<heddle_subscription>();
    made->owner = this;
    made->module = &module;
    made->wanted = wanted;
    const config::Wire* const wire = shared_.settings.wire_for(module.settings, wanted);
    made->target = wire == nullptr ? wanted : wire->target;
    made->signature = view(subscriber.signature.text);
    made->fingerprint = subscriber.signature.fingerprint;
    made->tier = subscriber.signature.tier;
    made->required = (subscriber.flags & HEDDLE_OPTIONAL) == 0;
    made->handler = std::make_unique<plane::Handler>();
    plane::Handler& handler = *made->handler;
    handler.endpoint = {sizeof(heddle_endpoint), 1, subscriber.code, subscriber.self};
    handler.target = {subscriber.run, subscriber.self, &module.record, subscriber.policy, subscriber.full};

    const std::lock_guard lock(mutex_);
    if (module.listening == Listening::bound || module.listening == Listening::running) {
        const Fit fit = find(*made);
        if (fit.event == nullptr && (made->required || fit.code == HEDDLE_INVALID)) {
            return plane::make_status(fit.code, fit.problem);
        }
        if (fit.event != nullptr && module.listening == Listening::running && !connect(*made, *fit.event)) {
            return plane::make_status(HEDDLE_NO_RESOURCE, fmt::format("subscribe(\"{}\"): all {} links are in use",
                                                                      wanted, plane::max_links));
        }
    }
    handler.drop = subscriber.drop;  // the host's from here on
    *subscription = made.get();
    heddle_subscription* const key = made.get();
    subscriptions_.emplace(key, std::move(made));
    return {HEDDLE_OK, nullptr};
}

void Events::unsubscribe(heddle_subscription* subscription) {
    std::unique_ptr<heddle_subscription> gone;
    {
        const std::lock_guard lock(mutex_);
        const auto found = subscriptions_.find(subscription);
        gone = std::move(found->second);
        subscriptions_.erase(found);
        disconnect(*gone, plane::Gate::stopped);
    }
    if (gone->module == nullptr) {
        return;  // its module has ended, and with it its code
    }
    const plane::Handler& handler = *gone->handler;
    plane::links().end_runs(handler);
    const std::chrono::nanoseconds bound = shared_.settings.host.drain_timeout;
    const std::string inside = plane::wait_until_left(handler, bound);
    if (!inside.empty()) {
        shared_.log.write(HEDDLE_WARN, gone->module->name(),
                          fmt::format("unsubscribed from {}, but after {} (drain_timeout) {} is still inside of the "
                                      "handler, which is kept until it has left",
                                      gone->target, plane::spell(bound), inside));
    }
    plane::retire(std::move(gone->handler));
}

// ---- binding --------------------------------------------------------------------------------------------------------

Events::Fit Events::find(const heddle_subscription& subscription) {
    const auto found = events_.find(subscription.target);
    if (found == events_.end()) {
        std::vector<std::string> names;
        for (const auto& [name, event] : events_) {
            names.push_back(name);
        }
        const std::string wired =
            subscription.wanted == subscription.target ? "" : fmt::format(" (wired to {})", subscription.target);
        return {nullptr,
                fmt::format("module '{}' subscribes to {}{}, which no module raises{}; add or start a module that "
                            "raises it, wire the name to another event under 'wire:', or make the subscription "
                            "heddle::optional",
                            subscription.module->name(), subscription.wanted, wired,
                            did_you_mean(subscription.target, names)),
                HEDDLE_UNAVAILABLE};
    }
    plane::Event& event = *found->second;
    const Module& raiser = *event.own.caller.life;
    const Module& listener = *subscription.module;
    std::string problem = mismatch(
        {listener.name(), "subscribes to", subscription.signature, subscription.fingerprint, subscription.tier,
         listener.toolchain()},
        {raiser.name(), "raises", event.signature, event.fingerprint, event.tier, raiser.toolchain()}, event.full_name);
    if (problem.empty() && subscription.handler->target.policy == HEDDLE_QUEUED && !event.can_queue()) {
        problem = fmt::format(
            "module '{}' subscribes to {} with the policy queued, but its arguments ('{}') cannot be kept in a "
            "message: "
            "one is a reference that may be written to, or holds a view",
            listener.name(), event.full_name, event.signature);
    }
    if (!problem.empty()) {
        return {nullptr, std::move(problem), HEDDLE_INVALID};
    }
    return {&event, {}, HEDDLE_OK};
}

bool Events::connect(heddle_subscription& subscription, plane::Event& event) {
    plane::LinkRecord* const link = event.add(*subscription.handler);
    if (link == nullptr) {
        return false;
    }
    link->gate_timeout_ns = shared_.settings.host.gate_timeout.count();
    subscription.link = link;
    subscription.event = &event;
    subscription.is_active.store(true, std::memory_order_release);
    return true;
}

void Events::disconnect(heddle_subscription& subscription, plane::Gate why) {
    if (subscription.link != nullptr) {
        subscription.is_active.store(false, std::memory_order_release);
        std::exchange(subscription.event, nullptr)->remove(*std::exchange(subscription.link, nullptr), why);
    }
}

void Events::add_events_of(Module& module) {
    const std::lock_guard lock(mutex_);
    for (const auto& event : module.events) {
        events_.emplace(event->full_name, event.get());
    }
}

Events::Problems Events::bind(Module& module) {
    const std::lock_guard lock(mutex_);
    module.listening = Listening::bound;
    Problems problems;
    for (const auto& [key, subscription] : subscriptions_) {
        if (subscription->module != &module) {
            continue;
        }
        const Fit fit = find(*subscription);
        if (fit.event != nullptr) {
            continue;
        }
        if (subscription->required) {
            problems.of_required += (problems.of_required.empty() ? "" : "; ") + fit.problem;
        } else if (fit.code == HEDDLE_INVALID) {
            problems.refused.push_back(fit.problem);
        }
    }
    return problems;
}

std::vector<std::string> Events::attach_waiting(const Module& raiser) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> problems;
    for (const auto& one : subscriptions_) {
        const auto& subscription = one.second;
        if (subscription->module == nullptr || subscription->module->listening != Listening::running ||
            subscription->link != nullptr ||
            std::none_of(raiser.events.begin(), raiser.events.end(),
                         [&](const auto& event) { return event->full_name == subscription->target; })) {
            continue;
        }
        const Fit fit = find(*subscription);
        if (fit.event == nullptr) {
            problems.push_back(fit.problem);
        } else if (!connect(*subscription, *fit.event)) {
            problems.push_back(fmt::format("module '{}' cannot be led to {}: all {} links are in use",
                                           subscription->module->name(), subscription->target, plane::max_links));
        }
    }
    return problems;
}

std::vector<std::string> Events::begin(Module& module) {
    const std::lock_guard lock(mutex_);
    module.listening = Listening::running;
    std::vector<std::string> problems;
    for (const auto& [key, subscription] : subscriptions_) {
        if (subscription->module != &module || subscription->link != nullptr) {
            continue;
        }
        const Fit fit = find(*subscription);
        if (fit.event != nullptr && !connect(*subscription, *fit.event)) {
            problems.push_back(fmt::format("module '{}' cannot be led to {}: all {} links are in use", module.name(),
                                           subscription->target, plane::max_links));
        }
    }
    return problems;
}

// ---- ending ---------------------------------------------------------------------------------------------------------

void Events::end(Module& module, plane::Gate why) {
    const std::lock_guard lock(mutex_);
    module.listening = Listening::no_more;
    for (const auto& [key, subscription] : subscriptions_) {
        if (subscription->module == &module) {
            disconnect(*subscription, why);
        }
    }
}

void Events::forget(Module& module) {
    const std::lock_guard lock(mutex_);
    module.listening = Listening::no_more;
    for (const auto& [key, subscription] : subscriptions_) {
        if (subscription->module == &module ||
            (subscription->event != nullptr && &subscription->event->own.caller == &module.record)) {
            disconnect(*subscription, plane::Gate::stopped);
        }
    }
    std::erase_if(events_, [&](const auto& one) { return &one.second->own.caller == &module.record; });
    plane::links().each([&](plane::LinkRecord& link) {
        if (link.role != plane::Role::handle && link.provider.load(std::memory_order_relaxed) == &module.record) {
            link.runs.store(nullptr, std::memory_order_relaxed);
            link.provider.store(nullptr, std::memory_order_relaxed);
        }
    });
}

void Events::drop_left(Module& module) {
    std::vector<std::unique_ptr<plane::Handler>> left;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, subscription] : subscriptions_) {
            if (subscription->module == &module) {
                disconnect(*subscription, plane::Gate::stopped);
                subscription->module = nullptr;  // the record waits for whoever still has it
                left.push_back(std::move(subscription->handler));
            }
        }
    }
    for (std::unique_ptr<plane::Handler>& handler : left) {  // after the lock: this runs code of the module's
        plane::links().end_runs(*handler);
        plane::retire(std::move(handler));
    }
    plane::end_retired(module.record);
}

// ---- showing --------------------------------------------------------------------------------------------------------

std::vector<event_info> Events::report() {
    const std::lock_guard lock(mutex_);
    std::map<std::string, event_info> all;
    for (const auto& [name, event] : events_) {
        all[name] = {name, event->signature, event->own.caller_name, {}};
    }
    for (const auto& [key, subscription] : subscriptions_) {
        if (subscription->module == nullptr) {
            continue;
        }
        event_info& info = all[subscription->target];
        if (info.name.empty()) {  // nobody raises it just now
            info.name = subscription->target;
            info.signature = subscription->signature;
        }
        info.subscribers.push_back({subscription->module->name(),
                                    std::string(policy_name(subscription->handler->target.policy)),
                                    subscription->is_active.load(std::memory_order_relaxed)});
    }
    std::vector<event_info> report;
    for (auto& [name, info] : all) {
        std::sort(info.subscribers.begin(), info.subscribers.end(),
                  [](const auto& a, const auto& b) { return a.module < b.module; });
        report.push_back(std::move(info));
    }
    return report;
}

// ---- the table ------------------------------------------------------------------------------------------------------

namespace {

heddle_status no_module() {
    return plane::make_status(HEDDLE_INVALID, "this is the embedding application's own record, which declares nothing");
}

heddle_status declare(heddle_module* module, const heddle_event_declaration* declaration, const heddle_event** event) {
    return module->life == nullptr ? no_module()
                                   : module->life->shared->events.declare(*module->life, *declaration, event);
}

heddle_status subscribe(heddle_module* module, const heddle_subscriber* subscriber,
                        heddle_subscription** subscription) {
    try {
        return module->life == nullptr
                   ? no_module()
                   : module->life->shared->events.subscribe(*module->life, *subscriber, subscription);
    } catch (const std::bad_alloc&) {
        return plane::make_status(HEDDLE_NO_RESOURCE, "there is no memory left for another subscription");
    }
}

void unsubscribe(heddle_subscription* subscription) {
    subscription->owner->unsubscribe(subscription);
}

std::uint32_t is_active(const heddle_subscription* subscription) {
    return subscription->is_active.load(std::memory_order_acquire) ? 1 : 0;
}

}  // namespace

const heddle_events& events_table() noexcept {
    static constexpr heddle_events table{sizeof(heddle_events), 1,         declare,      subscribe,
                                         unsubscribe,           is_active, plane::attend};
    return table;
}

}  // namespace heddle::life
