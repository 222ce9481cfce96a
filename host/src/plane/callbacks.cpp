#include "plane/callbacks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plane/calls.hpp"
#include "plane/events.hpp"
#include "plane/grace.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"

namespace heddle::plane {

namespace {

struct CallbackRecord {
    heddle_callback line{};
    std::atomic<std::uint32_t> holders{1};
    const heddle_module* maker = nullptr;  // to be compared, not followed
    std::unique_ptr<Handler> handler;      // null once the maker has ended
    LinkRecord* link = nullptr;
    bool is_unheld = false;  // nobody has a copy, but it could not be ended then
    Mailbox::Mark sent;      // messages that name it, known when it is unheld
};

/// All of the process. Guarded by plane_mutex().
using Records = std::map<const CallbackRecord*, std::unique_ptr<CallbackRecord>>;
Records& records() {
    static Records* const all = std::make_unique<Records>().release();  // never destroyed, as the registry of threads
    return *all;
}

CallbackRecord& of(heddle_callback* line) {
    return *static_cast<CallbackRecord*>(line->host_record);
}

bool is_open(const LinkRecord& link) {
    return link.gate.load(std::memory_order_acquire) == static_cast<std::uint32_t>(Gate::open);
}

/// How often threads are inside of the link. With plane_mutex() held, after a membarrier.
std::size_t frames_in(const LinkRecord& link) {
    std::size_t count = 0;
    threads().each_locked([&](const ThreadRecord& thread) {
        const std::vector<heddle_link*> used = links_used_by(thread);
        count += static_cast<std::size_t>(std::count(used.begin(), used.end(), &link.line));
    });
    return count;
}

void take(const CallbackRecord& record, std::vector<std::unique_ptr<CallbackRecord>>& into) {
    const auto found = records().find(&record);
    into.push_back(std::move(found->second));
    records().erase(found);
}

/// Those of a maker, which is there, that nobody holds, is inside of or has sent to. With plane_mutex() held.
std::vector<std::unique_ptr<CallbackRecord>> take_unheld(const heddle_module& maker) {
    std::vector<const CallbackRecord*> ready;
    for (const auto& [key, record] : records()) {
        if (record->maker == &maker && record->is_unheld && frames_in(*record->link) == 0 && has_passed(record->sent)) {
            ready.push_back(key);
        }
    }
    std::vector<std::unique_ptr<CallbackRecord>> taken;
    for (const CallbackRecord* const record : ready) {
        take(*record, taken);
    }
    return taken;
}

/// Frees what was taken: the callables first, which is code of the maker's. Without the lock.
void free_all(const std::vector<std::unique_ptr<CallbackRecord>>& taken) {
    for (const std::unique_ptr<CallbackRecord>& record : taken) {
        record->handler.reset();
        links().free_link(*record->link);
    }
}

heddle_status make(const heddle_host* host, heddle_module* module, const heddle_callback_declaration* declaration,
                   heddle_callback** callback) noexcept {
    const auto refuse = [](std::string_view why) {
        return make_status(HEDDLE_INVALID, fmt::format("a callback: {}", why));
    };
    if (declaration->policy > HEDDLE_QUEUED) {
        return refuse(
            fmt::format("this host has no policy {}; it has exclusive, concurrent and queued", declaration->policy));
    }
    if (declaration->full > HEDDLE_DROP_NEWEST) {
        return refuse(
            fmt::format("this host does not know {} as what to do when the mailbox is full", declaration->full));
    }
    if (declaration->policy == HEDDLE_QUEUED ? declaration->run == nullptr : declaration->code == nullptr) {
        return refuse("it has no code to call (null)");
    }
    if (module->life == nullptr) {
        return refuse("the embedding application is no module and cannot make one");
    }
    try {
        std::vector<std::unique_ptr<CallbackRecord>> unheld;
        membarrier_all();
        {
            const std::lock_guard lock(plane_mutex());
            unheld = take_unheld(*module);
        }
        free_all(unheld);

        auto made = std::make_unique<CallbackRecord>();
        made->maker = module;
        made->handler = std::make_unique<Handler>();
        Handler& handler = *made->handler;
        // Queued, it has no code to be called: its caller sends a message, see heddle/callback.hpp.
        handler.endpoint = {sizeof(heddle_endpoint), 1, declaration->code, declaration->self};
        handler.target = {declaration->run, declaration->self, module, declaration->policy, declaration->full};
        const std::string name = module->name + ".callback";
        heddle_handle handle{};
        handle.size = sizeof handle;
        handle.version = 1;
        handle.name = {name.data(), name.size()};
        handle.signature = declaration->signature;
        handle.flags = HEDDLE_OPTIONAL;
        handle.drop = declaration->drop_block;
        made->link = links().add(*module, handle, *host, Role::callback, &handler);
        if (made->link == nullptr) {
            return make_status(HEDDLE_NO_RESOURCE, fmt::format("a callback: all {} links are in use", max_links));
        }
        LinkRecord& link = *made->link;
        set_serves(link, name);
        link.provider.store(module, std::memory_order_relaxed);
        link.runs.store(&handler.target, std::memory_order_release);
        made->line = {sizeof(heddle_callback), 1, &link.line, &callbacks_table(), made.get()};
        *callback = &made->line;
        const std::lock_guard lock(plane_mutex());
        const CallbackRecord* const key = made.get();
        records().emplace(key, std::move(made));
        handler.drop = declaration->drop;  // the host's from here on
        open(link, handler.endpoint, handler.target);
        return {HEDDLE_OK, nullptr};
    } catch (const std::bad_alloc&) {
        return make_status(HEDDLE_NO_RESOURCE, "there is no memory left for another callback");
    }
}

void retain(heddle_callback* callback) noexcept {
    of(callback).holders.fetch_add(1, std::memory_order_relaxed);
}

/// Nobody holds it any more.
void end(CallbackRecord& record) {
    ThreadRecord& mine = threads().mine();
    heddle_thread& line = mine.line;
    LinkRecord& link = *record.link;
    heddle_link** const top = line.top;
    const bool has_room = (reinterpret_cast<std::uintptr_t>(top) & (HEDDLE_STACK_ALIGN - 1)) != 0;
    if (has_room) {
        detail::publish(line, top, &link.line);  // from here on the maker's code stays, if it is not shut by now
    }
    membarrier_all();
    std::vector<std::unique_ptr<CallbackRecord>> taken;
    {
        const std::lock_guard lock(plane_mutex());
        const bool maker_is_there = has_room && is_open(link);
        if (maker_is_there && link.sent.load(std::memory_order_relaxed)) {
            link.provider.load(std::memory_order_relaxed)->mailbox.mark(record.sent);
        }
        const bool is_free = frames_in(link) == (has_room ? 1U : 0U);
        if (is_free && (maker_is_there ? has_passed(record.sent) : record.handler == nullptr)) {
            take(record, taken);
        } else {
            record.is_unheld = true;
        }
    }
    if (!taken.empty()) {
        taken.front()->handler.reset();
    }
    if (has_room) {
        detail::retract(line, top);
    }
    if (!taken.empty()) {
        links().free_link(link);
    }
}

void release(heddle_callback* callback) noexcept {
    CallbackRecord& record = of(callback);
    if (record.holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        end(record);
    }
}

}  // namespace

void shut_callbacks(const heddle_module& module, Gate why) {
    const std::lock_guard lock(plane_mutex());
    for (const auto& [key, record] : records()) {
        if (record->maker == &module) {
            shut(*record->link, why);
        }
    }
}

void end_callbacks(const heddle_module& module) {
    std::vector<std::unique_ptr<Handler>> handlers;
    std::vector<std::unique_ptr<CallbackRecord>> unheld;
    {
        const std::lock_guard lock(plane_mutex());
        std::vector<const CallbackRecord*> ended;
        for (const auto& [key, record] : records()) {
            if (record->maker == &module) {
                shut(*record->link, Gate::stopped);  // one that was made while the module stopped
                record->link->runs.store(nullptr, std::memory_order_release);
                handlers.push_back(std::move(record->handler));
                if (record->is_unheld) {
                    ended.push_back(key);
                }
            }
        }
        for (const CallbackRecord* const record : ended) {
            take(*record, unheld);
        }
    }
    handlers.clear();  // code of the module's
    for (const std::unique_ptr<CallbackRecord>& record : unheld) {
        links().free_link(*record->link);
    }
}

const heddle_callbacks& callbacks_table() noexcept {
    static constexpr heddle_callbacks table{sizeof(heddle_callbacks), 1, make, retain, release};
    return table;
}

}  // namespace heddle::plane
