// `heddle run`: a host until it is told to stop.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

#include "commands.hpp"
#include "heddle/host.hpp"
#include "report.hpp"

namespace heddle::app {

namespace {

using namespace std::chrono_literals;

/// Takes SIGINT and SIGTERM on a thread of its own: the first asks the host to end, the second ends the process at
/// once.
class Signals {
public:
    /// Blocks them for this thread and every thread made after it: before the host is.
    Signals() {
        sigemptyset(&taken_);
        sigaddset(&taken_, SIGINT);
        sigaddset(&taken_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &taken_, nullptr);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() {
        ending_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    void watch(host& watched) {
        thread_ = std::thread([this, &watched] {
            pthread_setname_np(pthread_self(), "heddle-signals");
            const timespec slice{0, 100'000'000};
            int seen = 0;
            while (!ending_) {
                const int signal = sigtimedwait(&taken_, nullptr, &slice);
                if (signal > 0 && ++seen == 1) {
                    watched.request_exit();
                } else if (signal > 0) {
                    _exit(128 + signal);
                }
            }
        });
    }

private:
    sigset_t taken_{};
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

std::size_t failed_modules(host& of) {
    const auto modules = of.modules();
    return static_cast<std::size_t>(
        std::count_if(modules.begin(), modules.end(), [](const module_info& one) { return one.state == "failed"; }));
}

/// What the end of a run shows comes from the host's own functions, as it would for any other client.
void print_report(host& ended) {
    const auto modules = ended.function<std::vector<module_info>()>("host.modules");
    const auto calls = ended.function<std::vector<call_info>()>("host.calls");
    std::vector<call_info> made = calls();
    std::erase_if(made, [](const call_info& one) { return one.caller == "app"; });  // this report's own
    const std::string text = run_report(made, modules());
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace

int run(const RunOptions& options) {
    Signals signals;
    host runner({options.plugins, options.config, {}, options.log_level, options.log_json, true, {}});
    signals.watch(runner);
    const host_report report = runner.start();
    if (report.config_refused) {
        // A check goes on where this stopped, so that what modules say of their settings is told in the same go.
        host checked({options.plugins, options.config, {}, options.log_level, false, false, {}});
        for (const problem& one : checked.check().problems) {
            std::fprintf(stderr, "%s\n", one.text.c_str());
        }
        return refused;
    }
    const auto modules = runner.modules();
    const bool any = std::any_of(modules.begin(), modules.end(),
                                 [](const module_info& m) { return m.state == "running" && m.name != "host"; });
    if (!any) {
        std::fprintf(stderr, "heddle: no module runs, so there is nothing to do; %s\n",
                     report.problems.empty() ? no_module_cure : "the problems above say why");
        return refused;
    }
    if (options.bound) {
        runner.wait(*options.bound);
    } else {
        while (!runner.wait(1h)) {
        }
    }
    const std::size_t failed = failed_modules(runner);
    const bool told = !runner.stop().empty();
    // A module that could not be stopped in time counts as failed; one that only complained has stopped.
    const bool left_behind = failed_modules(runner) > failed;
    if (isatty(STDOUT_FILENO) != 0) {
        print_report(runner);
    }
    return left_behind ? stuck : told || failed != 0 || !report.empty() ? partly_failed : fine;
}

}  // namespace heddle::app
