#include "life/module.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <system_error>

#include "plane/callbacks.hpp"
#include "plane/calls.hpp"
#include "plane/threads.hpp"
#include "plane/waits.hpp"

namespace heddle::life {

namespace {

/// How long those look for an answer before they sleep whose module never does.
constexpr std::chrono::nanoseconds longest_spin = std::chrono::milliseconds(1);

std::string_view view(heddle_str text) {
    return {text.data, text.size};
}

std::string text_of(const heddle_status& status) {
    if (status.code == HEDDLE_OK) {
        return {};
    }
    return status.message == nullptr || *status.message == '\0' ? "failed without saying why" : status.message;
}

/// The failure that a task of the module has left in this thread's record.
std::string taken_failure() {
    heddle_failure failure{};
    plane::take_failure(&failure);
    std::string text(view(failure.what));
    if (failure.module.size != 0) {
        std::string name(view(failure.module));
        if (failure.function.size != 0) {
            name += "." + std::string(view(failure.function));
        }
        text = name + ": " + text;
    }
    return text;
}

}  // namespace

std::string_view to_string(State state) {
    switch (state) {
        case State::declared:
            return "declared";
        case State::bound:
            return "bound";
        case State::starting:
            return "starting";
        case State::running:
            return "running";
        case State::draining:
            return "draining";
        case State::stopped:
            return "stopped";
        case State::failed:
            return "failed";
    }
    return "unknown";
}

bool is_function_name(std::string_view name, bool full) {
    std::size_t parts = 0;
    while (!name.empty()) {
        const std::size_t dot = name.find('.');
        const std::string_view part = name.substr(0, dot);
        if (part.empty() ||
            part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string_view::npos) {
            return false;
        }
        ++parts;
        if (dot == std::string_view::npos) {
            break;
        }
        name.remove_prefix(dot + 1);
        if (name.empty()) {
            return false;
        }
    }
    return parts >= (full ? 2U : 1U);
}

Module::Module(const config::ModuleSettings& module_settings, std::shared_ptr<Shared> with,
               std::shared_ptr<Plugin> of_plugin, const heddle_plugin& table)
    : settings(module_settings),
      shared(std::move(with)),
      start_timeout(module_settings.start_timeout.value_or(shared->settings.host.start_timeout)),
      stop_timeout(module_settings.stop_timeout.value_or(shared->settings.host.stop_timeout)),
      plugin(std::move(of_plugin)),
      host(shared->table),
      log(shared->log),
      record(module_settings.name, this, shared->settings.host.call_timeout, module_settings.thread.mailbox),
      loop(record, module_settings.thread.idle, module_settings.thread.spin),
      config_(module_settings.config),
      table_(table) {
    record.spin_ns =
        module_settings.thread.idle == config::Idle::park ? module_settings.thread.spin.count() : longest_spin.count();
    record.unheard = [](heddle_module& of, const std::string& text) { of.life->unheard(text); };
    record.log_level = static_cast<std::uint32_t>(module_settings.log_level.value_or(shared->settings.host.log.level));
}

Module::~Module() = default;

void Module::unheard(const std::string& text) {
    // One that fails each time must not flood the log: the 1st, 2nd, 4th, 8th ... are told.
    const std::uint64_t count = unheard_.fetch_add(1, std::memory_order_relaxed) + 1;
    if ((count & (count - 1)) == 0) {
        log.write(HEDDLE_WARN, record.name, count == 1 ? text : fmt::format("{} ({} so far)", text, count));
    }
}

void Module::launch() {
    try {
        thread_ = std::thread([this] { main(); });
    } catch (const std::system_error& e) {
        shared->inbox.tell({this, Event::What::constructed,
                            fmt::format("the system has no thread left to give it: {}", e.code().message())});
    }
}

bool Module::has_thread() const {
    return thread_.joinable();
}

void Module::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Module::let_go() {
    thread_.detach();
}

std::string Module::doing() const {
    const std::string_view what = [this]() -> std::string_view {
        switch (doing_.load(std::memory_order_relaxed)) {
            case Doing::constructing:
                return "its constructor has not returned";
            case Doing::starting:
                return "its start() has not returned";
            case Doing::running:
                return "its run() has not returned";
            case Doing::stopping:
                return "its stop() has not returned";
            case Doing::destroying:
                return "its destructor has not returned";
            default:
                return "its thread did nothing";
        }
    }();
    const std::string waits = plane::describe_wait(record);
    return waits.empty() ? std::string(what) : fmt::format("{}; it {}", what, waits);
}

void Module::apply_thread_settings() {
    pthread_setname_np(pthread_self(), record.name.substr(0, 15).c_str());
    const config::ThreadSettings& wanted = settings.thread;
    const auto warn = [&](const std::string& what, int failed) {
        log.write(HEDDLE_WARN, record.name,
                  fmt::format("cannot give its thread {}: {}; it runs without", what, strerrordesc_np(failed)));
    };
    if (!wanted.cpus.empty()) {
        cpu_set_t set;
        CPU_ZERO(&set);
        for (const std::uint32_t cpu : wanted.cpus) {
            CPU_SET(cpu, &set);
        }
        if (const int failed = pthread_setaffinity_np(pthread_self(), sizeof set, &set); failed != 0) {
            warn("the CPUs of thread.cpus", failed);
        }
    }
    const bool realtime = wanted.policy == config::Policy::fifo || wanted.policy == config::Policy::rr;
    if (wanted.policy != config::Policy::other) {
        sched_param priority{};
        priority.sched_priority = realtime ? wanted.priority : 0;
        const int policy = wanted.policy == config::Policy::fifo   ? SCHED_FIFO
                           : wanted.policy == config::Policy::rr   ? SCHED_RR
                           : wanted.policy == config::Policy::idle ? SCHED_IDLE
                                                                   : SCHED_BATCH;
        if (const int failed = pthread_setschedparam(pthread_self(), policy, &priority); failed != 0) {
            warn(fmt::format("policy {}", config::to_string(wanted.policy)), failed);
        }
    }
    if (!realtime && wanted.priority != 0 &&
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), wanted.priority) != 0) {
        warn(fmt::format("priority {}", wanted.priority), errno);
    }
}

void Module::main() {
    apply_thread_settings();
    thread_id.store(gettid(), std::memory_order_relaxed);
    plane::ThreadRecord& mine = plane::threads().mine();
    mine.module = &record;
    record.thread.store(&mine, std::memory_order_release);
    shared->inbox.tell({this, Event::What::constructed, construct()});
    for (;;) {
        switch (loop.wait_order()) {
            case Order::start: {
                doing_ = Doing::starting;
                const std::string problem = holding([this] { return table_.start(instance_); });
                record.start_is_over.store(true, std::memory_order_relaxed);
                shared->inbox.tell({this, Event::What::started, problem});
                if (!problem.empty()) {
                    break;
                }
                doing_ = Doing::running;
                const std::string broken = serve();
                doing_ = Doing::nothing;
                if (!broken.empty()) {
                    shared->inbox.tell({this, Event::What::failed, broken});
                }
                break;
            }
            case Order::stop:
                doing_ = Doing::stopping;
                shared->inbox.tell({this, Event::What::stopped, holding([this] { return table_.stop(instance_); })});
                break;
            case Order::end:
                doing_ = Doing::destroying;
                loop.drop_all();
                if (instance_ != nullptr) {
                    table_.destroy(std::exchange(instance_, nullptr));
                }
                loop.drop_all();  // a destructor may start a timer, if it must
                shared->events.drop_left(*this);
                record.mailbox.drop_all(record, mine);
                plane::end_callbacks(record);
                await_replies();
                thread_id.store(0, std::memory_order_relaxed);
                record.thread.store(nullptr, std::memory_order_relaxed);  // its record goes later, under plane_mutex()
                shared->inbox.tell({this, Event::What::ended, {}});
                return;
            case Order::none:
                break;
        }
        doing_ = Doing::nothing;
    }
}

std::string Module::construct() {
    doing_ = Doing::constructing;
    declaring_ = true;
    const heddle_status status = table_.create(&host, &record, config_.get(), &instance_);
    declaring_ = false;
    doing_ = Doing::nothing;
    if (status.code != HEDDLE_OK) {
        instance_ = nullptr;
        return text_of(status);
    }
    return instance_ == nullptr ? "its plugin constructed nothing and did not say why" : "";
}

void Module::await_replies() {
    // Answers to its calls that are still to come, and what would go on with them, hold code of its plugin.
    const auto until = plane::deadline_after(shared->settings.host.drain_timeout);
    for (;;) {
        plane::drop_answers(record);
        const auto left = until - std::chrono::steady_clock::now();
        if (record.replies.load(std::memory_order_acquire) == 0 || left <= std::chrono::nanoseconds(0)) {
            return;
        }
        record.wakeup.sleep([this] { return record.replies.load(std::memory_order_acquire) == 0; },
                            std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(100)));
    }
}

template <class Step>
std::string Module::holding(Step step) {
    if (plane::enter(&record) == 0) {
        return taken_failure();
    }
    std::string problem = text_of(step());
    plane::leave(&record);
    heddle_current.failed = 0;
    return problem;
}

std::string Module::serve() {
    std::string problem = text_of(table_.run(instance_));
    if (problem.empty() && heddle_current.failed != 0) {
        problem = taken_failure();  // a timer's, in the loop that run() serves
    }
    // A run() that ends by itself is no failure: the module's timers go on.
    if (problem.empty() && record.stopping.load(std::memory_order_acquire) == 0 && !loop.serve()) {
        problem = taken_failure();
    }
    heddle_current.failed = 0;
    return problem;
}

bool Module::is_declaring() const {
    return gettid() == thread_id.load(std::memory_order_relaxed) && declaring_;
}

heddle_status Module::provide(const heddle_function& function) {
    const std::string name(view(function.name));
    if (!is_declaring()) {
        return plane::make_status(
            HEDDLE_INVALID, fmt::format("provide(\"{}\") outside of the constructor: functions are declared there, "
                                        "so that everything can be bound before anything starts",
                                        name));
    }
    if (!is_function_name(name, false)) {
        return plane::make_status(HEDDLE_INVALID,
                                  fmt::format("provide(\"{}\"): a function's name is made of a-z, 0-9, _ "
                                              "and -, in parts joined by dots",
                                              name));
    }
    if (function.policy > HEDDLE_QUEUED) {
        return plane::make_status(
            HEDDLE_INVALID,
            fmt::format("provide(\"{}\"): this host has no policy {}; it has exclusive, concurrent and queued", name,
                        function.policy));
    }
    const bool has_run = function.size >= offsetof(heddle_function, run) + sizeof function.run;
    const std::uint32_t full = has_run ? function.full : std::uint32_t{HEDDLE_BLOCK};
    if (full > HEDDLE_DROP_NEWEST) {
        return plane::make_status(
            HEDDLE_INVALID,
            fmt::format("provide(\"{}\"): this host does not know {} as what to do when the mailbox is full", name,
                        full));
    }
    if (function.policy == HEDDLE_QUEUED ? !has_run || function.run == nullptr : function.code == nullptr) {
        return plane::make_status(HEDDLE_INVALID, fmt::format("provide(\"{}\"): it has no code to call (null)", name));
    }
    const std::string full_name = record.name + "." + name;
    for (const auto& other : functions) {
        if (other->full_name == full_name) {
            return plane::make_status(HEDDLE_INVALID,
                                      fmt::format("provide(\"{}\"): this module provides it already", name));
        }
    }
    functions.push_back(std::make_unique<FunctionRecord>(
        FunctionRecord{this,
                       full_name,
                       std::string(view(function.signature.text)),
                       function.signature.fingerprint,
                       function.signature.tier,
                       function.policy,
                       {sizeof(heddle_endpoint), 1, function.code, function.self},
                       {has_run ? function.run : nullptr, function.self, &record, function.policy, full}}));
    return {HEDDLE_OK, nullptr};
}

heddle_status Module::require(const heddle_handle& handle, heddle_link** link) {
    const std::string_view wanted = view(handle.name);
    if (!is_declaring()) {
        return plane::make_status(
            HEDDLE_INVALID, fmt::format("a handle of '{}' outside of the constructor: handles are declared there, so "
                                        "that everything can be bound before anything starts",
                                        wanted));
    }
    if (!is_function_name(wanted, true)) {
        return plane::make_status(
            HEDDLE_INVALID, fmt::format("a handle of '{}': a function's full name is its module's, a dot, and its "
                                        "own, such as stats.observe",
                                        wanted));
    }
    if (handle.gate == nullptr) {
        return plane::make_status(
            HEDDLE_INVALID, fmt::format("a handle of '{}': it has no gate (null), which a call through it meets until "
                                        "it is bound",
                                        wanted));
    }
    plane::LinkRecord* const made = plane::links().add(record, handle, host);
    if (made == nullptr) {
        return plane::make_status(HEDDLE_NO_RESOURCE,
                                  fmt::format("a handle of '{}': all {} links are in use", wanted, plane::max_links));
    }
    made->gate_timeout_ns = shared->settings.host.gate_timeout.count();
    handles.push_back(made);
    *link = &made->line;
    return {HEDDLE_OK, nullptr};
}

void Module::config_problem(const heddle_value* value, bool at_key, std::uint32_t column_offset,
                            std::string_view text) {
    const std::uint32_t line = value == nullptr ? 0 : at_key ? value->key_line : value->line;
    const std::uint32_t column = value == nullptr ? 0 : at_key ? value->key_column : value->column;
    // A place inside of a quoted text is one further to the right.
    const std::uint32_t inside = column_offset + (column_offset != 0 && value != nullptr ? value->quoted : 0U);
    const std::string file =
        shared->settings.file.empty() ? "configuration of '" + record.name + "'" : shared->settings.file;
    config_problems.emplace_back(
        config::Place{line, column + inside},
        line == 0 ? fmt::format("{}: {}", file, text) : fmt::format("{}:{}:{}: {}", file, line, column + inside, text));
}

}  // namespace heddle::life
