// meddler: asks the host for changes and reports from wherever plugin code runs.
#include <heddle/heddle.hpp>
#include <heddle/host_functions.hpp>
#include <string>
#include <vector>

namespace {

struct MeddlerConfig {
    std::string stops;      // a module that start() and each meddle() ask the host to stop
    std::string call_back;  // a function that call_back() calls
    std::string victim;     // a module that end_caller() asks the host to stop
    bool ends_all = false;  // asks the host to end, from a timer
};
BOOST_DESCRIBE_STRUCT(MeddlerConfig, (), (stops, call_back, victim, ends_all))

class Meddler : public heddle::module {
public:
    using Config = MeddlerConfig;

    Meddler(heddle::context& ctx, const Config& config)
        : module(ctx),
          config_(config),
          back_(*this, config.call_back.empty() ? "host.exit" : config.call_back, heddle::optional) {
        log().info("{} is being constructed", ctx.name());
        provide<&Meddler::meddle>("meddle", heddle::concurrent);
        provide<&Meddler::meddle_alone>("meddle_alone");
        provide<&Meddler::stop_module>("stop_module");
        provide<&Meddler::start_module>("start_module");
        provide<&Meddler::call_back>("call_back", heddle::concurrent);
        provide<&Meddler::end_caller>("end_caller");
        provide<&Meddler::end_all>("end_all");
        every(std::chrono::milliseconds(1), [this] {
            meddle();
            if (config_.ends_all) {
                exit_();
            }
        });
    }
    ~Meddler() override { log().info("gone"); }

    void start() override { meddle(); }
    void stop() override { meddle(); }

private:
    // How many modules and calls the host knows of.
    std::uint64_t meddle() {
        log().debug("meddling");
        const std::uint64_t seen = modules_().size() + functions_().size() + calls_().size();
        if (!config_.stops.empty()) {
            stop_(config_.stops);
        }
        return seen;
    }
    std::uint64_t meddle_alone() { return meddle(); }
    void stop_module(std::string_view name) { stop_(name); }
    void start_module(std::string_view name) { start_(name); }
    void call_back() { back_(); }
    void end_caller() { stop_(config_.victim); }
    void end_all() { exit_(); }

    const Config config_;
    heddle::function<std::vector<heddle::module_info>()> modules_{*this, "host.modules"};
    heddle::function<std::vector<heddle::function_info>()> functions_{*this, "host.functions"};
    heddle::function<std::vector<heddle::call_info>()> calls_{*this, "host.calls"};
    heddle::function<void(std::string_view)> stop_{*this, "host.stop"};
    heddle::function<void(std::string_view)> start_{*this, "host.start"};
    heddle::function<void()> exit_{*this, "host.exit"};
    heddle::function<void()> back_;
};

HEDDLE_PLUGIN(Meddler, "meddler", "1.0.0", "Asks the host for changes from wherever it can")

}  // namespace
