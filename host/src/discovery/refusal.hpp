// Why a file is not used as a plugin: a reason for programs and a text for people.
//
// Thread-safety: plain values. Ownership: they own their texts.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace heddle::discovery {

// One way of being unusable. The ids (reason_id) are part of the JSON output and never change.
enum class Reason {
    // the file itself
    cannot_open,
    not_regular,
    empty,
    too_large,
    changed,
    // what the file holds
    not_elf,
    truncated,
    malformed,
    not_shared_library,
    wrong_machine,
    no_section,
    bad_section,
    wrong_abi,
    wrong_layout,
    no_entry,
    // among other files
    duplicate,
    // tried in a child process
    cannot_load,
    crashed,
    timed_out,
    exited,
    no_report,
    not_tried,
};

// The reason in snake_case, as the JSON output spells it.
std::string_view reason_id(Reason reason);

// A refused file. `text` is one line that names the file, what was expected, what was found and what to do; it
// holds no control characters whatever the file's name or contents.
struct Refusal {
    std::filesystem::path path;
    Reason reason{};
    std::string text;
};

}  // namespace heddle::discovery
