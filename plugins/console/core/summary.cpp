#include "core/summary.hpp"

#include <fmt/format.h>

#include "core/text.hpp"

namespace console {

namespace {

void add(std::optional<double>& total, const Figure& figure) {
    if (figure.now)
        total = total.value_or(0) + *figure.now;
}

std::string per_second(std::optional<double> value) {
    return value ? bytes(value) + "/s" : "-";
}

// Safe to print: nothing that a terminal or a reader of lines would obey.
std::string safe(const std::string& text) {
    std::size_t used = 0;
    return fit(text, 300, true, used);
}

}  // namespace

std::string summary_line(const View& view) {
    if (!view.trouble.empty())
        return fmt::format("{} no data: {}", view.time, safe(view.trouble));
    const auto load = [](const Figure& figure) { return figure.now ? fmt::format("{:.2f}", *figure.now) : "-"; };
    std::optional<double> in, out, read, written;
    for (const Interface& one : view.interfaces) {
        add(in, one.in);
        add(out, one.out);
    }
    for (const Disk& one : view.disks) {
        add(read, one.read);
        add(written, one.write);
    }
    std::string alerts = view.alerts.empty() ? "none" : "";
    for (const Alert& alert : view.alerts)
        alerts += (alerts.empty() ? "" : ", ") + alert.rule;
    return fmt::format(
        "{} cpu {} (p90 {}) | mem {} of {} | load {} {} {} | net in {} out {} | disk read {} write {} | alerts {}",
        view.time, percent(view.busy.now), percent(view.busy.p90), percent(view.memory_used.now),
        bytes(view.memory_total.now), load(view.load1), load(view.load5), load(view.load15), per_second(in),
        per_second(out), per_second(read), per_second(written), safe(alerts));
}

std::string alert_line(const std::string& time, const Alert& alert, bool raised) {
    return fmt::format("{} {}: {}: {}", time, raised ? "ALERT" : "alert over", safe(alert.rule), safe(alert.message));
}

}  // namespace console
