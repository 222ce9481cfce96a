// Where the helper program and the memory of passes are.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "discovery/preflight.hpp"
#include "discovery/text.hpp"

namespace heddle::discovery {
namespace {

namespace fs = std::filesystem;
constexpr const char* helper_name = "heddle-preflight";
constexpr const char* without =
    "or turn the trial load off with 'preflight: false' in the configuration's host settings";

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

bool is_program(const fs::path& path) {
    std::error_code error;
    return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

// The directory of the library this function is in, or of the program when it is linked statically.
fs::path own_directory() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&own_directory), &info) == 0 || info.dli_fname == nullptr) {
        return {};
    }
    std::error_code error;
    return fs::weakly_canonical(info.dli_fname, error).parent_path();
}

}  // namespace

std::vector<fs::path> preflight_helper_folders() {
    std::vector<fs::path> folders;
    std::error_code error;
    if (const fs::path program = fs::read_symlink("/proc/self/exe", error); !error) {
        folders.push_back(program.parent_path());
        folders.push_back((program.parent_path() / "../libexec/heddle").lexically_normal());
    }
    if (const fs::path library = own_directory(); !library.empty()) {
        // The library may be in lib/ or in lib/<architecture>/.
        for (const char* way : {".", "../bin", "../libexec/heddle", "../../bin", "../../libexec/heddle"}) {
            fs::path folder = (library / way).lexically_normal();
            if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
                folders.push_back(std::move(folder));
            }
        }
    }
    return folders;
}

fs::path find_preflight_helper(std::span<const fs::path> folders) {
    if (const std::string named = environment("HEDDLE_PREFLIGHT"); !named.empty()) {
        if (!is_program(named)) {
            throw PreflightError("HEDDLE_PREFLIGHT names " + quoted(std::string_view(named)) +
                                 ", which is no program that can be run; correct it, unset it, " + without);
        }
        return fs::absolute(named);
    }
    std::string looked;
    for (const fs::path& folder : folders) {
        fs::path candidate = folder / helper_name;
        if (is_program(candidate)) {
            return candidate;
        }
        looked.append(looked.empty() ? "" : ", ").append(quoted(candidate));
    }
    throw PreflightError(
        "the program heddle-preflight, which tries plugins before they are loaded, is not to be found (looked for " +
        looked + "); install it, name it in the environment's HEDDLE_PREFLIGHT, " + without);
}

fs::path default_preflight_memory() {
    // The XDG base directory specification has relative paths ignored.
    if (const fs::path cache = environment("XDG_CACHE_HOME"); cache.is_absolute()) {
        return cache / "heddle" / "preflight";
    }
    if (const fs::path home = environment("HOME"); home.is_absolute()) {
        return home / ".cache" / "heddle" / "preflight";
    }
    return {};
}

}  // namespace heddle::discovery
