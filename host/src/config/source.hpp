// The text of a configuration file, made fit for the parser: valid UTF-8 without a byte order mark, each line ended by
// '\n'. Knows the place of each byte.
//
// Immutable once made: any thread may read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace heddle::config {

class Source {
public:
    // Takes any bytes. What cannot be a configuration (too long, not UTF-8, control characters) is added to problems,
    // and text() is then empty.
    Source(std::string_view bytes, std::string_view file, Problems& problems);

    const std::string& text() const { return text_; }

    // The place of a byte of text(); of the end for what lies beyond.
    Place place(std::size_t offset) const;

    // The line that a byte belongs to, without its end.
    std::string_view line_at(std::size_t offset) const;
    std::size_t line_start(std::size_t offset) const;

private:
    void index(std::string text);
    std::optional<Problem> find_unreadable() const;
    std::size_t continuation_bytes_before(std::size_t offset) const;

    std::string text_;
    std::vector<std::size_t> line_starts_;
    std::vector<std::uint32_t> checkpoints_;  // UTF-8 continuation bytes before each block, so place() is O(log lines)
};

bool is_utf8(std::string_view text);

}  // namespace heddle::config
