#include "discovery/scan.hpp"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "discovery/text.hpp"

namespace heddle::discovery {
namespace {

namespace fs = std::filesystem;

// The *.so in a directory, sorted; an error text when it cannot be read.
std::vector<fs::path> candidates(const fs::path& directory, std::vector<std::string>& errors) {
    std::error_code error;
    const fs::file_status status = fs::status(directory, error);
    if (status.type() == fs::file_type::not_found) {
        errors.push_back("plugin directory " + quoted(directory) + " does not exist; check the path, or build first");
        return {};
    }
    if (!error && status.type() != fs::file_type::directory) {
        errors.push_back("plugin directory " + quoted(directory) +
                         " is not a directory; name the directory that holds the .so files");
        return {};
    }
    std::vector<fs::path> files;
    fs::directory_iterator entry(directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const fs::path& path = entry->path();
        if (path.extension() == ".so" && !path.filename().native().starts_with('.'))
            files.push_back(path);
    }
    if (error)
        errors.push_back("plugin directory " + quoted(directory) + " cannot be read: " + error.message() +
                         "; make it readable for this user");
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

const PluginFile* Scan::find(std::string_view name) const {
    const auto found = std::find_if(plugins.begin(), plugins.end(), [&](const auto& p) { return p.name == name; });
    return found == plugins.end() ? nullptr : &*found;
}

Scan scan(std::span<const fs::path> directories, const HostAbi& host) {
    Scan result;
    std::vector<fs::path> seen;               // real paths of the directories
    std::map<std::string, fs::path> by_name;  // the file that got each plugin name
    for (const fs::path& directory : directories) {
        std::error_code error;
        fs::path real = fs::weakly_canonical(directory, error);
        if (error)
            real = directory;
        if (std::find(seen.begin(), seen.end(), real) != seen.end())
            continue;
        seen.push_back(std::move(real));
        result.directories.push_back(directory);
        for (const fs::path& path : candidates(directory, result.errors)) {
            Inspection inspection = inspect(path, host);
            if (auto* refusal = std::get_if<Refusal>(&inspection)) {
                result.refused.push_back(std::move(*refusal));
                continue;
            }
            auto& file = std::get<PluginFile>(inspection);
            const auto [first, is_new] = by_name.emplace(file.name, path);
            if (is_new) {
                result.plugins.push_back(std::move(file));
                continue;
            }
            result.refused.push_back({path, Reason::duplicate,
                                      quoted(path) + " is a duplicate of " + quoted(first->second) +
                                          ": both are plugin '" + file.name +
                                          "', and the first one found is used; remove or rename one"});
        }
    }
    return result;
}

}  // namespace heddle::discovery
