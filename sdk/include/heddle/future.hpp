// heddle/future.hpp: the answer to a call that did not wait for it.
//
//     heddle::future<double> mean = mean_.async("cpu");      // runs on the provider's thread
//     ...
//     mean.get();                                             // waits, and gives it or throws
//     mean_.async("cpu").then([this](heddle::future<double> done) { show(done.get()); });   // on this module's thread
//
// Thread-safety: a future belongs to one thread at a time. Ownership: it holds the answer together with the message;
// an answer that comes after the future has gone is discarded. A future of the embedding application may outlive its
// host, which has it answered before it goes: with a failure, where the call was not run any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "heddle/abi.h"
#include "heddle/duration.hpp"
#include "heddle/error.hpp"

namespace heddle {

namespace detail {

/// The time of heddle_calls.now in so long.
template <class Rep, class Period>
std::int64_t deadline_after(const heddle_calls& calls, std::chrono::duration<Rep, Period> bound) noexcept {
    const std::int64_t now = calls.now();
    const std::int64_t ns = nanoseconds_of(bound);
    return ns > INT64_MAX - 1 - now ? INT64_MAX - 1 : now + ns;
}

template <class R>
class answering;  // heddle/task.hpp

}  // namespace detail

template <class R>
class future {
public:
    future() noexcept = default;
    /// For the handle that made the call; takes the reply over.
    future(const heddle_host* host, const heddle_calls* calls, heddle_reply* reply) noexcept
        : host_(host), calls_(calls), reply_(reply) {}
    future(future&& other) noexcept
        : host_(other.host_), calls_(other.calls_), reply_(std::exchange(other.reply_, nullptr)) {}
    future& operator=(future&& other) noexcept {
        std::swap(host_, other.host_);
        std::swap(calls_, other.calls_);
        std::swap(reply_, other.reply_);
        return *this;
    }
    future(const future&) = delete;
    future& operator=(const future&) = delete;
    ~future() {
        if (reply_ != nullptr) {
            calls_->reply_release(reply_);
        }
    }

    /// True until get() or then() has taken the answer.
    [[nodiscard]] bool valid() const noexcept { return reply_ != nullptr; }
    /// True once get() gives its answer without waiting.
    [[nodiscard]] bool ready() const { return calls_->reply_state(expect_valid()) != HEDDLE_PENDING; }

    /// Waits for the answer, at most until the deadline of the calls that this thread is in, or the host's
    /// call_timeout, and takes it. Throws what the call failed with, heddle::timeout, or heddle::deadlock where waiting
    /// would close a cycle; after these two it can be asked again.
    R get() { return take(INT64_MAX); }
    /// The same for at most `bound`.
    template <class Rep, class Period>
    R get_within(std::chrono::duration<Rep, Period> bound) {
        return take(detail::deadline_after(*calls_, bound));
    }
    /// Until a time of heddle_calls.now.
    R get_until(std::int64_t deadline) { return take(deadline); }

    /// Has `f(heddle::future<R>)` called with this future, ready by then, on the thread of the module that made the
    /// call, holding it. An exception that leaves `f` fails that module. Throws heddle::error for a call of the
    /// embedding application, which has no such thread.
    template <class F>
    void then(F f) && {
        struct job {
            future done;
            F f;
        };
        auto owned = std::make_unique<job>(job{std::move(*this), std::move(f)});
        detail::expect_ok(owned->done.calls_->reply_then(
            owned->done.reply_,
            [](void* context) {
                auto* const self = static_cast<job*>(context);
                const heddle_host& host = *self->done.host_;
                try {
                    self->f(std::move(self->done));
                } catch (...) {
                    detail::report_exception(host);
                }
            },
            [](void* context) { std::unique_ptr<job>(static_cast<job*>(context)).reset(); }, owned.get()));
        static_cast<void>(owned.release());  // the host's from here on; it comes back to the second of the two
    }

private:
    friend class detail::answering<R>;

    heddle_reply* expect_valid() const {
        if (reply_ == nullptr) {
            throw error(failure::invalid, "this future holds no answer: it was taken, moved from, or never made");
        }
        return reply_;
    }

    R take(std::int64_t deadline) {
        heddle_reply* const reply = expect_valid();
        if (calls_->reply_state(reply) == HEDDLE_PENDING && calls_->reply_wait(reply, deadline) == HEDDLE_PENDING) {
            heddle_current.failed = 0;
            detail::throw_failure(*host_);
        }
        struct release {
            const heddle_calls* calls;
            heddle_reply* reply;
            ~release() { calls->reply_release(reply); }
        } const taken{calls_, std::exchange(reply_, nullptr)};
        void* const result = calls_->reply_take(reply);
        if (result == nullptr) {
            heddle_current.failed = 0;
            detail::throw_failure(*host_);
        }
        if constexpr (!std::is_void_v<R>) {
            return std::move(*static_cast<R*>(result));
        }
    }

    const heddle_host* host_ = nullptr;
    const heddle_calls* calls_ = nullptr;
    heddle_reply* reply_ = nullptr;
};

}  // namespace heddle
