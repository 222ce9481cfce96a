// heddle/event.hpp: events, which a module raises and others subscribe to.
//
//     heddle::event<double> changed_{*this, "changed"};              // a member of the module that raises it
//     changed_(21.5);                                                // calls every subscriber
//
//     heddle::subscription temperature_;                             // a member of one that listens
//     temperature_ = subscribe<&Thermostat::on_change>("sensor.changed", heddle::queued);
//
// A raise goes through an immutable list of subscribers, which the host replaces when one comes or goes. It takes no
// lock, writes no shared cache line, allocates nothing and makes no system call of its own. A subscriber that fails
// stops neither the others nor the raise: it is counted (host.calls) and told in its module's log.
// Thread-safety: an event may be raised on any thread, on several at once, and inside of its own subscribers. A
// subscription object belongs to one thread at a time, like any value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "heddle/abi.h"
#include "heddle/call.hpp"
#include "heddle/error.hpp"
#include "heddle/function.hpp"
#include "heddle/message.hpp"
#include "heddle/provide.hpp"
#include "heddle/signature.hpp"

namespace heddle {

class module;

namespace detail {

#if defined(HEDDLE_TSAN)
inline constexpr int replace_order = __ATOMIC_SEQ_CST;
#else
inline constexpr int replace_order = __ATOMIC_RELEASE;
#endif

const heddle_event* declare(module& owner, const heddle_event_declaration& declaration);

/// A view that crosses as the ABI's own.
template <class A>
inline constexpr bool is_crossing_view = std::is_same_v<A, std::string_view> || is_span<A>;

/// How a raise takes an argument: as it is where that costs nothing, else by reference, as each subscriber gets a copy.
template <class A>
using raised_t = std::conditional_t<std::is_reference_v<A> || std::is_scalar_v<A> || is_crossing_view<A>, A, const A&>;

/// An argument on its way to one of several subscribers: unlike wire::out, leaves the value where it is.
template <class A>
[[gnu::always_inline]] inline decltype(auto) raise_out(raised_t<A>& argument) {
    if constexpr (is_crossing_view<A>) {
        return wire<A>::out(argument);
    } else {
        return (argument);
    }
}

/// What an event's subscribers are reached by besides their own code.
template <class... A>
struct event_code {
    static void silent(void* /*self*/, wire_t<A>... /*arguments*/) noexcept {}

    /// `self` is the link of a subscriber that is queued: sends it copies.
    static void queued(void* self, wire_t<A>... arguments) noexcept {
        auto* const link = static_cast<heddle_link*>(self);
        try {
            send_in(link, wire<A>::in(arguments)...);
        } catch (...) {  // a copy's
            report_exception(*link->host);
        }
    }

    static heddle_event_declaration declaration(std::string_view name) noexcept {
        heddle_event_declaration made{
            sizeof(heddle_event_declaration),        1,       to_abi(name), signature_of<void(A...)>::abi(),
            reinterpret_cast<heddle_code*>(&silent), nullptr, nullptr};
        if constexpr ((is_capturable<A> && ...)) {
            made.queued = reinterpret_cast<heddle_code*>(&queued);
            made.drop = captured_block<A...>::drop;
        }
        return made;
    }

private:
    static void send_in(heddle_link* link, A... arguments) { send<A...>(link, *link->calls, nullptr, arguments...); }
};

/// A thread inside of a raise: the event's link on its stack of links, and above it the place of the subscriber's.
class raising {
public:
    raising(const heddle_event& event, heddle_thread& thread) : thread_(thread), top_(thread.top) {
        if (is_full(top_)) [[unlikely]] {
            top_ = admit(event.link);
        }
        if (is_full(top_ + 1)) [[unlikely]] {
            refuse(thread_, top_, *event.link);
        }
        __atomic_store_n(top_ + 1, nullptr, publish_order);
        __atomic_store_n(top_, event.link, publish_order);
        __atomic_store_n(&thread_.top, top_ + 2, top_order);  // release, as in publish()
        // The list is read after this: the processor is held to it by the membarrier of who looks for its readers.
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
    raising(const raising&) = delete;
    raising& operator=(const raising&) = delete;
    ~raising() { retract(thread_, top_); }

    /// As publish(), in the place of the subscriber before.
    [[gnu::always_inline]] void enter(heddle_link* link) noexcept {
        // Release: everything that the subscriber before did happens before a scan sees it gone from here.
        __atomic_store_n(top_ + 1, link, replace_order);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
    /// True if the subscriber has failed, or the host wants this thread.
    [[nodiscard, gnu::always_inline]] bool is_needed() const noexcept {
        static_assert(offsetof(heddle_thread, attention) == offsetof(heddle_thread, failed) + sizeof(std::uint32_t));
        using both [[gnu::may_alias]] = std::uint64_t;
        return __atomic_load_n(reinterpret_cast<const both*>(&thread_.failed), __ATOMIC_RELAXED) != 0;
    }

private:
    static bool is_full(heddle_link** top) noexcept {
        return (reinterpret_cast<std::uintptr_t>(top) & (HEDDLE_STACK_ALIGN - 1)) == 0;
    }
    /// Static, so that the object itself can stay in registers.
    [[gnu::cold, gnu::noinline]] static void refuse(heddle_thread& thread, heddle_link** top, heddle_link& link) {
        publish(thread, top, &link);  // the stack is full with it, which admit() is to see
        static_cast<void>(link.host->admit(&link));
        retract(thread, top);
        thread.failed = 0;
        throw_failure(*link.host);
    }

    heddle_thread& thread_;
    heddle_link** top_;
};

}  // namespace detail

/// An event that a module raises. `changed_(21.5)` calls all subscribers, one after the other, in the order in which
/// they subscribed: the exclusive ones holding their module, the queued ones by a message.
template <class... A>
class event {
public:
    using signature = void(A...);

    /// Declares that `owner` raises "<owner>.<name>". Only while the owner is being constructed, on its thread. Throws
    /// heddle::error for a name that is none or is taken.
    event(module& owner, std::string_view name)
        : event_(detail::declare(owner, detail::event_code<A...>::declaration(name))), cell_(event_->link->cell) {}

    /// Raises it. Those that subscribe meanwhile are called from the next time on; those that unsubscribe are not
    /// called any more. Throws what copying an argument throws, and heddle::recursion. [any thread]
    void operator()(detail::raised_t<A>... arguments) const {
        // A hint: nobody who subscribed before this raise is missed, as the list is there when subscribing is done.
        if (__atomic_load_n(&event_->subscribers, __ATOMIC_RELAXED) != nullptr) {
            raise(arguments...);
        }
    }

    /// True while somebody is subscribed: to save making arguments that nobody wants. [any thread]
    explicit operator bool() const noexcept {
        return __atomic_load_n(&event_->subscribers, __ATOMIC_RELAXED) != nullptr;
    }

private:
    void raise(detail::raised_t<A>... arguments) const {
        heddle_thread& thread = heddle_current;
        detail::raising here(*event_, thread);
        std::int32_t* const left_here =
            &reinterpret_cast<heddle_cell*>(reinterpret_cast<unsigned char*>(thread.cells) + cell_)->left;
        const std::int32_t left = __atomic_load_n(left_here, __ATOMIC_RELAXED) - 1;
        __atomic_store_n(left_here, left, __ATOMIC_RELAXED);
        const std::uint64_t began = left < 0 ? event_->link->host->clock() : 0;
        // Pairs with the release store of who changed the list. Read inside the event's link, so that it stays.
        const heddle_subscribers* const list = __atomic_load_n(&event_->subscribers, detail::endpoint_order);
        if (list != nullptr) [[likely]] {
            heddle_link* const* const end = list->links + list->count;
            for (heddle_link* const* at = list->links; at != end; ++at) {
                heddle_link* const link = *at;
                here.enter(link);
                const heddle_endpoint* const endpoint = detail::load_endpoint(link);
                const auto code = reinterpret_cast<detail::code_t<void(A...)>>(endpoint->code);
                code(endpoint->self, detail::raise_out<A>(arguments)...);
                if (here.is_needed()) [[unlikely]] {
                    event_->events->attend(link);
                }
            }
        }
        if (left < 0) [[unlikely]] {
            event_->link->host->sample(event_->link, began);
        }
    }

    const heddle_event* event_;
    std::uint32_t cell_;
};

/// A subscription of a module's (module::subscribe), which ends with this object. After that the handler does not run
/// and never will: the end waits for threads inside of it, at most host.drain_timeout, though not for its own, and
/// drops messages that have not run yet. Movable; empty when default-constructed.
class subscription {
public:
    subscription() = default;
    subscription(const heddle_events* events, heddle_subscription* record) noexcept
        : events_(events), record_(record) {}
    subscription(subscription&& other) noexcept
        : events_(other.events_), record_(std::exchange(other.record_, nullptr)) {}
    /// Ends what this one was before.
    subscription& operator=(subscription&& other) noexcept {
        if (this != &other) {
            reset();
            events_ = other.events_;
            record_ = std::exchange(other.record_, nullptr);
        }
        return *this;
    }
    ~subscription() { reset(); }

    /// Ends it. [any thread]
    void reset() noexcept {
        if (record_ != nullptr) {
            events_->unsubscribe(std::exchange(record_, nullptr));
        }
    }
    /// True while raising the event calls the handler: both modules are running. [any thread]
    [[nodiscard]] bool is_active() const noexcept { return record_ != nullptr && events_->is_active(record_) != 0; }
    explicit operator bool() const noexcept { return record_ != nullptr; }

private:
    const heddle_events* events_ = nullptr;
    heddle_subscription* record_ = nullptr;
};

namespace detail {

/// A handler's code. One that is exclusive looks again once it holds its module: the subscription may have ended while
/// it waited, and whoever ended it did not wait for that.
template <class Sig, class Target, std::uint32_t Policy, bool Throws>
struct subscriber_thunk;
template <class... A, class Target, std::uint32_t Policy, bool Throws>
struct subscriber_thunk<void(A...), Target, Policy, Throws> {
    static void code(void* self, wire_t<A>... arguments) noexcept {
        if constexpr (Policy == HEDDLE_EXCLUSIVE) {
            const heddle_link* const link = heddle_current.top[-1];
            const exclusive_hold hold(Target::ends(self));
            if (hold.held() && __atomic_load_n(&link->open, __ATOMIC_RELAXED) != 0) {
                run(self, arguments...);
            }
        } else {
            run(self, arguments...);
        }
    }

private:
    [[gnu::always_inline]] static void run(void* self, wire_t<A>&... arguments) noexcept {
        if constexpr (!Throws) {
            Target::invoke(self, wire<A>::in(arguments)...);
        } else {
            try {
                Target::invoke(self, wire<A>::in(arguments)...);
            } catch (...) {
                report_exception(*Target::ends(self).host);
            }
        }
    }
};

template <class Sig>
inline constexpr bool returns_void = false;
template <class... A>
inline constexpr bool returns_void<void(A...)> = true;

/// What subscribe() may be given besides the handler: a policy and heddle::optional.
struct subscribe_options {
    std::uint32_t policy = HEDDLE_EXCLUSIVE;
    std::uint32_t full = HEDDLE_BLOCK;
    std::uint32_t flags = 0;
    template <std::uint32_t P, std::uint32_t Full>
    constexpr void take(heddle::policy<P, Full> /*tag*/) noexcept {
        policy = P;
        full = Full;
    }
    constexpr void take(optional_t /*tag*/) noexcept { flags = HEDDLE_OPTIONAL; }
};
template <class... Options>
consteval subscribe_options options_of() {
    subscribe_options all;
    (all.take(Options{}), ...);
    return all;
}

template <class Sig, class Target, bool Throws, subscribe_options With>
heddle_subscriber subscriber_of(std::string_view event_name, void* self, heddle_task* drop) noexcept {
    static_assert(returns_void<Sig>, "heddle: what is subscribed to an event returns nothing, as nobody would get it");
    heddle_subscriber made{sizeof(heddle_subscriber),
                           1,
                           to_abi(event_name),
                           signature_of<Sig>::abi(),
                           nullptr,
                           nullptr,
                           self,
                           With.policy,
                           With.full,
                           With.flags,
                           0,
                           drop};
    if constexpr (With.policy == HEDDLE_QUEUED) {
        made.run = &runner<Sig, Target, Throws>::code;
    } else {
        made.code = reinterpret_cast<heddle_code*>(&subscriber_thunk<Sig, Target, With.policy, Throws>::code);
    }
    return made;
}

}  // namespace detail
}  // namespace heddle
