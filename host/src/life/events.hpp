// The events of a host's modules by name, and who is subscribed to them.
//
// A subscription leads to its event while both modules are there: it begins when its own module runs and the event's is
// bound, ends before the grace period of its own, and waits while the event's is away. What raises see of this is in
// plane/events.hpp.
// Thread-safety: any thread; a mutex guards names and lists. It is held for short changes, never while plugin code runs
// or somebody is waited for, and taken before plane_mutex(). No raise takes it. Ownership: a module owns its events;
// this owns the subscriptions.
#pragma once

#include <heddle/abi.h>

#include <atomic>
#include <heddle/host_functions.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plane/events.hpp"

namespace heddle::life {
class Events;
class Module;
struct Shared;
}  // namespace heddle::life

/// See heddle/abi.h.
struct heddle_subscription {
    heddle::life::Events* owner;
    heddle::life::Module* module;  ///< null once it has ended
    std::string wanted;            ///< the event's name, before wiring
    std::string target;            ///< the same after it
    std::string signature;
    std::uint64_t fingerprint;
    std::uint32_t tier;
    bool required;
    std::unique_ptr<heddle::plane::Handler> handler;
    heddle::plane::Event* event = nullptr;  ///< that it leads to
    heddle::plane::LinkRecord* link = nullptr;
    std::atomic<bool> is_active{false};
};

namespace heddle::life {

/// How far a module has come, for its subscriptions. Guarded by the mutex of its host's events.
enum class Listening : std::uint8_t {
    not_yet,  ///< its constructor subscribes, binding looks for the events
    bound,    ///< looked for at once
    running,  ///< and called
    no_more
};

class Events {
public:
    explicit Events(Shared& shared) : shared_(shared) {}
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;

    // ---- the extension's functions, see heddle/abi.h
    heddle_status declare(Module& module, const heddle_event_declaration& declaration, const heddle_event** event);
    heddle_status subscribe(Module& module, const heddle_subscriber& subscriber, heddle_subscription** subscription);
    void unsubscribe(heddle_subscription* subscription);

    // ---- [control thread]
    /// A module's events are there from here on.
    void add_events_of(Module& module);
    struct Problems {
        std::string of_required;           ///< joined; empty: none
        std::vector<std::string> refused;  ///< of optional ones: other signatures
    };
    /// Looks for the events of the module's subscriptions.
    Problems bind(Module& module);
    /// Leads the module's events to those that had waited for them. A sentence for each that does not fit.
    std::vector<std::string> attach_waiting(const Module& raiser);
    /// The module runs: what it is subscribed to calls it. A sentence for each that does not.
    std::vector<std::string> begin(Module& module);
    /// Nothing calls it any more; messages that were accepted run as far as there is time.
    void end(Module& module, plane::Gate why);
    /// The module is about to go, or will never be touched again: so do its events and its subscriptions.
    void forget(Module& module);

    /// Subscriptions that the module has not ended itself: their code goes. [module thread, at its end]
    void drop_left(Module& module);

    std::vector<event_info> report();

private:
    struct Fit {
        plane::Event* event = nullptr;
        std::string problem;
        std::int64_t code = HEDDLE_OK;
    };
    Fit find(const heddle_subscription& subscription);
    bool connect(heddle_subscription& subscription, plane::Event& event);
    void disconnect(heddle_subscription& subscription, plane::Gate why);

    Shared& shared_;
    std::mutex mutex_;
    std::map<std::string, plane::Event*> events_;
    std::map<heddle_subscription*, std::unique_ptr<heddle_subscription>> subscriptions_;
};

/// The extension's table.
const heddle_events& events_table() noexcept;

}  // namespace heddle::life
