// The module over sqlite_core: configuration, the functions it provides, the timer that writes, what it says.
//
// Every function is provided as concurrent: write and alert only append to a list in memory under a mutex that is never
// held while the disk is touched, and query reads by a connection of its own. The timer holds the module while it
// writes, which keeps nobody waiting, as no function of this module needs to hold it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <heddle/heddle.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "described.hpp"
#include "settings.hpp"
#include "store.hpp"

namespace sqlite {
namespace {

using namespace std::chrono_literals;

struct SqliteConfig : Settings {
    void check(heddle::config_problems& problems) const {
        for (const auto& [name, text] : Settings::problems()) {
            problems.at(name, text);
        }
    }
};
BOOST_DESCRIBE_STRUCT(SqliteConfig, (Settings), ())

// Well within the host's default stop_timeout.
constexpr std::chrono::milliseconds finish_bound = 2s;

class Sqlite : public heddle::module {
public:
    using Config = SqliteConfig;

    Sqlite(heddle::context& ctx, const Config& config) : module(ctx), settings_(config) {
        provide<&Sqlite::write>("write", heddle::concurrent);
        provide<&Sqlite::alert>("alert", heddle::concurrent);
        provide<&Sqlite::query>("query", heddle::concurrent);
        provide<&Sqlite::stats>("stats", heddle::concurrent);
        // More often than `flush`, to see in time that a batch is full.
        every(std::clamp<std::chrono::milliseconds>(config.flush, 10ms, 100ms), [this] { store_->work(); });
    }

    // Here and not in the constructor, so that `heddle check` leaves no file behind. Nothing is called before it.
    void start() override {
        store_.emplace(settings_, [this](Level level, const std::string& text) { say(level, text); });
    }
    void stop() override { store_->finish(finish_bound); }

private:
    void write(std::string_view series, std::int64_t time_ns, double value) { store_->write(series, time_ns, value); }

    void alert(std::string_view rule, bool raised, double value, std::string_view message, std::int64_t time_ns) {
        store_->alert(rule, raised, value, message, time_ns);
    }

    std::vector<Sample> query(std::string_view series, std::int64_t from_ns, std::int64_t to_ns) {
        return store_->query(series, from_ns, to_ns);
    }

    Stats stats() { return store_->stats(); }

    void say(Level level, const std::string& text) {
        switch (level) {
            case Level::info:
                log().info("{}", text);
                break;
            case Level::warning:
                log().warn("{}", text);
                break;
            case Level::error:
                log().error("{}", text);
                break;
        }
    }

    const Settings settings_;
    std::optional<Store> store_;
};

}  // namespace
}  // namespace sqlite

HEDDLE_PLUGIN(sqlite::Sqlite, "sqlite", "1.0.0", "Stores samples and alerts in a SQLite file")
