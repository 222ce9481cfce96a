// What `heddle inspect` and `heddle list` print, as text for people and JSON for programs.
//
// Texts end with a newline. With `colour`, ANSI sequences mark names and refusals; the caller decides that. JSON is
// indented by two and ends with a newline; later versions may add members, never remove or change them.
//
//   inspection  {"files": [file...]}
//   list        {"directories": [text...], "plugins": [file...], "refused": [file...], "errors": [text...]}
//   file        usable:  {"path", "usable": true, "name", "version", "summary", "sdk", "toolchain",
//                         "abi": {"major", "minor"}, "layout", "size", "hash", "build_id", "run_path", "needed":
//                         [text...], "can_unmap", "no_delete", "unique_symbols": [text...], "unique_symbol_count",
//                         "binds_now", "text_relocations", "executable_stack"}
//               refused: {"path", "usable": false, "reason": reason_id(), "text"}
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <span>
#include <string>

#include "discovery/inspect.hpp"
#include "discovery/scan.hpp"

namespace heddle::discovery {

std::string inspect_text(std::span<const Inspection> inspections, bool colour);
std::string inspect_json(std::span<const Inspection> inspections);
std::string list_text(const Scan& scan, bool colour);
std::string list_json(const Scan& scan);

}  // namespace heddle::discovery
