#include "plane/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "plane/calls.hpp"
#include "plane/futex.hpp"
#include "plane/grace.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"

namespace heddle::plane {

namespace {

#if defined(HEDDLE_TSAN)
constexpr int list_store_order = __ATOMIC_SEQ_CST;  // ThreadSanitizer does not see membarrier
#else
constexpr int list_store_order = __ATOMIC_RELEASE;
#endif

std::string text_of(heddle_str text) {
    return {text.data, text.size};
}

/// A handler that has been unsubscribed with threads inside. Guarded by plane_mutex().
struct Leaving {
    std::unique_ptr<Handler> handler;
    std::vector<const ThreadRecord*> inside;
};
std::vector<Leaving>& leaving() {
    static auto* const all = std::make_unique<std::vector<Leaving>>().release();  // never destroyed, as the registry
    return *all;
}

void forget_ended() {
    std::erase_if(leaving(), [](const Leaving& one) { return one.handler == nullptr; });
}

std::size_t frames_in(const ThreadRecord& thread, const Handler& handler) {
    const std::vector<heddle_link*> links = links_used_by(thread);
    return static_cast<std::size_t>(std::count_if(
        links.begin(), links.end(), [&](const heddle_link* link) { return LinkRecord::of(link).handler == &handler; }));
}

/// Whether the thread is on its way into the handler, but waits for its module to be free.
bool waits_for_module(const ThreadRecord& thread, const Handler& handler) {
    return thread.waits.load(std::memory_order_relaxed) && thread.waiting.kind == WaitKind::exclusive &&
           thread.waiting.link != nullptr && LinkRecord::of(thread.waiting.link).handler == &handler;
}

/// Whether the thread runs the handler's code, or will without looking whether it may.
bool is_running(const ThreadRecord& thread, const Handler& handler) {
    if (frames_in(thread, handler) == 0) {
        return false;
    }
    switch (handler.target.policy) {
        case HEDDLE_CONCURRENT:
            return true;
        case HEDDLE_QUEUED:  // others send messages to it, and may wait for room
            return handler.target.module->thread.load(std::memory_order_acquire) == &thread &&
                   !waits_for_module(thread, handler);
        default:
            return !waits_for_module(thread, handler);
    }
}

/// Takes threads that have left out. Gives the handlers of a module that nobody is inside of any more. With
/// plane_mutex() held.
std::vector<std::unique_ptr<Handler>> take_left(const heddle_module* module) {
    std::vector<std::unique_ptr<Handler>> left;
    for (Leaving& one : leaving()) {
        if (one.handler->target.module != module) {
            continue;
        }
        std::vector<const ThreadRecord*> still;
        threads().each_locked([&](const ThreadRecord& thread) {
            if (std::find(one.inside.begin(), one.inside.end(), &thread) != one.inside.end() &&
                frames_in(thread, *one.handler) != 0) {
                still.push_back(&thread);
            }
        });
        one.inside = std::move(still);
        if (one.inside.empty()) {
            left.push_back(std::move(one.handler));
        }
    }
    forget_ended();
    return left;
}

}  // namespace

// ---- lists ----------------------------------------------------------------------------------------------------------

Event::Event(std::string name, const heddle_event_declaration& declaration, LinkRecord& own_link,
             const heddle_events& table)
    : full_name(std::move(name)),
      signature(text_of(declaration.signature.text)),
      fingerprint(declaration.signature.fingerprint),
      tier(declaration.signature.tier),
      own(own_link) {
    line.size = sizeof line;
    line.version = 1;
    line.link = &own.line;
    line.events = &table;
    line.host_record = this;
    handle_.size = sizeof handle_;
    handle_.version = 1;
    handle_.name = {full_name.data(), full_name.size()};
    handle_.signature = declaration.signature;
    handle_.signature.text = {signature.data(), signature.size()};
    handle_.gate = declaration.silent;
    handle_.flags = HEDDLE_OPTIONAL;
    handle_.queued = declaration.queued;
    handle_.drop = declaration.drop;
}

LinkRecord* Event::add(const Handler& handler) {
    LinkRecord* const link = links().add(own.caller, handle_, *own.line.host, Role::subscriber, &handler);
    if (link == nullptr) {
        return nullptr;
    }
    heddle_module& subscriber = *handler.target.module;
    set_serves(*link, fmt::format("{}.{}", subscriber.name, full_name));
    link->provider.store(&subscriber, std::memory_order_relaxed);
    link->runs.store(&handler.target, std::memory_order_release);
    open(*link, handler.endpoint, handler.target);
    std::vector<heddle_link*> all;
    if (current_ != nullptr) {
        all = current_->links;
    }
    all.push_back(&link->line);
    publish(std::move(all), nullptr);
    return link;
}

void Event::remove(LinkRecord& link, Gate why) {
    shut(link, why);
    std::vector<heddle_link*> rest = current_->links;
    std::erase(rest, &link.line);
    publish(std::move(rest), &link);
}

void Event::publish(std::vector<heddle_link*> links, LinkRecord* gone) {
    std::unique_ptr<List> made;
    if (!links.empty()) {
        made = std::make_unique<List>();
        made->links = std::move(links);
        made->line = {sizeof(heddle_subscribers), 1, made->links.size(), made->links.data()};
    }
    // Pairs with the acquire load of a raise (heddle/event.hpp).
    __atomic_store_n(&line.subscribers, made == nullptr ? nullptr : &made->line, list_store_order);
    Retired old{std::exchange(current_, std::move(made)), gone, {}};
    membarrier_all();  // a raise that is not seen from here on reads the new list
    {
        const std::lock_guard lock(plane_mutex());
        threads().each_locked([&](const ThreadRecord& thread) {
            const std::vector<heddle_link*> inside = links_used_by(thread);
            if (std::find(inside.begin(), inside.end(), &own.line) != inside.end()) {
                old.inside.push_back(&thread);
            }
        });
    }
    if (old.list != nullptr || gone != nullptr) {
        retired_.push_back(std::move(old));
    }
    reclaim();
}

void Event::reclaim() {
    // Each thread has to be seen outside once. A list that an older one's reader can still see has the same reader, so
    // that a link goes only with the last list that holds it.
    {
        const std::lock_guard lock(plane_mutex());
        std::vector<const ThreadRecord*> raising;
        threads().each_locked([&](const ThreadRecord& thread) {
            const std::vector<heddle_link*> inside = links_used_by(thread);
            if (std::find(inside.begin(), inside.end(), &own.line) != inside.end()) {
                raising.push_back(&thread);
            }
        });
        for (Retired& one : retired_) {
            std::erase_if(one.inside, [&](const ThreadRecord* thread) {
                return std::find(raising.begin(), raising.end(), thread) == raising.end();
            });
        }
    }
    membarrier_all();  // what those raises did is over as well, see grace.hpp
    for (Retired& one : retired_) {
        if (one.inside.empty() && one.link != nullptr) {
            links().free_subscriber(*one.link);
        }
    }
    std::erase_if(retired_, [](const Retired& one) { return one.inside.empty(); });
}

// ---- handlers -------------------------------------------------------------------------------------------------------

namespace {

/// Counts the failure of a subscriber and tells it in its module's log.
void count_failure(ThreadRecord& mine, LinkRecord& link) {
    mine.line.failed = 0;
    std::string who = std::move(mine.failure_module);
    if (!mine.failure_function.empty()) {
        who += '.' + mine.failure_function;
    }
    const bool is_shut = link.gate.load(std::memory_order_acquire) != static_cast<std::uint32_t>(Gate::open);
    if (is_shut && mine.failure_kind == HEDDLE_UNAVAILABLE && who == link.wanted) {
        return;  // it has gone while it was being sent to
    }
    link.unheard.fetch_add(1, std::memory_order_relaxed);
    heddle_module* const module = link.provider.load(std::memory_order_relaxed);
    if (module != nullptr && module->unheard != nullptr) {
        const bool is_its_own = who == link.serves || who.empty();
        module->unheard(*module, fmt::format("a handler of {} failed: {}{}{}", link.wanted, is_its_own ? "" : who,
                                             is_its_own ? "" : ": ", mine.failure_what));
    }
}

}  // namespace

std::string wait_until_left(const Handler& handler, std::chrono::nanoseconds bound) {
    const auto deadline = deadline_after(bound);
    membarrier_all();  // as for a module, see grace.hpp
    for (std::chrono::microseconds rest(1);; rest = std::min(rest * 2, std::chrono::microseconds(1000))) {
        std::string inside;
        threads().each([&](const ThreadRecord& thread) {
            if (&thread.line != &heddle_current && is_running(thread, handler)) {
                inside += (inside.empty() ? "thread '" : ", thread '") + thread_name(thread.id) + "'";
            }
        });
        if (inside.empty() || std::chrono::steady_clock::now() >= deadline) {
            membarrier_all();  // what they did is over as well
            return inside;
        }
        std::this_thread::sleep_for(rest);
    }
}

void retire(std::unique_ptr<Handler> handler) {
    std::vector<std::unique_ptr<Handler>> left;  // ends after the lock: it runs code of a module's
    {
        const std::lock_guard lock(plane_mutex());
        left = take_left(handler->target.module);  // of a thread that went before it was told, too
        Leaving one{std::move(handler), {}};
        threads().each_locked([&](const ThreadRecord& thread) {
            if (frames_in(thread, *one.handler) != 0) {
                one.inside.push_back(&thread);
                __atomic_store_n(&thread.line.attention, 1U, __ATOMIC_RELAXED);  // looked at when it has been called
            }
        });
        if (one.inside.empty()) {
            left.push_back(std::move(one.handler));
        } else {
            leaving().push_back(std::move(one));
        }
    }
    membarrier_all();  // what those who are not inside any more did is over
}

void end_retired(const heddle_module& module) {
    std::vector<std::unique_ptr<Handler>> ended;  // after the lock
    {
        const std::lock_guard lock(plane_mutex());
        for (Leaving& one : leaving()) {
            if (one.handler->target.module == &module) {
                ended.push_back(std::move(one.handler));
            }
        }
        forget_ended();
    }
}

void leave_handler(ThreadRecord& mine, const LinkRecord& link) {
    std::unique_ptr<Handler> left;
    {
        const std::lock_guard lock(plane_mutex());
        bool is_needed_further_out = false;
        for (Leaving& one : leaving()) {
            const auto here = std::find(one.inside.begin(), one.inside.end(), &mine);
            if (here == one.inside.end()) {
                continue;
            }
            const bool is_this_one = one.handler.get() == link.handler;
            if (frames_in(mine, *one.handler) > (is_this_one ? 1U : 0U)) {
                is_needed_further_out = true;
                continue;
            }
            one.inside.erase(here);
            if (one.inside.empty() && is_this_one) {
                left = std::move(one.handler);
            }
        }
        forget_ended();
        __atomic_store_n(&mine.line.attention, is_needed_further_out ? 1U : 0U, __ATOMIC_RELAXED);
    }
    // Its module is there: the frame is still on this thread's stack.
}

void attend(heddle_link* line) noexcept {
    LinkRecord& link = LinkRecord::of(line);
    ThreadRecord& mine = threads().mine();
    if (mine.line.failed != 0) {
        count_failure(mine, link);
    }
    if (__atomic_load_n(&mine.line.attention, __ATOMIC_RELAXED) != 0) {
        leave_handler(mine, link);
    }
}

}  // namespace heddle::plane
