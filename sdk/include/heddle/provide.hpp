// heddle/provide.hpp: how a member function or a lambda becomes an endpoint that other modules can call.
//
// A thunk takes the module if the policy is exclusive, calls, and turns an exception into the failure of the calling
// thread, so that none unwinds across the line. Where the target is a template argument (provide<&Stats::observe>) the
// compiler sees it and inlines it into the thunk; given as a value (provide("observe", &Stats::observe)) it costs one
// more call.
// Thread-safety: thunks run on any thread; what they may do at once is the policy's matter.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "heddle/abi.h"
#include "heddle/call.hpp"
#include "heddle/error.hpp"

namespace heddle {

/// How a module wants a function to be called. Full: what becomes of a message for which its mailbox has no room.
template <std::uint32_t Value, std::uint32_t Full = HEDDLE_BLOCK>
struct policy {
    static constexpr std::uint32_t value = Value;
    static constexpr std::uint32_t full = Full;
    /// The same with another choice for a full mailbox: `heddle::queued.or_drop_oldest()`. The default is that the
    /// sender waits, for a bounded time.
    [[nodiscard]] constexpr policy<Value, HEDDLE_REFUSE> or_fail() const noexcept { return {}; }
    [[nodiscard]] constexpr policy<Value, HEDDLE_DROP_OLDEST> or_drop_oldest() const noexcept { return {}; }
    [[nodiscard]] constexpr policy<Value, HEDDLE_DROP_NEWEST> or_drop_newest() const noexcept { return {}; }
};
/// On the caller's thread, holding the module: never two at once, though the same chain of calls may re-enter. The
/// default.
inline constexpr policy<HEDDLE_EXCLUSIVE> exclusive{};
/// On the caller's thread, at once: the function promises to be thread-safe.
inline constexpr policy<HEDDLE_CONCURRENT> concurrent{};
/// On the module's own thread, between its other work, through its mailbox; what one thread asks, in that order. A
/// module with a loop of its own must serve the mailbox in it (module::run).
inline constexpr policy<HEDDLE_QUEUED> queued{};

template <class R = void>
class task;  // heddle/task.hpp

namespace detail {

class root_tasks;

/// What every thunk needs of the module: the two ends of the line.
struct module_ends {
    const heddle_host* host;
    heddle_module* self;
    root_tasks* tasks = nullptr;  // of the module's object, once there is one
};

/// Holds a module for a scope; held() is false when it could not be had in time, and the thread's failure is set.
class exclusive_hold {
public:
    explicit exclusive_hold(const module_ends& ends) noexcept : ends_(ends), held_(ends.host->enter(ends.self) != 0) {}
    exclusive_hold(const exclusive_hold&) = delete;
    exclusive_hold& operator=(const exclusive_hold&) = delete;
    ~exclusive_hold() {
        if (held_) {
            ends_.host->leave(ends_.self);
        }
    }
    [[nodiscard]] bool held() const noexcept { return held_; }

private:
    const module_ends& ends_;
    bool held_;
};

/// What a caller is given: a task's result.
template <class R>
struct result_of {
    using type = R;
    static constexpr bool is_task = false;
};
template <class R>
struct result_of<task<R>> {
    using type = R;
    static constexpr bool is_task = true;
};

/// The signature of a member function or of a call operator, without the class.
template <class F>
struct target_of;
template <class R, class T, class... A>
struct target_of<R (T::*)(A...)> {
    using object = T;
    using signature = typename result_of<R>::type(A...);
    static constexpr bool is_task = result_of<R>::is_task;
    static constexpr bool throws = true;
};
template <class R, class T, class... A>
struct target_of<R (T::*)(A...) const> : target_of<R (T::*)(A...)> {};
template <class R, class T, class... A>
struct target_of<R (T::*)(A...) noexcept> : target_of<R (T::*)(A...)> {
    static constexpr bool throws = false;
};
template <class R, class T, class... A>
struct target_of<R (T::*)(A...) const noexcept> : target_of<R (T::*)(A...) noexcept> {};

/// Target is stateless: Target::invoke(self, arguments...) runs the function, Target::ends(self) names its module.
template <class Sig, class Target, std::uint32_t Policy, bool Throws>
struct thunk;
template <class R, class... A, class Target, std::uint32_t Policy, bool Throws>
struct thunk<R(A...), Target, Policy, Throws> {
    static R code(void* self, wire_t<A>... arguments) noexcept {
        if constexpr (Policy == HEDDLE_EXCLUSIVE) {
            const exclusive_hold hold(Target::ends(self));
            if (!hold.held()) {
                return R();
            }
            return run(self, arguments...);
        } else {
            return run(self, arguments...);
        }
    }

private:
    [[gnu::always_inline]] static R run(void* self, wire_t<A>&... arguments) noexcept {
        if constexpr (!Throws) {
            return Target::invoke(self, wire<A>::in(arguments)...);
        } else {
            try {
                return Target::invoke(self, wire<A>::in(arguments)...);
            } catch (...) {
                report_exception(*Target::ends(self).host);
            }
            return R();
        }
    }
};

/// A member function known at compile time; self is the module's object.
template <auto Method>
struct method_target {
    using object = typename target_of<decltype(Method)>::object;
    static const module_ends& ends(void* self) noexcept;  // in module.hpp
    template <class... B>
    [[gnu::always_inline]] static decltype(auto) invoke(void* self, B&&... arguments) {
        return (static_cast<object*>(self)->*Method)(std::forward<B>(arguments)...);
    }
};

/// Owned by the module that provides it.
struct binding {
    explicit binding(const module_ends& module_ends_in) noexcept : ends(module_ends_in) {}
    binding(const binding&) = delete;
    binding& operator=(const binding&) = delete;
    virtual ~binding() = default;
    module_ends ends;
};

/// A callable kept as a value; self is this binding (as its base, so that ends() need not know F).
template <class F>
struct value_binding final : binding {
    value_binding(const module_ends& module_ends_in, F&& callable) : binding(module_ends_in), f(std::move(callable)) {}
    F f;
};
template <class F>
struct value_target {
    static const module_ends& ends(void* self) noexcept { return static_cast<binding*>(self)->ends; }
    template <class... B>
    [[gnu::always_inline]] static decltype(auto) invoke(void* self, B&&... arguments) {
        return static_cast<value_binding<F>*>(static_cast<binding*>(self))->f(std::forward<B>(arguments)...);
    }
};

}  // namespace detail
}  // namespace heddle
