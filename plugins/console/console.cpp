// The console module: gathers a View from stats at its own pace and shows it, as a panel on a terminal or as lines to
// anything else. Thread-safety: timers and functions hold the module, so everything here sees one thread at a time.
#include <unistd.h>

#include <array>
#include <boost/describe.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <heddle/heddle.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/output.hpp"
#include "core/panel.hpp"
#include "core/screen.hpp"
#include "core/settings.hpp"
#include "core/summary.hpp"
#include "core/view.hpp"

namespace console {

// As stats.summary gives it.
struct Summary {
    double last, mean, min, max, p50, p90, p99, rate;
    std::uint64_t count;
};
BOOST_DESCRIBE_STRUCT(Summary, (), (last, mean, min, max, p50, p90, p99, rate, count))

struct Config {
    std::chrono::milliseconds refresh{1000};
    std::chrono::milliseconds summary_interval{10'000};
    heddle::located<std::string> mode{"auto"};
    heddle::located<std::string> colour{"auto"};
    heddle::located<std::string> bars{"auto"};

    void check(heddle::config_problems& problems) const {
        using namespace std::chrono_literals;
        if (refresh < 100ms)
            problems.at("refresh", "must be at least 100ms");
        if (summary_interval < 100ms)
            problems.at("summary_interval", "must be at least 100ms");
        const auto one_of = [&problems](std::string_view key, const heddle::located<std::string>& chosen,
                                        auto understood, std::string_view names) {
            if (!understood(chosen.value))
                problems.at(chosen, fmt::format("'{}' must be {}, not '{}'", key, names, chosen.value));
        };
        one_of("mode", mode, to_mode, "auto, panel or lines");
        one_of("colour", colour, to_colour, "auto, always or never");
        one_of("bars", bars, to_bars, "auto, utf8 or ascii");
    }
};
BOOST_DESCRIBE_STRUCT(Config, (), (refresh, summary_interval, mode, colour, bars))

class Console : public heddle::module {
public:
    using Config = console::Config;

    Console(heddle::context& ctx, const Config& config)
        : module(ctx),
          output_(STDOUT_FILENO),
          screen_(output_),
          shape_(choose({*to_mode(config.mode.value), *to_colour(config.colour.value), *to_bars(config.bars.value)},
                        output_.is_terminal(), environment())) {
        provide<&Console::alert>("alert");
        if (shape_.panel)
            every(config.refresh, [this] { show_panel(); });
        else
            every(config.summary_interval, [this] { show_line(); });
    }

    void start() override {
        std::array<char, 256> host{};
        if (::gethostname(host.data(), host.size() - 1) == 0)
            view_.host = host.data();
        if (shape_.panel)
            show_panel();
    }

    void stop() override { screen_.leave(); }

private:
    // The notifier: `rule` began to hold, or no longer does. A rule that is raised again takes the new message.
    void alert(std::string_view rule, bool raised, double value, std::string_view message, std::int64_t time_ns) {
        const Alert alert{std::string(rule), std::string(message), value, time_ns};
        update_alerts(view_.alerts, alert, raised);
        if (shape_.panel)
            return;  // the next frame shows it
        print(alert_line(time_text(time_ns, false), alert, raised));
    }

    Figure figure(std::string_view series) {
        const Summary summary = summary_(series);
        if (summary.count == 0)
            return {};
        return {summary.last, summary.p90};
    }

    void look() {
        using std::chrono::nanoseconds;
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        view_.time_ns = std::chrono::duration_cast<nanoseconds>(now).count();
        view_.time = time_text(view_.time_ns, shape_.panel);
        view_.trouble.clear();
        try {
            if (!series_ || !summary_)  // not even a wait at the gate
                view_.trouble = "stats.series and stats.summary are unavailable";
            else
                gather(view_, series_(), [this](std::string_view series) { return figure(series); });
        } catch (const heddle::error& error) {
            view_.trouble = error.what();
        }
    }

    void show_panel() {
        if (output_.is_gone())
            return say_gone();
        look();
        const Size size = screen_.size();
        screen_.paint(draw_panel(view_, size, shape_.style), size);
    }

    void show_line() {
        if (output_.is_gone())
            return say_gone();
        look();
        print(summary_line(view_));
    }

    void print(std::string line) {
        using namespace std::chrono_literals;
        line += '\n';
        output_.write(line, 50ms);
    }

    void say_gone() {
        if (!said_gone_)
            log().info("nobody reads the standard output any more; nothing is shown from here on");
        said_gone_ = true;
    }

    heddle::function<std::vector<std::string>()> series_{*this, "stats.series"};
    heddle::function<Summary(std::string_view)> summary_{*this, "stats.summary"};
    Output output_;
    Screen screen_;
    Shape shape_;
    View view_;
    bool said_gone_ = false;
};

}  // namespace console

HEDDLE_PLUGIN(console::Console, "console", "1.0.0",
              "Shows what the monitor sees: a panel on a terminal, lines elsewhere")
