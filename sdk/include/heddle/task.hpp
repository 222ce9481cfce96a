// heddle/task.hpp: functions that wait without holding their thread: C++20 coroutines of a module.
//
//     provide<&Shop::price>("price", heddle::queued);      // others see double(str)
//
//     heddle::task<double> price(std::string_view what) {
//         const double net = co_await net_.async(what);    // the module does other work meanwhile
//         co_await sleep(10ms);
//         co_return net * co_await rate(what);             // rate() is a task<double> too
//     }
//
// A task runs on its module's thread, holding the module as any handler does, until it waits; then the thread does
// other work, which finds the module as the task has left it, and the task goes on there once what it waits for has
// come. A task begins when it is awaited (co_await), spawned (module::spawn) or called through its module's mailbox.
// Its exceptions go to whoever awaits it.
//
// A function that is provided keeps deep copies of its arguments for as long as it lives, so a view is good after a
// wait. Deadline: a task has its caller's for as long as it lives: for the calls that it makes, and for the answers
// that it awaits, which then throw heddle::timeout; other waits do not end with it. A caller that has given up is no
// reason to end: the task goes on, and its answer is thrown away. Without a deadline an answer is awaited for as long
// as it takes, which holds no thread. The chain of calls is its caller's until its first wait, and the module's own
// from then on.
//
// When the module stops, after its stop(), tasks that still wait are destroyed, the newest first: the destructors of
// their variables run, what they wait for is let go, and their callers get heddle::unavailable.
//
// Thread-safety: all of this belongs to the module's thread. Ownership: a task owns its frame; the module owns those
// that run. Compilers: gcc 12 and clang 14 are tested, at -O0 and -O2; one without C++20 coroutines is told so.
#pragma once

#if !defined(__cpp_impl_coroutine)
#error \
    "heddle/task.hpp needs C++20 coroutines (__cpp_impl_coroutine): gcc 11 or clang 14, or a later one, with -std=c++20"
#endif

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "heddle/abi.h"
#include "heddle/duration.hpp"
#include "heddle/error.hpp"
#include "heddle/future.hpp"
#include "heddle/message.hpp"
#include "heddle/provide.hpp"
#include "heddle/readiness.hpp"

namespace heddle {

namespace detail {

/// A task that no other awaits: of a function that was called, or spawned. Owns itself once it waits.
class root_task {
public:
    explicit root_task(const module_ends& ends) noexcept : ends_(ends) {}
    root_task(const root_task&) = delete;
    root_task& operator=(const root_task&) = delete;
    virtual ~root_task() { unlist(); }

    /// Its body has come to its end, by itself, after a wait. Ends this object.
    virtual void finished() noexcept = 0;
    /// Ends it where it waits.
    virtual void cancel() noexcept = 0;

    [[nodiscard]] const module_ends& ends() const noexcept { return ends_; }
    /// Of the call that it runs for, in nanoseconds of heddle_calls.now; INT64_MAX for none.
    [[nodiscard]] std::int64_t deadline() const noexcept { return deadline_; }

    /// Goes on with one of its coroutines, which may be the end of this object.
    void resume(std::coroutine_handle<> coroutine) const {
        if (deadline_ == INT64_MAX) {
            coroutine.resume();
            return;
        }
        const heddle_calls& calls = *calls_;
        const std::int64_t before = calls.shorten_deadline(deadline_);
        coroutine.resume();
        calls.restore_deadline(before);
    }

protected:
    inline void list() noexcept;    // among those that its module ends when it stops
    inline void unlist() noexcept;  // more than once does no harm

    const module_ends& ends_;  // of the module or of what it has provided: there as long as the module
    const heddle_calls* calls_ = nullptr;
    std::int64_t deadline_ = INT64_MAX;

private:
    friend class root_tasks;
    root_task* older_ = nullptr;
    root_task* newer_ = nullptr;
    bool listed_ = false;
};

/// The root tasks of a module that wait.
class root_tasks {
public:
    root_tasks() = default;
    root_tasks(const root_tasks&) = delete;
    root_tasks& operator=(const root_tasks&) = delete;
    /// For a constructor that threw: none of them has begun.
    ~root_tasks() { cancel_all(); }

    /// Ends all there are and those that come yet. [module thread]
    void cancel_all() noexcept {
        ended_ = true;
        while (newest_ != nullptr) {
            newest_->cancel();
        }
    }
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    /// The host's part of it. [module thread]
    const heddle_calls* calls(const heddle_host& host) noexcept {
        if (calls_ == nullptr) {
            calls_ = static_cast<const heddle_calls*>(host.extension(&host, HEDDLE_CALLS));
        }
        return calls_;
    }

private:
    friend class root_task;
    root_task* newest_ = nullptr;
    const heddle_calls* calls_ = nullptr;
    bool ended_ = false;
};

inline void root_task::list() noexcept {
    root_tasks& all = *ends_.tasks;
    older_ = std::exchange(all.newest_, this);
    if (older_ != nullptr) {
        older_->newer_ = this;
    }
    listed_ = true;
}

inline void root_task::unlist() noexcept {
    if (std::exchange(listed_, false)) {
        (newer_ != nullptr ? newer_->older_ : ends_.tasks->newest_) = older_;
        if (older_ != nullptr) {
            older_->newer_ = newer_;
        }
    }
}

/// What a task does when it has come to its end: whoever awaits it goes on.
struct task_end {
    bool await_ready() const noexcept { return false; }
    // Never inlined into the coroutine, whose frame is gone by the end of it.
    template <class P>
    [[gnu::noinline]] void await_suspend(std::coroutine_handle<P> ended) const noexcept {
        if (const auto& promise = ended.promise(); promise.awaiting) {
            promise.awaiting.resume();
        } else if (promise.top) {
            promise.root->finished();
        }
    }
    void await_resume() const noexcept {}
};

/// What the promises of all tasks have in common.
class task_promise_base {
public:
    std::suspend_always initial_suspend() const noexcept { return {}; }
    task_end final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { failed = std::current_exception(); }

    root_task* root = nullptr;         // whose part this is; null before it begins
    std::coroutine_handle<> awaiting;  // that goes on at its end; none as long as it has not waited itself
    bool top = false;                  // its end is that of the root, which has waited
    std::exception_ptr failed;         // what left it
};

template <class R>
class task_promise : public task_promise_base {
public:
    task<R> get_return_object() noexcept;
    template <class V = R>
    requires std::is_constructible_v<R, V&&>
    void return_value(V&& value) { value_.emplace(std::forward<V>(value)); }
    /// Its result, or throws what left it.
    R take() {
        if (failed) {
            std::rethrow_exception(std::exchange(failed, nullptr));
        }
        return std::move(*value_);
    }

private:
    std::optional<R> value_;
};
template <>
class task_promise<void> : public task_promise_base {
public:
    inline task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() {
        if (failed) {
            std::rethrow_exception(std::exchange(failed, nullptr));
        }
    }
};

template <class P>
concept is_task_promise = std::is_base_of_v<task_promise_base, P>;

}  // namespace detail

/// A coroutine of a module whose result is an R. See above. Discarding one that has not begun does nothing at all.
template <class R>
class [[nodiscard]] task {
    static_assert(std::is_void_v<R> || (std::is_object_v<R> && std::is_move_constructible_v<R>),
                  "heddle: a task's result is void or a type that can be moved, no reference");

public:
    using promise_type = detail::task_promise<R>;

    task() noexcept = default;
    task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    task& operator=(task&& other) noexcept {
        task(std::move(other)).swap(*this);
        return *this;
    }
    task(const task&) = delete;
    task& operator=(const task&) = delete;
    ~task() {
        if (coroutine_) {
            coroutine_.destroy();
        }
    }
    void swap(task& other) noexcept { std::swap(coroutine_, other.coroutine_); }

    /// False for one that was moved from.
    [[nodiscard]] bool valid() const noexcept { return static_cast<bool>(coroutine_); }

    /// Runs it as a part of the task that awaits it, and gives its result or throws what left it.
    auto operator co_await() && {
        expect_fresh();
        return part{coroutine_};
    }

    // ---- for the task's root
    void expect_fresh() const {
        if (!coroutine_ || coroutine_.promise().root != nullptr) {
            throw error(failure::invalid, coroutine_ ? "this task has been awaited already: it runs once"
                                                     : "this task is empty: it was moved from, or never made");
        }
    }
    /// Begins it. True when it came to its end at once; else it tells `root` when it does.
    bool begin(detail::root_task& root) const {
        coroutine_.promise().root = &root;
        coroutine_.resume();
        if (coroutine_.done()) {
            return true;
        }
        coroutine_.promise().top = true;
        return false;
    }
    R take() const { return coroutine_.promise().take(); }

private:
    friend promise_type;

    // The part is resumed inside of await_suspend(), and at its end resumes who awaits it, rather than by symmetric
    // transfer, whose jumps gcc makes into calls without -O2 and under sanitizers: a loop of co_awaits would fill the
    // stack. Here one that comes to its end at once never suspends who awaits it, and one that waits returns.
    struct part {
        std::coroutine_handle<promise_type> coroutine;

        bool await_ready() const noexcept { return false; }
        template <detail::is_task_promise P>
        [[gnu::noinline]] bool await_suspend(std::coroutine_handle<P> awaiting) const {
            coroutine.promise().root = awaiting.promise().root;
            coroutine.resume();
            if (coroutine.done()) {
                return false;
            }
            coroutine.promise().awaiting = awaiting;
            return true;
        }
        R await_resume() const { return coroutine.promise().take(); }
    };

    explicit task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

    std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class R>
task<R> task_promise<R>::get_return_object() noexcept {
    return task<R>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

// ---- what a task can wait for -------------------------------------------------------------------------------------
// Each stands in the task's frame while it waits, and takes back what it waits for when the frame is destroyed.

class [[nodiscard]] sleeping {
public:
    explicit sleeping(std::int64_t ns) noexcept : ns_(ns < 0 ? 0 : ns) {}
    sleeping(const sleeping&) = delete;
    sleeping& operator=(const sleeping&) = delete;
    ~sleeping() {
        if (id_ != 0) {
            root_->ends().host->timer_cancel(root_->ends().self, id_);
        }
    }
    bool await_ready() const noexcept { return false; }
    template <is_task_promise P>
    void await_suspend(std::coroutine_handle<P> coroutine) {
        root_ = coroutine.promise().root;
        coroutine_ = coroutine;
        const heddle_timer wanted{sizeof(heddle_timer), 1, ns_, 0, &run, nullptr, this};
        expect_ok(root_->ends().host->timer_start(root_->ends().self, &wanted, &id_));
    }
    void await_resume() const noexcept {}

private:
    static void run(void* context) {
        auto* const self = static_cast<sleeping*>(context);
        self->id_ = 0;
        self->root_->resume(self->coroutine_);
    }

    const std::int64_t ns_;
    std::uint64_t id_ = 0;
    root_task* root_ = nullptr;
    std::coroutine_handle<> coroutine_;
};

class [[nodiscard]] getting_ready {
public:
    explicit getting_ready(descriptor_readiness wanted) noexcept : wanted_(wanted) {}
    getting_ready(const getting_ready&) = delete;
    getting_ready& operator=(const getting_ready&) = delete;
    ~getting_ready() { unwatch(); }
    bool await_ready() const noexcept { return false; }
    template <is_task_promise P>
    void await_suspend(std::coroutine_handle<P> coroutine) {
        root_ = coroutine.promise().root;
        coroutine_ = coroutine;
        const heddle_watch watch{sizeof(heddle_watch), 1, wanted_.fd, wanted_.events.bits(), &run, nullptr, this,
                                 HEDDLE_ONCE,          0};
        const module_ends& ends = root_->ends();
        loop_ = static_cast<const heddle_loop*>(ends.host->extension(ends.host, HEDDLE_LOOP));
        if (loop_ == nullptr) {
            throw error(failure::invalid, "this host watches no file descriptors (it lacks " HEDDLE_LOOP ")");
        }
        expect_ok(loop_->watch(ends.self, &watch, &id_));
    }
    readiness await_resume() const noexcept { return ready_; }

private:
    static void run(void* context, std::uint32_t events) {
        auto* const self = static_cast<getting_ready*>(context);
        self->ready_ = readiness(events);
        self->unwatch();  // at once: it may be waited for again before this returns
        self->root_->resume(self->coroutine_);
    }
    void unwatch() noexcept {
        if (const std::uint64_t id = std::exchange(id_, 0); id != 0) {
            loop_->unwatch(root_->ends().self, id);
        }
    }

    const descriptor_readiness wanted_;
    readiness ready_;
    std::uint64_t id_ = 0;
    const heddle_loop* loop_ = nullptr;
    root_task* root_ = nullptr;
    std::coroutine_handle<> coroutine_;
};

template <class R>
class [[nodiscard]] answering {
public:
    explicit answering(future<R>& answer) noexcept : answer_(answer) {}
    answering(const answering&) = delete;
    answering& operator=(const answering&) = delete;
    ~answering() { let_go(); }
    bool await_ready() const { return answer_.ready(); }
    template <is_task_promise P>
    void await_suspend(std::coroutine_handle<P> coroutine) {
        root_ = coroutine.promise().root;
        coroutine_ = coroutine;
        if (root_->deadline() != INT64_MAX) {
            const std::int64_t left = root_->deadline() - answer_.calls_->now();
            const heddle_timer late{sizeof(heddle_timer), 1, left < 0 ? 0 : left, 0, &run_late, nullptr, this};
            expect_ok(root_->ends().host->timer_start(root_->ends().self, &late, &late_));
        }
        expect_ok(answer_.calls_->reply_then(answer_.reply_, &run, nullptr, this));
        waits_ = true;  // it runs on this thread, and so not before this
    }
    R await_resume() { return answer_.get(); }  // at once: it is there, or the deadline is over

private:
    static void run(void* context) {
        auto* const self = static_cast<answering*>(context);
        self->waits_ = false;
        self->let_go();
        self->root_->resume(self->coroutine_);
    }
    static void run_late(void* context) {
        auto* const self = static_cast<answering*>(context);
        self->late_ = 0;
        self->let_go();
        self->root_->resume(self->coroutine_);
    }
    void let_go() noexcept {
        if (std::exchange(waits_, false)) {
            answer_.calls_->reply_forget(answer_.reply_);
        }
        if (const std::uint64_t late = std::exchange(late_, 0); late != 0) {
            root_->ends().host->timer_cancel(root_->ends().self, late);
        }
    }

    future<R>& answer_;  // stands in the frame as well
    bool waits_ = false;
    std::uint64_t late_ = 0;  // the timer of its deadline
    root_task* root_ = nullptr;
    std::coroutine_handle<> coroutine_;
};

// ---- root tasks -----------------------------------------------------------------------------------------------

/// Copies of a function's arguments that live as long as its task.
template <class... A>
class kept_arguments {
public:
    using layout = block_layout<A...>;

    kept_arguments() = default;
    kept_arguments(const kept_arguments&) = delete;
    kept_arguments& operator=(const kept_arguments&) = delete;
    ~kept_arguments() {
        if (filled_) {
            captured_block<A...>::destroy(block_.get());
        }
    }
    /// The block to call with: the given one where the coroutine's own parameters hold everything.
    void* keep(void* block) {
        if constexpr ((is_view<A> || ...)) {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                copy(argument_of<A>(*layout::template field<I>(block))...);
            }
            (std::index_sequence_for<A...>{});
            return block_.get();
        } else {
            return block;
        }
    }

private:
    template <class A1>
    static constexpr bool is_view = std::is_reference_v<A1> || std::is_same_v<A1, std::string_view> || is_span<A1>;

    void copy(A... arguments) {
        block_ = std::make_unique<std::byte[]>(captured_block<A...>::size(arguments...));
        captured_block<A...>::fill(block_.get(), arguments...);
        filled_ = true;
    }

    std::unique_ptr<std::byte[]> block_;
    bool filled_ = false;
};

/// The task of a function that was called through its module's mailbox.
template <class Sig>
class called_task;
template <class R, class... A>
class called_task<R(A...)> final : public root_task {
    static_assert((is_capturable<A> && ...),
                  "heddle: a function that is a heddle::task keeps copies of its arguments while it waits: it takes "
                  "values, const references, texts and spans; no non-const reference, no view inside of another type, "
                  "and nothing that cannot be copied");

public:
    using root_task::root_task;

    /// See heddle_run. Throws what left it before it waited.
    template <class Target>
    static void call(const module_ends& ends, void* self, void* block, void* result) {
        auto made = std::make_unique<called_task>(ends);
        void* const kept = made->arguments_.keep(block);
        [&]<std::size_t... I>([[maybe_unused]] void* from, std::index_sequence<I...>) {
            made->body_ = Target::invoke(self, argument_of<A>(*block_layout<A...>::template field<I>(from))...);
        }
        (kept, std::index_sequence_for<A...>{});
        made->body_.expect_fresh();
        made->calls_ = ends.tasks->calls(*ends.host);
        made->deadline_ = made->calls_->shorten_deadline(INT64_MAX);  // the one there is
        if (made->body_.begin(*made)) {
            made->give(result);
            return;
        }
        if (ends.tasks->ended()) {
            throw unavailable(failure::unavailable, {}, {}, "its module is stopped");
        }
        made->reply_ = made->calls_->defer();
        made->list();
        static_cast<void>(made.release());  // its own from here on
    }

    void finished() noexcept override {
        using kept = std::conditional_t<std::is_void_v<R>, std::monostate, R>;
        std::optional<kept> result;
        std::exception_ptr failed;
        try {
            if constexpr (std::is_void_v<R>) {
                body_.take();
            } else {
                result.emplace(body_.take());
            }
        } catch (...) {
            failed = std::current_exception();
        }
        const later to = end();
        void* place = nullptr;
        if (to.begin(place)) {
            if constexpr (!std::is_void_v<R>) {
                if (result && place != nullptr) {
                    try {
                        ::new (place) R(std::move(*result));
                    } catch (...) {
                        failed = std::current_exception();
                    }
                }
            }
            if (failed) {
                to.fail(failed);
            }
            to.calls->answer(to.reply);
        } else if (failed && to.reply == nullptr) {
            to.log(failed);
        }
    }
    void cancel() noexcept override {
        const later to = end();
        void* place = nullptr;
        if (to.begin(place)) {
            set_failure(*to.host, failure::unavailable, {}, {}, "its module is stopped");
            to.calls->answer(to.reply);
        }
    }

private:
    /// What is left when this object has gone: whoever waits for the answer is not to wait for destructors as well.
    struct later {
        const heddle_host* host;
        heddle_module* self;
        const heddle_calls* calls;
        heddle_reply* reply;  // null: the call could not be answered later, as its caller was told

        bool begin(void*& place) const noexcept { return reply != nullptr && calls->answer_begin(reply, &place) != 0; }
        void fail(const std::exception_ptr& with) const noexcept {
            try {
                std::rethrow_exception(with);
            } catch (...) {
                report_exception(*host);
            }
        }
        void log(const std::exception_ptr& failed) const noexcept {
            fail(failed);
            heddle_failure taken{};
            taken.size = sizeof taken;
            host->take_failure(&taken);
            heddle_current.failed = 0;
            host->log(self, HEDDLE_WARN, taken.what);
        }
    };
    later end() noexcept {
        const later left{ends_.host, ends_.self, calls_, reply_};
        unlist();
        std::unique_ptr<called_task>(this).reset();
        return left;
    }

    /// The result goes to `place`, unless nobody wants it. Throws what left the body.
    void give([[maybe_unused]] void* place) {
        if constexpr (std::is_void_v<R>) {
            body_.take();
        } else {
            R result = body_.take();
            if (place != nullptr) {
                ::new (place) R(std::move(result));
            }
        }
    }

    kept_arguments<A...> arguments_;  // outlive the body, which refers to them
    task<R> body_;
    heddle_reply* reply_ = nullptr;
};

/// heddle_function.run of a function that is a task. See runner.
template <class Sig, class Target>
struct task_runner {
    static void code(void* self, void* block, void* result) noexcept {
        const module_ends& ends = Target::ends(self);
        try {
            called_task<Sig>::template call<Target>(ends, self, block, result);
        } catch (...) {
            report_exception(*ends.host);
        }
    }
};

/// The task of a module's own that it has spawned.
class spawned_task final : public root_task {
public:
    static void spawn(const module_ends& ends, task<void> body) {
        body.expect_fresh();
        if (ends.tasks->ended()) {
            return;
        }
        auto made = std::make_unique<spawned_task>(ends, std::move(body));
        const heddle_timer wanted{sizeof(heddle_timer), 1, 0, 0, &run, nullptr, made.get()};
        expect_ok(ends.host->timer_start(ends.self, &wanted, &made->begins_));
        made->list();
        static_cast<void>(made.release());  // its own from here on
    }

    spawned_task(const module_ends& ends, task<void> body) noexcept : root_task(ends), body_(std::move(body)) {}
    spawned_task(const spawned_task&) = delete;
    spawned_task& operator=(const spawned_task&) = delete;
    ~spawned_task() override {
        if (begins_ != 0) {
            ends_.host->timer_cancel(ends_.self, begins_);
        }
    }

    void finished() noexcept override {
        const module_ends& ends = ends_;
        std::unique_ptr<spawned_task> self(this);
        try {
            body_.take();
        } catch (...) {
            // From a timer, whose failure is the module's: this may run inside of a call, whose caller it is not for.
            fail_module(ends, std::current_exception());
        }
    }
    void cancel() noexcept override {
        unlist();
        std::unique_ptr<spawned_task>(this).reset();
    }

private:
    struct failing {
        const heddle_host* host;
        std::exception_ptr with;
    };

    static void run(void* context) {
        auto* const self = static_cast<spawned_task*>(context);
        self->begins_ = 0;
        if (self->body_.begin(*self)) {
            self->finished();
        }
    }
    static void fail_module(const module_ends& ends, std::exception_ptr with) noexcept {
        auto owned = std::make_unique<failing>(failing{ends.host, std::move(with)});
        const heddle_timer wanted{
            sizeof(heddle_timer),
            1,
            0,
            0,
            [](void* context) {
                const auto* const self = static_cast<failing*>(context);
                try {
                    std::rethrow_exception(self->with);
                } catch (...) {
                    report_exception(*self->host);
                }
            },
            [](void* context) { std::unique_ptr<failing>(static_cast<failing*>(context)).reset(); },
            owned.get()};
        std::uint64_t id = 0;
        if (ends.host->timer_start(ends.self, &wanted, &id).code == HEDDLE_OK) {
            static_cast<void>(owned.release());
        }
    }

    std::uint64_t begins_ = 0;  // the timer that begins it
    task<void> body_;
};

}  // namespace detail

/// What `co_await sleep(10ms)` waits for in a task: that time to pass. After no time at all the module's other work has
/// had its turn.
template <class Rep, class Period>
detail::sleeping sleep(std::chrono::duration<Rep, Period> time) noexcept {
    return detail::sleeping(detail::nanoseconds_of(time));
}

/// `co_await readable(fd)`: until the descriptor is ready for what was asked (or has hung up, or has a fault); gives
/// what it is ready for. As module::watch_once(): a descriptor is waited for by one at a time. Throws heddle::error for
/// one that cannot be waited for.
inline detail::getting_ready operator co_await(descriptor_readiness wanted) noexcept {
    return detail::getting_ready(wanted);
}

/// `co_await f.async(x)`: until the call is answered; gives the answer or throws what the call failed with.
template <class R>
detail::answering<R> operator co_await(future<R>&& answer) noexcept {
    return detail::answering<R>(answer);
}
template <class R>
detail::answering<R> operator co_await(future<R>& answer) noexcept {
    return detail::answering<R>(answer);
}

}  // namespace heddle
