// The panel: a View drawn as rows of text for a terminal of a given size. Pure.
//
// Every row is at most as wide as the terminal; there are at most panel_rows(size) of them. What does not fit goes by
// its weight: the headings first, then disks, network and the single cores; cpu, memory and active alerts stay longest.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/text.hpp"
#include "core/view.hpp"

namespace console {

struct Size {
    std::size_t rows = 24;
    std::size_t columns = 80;
    bool operator==(const Size&) const = default;
};

// The rows that a panel may take of a terminal: two thirds of a common one, half of a low one, for the log needs room.
std::size_t panel_rows(const Size& size);

// The panel's rows, top first, styled, without line ends.
std::vector<std::string> draw_panel(const View& view, const Size& size, const Style& style);

}  // namespace console
