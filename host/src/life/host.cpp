// heddle::host: the control thread, and what callers ask of it.
#include "heddle/host.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <future>
#include <thread>

#include "config/load.hpp"
#include "discovery/preflight.hpp"
#include "discovery/scan.hpp"
#include "life/calls_report.hpp"
#include "life/host_module.hpp"
#include "life/lives.hpp"
#include "life/shared.hpp"
#include "plane/grace.hpp"
#include "plane/threads.hpp"

namespace heddle {

namespace {

using namespace std::chrono_literals;

problem to_problem(const life::Trouble& trouble) {
    return {trouble.about == life::Trouble::About::plugin ? problem::about::plugin : problem::about::module,
            trouble.subject, trouble.text};
}

}  // namespace

class host::impl {
public:
    explicit impl(host_options options) : options_(std::move(options)), shared_(std::make_shared<life::Shared>()) {
        if (!plane::prepare_membarrier()) {
            throw error(failure::no_resource,
                        "this kernel lacks membarrier(PRIVATE_EXPEDITED), which unloading rests on; Linux 4.14 has it");
        }
        shared_->table = life::make_table();
        control_ = std::thread([this] { control(); });
    }

    ~impl() {
        stop(true);
        ending_.store(true, std::memory_order_relaxed);
        shared_->inbox.ask([] {});
        control_.join();
    }
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;

    host_report bring_up(bool start) {
        host_report report;
        if (brought_up_.exchange(true)) {
            throw error(failure::invalid, "host::start() and check() can be called once; make another host");
        }
        if (!configure(report, start)) {
            report.config_refused = true;
            // A check goes on with what could be read, to tell everything in one go.
            if (start || shared_->settings.modules.empty()) {
                return report;
            }
        }
        const discovery::Scan found = discover(report);
        ask([&] {
            lives_ = std::make_unique<life::Lives>(shared_);
            shared_->lives.store(lives_.get(), std::memory_order_release);
            add(report, lives_->start_host_module(life::host_module_table()));
            add(report, lives_->bring_up(found, start));
            report.modules = lives_->wanted();
        });
        return report;
    }

    std::vector<problem> stop(bool everything) {
        host_report report;
        ask([&] {
            if (lives_ != nullptr) {
                add(report, lives_->stop_all(everything));
            }
        });
        if (everything) {
            ask([this] {
                shared_->lives.store(nullptr, std::memory_order_release);
                lives_.reset();
            });
        }
        return report.problems;
    }

    void change(std::string_view name, life::Troubles (life::Lives::*how)(std::string_view)) {
        std::string problem;
        ask([&] {
            if (lives_ == nullptr) {
                problem = "the host has not been started";
            } else if (name == "host") {
                problem = "the host's own module cannot be stopped or started";
            } else if (!lives_->knows(name)) {
                problem = fmt::format("there is no module '{}'{}", name, lives_->nearest_name(name));
            } else {
                for (const life::Trouble& trouble : (lives_.get()->*how)(name)) {
                    problem += (problem.empty() ? "" : "\n") + trouble.text;
                }
            }
        });
        if (!problem.empty()) {
            throw error(failure::invalid, problem);
        }
    }

    heddle_link* bind(const heddle_handle& handle, std::string_view toolchain) {
        heddle_link* link = nullptr;
        std::string problem;
        ask([&] {
            problem = lives_ == nullptr ? "the host has not been started: handles can be had from start() on"
                                        : lives_->bind_application(handle, toolchain, &link);
        });
        if (!problem.empty()) {
            throw error(failure::invalid, problem);
        }
        return link;
    }

    life::Snapshot snapshot() {
        life::Snapshot copy;
        ask([&] {
            if (lives_ != nullptr) {
                copy = *lives_->snapshot();
            }
        });
        return copy;
    }

    life::Shared& shared() { return *shared_; }

private:
    void control() {
        pthread_setname_np(pthread_self(), "heddle-control");
        while (!ending_.load(std::memory_order_relaxed)) {
            std::optional<life::Event> event;
            std::optional<life::Inbox::Task> task;
            shared_->inbox.next(life::Inbox::Clock::now() + 1s, event, task);
            if (event && lives_ != nullptr) {
                lives_->handle(*event);
            }
            if (task) {
                (*task)();
            }
            if (lives_ != nullptr) {
                lives_->settle();
            }
        }
    }

    /// Has the control thread do it, and waits. Bounded by what is done: every wait in it has a timeout.
    void ask(const std::function<void()>& work) {
        std::promise<void> done;
        shared_->inbox.ask([&] {
            try {
                work();
                done.set_value();
            } catch (...) {
                done.set_exception(std::current_exception());
            }
        });
        done.get_future().get();
    }

    /// Reads the configuration and opens the log; a mere check leaves no log file behind.
    bool configure(host_report& report, bool start) {
        config::Loaded<config::Settings> loaded;
        if (!options_.config_text.empty()) {
            loaded = config::parse(options_.config_text, options_.config.empty() ? "config" : options_.config.string());
        } else if (!options_.config.empty()) {
            loaded = config::load(options_.config);
        }
        for (const config::Problem& one : loaded.problems) {
            report.problems.push_back({problem::about::config, one.file, config::to_string(one)});
        }
        config::Settings settings = std::move(loaded.value);
        if (!options_.log_level.empty()) {
            if (const auto level = config::parse_log_level(options_.log_level)) {
                settings.host.log.level = *level;
            } else {
                report.problems.push_back({problem::about::config, "",
                                           fmt::format("'{}' is no log level; one of trace, debug, info, warn, error, "
                                                       "critical is",
                                                       options_.log_level)});
            }
        }
        settings.host.log.json = settings.host.log.json || options_.log_json;
        settings.host.plugins.insert(settings.host.plugins.begin(), options_.plugins.begin(), options_.plugins.end());
        try {
            shared_->log.open(options_.log_to_stderr, start ? settings.host.log.file : std::filesystem::path(),
                              settings.host.log.json, options_.log_sink);
        } catch (const std::exception& e) {
            report.problems.push_back(
                {problem::about::config, settings.file,
                 fmt::format("the log file {} cannot be opened: {}", settings.host.log.file.string(), e.what())});
        }
        shared_->settings = std::move(settings);
        plane::threads().set_depth(shared_->settings.host.call_depth);
        return report.problems.empty();
    }

    discovery::Scan discover(host_report& report) {
        const config::HostSettings& settings = shared_->settings.host;
        discovery::Scan found = discovery::scan(settings.plugins);
        if (settings.preflight) {
            discovery::PreflightOptions options;
            options.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(settings.preflight_timeout);
            if (!settings.preflight_cache.empty()) {
                options.memory = settings.preflight_cache;
            }
            try {
                discovery::Preflight preflight(options);
                discovery::preflight(found, preflight);
                for (const std::string& warning : preflight.warnings()) {
                    log(HEDDLE_WARN, warning);
                }
            } catch (const discovery::PreflightError& e) {
                for (const discovery::PluginFile& file : found.plugins) {
                    found.refused.push_back({file.path, discovery::Reason::not_tried, e.what()});
                }
                found.plugins.clear();
            }
        }
        for (const std::string& text : found.errors) {
            log(HEDDLE_ERROR, text);
            report.problems.push_back({problem::about::plugin, "", text});
        }
        for (const discovery::Refusal& refusal : found.refused) {
            log(HEDDLE_ERROR, refusal.text);
            report.problems.push_back({problem::about::plugin, refusal.path.string(), refusal.text});
        }
        return found;
    }

    void log(std::uint32_t level, std::string_view text) {
        if (level >= static_cast<std::uint32_t>(shared_->settings.host.log.level)) {
            shared_->log.write(level, "host", text);
        }
    }

    static void add(host_report& report, const life::Troubles& troubles) {
        for (const life::Trouble& trouble : troubles) {
            report.problems.push_back(to_problem(trouble));
        }
    }

    const host_options options_;
    const std::shared_ptr<life::Shared> shared_;
    std::unique_ptr<life::Lives> lives_;  // made, used and ended by the control thread
    std::atomic<bool> brought_up_{false};
    std::atomic<bool> ending_{false};
    std::thread control_;
};

host::host(host_options options) : impl_(std::make_unique<impl>(std::move(options))) {}
host::~host() = default;

host_report host::start() {
    return impl_->bring_up(true);
}

host_report host::check() {
    host_report report = impl_->bring_up(false);
    impl_->stop(true);
    return report;
}

std::vector<problem> host::stop() {
    return impl_->stop(false);
}
void host::start_module(std::string_view name) {
    impl_->change(name, &life::Lives::start);
}
void host::stop_module(std::string_view name) {
    impl_->change(name, &life::Lives::stop);
}
std::vector<module_info> host::modules() {
    return impl_->snapshot().modules;
}
std::vector<function_info> host::functions() {
    return impl_->snapshot().functions;
}
std::vector<call_info> host::calls() {
    return life::report_calls(impl_->shared().table);
}
void host::request_exit() noexcept {
    impl_->shared().exit.make();
}
bool host::wait(std::chrono::nanoseconds bound) {
    return impl_->shared().exit.wait(bound);
}
heddle_link* host::bind(const heddle_handle& handle, std::string_view toolchain) {
    return impl_->bind(handle, toolchain);
}

}  // namespace heddle
