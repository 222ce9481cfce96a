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
                       std::size_t slot_index)
    : drop(has_messages(handle) ? handle.drop : nullptr),
      slot(slot_index),
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

LinkRecord* Links::add(heddle_module& caller, const heddle_handle& handle, const heddle_host& host) {
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
    slots_[slot] = std::make_unique<LinkRecord>(caller, handle, host, slot);
    return slots_[slot].get();
}

Count Links::count_of(LinkRecord& link) {
    Count sum;
    sum.calls = link.retired_calls;
    sum.dropped = link.dropped.load(std::memory_order_relaxed);
    sum.unheard = link.unheard.load(std::memory_order_relaxed);
    sum.timed = link.timed.load(std::memory_order_relaxed);
    sum.total_ns = link.total_ns.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < sum.histogram.size(); ++i) {
        sum.histogram[i] = link.histogram[i].load(std::memory_order_relaxed);
    }
    threads().each_locked([&](ThreadRecord& thread) { sum.calls += calls_of(thread.cells[link.slot]); });
    return sum;
}

void Links::add_count(std::map<Names, Count>& to, LinkRecord& link) {
    const Count sum = count_of(link);
    if (sum.calls != 0) {
        to[{link.caller_name, link.serves.empty() ? link.wanted : link.serves}].add(sum);
    }
}

std::unique_ptr<LinkRecord> Links::free_slot(std::unique_ptr<LinkRecord> link) {
    add_count(kept_[link->line.host], *link);
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
    std::erase_if(named_, [](const auto& one) { return has_passed(one.second); });
    const bool named = !has_passed(mark);
    for (auto& link : slots_) {
        if (link != nullptr && &link->caller == &caller) {
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
    std::erase_if(named_, [](const auto& one) { return has_passed(one.second); });
}

void Links::free_link(LinkRecord& link) {
    const std::lock_guard lock(plane_mutex());
    free_slot(std::exchange(slots_[link.slot], nullptr));
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
            add_count(all, *link);
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
