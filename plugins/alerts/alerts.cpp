// The module over alerts_core: asks stats, evaluates the rules on its own thread at every interval, tells the
// notifiers.
//
// alerts.active and alerts.rules answer from what the last evaluation left, under a mutex held for a copy. So they can
// be asked at any time by anybody, a notifier in the middle of its call included.
#include <chrono>
#include <cstdint>
#include <deque>
#include <heddle/heddle.hpp>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config.hpp"
#include "engine.hpp"
#include "status.hpp"
#include "summary.hpp"

namespace alerts {
namespace {

// One function that `notify` names.
struct Notifier {
    Notifier(heddle::module& owner, std::string function_name)
        : name(std::move(function_name)), call(owner, name, heddle::optional) {}

    std::string name;
    heddle::function<void(std::string_view, bool, double, std::string_view, std::int64_t)> call;
    bool is_down = false;  // said, and not over yet
};

class Alerts : public heddle::module {
public:
    using Config = AlertsConfig;

    Alerts(heddle::context& ctx, const Config& config)
        : module(ctx), interval_(config.interval), engine_(config.compile(), config.grace), rules_(engine_.rules()) {
        for (const auto& name : config.notify) {
            if (name.value == "log") {
                logs_alerts_ = true;
            } else {
                notifiers_.emplace_back(*this, name.value);
            }
        }
        provide<&Alerts::active>("active", heddle::concurrent);
        provide<&Alerts::rules>("rules", heddle::concurrent);
    }

    void start() override {
        if (engine_.has_patterns() && !series_) {
            log().warn("stats.series is not there: rules with a pattern for their series stay unknown");
        }
        every(interval_, [this] { evaluate(); });
    }

private:
    class StatsReadings : public Readings {
    public:
        explicit StatsReadings(const Alerts& owner) : owner_(owner) {}
        Summary summary(const std::string& series) override { return owner_.summary_(series); }
        std::vector<std::string> series() override {
            return owner_.series_ ? owner_.series_() : std::vector<std::string>();
        }

    private:
        const Alerts& owner_;
    };

    void evaluate() {
        const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
        StatsReadings readings(*this);
        const Round round = engine_.evaluate(readings, std::chrono::steady_clock::now(),
                                             std::chrono::duration_cast<std::chrono::nanoseconds>(unix_time).count());
        {
            const std::lock_guard lock(mutex_);
            active_ = engine_.active();
            rules_ = engine_.rules();
        }
        for (const Note& note : round.notes) {
            note.is_warning ? log().warn("{}", note.text) : log().info("{}", note.text);
        }
        for (const Change& change : round.changes) {
            write_log(change);
            for (Notifier& notifier : notifiers_) {
                notify(notifier, change);
            }
        }
    }

    void write_log(const Change& change) const {
        if (!logs_alerts_) {
            log().debug("alert '{}' {}: {}", change.rule, change.raised ? "raised" : "cleared", change.message);
        } else if (change.raised) {
            log().warn("alert '{}' raised: {}", change.rule, change.message);
        } else {
            log().info("alert '{}' cleared: {}", change.rule, change.message);
        }
    }

    // One notifier that fails does not hold up the others, and is told of once until it works again.
    void notify(Notifier& notifier, const Change& change) const {
        try {
            notifier.call(change.rule, change.raised, change.value, change.message, change.time_ns);
        } catch (const heddle::error& error) {
            if (!std::exchange(notifier.is_down, true)) {
                log().warn("could not tell {} of an alert: {}; not said again until it works", notifier.name,
                           error.what());
            }
            return;
        }
        if (std::exchange(notifier.is_down, false)) {
            log().info("{} is told of alerts again", notifier.name);
        }
    }

    std::vector<Active> active() {
        const std::lock_guard lock(mutex_);
        return active_;
    }

    std::vector<RuleStatus> rules() {
        const std::lock_guard lock(mutex_);
        return rules_;
    }

    std::chrono::milliseconds interval_;
    Engine engine_;  // the module's thread only
    bool logs_alerts_ = false;
    std::deque<Notifier> notifiers_;  // a deque: a notifier stays where it was made
    std::mutex mutex_;                // guards the two below, never held while anything is called
    std::vector<Active> active_;
    std::vector<RuleStatus> rules_;
    heddle::function<Summary(std::string_view)> summary_{*this, "stats.summary"};
    heddle::function<std::vector<std::string>()> series_{*this, "stats.series", heddle::optional};
};

}  // namespace
}  // namespace alerts

HEDDLE_PLUGIN(alerts::Alerts, "alerts", "1.0.0", "Rules over windowed statistics, with hysteresis and notifiers")
