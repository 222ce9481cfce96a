#include "cpus.hpp"

#include <algorithm>
#include <set>
#include <system_error>

namespace bench {

namespace {

cpu_set_t affinity() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
    }
    return set;
}

void set_affinity(const cpu_set_t& set, pid_t process = 0) {
    if (sched_setaffinity(process, sizeof set, &set) != 0) {
        throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
    }
}

cpu_set_t only(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    return set;
}

}  // namespace

const std::vector<int>& allowed_cpus() {
    static const std::vector<int> cpus = [] {
        const cpu_set_t set = affinity();
        std::vector<int> found;
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &set)) {
                found.push_back(cpu);
            }
        }
        return found;
    }();
    return cpus;
}

std::vector<Placement> pairs() {
    const std::vector<int>& cpus = allowed_cpus();
    const std::size_t count = cpus.size();
    std::set<Placement> chosen;
    for (std::size_t a = 0; a < count && count <= 4; ++a) {
        for (std::size_t b = a + 1; b < count; ++b) {
            chosen.insert({cpus[a], cpus[b]});
        }
    }
    if (count > 4) {
        for (const std::size_t b : {std::size_t{1}, std::size_t{2}, count / 4, count / 2, count - 1}) {
            chosen.insert({cpus[0], cpus[b]});
        }
        chosen.insert({cpus[count / 2], cpus[count / 2 + 1]});
    }
    return {chosen.begin(), chosen.end()};
}

std::vector<Placement> placements(std::size_t threads, std::size_t how_many) {
    const std::vector<int>& cpus = allowed_cpus();
    std::vector<Placement> chosen;
    for (std::size_t first = 0; first < std::min(how_many, cpus.size()); ++first) {
        Placement placement;
        for (std::size_t i = 0; i < threads; ++i) {
            placement.push_back(cpus[(first + i) % cpus.size()]);
        }
        chosen.push_back(placement);
    }
    return chosen;
}

std::string name_of(const Placement& placement) {
    std::string name = "cpus:";
    for (const int cpu : placement) {
        name += (name.back() == ':' ? "" : "-") + std::to_string(cpu);
    }
    return name;
}

void pin(std::jthread& thread, int cpu) {
    const cpu_set_t set = only(cpu);
    if (const int error = pthread_setaffinity_np(thread.native_handle(), sizeof set, &set); error != 0) {
        throw std::system_error(error, std::generic_category(), "pthread_setaffinity_np");
    }
}

void pin(int cpu, pid_t process) {
    set_affinity(only(cpu), process);
}

Pinned::Pinned(int cpu) : before_(affinity()) {
    pin(cpu);
}
Pinned::~Pinned() {
    sched_setaffinity(0, sizeof before_, &before_);
}

Everywhere::Everywhere() : before_(affinity()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : allowed_cpus()) {
        CPU_SET(static_cast<std::size_t>(cpu), &set);
    }
    set_affinity(set);
}
Everywhere::~Everywhere() {
    sched_setaffinity(0, sizeof before_, &before_);
}

}  // namespace bench
