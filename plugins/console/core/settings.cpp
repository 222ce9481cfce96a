#include "core/settings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <ctime>

namespace console {

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);  // the host does not change its environment while modules run
    return value == nullptr ? std::string{} : value;
}

bool names_utf8(std::string locale) {
    std::erase(locale, '-');
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return locale.find("utf8") != std::string::npos;
}

}  // namespace

std::optional<Mode> to_mode(std::string_view name) {
    if (name == "auto")
        return Mode::automatic;
    if (name == "panel")
        return Mode::panel;
    if (name == "lines")
        return Mode::lines;
    return std::nullopt;
}

std::optional<Colour> to_colour(std::string_view name) {
    if (name == "auto")
        return Colour::automatic;
    if (name == "always")
        return Colour::always;
    if (name == "never")
        return Colour::never;
    return std::nullopt;
}

std::optional<Bars> to_bars(std::string_view name) {
    if (name == "auto")
        return Bars::automatic;
    if (name == "utf8")
        return Bars::utf8;
    if (name == "ascii")
        return Bars::ascii;
    return std::nullopt;
}

Environment environment() {
    Environment result{variable("TERM"), !variable("NO_COLOR").empty(), {}};
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        if (result.locale.empty())
            result.locale = variable(name);
    }
    return result;
}

Shape choose(const Wishes& wishes, bool is_terminal, const Environment& environment) {
    const bool can_be_steered = is_terminal && !environment.term.empty() && environment.term != "dumb";
    Shape shape;
    shape.panel = can_be_steered && wishes.mode != Mode::lines;
    shape.style.colour = wishes.colour == Colour::always ||
                         (wishes.colour == Colour::automatic && can_be_steered && !environment.no_color);
    shape.style.utf8 = wishes.bars == Bars::utf8 || (wishes.bars == Bars::automatic && names_utf8(environment.locale));
    return shape;
}

void update_alerts(std::vector<Alert>& alerts, const Alert& alert, bool raised) {
    const auto found =
        std::find_if(alerts.begin(), alerts.end(), [&](const Alert& known) { return known.rule == alert.rule; });
    if (!raised) {
        if (found != alerts.end())
            alerts.erase(found);
        return;
    }
    if (found == alerts.end()) {
        alerts.push_back(alert);
        return;
    }
    found->message = alert.message;
    found->value = alert.value;
}

std::string time_text(std::int64_t unix_ns, bool local) {
    const auto seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
    std::tm parts{};
    if ((local ? ::localtime_r(&seconds, &parts) : ::gmtime_r(&seconds, &parts)) == nullptr)
        return "-";
    std::array<char, 40> text{};
    const std::size_t size =
        std::strftime(text.data(), text.size(), local ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), size};
}

}  // namespace console
