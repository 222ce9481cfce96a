#include "core/sampler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace procfs {

Sampler::Sampler(const Options& options, Report report)
    : options_(options),
      report_(std::move(report)),
      stat_(options.root + "/stat", "cpu"),
      meminfo_(options.root + "/meminfo", "memory"),
      loadavg_(options.root + "/loadavg", "load"),
      // An open net/dev stays in the network namespace that it was opened in, so this one is opened each time.
      net_dev_(options.root + "/net/dev", "network", false),
      diskstats_(options.root + "/diskstats", "disk"),
      net_rates_(Skip(options.skip_interfaces)),
      disk_rates_(Skip(options.skip_disks), options.partitions) {
    const std::string folder = options.root + "/pressure/";
    pressures_.push_back({Source(folder + "cpu", "cpu pressure"), "pressure.cpu.some", ""});
    pressures_.push_back(
        {Source(folder + "memory", "memory pressure"), "pressure.memory.some", "pressure.memory.full"});
    pressures_.push_back({Source(folder + "io", "io pressure"), "pressure.io.some", "pressure.io.full"});
}

std::span<const Sample> Sampler::tick(Time now) {
    samples_.clear();
    if (options_.cpu && take(stat_, [this](std::string_view text) { return parse_stat(text, cpu_rows_); }))
        cpu_rates_.update(cpu_rows_, samples_);
    if (options_.memory)
        take_memory();
    if (options_.load)
        take_load();
    if (options_.pressure) {
        for (PressureSource& pressure : pressures_)
            take_pressure(pressure);
    }
    if (options_.network && take(net_dev_, [this](std::string_view text) { return parse_net_dev(text, net_rows_); }))
        net_rates_.update(net_rows_, now, samples_);
    if (options_.disks && take(diskstats_, [this](std::string_view text) { return parse_diskstats(text, disk_rows_); }))
        disk_rates_.update(disk_rows_, now, samples_);
    return samples_;
}

template <typename Parse>
bool Sampler::take(Source& source, Parse parse) {
    std::string_view text;
    const int error = source.file.read(buffer_, text);
    return understand(source, error, text, parse);
}

template <typename Parse>
bool Sampler::understand(Source& source, int error, std::string_view text, Parse parse) {
    if (error != 0) {
        return complain(source,
                        fmt::format("cannot read {}: {}; no {} figures until it can be read", source.file.path(),
                                    std::generic_category().message(error), source.figures));
    }
    if (const Parsed problem = parse(text)) {
        const std::string found =
            problem->found.empty() ? "nothing" : fmt::format("'{}'", problem->found.substr(0, 40));
        return complain(
            source, fmt::format("{}:{}: expected {}, found {}; no {} figures until it reads right", source.file.path(),
                                problem->line, problem->expected, found, source.figures));
    }
    if (source.failing) {
        source.failing = false;
        report_(Level::info, fmt::format("{} works again", source.file.path()));
    }
    return true;
}

bool Sampler::complain(Source& source, const std::string& text) {
    if (!source.failing)
        report_(Level::warning, text);
    source.failing = true;
    return false;
}

void Sampler::take_memory() {
    Memory memory;
    if (!take(meminfo_, [&memory](std::string_view text) { return parse_meminfo(text, memory); }))
        return;
    const auto used_percent = [](std::uint64_t total, std::uint64_t free) {
        return total == 0 ? 0.0
                          : 100.0 * static_cast<double>(total - std::min(free, total)) / static_cast<double>(total);
    };
    samples_.push_back({"mem.total_bytes", static_cast<double>(memory.total)});
    samples_.push_back({"mem.available_bytes", static_cast<double>(memory.available)});
    samples_.push_back({"mem.used_percent", used_percent(memory.total, memory.available)});
    // Without swap it is 0, so that the series falls to 0 when swap is turned off.
    samples_.push_back({"swap.used_percent", used_percent(memory.swap_total, memory.swap_free)});
}

void Sampler::take_load() {
    Load load;
    if (!take(loadavg_, [&load](std::string_view text) { return parse_loadavg(text, load); }))
        return;
    samples_.push_back({"load.1", load.one});
    samples_.push_back({"load.5", load.five});
    samples_.push_back({"load.15", load.fifteen});
}

void Sampler::take_pressure(PressureSource& pressure) {
    std::string_view text;
    const int error = pressure.source.file.read(buffer_, text);
    if (error == ENOENT || error == EOPNOTSUPP) {  // the second is a kernel started with psi=0
        if (!said_no_pressure_) {
            said_no_pressure_ = true;
            report_(Level::info, fmt::format("no {}: this kernel keeps no pressure figures (CONFIG_PSI, psi=1)",
                                             pressure.source.file.path()));
        }
        return;
    }
    Pressure figures;
    const auto parse = [&figures](std::string_view all) { return parse_pressure(all, figures); };
    if (!understand(pressure.source, error, text, parse))
        return;
    if (figures.some)
        samples_.push_back({pressure.some, *figures.some});
    if (figures.full && !pressure.full.empty())
        samples_.push_back({pressure.full, *figures.full});
}

}  // namespace procfs
