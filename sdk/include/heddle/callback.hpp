// heddle/callback.hpp: a function passed as an argument, safe when the module goes that made it.
//
//     void Loader::load(std::string_view path, heddle::callback<void(std::int32_t)> done);   // stands in signatures
//
//     load_("/data", make_callback([this](std::int32_t lines) { lines_ += lines; }, heddle::queued));
//
// A callback is made from a callable or a member function with a policy, like a provided function. It may be copied,
// kept and handed on, by value or inside of described structs; the last copy ends what it holds. Calling it costs what
// a call through a handle does. Once the module that made it has stopped, calling it throws heddle::unavailable, and
// its code is not unmapped while a thread is inside. Thread-safety: a callback may be called on any thread, and on
// several at once, as its policy says; a callback object itself belongs to one thread at a time, like any value.
#pragma once

#include <cstdint>
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

namespace detail {

/// Where a callback leads that has no code of its own to be called: it is queued, or its module has gone. Code of the
/// caller, as its maker's may be unmapped meanwhile. `self` is the link.
template <class Sig>
struct callback_detour;
template <class R, class... A>
struct callback_detour<R(A...)> {
    static R code(void* self, wire_t<A>... arguments) noexcept {
        auto* const link = static_cast<heddle_link*>(self);
        if (link->calls->is_queued(link) != 0) {
            return marshal<R(A...)>::code(self, static_cast<wire_t<A>&&>(arguments)...);
        }
        link->host->gate(link);  // sets the failure: what has gone does not come back
        return R();
    }
};

}  // namespace detail

template <class R, class... A>
class callback<R(A...)> {
public:
    using signature = R(A...);

    /// Empty: calling it throws heddle::unavailable.
    callback() = default;
    /// Takes over a callback that is held once. For module::make_callback.
    explicit callback(heddle_callback* held) noexcept : held_(held) {}
    callback(const callback& other) noexcept : held_(other.held_) {
        if (held_ != nullptr) {
            held_->callbacks->retain(held_);
        }
    }
    callback(callback&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    callback& operator=(callback other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~callback() {
        if (held_ != nullptr) {
            held_->callbacks->release(held_);
        }
    }

    /// Calls it. Throws as heddle::function does. [any thread]
    R operator()(A... arguments) const {
        heddle_link* const link = link_of();
        heddle_thread& thread = heddle_current;
        heddle_link** top = thread.top;
        if ((reinterpret_cast<std::uintptr_t>(top) & (HEDDLE_STACK_ALIGN - 1)) == 0) [[unlikely]] {
            top = detail::admit(link);
        }
        detail::publish(thread, top, link);
        std::int32_t* const left_here =
            &reinterpret_cast<heddle_cell*>(reinterpret_cast<unsigned char*>(thread.cells) + link->cell)->left;
        const std::int32_t left = __atomic_load_n(left_here, __ATOMIC_RELAXED) - 1;
        __atomic_store_n(left_here, left, __ATOMIC_RELAXED);
        const std::uint64_t began = left < 0 ? link->host->clock() : 0;
        const heddle_endpoint* const endpoint = detail::load_endpoint(link);
        auto code = reinterpret_cast<detail::code_t<R(A...)>>(endpoint->code);
        void* self = endpoint->self;
        if (code == nullptr) [[unlikely]] {
            code = &detail::callback_detour<R(A...)>::code;
            self = link;
        }
        const auto finish = [&] {
            if (left < 0) [[unlikely]] {
                link->host->sample(link, began);
            }
            const heddle_host& host = *link->host;  // the link may go with the last copy, once it is off the stack
            detail::retract(thread, top);
            if (thread.failed != 0) [[unlikely]] {
                thread.failed = 0;
                detail::throw_failure(host);
            }
        };
        if constexpr (std::is_void_v<R>) {
            code(self, detail::wire<A>::out(arguments)...);
            finish();
        } else {
            R result = code(self, detail::wire<A>::out(arguments)...);
            finish();
            return result;
        }
    }

    /// Has it run on its module's thread, whatever its policy; nobody waits for it. As function::post. [any thread]
    void post(A... arguments) const {
        heddle_link* const link = link_of();
        const detail::in_call call(link, link->cell);
        if (!detail::send<A...>(link, *link->calls, nullptr, arguments...) && call.failed()) [[unlikely]] {
            detail::throw_own_failure(*link->host);
        }
    }

    /// True while it can be called: it is not empty and its module has not stopped. [any thread]
    explicit operator bool() const noexcept {
        return held_ != nullptr && __atomic_load_n(&held_->link->open, __ATOMIC_RELAXED) != 0;
    }

private:
    [[nodiscard]] heddle_link* link_of() const {
        if (held_ == nullptr) [[unlikely]] {
            throw unavailable(failure::unavailable, "an empty callback was called");
        }
        return held_->link;
    }

    heddle_callback* held_ = nullptr;  // all that crosses
};

namespace detail {

template <class Sig>
struct callback_maker;
template <class R, class... A>
struct callback_maker<R(A...)> {
    template <class Target, std::uint32_t P, std::uint32_t Full, bool Throws>
    static heddle_callback_declaration declaration(void* self, heddle_task* drop) noexcept {
        heddle_callback_declaration made{sizeof(heddle_callback_declaration),
                                         1,
                                         signature_of<R(A...)>::abi(),
                                         nullptr,
                                         &runner<R(A...), Target, Throws>::code,
                                         self,
                                         P,
                                         Full,
                                         drop,
                                         drop_of<A...>()};
        if constexpr (P != HEDDLE_QUEUED) {
            made.code = reinterpret_cast<heddle_code*>(&thunk<R(A...), Target, P, Throws>::code);
        }
        return made;
    }
};

}  // namespace detail
}  // namespace heddle
