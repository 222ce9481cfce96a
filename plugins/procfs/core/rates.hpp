// From counters to figures: what happened between two readings of a table of cpus, interfaces or disks.
//
// Rows may come, go and change places between readings; a row's first reading gives no figure, only the ground for
// the next. Series names are made when a row first appears, so the steady state allocates nothing.
// Thread-safety: one thread at a time. Ownership: a Sample's name belongs to the table that gave it, and holds until
// that table's next update.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/parse.hpp"

namespace procfs {

using Time = std::chrono::steady_clock::time_point;

struct Sample {
    std::string_view series;
    double value = 0;
};
using Samples = std::vector<Sample>;

// Two readings nearer than this give no rate; the older one stays the ground.
inline constexpr std::chrono::milliseconds min_step{1};

// How far a counter went. One that fell from the last quarter of 32 or of 64 bits to the first wrapped; any other that
// fell was reset, and nothing can be said.
std::optional<std::uint64_t> counter_step(std::uint64_t before, std::uint64_t now);

// Names to leave out, as shell patterns (fnmatch): "veth*".
class Skip {
public:
    explicit Skip(std::vector<std::string> patterns = {}) : patterns_(std::move(patterns)) {}
    bool matches(const std::string& name) const;

private:
    std::vector<std::string> patterns_;
};

class CpuRates {
public:
    // Percent of the time since the last update: cpu.busy, .user, .system, .iowait, .steal and cpu<n>.busy.
    void update(std::span<const CpuRow> rows, Samples& samples);

private:
    struct Entry {
        explicit Entry(std::string_view row_name);
        std::string name;
        std::array<std::string, 5> series;
        std::optional<CpuTimes> last;
    };
    std::vector<Entry> entries_;  // one per row, in the rows' order
};

class NetRates {
public:
    explicit NetRates(Skip skip) : skip_(std::move(skip)) {}
    // Per second: net.<if>.rx_bytes, .tx_bytes, .rx_errors, .tx_errors.
    void update(std::span<const NetRow> rows, Time now, Samples& samples);

private:
    struct Entry {
        explicit Entry(std::string_view row_name);
        std::string name;
        std::array<std::string, 4> series;
        bool wanted = true;
        std::optional<Time> at;
        std::array<std::uint64_t, 6> last{};
    };
    Skip skip_;
    std::vector<Entry> entries_;
};

class DiskRates {
public:
    DiskRates(Skip skip, bool partitions) : skip_(std::move(skip)), partitions_(partitions) {}
    // disk.<dev>.read_bytes, .write_bytes per second and .busy in percent.
    void update(std::span<const DiskRow> rows, Time now, Samples& samples);

private:
    struct Entry {
        explicit Entry(std::string_view row_name);
        std::string name;
        std::array<std::string, 3> series;
        bool wanted = true;
        std::optional<Time> at;
        std::array<std::uint64_t, 5> last{};
    };
    Skip skip_;
    bool partitions_;
    std::vector<Entry> entries_;
};

// Whether `name` is a partition of a disk that is among `rows`: sda1 of sda, nvme0n1p2 of nvme0n1. (A Xen guest may
// have xvda1 without xvda; that is a disk.)
bool is_partition(std::string_view name, std::span<const DiskRow> rows);

}  // namespace procfs
