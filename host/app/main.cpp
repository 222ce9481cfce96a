// The program `heddle`: the command line over the library.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "commands.hpp"
#include "heddle/abi.h"
#include "heddle/config.hpp"
#include "heddle/nearest.hpp"

namespace {

using namespace heddle::app;

constexpr auto footer = R"(Examples:
  heddle run --plugins build/release/plugins --config config.yaml
  heddle run --plugins my-plugins --for 30s        every plugin found, as one module each
  heddle check --plugins my-plugins --config config.yaml
  heddle inspect my-plugins/stats.so
Exit codes:
  0  fine                                3  it ran, but a plugin or module failed
  1  configuration or subject unusable   4  it ran, but something could not be stopped in time
  2  the command line makes no sense     128+N  ended at once by a second signal N)";

/// --for's text, or an error that CLI11 prints.
std::string read_duration(const std::string& text, RunOptions& options) {
    const auto ns = heddle::parse_duration(text);
    if (!ns || *ns <= 0) {
        return "'" + text + "' is no duration; write one such as 500ms, 30s or 1h30m";
    }
    options.bound = std::chrono::nanoseconds(*ns);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("heddle: loads plugins, gives each module a thread, and lets modules call each other directly",
                 "heddle");
    app.footer(footer);
    app.require_subcommand(1);
    app.set_version_flag("--version", "heddle " HEDDLE_SDK_VERSION);

    RunOptions options;
    std::vector<std::filesystem::path> files;
    std::string bound;
    bool json = false;
    const auto add_sources = [&](CLI::App& command) {
        command.add_option("--plugins", options.plugins, "A directory of plugins (*.so); may be given several times")
            ->type_name("DIR")
            ->expected(1)
            ->take_all();
        command
            .add_option("--config", options.config, "The configuration; without one, every plugin runs as one module")
            ->type_name("FILE");
    };

    CLI::App& run_command = *app.add_subcommand("run", "Start the modules and run until SIGINT or SIGTERM");
    add_sources(run_command);
    run_command.add_option("--for", bound, "Stop by itself after this time: 500ms, 30s, 1h30m")->type_name("DURATION");
    run_command
        .add_option("--log-level", options.log_level,
                    "trace, debug, info, warn, error or critical; goes before the configuration")
        ->type_name("LEVEL")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical"}));
    run_command.add_flag("--log-json", options.log_json, "Write the log as one JSON object a line");

    CLI::App& check_command = *app.add_subcommand(
        "check", "Say everything that can be known without starting: configuration, plugins, wiring. Exit code 0 or 1");
    add_sources(check_command);
    check_command.add_flag("--json", json, "As JSON");

    CLI::App& inspect_command =
        *app.add_subcommand("inspect", "Say what plugin files are, without loading them or running a line of them");
    inspect_command.add_option("files", files, "The files")->required()->type_name("FILE.so");
    inspect_command.add_flag("--json", json, "As JSON");

    CLI::App& list_command =
        *app.add_subcommand("list", "List the plugins of directories, and why each unusable one is unusable");
    list_command.add_option("--plugins,dirs", options.plugins, "The directories")->required()->type_name("DIR");
    list_command.add_flag("--json", json, "As JSON");

    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
        commands.push_back(command->get_name());
    }
    if (argc > 1 && argv[1][0] != '-' && std::find(commands.begin(), commands.end(), argv[1]) == commands.end()) {
        std::fprintf(stderr, "heddle: there is no command '%s'%s; heddle --help names them\n", argv[1],
                     heddle::did_you_mean(argv[1], commands).c_str());
        return usage;
    }
    try {
        app.parse(argc, argv);
        if (!bound.empty()) {
            if (const std::string problem = read_duration(bound, options); !problem.empty()) {
                throw CLI::ValidationError("--for", problem);
            }
        }
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? fine : usage;
    }
    try {
        return run_command.parsed()       ? run(options)
               : check_command.parsed()   ? check(options, json)
               : inspect_command.parsed() ? inspect(files, json)
                                          : list(options, json);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "heddle: %s\n", e.what());
        return refused;
    }
}
