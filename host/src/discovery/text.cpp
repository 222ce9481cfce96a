#include "discovery/text.hpp"

#include <cstddef>
#include <cstdint>

namespace heddle::discovery {
namespace {

// The length of the printable character at the start of `text`, or 0 for a control character or bad UTF-8.
// Well-formedness as in table 3-7 of the Unicode standard: no overlong forms, no surrogates, at most U+10FFFF.
std::size_t printable_length(std::string_view text) {
    const auto byte = [&](std::size_t i) -> std::uint32_t { return static_cast<unsigned char>(text[i]); };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80)
        return lead >= 0x20 && lead != 0x7f ? 1 : 0;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length)
        return 0;
    std::uint32_t point = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80)
            return 0;
        point = (point << 6U) | (byte(i) & 0x3fU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    const bool control = point < 0xa0;                          // C1
    const bool separator = point == 0x2028 || point == 0x2029;  // would break a line
    return overlong || surrogate || control || separator || point > 0x10ffff ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = printable_length(text);
        if (length != 0) {
            out.append(text.substr(0, length));
            text.remove_prefix(length);
            continue;
        }
        const auto byte = static_cast<unsigned char>(text.front());
        out.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 0xfU]);
        text.remove_prefix(1);
    }
    return out;
}

std::string quoted(std::string_view text) {
    return std::string(1, '\'').append(printable(text)).append(1, '\'');
}

std::string quoted(const std::filesystem::path& path) {
    return quoted(std::string_view(path.native()));
}

bool is_printable(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = printable_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace heddle::discovery
