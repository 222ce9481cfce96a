// Reading words and numbers from a text in place: no allocation, no copy, no locale.
//
// Thread-safety: plain values; each is for one thread at a time. Ownership: everything here views the text it was
// given, which must outlive it.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace procfs {

// The rest of one line.
class Line {
public:
    explicit Line(std::string_view text = {}) : rest_(text) {}

    // The next word, parted by blanks; empty at the end of the line.
    std::string_view word() {
        const std::size_t begin = rest_.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) {
            rest_ = {};
            return {};
        }
        rest_.remove_prefix(begin);
        std::size_t size = rest_.find_first_of(" \t\r");
        if (size == std::string_view::npos)
            size = rest_.size();
        const std::string_view word = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return word;
    }

    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

// The lines of a text, counted from 1.
class Lines {
public:
    explicit Lines(std::string_view text) : rest_(text) {}

    // Takes the next line into `line`; false after the last one.
    bool next(std::string_view& line) {
        if (rest_.empty())
            return false;
        ++number_;
        const std::size_t end = rest_.find('\n');
        line = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
        return true;
    }

    // The number of the line taken last; 0 before the first.
    std::size_t number() const { return number_; }

private:
    std::string_view rest_;
    std::size_t number_ = 0;
};

// Whether the whole word is one number that fits; `value` is written only then.
inline bool to_number(std::string_view word, std::uint64_t& value) {
    std::uint64_t read = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), read);
    if (word.empty() || error != std::errc{} || end != word.data() + word.size())
        return false;
    value = read;
    return true;
}

// The same for a decimal fraction that is not negative.
inline bool to_number(std::string_view word, double& value) {
    double read = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), read, std::chars_format::fixed);
    if (word.empty() || error != std::errc{} || end != word.data() + word.size() || !(read >= 0.0 && read < 1e18))
        return false;
    value = read;
    return true;
}

}  // namespace procfs
