#include "discovery/pass_memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "discovery/descriptor.hpp"

namespace heddle::discovery {
namespace {

constexpr std::string_view first_line = "heddle-preflight 1";
constexpr std::size_t key_limit = 256;

bool is_key(const std::string& line) {
    return !line.empty() && line.size() <= key_limit &&
           std::all_of(line.begin(), line.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::vector<std::string> read_keys(const std::filesystem::path& file) {
    std::vector<std::string> keys;
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {
        return keys;
    }
    std::ifstream in(file);
    std::string line;
    if (!std::getline(in, line) || line != first_line) {
        return keys;
    }
    // Bounded, should somebody have put a large file there.
    for (std::size_t lines = 0; lines < 4 * PassMemory::most_keys && std::getline(in, line); ++lines) {
        if (is_key(line)) {
            keys.push_back(line);
        }
    }
    return keys;
}

std::string why(int error) {
    return std::system_category().message(error);
}

std::string write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return why(errno);
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

std::string replace(const std::filesystem::path& file, std::string_view text) {
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    if (error) {
        return error.message();
    }
    std::string temporary = file.native() + ".XXXXXX";
    const Descriptor fd(mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd) {
        return why(errno);
    }
    std::string problem = write_all(fd.get(), text);
    if (problem.empty() && std::rename(temporary.c_str(), file.c_str()) != 0) {
        problem = why(errno);
    }
    if (!problem.empty()) {
        unlink(temporary.c_str());
    }
    return problem;
}

}  // namespace

PassMemory::PassMemory(std::filesystem::path file) : file_(std::move(file)) {
    if (!file_.empty()) {
        const std::vector<std::string> keys = read_keys(file_);
        known_.insert(keys.begin(), keys.end());
    }
}

void PassMemory::add(const std::string& key) {
    if (known_.insert(key).second) {
        added_.push_back(key);
    }
}

std::string PassMemory::save() {
    if (file_.empty() || added_.empty()) {
        return {};
    }
    std::vector<std::string> keys = read_keys(file_);
    for (const std::string& key : added_) {
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
            keys.push_back(key);
        }
    }
    const std::size_t from = keys.size() > most_keys ? keys.size() - most_keys : 0;
    std::string text(first_line);
    text += '\n';
    for (std::size_t i = from; i < keys.size(); ++i) {
        text.append(keys[i]).append(1, '\n');
    }
    std::string problem = replace(file_, text);
    if (problem.empty()) {
        added_.clear();
    }
    return problem;
}

}  // namespace heddle::discovery
