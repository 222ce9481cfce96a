// Events as raises see them: lists of subscribers' links, and subscribers' code for as long as a thread may be in it.
//
// A list is immutable: who changes it publishes a copy. The old one, and the link of a subscriber that has left it, are
// freed once each thread that was inside of a raise of this event then has been seen outside of one. A raise stands on
// its thread's stack of links as the event's own link with the subscriber's above it, so the scan sees both: who may
// hold an old list, and who is inside of a subscriber.
// Thread-safety: each function says who. Ownership: a module owns its events; a handler is its subscription's until
// retire().
#pragma once

#include <heddle/abi.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "plane/links.hpp"
#include "plane/mailbox.hpp"

namespace heddle::plane {

/// What a module is subscribed with. Its address tells those apart who are inside of it.
struct Handler {
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    ~Handler() {  // runs code of the module's
        if (drop != nullptr) {
            drop(target.self);
        }
    }
    heddle_endpoint endpoint{};
    Target target;
    heddle_task* drop = nullptr;
};

class Event {
public:
    /// `own`: the event's link, whose caller is the module that raises it.
    Event(std::string name, const heddle_event_declaration& declaration, LinkRecord& own, const heddle_events& table);
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() = default;

    // ---- [with the host's events locked]
    /// Leads the event to a handler from the next raise on. Null: there is no link left.
    LinkRecord* add(const Handler& handler);
    /// The same link, away from it: raises that are under way may still meet it, shut.
    void remove(LinkRecord& link, Gate why);
    /// Whether its arguments can be kept in a message.
    bool can_queue() const { return handle_.queued != nullptr; }

    const std::string full_name;
    const std::string signature;
    const std::uint64_t fingerprint;
    const std::uint32_t tier;
    heddle_event line{};
    LinkRecord& own;

private:
    struct List {
        heddle_subscribers line{};
        std::vector<heddle_link*> links;
    };
    /// A list that has been replaced, and the link that has left with it.
    struct Retired {
        std::unique_ptr<const List> list;
        LinkRecord* link = nullptr;
        std::vector<const ThreadRecord*> inside;  // of a raise, and not seen outside since
    };

    void publish(std::vector<heddle_link*> links, LinkRecord* gone);
    void reclaim();

    heddle_handle handle_{};  // what links to subscribers are made of
    std::unique_ptr<const List> current_;
    std::vector<Retired> retired_;
};

/// Waits until no other thread than the caller's runs the handler, at most `bound`. Who only waits for its module to be
/// free is not waited for: it looks again when it has it. Gives an empty text, or who is still inside.
std::string wait_until_left(const Handler& handler, std::chrono::nanoseconds bound);

/// Ends the handler once no thread is inside: now, or by the last one when it leaves. No link leads to it any more.
void retire(std::unique_ptr<Handler> handler);
/// Ends those that are left of a module. [module thread, once nobody is inside of the module]
void end_retired(const heddle_module& module);

/// After a run of the handler that `link` leads to, with the link still on this thread's stack: `attention` was set.
void leave_handler(ThreadRecord& mine, const LinkRecord& link);

/// heddle_events.attend.
void attend(heddle_link* link) noexcept;

}  // namespace heddle::plane
