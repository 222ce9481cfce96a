// A terminal for tests: a pty whose slave side is written to, and an emulator that shows what a person would see.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace console {

// As much of a VT100 as the console uses. Anything else is an error of the test: unknown() says what came.
class Emulator {
public:
    Emulator(std::size_t rows, std::size_t columns) : columns_(columns), lines_(rows), bottom_(rows - 1) {}

    void feed(std::string_view text) {
        pending_ += text;
        std::size_t at = 0;
        while (at < pending_.size()) {
            const std::size_t taken = step(std::string_view(pending_).substr(at));
            if (taken == 0)
                break;  // a sequence that is not whole yet
            at += taken;
        }
        pending_.erase(0, at);
    }

    const std::string& line(std::size_t row) const { return lines_.at(row); }
    const std::vector<std::string>& lines() const { return lines_; }
    const std::vector<std::string>& scrollback() const { return scrollback_; }
    std::size_t row() const { return row_; }
    bool region_is_full() const { return top_ == 0 && bottom_ == lines_.size() - 1; }
    std::size_t region_top() const { return top_; }
    const std::string& unknown() const { return unknown_; }
    bool is_whole() const { return pending_.empty(); }

private:
    // One column per character: the tests' texts hold nothing wider. Cells are found by their start bytes.
    static std::vector<std::string> cells_of(const std::string& line) {
        std::vector<std::string> cells;
        for (std::size_t i = 0; i < line.size();) {
            std::size_t size = 1;
            while (i + size < line.size() && (static_cast<unsigned char>(line[i + size]) & 0xc0) == 0x80)
                ++size;
            cells.push_back(line.substr(i, size));
            i += size;
        }
        return cells;
    }

    // Erases from the cursor on. Behind the last column the cursor still counts as on it, as in xterm.
    void erase_line_end() {
        std::vector<std::string> cells = cells_of(lines_[row_]);
        cells.resize(std::min({cells.size(), column_, columns_ - 1}));
        lines_[row_].clear();
        for (const std::string& cell : cells)
            lines_[row_] += cell;
    }

    void put(std::string_view character) {
        std::string& line = lines_[row_];
        std::vector<std::string> cells = cells_of(line);
        if (column_ >= columns_) {  // a terminal would wrap: the console must not write so far
            unknown_ += "<text beyond the last column>";
            return;
        }
        if (cells.size() <= column_)
            cells.resize(column_ + 1, " ");
        cells[column_++] = character;
        line.clear();
        for (const std::string& cell : cells)
            line += cell;
    }

    void line_feed() {
        if (row_ == bottom_) {
            if (top_ == 0)
                scrollback_.push_back(lines_[0]);
            lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(top_));
            lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(bottom_), std::string());
        } else if (row_ + 1 < lines_.size()) {
            ++row_;
        }
    }

    std::size_t step(std::string_view text) {
        if (text[0] == '\n') {
            line_feed();
            return 1;
        }
        if (text[0] == '\r') {
            column_ = 0;
            return 1;
        }
        if (text[0] != '\x1b') {
            std::size_t size = 1;
            const auto first = static_cast<unsigned char>(text[0]);
            const std::size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
            if (text.size() < wanted)
                return 0;
            size = wanted;
            put(text.substr(0, size));
            return size;
        }
        if (text.size() < 2)
            return 0;
        if (text[1] == '7') {
            saved_row_ = row_;
            saved_column_ = column_;
            return 2;
        }
        if (text[1] == '8') {
            row_ = saved_row_;
            column_ = saved_column_;
            return 2;
        }
        const std::size_t end = text.find_first_not_of("0123456789;", 2);
        if (end == std::string_view::npos)
            return 0;
        std::vector<std::size_t> numbers{0};
        for (const char c : text.substr(2, end - 2)) {
            if (c == ';')
                numbers.push_back(0);
            else
                numbers.back() = numbers.back() * 10 + static_cast<std::size_t>(c - '0');
        }
        numbers.resize(std::max<std::size_t>(numbers.size(), 2), 0);
        const auto clamped = [&](std::size_t number) {
            return std::min(std::max<std::size_t>(number, 1), lines_.size()) - 1;
        };
        switch (text[end]) {
            case 'H':
                row_ = clamped(numbers[0]);
                column_ = std::max<std::size_t>(numbers[1], 1) - 1;
                break;
            case 'r':
                top_ = clamped(numbers[0]);
                bottom_ = numbers[1] == 0 ? lines_.size() - 1 : clamped(numbers[1]);
                row_ = column_ = 0;
                break;
            case 'K':
                erase_line_end();
                break;
            case 'm':
                break;
            default:
                unknown_ += text.substr(1, end);
        }
        return end + 1;
    }

    std::size_t columns_;
    std::vector<std::string> lines_;
    std::vector<std::string> scrollback_;
    std::size_t row_ = 0, column_ = 0, saved_row_ = 0, saved_column_ = 0;
    std::size_t top_ = 0, bottom_;
    std::string pending_;
    std::string unknown_;
};

class PseudoTerminal {
public:
    PseudoTerminal(unsigned short rows, unsigned short columns) {
        winsize size{rows, columns, 0, 0};
        if (::openpty(&master_, &slave_, nullptr, nullptr, &size) != 0)
            throw std::runtime_error("openpty failed");
        ::fcntl(master_, F_SETFL, O_NONBLOCK);
    }
    ~PseudoTerminal() {
        ::close(slave_);
        ::close(master_);
    }
    PseudoTerminal(const PseudoTerminal&) = delete;
    PseudoTerminal& operator=(const PseudoTerminal&) = delete;

    int slave() const { return slave_; }
    void resize(unsigned short rows, unsigned short columns) {
        winsize size{rows, columns, 0, 0};
        ::ioctl(master_, TIOCSWINSZ, &size);
    }
    // Everything that has come, until the line is quiet for 20 ms (at most 2 s).
    std::string read() {
        std::string text;
        pollfd wanted{master_, POLLIN, 0};
        for (int round = 0; round < 100 && ::poll(&wanted, 1, 20) > 0; ++round) {
            char buffer[65536];
            ssize_t count = 0;
            while ((count = ::read(master_, buffer, sizeof buffer)) > 0)
                text.append(buffer, static_cast<std::size_t>(count));
        }
        return text;
    }

private:
    int master_ = -1;
    int slave_ = -1;
};

}  // namespace console
