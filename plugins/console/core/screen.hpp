// The panel's place on a terminal: the top rows, kept out of scrolling by a scroll region (DECSTBM), so that whatever
// else is written to the terminal scrolls beneath it.
//
// Sequences: ECMA-48 and the DEC VT100's (DECSTBM "CSI top ; bottom r", DECSC "ESC 7", DECRC "ESC 8"), which every
// terminal in use knows. The cursor is where the log goes on; a frame leaves it there. One frame is one write.
// Thread-safety: one thread at a time. Ownership: leave(), and so the destructor, gives the terminal back.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/output.hpp"
#include "core/panel.hpp"

namespace console {

// What the terminal was last told.
struct Placement {
    Size size{0, 0};
    std::size_t panel = 0;  // rows; 0: no panel yet
};

// The bytes that bring a terminal from `before` to one that shows `rows` at its top.
std::string frame(const Placement& before, const Size& size, const std::vector<std::string>& rows);
// The bytes that give it back: the whole screen scrolls again; the last picture stays until it scrolls away.
std::string farewell(const Placement& before);

class Screen {
public:
    explicit Screen(Output& output) : output_(output) {}
    ~Screen() { leave(); }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    // The terminal's size now; 80x24 where it does not say.
    Size size() const;
    // Shows the rows, waiting at most 50 ms for the terminal. What can't be shown is left for the next time.
    void paint(const std::vector<std::string>& rows, const Size& size);
    // Gives the terminal back, waiting at most 300 ms. May be called again.
    void leave();

private:
    Output& output_;
    Placement placement_;
};

}  // namespace console
