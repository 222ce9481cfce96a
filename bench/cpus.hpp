// Where the threads of a benchmark run. Two cores may be near each other or far apart, so what is measured between
// threads is measured on several sets of cores, each thread pinned to one, and the sets are told apart by name.
#pragma once

#include <sched.h>

#include <string>
#include <thread>
#include <vector>

namespace bench {

/// One core for each thread of a benchmark; the first is that of the benchmark's own thread.
using Placement = std::vector<int>;

/// The cores this program may run on, as it was started.
const std::vector<int>& allowed_cpus();

/// Pairs of cores: all of them where there are at most four cores, otherwise some near and some far by number. Empty on
/// a machine with one core.
std::vector<Placement> pairs();

/// Up to `how_many` sets of `threads` cores, the first core another in each. Where there are fewer cores than threads,
/// some share one.
std::vector<Placement> placements(std::size_t threads, std::size_t how_many);

/// "cpus:0-2".
std::string name_of(const Placement& placement);

/// Pins a thread from outside, so that it need not get to run where its maker is pinned: who spins with a real-time
/// priority leaves that core to nobody.
void pin(std::jthread& thread, int cpu);
/// Pins a process' only thread, or with 0 the calling thread.
void pin(int cpu, pid_t process = 0);

/// Pins the calling thread to a core until the end of the scope.
class Pinned {
public:
    explicit Pinned(int cpu);
    ~Pinned();
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;

private:
    cpu_set_t before_{};
};

/// Lets the calling thread run wherever the program may until the end of the scope: for starting threads of others.
class Everywhere {
public:
    Everywhere();
    ~Everywhere();
    Everywhere(const Everywhere&) = delete;
    Everywhere& operator=(const Everywhere&) = delete;

private:
    cpu_set_t before_{};
};

}  // namespace bench
