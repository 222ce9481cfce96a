// What a plugin's file says about itself, read from its bytes: the file is never loaded and no line of it runs.
//
// Hostile and damaged files are expected: every read is checked against the file's size, and each problem has a
// text of its own. The whole file is read once and the hash is that of the very bytes inspected. The host loads the
// file by its path later, so a file replaced in between is not what was checked: whoever can write to a plugin
// directory can run code in the host anyway, and inspection protects from accidents, not from them.
//
// Thread-safety: all functions may be called from any thread. Ownership: results own all they hold.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "discovery/refusal.hpp"

namespace heddle::discovery {

// What the inspecting host speaks: the ABI it was compiled against.
struct HostAbi {
    std::uint32_t major;
    std::uint32_t minor;
    std::string_view layout;
};
HostAbi this_host();

// A usable plugin, as its file describes it.
struct PluginFile {
    std::filesystem::path path;
    std::string name;         // [a-z][a-z0-9_-]*
    std::string version;      // the plugin's own
    std::string summary;      // one line of UTF-8
    std::string sdk_version;  // of the SDK it was built with
    std::string toolchain;    // compiler and standard library, see toolchain_difference()
    std::uint32_t abi_major = 0;
    std::uint32_t abi_minor = 0;
    std::string layout;               // equal to the host's
    std::uint64_t size = 0;           // bytes
    std::string hash;                 // XXH3-128 of the contents, 32 hexadecimal digits
    std::string build_id;             // the linker's, hexadecimal; empty without one
    std::string run_path;             // where it looks for its libraries (DT_RUNPATH, else DT_RPATH); often empty
    std::vector<std::string> needed;  // libraries it is linked to (DT_NEEDED), in order

    // What keeps it from being unmapped after dlclose, or makes its load less safe than heddle_add_plugin's.
    bool no_delete = false;                   // DF_1_NODELETE
    std::vector<std::string> unique_symbols;  // STB_GNU_UNIQUE definitions, as mangled names, at most 16
    std::uint64_t unique_symbol_count = 0;
    bool binds_now = false;         // all symbols are bound at load
    bool text_relocations = false;  // its code is written to at load
    bool executable_stack = false;  // loading it makes the stacks of all threads executable

    // Whether the loader is able to unmap it again, as far as the file tells.
    bool can_unmap() const { return !no_delete && unique_symbol_count == 0; }
};

using Inspection = std::variant<PluginFile, Refusal>;

// Reads the file at `path` (symbolic links are followed). Never throws for what a file is or holds; only
// std::bad_alloc. Files over 1 GiB are refused unread.
Inspection inspect(const std::filesystem::path& path, const HostAbi& host = this_host());

// The same for the contents of a file that the caller has read; `path` only names it.
Inspection inspect_content(const std::filesystem::path& path, std::string_view bytes,
                           const HostAbi& host = this_host());

// How two toolchain tags differ, as a clause for an error text, or nothing when they are equal. Functions whose
// signature holds types of the standard library bind only between equal tags.
std::optional<std::string> toolchain_difference(std::string_view ours, std::string_view theirs);

}  // namespace heddle::discovery
