// Looks into /proc at a process, this one or another. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::test {

// One thread of a process as the kernel knows it.
struct ThreadInfo {
    pid_t id = 0;
    std::string name;  // comm: at most 15 bytes
};

// The threads of `process`, by id. Threads that end while we look are left out; empty when the process is gone.
std::vector<ThreadInfo> threads_of(pid_t process);

// Just their names, in the same order.
std::vector<std::string> thread_names_of(pid_t process);

// True when `process` has a file mapped whose path contains `part`.
bool has_mapped(pid_t process, std::string_view part);

// Resident memory of `process` in bytes; 0 when it is gone.
std::uint64_t resident_bytes_of(pid_t process);

}  // namespace heddle::test
