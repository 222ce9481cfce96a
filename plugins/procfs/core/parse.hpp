// What the files of /proc say, as structs: one parser per file, from text, without allocating in the steady state.
// Formats: proc(5), and Documentation/admin-guide/iostats.rst and Documentation/accounting/psi.rst of the kernel.
//
// Thread-safety: pure functions. Ownership: the names in rows, and the words in a Problem, view the text that was
// parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace procfs {

// Why a text can't be understood: where, what should stand there, and what does.
struct Problem {
    std::size_t line = 0;       // from 1; one past the last line when something is missing at the end
    std::string_view expected;  // a static text
    std::string_view found;     // may be empty: the line or the text ended
};

// Nothing when all was understood. What a parser filled before a problem must not be used.
using Parsed = std::optional<Problem>;

// Time spent since the machine started, in ticks (normally 1/100 s). user and nice contain guest time.
struct CpuTimes {
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
};

struct CpuRow {
    std::string_view name;  // "cpu" is the whole machine, "cpu3" a core that is online
    CpuTimes times;
};

// All sizes in bytes.
struct Memory {
    std::uint64_t total = 0;
    std::uint64_t available = 0;  // estimated from free, buffers and cached where the kernel (before 3.14) doesn't say
    std::uint64_t swap_total = 0;
    std::uint64_t swap_free = 0;
};

struct Load {
    double one = 0, five = 0, fifteen = 0;
};

// Percent of the last ten seconds in which some, or all, tasks waited for the resource.
struct Pressure {
    std::optional<double> some, full;
};

struct NetRow {
    std::string_view name;
    std::uint64_t rx_bytes = 0, rx_packets = 0, rx_errors = 0, tx_bytes = 0, tx_packets = 0, tx_errors = 0;
};

struct DiskRow {
    std::string_view name;
    std::uint64_t reads = 0, read_sectors = 0, writes = 0,
                  write_sectors = 0;  // a sector is 512 bytes, whatever the disk
    std::uint64_t busy_ms = 0;
};

Parsed parse_stat(std::string_view text, std::vector<CpuRow>& rows);  // the first row is "cpu"
Parsed parse_meminfo(std::string_view text, Memory& memory);
Parsed parse_loadavg(std::string_view text, Load& load);
Parsed parse_pressure(std::string_view text, Pressure& pressure);
Parsed parse_net_dev(std::string_view text, std::vector<NetRow>& rows);
Parsed parse_diskstats(std::string_view text, std::vector<DiskRow>& rows);

}  // namespace procfs
