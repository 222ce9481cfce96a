#include "core/text.hpp"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

namespace console {

namespace {

// The calling thread's character set is UTF-8 while one of these lives, whatever the process's locale is.
class Utf8 {
public:
    Utf8() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (locale_ != nullptr)
            before_ = ::uselocale(locale_);
    }
    ~Utf8() {
        if (locale_ != nullptr) {
            ::uselocale(before_);
            ::freelocale(locale_);
        }
    }
    Utf8(const Utf8&) = delete;
    Utf8& operator=(const Utf8&) = delete;

    bool is_there() const { return locale_ != nullptr; }

private:
    locale_t locale_;
    locale_t before_ = nullptr;
};

bool is_printable_ascii(char c) {
    return c >= ' ' && c <= '~';
}

struct Unit {
    double value;
    std::string_view name;
};

// A number of bytes between 0 and 1023.5, and its unit.
Unit to_unit(double value) {
    constexpr std::array<std::string_view, 7> names{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t unit = 0;
    while (value >= 1023.5 && unit + 1 < names.size()) {
        value /= 1024;
        ++unit;
    }
    return {value, names[unit]};
}

std::string number(const Unit& unit) {
    return unit.name == "B" || unit.value >= 99.95 ? fmt::format("{:.0f}", unit.value)
                                                   : fmt::format("{:.1f}", unit.value);
}

bool is_shown(std::optional<double> value) {
    return value && std::isfinite(*value) && *value >= 0;
}

std::string_view sgr(Ink ink) {
    switch (ink) {
        case Ink::plain:
            return {};
        case Ink::dim:
            return "\x1b[2m";
        case Ink::label:
            return "\x1b[36m";
        case Ink::strong:
            return "\x1b[1m";
        case Ink::good:
            return "\x1b[32m";
        case Ink::fair:
            return "\x1b[33m";
        case Ink::bad:
            return "\x1b[31m";
        case Ink::alarm:
            return "\x1b[1;31m";
    }
    return {};
}

}  // namespace

std::string fit(std::string_view text, std::size_t columns, bool utf8, std::size_t& used) {
    used = 0;
    std::string result;
    if (std::all_of(text.begin(), text.end(), is_printable_ascii)) {
        result = text.substr(0, columns);
        used = result.size();
        return result;
    }
    const Utf8 set;
    std::mbstate_t state{};
    while (!text.empty()) {
        wchar_t character = 0;
        // NOLINTNEXTLINE(concurrency-mt-unsafe): only without a state of its own is mbrtowc unsafe
        std::size_t size = set.is_there() ? std::mbrtowc(&character, text.data(), text.size(), &state) : 1;
        int columns_of = 1;
        std::string_view shown = text.substr(0, 1);
        if (size == 0 || size > text.size()) {  // a null character, or no UTF-8
            state = {};
            size = 1;
            shown = "?";
        } else if (size == 1) {
            if (!is_printable_ascii(text.front()))
                shown = "?";
        } else {
            columns_of = utf8 ? ::wcwidth(character) : 1;
            shown = !utf8 || columns_of < 0 ? "?" : text.substr(0, size);
            columns_of = std::max(columns_of, columns_of < 0 ? 1 : 0);
        }
        if (used + static_cast<std::size_t>(columns_of) > columns)
            break;
        result += shown;
        used += static_cast<std::size_t>(columns_of);
        text.remove_prefix(size);
    }
    return result;
}

std::size_t width_of(std::string_view text, bool utf8) {
    std::size_t used = 0;
    fit(text, std::string_view::npos, utf8, used);
    return used;
}

std::string bytes(std::optional<double> value) {
    if (!is_shown(value))
        return "-";
    const Unit unit = to_unit(*value);
    return fmt::format("{} {}", number(unit), unit.name);
}

std::string rate(std::optional<double> value) {
    if (!is_shown(value))
        return fmt::format("{:>10}", "-");
    const Unit unit = to_unit(*value);
    return fmt::format("{:>4} {:>5}", number(unit), fmt::format("{}/s", unit.name));
}

std::string percent(std::optional<double> value) {
    if (!is_shown(value))
        return "-";
    return fmt::format("{:.1f}%", *value);
}

std::string age(std::int64_t seconds) {
    seconds = std::max<std::int64_t>(seconds, 0);
    if (seconds < 60)
        return fmt::format("{}s", seconds);
    if (seconds < 3600)
        return fmt::format("{}m", seconds / 60);
    if (seconds < 86400)
        return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
}

void Row::put(std::string_view text, Ink ink) {
    std::size_t used = 0;
    const std::string shown = fit(text, left(), style_.utf8, used);
    if (shown.empty())
        return;
    column_ += used;
    const std::string_view start = style_.colour ? sgr(ink) : std::string_view{};
    text_ += start;
    text_ += shown;
    if (!start.empty())
        text_ += "\x1b[m";
}

void Row::put_right(std::string_view text, std::size_t column, Ink ink) {
    const std::size_t width = width_of(text, style_.utf8);
    if (column > column_ + width)
        pad_to(column - width);
    put(text, ink);
}

void Row::pad_to(std::size_t column) {
    column = std::min(column, width_);
    if (column > column_) {
        text_.append(column - column_, ' ');
        column_ = column;
    }
}

bool Row::put_item(std::string_view label, std::string_view text, Ink ink) {
    const std::size_t width = width_of(label, style_.utf8) + 1 + width_of(text, style_.utf8);
    if (width + 2 > left())
        return false;
    put("  ");
    put(label, Ink::dim);
    put(" ");
    put(text, ink);
    return true;
}

void Row::put_bar(std::optional<double> value, std::optional<double> mark, std::size_t columns) {
    if (columns < 3 || columns > left())
        return;
    const std::size_t cells = columns - 2;
    constexpr std::array<std::string_view, 8> part{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const double share = is_shown(value) ? std::min(*value, 100.0) / 100.0 : 0.0;
    const std::size_t steps = style_.utf8 ? part.size() : 1;
    const auto filled = static_cast<std::size_t>(std::lround(share * static_cast<double>(cells * steps)));
    std::string full;
    for (std::size_t i = 0; i < filled / steps; ++i)
        full += style_.utf8 ? "█" : "|";
    if (filled % steps != 0)
        full += part[filled % steps];
    const std::size_t end = column_ + columns - 1;
    const std::size_t mark_at =
        is_shown(mark)
            ? column_ + 1 + static_cast<std::size_t>(std::min(*mark, 100.0) / 100.0 * static_cast<double>(cells - 1))
            : 0;
    put("[", Ink::dim);
    put(full, ink_of_percent(value));
    if (mark_at >= column_ && mark_at < end) {
        pad_to(mark_at);
        put(style_.utf8 ? "┊" : ":", Ink::dim);
    }
    pad_to(end);
    put("]", Ink::dim);
}

std::string Row::take() {
    column_ = 0;
    return std::exchange(text_, {});
}

Ink ink_of_percent(std::optional<double> value) {
    if (!is_shown(value))
        return Ink::dim;
    return *value < 60 ? Ink::good : *value < 85 ? Ink::fair : Ink::bad;
}

}  // namespace console
