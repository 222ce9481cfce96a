// How the console is to look: what its configuration asks for, and what that means where it runs.
//
// Thread-safety: pure functions, but environment() and time_text(), which read the process's environment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.hpp"
#include "core/view.hpp"

namespace console {

enum class Mode { automatic, panel, lines };
enum class Colour { automatic, always, never };
enum class Bars { automatic, utf8, ascii };

// The names in the configuration; nothing for any other.
std::optional<Mode> to_mode(std::string_view name);      // auto panel lines
std::optional<Colour> to_colour(std::string_view name);  // auto always never
std::optional<Bars> to_bars(std::string_view name);      // auto utf8 ascii

struct Wishes {
    Mode mode = Mode::automatic;
    Colour colour = Colour::automatic;
    Bars bars = Bars::automatic;
};

// What the environment variables TERM, NO_COLOR (no-color.org), LC_ALL, LC_CTYPE and LANG say.
struct Environment {
    std::string term;
    bool no_color = false;
    std::string locale;  // the first of the three that is not empty
};
Environment environment();

struct Shape {
    bool panel = false;
    Style style;
};

// A panel needs a terminal that can be steered, whatever is wished. Colour is for terminals unless it is asked for;
// NO_COLOR turns it off unless it is asked for.
Shape choose(const Wishes& wishes, bool is_terminal, const Environment& environment);

// Adds or replaces the alert of this rule, or removes it. One that goes on keeps the time since which it does.
void update_alerts(std::vector<Alert>& alerts, const Alert& alert, bool raised);

// Local time as people read it ("2026-11-23 05:02:11"), or UTC as programs do ("2026-11-23T05:02:11Z").
std::string time_text(std::int64_t unix_ns, bool local);

}  // namespace console
