// Texts from outside (file names, plugin contents, a child's output) made fit for one line of a terminal or a log.
//
// Thread-safety: pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace heddle::discovery {

// The text as valid UTF-8 without control characters: those, and bytes that are no UTF-8, become "\xNN".
std::string printable(std::string_view text);

// The text or path, printable, in single quotes.
std::string quoted(std::string_view text);
std::string quoted(const std::filesystem::path& path);

// Whether the text is valid UTF-8 and free of control characters (C0, DEL, C1).
bool is_printable(std::string_view text);

}  // namespace heddle::discovery
