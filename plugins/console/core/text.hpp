// Text for a terminal: its width in columns, what may be shown of it, figures in human units, and rows of styled text
// that never grow wider than they may.
//
// Thread-safety: functions are safe from any thread; a Row is for one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace console {

enum class Ink { plain, dim, label, strong, good, fair, bad, alarm };

struct Style {
    bool colour = false;
    bool utf8 = true;  // false: nothing but printable ASCII leaves
};

// How much of `text` fits into `columns`, made safe to show: control characters, broken UTF-8 and, in ASCII, all else
// become '?'. `used` is told the columns taken. Widths are those of the C library's C.UTF-8 locale: combining marks
// take none, wide characters two.
std::string fit(std::string_view text, std::size_t columns, bool utf8, std::size_t& used);

// The columns that `text` takes.
std::size_t width_of(std::string_view text, bool utf8 = true);

// "1.5 KiB", "1023 B", five significant places at most; '-' for what is unknown, negative or not a number.
std::string bytes(std::optional<double> value);
// The same per second, always ten columns wide where it is below 1024 EiB/s: "  12.3 KiB/s" without its two blanks.
std::string rate(std::optional<double> value);
// "42.0%" or "-".
std::string percent(std::optional<double> value);
// "7s", "12m", "3h05m", "2d04h".
std::string age(std::int64_t seconds);

// A row under construction: what does not fit into its width is cut.
class Row {
public:
    Row(std::size_t width, const Style& style) : width_(width), style_(style) {}

    void put(std::string_view text, Ink ink = Ink::plain);
    // Puts `text` ending at `column` (from 0), or right behind what is there.
    void put_right(std::string_view text, std::size_t column, Ink ink = Ink::plain);
    void pad_to(std::size_t column);
    // Puts two blanks and `label text`, if all of it fits; false, and nothing put, if not.
    bool put_item(std::string_view label, std::string_view text, Ink ink = Ink::plain);
    // A bar of `columns` with brackets, filled to `value` of 100, with a mark at `mark`.
    void put_bar(std::optional<double> value, std::optional<double> mark, std::size_t columns);

    std::size_t column() const { return column_; }
    std::size_t left() const { return width_ - column_; }
    std::string take();

private:
    std::size_t width_;
    Style style_;
    std::size_t column_ = 0;
    std::string text_;
};

// Green, yellow from 60, red from 85.
Ink ink_of_percent(std::optional<double> value);

}  // namespace console
