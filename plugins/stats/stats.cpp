// The module over stats_core: configuration, the functions it provides, forwarding to storage, what it says.
//
// Every function is provided as concurrent: the registry has a mutex of its own, held for about a microsecond and never
// while another module is called. As an exclusive function, observe would hold the module while it waits for a slow
// storage, and the alerts and the screen, which only ask for summaries, would wait with it.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <heddle/heddle.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "outage.hpp"
#include "registry.hpp"
#include "summary.hpp"

namespace stats {
namespace {

using namespace std::chrono_literals;

struct StatsConfig {
    std::chrono::milliseconds window = 60s;
    std::uint32_t slices = 12;
    double accuracy = 0.01;
    std::uint32_t max_series = 10000;
    std::chrono::milliseconds forget = 10min;

    void check(heddle::config_problems& problems) const {
        if (slices < 1 || slices > 1000) {
            problems.at("slices", fmt::format("must be from 1 to 1000, not {}", slices));
        } else if (window / slices < 1ms) {
            problems.at("window", fmt::format("must be at least 1ms for each of its {} slices", slices));
        }
        if (!(accuracy >= 0.0001 && accuracy <= 0.5)) {
            problems.at("accuracy", "must be from 0.0001 to 0.5: the largest relative error of a quantile");
        }
        if (max_series < 1) {
            problems.at("max_series", "must be at least 1");
        }
        if (forget < window) {
            problems.at("forget",
                        "must not be shorter than 'window', or series would go while they still have samples");
        }
    }
};
BOOST_DESCRIBE_STRUCT(StatsConfig, (), (window, slices, accuracy, max_series, forget))

class Stats : public heddle::module {
public:
    using Config = StatsConfig;

    Stats(heddle::context& ctx, const Config& config)
        : module(ctx),
          max_series_(config.max_series),
          registry_(WindowShape(config.window, config.slices, config.accuracy), config.max_series, config.forget) {
        provide<&Stats::observe>("observe", heddle::concurrent);
        provide<&Stats::summary>("summary", heddle::concurrent);
        provide<&Stats::series>("series", heddle::concurrent);
        provide<&Stats::losses>("losses", heddle::concurrent);
        every(std::clamp<std::chrono::milliseconds>(config.forget / 10, 10ms, 10s), [this] { forget(); });
    }

    void stop() override {
        const Losses lost = losses();
        if (lost.not_finite + lost.over_limit + lost.not_stored > 0) {
            log().warn("samples lost: {} not finite, {} of series over the limit, {} not stored", lost.not_finite,
                       lost.over_limit, lost.not_stored);
        }
    }

private:
    void observe(std::string_view series, double value) {
        switch (registry_.observe(series, value, std::chrono::steady_clock::now())) {
            case Registry::Outcome::kept:
                store(series, value);
                break;
            case Registry::Outcome::not_finite:
                if (not_finite_.fetch_add(1, std::memory_order_relaxed) == 0) {
                    log().warn("refused {} for '{}': only finite values are kept (said once; stats.losses counts them)",
                               value, series);
                }
                break;
            case Registry::Outcome::over_limit:
                if (over_limit_.fetch_add(1, std::memory_order_relaxed) == 0) {
                    log().warn(
                        "refused the new series '{}': there are {} already; raise 'max_series' if they are meant "
                        "(said once; stats.losses counts the samples)",
                        series, max_series_);
                }
                break;
        }
    }

    Summary summary(std::string_view series) { return registry_.summary(series, std::chrono::steady_clock::now()); }

    std::vector<std::string> series() { return registry_.series(); }

    Losses losses() {
        return {not_finite_.load(std::memory_order_relaxed), over_limit_.load(std::memory_order_relaxed),
                storage_.total()};
    }

    // A storage that fails costs the sample its place there, and nobody else anything. One that was never there is not
    // missed; one that went away is.
    void store(std::string_view series, double value) {
        if (!store_) {
            if (has_stored_.load(std::memory_order_relaxed)) {
                not_stored("its provider is away");
            }
            return;
        }
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        try {
            store_(series, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(), value);
        } catch (const heddle::error& error) {
            not_stored(error.what());
            return;
        }
        if (!has_stored_.load(std::memory_order_relaxed)) {
            has_stored_.store(true, std::memory_order_relaxed);
        }
        if (const auto lost = storage_.worked()) {
            log().info("storage.write works again; {} samples were not stored", *lost);
        }
    }

    void not_stored(std::string_view reason) {
        if (storage_.failed()) {
            log().warn("storage.write failed: {}; samples are kept here and counted until it works again", reason);
        }
    }

    void forget() {
        if (const std::size_t dropped = registry_.forget_silent(std::chrono::steady_clock::now()); dropped > 0) {
            log().debug("forgot {} silent series", dropped);
        }
    }

    const std::uint32_t max_series_;
    Registry registry_;
    std::atomic<std::uint64_t> not_finite_{0};
    std::atomic<std::uint64_t> over_limit_{0};
    std::atomic<bool> has_stored_{false};
    Outage storage_;
    heddle::function<void(std::string_view, std::int64_t, double)> store_{*this, "storage.write", heddle::optional};
};

}  // namespace
}  // namespace stats

HEDDLE_PLUGIN(stats::Stats, "stats", "1.0.0", "Windowed statistics of numeric series")
