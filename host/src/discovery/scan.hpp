// The plugins that directories hold: each *.so is usable or refused with a reason.
//
// Thread-safety: all functions may be called from any thread. Ownership: results own all they hold.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "discovery/inspect.hpp"
#include "discovery/refusal.hpp"

namespace heddle::discovery {

struct Scan {
    std::vector<std::filesystem::path> directories;  // as given, without repetitions
    std::vector<PluginFile> plugins;                 // usable, in the order found; names are unique
    std::vector<Refusal> refused;                    // in the order found
    std::vector<std::string> errors;                 // directories that cannot be read, each with a cure

    // The usable plugin of that name, or null. Valid until `plugins` changes.
    const PluginFile* find(std::string_view name) const;
};

// Inspects the files named *.so in each directory, not in their subdirectories: directories in the order given, files
// by name. Hidden files are left out. Of two files with the same plugin name the first found wins and the other
// is refused. A directory given twice (by whatever name) counts once. Nothing is loaded or run.
Scan scan(std::span<const std::filesystem::path> directories, const HostAbi& host = this_host());

}  // namespace heddle::discovery
