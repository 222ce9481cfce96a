#include "plane/messages.hpp"

#include <fmt/format.h>

#include <cstring>
#include <ctime>
#include <limits>
#include <new>
#include <span>
#include <tuple>

#include "plane/calls.hpp"
#include "plane/events.hpp"
#include "plane/futex.hpp"
#include "plane/grace.hpp"
#include "plane/links.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"
#include "plane/waits.hpp"

/// See heddle/abi.h. Three may hold it: the future, the message, and the module that is to go on with the answer.
struct heddle_reply {
    enum State : std::uint32_t { sleeping = 8, state_mask = 7 };

    std::atomic<std::uint32_t> holders{1};
    std::atomic<std::uint32_t> state{HEDDLE_PENDING};  // futex of the thread that waits
    heddle_link* link = nullptr;                       // alive as long as the caller's module
    std::atomic<heddle_module*> provider{nullptr};     // while pending; for those that wait
    heddle::plane::Ticket* ticket = nullptr;           // a deferred answer of a call: what it is for
    std::unique_ptr<heddle::plane::PostNames> post;    // of a message that nobody waits for: who is told of a failure
    std::uint32_t round = 0;                           // of the ticket
    void* result = nullptr;
    heddle_destroy* destroy = nullptr;
    std::size_t align = 0;  // of a result that stands outside
    heddle::plane::Failure failure;

    // What goes on with the answer: `then` turns from 0 to set or answered, whichever comes first, and the other of the
    // two sends it to the module.
    std::atomic<std::uint32_t> then{0};
    heddle_task* run = nullptr;
    heddle_task* drop = nullptr;
    void* context = nullptr;
    heddle_reply* next = nullptr;  // in the module's list of answers

    // Who comes first: the one that writes the result, or the future that goes without having waited for it. Where the
    // future does, the reply is the message's alone from then on, and nothing of the caller is touched any more.
    enum Use : std::uint32_t { written = 1, released = 2 };
    std::atomic<std::uint32_t> use{0};
    bool detached = false;  // ordered by `holders`

    alignas(16) std::array<std::byte, 64> room{};
};

namespace heddle::plane {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();
constexpr std::uint32_t then_set = 1;
constexpr std::uint32_t then_answered = 2;
constexpr std::uint32_t then_forgotten = 3;

std::int64_t now_ns() noexcept {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

/// When a wait that begins now ends: after `bound`, or at the thread's deadline.
std::int64_t end_of_wait(const ThreadRecord& mine, std::chrono::nanoseconds bound) noexcept {
    const std::int64_t now = now_ns();
    const std::int64_t end = bound.count() > no_deadline - now ? no_deadline : now + bound.count();
    return std::min(end, mine.deadline);
}

/// "10 s (host.call_timeout)" or "its deadline": what ended a wait.
std::string spell_bound(const ThreadRecord& mine, std::int64_t ended, std::chrono::nanoseconds bound) {
    return ended == mine.deadline ? std::string("until the call's deadline")
                                  : fmt::format("{} (host.call_timeout)", spell(bound));
}

std::pair<std::string_view, std::string_view> names_of(const LinkRecord& link) {
    const std::string_view full = link.serves.empty() ? link.wanted : link.serves;
    const std::size_t dot = full.find('.');
    return {full.substr(0, dot), full.substr(dot + 1)};
}

void fail_for(const LinkRecord& link, std::int64_t kind, std::string what) noexcept {
    const auto [module, function] = names_of(link);
    set_failure(kind, module, function, std::move(what));
}

Failure take(ThreadRecord& mine) noexcept {
    mine.line.failed = 0;
    return {mine.failure_kind, std::move(mine.failure_module), std::move(mine.failure_function),
            std::move(mine.failure_what)};
}

void give(Failure&& failure) noexcept {
    set_failure(failure.kind, failure.module, failure.function, std::move(failure.what));
}

ThreadRecord& registered() noexcept {
    return *static_cast<ThreadRecord*>(heddle_current.host_record);
}

/// Marked on the stack of links while the thread waits: it is in nobody's code.
class FrameOff {
public:
    explicit FrameOff(ThreadRecord& mine) : frame_(mine.line.top - 1), link_(*frame_) {
        __atomic_store_n(frame_, marked(link_), __ATOMIC_RELEASE);
    }
    FrameOff(const FrameOff&) = delete;
    FrameOff& operator=(const FrameOff&) = delete;
    ~FrameOff() {
        __atomic_store_n(frame_, link_, detail::publish_order);  // as publish(): before what it leads to is read again
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }

private:
    heddle_link** const frame_;
    heddle_link* const link_;
};

// ---- answering ------------------------------------------------------------------------------------------------

void answer(Ticket& ticket, std::uint32_t round, Ticket::State how) noexcept {
    // Release: the result and the failure; whoever waits loads with acquire. Acquire: a caller that has given up.
    const std::uint32_t was = ticket.state.exchange(Ticket::word_of(how, round), std::memory_order_acq_rel);
    if ((was & Ticket::sleeping) != 0) {
        futex_wake(ticket.state, 1);  // the caller may be gone by now, which wakes nobody
    }
    if (Ticket::state_of(was, round) == Ticket::given_up) [[unlikely]] {
        const std::unique_ptr<Ticket> gone(&ticket);  // left to whoever would answer
    }
}

void finish(Ticket& ticket, std::uint32_t round, ThreadRecord& mine) noexcept {
    if (mine.line.failed != 0) {
        ticket.failure = take(mine);
        answer(ticket, round, Ticket::failed);
    } else {
        answer(ticket, round, Ticket::answered);
    }
}

void let_go(heddle_reply* reply) noexcept {
    if (reply->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) {
        return;
    }
    const std::unique_ptr<heddle_reply> gone(reply);
    if (reply->result != nullptr) {
        if (!reply->detached && reply->destroy != nullptr &&
            (reply->state.load(std::memory_order_relaxed) & heddle_reply::state_mask) == HEDDLE_ANSWERED) {
            reply->destroy(reply->result);
        }
        if (reply->result != reply->room.data()) {
            ::operator delete (reply->result, std::align_val_t{reply->align});
        }
    }
    if (!reply->detached) {
        // Release: pairs with Module::await_replies(), after which the code of `destroy` may go.
        LinkRecord::of(reply->link).caller.replies.fetch_sub(1, std::memory_order_release);
    }
}

/// Nobody will look at the answer, and nothing is constructed: the caller need not wait for it before it goes.
void detach(heddle_reply& reply) noexcept {
    reply.detached = true;
    LinkRecord::of(reply.link).caller.replies.fetch_sub(1, std::memory_order_release);  // as in let_go()
}

/// Before the result is written; false where nobody wants it any more. Pairs with reply_release().
bool claim(heddle_reply& reply) noexcept {
    return (reply.use.fetch_or(heddle_reply::written, std::memory_order_acq_rel) & heddle_reply::released) == 0;
}

/// The function will answer later: until it does, the future may go.
void unclaim(heddle_reply& reply) noexcept {
    const std::uint32_t was = reply.use.fetch_and(~std::uint32_t{heddle_reply::written}, std::memory_order_acq_rel);
    if ((was & heddle_reply::released) != 0) {
        detach(reply);
    }
}

/// Has the module whose call it was go on with it, on its thread.
void send_on(heddle_reply* reply) noexcept {
    heddle_module& caller = LinkRecord::of(reply->link).caller;
    reply->next = caller.answers.load(std::memory_order_relaxed);
    while (!caller.answers.compare_exchange_weak(reply->next, reply, std::memory_order_release,
                                                 std::memory_order_relaxed)) {
    }
    caller.wakeup.wake();
}

void answer(heddle_reply& reply, std::uint32_t how) noexcept {
    reply.provider.store(nullptr, std::memory_order_relaxed);
    const std::uint32_t was = reply.state.exchange(how, std::memory_order_acq_rel);
    if ((was & heddle_reply::sleeping) != 0) {
        futex_wake(reply.state, INT32_MAX);
    }
    // Pairs with reply_then(): the second of the two sends it.
    if (reply.then.exchange(then_answered, std::memory_order_acq_rel) == then_set) {
        send_on(&reply);
    }
}

void finish(heddle_reply* reply, ThreadRecord& mine) noexcept {
    static_cast<void>(claim(*reply));  // from here on the future does not detach it
    if (mine.line.failed != 0) {
        reply->failure = take(mine);
        answer(*reply, HEDDLE_NOT_ANSWERED);
    } else {
        answer(*reply, HEDDLE_ANSWERED);
    }
    let_go(reply);
}

// ---- running --------------------------------------------------------------------------------------------------

void not_there(const LinkRecord& link) {
    fail_for(link, HEDDLE_UNAVAILABLE, "its module is stopped");
}

/// What becomes of a message that nobody is there for any more.
void skip(LinkRecord& link) {
    if (link.role == Role::subscriber) {
        link.dropped.fetch_add(1, std::memory_order_relaxed);  // as unsubscribing is to do
    } else {
        not_there(link);
    }
}

/// Runs the function that the link leads to, on this thread, which is its module's. The thread's failure tells how it
/// went.
void run_function(heddle_module& module, ThreadRecord& mine, LinkRecord& link, void* block, void* result,
                  Running& running) noexcept {
    heddle_thread& line = mine.line;
    heddle_link** const top = line.top;
    if ((reinterpret_cast<std::uintptr_t>(top) & (HEDDLE_STACK_ALIGN - 1)) == 0) [[unlikely]] {
        admit(&link.line);  // as deep as it goes: its failure
        return;
    }
    detail::publish(line, top, &link.line);
    const Target* const target = link.runs.load(std::memory_order_acquire);
    if (target == nullptr || target->module != &module) [[unlikely]] {
        skip(link);
    } else if (target->policy == HEDDLE_CONCURRENT || enter(&module) != 0) {
        if (link.role == Role::subscriber && link.runs.load(std::memory_order_acquire) == nullptr) [[unlikely]] {
            skip(link);  // it was unsubscribed while this thread waited for the module, by one that had it
        } else {
            Running* const outer = mine.running;
            mine.running = &running;
            running.result = result;
            target->run(target->self, block, result);
            mine.running = outer;
        }
        if (target->policy != HEDDLE_CONCURRENT) {
            leave(&module);
        }
    }
    if (__atomic_load_n(&line.attention, __ATOMIC_RELAXED) != 0) [[unlikely]] {
        leave_handler(mine, link);
    }
    detail::retract(line, top);
}

void tell_unheard(heddle_module& module, std::string_view to, std::string_view from, const Failure& failure) {
    if (module.unheard != nullptr) {
        std::string who = failure.module;
        if (!failure.function.empty()) {
            who += '.' + failure.function;
        }
        module.unheard(module, fmt::format("a message to {} from {} failed: {}{}{}", to, from, who,
                                           who.empty() ? "" : ": ", failure.what));
    }
}

void unheard(heddle_module& module, ThreadRecord& mine, LinkRecord& link) {
    link.unheard.fetch_add(1, std::memory_order_relaxed);
    tell_unheard(module, link.serves, link.caller_name, take(mine));
}

/// Where a function that runs for someone who waits on this very thread would answer later, or could not be given the
/// means to: the failure that its caller gets instead.
void fail_where_not_deferred(const heddle_module& module, const LinkRecord& link, const Running& running) {
    if (running.later == Running::Later::impossible) {
        fail_for(
            link, HEDDLE_DEADLOCK,
            fmt::format("the thread of '{}' would wait for itself: the function goes on later on that thread, which "
                        "waits for its answer; call it with async() instead",
                        module.name));
    } else if (running.later == Running::Later::no_memory) {
        fail_for(link, HEDDLE_NO_RESOURCE, "there is no memory left for an answer that comes later");
    }
}

/// The chain of calls and the deadline of a caller that waits, for as long as its call runs.
class Adopted {
public:
    Adopted(ThreadRecord& mine, std::uint64_t chain, std::int64_t deadline) noexcept
        : mine_(mine), chain_(mine.line.chain), deadline_(mine.deadline) {
        __atomic_store_n(&mine.line.chain, chain, __ATOMIC_RELAXED);
        mine.deadline = deadline;
    }
    Adopted(const Adopted&) = delete;
    Adopted& operator=(const Adopted&) = delete;
    ~Adopted() {
        __atomic_store_n(&mine_.line.chain, chain_, __ATOMIC_RELAXED);
        mine_.deadline = deadline_;
    }

private:
    ThreadRecord& mine_;
    const std::uint64_t chain_;
    const std::int64_t deadline_;
};

/// With `here`, this thread waits further out for what the same chain of calls has asked.
void run_call(heddle_module& module, ThreadRecord& mine, LinkRecord& link, Ticket& ticket, std::uint32_t round,
              std::uint64_t chain, std::int64_t deadline, void* block, void* result, bool here) noexcept {
    Running running;
    running.link = &link;
    running.ticket = &ticket;
    running.waits_here = here;
    running.round = round;
    {
        const Adopted as(mine, chain, deadline);
        run_function(module, mine, link, block, result, running);
    }
    if (running.later != Running::Later::deferred) {
        fail_where_not_deferred(module, link, running);
        finish(ticket, round, mine);
        return;
    }
    std::uint32_t was = ticket.state.load(std::memory_order_relaxed);
    do {
        if (Ticket::state_of(was, round) == Ticket::given_up) {
            return;  // answer_begin() finds it so, and ends it
        }
    } while (!ticket.state.compare_exchange_weak(
        was, Ticket::word_of(Ticket::deferred, round) | (was & (Ticket::sleeping | Ticket::poked)),
        std::memory_order_acq_rel));
    if ((was & Ticket::sleeping) != 0) {
        futex_wake(ticket.state, 1);  // it may leave from here on when its time is over
    }
}

struct CallBody {
    Ticket* ticket;
    std::uint64_t round;
    std::uint64_t chain;
    std::int64_t deadline;
    void* result;  // null: the ticket's own room, or none is wanted
};
constexpr std::size_t call_words = sizeof(CallBody) / sizeof(std::uint64_t);

void* block_of(Header header, std::uint64_t* at) noexcept {
    if ((header.word & Header::outside) == 0) {
        return at;
    }
    void* block = nullptr;
    std::memcpy(&block, at, sizeof block);
    return block;
}

template <class T>
T read(const std::uint64_t* body) noexcept {
    T value;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): where T is a pointer, a pointer is read
    std::memcpy(&value, body, sizeof value);
    return value;
}

/// Frees a block of reserve() that stands outside of its record, after its arguments have been ended.
void end_block(Header header, const LinkRecord& link, std::uint64_t* at) noexcept {
    void* const block = block_of(header, at);
    if (link.drop != nullptr) {
        link.drop(block);
    }
    if ((header.word & Header::outside) != 0) {
        ::operator delete(block);
    }
}

}  // namespace

struct Nested {
    LinkRecord* link;
    Ticket* ticket;
    std::uint64_t chain;
    std::int64_t deadline;
    void* block;
    void* result;
};

bool run_record(heddle_module& module, ThreadRecord& mine, Header header, std::uint64_t* body) {
    switch (header.kind()) {
        case Kind::post: {
            LinkRecord& link = *header.link();
            Running running;
            running.link = &link;
            run_function(module, mine, link, block_of(header, body), nullptr, running);
            if (mine.line.failed != 0) [[unlikely]] {
                unheard(module, mine, link);
            }
            if (link.drop != nullptr || (header.word & Header::outside) != 0) {
                end_block(header, link, body);
            }
            return true;
        }
        case Kind::reply: {
            LinkRecord& link = *header.link();
            auto* const reply = read<heddle_reply*>(body);
            const auto deadline = read<std::int64_t>(body + 1);
            Running running;
            running.link = &link;
            running.reply = reply;
            const bool wanted = claim(*reply);
            {
                const Adopted as(mine, mine.line.chain, deadline);
                run_function(module, mine, link, block_of(header, body + 2), wanted ? reply->result : nullptr, running);
            }
            end_block(header, link, body + 2);
            if (running.later != Running::Later::deferred) {
                finish(reply, mine);
            } else if (wanted) {
                unclaim(*reply);
            }
            return true;
        }
        case Kind::call: {
            if ((header.word & Header::cancelled) != 0) {
                return true;
            }
            const auto call = read<CallBody>(body);
            run_call(module, mine, *header.link(), *call.ticket, static_cast<std::uint32_t>(call.round), call.chain,
                     call.deadline, block_of(header, body + call_words),
                     call.result != nullptr ? call.result : call.ticket->result.data(), false);
            return true;
        }
        case Kind::task: {
            const auto run = read<heddle_task*>(body);
            const auto drop = read<heddle_task*>(body + 1);
            void* const object = block_of(header, body + 2);
            bool fine = enter(&module) != 0;
            if (fine) {
                run(object);
                leave(&module);
                fine = mine.line.failed == 0;
            }
            if (drop != nullptr) {
                drop(object);
            }
            if ((header.word & Header::outside) != 0) {
                ::operator delete(object);
            }
            return fine;
        }
        case Kind::wrap:
            break;
    }
    return true;
}

std::size_t run_posts(heddle_module& module, ThreadRecord& mine, Lane& lane, std::uint64_t* record, bool holds,
                      std::size_t limit) noexcept {
    const std::uint64_t first = __atomic_load_n(record, __ATOMIC_RELAXED);  // front() has acquired it
    Header header{first};
    LinkRecord& link = *header.link();
    heddle_thread& line = mine.line;
    heddle_link** const top = line.top;
    if ((header.word & Header::outside) != 0 || (reinterpret_cast<std::uintptr_t>(top) & (HEDDLE_STACK_ALIGN - 1)) == 0)
        [[unlikely]] {
        return 0;
    }
    detail::publish(line, top, &link.line);
    Running running;
    running.link = &link;
    Running* const outer = std::exchange(mine.running, &running);
    std::size_t ran = 0;
    for (;;) {
        const Target* const target = link.runs.load(std::memory_order_acquire);  // for each: it may end meanwhile
        if (target == nullptr || target->module != &module || (target->policy != HEDDLE_CONCURRENT && !holds))
            [[unlikely]] {
            break;
        }
        target->run(target->self, record + 1, nullptr);
        running.later = Running::Later::no;
        if (link.drop != nullptr) {
            link.drop(record + 1);
        }
        lane.pop(header);
        ++ran;
        if ((__atomic_load_n(&line.attention, __ATOMIC_RELAXED) | line.failed) != 0 || ran == limit ||
            (holds && module.exclusive.is_contended())) [[unlikely]] {
            break;
        }
        record = lane.front();
        if (record == nullptr) {
            break;
        }
        header.word = __atomic_load_n(record, __ATOMIC_RELAXED);
        if ((header.word ^ first) << Header::words_bits != 0) {
            break;  // another link's, or of another kind
        }
    }
    mine.running = outer;
    if (__atomic_load_n(&line.attention, __ATOMIC_RELAXED) != 0) [[unlikely]] {
        leave_handler(mine, link);
    }
    detail::retract(line, top);
    if (line.failed != 0) [[unlikely]] {
        unheard(module, mine, link);
    }
    return ran;
}

void drop_record(heddle_module& module, ThreadRecord& mine, Header header, std::uint64_t* body, std::int64_t kind) {
    const auto tell = [&](const LinkRecord& link) {
        if (kind == HEDDLE_FULL) {
            fail_for(link, HEDDLE_FULL, "its mailbox was full, and this was the oldest message of its sender");
        } else {
            not_there(link);
        }
    };
    switch (header.kind()) {
        case Kind::post:
            header.link()->dropped.fetch_add(1, std::memory_order_relaxed);
            end_block(header, *header.link(), body);
            break;
        case Kind::reply:
            header.link()->dropped.fetch_add(1, std::memory_order_relaxed);
            end_block(header, *header.link(), body + 2);
            tell(*header.link());
            finish(read<heddle_reply*>(body), mine);
            break;
        case Kind::call:
            if ((header.word & Header::cancelled) == 0) {
                tell(*header.link());
                const auto call = read<CallBody>(body);
                finish(*call.ticket, static_cast<std::uint32_t>(call.round), mine);
            }
            break;
        case Kind::task: {
            void* const object = block_of(header, body + 2);
            if (const auto drop = read<heddle_task*>(body + 1); drop != nullptr) {
                drop(object);
            }
            if ((header.word & Header::outside) != 0) {
                ::operator delete(object);
            }
            break;
        }
        case Kind::wrap:
            break;
    }
    static_cast<void>(module);
}

namespace {

// ---- sending --------------------------------------------------------------------------------------------------

/// What the link leads to; waits at its gate where that is nothing. Null: the thread's failure is set.
const Target* target_of(LinkRecord& link) noexcept {
    for (;;) {
        const Target* const target = link.target.load(std::memory_order_acquire);  // pairs with open() and shut()
        if (target != nullptr) [[likely]] {
            return target;
        }
        if (wait_at_gate(&link.line) == 0) {
            return nullptr;
        }
    }
}

Lane* lane_for(heddle_module& module, ThreadRecord& mine, const LinkRecord* link) noexcept {
    try {
        return &module.mailbox.lane_of(mine);
    } catch (...) {
        set_failure(HEDDLE_NO_RESOURCE, module.name, link == nullptr ? std::string_view() : names_of(*link).second,
                    "there is no memory left for messages of this thread");
        return nullptr;
    }
}

std::string full_text(const heddle_module& module) {
    return fmt::format("its mailbox holds {} messages of this thread, as many as thread.mailbox allows",
                       module.mailbox.most);
}

/// Waits for room in a full lane. False: the thread's failure is set.
bool wait_for_room(heddle_module& module, ThreadRecord& mine, Lane& lane, const LinkRecord* link,
                   std::size_t words) noexcept {
    const std::int64_t end = end_of_wait(mine, module.call_timeout);
    // First for room for many: to follow the consumer message by message would take every line away from it that it
    // is reading.
    for (int look = 0; look < 256; ++look) {
        if (look < 128 ? lane.has_much_room(words) : lane.has_room(words)) {
            return true;
        }
        pause_briefly();
    }
    for (;;) {
        lane.waits.store(1, std::memory_order_seq_cst);
        membarrier_all();  // a consumer that does not see the note has what it has told of seen by the next look
        const std::int64_t left = end - now_ns();
        const bool found = lane.has_room(words);
        if (found || left <= 0) {
            lane.waits.store(0, std::memory_order_relaxed);
            if (!found) {
                std::string text = fmt::format("waited {} for room: {}", spell_bound(mine, end, module.call_timeout),
                                               full_text(module));
                link != nullptr ? fail_for(*link, HEDDLE_TIMEOUT, std::move(text))
                                : set_failure(HEDDLE_TIMEOUT, module.name, {}, std::move(text));
            }
            return found;
        }
        // The frame stays: the lane is the module's. What the wait is for names the module.
        const Wait wait(mine, WaitKind::mailbox, module, link == nullptr ? nullptr : &link->line, {&lane.waits, 1});
        if (!wait.cycle().empty()) {
            lane.waits.store(0, std::memory_order_relaxed);
            wait.fail();
            return false;
        }
        futex_wait(lane.waits, 1, std::chrono::nanoseconds(left));
    }
}

/// Makes sure of room for a record, as the function's `full` says. False as reserve()'s null.
bool make_room(heddle_module& module, ThreadRecord& mine, Lane& lane, LinkRecord* link, std::uint32_t full,
               bool wants_answer, std::size_t words) noexcept {
    if (full == HEDDLE_DROP_OLDEST || lane.has_room(words)) [[likely]] {
        return true;
    }
    bool found = false;
    if (full == HEDDLE_BLOCK) {
        found = wait_for_room(module, mine, lane, link, words);
    } else if (full == HEDDLE_REFUSE || wants_answer) {
        fail_for(*link, HEDDLE_FULL, full_text(module));
    }
    if (!found && link != nullptr) {
        link->dropped.fetch_add(1, std::memory_order_relaxed);
    }
    return found;
}

/// Puts a parcel at the end of the lane's list; what has to go for it is dropped. False: the parcel itself was.
bool send_listed(heddle_module& module, ThreadRecord& mine, Lane& lane, Parcel parcel) {
    Parcel gone;
    bool sent = true;
    {
        const std::lock_guard lock(lane.list.mutex);
        ParcelList& list = lane.list;
        if (list.count == list.slots.size()) {
            std::size_t oldest = 0;
            while (oldest < list.count && !list.at(oldest).droppable) {
                ++oldest;
            }
            if (oldest < list.count) {
                gone = list.take(oldest);
                lane.in_list.fetch_sub(1, std::memory_order_relaxed);
            } else {
                sent = false;  // it is the oldest of its kind itself
            }
        }
        if (sent) {
            parcel.number = lane.count_listed();
            list.push(std::move(parcel));
            lane.in_list.fetch_add(1, std::memory_order_release);  // pairs with take_listed()
        } else {
            gone = std::move(parcel);
        }
    }
    if (gone.words != nullptr) {
        drop_record(module, mine, {gone.words[0]}, gone.words.get() + 1, HEDDLE_FULL);
        const std::lock_guard lock(lane.list.mutex);
        lane.list.spare.push_back(std::move(gone));
    }
    return sent;
}

std::size_t words_for(std::uint64_t bytes) noexcept {
    return (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
}

/// What reserve() has begun and commit() ends.
void* begin(heddle_module& module, ThreadRecord& mine, Lane& lane, LinkRecord* link, const Target* target, Kind kind,
            std::span<const std::uint64_t> prefix, std::uint64_t bytes) noexcept {
    if (lane.is_reserved() || mine.reservations_used == mine.reservations.size()) {
        set_failure(HEDDLE_INVALID, module.name, {},
                    "a message is sent while the arguments of another are copied; copying must not send");
        return nullptr;
    }
    try {
        const std::uint32_t full = target == nullptr ? std::uint32_t{HEDDLE_BLOCK} : target->full;
        if (full == HEDDLE_DROP_OLDEST && !lane.is_listed()) {
            lane.begin_list();
        }
        std::size_t words = 1 + prefix.size() + words_for(bytes);
        std::uint64_t marks = 0;
        if (words > lane.largest()) {
            words = 2 + prefix.size();
            marks = Header::outside;
        }
        if (!make_room(module, mine, lane, link, full, kind == Kind::reply, words)) {
            return nullptr;
        }
        // What may throw comes first: a reservation that was begun in vain would be taken for the next one's.
        Parcel parcel;
        if (lane.is_listed()) {
            parcel = lane.take_spare(words);
            parcel.droppable = full == HEDDLE_DROP_OLDEST;
        }
        void* const outside = marks != 0 ? ::operator new(bytes) : nullptr;
        Reservation& made = mine.reservations[mine.reservations_used];
        made.module = &module;
        made.lane = &lane;
        made.parcel = std::move(parcel);
        made.record = made.parcel.words != nullptr ? made.parcel.words.get() : lane.room(words);
        std::copy(prefix.begin(), prefix.end(), made.record + 1);
        std::uint64_t* const at = made.record + 1 + prefix.size();
        void* place = at;
        if (outside != nullptr) {
            place = outside;
            std::memcpy(at, &place, sizeof place);
        }
        made.header = Header::make(kind, words, link, marks);
        made.place = place;
        lane.set_reserved(true);
        ++mine.reservations_used;
        return place;
    } catch (const std::bad_alloc&) {
        set_failure(HEDDLE_NO_RESOURCE, module.name, {}, "there is no memory left for the message");
        return nullptr;
    }
}

void end_reservation(ThreadRecord& mine) noexcept {
    Reservation& made = mine.reservations[--mine.reservations_used];
    made.lane->set_reserved(false);
}

void* reserve(heddle_link* line, std::uint64_t bytes, heddle_reply* reply) noexcept {
    LinkRecord& link = LinkRecord::of(line);
    ThreadRecord& mine = registered();
    const Target* const target = target_of(link);
    if (target == nullptr) [[unlikely]] {
        return nullptr;
    }
    heddle_module& module = *target->module;
    if (target->run == nullptr) [[unlikely]] {
        fail_for(link, HEDDLE_INVALID, "its module was built for a host without mailboxes: it can only be called");
        return nullptr;
    }
    Lane* const lane = lane_for(module, mine, &link);
    if (lane == nullptr) [[unlikely]] {
        return nullptr;
    }
    if (!link.sent.load(std::memory_order_relaxed)) {
        link.sent.store(true, std::memory_order_relaxed);
    }
    if (reply == nullptr) {
        return begin(module, mine, *lane, &link, target, Kind::post, {}, bytes);
    }
    const std::array<std::uint64_t, 2> prefix{reinterpret_cast<std::uintptr_t>(reply),
                                              static_cast<std::uint64_t>(mine.deadline)};
    void* const place = begin(module, mine, *lane, &link, target, Kind::reply, prefix, bytes);
    if (place != nullptr) {
        reply->holders.fetch_add(1, std::memory_order_relaxed);
        reply->provider.store(&module, std::memory_order_relaxed);
    }
    return place;
}

void* reserve_task(heddle_module* module, std::uint64_t bytes, heddle_task* run, heddle_task* drop) noexcept {
    ThreadRecord& mine = threads().mine();
    Lane* const lane = lane_for(*module, mine, nullptr);
    if (lane == nullptr) {
        return nullptr;
    }
    const std::array<std::uint64_t, 2> prefix{reinterpret_cast<std::uintptr_t>(run),
                                              reinterpret_cast<std::uintptr_t>(drop)};
    return begin(*module, mine, *lane, nullptr, nullptr, Kind::task, prefix, bytes);
}

void commit(void* /*place*/) noexcept {
    ThreadRecord& mine = registered();
    Reservation& made = mine.reservations[mine.reservations_used - 1];
    heddle_module& module = *made.module;
    if (made.parcel.words != nullptr) [[unlikely]] {
        made.parcel.words[0] = made.header.word;
        send_listed(module, mine, *made.lane, std::move(made.parcel));
    } else {
        made.lane->publish(made.record, made.header);
    }
    end_reservation(mine);
    module.wakeup.notify();
}

[[gnu::cold, gnu::noinline]] std::uint32_t post_slowly(heddle_link* line, std::uint64_t bytes, heddle_fill* fill,
                                                       const void* from) noexcept {
    void* const place = reserve(line, bytes, nullptr);
    if (place == nullptr) {
        return 0;
    }
    fill(place, from);
    commit(place);
    return 1;
}

/// Where nothing is in its way it is done here.
std::uint32_t post(heddle_link* line, std::uint64_t bytes, heddle_fill* fill, const void* from) noexcept {
    LinkRecord& link = LinkRecord::of(line);
    ThreadRecord& mine = registered();
    const Target* const target = link.target.load(std::memory_order_acquire);  // pairs with open() and shut()
    if (target != nullptr && link.sent.load(std::memory_order_relaxed) && target->full != HEDDLE_DROP_OLDEST)
        [[likely]] {
        heddle_module& module = *target->module;
        Lane* const lane = mine.lanes[module.mailbox.id].load(std::memory_order_relaxed);
        const std::size_t words = 1 + words_for(bytes);
        if (lane != nullptr && lane->takes_at_once(words)) [[likely]] {
            if (std::uint64_t* const record = lane->room(words)) [[likely]] {
                fill(record + 1, from);
                lane->publish(record, Header::make(Kind::post, words, &link, 0));
                module.wakeup.notify();
                return 1;
            }
        }
    }
    return post_slowly(line, bytes, fill, from);
}

void withdraw(void* /*place*/) noexcept {
    ThreadRecord& mine = registered();
    Reservation& made = mine.reservations[mine.reservations_used - 1];
    if ((made.header.word & Header::outside) != 0) {
        ::operator delete(made.place);
    }
    if (made.header.kind() == Kind::reply) {
        let_go(read<heddle_reply*>(made.record + 1));
    }
    if (made.parcel.words != nullptr) {
        const std::lock_guard lock(made.lane->list.mutex);
        made.lane->list.spare.push_back(std::move(made.parcel));
    }
    end_reservation(mine);
}

// ---- calls that wait ------------------------------------------------------------------------------------------

/// A ticket of the calling thread for a scope; calls nest, and so do tickets.
class TicketUse {
public:
    explicit TicketUse(ThreadRecord& mine) : mine_(mine), index_(mine.tickets_used++) {
        if (index_ == mine.tickets.size()) {
            mine.tickets.push_back(std::make_unique<Ticket>());
        } else if (mine.tickets[index_] == nullptr) {
            mine.tickets[index_] = std::make_unique<Ticket>();
        }
        Ticket& ticket = get();
        ticket.round = (ticket.round + 1) & (UINT32_MAX >> Ticket::round_shift);
    }
    TicketUse(const TicketUse&) = delete;
    TicketUse& operator=(const TicketUse&) = delete;
    ~TicketUse() { --mine_.tickets_used; }
    Ticket& get() { return *mine_.tickets[index_]; }
    std::unique_ptr<Ticket> give_up() { return std::move(mine_.tickets[index_]); }

private:
    ThreadRecord& mine_;
    const std::size_t index_;
};

/// Runs what a call of the same chain has handed over to this waiting thread of a module.
void run_nested(heddle_module& self, ThreadRecord& mine, Ticket& ticket) noexcept {
    if (Nested* const nested = ticket.nested.exchange(nullptr, std::memory_order_acq_rel)) {
        run_call(self, mine, *nested->link, *nested->ticket, nested->ticket->round, nested->chain, nested->deadline,
                 nested->block, nested->result != nullptr ? nested->result : nested->ticket->result.data(), true);
    }
}

std::uint32_t state_now(const Ticket& ticket) noexcept {
    return Ticket::state_of(ticket.state.load(std::memory_order_acquire), ticket.round);  // pairs with answer()
}

constexpr bool is_answer(std::uint32_t state) noexcept {
    return state == Ticket::answered || state == Ticket::failed;
}

/// Looks for an answer, serving nested calls, until there is one or `until`. Gives the state.
std::uint32_t spin_for_answer(heddle_module* self, ThreadRecord& mine, Ticket& ticket, std::int64_t spin_ns,
                              std::int64_t& end, std::chrono::nanoseconds bound) noexcept {
    std::int64_t until = 0;
    for (int look = 0;; ++look) {
        const std::uint32_t state = state_now(ticket);
        if (is_answer(state)) {
            return state;
        }
        if (self != nullptr && ticket.nested.load(std::memory_order_relaxed) != nullptr) {
            run_nested(*self, mine, ticket);
        }
        if (look < eager_looks) {  // most answers come now: the clock is not asked
            continue;
        }
        if (look == eager_looks) {
            end = end_of_wait(mine, bound);
            until = std::min(end, now_ns() + spin_ns);
        } else if ((look & 15) == 15 && now_ns() >= until) {
            return state;
        }
        pause_briefly();
    }
}

/// Sleeps until there is an answer, or a nested call, or `end`; off the stack of links. False: waiting would close a
/// cycle, which is the thread's failure now.
bool sleep_for_answer(heddle_module& module, ThreadRecord& mine, const LinkRecord& link, Ticket& ticket,
                      std::int64_t end, bool look_for_cycle) noexcept {
    std::uint32_t state = ticket.state.load(std::memory_order_acquire);
    if (is_answer(Ticket::state_of(state, ticket.round)) || (state & Ticket::poked) != 0) {
        ticket.state.fetch_and(~static_cast<std::uint32_t>(Ticket::poked), std::memory_order_acq_rel);
        return true;
    }
    const std::uint32_t asleep = state | Ticket::sleeping;
    if (!ticket.state.compare_exchange_strong(state, asleep, std::memory_order_acq_rel)) {
        return true;
    }
    {
        const Wait wait(mine, WaitKind::answer, module, &link.line, {&ticket.state, asleep}, look_for_cycle);
        if (!wait.cycle().empty()) {
            wait.fail();
            return false;
        }
        const FrameOff off(mine);
        futex_wait(ticket.state, asleep, std::chrono::nanoseconds(std::max<std::int64_t>(0, end - now_ns())));
    }
    ticket.state.fetch_and(~static_cast<std::uint32_t>(Ticket::sleeping | Ticket::poked), std::memory_order_acq_rel);
    return true;
}

/// Tells calls of this chain that a module's own thread waits, and can be asked.
class WaitingHere {
public:
    WaitingHere(heddle_module* self, std::uint64_t chain, Ticket& ticket) noexcept : self_(self) {
        ticket.nested.store(nullptr, std::memory_order_relaxed);
        if (self_ != nullptr) {
            chain_ = self_->waiting_chain.load(std::memory_order_relaxed);
            ticket_ = self_->waiting_ticket.load(std::memory_order_relaxed);
            self_->waiting_ticket.store(&ticket, std::memory_order_relaxed);
            self_->waiting_chain.store(chain, std::memory_order_release);  // read by those of the same chain only
        }
    }
    WaitingHere(const WaitingHere&) = delete;
    WaitingHere& operator=(const WaitingHere&) = delete;
    ~WaitingHere() {
        if (self_ != nullptr) {
            self_->waiting_ticket.store(ticket_, std::memory_order_relaxed);
            self_->waiting_chain.store(chain_, std::memory_order_release);
        }
    }

private:
    heddle_module* const self_;
    std::uint64_t chain_ = 0;
    Ticket* ticket_ = nullptr;
};

struct Sent {
    Lane* lane = nullptr;             // null: handed over to a thread that waits
    std::uint64_t* record = nullptr;  // null: in the lane's list
    bool owns_all = false;            // nothing of it refers to the caller's memory: it may go on without the caller
    std::uint64_t number = 0;
    Ticket* asked = nullptr;
    Nested* nested = nullptr;
};

/// Takes a call back that has waited for too long; false when it runs already, or was answered meanwhile.
bool take_back(const Sent& sent) {
    if (sent.lane == nullptr) {
        Nested* expected = sent.nested;
        return sent.asked->nested.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel);
    }
    return sent.record == nullptr ? sent.lane->take_back_listed(sent.number)
                                  : sent.lane->take_back(sent.record, sent.number);
}

/// Waits for the answer; the failure is in the thread's record when it is none.
std::uint32_t wait_for_answer(const Target& target, LinkRecord& link, ThreadRecord& mine, TicketUse& use,
                              const Sent& sent) {
    Ticket& ticket = use.get();
    heddle_module& module = *target.module;
    heddle_module* const self = mine.module;
    std::int64_t end = 0;
    std::uint32_t state = Ticket::waiting;
    if (module.spin_ns > 0) {
        state = spin_for_answer(self, mine, ticket, module.spin_ns, end, module.call_timeout);
    } else {
        end = end_of_wait(mine, module.call_timeout);
    }
    bool runs = false;  // it cannot be taken back
    bool cycle = false;
    bool left = false;  // it goes on; the ticket is no more this thread's
    while (!is_answer(state)) {
        const bool may_leave = !runs || state == Ticket::deferred || sent.owns_all;
        if (may_leave && (cycle || now_ns() >= end)) {
            if (runs || state == Ticket::deferred) {
                // What runs on has the link on its stack: the link then outlives its caller, see
                // Links::free_links_of().
                link.sent.store(true, std::memory_order_relaxed);
                std::uint32_t was = ticket.state.load(std::memory_order_acquire);
                if (!is_answer(Ticket::state_of(was, ticket.round)) &&
                    Ticket::state_of(was, ticket.round) != Ticket::answering &&
                    ticket.state.compare_exchange_strong(was, Ticket::word_of(Ticket::given_up, ticket.round),
                                                         std::memory_order_acq_rel)) {
                    static_cast<void>(use.give_up().release());  // whoever would answer ends it
                    left = true;
                    break;
                }
            } else if (state_now(ticket) == Ticket::waiting && take_back(sent)) {
                // The frame was on the stack before the state was looked at: a module that has not answered yet, and
                // ends, waits for the frame to leave before its mailbox goes (Lives::what_holds).
                break;
            } else {
                runs = true;
            }
        } else {
            cycle = !sleep_for_answer(module, mine, link, ticket, may_leave ? end : no_deadline, !runs);
            if (self != nullptr) {
                run_nested(*self, mine, ticket);
            }
        }
        state = state_now(ticket);
    }
    if (state == Ticket::answered) {
        mine.line.failed = 0;  // it ran after all
        return 1;
    }
    if (state == Ticket::failed) {
        give(std::move(ticket.failure));
    } else if (left && state != Ticket::deferred && !cycle) {
        fail_for(link, HEDDLE_TIMEOUT,
                 fmt::format("waited {} for its answer; it runs on, and its answer will be thrown away",
                             spell_bound(mine, end, module.call_timeout)));
    } else if (left && !cycle) {
        fail_for(link, HEDDLE_TIMEOUT,
                 fmt::format(
                     "waited {} for its answer, which is still to come: it is a task that waits itself, in module '{}'",
                     spell_bound(mine, end, module.call_timeout), module.name));
    } else if (!cycle) {
        fail_for(link, HEDDLE_TIMEOUT,
                 fmt::format("waited {} for the thread of '{}', {}", spell_bound(mine, end, module.call_timeout),
                             module.name, describe_thread_of(module)));
    }
    return 0;
}

std::uint32_t queued(heddle_link* line, const heddle_request* request) noexcept {
    try {
        LinkRecord& link = LinkRecord::of(line);
        ThreadRecord& mine = registered();
        const Target* const target = target_of(link);
        if (target == nullptr) {
            return 0;
        }
        heddle_module& module = *target->module;
        if (mine.module == &module) {  // its own thread: it would wait for itself
            Running running;
            running.link = &link;
            running.waits_here = true;
            Running* const outer = mine.running;
            mine.running = &running;
            if (target->policy == HEDDLE_CONCURRENT || enter(&module) != 0) {
                target->run(target->self, request->block, request->result);
                if (target->policy != HEDDLE_CONCURRENT) {
                    leave(&module);
                }
            }
            mine.running = outer;
            fail_where_not_deferred(module, link, running);
            return mine.line.failed == 0 ? 1 : 0;
        }
        TicketUse use(mine);
        Ticket& ticket = use.get();
        const bool result_here = request->result != nullptr && (request->flags & HEDDLE_FLAT_RESULT) != 0 &&
                                 request->result_size <= sizeof ticket.result;
        CallBody call{&ticket, ticket.round, mine.line.chain, mine.deadline, result_here ? nullptr : request->result};
        Sent sent;
        Nested nested{&link, &ticket, call.chain, call.deadline, request->block, call.result};
        // While this module's own thread waits, it serves what its chain of calls asks of it.
        const WaitingHere here(mine.module, call.chain, ticket);
        if (module.waiting_chain.load(std::memory_order_acquire) == call.chain) {
            Ticket* const asked = module.waiting_ticket.load(std::memory_order_relaxed);
            sent.asked = asked;
            sent.nested = &nested;
            asked->nested.store(&nested, std::memory_order_release);
            if ((asked->state.fetch_or(Ticket::poked, std::memory_order_acq_rel) & Ticket::sleeping) != 0) {
                futex_wake(asked->state, 1);
            }
        } else {
            Lane* const lane = lane_for(module, mine, &link);
            if (lane == nullptr) {
                return 0;
            }
            const bool copied = (request->flags & HEDDLE_FLAT_BLOCK) != 0 && request->block_size <= 256;
            const std::size_t block_words = copied ? words_for(request->block_size) : 1;
            // Whole lines: what the module's thread looks at then moves from core to core in one piece.
            const std::size_t words =
                (1 + call_words + block_words + Lane::line_words - 1) / Lane::line_words * Lane::line_words;
            lane->align(words);
            if (target->full == HEDDLE_DROP_OLDEST && !lane->is_listed() && !lane->has_room(words)) {
                lane->begin_list();  // as begin(): make_room() finds room for it in a list only
            }
            if (!make_room(module, mine, *lane, &link, target->full, true, words)) {
                return 0;
            }
            sent.lane = lane;
            sent.owns_all = copied && (request->flags & HEDDLE_OWN_BLOCK) != 0 && call.result == nullptr;
            Parcel parcel;
            if (lane->is_listed()) {
                parcel = lane->take_spare(words);
            }
            std::uint64_t* const record = parcel.words != nullptr ? parcel.words.get() : lane->room(words);
            std::memcpy(record + 1, &call, sizeof call);
            if (copied) {
                std::memcpy(record + 1 + call_words, request->block, request->block_size);
            } else {
                std::memcpy(record + 1 + call_words, &request->block, sizeof request->block);
            }
            const Header header = Header::make(Kind::call, words, &link, copied ? 0 : Header::outside);
            if (parcel.words != nullptr) {
                record[0] = header.word;
                parcel.droppable = target->full == HEDDLE_DROP_OLDEST;
                if (!send_listed(module, mine, *lane, std::move(parcel))) {
                    give(std::move(ticket.failure));
                    return 0;
                }
                sent.number = lane->sent();
            } else {
                lane->publish(record, header);
                sent.record = record;
                sent.number = lane->sent();
            }
        }
        module.wakeup.notify();
        const std::uint32_t answered = wait_for_answer(*target, link, mine, use, sent);
        if (answered != 0 && result_here) {
            std::memcpy(request->result, ticket.result.data(), request->result_size);
        }
        return answered;
    } catch (const std::bad_alloc&) {
        fail_for(LinkRecord::of(line), HEDDLE_NO_RESOURCE, "there is no memory left for the call");
        return 0;
    }
}

std::uint32_t is_queued(const heddle_link* line) noexcept {
    const Target* const target = LinkRecord::of(line).target.load(std::memory_order_acquire);
    return target != nullptr && target->policy == HEDDLE_QUEUED ? 1 : 0;
}

// ---- deadlines ------------------------------------------------------------------------------------------------

std::int64_t shorten_deadline(std::int64_t deadline) noexcept {
    ThreadRecord& mine = threads().mine();
    return std::exchange(mine.deadline, std::min(mine.deadline, deadline));
}

void restore_deadline(std::int64_t deadline) noexcept {
    threads().mine().deadline = deadline;
}

void fail_late(heddle_link* line, std::int64_t deadline) noexcept {
    fail_for(LinkRecord::of(line), HEDDLE_TIMEOUT,
             fmt::format("answered {} after the call's deadline; the answer is discarded",
                         spell(std::chrono::nanoseconds(std::max<std::int64_t>(0, now_ns() - deadline)))));
}

// ---- replies --------------------------------------------------------------------------------------------------

heddle_reply* reply_new(heddle_link* line, std::uint64_t size, std::uint64_t align, heddle_destroy* destroy) noexcept {
    try {
        auto made = std::make_unique<heddle_reply>();
        made->link = line;
        made->destroy = destroy;
        if (size != 0) {
            const bool inside = size <= made->room.size() && align <= 16;
            made->align = std::max<std::uint64_t>(align, sizeof(void*));
            made->result = inside ? made->room.data() : ::operator new (size, std::align_val_t{made->align});
        }
        LinkRecord::of(line).caller.replies.fetch_add(1, std::memory_order_relaxed);  // see let_go()
        return made.release();
    } catch (const std::bad_alloc&) {
        fail_for(LinkRecord::of(line), HEDDLE_NO_RESOURCE, "there is no memory left for its answer");
        return nullptr;
    }
}

void reply_release(heddle_reply* reply) noexcept {
    // What goes on with the answer wants it, although the future itself has gone.
    if (reply->then.load(std::memory_order_relaxed) != then_set &&
        (reply->use.fetch_or(heddle_reply::released, std::memory_order_acq_rel) & heddle_reply::written) == 0) {
        detach(*reply);
    }
    let_go(reply);
}

std::uint32_t reply_state(const heddle_reply* reply) noexcept {
    return reply->state.load(std::memory_order_acquire) & heddle_reply::state_mask;
}

std::uint32_t reply_wait(heddle_reply* reply, std::int64_t deadline) noexcept {
    ThreadRecord& mine = threads().mine();
    LinkRecord& link = LinkRecord::of(reply->link);
    std::uint32_t state = reply_state(reply);
    const std::chrono::nanoseconds bound = link.caller.call_timeout;
    const std::int64_t end = deadline == no_deadline ? end_of_wait(mine, bound) : std::min(deadline, mine.deadline);
    for (int look = 0; state == HEDDLE_PENDING && look < 256; ++look) {
        pause_briefly();
        state = reply_state(reply);
    }
    while (state == HEDDLE_PENDING && now_ns() < end) {
        std::uint32_t asleep = HEDDLE_PENDING;
        if (reply->state.compare_exchange_strong(asleep, heddle_reply::sleeping, std::memory_order_acq_rel)) {
            asleep = heddle_reply::sleeping;
        }
        heddle_module* const provider = reply->provider.load(std::memory_order_relaxed);
        if (asleep == heddle_reply::sleeping && provider != nullptr) {
            // Only looked at while the word is unchanged: until then the provider is there.
            const Wait wait(mine, WaitKind::answer, *provider, &link.line, {&reply->state, asleep});
            if (!wait.cycle().empty()) {
                wait.fail();
                return HEDDLE_PENDING;
            }
            futex_wait(reply->state, asleep, std::chrono::nanoseconds(std::max<std::int64_t>(0, end - now_ns())));
        }
        state = reply_state(reply);
    }
    if (state == HEDDLE_PENDING) {
        fail_for(link, HEDDLE_TIMEOUT,
                 end == deadline || end == mine.deadline
                     ? std::string("not answered until the call's deadline")
                     : fmt::format("not answered within {} (host.call_timeout)", spell(bound)));
    }
    return state;
}

void* reply_take(heddle_reply* reply) noexcept {
    if (reply_state(reply) == HEDDLE_ANSWERED) {
        return reply->result != nullptr ? reply->result : reply->room.data();
    }
    const Failure& failure = reply->failure;
    set_failure(failure.kind, failure.module, failure.function, failure.what);
    return nullptr;
}

heddle_status reply_then(heddle_reply* reply, heddle_task* run, heddle_task* drop, void* context) noexcept {
    heddle_module& caller = LinkRecord::of(reply->link).caller;
    if (caller.life == nullptr) {
        return make_status(HEDDLE_INVALID,
                           "a handle of the embedding application cannot go on with an answer: there is no thread of a "
                           "module to do so; wait for the future");
    }
    if (reply->run != nullptr) {
        return make_status(HEDDLE_INVALID, "this future has been given something to go on with already");
    }
    reply->run = run;
    reply->drop = drop;
    reply->context = context;
    reply->holders.fetch_add(1, std::memory_order_relaxed);
    // Pairs with answer(): the second of the two sends it.
    if (reply->then.exchange(then_set, std::memory_order_acq_rel) == then_answered) {
        send_on(reply);
    }
    return {HEDDLE_OK, nullptr};
}

void reply_forget(heddle_reply* reply) noexcept {
    reply->run = nullptr;  // where it is on its way already: read on this thread, by run_answers()
    reply->drop = nullptr;
    std::uint32_t expected = then_set;
    if (reply->then.compare_exchange_strong(expected, then_forgotten, std::memory_order_acq_rel)) {
        let_go(reply);  // nobody sends it any more
    }
}

heddle_reply* defer() noexcept {
    Running* const running = registered().running;
    if (running == nullptr || running->later != Running::Later::no) {
        return nullptr;
    }
    if (running->reply != nullptr) {
        running->later = Running::Later::deferred;
        return running->reply;
    }
    if (running->waits_here) {
        running->later = Running::Later::impossible;
        return nullptr;
    }
    try {
        auto made = std::make_unique<heddle_reply>();
        made->link = &running->link->line;
        made->ticket = running->ticket;
        made->round = running->round;
        if (made->ticket != nullptr) {
            made->result = running->result;
        } else {
            made->post = std::make_unique<PostNames>(PostNames{running->link->serves, running->link->caller_name});
        }
        running->later = Running::Later::deferred;
        return made.release();
    } catch (const std::bad_alloc&) {
        running->later = Running::Later::no_memory;
        return nullptr;
    }
}

std::uint32_t answer_begin(heddle_reply* reply, void** result) noexcept {
    *result = reply->result;
    if (reply->post != nullptr) {
        return 1;
    }
    if (reply->ticket == nullptr) {
        if (claim(*reply)) {
            return 1;
        }
        let_go(reply);
        return 0;
    }
    Ticket& ticket = *reply->ticket;
    std::uint32_t was = ticket.state.load(std::memory_order_acquire);
    for (;;) {
        if (Ticket::state_of(was, reply->round) == Ticket::given_up) {
            const std::unique_ptr<Ticket> gone(&ticket);  // its caller has left it to whoever would answer
            const std::unique_ptr<heddle_reply> also(reply);
            return 0;
        }
        const std::uint32_t next = Ticket::word_of(Ticket::answering, reply->round) | (was & Ticket::sleeping);
        if (ticket.state.compare_exchange_weak(was, next, std::memory_order_acq_rel)) {
            return 1;
        }
    }
}

void answer_deferred(heddle_reply* reply) noexcept {
    ThreadRecord& mine = registered();
    if (mine.line.failed != 0 && mine.failure_module.empty() && mine.failure_function.empty()) {
        // It is in no call any more that could tell its name.
        const std::string_view full = reply->post != nullptr ? std::string_view(reply->post->serves)
                                                             : std::string_view(LinkRecord::of(reply->link).serves);
        const std::size_t dot = full.find('.');
        mine.failure_module = full.substr(0, dot);
        mine.failure_function = full.substr(std::min(dot, full.size() - 1) + 1);
    }
    if (reply->post != nullptr) {
        const std::unique_ptr<heddle_reply> gone(reply);
        if (mine.line.failed != 0) {
            tell_unheard(*mine.module, gone->post->serves, gone->post->caller, take(mine));
        }
        return;
    }
    if (reply->ticket == nullptr) {
        finish(reply, mine);
        return;
    }
    const std::unique_ptr<heddle_reply> gone(reply);
    finish(*gone->ticket, gone->round, mine);
}

}  // namespace

std::size_t run_answers(heddle_module& module, std::size_t limit, bool& fine) {
    if (module.answers_in_order == nullptr) {
        if (module.answers.load(std::memory_order_relaxed) == nullptr) {
            return 0;
        }
        // The last one stands first: turned round.
        heddle_reply* newest = module.answers.exchange(nullptr, std::memory_order_acquire);  // pairs with send_on()
        while (newest != nullptr) {
            heddle_reply* const next = newest->next;
            newest->next = module.answers_in_order;
            module.answers_in_order = newest;
            newest = next;
        }
    }
    std::size_t ran = 0;
    while (fine && ran < limit && module.answers_in_order != nullptr) {
        heddle_reply* const reply = std::exchange(module.answers_in_order, module.answers_in_order->next);
        if (reply->run != nullptr) {  // else it was forgotten on its way
            fine = enter(&module) != 0;
            if (fine) {
                reply->run(reply->context);
                leave(&module);
                fine = heddle_current.failed == 0;
            }
        }
        if (reply->drop != nullptr) {
            reply->drop(reply->context);
        }
        let_go(reply);
        ++ran;
    }
    return ran;
}

void drop_answers(heddle_module& module) {
    bool fine = false;  // runs none
    do {
        run_answers(module, 0, fine);
        while (module.answers_in_order != nullptr) {
            heddle_reply* const reply = std::exchange(module.answers_in_order, module.answers_in_order->next);
            if (reply->drop != nullptr) {
                reply->drop(reply->context);
            }
            let_go(reply);
        }
    } while (module.answers.load(std::memory_order_acquire) != nullptr);
}

const heddle_calls& calls_table() noexcept {
    static constexpr heddle_calls table{sizeof(heddle_calls),
                                        1,
                                        queued,
                                        is_queued,
                                        reserve,
                                        reserve_task,
                                        commit,
                                        withdraw,
                                        shorten_deadline,
                                        restore_deadline,
                                        now_ns,
                                        fail_late,
                                        reply_new,
                                        reply_release,
                                        reply_state,
                                        reply_wait,
                                        reply_take,
                                        reply_then,
                                        defer,
                                        answer_begin,
                                        answer_deferred,
                                        reply_forget,
                                        post};
    return table;
}

}  // namespace heddle::plane
