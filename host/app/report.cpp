#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace heddle::app {

std::string spell_time(double ns) {
    return ns < 1e3   ? fmt::format("{:.0f} ns", ns)
           : ns < 1e6 ? fmt::format("{:.1f} us", ns / 1e3)
           : ns < 1e9 ? fmt::format("{:.1f} ms", ns / 1e6)
                      : fmt::format("{:.1f} s", ns / 1e9);
}

std::string run_report(const std::vector<call_info>& calls, const std::vector<module_info>& modules) {
    std::string text =
        fmt::format("\n{:<16} {:<16} {:<9} {:>12} {:>12}\n", "module", "plugin", "state", "calls made", "served");
    for (const module_info& one : modules) {
        std::uint64_t made = 0;
        std::uint64_t served = 0;
        for (const call_info& call : calls) {
            made += call.caller == one.name ? call.calls : 0;
            served += call.function.starts_with(one.name + ".") ? call.calls : 0;
        }
        text += fmt::format("{:<16} {:<16} {:<9} {:>12} {:>12}\n", one.name, one.plugin + " " + one.version, one.state,
                            made, served);
        if (!one.reason.empty()) {
            text += fmt::format("{:<16} {}\n", "", one.reason);
        }
    }
    if (!calls.empty()) {
        text +=
            fmt::format("\n{:<16} {:<28} {:>12} {:>10} {:>10}\n", "caller", "function", "calls", "mean", "p99 below");
    }
    std::vector<call_info> sorted = calls;
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.calls > b.calls; });
    for (const call_info& call : sorted) {
        text += fmt::format("{:<16} {:<28} {:>12} {:>10} {:>10}\n", call.caller, call.function, call.calls,
                            spell_time(call.mean_ns), spell_time(call.p99_ns));
    }
    return text;
}

}  // namespace heddle::app
