// heddle/host.hpp: the plugin host as a library.
//
//     heddle::host host({.plugins = {"plugins"}, .config = "config.yaml"});
//     if (!host.start().empty()) { ... }                       // what could not be used; the rest runs
//     auto summary = host.function<Summary(std::string_view)>("stats.summary");
//     summary("cpu.busy");                                     // an ordinary call
//
// A host finds plugins, tries and loads them, gives each module a thread, binds what they call to what they provide,
// and starts and stops them in order. The program `heddle` is a thin layer over this class. Thread-safety: all
// functions may be called from any thread but those of modules (which use `host.` functions); changes are carried out
// one after the other by the host's control thread, and the caller waits for the result. Every wait is bounded by the
// timeouts of the configuration. Several hosts may live in one process. Ownership: the host owns modules, links and
// plugins. Handles that it gave must not be called once it is destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/abi.h"
#include "heddle/error.hpp"
#include "heddle/function.hpp"
#include "heddle/host_functions.hpp"
#include "heddle/plugin.hpp"

namespace heddle {

/// What a host works with. Everything has a default; what is set here goes before the configuration.
struct host_options {
    std::vector<std::filesystem::path> plugins = {};  ///< directories; added before those of the configuration
    std::filesystem::path config = {};                ///< empty: none, and every plugin found runs as one module
    std::string config_text = {};                     ///< used instead of a file when not empty
    std::string log_level = {};  ///< trace debug info warn error critical off; empty: as configured
    bool log_json = false;
    bool log_to_stderr = true;
    /// Also given every line that is logged: level (HEDDLE_TRACE ...), module and text. Called on any thread, one call
    /// at a time; must not call the host.
    std::function<void(std::uint32_t, std::string_view, std::string_view)> log_sink = {};
};

/// Something that could not be used, or went wrong on the way.
struct problem {
    enum class about : std::uint8_t { config, plugin, module };
    about what{};
    std::string subject;  ///< the module's or plugin's name, or the file
    std::string text;     ///< whole sentence, with place and cure
};

/// The outcome of start() and check(). config_refused: the configuration is wrong and nothing was started.
struct host_report {
    std::vector<problem> problems;
    bool config_refused = false;
    std::size_t modules = 0;  ///< how many there are to run: named and enabled, or one of each plugin found
    [[nodiscard]] bool empty() const noexcept { return problems.empty(); }
};

class host {
public:
    /// Reads nothing yet. Throws heddle::error when the system lacks what a host needs (membarrier).
    explicit host(host_options options);
    host(const host&) = delete;
    host& operator=(const host&) = delete;
    /// Stops everything that still runs.
    ~host();

    /// Reads the configuration, finds and loads plugins, binds and starts all modules. A wrong configuration starts
    /// nothing; a wrong plugin or module is reported and the rest runs. Once only.
    host_report start();
    /// Everything of start() up to binding, and then back: constructs and destroys modules but starts none. Once only.
    host_report check();
    /// Stops all modules, in reverse order of their start, and unloads the plugins; the host's own functions stay. What
    /// could not be stopped in time is reported and left behind, never destroyed while it runs.
    std::vector<problem> stop();

    /// Starts a module that is stopped or failed, stops one that runs (and before it, what requires it).
    /// Throws heddle::error saying why it could not be done.
    void start_module(std::string_view name);
    void stop_module(std::string_view name);

    /// What the functions host.modules, host.functions and host.calls return.
    std::vector<module_info> modules();
    std::vector<function_info> functions();
    std::vector<call_info> calls();

    /// Asks for the end, as a module or host.exit does; wait() then returns. Async, any thread.
    void request_exit() noexcept;
    /// Waits for a request to exit, at most `bound`; true when there was one.
    bool wait(std::chrono::nanoseconds bound);

    /// A handle of this application's own. Throws heddle::error if the function has another signature; one that nobody
    /// provides yet gives a handle that is false and throws heddle::unavailable when called, until somebody does.
    template <class Sig>
    heddle::function<Sig> function(std::string_view name) {
        const std::string tag = std::string(detail::compiler_tag) + " " + std::string(detail::library_tag);
        return heddle::function<Sig>(bind(detail::handle_of<Sig>(name, HEDDLE_OPTIONAL), tag));
    }
    /// The same without types: for other languages and tests. The gate in `handle` must outlive the host.
    heddle_link* bind(const heddle_handle& handle, std::string_view toolchain);

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace heddle
