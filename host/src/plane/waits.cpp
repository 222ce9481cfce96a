// Why a cycle that is found is one. The asking thread S is going to wait, and what the search reads was published under
// the mutex that it holds. Take the last edge of a cycle, thread T waiting for what S holds, and suppose that T's wait
// was over already:
// - for an exclusive module: T had it before S, and withdrew its wait before it gave it back. S has taken it since,
// with
//   acquire, so S sees that T does not wait. A wait that ended for another reason is withdrawn under the mutex.
// - for an answer, for room or at a gate: whoever S is in the cycle has written the pending word before it came to wait
//   itself, and published that after it.
// Where T waits awake for one that runs its chain of calls and is blocked itself, T cannot have been answered.
// So T is blocked; it has been since it published its wait, and what it holds was written before that. Then the same
// holds for the thread that waits for T, and so on back to S. The other way round, threads that block each other have
// all published what they wait for and what they hold, and the last one sees that.
#include "plane/waits.hpp"

#include <fmt/format.h>

#include <mutex>

#include "plane/calls.hpp"
#include "plane/grace.hpp"
#include "plane/links.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"

namespace heddle::plane {

namespace {

const std::string& name_of(const LinkRecord& link) {
    return link.serves.empty() ? link.wanted : link.serves;
}

std::uint64_t chain_of(const ThreadRecord& thread) {
    return __atomic_load_n(&thread.line.chain, __ATOMIC_RELAXED);
}

heddle_module* provider_of(const heddle_link* link) {
    return LinkRecord::of(link).provider.load(std::memory_order_relaxed);
}

/// What the thread waits for, null if it does not wait or what it waits for has come.
const Waiting* waiting(const ThreadRecord& thread) {
    if (!thread.waits.load(std::memory_order_relaxed)) {
        return nullptr;
    }
    const Waiting& wait = thread.waiting;
    const bool is_over =
        wait.pending.word != nullptr && wait.pending.word->load(std::memory_order_acquire) != wait.pending.value;
    return is_over ? nullptr : &wait;
}

/// The module waited for. A module that ends under those who wait at its gate has its links let go before.
heddle_module* module_of(const Waiting& wait) {
    return wait.kind == WaitKind::gate ? provider_of(wait.link) : wait.module;
}

ThreadRecord* thread_of(const heddle_module* module) {
    return module == nullptr ? nullptr : module->thread.load(std::memory_order_acquire);
}

/// Whether the thread itself is where the module is held: inside one of its functions, or its own thread.
bool is_inside(const ThreadRecord& thread, const heddle_module* module) {
    heddle_link* const* const top = __atomic_load_n(&thread.line.top, scan_order);
    for (heddle_link* const* slot = thread.stack; slot < top; ++slot) {
        const heddle_link* const link = __atomic_load_n(slot, scan_order);
        if (link != nullptr && !is_marked(link) && provider_of(link) == module) {
            return true;
        }
    }
    return thread_of(module) == &thread;
}

/// The queued call that a thread is in whose answer it has not published to wait for, as it looks for it awake: while
/// a module's thread runs it, that one runs the same chain. Null if there is none.
const heddle_link* awaited_awake(const ThreadRecord& thread) {
    heddle_link* const* const top = __atomic_load_n(&thread.line.top, scan_order);
    const heddle_link* const link = top <= thread.stack ? nullptr : __atomic_load_n(top - 1, scan_order);
    if (link == nullptr || is_marked(link)) {
        return nullptr;
    }
    const Target* const target = LinkRecord::of(link).runs.load(std::memory_order_acquire);
    const ThreadRecord* const other = thread_of(provider_of(link));
    const bool is_run = target != nullptr && target->policy == HEDDLE_QUEUED && other != nullptr && other != &thread &&
                        chain_of(*other) == chain_of(thread);
    return is_run ? link : nullptr;
}

/// Whose answer a thread waits for, asleep or awake; null if it does not.
const ThreadRecord* answers_to(const ThreadRecord& thread) {
    if (const Waiting* const wait = waiting(thread)) {
        return wait->kind == WaitKind::answer ? thread_of(wait->module) : nullptr;
    }
    const heddle_link* const link = awaited_awake(thread);
    return link == nullptr ? nullptr : thread_of(provider_of(link));
}

/// Whether `other` waits for the answer of `thread`, directly or through others that run the same chain of calls: then
/// it takes on what `thread` asks of it while it waits, and that is no wait for each other.
bool is_served_by(const ThreadRecord& thread, const ThreadRecord& other) {
    const ThreadRecord* at = &other;
    for (std::size_t steps = 0; at != nullptr && steps < max_links; ++steps) {
        if (at == &thread || chain_of(*at) != chain_of(thread)) {
            return at == &thread && steps != 0;
        }
        at = answers_to(*at);
    }
    return false;
}

/// A search: breadth first, so that the shortest cycle is spelled. With plane_mutex() held.
class Walk {
public:
    explicit Walk(ThreadRecord& asking) : asking_(asking) {
        static std::uint64_t walks = 0;
        walk_ = ++walks;
    }

    bool finds_cycle() {
        reach(asking_.node, nullptr);
        for (WalkNode* at = first_; at != nullptr && closing_ == nullptr; at = at->next) {
            if (at->thread != nullptr) {
                follow_thread(*at);
            } else {
                follow_start(*at);
            }
        }
        return closing_ != nullptr;
    }

    std::string spell() const {
        std::vector<const WalkNode*> path;
        for (const WalkNode* at = closing_; at != nullptr; at = at->from) {
            path.insert(path.begin(), at);
        }
        const heddle_module* at = closing_->target;
        std::string text = at->name;
        for (const WalkNode* const node : path) {
            if (node->thread != nullptr) {
                add_calls(text, *node, at);
            } else if (node->from != nullptr && node->from->thread == nullptr) {
                text += " -[starts after]-> " + node->target->name;
            }
            at = node->target;
        }
        return text;
    }

private:
    void reach(WalkNode& node, WalkNode* from) {
        if (from != nullptr && &node == &asking_.node) {
            closing_ = closing_ == nullptr ? from : closing_;
            return;
        }
        if (node.walk == walk_) {
            return;
        }
        node.walk = walk_;
        node.from = from;
        node.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &node;
        last_ = &node;
    }

    void follow_thread(WalkNode& node) {
        const Waiting* const wait = waiting(*node.thread);
        node.called = wait == nullptr ? awaited_awake(*node.thread) : wait->link;
        node.target = wait != nullptr ? module_of(*wait) : node.called != nullptr ? provider_of(node.called) : nullptr;
        if (node.target == nullptr) {
            return;
        }
        switch (wait == nullptr ? WaitKind::answer : wait->kind) {
            case WaitKind::exclusive:
                follow_chain(node, *node.target);
                break;
            case WaitKind::gate:
                reach(node.target->start_node, &node);
                break;
            case WaitKind::answer: {
                ThreadRecord* const other = thread_of(node.target);
                if (other != nullptr && !is_served_by(*node.thread, *other)) {
                    reach(other->node, &node);
                }
                break;
            }
            case WaitKind::mailbox:
                if (ThreadRecord* const other = thread_of(node.target)) {
                    reach(other->node, &node);
                }
                break;
        }
    }

    /// To the thread that holds the module, or all that run its chain of calls if the stacks do not tell which it is. A
    /// thread of the chain that waits leads to the next one, down to the one that is running.
    void follow_chain(WalkNode& node, const heddle_module& module) {
        const std::uint64_t chain = module.exclusive.holder();
        if (chain == 0 || chain == chain_of(*node.thread)) {
            return;
        }
        bool found = false;
        for (const bool any : {false, true}) {
            if (!found) {
                threads().each_locked([&](ThreadRecord& thread) {
                    if (chain_of(thread) == chain && (any || is_inside(thread, &module))) {
                        found = true;
                        reach(thread.node, &node);
                    }
                });
            }
        }
    }

    void follow_start(WalkNode& node) {
        heddle_module& module = *node.module;
        node.target = &module;
        if (module.start_is_over.load(std::memory_order_relaxed)) {
            return;
        }
        if (ThreadRecord* const thread = thread_of(&module)) {
            reach(thread->node, &node);
        }
        for (heddle_module* const other : module.starts_after) {
            reach(other->start_node, &node);
        }
    }

    /// The calls of a thread from where it holds `from` to where it waits for `to`.
    static void add_calls(std::string& text, const WalkNode& node, const heddle_module* from) {
        std::vector<const heddle_link*> calls;
        for (const heddle_link* const link : links_of(*node.thread)) {
            calls.push_back(link);
        }
        if (node.called != nullptr && (calls.empty() || calls.back() != node.called)) {
            calls.push_back(node.called);
        }
        std::size_t first = calls.size() - (node.called == nullptr ? 0 : 1);
        while (first > 0 && provider_of(calls[first - 1]) != from) {
            --first;
        }
        const heddle_module* at = from;
        for (std::size_t i = first; i < calls.size(); ++i) {
            const std::string& function = name_of(LinkRecord::of(calls[i]));
            at = provider_of(calls[i]);
            text += " -[" + function + "]-> " + (at == nullptr ? function.substr(0, function.find('.')) : at->name);
        }
        if (at != node.target) {
            text += " -> " + node.target->name;
        }
    }

    ThreadRecord& asking_;
    std::uint64_t walk_;
    WalkNode* first_ = nullptr;
    WalkNode* last_ = nullptr;
    WalkNode* closing_ = nullptr;  // where the edge back to the asking thread begins
};

}  // namespace

Wait::Wait(ThreadRecord& mine, WaitKind kind, heddle_module& module, const heddle_link* link, Pending pending,
           bool looks)
    : mine_(mine) {
    const std::lock_guard lock(plane_mutex());
    was_waiting_ = mine.waits.load(std::memory_order_relaxed);
    before_ = mine.waiting;
    mine.waiting = {&module, kind, link, pending};
    mine.waits.store(true, std::memory_order_relaxed);
    if (Walk walk(mine); looks && walk.finds_cycle()) {
        cycle_ = walk.spell();
        called_ = link == nullptr ? module.name : name_of(LinkRecord::of(link));
        withdraw();
    }
}

Wait::~Wait() {
    if (published_) {
        const std::lock_guard lock(plane_mutex());
        withdraw();
    }
}

void Wait::withdraw() noexcept {
    mine_.waiting = before_;
    mine_.waits.store(was_waiting_, std::memory_order_relaxed);
    published_ = false;
}

void Wait::granted() noexcept {
    if (published_ && !was_waiting_) {
        // Relaxed: whoever takes the module after this thread sees it, and for others a late look does no harm (above).
        mine_.waits.store(false, std::memory_order_relaxed);
        published_ = false;
    }
}

void Wait::fail() const {
    const std::string_view called = called_;
    const std::size_t dot = called.find('.');
    set_failure(HEDDLE_DEADLOCK, called.substr(0, dot),
                dot == std::string_view::npos ? std::string_view{} : called.substr(dot + 1),
                fmt::format("waiting would never end: {} (each waits for the next)", cycle_));
}

std::string describe_wait_locked(const ThreadRecord& thread) {
    const Waiting* const wait = waiting(thread);
    const heddle_module* const module = wait == nullptr ? nullptr : module_of(*wait);
    if (module == nullptr) {
        return {};
    }
    const std::string function = wait->link == nullptr ? "" : fmt::format(" ({})", name_of(LinkRecord::of(wait->link)));
    switch (wait->kind) {
        case WaitKind::gate:
            return fmt::format("waits at the gate of module '{}'{}, which is not running yet", module->name, function);
        case WaitKind::answer:
            return fmt::format("waits for module '{}' to answer{}", module->name, function);
        case WaitKind::mailbox:
            return fmt::format("waits for room in the mailbox of module '{}'{}", module->name, function);
        default:
            return fmt::format("waits for module '{}'{}", module->name, function);
    }
}

std::string describe_wait(const heddle_module& module) {
    std::string text;
    std::uint64_t holder = 0;
    {
        const std::lock_guard lock(plane_mutex());
        const ThreadRecord* const thread = thread_of(&module);
        if (thread == nullptr) {
            return {};
        }
        text = describe_wait_locked(*thread);
        if (text.empty() || thread->waiting.kind != WaitKind::exclusive) {
            return text;
        }
        holder = thread->waiting.module->exclusive.holder();
    }
    return fmt::format("{}, which is held by {}", text, holder == 0 ? "nobody any more" : describe_chain(holder));
}

void set_starts_after(heddle_module& module, std::vector<heddle_module*> others) {
    const std::lock_guard lock(plane_mutex());
    module.starts_after = std::move(others);
}

void forget_starts_after(heddle_module& module, const heddle_module& other) {
    const std::lock_guard lock(plane_mutex());
    std::erase(module.starts_after, &other);
}

}  // namespace heddle::plane
