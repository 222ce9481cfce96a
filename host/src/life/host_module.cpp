#include "life/host_module.hpp"

#include <fmt/format.h>

#include <heddle/heddle.hpp>
#include <heddle/host_functions.hpp>

#include "config/settings.hpp"
#include "life/calls_report.hpp"
#include "life/lives.hpp"
#include "life/shared.hpp"

namespace heddle::life {

namespace {

class HostModule final : public module {
public:
    HostModule(context& ctx, Shared& shared) : module(ctx), shared_(shared) {
        provide<&HostModule::modules>("modules", concurrent);
        provide<&HostModule::functions>("functions", concurrent);
        provide<&HostModule::events>("events", concurrent);
        provide<&HostModule::calls>("calls", concurrent);
        provide<&HostModule::start_module>("start", concurrent);
        provide<&HostModule::stop_module>("stop", concurrent);
        provide<&HostModule::exit>("exit", concurrent);
    }

private:
    const Snapshot& now() const { return *shared_.lives.load(std::memory_order_acquire)->snapshot(); }
    std::vector<module_info> modules() const { return now().modules; }
    std::vector<function_info> functions() const { return now().functions; }
    std::vector<event_info> events() const { return shared_.events.report(); }
    std::vector<call_info> calls() const { return report_calls(shared_.table); }
    void start_module(std::string_view name) { ask(name, &Lives::start); }
    void stop_module(std::string_view name) { ask(name, &Lives::stop); }
    void exit() { shared_.exit.make(); }

    void ask(std::string_view name, Troubles (Lives::*change)(std::string_view)) {
        for (const module_info& info : now().modules) {
            if (info.name == name && name != "host") {
                shared_.inbox.ask([&shared = shared_, change, wanted = std::string(name)] {
                    if (Lives* const lives = shared.lives) {
                        (lives->*change)(wanted);  // what it met is in the log
                    }
                });
                return;
            }
        }
        throw error(failure::invalid, name == "host" ? std::string("the host's own module cannot be stopped or started")
                                                     : fmt::format("there is no module '{}'", name));
    }

    Shared& shared_;
};

heddle_status create(const heddle_host* host, heddle_module* self, const heddle_value* /*config*/, void** instance) {
    return detail::guarded(*host, [&] {
        context ctx(host, self);
        std::unique_ptr<module> made = std::make_unique<HostModule>(ctx, Shared::of(host));
        *instance = made.release();  // comes back to destroy
    });
}

heddle_status do_nothing(void* /*instance*/) {
    return {HEDDLE_OK, nullptr};
}

void destroy(void* instance) {
    std::unique_ptr<module>(static_cast<module*>(instance)).reset();
}

}  // namespace

const heddle_plugin& host_module_table() {
    static constexpr heddle_plugin table{sizeof(heddle_plugin), 1, create, do_nothing, do_nothing, do_nothing, destroy};
    return table;
}

}  // namespace heddle::life
