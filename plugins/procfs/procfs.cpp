// The procfs module: a Sampler on a timer, its samples handed to stats.observe, and procfs.read for whoever pulls.
// Thread-safety: timer and function hold the module, so the sampler sees one thread at a time.
#include <boost/describe.hpp>
#include <chrono>
#include <heddle/heddle.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/sampler.hpp"

namespace procfs {

// One figure as procfs.read gives it; units are those of the series (percent, bytes, per second).
struct Reading {
    std::string series;
    double value = 0;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (series, value))

struct Config {
    std::chrono::milliseconds interval{1000};
    std::string root = "/proc";
    bool cpu = true;
    bool memory = true;
    bool load = true;
    bool pressure = true;
    bool network = true;
    bool disks = true;
    bool partitions = false;
    std::vector<std::string> skip_disks = Options{}.skip_disks;
    std::vector<std::string> skip_interfaces = Options{}.skip_interfaces;

    void check(heddle::config_problems& problems) const {
        using namespace std::chrono_literals;
        if (interval < 10ms)
            problems.at("interval", "must be at least 10ms");
        if (root.empty())
            problems.at("root", "must name a folder such as /proc");
    }
    Options options() const {
        return {root, cpu, memory, load, pressure, network, disks, partitions, skip_disks, skip_interfaces};
    }
};
BOOST_DESCRIBE_STRUCT(Config, (),
                      (interval, root, cpu, memory, load, pressure, network, disks, partitions, skip_disks,
                       skip_interfaces))

class Procfs : public heddle::module {
public:
    using Config = procfs::Config;

    Procfs(heddle::context& ctx, const Config& config)
        : module(ctx),
          interval_(config.interval),
          sampler_(config.options(), [this](Level level, const std::string& text) {
              if (level == Level::warning)
                  log().warn("{}", text);
              else
                  log().info("{}", text);
          }) {
        provide<&Procfs::read>("read");
        every(config.interval, [this] { observe_all(); });
    }

    // The first reading: the ground for the rates, and the figures that need none.
    void start() override { observe_all(); }

private:
    // What /proc said at the last tick. A tick that is late is taken now, so that no figure is older than an interval.
    std::vector<Reading> read() {
        if (std::chrono::steady_clock::now() - last_tick_ > interval_)
            tick();
        std::vector<Reading> readings;
        readings.reserve(samples_.size());
        for (const Sample& sample : samples_)
            readings.push_back({std::string(sample.series), sample.value});
        return readings;
    }

    void tick() {
        last_tick_ = std::chrono::steady_clock::now();
        samples_ = sampler_.tick(last_tick_);
    }

    void observe_all() {
        tick();
        bool failed = false;
        for (const Sample& sample : samples_) {
            try {
                observe_(sample.series, sample.value);
            } catch (const heddle::error& error) {
                failed = true;
                if (!failing_)
                    log().warn("samples are being lost, starting with {}: {}", sample.series, error.what());
                failing_ = true;
                if (error.kind() != heddle::failure::exception)
                    break;  // nobody is there: don't wait once per sample
            }
        }
        if (failing_ && !failed) {
            failing_ = false;
            log().info("samples are taken again");
        }
    }

    heddle::function<void(std::string_view, double)> observe_{*this, "stats.observe"};
    std::chrono::milliseconds interval_;
    Sampler sampler_;
    Time last_tick_{};
    std::span<const Sample> samples_;  // of the last tick; the sampler's
    bool failing_ = false;
};

}  // namespace procfs

HEDDLE_PLUGIN(procfs::Procfs, "procfs", "1.0.0", "Reads /proc: cpu, memory, load, pressure, network and disks")
