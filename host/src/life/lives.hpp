// The lives of all modules: brings them up in order, binds what they call to what they provide, and takes them down.
//
// Everything here runs on the control thread, the only writer of the registry and of states; others ask through the
// inbox. It never runs plugin code: that happens on the modules' own threads, and it waits for them with a bound each.
// Ownership: owns modules and loaded plugins. A module whose thread did not answer in time is kept for ever, with its
// plugin mapped, because its thread may still be in its code.
#pragma once

#include <atomic>
#include <functional>
#include <heddle/host_functions.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/scan.hpp"
#include "life/module.hpp"
#include "life/shared.hpp"

namespace heddle::life {

/// The name of the module that the host itself is.
inline constexpr std::string_view host_name = "host";

/// A problem of a module or a plugin, as text for the operator.
struct Trouble {
    enum class About : std::uint8_t { plugin, module };
    About about;
    std::string subject;
    std::string text;
    config::Place place{};  ///< where in the configuration; line 0: nowhere
};
using Troubles = std::vector<Trouble>;

/// What readers see: immutable once published.
struct Snapshot {
    std::vector<module_info> modules;
    std::vector<function_info> functions;
};

class Lives {
public:
    explicit Lives(std::shared_ptr<Shared> shared);
    Lives(const Lives&) = delete;
    Lives& operator=(const Lives&) = delete;
    ~Lives();

    /// Brings up the host's own module, whose table is given.
    Troubles start_host_module(const heddle_plugin& table);
    /// Takes down everything and unloads every plugin; the host's own module too if asked.
    Troubles stop_all(bool host_module_too);

    /// Makes modules of the configuration, or one of each plugin if it names none, and brings them up: constructs all,
    /// binds all, and starts all in order if `start`.
    Troubles bring_up(const discovery::Scan& scan, bool start);

    /// One module, which must be known; the trouble it met. stop() takes what requires it down first.
    Troubles start(std::string_view name);
    Troubles stop(std::string_view name);
    /// How many modules the configuration, or the plugins found without one, ask for.
    std::size_t wanted() const;
    bool knows(std::string_view name) const { return entries_.contains(std::string(name)); }
    std::string nearest_name(std::string_view name) const;

    /// A handle of the embedding application. Gives the problem of a signature that does not fit.
    std::string bind_application(const heddle_handle& handle, std::string_view toolchain, heddle_link** link);

    /// Something a module's thread tells while nobody asked.
    void handle(const Event& event);
    /// Deals with what was told meanwhile: a module that failed is taken down.
    void settle();

    /// What readers see just now; safe for threads inside a call of the host's own module, which keeps it alive.
    const Snapshot* snapshot() const { return snapshot_.load(std::memory_order_acquire); }  // pairs with publish()

private:
    struct Entry {
        config::ModuleSettings settings;
        const discovery::PluginFile* file = nullptr;  ///< null for the host's own
        std::unique_ptr<Module> module;               ///< null while stopped
        State state = State::stopped;
        std::string reason;
        std::size_t order = 0;  ///< of the last start
    };

    // Bringing up.
    Entry& add_entry(const config::ModuleSettings& settings, const discovery::PluginFile* file);
    std::vector<Module*> make_modules(const std::vector<Entry*>& entries, Troubles& troubles);
    void bring_up_modules(const std::vector<Entry*>& entries, bool start, Troubles& troubles);
    void construct(std::vector<Module*>& modules, Troubles& troubles);
    void bind(std::vector<Module*>& modules, Troubles& troubles);
    enum class Bound : std::uint8_t { yes, absent, refused };
    struct Binding {
        Bound outcome;
        std::string problem;
    };
    Binding bind_link(plane::LinkRecord& link, const config::ModuleSettings& caller);
    void refuse_cycles(std::vector<Module*>& modules, Troubles& troubles);
    void start_in_order(std::vector<Module*> modules, Troubles& troubles);
    void set_running(Module& module);
    std::shared_ptr<Plugin> plugin_of(const discovery::PluginFile& file, Troubles& troubles);

    // Taking down.
    void fail(Module& module, std::string reason, Troubles& troubles);
    void fail_dependents(Module& module, Troubles& troubles);
    void take_down(std::vector<Module*> wave, plane::Gate why, Troubles& troubles);
    void abandon(Module& module, const std::string& reason, Troubles& troubles);
    void forget(Module& module, const plane::Mailbox::Mark& sent);
    plane::Mailbox::Mark mark_others(const Module& module);
    std::string what_holds(const Module& module, const plane::Mailbox::Mark& sent);
    std::vector<Module*> wave_of(const std::vector<Module*>& modules) const;
    std::vector<Module*> with_dependents(Module& module) const;
    void unload_unused(Troubles& troubles);

    // Shared by both.
    using Waiting = std::map<Module*, Inbox::Clock::time_point>;
    /// Waits until each has told `what`, or its time has passed; those left in `waiting` have not.
    void collect(Event::What what, Waiting& waiting, const std::function<void(const Event&)>& told);
    void each_link_to(const Module& module, const std::function<void(plane::LinkRecord&)>& visit);
    void each_own_link(const std::function<void(plane::LinkRecord&)>& visit);
    std::string_view toolchain_of(const heddle_module& module) const;
    bool is_alive(const Module* module) const;
    void trouble(Module& module, const std::string& text, Troubles& troubles, config::Place place = {});
    void log(std::uint32_t level, const std::string& text);
    void publish();
    void reclaim_snapshots(bool all);

    const std::shared_ptr<Shared> shared_;
    std::string application_toolchain_;
    std::unique_ptr<heddle_module> application_;  ///< the embedding application, as a caller
    std::map<std::string, discovery::PluginFile> files_;
    std::map<std::string, Entry> entries_;
    std::map<std::string, std::shared_ptr<Plugin>> plugins_;  ///< loaded, by name
    std::map<std::string, FunctionRecord*> functions_;        ///< by full name
    std::vector<std::pair<Module*, std::string>> broken_;     ///< failed by themselves, still to be taken down
    std::vector<Event> started_early_;                        ///< told while the end of another was waited for
    std::size_t starts_ = 0;
    std::atomic<const Snapshot*> snapshot_{nullptr};
    std::vector<std::unique_ptr<const Snapshot>> snapshots_;  ///< the last one is published
};

}  // namespace heddle::life
