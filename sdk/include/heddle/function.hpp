// heddle/function.hpp: the handle through which a module calls another module's function.
//
//     heddle::function<void(std::string_view, double)> observe_{*this, "stats.observe"};
//     ...
//     observe_("cpu.busy", 97.5);
//
//     observe_.within(5ms, "cpu.busy", 97.5);                // throws heddle::timeout when that is not enough
//     observe_.post("cpu.busy", 97.5);                       // one way: runs on the provider's thread, some time
//     heddle::future<Summary> s = summary_.async("cpu.busy");  // so does this, and the answer comes later
//
// A handle is declared as a member and bound by the host before the module starts; a call before that, or while the
// provider is away, throws heddle::unavailable. Calls may come from any thread, and from several at once.
// Ownership: the handle refers to a link that the host owns and that lives as long as the module that declared it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

#include "heddle/abi.h"
#include "heddle/call.hpp"
#include "heddle/error.hpp"
#include "heddle/future.hpp"
#include "heddle/message.hpp"
#include "heddle/signature.hpp"

namespace heddle {

class module;

struct optional_t {};
/// For handles that the module can do without: `heddle::function<...> store_{*this, "storage.write",
/// heddle::optional};` Test it before calling: `if (store_) store_(...)`.
inline constexpr optional_t optional{};

namespace detail {

heddle_link* require(module& owner, const heddle_handle& handle);

/// The handle's description for the host.
template <class Sig>
struct handle_maker;
template <class R, class... A>
struct handle_maker<R(A...)> {
    static heddle_handle make(std::string_view name, std::uint32_t flags) noexcept {
        return {sizeof(heddle_handle),
                1,
                to_abi(name),
                signature_of<R(A...)>::abi(),
                reinterpret_cast<heddle_code*>(&gate<R(A...)>::code),
                flags,
                0,
                reinterpret_cast<heddle_code*>(&marshal<R(A...)>::code),
                drop_of<A...>()};
    }
};
template <class Sig>
heddle_handle handle_of(std::string_view name, std::uint32_t flags = 0) noexcept {
    return handle_maker<Sig>::make(name, flags);
}

/// The calling thread inside a call through a link, for as long as it makes a message for where that leads.
class in_call {
public:
    in_call(heddle_link* link, std::uint32_t cell) : thread_(heddle_current), top_(thread_.top) {
        if ((reinterpret_cast<std::uintptr_t>(top_) & (HEDDLE_STACK_ALIGN - 1)) == 0) [[unlikely]] {
            top_ = admit(link);
        }
        publish(thread_, top_, link);
        std::int32_t* const left_here =
            &reinterpret_cast<heddle_cell*>(reinterpret_cast<unsigned char*>(thread_.cells) + cell)->left;
        const std::int32_t left = __atomic_load_n(left_here, __ATOMIC_RELAXED) - 1;
        __atomic_store_n(left_here, left, __ATOMIC_RELAXED);
        if (left < 0) [[unlikely]] {
            link->host->sample(link, link->host->clock());  // moves the count on; what takes time comes later
        }
    }
    in_call(const in_call&) = delete;
    in_call& operator=(const in_call&) = delete;
    ~in_call() { retract(thread_, top_); }
    [[nodiscard]] bool failed() const noexcept { return thread_.failed != 0; }

private:
    heddle_thread& thread_;
    heddle_link** top_;
};

[[noreturn, gnu::cold, gnu::noinline]] inline void throw_own_failure(const heddle_host& host) {
    heddle_current.failed = 0;
    throw_failure(host);
}

/// Sends a message with copies of the arguments. False: it was dropped, as its function's `full` says, and counted.
template <class... A>
bool send(heddle_link* link, const heddle_calls& calls, heddle_reply* reply, A&... arguments) {
    using block = captured_block<A...>;
    if constexpr ((captured<A>::nothrow && ...)) {
        if (reply == nullptr) {
            const auto fill = [&](void* place) noexcept { block::fill(place, arguments...); };
            constexpr auto run = [](void* place, const void* from) {
                (*static_cast<const decltype(fill)*>(from))(place);
            };
            return calls.post(link, block::size(arguments...), run, &fill) != 0;
        }
    }
    void* const place = calls.reserve(link, block::size(arguments...), reply);
    if (place == nullptr) [[unlikely]] {
        return false;
    }
    if constexpr ((captured<A>::nothrow && ...)) {
        block::fill(place, arguments...);
    } else {
        try {
            block::fill(place, arguments...);
        } catch (...) {
            calls.withdraw(place);
            throw;
        }
    }
    calls.commit(place);
    return true;
}

}  // namespace detail

template <class Sig>
class function;

template <class R, class... A>
class function<R(A...)> {
public:
    using signature = R(A...);

    /// Declares that `owner` calls the function `name` ("stats.observe"). Required: the module does not start without
    /// it. Only while the owner is being constructed, on its thread. Throws heddle::error for a name that is none.
    function(module& owner, std::string_view name)
        : function(detail::require(owner, detail::handle_of<R(A...)>(name))) {}
    /// The same for a function that the module can do without.
    function(module& owner, std::string_view name, optional_t /*tag*/)
        : function(detail::require(owner, detail::handle_of<R(A...)>(name, HEDDLE_OPTIONAL))) {}
    /// Over a link that an embedding application was given by its host.
    explicit function(heddle_link* link) noexcept : link_(link), cell_(link->cell) {}

    /// Calls the function. Throws heddle::error when it threw or could not be reached, by its kind heddle::unavailable,
    /// heddle::timeout, heddle::recursion, heddle::deadlock. [any thread]
    R operator()(A... arguments) const { return detail::call<R, A...>(link_, cell_, arguments...); }

    /// The same with a deadline, which the calls that it makes inherit and can only shorten. A queued function gets
    /// copies of the arguments, as for post(): the caller returns in time whatever it does. Any other runs on this
    /// thread to its end; its waits end at the deadline, and an answer that comes later is thrown away. Throws
    /// heddle::timeout. [any thread]
    template <class Rep, class Period>
    R within(std::chrono::duration<Rep, Period> bound, A... arguments) const {
        const heddle_calls& calls = *link_->calls;
        struct deadline {
            const heddle_calls& calls;
            std::int64_t at;
            std::int64_t before;
            ~deadline() { calls.restore_deadline(before); }
        };
        const std::int64_t at = detail::deadline_after(calls, bound);
        const deadline scope{calls, at, calls.shorten_deadline(at)};
        if (calls.is_queued(link_) != 0) {
            return make_async(arguments...).get_until(at);
        }
        const auto expect_in_time = [&] {
            if (calls.now() > at) {
                calls.fail_late(link_, at);
                detail::throw_own_failure(*link_->host);
            }
        };
        if constexpr (std::is_void_v<R>) {
            detail::call<R, A...>(link_, cell_, arguments...);
            expect_in_time();
        } else {
            R result = detail::call<R, A...>(link_, cell_, arguments...);
            expect_in_time();
            return result;
        }
    }

    /// Has the function run on its module's thread, whatever its policy, and gives its answer when it comes. Arguments
    /// are copied, what a view refers to included. Throws as a call that cannot be made, and heddle::mailbox_full.
    /// [any thread]
    [[nodiscard]] future<R> async(A... arguments) const { return make_async(arguments...); }

    /// The same with nobody waiting for an answer. A message that its function's policy drops is counted
    /// (host.calls), and so is one that fails, which is told in the log. [any thread]
    void post(A... arguments) const {
        const detail::in_call call(link_, cell_);
        if (!detail::send<A...>(link_, *link_->calls, nullptr, arguments...) && call.failed()) [[unlikely]] {
            detail::throw_own_failure(*link_->host);
        }
    }

    /// True while the handle leads to a running provider. The next call may find it otherwise. [any thread]
    explicit operator bool() const noexcept { return __atomic_load_n(&link_->open, __ATOMIC_RELAXED) != 0; }

private:
    future<R> make_async(A&... arguments) const {
        const heddle_calls& calls = *link_->calls;
        const detail::in_call call(link_, cell_);
        std::uint64_t size = 0;
        std::uint64_t align = 1;
        heddle_destroy* destroy = nullptr;
        if constexpr (!std::is_void_v<R>) {
            size = sizeof(R);
            align = alignof(R);
            if constexpr (!std::is_trivially_destructible_v<R>) {
                destroy = [](void* result) { std::destroy_at(static_cast<R*>(result)); };
            }
        }
        heddle_reply* const reply = calls.reply_new(link_, size, align, destroy);
        if (reply == nullptr) {
            detail::throw_own_failure(*link_->host);
        }
        future<R> answer(link_->host, &calls, reply);
        if (!detail::send<A...>(link_, calls, reply, arguments...)) {
            detail::throw_own_failure(*link_->host);
        }
        return answer;
    }

    heddle_link* link_;
    std::uint32_t cell_;  // the link's, which never changes: one load less in each call
};

}  // namespace heddle
