#include "plane/links.hpp"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <thread>
#include <utility>

#include "plane/futex.hpp"
#include "plane/messages.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"

namespace heddle::plane {

namespace {

#if defined(HEDDLE_TSAN)
constexpr int endpoint_store_order = __ATOMIC_SEQ_CST;  // ThreadSanitizer does not see membarrier
#else
constexpr int endpoint_store_order = __ATOMIC_RELEASE;
#endif

/// Since minor version 1 of the ABI.
bool has_messages(const heddle_handle& handle) {
    return handle.size >= offsetof(heddle_handle, drop) + sizeof handle.drop;
}

std::string text_of(heddle_str text) {
    return {text.data, text.size};
}

}  // namespace

void Count::add(const Count& other) {
    calls += other.calls;
    timed += other.timed;
    dropped += other.dropped;
    unheard += other.unheard;
    total_ns += other.total_ns;
    for (std::size_t i = 0; i < histogram.size(); ++i) {
        histogram[i] += other.histogram[i];
    }
}

LinkRecord::LinkRecord(heddle_module& caller_module, const heddle_handle& handle, const heddle_host& host,
                       std::size_t slot_index, Role link_role, const Handler* link_handler)
    : drop(has_messages(handle) ? handle.drop : nullptr),
      slot(slot_index),
      role(link_role),
      handler(link_handler),
      caller(caller_module),
      caller_name(caller_module.name),
      wanted(text_of(handle.name)),
      signature_text(text_of(handle.signature.text)),
      fingerprint(handle.signature.fingerprint),
      tier(handle.signature.tier),
      required((handle.flags & HEDDLE_OPTIONAL) == 0) {
    if (has_messages(handle)) {
        queued_endpoint = {sizeof(heddle_endpoint), 1, handle.queued, &line};
    }
    gate_endpoint = {sizeof(heddle_endpoint), 1, handle.gate, &line};
    line.size = sizeof line;
    line.version = 1;
    line.endpoint = &gate_endpoint;
    line.cell = static_cast<std::uint32_t>(slot_index * sizeof(heddle_cell));
    line.host = &host;
    line.host_record = this;
    line.calls = &calls_table();
}

std::uint64_t calls_of(const heddle_cell& cell) {
    // The owner goes on counting, and moves the cell on now and then: what was read in the middle of that is read
    // again. The bound is for an owner that was taken off the CPU there; the count is then off by an interval until it
    // is back.
    for (int tries = 0;; ++tries) {
        const std::uint64_t done = __atomic_load_n(&cell.done, __ATOMIC_ACQUIRE);  // these pair with move_on()
        const std::int64_t left = __atomic_load_n(&cell.left, __ATOMIC_ACQUIRE);
        const std::int64_t interval = __atomic_load_n(&cell.interval, __ATOMIC_ACQUIRE);
        if ((left == INT32_MIN || __atomic_load_n(&cell.done, __ATOMIC_RELAXED) != done) && tries < 1000) {
            tries < 100 ? pause_briefly() : std::this_thread::yield();
            continue;
        }
        const std::int64_t since = left == INT32_MIN ? 0 : interval == 0 ? -left : interval - 1 - left;
        return done + static_cast<std::uint64_t>(since < 0 ? 0 : since);
    }
}

void move_on(heddle_cell& cell) {
    const std::uint64_t calls = calls_of(cell);
    const std::uint32_t interval = std::clamp<std::uint32_t>(cell.interval * 2, 1, 1024);
    __atomic_store_n(&cell.left, INT32_MIN, __ATOMIC_RELAXED);
    __atomic_store_n(&cell.done, calls, __ATOMIC_RELEASE);  // a reader that sees this sees `left` as it is from here on
    __atomic_store_n(&cell.interval, interval, __ATOMIC_RELEASE);
    __atomic_store_n(&cell.left, static_cast<std::int32_t>(interval) - 1, __ATOMIC_RELEASE);
}

Links& links() {
    static Links* const table = std::make_unique<Links>().release();  // never destroyed, as the registry of threads
    return *table;
}

LinkRecord* Links::add(heddle_module& caller, const heddle_handle& handle, const heddle_host& host, Role role,
                       const Handler* handler) {
    const std::lock_guard lock(plane_mutex());
    std::size_t slot = slots_.size();
    if (!free_slots_.empty()) {
        slot = free_slots_.back();
        free_slots_.pop_back();
    } else if (slot == max_links) {
        return nullptr;
    } else {
        slots_.emplace_back();
    }
    slots_[slot] = std::make_unique<LinkRecord>(caller, handle, host, slot, role, handler);
    return slots_[slot].get();
}

Count Links::count_of(LinkRecord& link, std::uint64_t dropped, std::uint64_t unheard) {
    Count sum;
    sum.calls = link.retired_calls;
    sum.dropped = dropped;
    sum.unheard = unheard;
    sum.timed = link.timed.load(std::memory_order_relaxed);
    sum.total_ns = link.total_ns.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < sum.histogram.size(); ++i) {
        sum.histogram[i] = link.histogram[i].load(std::memory_order_relaxed);
    }
    threads().each_locked([&](ThreadRecord& thread) { sum.calls += calls_of(thread.cells[link.slot]); });
    return sum;
}

void Links::add_count(std::map<Names, Count>& to, LinkRecord& link, std::uint64_t dropped, std::uint64_t unheard) {
    const Count sum = count_of(link, dropped, unheard);
    if (sum.calls != 0 || sum.dropped != 0 || sum.unheard != 0) {
        to[{link.caller_name, link.serves.empty() ? link.wanted : link.serves}].add(sum);
    }
}

void Links::add_messages(std::map<Names, Count>& to, const LinkRecord& named) {
    Count sum;
    sum.dropped = named.dropped.load(std::memory_order_relaxed);
    sum.unheard = named.unheard.load(std::memory_order_relaxed);
    if (sum.dropped != 0 || sum.unheard != 0) {
        to[{named.caller_name, named.serves.empty() ? named.wanted : named.serves}].add(sum);
    }
}

void Links::forget_passed() {
    std::erase_if(named_, [this](const auto& one) {
        const bool gone = has_passed(one.second);
        if (gone) {
            add_messages(kept_[one.first->line.host], *one.first);
        }
        return gone;
    });
}

std::unique_ptr<LinkRecord> Links::free_slot(std::unique_ptr<LinkRecord> link) {
    const std::uint64_t dropped = link->dropped.load(std::memory_order_relaxed);
    const std::uint64_t unheard = link->unheard.load(std::memory_order_relaxed);
    add_count(kept_[link->line.host], *link, dropped, unheard);
    // Messages that name it go on counting.
    link->dropped.fetch_sub(dropped, std::memory_order_relaxed);
    link->unheard.fetch_sub(unheard, std::memory_order_relaxed);
    // The slot's next link starts from zero. Nobody counts here now: the module's threads have left.
    threads().each_locked([&](ThreadRecord& thread) {
        heddle_cell& cell = thread.cells[link->slot];
        __atomic_store_n(&cell.left, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&cell.interval, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&cell.done, 0, __ATOMIC_RELAXED);
    });
    free_slots_.push_back(link->slot);
    return link;
}

void Links::free_links_of(const heddle_module& caller, const Mailbox::Mark& mark) {
    const std::lock_guard lock(plane_mutex());
    forget_passed();
    const bool named = !has_passed(mark);
    for (auto& link : slots_) {
        if (link != nullptr && &link->caller == &caller && link->role != Role::callback) {
            const bool stays = named && link->sent.load(std::memory_order_relaxed);
            std::unique_ptr<LinkRecord> gone = free_slot(std::exchange(link, nullptr));
            if (stays) {
                gone->drop = nullptr;  // nothing that it would end is left, see Lives
                named_.emplace_back(std::move(gone), mark);
            }
        }
    }
}

void Links::forget_mailbox(const Mailbox& mailbox) {
    const std::lock_guard lock(plane_mutex());
    for (auto& [link, mark] : named_) {
        mailbox.take_out(mark);
    }
    forget_passed();
}

void Links::free_link(LinkRecord& link) {
    const std::lock_guard lock(plane_mutex());
    free_slot(std::exchange(slots_[link.slot], nullptr));
}

void Links::free_subscriber(LinkRecord& link) {
    Mailbox::Mark mark;
    const heddle_module* const provider = link.provider.load(std::memory_order_relaxed);
    if (provider != nullptr && link.sent.load(std::memory_order_relaxed)) {
        provider->mailbox.mark(mark);
    }
    const std::lock_guard lock(plane_mutex());
    forget_passed();
    std::unique_ptr<LinkRecord> gone = free_slot(std::exchange(slots_[link.slot], nullptr));
    if (!has_passed(mark)) {
        named_.emplace_back(std::move(gone), std::move(mark));
    }
}

void Links::end_runs(const Handler& handler) {
    const std::lock_guard lock(plane_mutex());
    const auto end = [&handler](LinkRecord* link) {
        if (link != nullptr && link->handler == &handler) {
            link->runs.store(nullptr, std::memory_order_release);
        }
    };
    for (const auto& link : slots_) {
        end(link.get());
    }
    for (const auto& [link, mark] : named_) {
        end(link.get());
    }
}

bool Links::has_sent_code(const heddle_module& caller) {
    const std::lock_guard lock(plane_mutex());
    const auto has_code = [&caller](const LinkRecord* link) {
        return link != nullptr && &link->caller == &caller && link->role != Role::callback && link->drop != nullptr &&
               link->sent.load(std::memory_order_relaxed);
    };
    return std::any_of(slots_.begin(), slots_.end(), [&](const auto& link) { return has_code(link.get()); }) ||
           std::any_of(named_.begin(), named_.end(),
                       [&](const auto& one) { return has_code(one.first.get()) && !has_passed(one.second); });
}

void Links::each(const std::function<void(LinkRecord&)>& visit) {
    const std::lock_guard lock(plane_mutex());
    for (const auto& link : slots_) {
        if (link != nullptr) {
            visit(*link);
        }
    }
}

std::map<Links::Names, Count> Links::counts(const heddle_host& host) {
    const std::lock_guard lock(plane_mutex());
    std::map<Names, Count> all = kept_[&host];
    for (const auto& link : slots_) {
        if (link != nullptr && link->line.host == &host) {
            add_count(all, *link, link->dropped.load(std::memory_order_relaxed),
                      link->unheard.load(std::memory_order_relaxed));
        }
    }
    for (const auto& [link, mark] : named_) {
        if (link->line.host == &host) {
            add_messages(all, *link);
        }
    }
    return all;
}

void Links::forget(const heddle_host& host) {
    const std::lock_guard lock(plane_mutex());
    kept_.erase(&host);
}

void Links::retire(ThreadRecord& thread) {
    for (const auto& link : slots_) {
        if (link != nullptr) {
            link->retired_calls += calls_of(thread.cells[link->slot]);
        }
    }
}

void set_serves(LinkRecord& link, const std::string& full_name) {
    const std::lock_guard lock(plane_mutex());
    if (link.serves.empty()) {  // what a name is wired to does not change while the host runs
        link.serves = full_name;
    }
}

void open(LinkRecord& link, const heddle_endpoint& endpoint, const Target& target) {
    link.target.store(&target, std::memory_order_release);  // pairs with the loads of messages.cpp
    __atomic_store_n(&link.line.endpoint, target.policy == HEDDLE_QUEUED ? &link.queued_endpoint : &endpoint,
                     endpoint_store_order);  // pairs with load_endpoint()
    __atomic_store_n(&link.line.open, 1U, __ATOMIC_RELAXED);
    link.gate.store(static_cast<std::uint32_t>(Gate::open), std::memory_order_release);  // pairs with wait_at_gate()
    futex_wake(link.gate, INT_MAX);
}

void shut(LinkRecord& link, Gate why) {
    link.gate.store(static_cast<std::uint32_t>(why), std::memory_order_release);
    __atomic_store_n(&link.line.open, 0U, __ATOMIC_RELAXED);
    __atomic_store_n(&link.line.endpoint, &link.gate_endpoint, endpoint_store_order);
    link.target.store(nullptr, std::memory_order_release);
    futex_wake(link.gate, INT_MAX);
}

}  // namespace heddle::plane
