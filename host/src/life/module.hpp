// One module's life: its thread, its state, and what it has declared.
//
//     declared -> bound -> starting -> running -> draining -> stopped
//                                  \-> failed
//
// The control thread orders, the module's thread carries out and tells (inbox.hpp). State, reason and everything below
// "control thread" is written by the control thread alone; the declarations are the module thread's until it has told
// that it is constructed. Ownership: the Lives own modules; a module whose thread did not end in time is never
// destroyed.
#pragma once

#include <heddle/abi.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "config/abi_value.hpp"
#include "config/settings.hpp"
#include "life/events.hpp"
#include "life/inbox.hpp"
#include "life/log.hpp"
#include "life/loop.hpp"
#include "life/plugin.hpp"
#include "life/shared.hpp"
#include "plane/links.hpp"
#include "plane/module_record.hpp"

namespace heddle::life {

enum class State : std::uint8_t { declared, bound, starting, running, draining, stopped, failed };
std::string_view to_string(State state);

/// A function that a module provides.
struct FunctionRecord {
    Module* module;
    std::string full_name;
    std::string signature;
    std::uint64_t fingerprint;
    std::uint32_t tier;
    std::uint32_t policy;
    heddle_endpoint endpoint;
    plane::Target target;
};

class Module {
public:
    /// `plugin` is null for the host's own module, whose table is given. Timeouts are resolved.
    Module(const config::ModuleSettings& settings, std::shared_ptr<Shared> shared, std::shared_ptr<Plugin> plugin,
           const heddle_plugin& table);
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;
    ~Module();

    const std::string& name() const { return record.name; }
    /// With what its plugin was built; empty for the host's own.
    std::string_view toolchain() const {
        return plugin == nullptr ? std::string_view() : std::string_view(plugin->file().toolchain);
    }

    // ---- [control thread]
    void launch();  ///< starts the thread, which constructs and tells; without one it is told failed all the same
    bool has_thread() const;
    void join();    ///< after its `ended` event
    void let_go();  ///< it never told: whoever calls this must never destroy the module
    /// What the thread is doing, for a timeout's text: "its start() has not returned", and for whom it waits.
    std::string doing() const;

    /// Tells the log of a message or an event that failed with nobody to tell. [any thread]
    void unheard(const std::string& text);

    // ---- [module thread], during construction
    heddle_status provide(const heddle_function& function);
    heddle_status require(const heddle_handle& handle, heddle_link** link);
    /// Whether this is the module's thread, in its constructor.
    bool is_declaring() const;
    void config_problem(const heddle_value* value, bool at_key, std::uint32_t column_offset, std::string_view text);

    const config::ModuleSettings settings;
    const std::shared_ptr<Shared> shared;
    const std::chrono::nanoseconds start_timeout;
    const std::chrono::nanoseconds stop_timeout;
    const std::shared_ptr<Plugin> plugin;
    const heddle_host& host;
    Log& log;
    heddle_module record;
    Loop loop;

    // Declarations.
    std::vector<std::unique_ptr<FunctionRecord>> functions;
    std::vector<plane::LinkRecord*> handles;
    std::vector<std::unique_ptr<plane::Event>> events;
    std::vector<std::pair<config::Place, std::string>> config_problems;

    Listening listening = Listening::not_yet;  ///< guarded by the mutex of shared->events

    // Control thread.
    State state = State::declared;
    std::string reason;              ///< why it failed
    bool started = false;            ///< its start() has succeeded
    std::vector<Module*> requires_;  ///< whose functions its required handles lead to
    std::vector<Module*> prefers_;   ///< whose functions its optional handles lead to: running first, if it can be
    std::atomic<pid_t> thread_id{0};

private:
    enum class Doing : std::uint8_t { nothing, constructing, starting, running, stopping, destroying };

    void main();
    std::string construct();
    std::string serve();
    template <class Step>
    std::string holding(Step step);
    void apply_thread_settings();
    void await_replies();

    const config::AbiValue config_;
    const heddle_plugin& table_;
    std::thread thread_;
    std::atomic<Doing> doing_{Doing::nothing};
    bool declaring_ = false;
    std::atomic<std::uint64_t> unheard_{0};
    void* instance_ = nullptr;
};

/// True for names that functions may have: [a-z0-9_] in parts joined by dots.
bool is_function_name(std::string_view name, bool full);

}  // namespace heddle::life
