// What the console shows, as plain values: gathered from the names and summaries of series, drawn by panel.hpp and
// summary.hpp.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace console {

// One series: its last value, and the 90th percentile of its window. Nothing where the series is unknown or silent.
struct Figure {
    std::optional<double> now;
    std::optional<double> p90;
};

struct Core {
    unsigned number = 0;
    Figure busy;  // percent
};

// Bytes and errors per second.
struct Interface {
    std::string name;
    Figure in, out, in_errors, out_errors;
};

// Bytes per second; busy in percent.
struct Disk {
    std::string name;
    Figure read, write, busy;
};

struct Alert {
    std::string rule;
    std::string message;
    double value = 0;
    std::int64_t since_ns = 0;  // Unix time
};

struct View {
    std::string host;
    std::string time;                          // as it is to be shown
    std::int64_t time_ns = 0;                  // Unix time, for the age of alerts
    std::string trouble;                       // why there is no data; empty when there is
    Figure busy, user, system, iowait, steal;  // percent of all cpus
    std::vector<Core> cores;                   // by number
    Figure memory_total, memory_available;     // bytes
    Figure memory_used, swap_used;             // percent
    Figure load1, load5, load15;
    Figure pressure_cpu, pressure_memory, pressure_io;  // percent of time in which some task waited
    std::vector<Interface> interfaces;                  // by name
    std::vector<Disk> disks;                            // by name
    std::vector<Alert> alerts;                          // oldest first
};

using Lookup = std::function<Figure(std::string_view series)>;

// Fills the figures of `view` from the series named, asking `lookup` for each that is shown. A core, an interface or a
// disk none of whose figures is known is left out. What `lookup` throws passes on.
void gather(View& view, std::span<const std::string> series, const Lookup& lookup);

}  // namespace console
