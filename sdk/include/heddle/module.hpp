// heddle/module.hpp: the base class of every module.
//
// A module's object lives on a thread of its own: it is constructed, started, run, stopped and destroyed there. In the
// constructor it declares what it provides and what it calls; the host then binds everything, and starts modules after
// those that they require. An exception that leaves any of these functions fails this module alone.
// Ownership: the host owns the object. A module owns its timers', watches' and functions' callables; file descriptors
// stay its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "heddle/abi.h"
#include "heddle/callback.hpp"
#include "heddle/duration.hpp"
#include "heddle/error.hpp"
#include "heddle/event.hpp"
#include "heddle/function.hpp"
#include "heddle/log.hpp"
#include "heddle/message.hpp"
#include "heddle/provide.hpp"
#include "heddle/readiness.hpp"
#include "heddle/signature.hpp"
#include "heddle/task.hpp"

namespace heddle {

/// What the host gives a module at construction; to be handed on to heddle::module.
class context {
public:
    context(const heddle_host* host, heddle_module* self) noexcept : ends_{host, self} {}
    /// The module's name in the configuration.
    [[nodiscard]] std::string_view name() const noexcept { return detail::to_view(ends_.host->name(ends_.self)); }

private:
    friend class module;
    detail::module_ends ends_;
};

/// Tells a module with a loop of its own that it is asked to stop. Cheap to copy. [any thread]
class stop_token {
public:
    explicit stop_token(const detail::module_ends& ends) noexcept : ends_(ends) {}
    [[nodiscard]] bool stop_requested() const noexcept { return ends_.host->stopping(ends_.self) != 0; }
    /// Sleeps until asked to stop, at most `bound`; true when asked. On the module's thread.
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> bound) const {
        return ends_.host->wait_stop(ends_.self, detail::nanoseconds_of(bound)) != 0;
    }

private:
    detail::module_ends ends_;
};

/// A timer that a module started; for cancel(). Letting go of it changes nothing.
struct timer {
    std::uint64_t id = 0;
};

/// A watch of a file descriptor that a module started; for rewatch() and unwatch(). Letting go of it changes nothing.
struct watched {
    std::uint64_t id = 0;
};

namespace detail {
template <class T>
class plugin_of;
}  // namespace detail

class module {
public:
    module(const module&) = delete;
    module& operator=(const module&) = delete;
    virtual ~module() = default;

    /// Everything that this module requires is running, and every handle is bound. Bounded by start_timeout.
    virtual void start() {}
    /// This module was asked to stop, and run() has returned; what it requires still runs. Bounded by stop_timeout.
    virtual void stop() {}
    /// The module's work, until asked to stop. The base class serves timers and watches; a module with a loop of its
    /// own overrides it (they then wait), and takes itself (hold) where it touches what its functions touch.
    virtual void run(stop_token /*stop*/) { ends_.host->serve(ends_.self); }
    /// Calls run() with this module's stop token. For the plugin's table.
    void run_until_stopped() { run(stop_token(ends_)); }

    /// The module's name in the configuration. [any thread]
    [[nodiscard]] std::string_view name() const noexcept { return detail::to_view(ends_.host->name(ends_.self)); }
    /// The module's log. [any thread]
    [[nodiscard]] logger log() const noexcept { return logger(ends_); }

protected:
    explicit module(context& ctx) noexcept : ends_{ctx.ends_.host, ctx.ends_.self, &tasks_} {}

    /// Registers a member function under "<module>.<name>". Only in the constructor. Throws heddle::error for a name
    /// that is none or is taken. The compiler sees the function and inlines it into its thunk. One that is a
    /// heddle::task<R> is an R to its callers; it must be `queued`.
    template <auto Method, std::uint32_t P = HEDDLE_EXCLUSIVE, std::uint32_t Full = HEDDLE_BLOCK>
    void provide(std::string_view function_name, policy<P, Full> /*policy*/ = {}) {
        using target = detail::target_of<decltype(Method)>;
        add<typename target::signature, detail::method_target<Method>, P, Full, target::throws, target::is_task>(
            function_name, static_cast<typename target::object*>(this));
    }
    /// The same for a member function given as a value, at the price of one more call each time.
    template <class R, class T, class... A, std::uint32_t P = HEDDLE_EXCLUSIVE, std::uint32_t Full = HEDDLE_BLOCK>
    void provide(std::string_view function_name, R (T::*method)(A...), policy<P, Full> chosen = {}) {
        provide(function_name, caller<R, T, A...>(method), chosen);
    }
    template <class R, class T, class... A, std::uint32_t P = HEDDLE_EXCLUSIVE, std::uint32_t Full = HEDDLE_BLOCK>
    void provide(std::string_view function_name, R (T::*method)(A...) const, policy<P, Full> chosen = {}) {
        provide(function_name, caller<R, const T, A...>(method), chosen);
    }
    /// The same for a callable object, which the module keeps.
    template <class F, std::uint32_t P = HEDDLE_EXCLUSIVE, std::uint32_t Full = HEDDLE_BLOCK>
    requires std::is_class_v<F>
    void provide(std::string_view function_name, F callable, policy<P, Full> /*policy*/ = {}) {
        using target = detail::target_of<decltype(&F::operator())>;
        bindings_.push_back(std::make_unique<detail::value_binding<F>>(ends_, std::move(callable)));
        add<typename target::signature, detail::value_target<F>, P, Full, target::throws, target::is_task>(
            function_name, bindings_.back().get());
    }

    /// A function to be passed as an argument: a member function of this module. Once the module has stopped, calling
    /// it throws heddle::unavailable. Throws heddle::error when the host has no link left. [any thread]
    template <auto Method, std::uint32_t P = HEDDLE_EXCLUSIVE, std::uint32_t Full = HEDDLE_BLOCK>
    [[nodiscard]] auto make_callback(policy<P, Full> /*policy*/ = {}) {
        using target = detail::target_of<decltype(Method)>;
        static_assert(
            !target::is_task,
            "heddle: a callback may be gone before a heddle::task of it ends; have it spawn() one, or post to a queued "
            "function of the module's own");
        return add_callback<typename target::signature, detail::method_target<Method>, P, Full, target::throws>(
            static_cast<typename target::object*>(this), nullptr);
    }
    /// The same for a callable object, which is kept until the last copy of the callback goes or the module ends. It is
    /// destroyed on any thread, without holding the module.
    template <class F, std::uint32_t P = HEDDLE_EXCLUSIVE, std::uint32_t Full = HEDDLE_BLOCK>
    requires std::is_class_v<F>
    [[nodiscard]] auto make_callback(F callable, policy<P, Full> /*policy*/ = {}) {
        using target = detail::target_of<decltype(&F::operator())>;
        static_assert(
            !target::is_task,
            "heddle: a callback may be gone before a heddle::task of it ends; have it spawn() one, or post to a queued "
            "function of the module's own");
        std::unique_ptr<detail::binding> owned = std::make_unique<detail::value_binding<F>>(ends_, std::move(callable));
        auto made = add_callback<typename target::signature, detail::value_target<F>, P, Full, target::throws>(
            owned.get(),
            [](void* self) { std::unique_ptr<detail::binding>(static_cast<detail::binding*>(self)).reset(); });
        static_cast<void>(owned.release());  // the host's from here on; it comes back to drop
        return made;
    }

    /// Subscribes a member function to an event of another module: `void on_change(double)` to "sensor.changed".
    /// `options`, in any order: a policy (exclusive is the default) and heddle::optional, for an event that may be
    /// missing; it then begins when its module comes. In the constructor or later; called from when this module runs,
    /// and whenever the one runs that raises the event. Keep what is given: the subscription ends with it. Throws
    /// heddle::error for a name that is none and, after the constructor, for an event that nobody raises or that has
    /// another signature. [any thread]
    template <auto Method, class... Options>
    [[nodiscard]] subscription subscribe(std::string_view event_name, Options... /*options*/) {
        using target = detail::target_of<decltype(Method)>;
        static_assert(!target::is_task,
                      "heddle: a handler of an event may be gone before a heddle::task of it ends; have it spawn() "
                      "one, or post to a "
                      "queued function of the module's own");
        return add_subscriber(detail::subscriber_of<typename target::signature, detail::method_target<Method>,
                                                    target::throws, detail::options_of<Options...>()>(
            event_name, static_cast<typename target::object*>(this), nullptr));
    }
    /// The same for a callable object, which is kept until the subscription ends and nobody is inside of it.
    template <class F, class... Options>
    requires std::is_class_v<F>
    [[nodiscard]] subscription subscribe(std::string_view event_name, F callable, Options... /*options*/) {
        using target = detail::target_of<decltype(&F::operator())>;
        static_assert(!target::is_task,
                      "heddle: a handler of an event may be gone before a heddle::task of it ends; have it spawn() "
                      "one, or post to a "
                      "queued function of the module's own");
        std::unique_ptr<detail::binding> owned = std::make_unique<detail::value_binding<F>>(ends_, std::move(callable));
        subscription made = add_subscriber(detail::subscriber_of<typename target::signature, detail::value_target<F>,
                                                                 target::throws, detail::options_of<Options...>()>(
            event_name, owned.get(),
            [](void* self) { std::unique_ptr<detail::binding>(static_cast<detail::binding*>(self)).reset(); }));
        static_cast<void>(owned.release());  // the host's from here on; it comes back to drop
        return made;
    }

    /// Runs `f` on the module's thread, after what this thread has sent there before, holding the module. An exception
    /// that leaves it fails the module. Waits for room in the mailbox as a call does. What has not run when the module
    /// ends is dropped. [any thread]
    template <class F>
    void post(F&& f) {
        struct job {
            const heddle_host* host;
            std::remove_cvref_t<F> f;
        };
        static_assert(alignof(job) <= 8, "heddle: what is posted may be aligned to 8 bytes at most");
        const auto* const calls = static_cast<const heddle_calls*>(ends_.host->extension(ends_.host, HEDDLE_CALLS));
        void* const place = calls->reserve_task(
            ends_.self, sizeof(job),
            [](void* object) {
                auto* const self = static_cast<job*>(object);
                try {
                    self->f();
                } catch (...) {
                    detail::report_exception(*self->host);
                }
            },
            [](void* object) { std::destroy_at(static_cast<job*>(object)); });
        if (place == nullptr) {
            heddle_current.failed = 0;
            detail::throw_failure(*ends_.host);
        }
        try {
            ::new (place) job{ends_.host, std::forward<F>(f)};
        } catch (...) {
            calls->withdraw(place);
            throw;
        }
        calls->commit(place);
    }

    /// Runs `f` on the module's thread every `period`, first after one period, holding the module. Keeps to its grid:
    /// ticks missed by an overrun are skipped. Only on the module's thread.
    template <class Rep, class Period, class F>
    timer every(std::chrono::duration<Rep, Period> period, F f) {
        const std::int64_t ns = detail::nanoseconds_of(period);
        if (ns <= 0) {
            throw error(failure::invalid, "a periodic timer needs a period above zero");
        }
        return start_timer(ns, ns, std::move(f));
    }
    /// Runs `f` once on the module's thread, after `delay`, holding the module. Only on the module's thread.
    template <class Rep, class Period, class F>
    timer after(std::chrono::duration<Rep, Period> delay, F f) {
        return start_timer(detail::nanoseconds_of(delay), 0, std::move(f));
    }
    /// Ends a timer, from inside it too. One that has ended already is ignored. Only on the module's thread.
    void cancel(timer t) noexcept { ends_.host->timer_cancel(ends_.self, t.id); }
    /// How many ticks of periodic timers were skipped so far, because the module's thread came too late for them. Only
    /// on the module's thread.
    [[nodiscard]] std::uint64_t missed_ticks() const noexcept {
        const heddle_loop* const loop = find_loop();
        return loop == nullptr ? 0 : loop->missed_ticks(ends_.self);
    }

    /// Runs `f`, which takes what the descriptor is ready for (a readiness) or nothing, on the module's thread, holding
    /// the module, once in each round of its loop in which `fd` is ready for any of `events`: what is left unread is
    /// told again. A descriptor has one watch. It stays the module's to close, after its unwatch. Throws heddle::error
    /// for one that cannot be waited for, such as a regular file. Only on the module's thread.
    template <class F>
    watched watch(int fd, readiness events, F f) {
        return start_watch(fd, events, 0, std::move(f));
    }
    /// The same, once: the watch has then ended.
    template <class F>
    watched watch_once(int fd, readiness events, F f) {
        return start_watch(fd, events, HEDDLE_ONCE, std::move(f));
    }
    /// Changes what a watch waits for; with nothing, readiness(), it rests. Throws heddle::error when it has ended or
    /// its descriptor was closed. Only on the module's thread.
    void rewatch(watched w, readiness events) { detail::expect_ok(loop().rewatch(ends_.self, w.id, events.bits())); }
    /// Ends a watch, from inside it too; it then runs no more, were it ready already. One that has ended is ignored.
    /// Only on the module's thread.
    void unwatch(watched w) noexcept {
        if (const heddle_loop* const loop = find_loop()) {
            loop->unwatch(ends_.self, w.id);
        }
    }

    /// Has a task of the module's own run: it begins on the module's loop, once the module runs, after those that were
    /// spawned before. An exception that leaves it fails the module. It ends with the module; see heddle/task.hpp. Only
    /// on the module's thread.
    void spawn(task<void> body) { detail::spawned_task::spawn(ends_, std::move(body)); }

    // Short forms for tasks, which would find others first by these names: co_await sleep(10ms), co_await readable(fd).
    template <class Rep, class Period>
    [[nodiscard]] static detail::sleeping sleep(std::chrono::duration<Rep, Period> time) noexcept {
        return heddle::sleep(time);
    }
    static constexpr readiness readable = heddle::readable;
    static constexpr readiness writable = heddle::writable;

    /// Holds the module as an exclusive call does, for threads and loops of its own. Throws heddle::timeout when it
    /// could not be had within the host's call_timeout, heddle::deadlock when waiting for it would never end.
    [[nodiscard]] auto hold() {
        struct held {
            explicit held(const detail::module_ends& ends) : taken(ends) {
                if (!taken.held()) {
                    heddle_current.failed = 0;
                    detail::throw_failure(*ends.host);
                }
            }
            detail::exclusive_hold taken;
        };
        return held(ends_);
    }

    /// Asks the host to stop this module, or everything; returns at once. [any thread]
    void request_stop() noexcept { ends_.host->request_stop(ends_.self); }
    void request_exit() noexcept { ends_.host->request_exit(ends_.host); }

private:
    template <auto Method>
    friend struct detail::method_target;
    template <class T>
    friend class detail::plugin_of;
    friend heddle_link* detail::require(module& owner, const heddle_handle& handle);
    friend const heddle_event* detail::declare(module& owner, const heddle_event_declaration& declaration);

    template <class R, class T, class... A, class M>
    auto caller(M method) {
        return [object = static_cast<T*>(this), method](A... arguments) -> R {
            return (object->*method)(static_cast<A&&>(arguments)...);
        };
    }

    template <class Sig, class Target, std::uint32_t P, std::uint32_t Full, bool Throws, bool IsTask>
    void add(std::string_view function_name, void* self) {
        static_assert(!IsTask || P == HEDDLE_QUEUED,
                      "heddle: a function that is a heddle::task runs on its module's thread, between its other work: "
                      "provide it with heddle::queued");
        using run = std::conditional_t<IsTask, detail::task_runner<Sig, Target>, detail::runner<Sig, Target, Throws>>;
        heddle_function declared{sizeof(heddle_function),
                                 1,
                                 detail::to_abi(function_name),
                                 detail::signature_of<Sig>::abi(),
                                 nullptr,
                                 self,
                                 P,
                                 Full,
                                 &run::code};
        if constexpr (P != HEDDLE_QUEUED && !IsTask) {
            declared.code = reinterpret_cast<heddle_code*>(&detail::thunk<Sig, Target, P, Throws>::code);
        }
        detail::expect_ok(ends_.host->provide(ends_.self, &declared));
    }

    template <class Sig, class Target, std::uint32_t P, std::uint32_t Full, bool Throws>
    callback<Sig> add_callback(void* self, heddle_task* drop) {
        const auto* const table =
            static_cast<const heddle_callbacks*>(ends_.host->extension(ends_.host, HEDDLE_CALLBACKS));
        if (table == nullptr) {
            throw error(failure::invalid,
                        "this host has no callbacks (it lacks " HEDDLE_CALLBACKS "); use a host of ABI 1.1 or later");
        }
        const heddle_callback_declaration declared =
            detail::callback_maker<Sig>::template declaration<Target, P, Full, Throws>(self, drop);
        heddle_callback* held = nullptr;
        detail::expect_ok(table->make(ends_.host, ends_.self, &declared, &held));
        return callback<Sig>(held);
    }
    [[nodiscard]] const heddle_events& events() const {
        const auto* const found = static_cast<const heddle_events*>(ends_.host->extension(ends_.host, HEDDLE_EVENTS));
        if (found == nullptr) {
            throw error(failure::invalid,
                        "this host has no events (it lacks " HEDDLE_EVENTS "); use a host of ABI 1.1 or later");
        }
        return *found;
    }
    subscription add_subscriber(const heddle_subscriber& subscriber) {
        const heddle_events& table = events();
        heddle_subscription* made = nullptr;
        detail::expect_ok(table.subscribe(ends_.self, &subscriber, &made));
        return {&table, made};
    }

    template <class F>
    timer start_timer(std::int64_t first_ns, std::int64_t period_ns, F&& f) {
        struct job {
            const heddle_host* host;
            std::remove_cvref_t<F> f;
        };
        auto owned = std::make_unique<job>(job{ends_.host, std::forward<F>(f)});
        const heddle_timer wanted{sizeof(heddle_timer),
                                  1,
                                  first_ns,
                                  period_ns,
                                  [](void* context) {
                                      auto* self = static_cast<job*>(context);
                                      try {
                                          self->f();
                                      } catch (...) {
                                          detail::report_exception(*self->host);
                                      }
                                  },
                                  [](void* context) { std::unique_ptr<job>(static_cast<job*>(context)).reset(); },
                                  owned.get()};
        timer started;
        detail::expect_ok(ends_.host->timer_start(ends_.self, &wanted, &started.id));
        static_cast<void>(owned.release());  // the host's from here on; it comes back to drop
        return started;
    }

    [[nodiscard]] const heddle_loop* find_loop() const noexcept {
        return static_cast<const heddle_loop*>(ends_.host->extension(ends_.host, HEDDLE_LOOP));
    }
    [[nodiscard]] const heddle_loop& loop() const {
        const heddle_loop* const found = find_loop();
        if (found == nullptr) {
            throw error(failure::invalid, "this host watches no file descriptors (it lacks " HEDDLE_LOOP
                                          "); use a host of ABI 1.1 or later");
        }
        return *found;
    }

    template <class F>
    watched start_watch(int fd, readiness events, std::uint32_t flags, F&& f) {
        using callable = std::remove_cvref_t<F>;
        struct job {
            const heddle_host* host;
            callable f;
        };
        const heddle_loop& with = loop();
        auto owned = std::make_unique<job>(job{ends_.host, std::forward<F>(f)});
        const heddle_watch wanted{sizeof(heddle_watch),
                                  1,
                                  fd,
                                  events.bits(),
                                  [](void* context, std::uint32_t ready) {
                                      auto* self = static_cast<job*>(context);
                                      try {
                                          if constexpr (std::is_invocable_v<callable&, readiness>) {
                                              self->f(readiness(ready));
                                          } else {
                                              self->f();
                                          }
                                      } catch (...) {
                                          detail::report_exception(*self->host);
                                      }
                                  },
                                  [](void* context) { std::unique_ptr<job>(static_cast<job*>(context)).reset(); },
                                  owned.get(),
                                  flags,
                                  0};
        watched started;
        detail::expect_ok(with.watch(ends_.self, &wanted, &started.id));
        static_cast<void>(owned.release());  // the host's from here on; it comes back to drop
        return started;
    }

    detail::module_ends ends_;
    std::vector<std::unique_ptr<detail::binding>> bindings_;
    detail::root_tasks tasks_;  // refer to both of them
};

namespace detail {

template <auto Method>
const module_ends& method_target<Method>::ends(void* self) noexcept {
    return static_cast<const module*>(static_cast<object*>(self))->ends_;
}

inline heddle_link* require(module& owner, const heddle_handle& handle) {
    heddle_link* link = nullptr;
    expect_ok(owner.ends_.host->require(owner.ends_.self, &handle, &link));
    return link;
}

inline const heddle_event* declare(module& owner, const heddle_event_declaration& declaration) {
    const heddle_event* event = nullptr;
    expect_ok(owner.events().declare(owner.ends_.self, &declaration, &event));
    return event;
}

}  // namespace detail
}  // namespace heddle
