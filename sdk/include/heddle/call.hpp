// heddle/call.hpp: the call plane as a caller compiles it.
//
// A call publishes its link on the thread's stack of links, then reads the endpoint, calls it and takes the link off
// again. It takes no lock, writes no shared cache line, allocates nothing and makes no system call. Publishing before
// reading is what makes unloading sound: the control thread points the link at its gate, issues a membarrier, and
// scans all stacks; a call that it does not see there will read the gate.
// Thread-safety: everything works on the calling thread's record.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "heddle/abi.h"
#include "heddle/error.hpp"

namespace heddle::detail {

// ThreadSanitizer does not see fences or membarrier: under it the same accesses are sequentially consistent.
#if defined(__SANITIZE_THREAD__)
#define HEDDLE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HEDDLE_TSAN 1
#endif
#endif
#if defined(HEDDLE_TSAN)
inline constexpr int publish_order = __ATOMIC_SEQ_CST;
inline constexpr int top_order = __ATOMIC_SEQ_CST;
inline constexpr int endpoint_order = __ATOMIC_SEQ_CST;
#else
inline constexpr int publish_order = __ATOMIC_RELAXED;
inline constexpr int top_order = __ATOMIC_RELEASE;
inline constexpr int endpoint_order = __ATOMIC_ACQUIRE;
#endif

/// How a value crosses: views as the ABI's own pairs (standard libraries lay theirs out differently), all else as it
/// is.
template <class T>
struct wire {
    using type = T;
    static constexpr T&& out(T& value) noexcept { return static_cast<T&&>(value); }
    static constexpr T&& in(T& value) noexcept { return static_cast<T&&>(value); }
};
template <>
struct wire<std::string_view> {
    using type = heddle_str;
    static constexpr heddle_str out(std::string_view value) noexcept { return {value.data(), value.size()}; }
    static constexpr std::string_view in(heddle_str value) noexcept { return {value.data, value.size}; }
};
template <class E>
struct wire<std::span<E>> {
    using type = heddle_span;
    static constexpr heddle_span out(std::span<E> value) noexcept { return {value.data(), value.size()}; }
    static std::span<E> in(heddle_span value) noexcept {
        if constexpr (std::is_const_v<E>) {
            return {static_cast<E*>(value.data), value.size};
        } else {
            return {static_cast<E*>(const_cast<void*>(value.data)), value.size};
        }
    }
};
template <class T>
using wire_t = typename wire<T>::type;

/// The real type of an endpoint's code for a signature.
template <class Sig>
struct code_of;
template <class R, class... A>
struct code_of<R(A...)> {
    using type = R (*)(void*, wire_t<A>...);
};
template <class Sig>
using code_t = typename code_of<Sig>::type;

inline const heddle_endpoint* load_endpoint(const heddle_link* link) noexcept {
    // Pairs with the control thread's release store of the endpoint (plane/links.cpp).
    return __atomic_load_n(&link->endpoint, endpoint_order);
}

/// Calls through an endpoint that was read after the link was published.
template <class R, class... A>
[[gnu::always_inline]] inline R invoke(const heddle_link* link, A&... arguments) {
    const heddle_endpoint* endpoint = load_endpoint(link);
    const auto code = reinterpret_cast<code_t<R(A...)>>(endpoint->code);
    return code(endpoint->self, wire<A>::out(arguments)...);
}

/// Puts the link on the thread's stack. The signal fence keeps the compiler from reading the endpoint earlier; the
/// processor is held to the order by the membarrier of the thread that changes the endpoint.
[[gnu::always_inline]] inline void publish(heddle_thread& thread, heddle_link** top, heddle_link* link) noexcept {
    __atomic_store_n(top, link, publish_order);
    // Release, which pairs with the scan's acquire load (plane/threads.cpp): a scan that sees the new top sees this
    // link below it, and not what an earlier call has left there, whose link may be freed by now.
    __atomic_store_n(&thread.top, top + 1, top_order);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/// Takes it off: everything the callee did happens before the scan sees the stack without the link.
[[gnu::always_inline]] inline void retract(heddle_thread& thread, heddle_link** top) noexcept {
    __atomic_store_n(&thread.top, top, __ATOMIC_RELEASE);
}

/// Slow path of a call: a thread that never called is registered, one that is too deep in calls is refused.
[[gnu::cold, gnu::noinline]] inline heddle_link** admit(heddle_link* link) {
    if (link->host->admit(link) == 0) {
        heddle_current.failed = 0;
        throw_failure(*link->host);
    }
    return heddle_current.top;
}

/// The call whose count is due to be timed: the 1st, 2nd, 4th ... and then every 1024th. Takes its arguments as they
/// cross, by value, so that the fast path can keep them in registers.
template <class R, class... W>
[[gnu::cold, gnu::noinline]] R invoke_timed(heddle_link* link, W... arguments) {
    const heddle_host& host = *link->host;
    const std::uint64_t began = host.clock();
    const heddle_endpoint* endpoint = load_endpoint(link);
    const auto code = reinterpret_cast<R (*)(void*, W...)>(endpoint->code);
    if constexpr (std::is_void_v<R>) {
        code(endpoint->self, static_cast<W&&>(arguments)...);
        host.sample(link, began);
    } else {
        R result = code(endpoint->self, static_cast<W&&>(arguments)...);
        host.sample(link, began);
        return result;
    }
}

/// The end of a call that failed. The failure is taken, through the link, while the link is on the stack still: once it
/// is off, an application's host may be destroyed, and its links with it.
[[noreturn, gnu::cold, gnu::noinline]] inline void end_failed(heddle_thread& thread, heddle_link** top,
                                                              const heddle_link* link) {
    struct off_stack {
        heddle_thread& thread;
        heddle_link** top;
        ~off_stack() { retract(thread, top); }
    };
    [[maybe_unused]] const off_stack scope{thread, top};
    thread.failed = 0;
    throw_failure(*link->host);
}

/// One call through a link, whose count stands `cell` bytes into the thread's. Throws heddle::error or one of its
/// kinds; the link is off the stack by then.
template <class R, class... A>
[[gnu::always_inline]] inline R call(heddle_link* link, std::uint32_t cell, A&... arguments) {
    heddle_thread& thread = heddle_current;
    heddle_link** top = thread.top;
    if ((reinterpret_cast<std::uintptr_t>(top) & (HEDDLE_STACK_ALIGN - 1)) == 0) [[unlikely]] {  // no load: see abi.h
        top = admit(link);
    }
    publish(thread, top, link);
    // Plain arithmetic on a cell of this thread alone; the atomic accesses are for the reader's sake and cost nothing.
    std::int32_t* left_here =
        &reinterpret_cast<heddle_cell*>(reinterpret_cast<unsigned char*>(thread.cells) + cell)->left;
    const std::int32_t left = __atomic_load_n(left_here, __ATOMIC_RELAXED) - 1;
    __atomic_store_n(left_here, left, __ATOMIC_RELAXED);
    const auto finish = [&] {
        if (thread.failed != 0) [[unlikely]] {
            end_failed(thread, top, link);
        }
        retract(thread, top);
    };
    if constexpr (std::is_void_v<R>) {
        if (left < 0) [[unlikely]] {
            invoke_timed<R, wire_t<A>...>(link, wire<A>::out(arguments)...);
        } else {
            invoke<R, A...>(link, arguments...);
        }
        finish();
    } else {
        R result = left < 0 ? invoke_timed<R, wire_t<A>...>(link, wire<A>::out(arguments)...)
                            : invoke<R, A...>(link, arguments...);
        finish();
        return result;
    }
}

/// Where a link leads while nobody serves it: waits (off the stack) at the host's gate, then calls again, or gives up
/// with the failure that the host has set. `self` is the link.
template <class Sig>
struct gate;
template <class R, class... A>
struct gate<R(A...)> {
    static R code(void* self, wire_t<A>... arguments) noexcept {
        auto* link = static_cast<heddle_link*>(self);
        if (link->host->gate(link) == 0) {
            return R();
        }
        const heddle_endpoint* endpoint = load_endpoint(link);
        const auto next = reinterpret_cast<code_t<R(A...)>>(endpoint->code);
        return next(endpoint->self, static_cast<wire_t<A>&&>(arguments)...);
    }
};

}  // namespace heddle::detail
