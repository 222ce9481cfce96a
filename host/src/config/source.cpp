#include "config/source.hpp"

#include <algorithm>
#include <utility>

#include "config/load.hpp"

namespace heddle::config {
namespace {

constexpr std::size_t block = 64;

constexpr bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Length of the well-formed UTF-8 sequence at the front of `text`, or 0. Source: Unicode 15, table 3-7.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const unsigned first = byte(0);
    if (first < 0x80U) {
        return 1;
    }
    unsigned low = 0x80U;
    unsigned high = 0xBFU;
    std::size_t length = 0;
    if (first >= 0xC2U && first <= 0xDFU) {
        length = 2;
    } else if (first >= 0xE0U && first <= 0xEFU) {
        length = 3;
        low = first == 0xE0U ? 0xA0U : low;    // no overlong forms
        high = first == 0xEDU ? 0x9FU : high;  // no surrogates
    } else if (first >= 0xF0U && first <= 0xF4U) {
        length = 4;
        low = first == 0xF0U ? 0x90U : low;
        high = first == 0xF4U ? 0x8FU : high;  // nothing above U+10FFFF
    } else {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (byte(i) < low || byte(i) > high) {
            return 0;
        }
        low = 0x80U;
        high = 0xBFU;
    }
    return length;
}

std::string hex(unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    return {digits[byte >> 4U], digits[byte & 15U]};
}

std::string normalised(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != '\r') {
            text += bytes[i];
        } else if (i + 1 == bytes.size() || bytes[i + 1] != '\n') {
            text += '\n';  // a lone carriage return ends a line in yaml too
        }
    }
    if (!text.empty() && text.back() != '\n') {
        text += '\n';
    }
    return text;
}

}  // namespace

Source::Source(std::string_view bytes, std::string_view file, Problems& problems) {
    std::optional<Problem> problem;
    if (bytes.size() > max_file_size) {
        problem = {"", {}, "is larger than 1 MiB, the most that a configuration may have (is it the right file?)"};
    } else if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
        problem = {"", {}, "is UTF-16 text (save it as UTF-8)"};
    } else {
        index(normalised(bytes.starts_with("\xEF\xBB\xBF") ? bytes.substr(3) : bytes));
        problem = find_unreadable();
    }
    if (problem) {
        problem->file = file;
        problems.push_back(std::move(*problem));
        index({});
    }
}

void Source::index(std::string text) {
    text_ = std::move(text);
    line_starts_.assign(1, 0);
    checkpoints_.clear();
    std::uint32_t continuations = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (i % block == 0) {
            checkpoints_.push_back(continuations);
        }
        if (text_[i] == '\n') {
            line_starts_.push_back(i + 1);
        }
        continuations += is_continuation(text_[i]) ? 1 : 0;
    }
    checkpoints_.push_back(continuations);  // for the end of a text of whole blocks
}

std::optional<Problem> Source::find_unreadable() const {
    std::size_t length = 0;
    for (std::size_t i = 0; i < text_.size(); i += length) {
        length = sequence_length(std::string_view(text_).substr(i));
        const auto byte = static_cast<unsigned char>(text_[i]);
        if (length == 0) {
            return Problem{
                "", place(i),
                "byte 0x" + hex(byte) + " is not UTF-8 text (save the file as UTF-8; is it the right file?)"};
        }
        if ((byte < 0x20U && byte != '\t' && byte != '\n') || byte == 0x7FU) {
            return Problem{"", place(i),
                           "control character 0x" + hex(byte) + " is not allowed (in double quotes \"\\x" + hex(byte) +
                               "\" stands for it; is it the right file?)"};
        }
    }
    return std::nullopt;
}

std::size_t Source::continuation_bytes_before(std::size_t offset) const {
    const std::size_t start = offset / block * block;
    const auto in_block = std::count_if(text_.begin() + static_cast<std::ptrdiff_t>(start),
                                        text_.begin() + static_cast<std::ptrdiff_t>(offset), is_continuation);
    return checkpoints_[offset / block] + static_cast<std::size_t>(in_block);
}

std::size_t Source::line_start(std::size_t offset) const {
    return *(std::upper_bound(line_starts_.begin(), line_starts_.end(), std::min(offset, text_.size())) - 1);
}

Place Source::place(std::size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    const std::size_t start = *(next - 1);
    const std::size_t continuations = continuation_bytes_before(offset) - continuation_bytes_before(start);
    const std::size_t column = offset - start - continuations + 1;
    return {static_cast<std::uint32_t>(next - line_starts_.begin()), static_cast<std::uint32_t>(column)};
}

std::string_view Source::line_at(std::size_t offset) const {
    const std::size_t start = line_start(offset);
    const std::size_t end = std::min(text_.find('\n', start), text_.size());
    return std::string_view(text_).substr(start, end - start);
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace heddle::config
