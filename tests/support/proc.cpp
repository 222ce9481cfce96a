#include "heddle_test/proc.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace heddle::test {
namespace {

std::filesystem::path proc_of(pid_t process) {
    return std::filesystem::path{"/proc"} / std::to_string(process);
}

}  // namespace

std::vector<ThreadInfo> threads_of(pid_t process) {
    std::vector<ThreadInfo> threads;
    std::error_code error;
    auto entry = std::filesystem::directory_iterator{proc_of(process) / "task", error};
    while (!error && entry != std::filesystem::directory_iterator{}) {
        const std::string id = entry->path().filename().string();
        ThreadInfo thread;
        std::from_chars(id.data(), id.data() + id.size(), thread.id);
        std::ifstream comm{entry->path() / "comm"};
        if (std::getline(comm, thread.name)) {
            threads.push_back(std::move(thread));
        }
        entry.increment(error);
    }
    std::sort(threads.begin(), threads.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return threads;
}

std::vector<std::string> thread_names_of(pid_t process) {
    std::vector<std::string> names;
    for (ThreadInfo& thread : threads_of(process)) {
        names.push_back(std::move(thread.name));
    }
    return names;
}

bool has_mapped(pid_t process, std::string_view part) {
    std::ifstream maps{proc_of(process) / "maps"};
    std::string line;
    while (std::getline(maps, line)) {
        // address perms offset device inode path: the path, if any, begins with the first slash.
        const auto path = line.find('/');
        if (path != std::string::npos && std::string_view{line}.substr(path).find(part) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

std::uint64_t resident_bytes_of(pid_t process) {
    std::ifstream statm{proc_of(process) / "statm"};
    std::uint64_t total_pages = 0;
    std::uint64_t resident_pages = 0;
    if (!(statm >> total_pages >> resident_pages)) {
        return 0;
    }
    return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace heddle::test
