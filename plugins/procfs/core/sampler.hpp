// All of /proc that the monitor wants, read at one moment and turned into samples.
//
// A tick costs about 27 us on a virtual machine of 4 cores (Linux 6.18), some 20 of them in the kernel, and allocates
// nothing. A file that can't be read or understood costs its own figures only, and is complained of once until it works
// again. Thread-safety: one thread at a time. Ownership: a Sampler owns its open files; the samples it gives hold until
// its next tick.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.hpp"
#include "core/parse.hpp"
#include "core/rates.hpp"

namespace procfs {

struct Options {
    std::string root = "/proc";
    bool cpu = true;
    bool memory = true;
    bool load = true;
    bool pressure = true;
    bool network = true;
    bool disks = true;
    bool partitions = false;
    std::vector<std::string> skip_disks{"loop*", "ram*", "zram*"};  // shell patterns
    std::vector<std::string> skip_interfaces{"lo"};
};

enum class Level { info, warning };

class Sampler {
public:
    using Report = std::function<void(Level, const std::string&)>;

    // `report` is called from tick(), with a sentence for the log.
    Sampler(const Options& options, Report report);

    // Reads everything once. `now` is the moment of reading by the monotonic clock: rates are over the time since the
    // row's last reading. The first tick gives no rates. Throws nothing of its own.
    std::span<const Sample> tick(Time now);

private:
    struct Source {
        Source(std::string path, std::string_view what_it_gives, bool keep_open = true)
            : file(std::move(path), keep_open), figures(what_it_gives) {}
        File file;
        std::string_view figures;  // for messages: "cpu"
        bool failing = false;
    };
    struct PressureSource {
        Source source;
        std::string some, full;  // series; empty: not wanted
    };

    // Reads the source and lets `parse(text)` understand it; says what went wrong. True when it went right.
    template <typename Parse>
    bool take(Source& source, Parse parse);
    template <typename Parse>
    bool understand(Source& source, int error, std::string_view text, Parse parse);
    bool complain(Source& source, const std::string& text);

    void take_memory();
    void take_load();
    void take_pressure(PressureSource& pressure);

    Options options_;
    Report report_;
    std::vector<char> buffer_;  // of the file just read; rows view it
    Samples samples_;

    Source stat_, meminfo_, loadavg_, net_dev_, diskstats_;
    std::vector<PressureSource> pressures_;
    bool said_no_pressure_ = false;

    std::vector<CpuRow> cpu_rows_;
    std::vector<NetRow> net_rows_;
    std::vector<DiskRow> disk_rows_;
    CpuRates cpu_rates_;
    NetRates net_rates_;
    DiskRates disk_rates_;
};

}  // namespace procfs
