// `heddle check`, `heddle inspect` and `heddle list`: what can be known without starting anything.
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "config/load.hpp"
#include "discovery/inspect.hpp"
#include "discovery/preflight.hpp"
#include "discovery/render.hpp"
#include "discovery/scan.hpp"
#include "heddle/host.hpp"

namespace heddle::app {

namespace {

bool colour_wanted() {
    return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
}

std::string_view kind_of(const problem& one) {
    switch (one.what) {
        case problem::about::config:
            return "config";
        case problem::about::plugin:
            return "plugin";
        default:
            return "module";
    }
}

}  // namespace

int check(const RunOptions& options, bool json) {
    host checked({options.plugins, options.config, {}, "warn", false, false, {}});
    host_report report = checked.check();
    if (report.empty() && report.modules == 0) {
        report.problems.push_back({problem::about::config, options.config.string(),
                                   "there is no module to run; " + std::string(no_module_cure)});
    }
    if (json) {
        nlohmann::ordered_json all = {{"ok", report.empty()}, {"problems", nlohmann::json::array()}};
        for (const problem& one : report.problems) {
            all["problems"].push_back({{"about", kind_of(one)}, {"subject", one.subject}, {"text", one.text}});
        }
        std::puts(all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    } else if (report.empty()) {
        std::puts("everything fits: configuration, plugins and wiring");
    } else {
        for (const problem& one : report.problems) {
            std::puts(one.text.c_str());
        }
        std::printf("%zu problem%s\n", report.problems.size(), report.problems.size() == 1 ? "" : "s");
    }
    return report.empty() ? fine : refused;
}

int inspect(const std::vector<std::filesystem::path>& files, bool json) {
    std::vector<discovery::Inspection> inspections;
    bool all_usable = true;
    for (const std::filesystem::path& file : files) {
        inspections.push_back(discovery::inspect(file));
        all_usable = all_usable && std::holds_alternative<discovery::PluginFile>(inspections.back());
    }
    const std::string text =
        json ? discovery::inspect_json(inspections) : discovery::inspect_text(inspections, colour_wanted());
    std::fputs(text.c_str(), stdout);
    return all_usable ? fine : refused;
}

int list(const RunOptions& options, bool json) {
    discovery::Scan found = discovery::scan(options.plugins);
    try {
        discovery::Preflight preflight;
        discovery::preflight(found, preflight);
    } catch (const discovery::PreflightError& e) {
        found.errors.emplace_back(e.what());
    }
    const std::string text = json ? discovery::list_json(found) : discovery::list_text(found, colour_wanted());
    std::fputs(text.c_str(), stdout);
    return found.errors.empty() && found.refused.empty() ? fine : refused;
}

}  // namespace heddle::app
