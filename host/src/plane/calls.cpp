#include "plane/calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <ctime>
#include <limits>

#include "plane/futex.hpp"
#include "plane/grace.hpp"
#include "plane/links.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"
#include "plane/waits.hpp"

namespace heddle::plane {

namespace {

std::string_view view(heddle_str text) {
    return {text.data, text.size};
}
heddle_str str(std::string_view text) {
    return {text.data(), text.size()};
}

std::pair<std::string_view, std::string_view> split(std::string_view full_name) {
    const std::size_t dot = full_name.find('.');
    return dot == std::string_view::npos ? std::pair{full_name, std::string_view{}}
                                         : std::pair{full_name.substr(0, dot), full_name.substr(dot + 1)};
}

std::uint64_t now_ns() noexcept {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);  // no system call: answered by the vDSO
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

/// What reading the clock twice costs on this machine, which is not the call's time.
std::uint64_t clock_cost() noexcept {
    static const std::uint64_t cost = [] {
        std::uint64_t least = UINT64_MAX;
        for (int i = 0; i < 64; ++i) {
            const std::uint64_t began = now_ns();
            least = std::min(least, now_ns() - began);
        }
        return least;
    }();
    return cost;
}

/// The innermost call, if it is one to the module: else the thread only takes the module that it works for.
const heddle_link* called(const ThreadRecord& mine, const heddle_module& module) {
    const heddle_link* const link = mine.line.top == mine.stack ? nullptr : mine.line.top[-1];
    return link != nullptr && LinkRecord::of(link).provider.load(std::memory_order_relaxed) == &module ? link : nullptr;
}

std::string recursion_text(const ThreadRecord& thread) {
    const std::vector<heddle_link*> stack = links_of(thread);
    std::string path;
    const std::size_t first = stack.size() > 4 ? stack.size() - 4 : 0;
    for (std::size_t i = first; i < stack.size(); ++i) {
        path += " -> " + LinkRecord::of(stack[i]).wanted;
    }
    return fmt::format(
        "the thread is inside {} calls already, as many as host.call_depth allows (the last ones:{}); is "
        "this an endless recursion?",
        stack.size(), path);
}

}  // namespace

std::string spell(std::chrono::nanoseconds time) {
    const auto count = time.count();
    if (count % 1'000'000'000 == 0) {
        return fmt::format("{} s", count / 1'000'000'000);
    }
    return count >= 1'000'000 ? fmt::format("{} ms", count / 1'000'000) : fmt::format("{} us", count / 1'000);
}

void set_failure(std::int64_t kind, std::string_view module, std::string_view function, std::string what) noexcept {
    ThreadRecord& mine = threads().mine();
    mine.failure_kind = kind;
    mine.failure_module = module;
    mine.failure_function = function;
    mine.failure_what = std::move(what);
    mine.line.failed = 1;
}

std::uint32_t admit(heddle_link* link) noexcept {
    if (heddle_current.host_record == nullptr) {
        try {
            threads().mine();
            return 1;
        } catch (...) {
            return 0;  // take_failure() knows what an unregistered thread's failure is
        }
    }
    const auto [module, function] = split(LinkRecord::of(link).wanted);
    set_failure(HEDDLE_RECURSION, module, function, recursion_text(threads().mine()));
    return 0;
}

std::uint64_t clock() noexcept {
    return now_ns();
}

void sample(heddle_link* link, std::uint64_t began) noexcept {
    const std::uint64_t passed = now_ns() - began;
    const std::uint64_t ns = passed - std::min(passed, clock_cost());
    LinkRecord& record = LinkRecord::of(link);
    record.timed.fetch_add(1, std::memory_order_relaxed);
    record.total_ns.fetch_add(ns, std::memory_order_relaxed);
    const auto bucket =
        std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(ns)), record.histogram.size() - 1);
    record.histogram[bucket].fetch_add(1, std::memory_order_relaxed);
    move_on(heddle_current.cells[record.slot]);
}

namespace {

/// Until the deadline of the calls that the thread is in.
std::chrono::nanoseconds time_left(const ThreadRecord& mine) noexcept {
    if (mine.deadline == std::numeric_limits<std::int64_t>::max()) {
        return std::chrono::nanoseconds::max();
    }
    return std::chrono::nanoseconds(std::max<std::int64_t>(0, mine.deadline - static_cast<std::int64_t>(now_ns())));
}

}  // namespace

std::uint32_t wait_at_gate(heddle_link* link) noexcept {
    LinkRecord& record = LinkRecord::of(link);
    ThreadRecord& mine = threads().mine();
    // Off the stack while it waits: it is in nobody's code, and a grace period must not wait for it.
    heddle_link** const frame = mine.line.top - 1;
    __atomic_store_n(frame, marked(link), __ATOMIC_RELEASE);
    const std::chrono::nanoseconds bound(record.gate_timeout_ns.load(std::memory_order_relaxed));
    const auto look = [&record] {
        return static_cast<Gate>(record.gate.load(std::memory_order_acquire));  // pairs with open() and shut()
    };
    Gate gate = look();
    const std::chrono::nanoseconds time = time_left(mine);
    heddle_module* const provider = record.provider.load(std::memory_order_relaxed);
    if (gate == Gate::starting && provider != nullptr) {
        const Wait wait(mine, WaitKind::gate, *provider, link,
                        {&record.gate, static_cast<std::uint32_t>(Gate::starting)});
        if (!wait.cycle().empty()) {
            wait.fail();
            return 0;
        }
        const auto deadline = deadline_after(std::min(bound, time));
        while ((gate = look()) == Gate::starting) {
            const auto left = deadline - std::chrono::steady_clock::now();
            if (left <= std::chrono::nanoseconds(0)) {
                break;
            }
            futex_wait(record.gate, static_cast<std::uint32_t>(gate), left);
        }
    }
    if (gate == Gate::open) {
        __atomic_store_n(frame, link, detail::publish_order);  // as publish(): before the endpoint is read again
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        return 1;
    }
    const auto [module, function] = split(record.wanted);
    std::string why;
    switch (gate) {
        case Gate::unbound:
            why = "is not bound yet; call it from start() or later, not from the constructor";
            break;
        case Gate::absent:
            why = "no module provides it";
            break;
        case Gate::stopped:
            why = "its module is stopped";
            break;
        case Gate::failed:
            why = "its module has failed; the log says why";
            break;
        default:
            if (time < bound) {
                set_failure(HEDDLE_TIMEOUT, module, function, "its module was not running by the call's deadline");
                return 0;
            }
            why = fmt::format("its module was still not running after {} (host.gate_timeout)", spell(bound));
            break;
    }
    set_failure(HEDDLE_UNAVAILABLE, module, function, std::move(why));
    return 0;
}

namespace {

/// Out of line, so that who finds the module free pays for no stack frame.
[[gnu::noinline]] std::uint32_t enter_held(heddle_module* module, std::uint64_t chain) noexcept {
    if (module->exclusive.spin_enter(chain)) {
        return 1;
    }
    ThreadRecord& mine = threads().mine();
    Wait wait(mine, WaitKind::exclusive, *module, called(mine, *module));
    if (!wait.cycle().empty()) {
        wait.fail();
        return 0;
    }
    const std::chrono::nanoseconds left = time_left(mine);
    const bool held = module->exclusive.wait_enter(chain, std::min(module->call_timeout, left));
    if (held) {
        wait.granted();
    }
    if (!held) {
        set_failure(HEDDLE_TIMEOUT, module->name, {},
                    fmt::format("waited {} for the module, which is held by {}",
                                left < module->call_timeout
                                    ? "until the call's deadline"
                                    : fmt::format("{} (host.call_timeout)", spell(module->call_timeout)),
                                describe_chain(module->exclusive.holder())));
    }
    return held ? 1 : 0;
}

}  // namespace

std::uint32_t enter(heddle_module* module) noexcept {
    if (heddle_current.chain == 0) [[unlikely]] {
        threads().mine();  // a thread of a plugin's own that never called
    }
    const std::uint64_t chain = heddle_current.chain;
    if (module->exclusive.try_enter(chain)) [[likely]] {
        return 1;
    }
    return enter_held(module, chain);
}

void leave(heddle_module* module) noexcept {
    module->exclusive.leave();
}

void fail(const heddle_failure* failure) noexcept {
    std::string_view module = view(failure->module);
    std::string_view function = view(failure->function);
    if (module.empty() && function.empty() && heddle_current.host_record != nullptr) {
        const ThreadRecord& mine = threads().mine();
        if (mine.line.top != mine.stack && mine.line.top[-1] != nullptr) {
            std::tie(module, function) = split(LinkRecord::of(mine.line.top[-1]).serves);
        }
    }
    set_failure(failure->kind, module, function, std::string(view(failure->what)));
}

void take_failure(heddle_failure* out) noexcept {
    out->version = 1;
    if (heddle_current.host_record == nullptr) {
        out->kind = HEDDLE_NO_RESOURCE;
        out->module = out->function = heddle_str{nullptr, 0};
        out->what = str("there is no memory left to register this thread, so it cannot call");
        return;
    }
    ThreadRecord& mine = threads().mine();
    mine.line.failed = 0;
    out->kind = mine.failure_kind;
    out->module = str(mine.failure_module);
    out->function = str(mine.failure_function);
    out->what = str(mine.failure_what);
}

heddle_status make_status(std::int64_t code, std::string_view message) noexcept {
    std::string& kept = threads().mine().status_message;
    kept = message;
    return {code, kept.c_str()};
}

heddle_status status(std::int64_t code, heddle_str message) noexcept {
    return make_status(code, view(message));
}

}  // namespace heddle::plane
