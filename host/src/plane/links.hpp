// The table of links: every handle that some module holds, whom it leads to, and how often it was called.
//
// A link's line (heddle_link) is what callers read; the rest is the host's. Only the control thread opens, shuts and
// frees links; module threads may add them while they construct. The table is guarded by plane_mutex().
// Ownership: the table owns the links; endpoints belong to the functions' records and to the links themselves (gates).
#pragma once

#include <heddle/abi.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plane/mailbox.hpp"

namespace heddle::plane {

struct ThreadRecord;
struct Target;
struct Handler;

/// What a link is for.
enum class Role : std::uint8_t {
    handle,      ///< a module's handle of a function
    event,       ///< an event's own: says that a thread raises it; see events.hpp
    subscriber,  ///< from an event to one of its subscribers
    callback     ///< a callback's, which outlives its module; see callbacks.hpp
};

/// What a call meets at a shut gate.
enum class Gate : std::uint32_t {
    unbound,   ///< not bound yet
    absent,    ///< nobody provides the function
    stopped,   ///< its module is stopped
    failed,    ///< its module has failed
    starting,  ///< its module is on its way: callers wait, for a bounded time
    open
};

/// Calls and times, summed over threads.
struct Count {
    std::uint64_t calls = 0;
    std::uint64_t timed = 0;
    std::uint64_t total_ns = 0;
    std::uint64_t dropped = 0;
    std::uint64_t unheard = 0;
    std::array<std::uint64_t, 48> histogram{};  ///< of the timed ones: [i] took less than 2^i ns, [47] all above
    void add(const Count& other);
};

struct LinkRecord {
    LinkRecord(heddle_module& caller_module, const heddle_handle& handle, const heddle_host& host,
               std::size_t slot_index, Role link_role, const Handler* link_handler);
    LinkRecord(const LinkRecord&) = delete;
    LinkRecord& operator=(const LinkRecord&) = delete;

    static LinkRecord& of(const heddle_link* line) { return *static_cast<LinkRecord*>(line->host_record); }

    alignas(64) heddle_link line{};
    heddle_endpoint gate_endpoint{};
    heddle_endpoint queued_endpoint{};  ///< no code where the handle has none for it
    heddle_destroy* drop;               ///< the caller's code: ends the arguments of a message
    const std::size_t slot;
    const Role role;
    const Handler* const handler;  ///< a subscriber's: to be compared, not followed
    heddle_module& caller;         ///< not to be followed by those who run its messages: it may be gone
    const std::string caller_name;
    const std::string wanted;    ///< the name that the caller asked for
    std::string signature_text;  ///< copied: it outlives the caller's library
    std::uint64_t fingerprint;
    std::uint32_t tier;
    bool required;

    // Written by the control thread before the endpoint that makes calls see them.
    std::string serves;  ///< the full name of the function bound to; see set_serves()
    std::atomic<heddle_module*> provider{nullptr};
    std::atomic<const Target*> target{nullptr};  ///< for those who send; null while the link leads to its gate
    std::atomic<const Target*> runs{nullptr};    ///< for the provider's thread; null once the provider has ended
    std::atomic<std::uint32_t> gate{
        static_cast<std::uint32_t>(Gate::unbound)};  ///< futex of those who wait at the gate
    std::atomic<std::int64_t> gate_timeout_ns{1'000'000'000};

    // Messages: whether any were sent; how many were not run, and how many failed with nobody to tell.
    std::atomic<bool> sent{false};
    std::atomic<std::uint64_t> dropped{0};
    std::atomic<std::uint64_t> unheard{0};

    // Calls by threads that have ended.
    std::uint64_t retired_calls = 0;
    // Timed calls, by all threads: one in 1024 touches these, so sharing the line costs nothing that could be measured.
    std::atomic<std::uint64_t> timed{0};
    std::atomic<std::uint64_t> total_ns{0};
    std::array<std::atomic<std::uint64_t>, 48> histogram{};
};

/// Calls by one thread through one link so far.
std::uint64_t calls_of(const heddle_cell& cell);
/// Begins the next interval of calls. Only by the thread whose cell it is.
void move_on(heddle_cell& cell);

class Links {
public:
    /// Adds a link that leads to its gate. Null when all slots are taken. [any thread]
    LinkRecord* add(heddle_module& caller, const heddle_handle& handle, const heddle_host& host,
                    Role role = Role::handle, const Handler* handler = nullptr);

    /// Frees the links of a module, whose threads have left them, and keeps their counts by name. Those through which
    /// messages were sent stay until these have passed the mark. [control thread]
    void free_links_of(const heddle_module& caller, const Mailbox::Mark& mark);
    /// A mailbox is about to go: nothing in it names a link any more. [control thread]
    void forget_mailbox(const Mailbox& mailbox);
    /// The same for one link, which nobody calls through and no message names.
    void free_link(LinkRecord& link);
    /// The same for a subscriber's, which no raise can see any more; messages in its mailbox may name it yet. With the
    /// host's events locked.
    void free_subscriber(LinkRecord& link);
    /// Messages of the handler that have not run are dropped from here on.
    void end_runs(const Handler& handler);
    /// Whether messages were sent through links of `caller` that end with its code.
    bool has_sent_code(const heddle_module& caller);

    /// Visits every link, with the table locked: `visit` must be short and run no plugin code.
    void each(const std::function<void(LinkRecord&)>& visit);

    /// Who called whom, how often: {caller, function} -> count, links that were freed included, for one host.
    std::map<std::pair<std::string, std::string>, Count> counts(const heddle_host& host);
    /// Drops what was kept of a host's freed links.
    void forget(const heddle_host& host);

    /// Adds an ending thread's counts to its links. With plane_mutex() held.
    void retire(ThreadRecord& thread);

private:
    using Names = std::pair<std::string, std::string>;
    /// Gives its slot back; the record may be named by messages yet.
    std::unique_ptr<LinkRecord> free_slot(std::unique_ptr<LinkRecord> link);
    /// Those that messages name no more.
    void forget_passed();
    Count count_of(LinkRecord& link, std::uint64_t dropped, std::uint64_t unheard);
    void add_count(std::map<Names, Count>& to, LinkRecord& link, std::uint64_t dropped, std::uint64_t unheard);
    static void add_messages(std::map<Names, Count>& to, const LinkRecord& named);

    std::vector<std::unique_ptr<LinkRecord>> slots_;
    std::vector<std::size_t> free_slots_;
    std::map<const heddle_host*, std::map<Names, Count>> kept_;
    std::vector<std::pair<std::unique_ptr<LinkRecord>, Mailbox::Mark>> named_;  ///< by messages, their callers gone
};

Links& links();

/// Names the function that the link is bound to. Once: reports read the name under the table's lock, and those inside a
/// call, who are there only after the first binding, without it. [control thread]
void set_serves(LinkRecord& link, const std::string& full_name);
/// Leads the link to an endpoint whose owner outlives every call through it; if queued, to the mailbox that the target
/// names. [control thread]
void open(LinkRecord& link, const heddle_endpoint& endpoint, const Target& target);
/// Leads the link to its own gate; calls that are inside go on, see grace.hpp. [control thread]
void shut(LinkRecord& link, Gate why);

}  // namespace heddle::plane
