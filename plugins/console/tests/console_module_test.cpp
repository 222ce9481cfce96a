// The console module in a real host, its standard output a terminal or a pipe of the test's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "heddle_test/paths.hpp"
#include "heddle_test/running_host.hpp"
#include "heddle_test/wait_until.hpp"
#include "pseudo_terminal.hpp"

namespace console {
namespace {

using heddle::test::RunningHost;
using heddle::test::wait_until;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Where standard output leads while one of these lives; the test's own words come after.
class StandardOutput {
public:
    explicit StandardOutput(int fd) : before_(::dup(STDOUT_FILENO)) {
        std::fflush(stdout);
        ::dup2(fd, STDOUT_FILENO);
    }
    ~StandardOutput() {
        std::fflush(stdout);
        ::dup2(before_, STDOUT_FILENO);
        ::close(before_);
    }
    StandardOutput(const StandardOutput&) = delete;
    StandardOutput& operator=(const StandardOutput&) = delete;

private:
    int before_;
};

std::vector<std::filesystem::path> plugins() {
    return {heddle::test::plugins_dir(), CONSOLE_TEST_PLUGINS};
}

std::string config(std::string_view console) {
    return "modules:\n  - name: stats\n    plugin: figures\n  - name: console\n    config: " + std::string(console) +
           "\n";
}

void set(RunningHost& host, std::string_view series, double value) {
    host->function<void(std::string_view, double)>("stats.set")(series, value);
}
void alert(RunningHost& host, std::string_view rule, bool raised, std::string_view message) {
    host->function<void(std::string_view, bool, double, std::string_view, std::int64_t)>("console.alert")(
        rule, raised, 1.0, message, 1'795'410'131'000'000'000);
}

class ConsoleModule : public testing::Test {
protected:
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs before a test has begun
    void SetUp() override { ::setenv("TERM", "xterm", 1); }

    // Whether a row with all of `parts` is shown, now or soon.
    bool shows(const std::vector<std::string>& parts) {
        return wait_until([&] {
            emulator.feed(pty.read());
            for (const std::string& line : emulator.lines()) {
                bool all = true;
                for (const std::string& part : parts)
                    all = all && line.find(part) != std::string::npos;
                if (all)
                    return true;
            }
            return false;
        });
    }

    PseudoTerminal pty{24, 80};
    Emulator emulator{24, 80};
};

TEST_F(ConsoleModule, ShowsAPanelOnATerminalAndGivesTheTerminalBack) {
    std::vector<std::pair<std::string, bool>> seen;
    const auto look_for = [&](const std::vector<std::string>& parts) { seen.emplace_back(parts.at(0), shows(parts)); };
    std::string report;
    {
        const StandardOutput output(pty.slave());
        RunningHost host(config("{refresh: 100ms, bars: utf8}"), plugins());
        report = host.report();
        look_for({"alerts  none"});
        set(host, "cpu.busy", 42);
        set(host, "cpu1.busy", 100);
        set(host, "net.eth0.rx_bytes", 2048);
        look_for({"cpu   42.0% [", "p90 42.0%"});
        look_for({"cpu1 [████"});
        look_for({"eth0", "2.0 KiB/s"});
        alert(host, "hot", true, "cpu.busy is too high");
        look_for({"▲ hot  cpu.busy is too high"});
        alert(host, "hot", false, "cpu.busy is fine");
        look_for({"alerts  none"});
        host->function<void(bool)>("stats.fail")(true);
        look_for({"no data  stats.summary: the figures are lost"});
        host->function<void(bool)>("stats.fail")(false);
        look_for({"cpu   42.0%"});
        pty.resize(10, 40);
        emulator = Emulator(10, 40);
        look_for({"cpu   42.0%"});
        EXPECT_FALSE(emulator.region_is_full());
        host->stop();
        emulator.feed(pty.read());
    }
    EXPECT_EQ(report, "");
    for (const auto& [what, was_seen] : seen)
        EXPECT_TRUE(was_seen) << what;
    EXPECT_TRUE(emulator.region_is_full());
    EXPECT_EQ(emulator.unknown(), "");
}

TEST_F(ConsoleModule, PrintsLinesToAPipe) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    std::string text;
    const auto came = [&](std::string_view part) {
        return wait_until([&] {
            char buffer[4096];
            ssize_t count = 0;
            while ((count = ::read(ends[0], buffer, sizeof buffer)) > 0)
                text.append(buffer, static_cast<std::size_t>(count));
            return text.find(part) != std::string::npos;
        });
    };
    bool line = false, raised = false, listed = false, over = false, lost = false, gone = false;
    {
        const StandardOutput output(ends[1]);
        RunningHost host(config("{summary_interval: 100ms, mode: panel}"), plugins());
        set(host, "cpu.busy", 42);
        line = came("cpu 42.0% (p90 42.0%) | mem");
        alert(host, "hot", true, "too hot");
        raised = came("2026-11-23T05:02:11Z ALERT: hot: too hot\n");
        listed = came("alerts hot\n");
        alert(host, "hot", false, "cool");
        over = came("2026-11-23T05:02:11Z alert over: hot: cool\n");
        host->function<void(bool)>("stats.fail")(true);
        lost = came("Z no data: stats.summary: the figures are lost\n");
        ::close(ends[0]);  // and nobody reads any more: not the end of the program
        gone = wait_until([&] { return !host.logged("info console: nobody reads the standard output").empty(); });
        set(host, "cpu.busy", 43);
    }
    ::close(ends[1]);
    EXPECT_TRUE(line && raised && listed && over && lost) << text;
    EXPECT_TRUE(gone);
    EXPECT_THAT(text, Not(HasSubstr("\x1b"))) << "no colour, no tricks";
}

TEST_F(ConsoleModule, RefusesAConfigurationItCannotKeep) {
    RunningHost host(config("{refresh: 10ms, summary_interval: 0s, mode: wide, colour: yes, bars: fat}"), plugins());
    EXPECT_THAT(host.report(),
                AllOf(HasSubstr("config.yaml:5:23: 'refresh' of module 'console' must be at least 100ms\n"),
                      HasSubstr("config.yaml:5:47: 'summary_interval' of module 'console' must be at least 100ms\n"),
                      HasSubstr("config.yaml:5:57: 'mode' must be auto, panel or lines, not 'wide'\n"),
                      HasSubstr("config.yaml:5:71: 'colour' must be auto, always or never, not 'yes'\n"),
                      HasSubstr("config.yaml:5:82: 'bars' must be auto, utf8 or ascii, not 'fat'\n")));
}

}  // namespace
}  // namespace console
