#include "core/screen.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <iterator>

namespace console {

namespace {
using namespace std::chrono_literals;
}

std::string frame(const Placement& before, const Size& size, const std::vector<std::string>& rows) {
    std::string text;
    const auto out = std::back_inserter(text);
    const std::size_t top = rows.size() + 1;
    if (before.panel == 0 || before.size != size) {
        // Room for the panel is made by scrolling what is there into the scrollback. After a resize that is all of it,
        // for the terminal may have broken the panel's rows anew and put them anywhere. Either way the log goes on at
        // the bottom.
        fmt::format_to(out, "\x1b[r\x1b[{};1H", size.rows);
        text.append(before.panel == 0 ? rows.size() : size.rows, '\n');
    }
    fmt::format_to(out,
                   "\x1b"
                   "7\x1b[m\x1b[{};{}r",
                   top, size.rows);  // setting the region moves the cursor; ESC 8 below moves it back
    // Erased first: behind a row that fills the width, erasing would take its last character in some terminals.
    for (std::size_t i = 0; i < rows.size(); ++i)
        fmt::format_to(out, "\x1b[{};1H\x1b[K{}\x1b[m", i + 1, rows[i]);
    for (std::size_t i = rows.size(); before.size == size && i < before.panel; ++i)  // rows that the panel gives back
        fmt::format_to(out, "\x1b[{};1H\x1b[K", i + 1);
    text +=
        "\x1b"
        "8";
    return text;
}

std::string farewell(const Placement& before) {
    return before.panel == 0 ? std::string{}
                             : "\x1b"
                               "7\x1b[r\x1b"
                               "8\x1b[m";
}

Size Screen::size() const {
    winsize window{};
    if (::ioctl(output_.fd(), TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0)
        return {};
    return {window.ws_row, window.ws_col};
}

void Screen::paint(const std::vector<std::string>& rows, const Size& size) {
    if (rows.empty() || rows.size() >= size.rows || !output_.is_foreground())
        return;
    const std::string text = frame(placement_, size, rows);
    if (output_.write(text, 50ms) != Written::nothing)
        placement_ = {size, rows.size()};
}

void Screen::leave() {
    const std::string text = farewell(placement_);
    if (!text.empty())
        output_.write(text, 300ms);
    placement_ = {};
}

}  // namespace console
