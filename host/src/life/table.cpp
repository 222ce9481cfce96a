// The table of host functions that every plugin is given: each finds the module's own record and passes on.
#include <new>
#include <string_view>

#include "life/events.hpp"
#include "life/lives.hpp"
#include "life/module.hpp"
#include "life/shared.hpp"
#include "plane/callbacks.hpp"
#include "plane/calls.hpp"
#include "plane/messages.hpp"

namespace heddle::life {

namespace {

std::string_view view(heddle_str text) {
    return {text.data, text.size};
}

heddle_status no_module() {
    return plane::make_status(HEDDLE_INVALID, "this is the embedding application's own record, which declares nothing");
}

bool on_own_thread(const heddle_module* module) {
    return module->life != nullptr && module->life->thread_id.load(std::memory_order_relaxed) == gettid();
}

heddle_status to_status(const Poller::Outcome& outcome) {
    return outcome.code == HEDDLE_OK ? heddle_status{HEDDLE_OK, nullptr}
                                     : plane::make_status(outcome.code, outcome.text);
}

heddle_status watch(heddle_module* module, const heddle_watch* wanted, std::uint64_t* id) {
    if (!on_own_thread(module)) {
        return plane::make_status(HEDDLE_INVALID,
                                  "file descriptors are watched on the module's own thread: in its constructor, "
                                  "start(), run(), a timer or another watch");
    }
    return to_status(module->life->loop.poller().watch(*wanted, *id));
}

heddle_status rewatch(heddle_module* module, std::uint64_t id, std::uint32_t events) {
    if (!on_own_thread(module)) {
        return plane::make_status(HEDDLE_INVALID, "a watch is changed on the module's own thread");
    }
    return to_status(module->life->loop.poller().rewatch(id, events));
}

void unwatch(heddle_module* module, std::uint64_t id) {
    module->life->loop.poller().unwatch(id);
}

std::uint64_t missed_ticks(heddle_module* module) {
    return module->life->loop.missed_ticks();
}

constexpr heddle_loop loop_table{sizeof(heddle_loop), 1, watch, rewatch, unwatch, missed_ticks};

const void* extension(const heddle_host* /*host*/, const char* id) {
    const std::string_view wanted(id);
    return wanted == HEDDLE_CALLS       ? static_cast<const void*>(&plane::calls_table())
           : wanted == HEDDLE_EVENTS    ? static_cast<const void*>(&events_table())
           : wanted == HEDDLE_CALLBACKS ? static_cast<const void*>(&plane::callbacks_table())
           : wanted == HEDDLE_LOOP      ? static_cast<const void*>(&loop_table)
                                        : nullptr;
}

heddle_status provide(heddle_module* module, const heddle_function* function) {
    return module->life == nullptr ? no_module() : module->life->provide(*function);
}

heddle_status require(heddle_module* module, const heddle_handle* handle, heddle_link** link) {
    return module->life == nullptr ? no_module() : module->life->require(*handle, link);
}

void config_problem(heddle_module* module, const heddle_value* value, std::uint32_t at_key, std::uint32_t column_offset,
                    heddle_str message) {
    module->life->config_problem(value, at_key != 0, column_offset, view(message));
}

void write_log(heddle_module* module, std::uint32_t level, heddle_str text) {
    if (level >= module->log_level.load(std::memory_order_relaxed) && level <= HEDDLE_CRITICAL &&
        module->life != nullptr) {
        module->life->log.write(level, module->name, view(text));
    }
}

std::uint32_t log_level(heddle_module* module) {
    return module->log_level.load(std::memory_order_relaxed);
}

heddle_str name(heddle_module* module) {
    return {module->name.data(), module->name.size()};
}

heddle_status timer_start(heddle_module* module, const heddle_timer* timer, std::uint64_t* id) {
    if (!on_own_thread(module)) {
        return plane::make_status(HEDDLE_INVALID,
                                  "timers are started on the module's own thread: in its constructor, "
                                  "start(), run() or from another timer");
    }
    if (timer->first_ns < 0 || timer->period_ns < 0 || timer->run == nullptr) {
        return plane::make_status(HEDDLE_INVALID, "a timer needs something to run and times that are not negative");
    }
    try {
        *id = module->life->loop.start(*timer);
    } catch (const std::bad_alloc&) {
        return plane::make_status(HEDDLE_NO_RESOURCE, "there is no memory left for another timer");
    }
    return {HEDDLE_OK, nullptr};
}

void timer_cancel(heddle_module* module, std::uint64_t id) {
    module->life->loop.cancel(id);
}

void serve(heddle_module* module) {
    module->life->loop.serve();
}

std::uint32_t stopping(heddle_module* module) {
    return module->stopping.load(std::memory_order_acquire);  // pairs with Loop::request_stop()
}

std::uint32_t wait_stop(heddle_module* module, std::int64_t ns) {
    return module->life->loop.wait_stop(std::chrono::nanoseconds(ns)) ? 1 : 0;
}

void request_stop(heddle_module* module) {
    if (module->life != nullptr) {
        Shared& shared = Shared::of(&module->life->host);
        shared.inbox.ask([&shared, name = module->name] {
            if (Lives* const lives = shared.lives) {
                lives->stop(name);
            }
        });
    }
}

void request_exit(const heddle_host* host) {
    Shared::of(host).exit.make();
}

}  // namespace

heddle_host make_table() noexcept {
    return {sizeof(heddle_host),
            1,
            HEDDLE_ABI_MAJOR,
            HEDDLE_ABI_MINOR,
            extension,
            provide,
            require,
            config_problem,
            write_log,
            log_level,
            name,
            timer_start,
            timer_cancel,
            serve,
            stopping,
            wait_stop,
            plane::enter,
            plane::leave,
            plane::admit,
            plane::clock,
            plane::sample,
            plane::wait_at_gate,
            plane::fail,
            plane::take_failure,
            plane::status,
            request_stop,
            request_exit};
}

}  // namespace heddle::life
