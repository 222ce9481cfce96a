// The program `heddle`: the command line over the library.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "commands.hpp"
#include "heddle/abi.h"
#include "heddle/config.hpp"
#include "heddle/nearest.hpp"

namespace {

using namespace heddle::app;

constexpr std::string_view exit_codes = R"(
Exit codes:
  0  fine                                3  it ran, but a plugin or module failed
  1  configuration or subject unusable   4  it ran, but something could not be stopped in time
  2  the command line makes no sense     128+N  ended at once by a second signal N)";

constexpr std::string_view about_all = R"(Examples:
  heddle run --plugins build/release/plugins --config config.yaml
  heddle check --plugins build/release/plugins --config config.yaml
  heddle list build/release/plugins
  heddle COMMAND --help        more about one command, with examples)";

constexpr std::string_view about_run =
    R"(A module is a plugin at work: a name, a configuration and a thread of its own. The configuration's `modules:` names
them; the plugins are looked for in DIR and in the configuration's `host: plugins:`. What cannot be used is said in the
log, which goes to standard error, and the rest runs. Ctrl-C (SIGINT) or SIGTERM stops the modules in order, a second
one ends at once. At the end a terminal is shown what ran: modules, states, who called whom how often, mean times.

Examples:
  heddle run --plugins build/release/plugins --config config.yaml
  heddle run --plugins my-plugins --for 30s --log-level debug     every plugin found, as one module each
  heddle run --config config.yaml --log-json 2>run.log            the log as one JSON object a line)";

constexpr std::string_view about_check =
    R"(Reads the configuration, tries and loads the plugins, constructs the modules and binds their calls, then takes all of it
down again; no module is started. Each problem is one line, those of the configuration as FILE:LINE:COLUMN: what is wrong.

Examples:
  heddle check --plugins build/release/plugins --config config.yaml
  heddle check --config config.yaml --json | jq -r '.problems[].text')";

constexpr std::string_view about_inspect =
    R"(Shows name, version, SDK, toolchain, ABI, and whether the file can be unloaded. The file is read and never loaded, so
this is safe for a plugin that nobody trusts yet.

Examples:
  heddle inspect build/release/plugins/stats.so
  heddle inspect --json build/release/plugins/*.so | jq -r '.files[] | .name + " " + .version')";

constexpr std::string_view about_list =
    R"(Each usable plugin is one line; a file that cannot be used is named with the reason and the cure. A file not seen before
is tried in a child process, as `heddle run` does, so one that crashes while it is loaded harms nothing.

Examples:
  heddle list build/release/plugins
  heddle list --json my-plugins /usr/lib/heddle/plugins)";

std::string with_exit_codes(std::string_view text) {
    return std::string(text).append("\n").append(exit_codes);
}

/// What to say of a command line that CLI11 refused: the option that was meant, where it was nearly right.
std::string problem_of(const CLI::ParseError& refused, const CLI::App& app, int argc, char** argv) {
    const auto chosen = app.get_subcommands();
    const CLI::App& command = chosen.empty() ? app : *chosen.front();
    const std::string called = chosen.empty() ? "heddle" : "heddle " + command.get_name();
    std::string text = refused.what();
    if (dynamic_cast<const CLI::ExtrasError*>(&refused) != nullptr) {
        for (int i = 1; i < argc; ++i) {
            const std::string given(argv[i], std::strcspn(argv[i], "="));
            if (given.starts_with("--") && command.get_option_no_throw(given) == nullptr) {
                std::vector<std::string> names;
                for (const CLI::Option* const option : command.get_options()) {
                    for (const std::string& name : option->get_lnames()) {
                        names.push_back("--" + name);
                    }
                }
                text = "there is no option '" + given + "'" + heddle::did_you_mean(given, names);
                break;
            }
        }
    }
    return called + ": " + text + "; " + called + " --help says more\n";
}

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
    app.footer(with_exit_codes(about_all));
    app.require_subcommand(1);
    app.set_version_flag("--version", "heddle " HEDDLE_SDK_VERSION);

    RunOptions options;
    std::vector<std::filesystem::path> files;
    std::string bound;
    bool json = false;
    const auto add_sources = [&](CLI::App& command) {
        command
            .add_option("--plugins", options.plugins,
                        "A directory to look for plugins (*.so) in; may be given several times")
            ->type_name("DIR")
            ->expected(1)
            ->take_all();
        command
            .add_option("--config", options.config, "The configuration; without one, every plugin runs as one module")
            ->type_name("FILE");
    };

    CLI::App& run_command = *app.add_subcommand("run", "Start the modules and run until SIGINT or SIGTERM");
    run_command.footer(with_exit_codes(about_run));
    add_sources(run_command);
    run_command.add_option("--for", bound, "Stop by itself after this time: 500ms, 30s, 1h30m")->type_name("DURATION");
    run_command
        .add_option("--log-level", options.log_level,
                    "trace, debug, info, warn, error or critical; goes before the configuration")
        ->type_name("LEVEL")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical"}));
    run_command.add_flag("--log-json", options.log_json,
                         "Write the log as one JSON object a line: time, level, module, text");

    CLI::App& check_command = *app.add_subcommand(
        "check", "Say everything that can be known without starting: configuration, plugins, wiring. Exit code 0 or 1");
    check_command.footer(with_exit_codes(about_check));
    add_sources(check_command);
    check_command.add_flag("--json", json, "As JSON");

    CLI::App& inspect_command =
        *app.add_subcommand("inspect", "Say what plugin files are, without loading them or running a line of them");
    inspect_command.footer(with_exit_codes(about_inspect));
    inspect_command.add_option("files", files, "The files")->required()->type_name("FILE.so");
    inspect_command.add_flag("--json", json, "As JSON");

    CLI::App& list_command =
        *app.add_subcommand("list", "List the plugins of directories, and why each unusable one is unusable");
    list_command.footer(with_exit_codes(about_list));
    list_command.add_option("--plugins,dirs", options.plugins, "The directories")->required()->type_name("DIR");
    list_command.add_flag("--json", json, "As JSON");

    if (argc <= 1) {
        std::fprintf(stderr, "%s\nheddle: name a subcommand: run, check, inspect or list\n", app.help().c_str());
        return usage;
    }
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
        if (e.get_exit_code() == 0) {
            return app.exit(e) == 0 ? fine : usage;  // --help and --version
        }
        std::fputs(problem_of(e, app, argc, argv).c_str(), stderr);
        return usage;
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
