#include "core/rates.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <unordered_set>

namespace procfs {

namespace {

// Lets `entries` stand for `rows`, one for one. Gives whether anything came, went or moved; what stays keeps its
// history, and `fresh(entry, is_double)` is then told of every entry.
template <typename Entry, typename Row, typename Fresh>
void follow(std::vector<Entry>& entries, std::span<const Row> rows, Fresh fresh) {
    const auto same = [](const Entry& entry, const Row& row) { return entry.name == row.name; };
    if (std::equal(entries.begin(), entries.end(), rows.begin(), rows.end(), same))
        return;
    std::vector<Entry> next;
    next.reserve(rows.size());
    std::unordered_set<std::string_view> names;
    for (const Row& row : rows) {
        const auto old =
            std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == row.name; });
        if (old != entries.end()) {
            next.push_back(std::move(*old));
            entries.erase(old);
        } else {
            next.emplace_back(row.name);
        }
        fresh(next.back(), !names.insert(row.name).second);
    }
    entries = std::move(next);
}

double clamp_percent(double value) {
    return std::clamp(value, 0.0, 100.0);
}

// The steps of a row's counters; nothing when any of them was reset, for then the whole row was (a device that was
// removed and came back under its name between two readings).
template <std::size_t N>
std::optional<std::array<double, N>> steps(const std::array<std::uint64_t, N>& before,
                                           const std::array<std::uint64_t, N>& now) {
    std::array<double, N> result{};
    for (std::size_t i = 0; i < N; ++i) {
        const auto step = counter_step(before[i], now[i]);
        if (!step)
            return std::nullopt;
        result[i] = static_cast<double>(*step);
    }
    return result;
}

// Takes the new counters of a row. Gives the steps and seconds since the last ones, where both can be told.
template <typename Entry, std::size_t N>
std::optional<std::array<double, N>> advance(Entry& entry, const std::array<std::uint64_t, N>& now, Time time,
                                             double& seconds) {
    std::optional<std::array<double, N>> result;
    if (entry.at) {
        if (time - *entry.at < min_step)
            return std::nullopt;
        seconds = std::chrono::duration<double>(time - *entry.at).count();
        result = steps(entry.last, now);
    }
    entry.at = time;
    entry.last = now;
    return result;
}

std::string series_name(std::string_view group, std::string_view name, std::string_view figure) {
    std::string text(group);
    text.append(name).append(figure);
    return text;
}

}  // namespace

std::optional<std::uint64_t> counter_step(std::uint64_t before, std::uint64_t now) {
    if (now >= before)
        return now - before;
    constexpr std::uint64_t bits32 = UINT64_C(1) << 32;
    constexpr std::uint64_t quarter32 = bits32 / 4;
    constexpr std::uint64_t quarter64 = UINT64_C(1) << 62;
    if (before < bits32 && before >= 3 * quarter32 && now < quarter32)
        return now + (bits32 - before);
    if (before >= 3 * quarter64 && now < quarter64)
        return now - before;  // modulo 2^64
    return std::nullopt;
}

bool Skip::matches(const std::string& name) const {
    return std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
}

CpuRates::Entry::Entry(std::string_view row_name) : name(row_name) {
    constexpr std::array<std::string_view, 5> figures{".busy", ".user", ".system", ".iowait", ".steal"};
    for (std::size_t i = 0; i < series.size(); ++i)
        series[i] = series_name("", name, figures[i]);
}

void CpuRates::update(std::span<const CpuRow> rows, Samples& samples) {
    follow(entries_, rows, [](Entry&, bool) {});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Entry& entry = entries_[i];
        const CpuTimes& now = rows[i].times;
        if (!entry.last) {
            entry.last = now;
            continue;
        }
        const CpuTimes before = *entry.last;
        entry.last = now;
        const auto busy_steps =
            steps(std::array{before.user, before.nice, before.system, before.irq, before.softirq, before.steal},
                  std::array{now.user, now.nice, now.system, now.irq, now.softirq, now.steal});
        if (!busy_steps)
            continue;  // the core was away and counts anew
        // The kernel says that iowait may fall, and idle has been seen to: nothing waited, then.
        const auto idle = static_cast<double>(counter_step(before.idle, now.idle).value_or(0));
        const auto iowait = static_cast<double>(counter_step(before.iowait, now.iowait).value_or(0));
        const auto& [user, nice, system, irq, softirq, steal] = *busy_steps;
        const double busy = user + nice + system + irq + softirq + steal;
        const double total = busy + idle + iowait;
        if (total <= 0)
            continue;  // no tick passed between the two readings
        const auto percent = [total](double part) { return clamp_percent(100.0 * part / total); };
        samples.push_back({entry.series[0], percent(busy)});
        if (entry.name != "cpu")
            continue;
        samples.push_back({entry.series[1], percent(user + nice)});
        samples.push_back({entry.series[2], percent(system + irq + softirq)});
        samples.push_back({entry.series[3], percent(iowait)});
        samples.push_back({entry.series[4], percent(steal)});
    }
}

NetRates::Entry::Entry(std::string_view row_name) : name(row_name) {
    constexpr std::array<std::string_view, 4> figures{".rx_bytes", ".tx_bytes", ".rx_errors", ".tx_errors"};
    for (std::size_t i = 0; i < series.size(); ++i)
        series[i] = series_name("net.", name, figures[i]);
}

void NetRates::update(std::span<const NetRow> rows, Time now, Samples& samples) {
    follow(entries_, rows,
           [this](Entry& entry, bool is_double) { entry.wanted = !is_double && !skip_.matches(entry.name); });
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Entry& entry = entries_[i];
        if (!entry.wanted)
            continue;
        const NetRow& row = rows[i];
        double seconds = 0;
        const auto step = advance(
            entry, std::array{row.rx_bytes, row.tx_bytes, row.rx_errors, row.tx_errors, row.rx_packets, row.tx_packets},
            now, seconds);
        if (!step)
            continue;
        for (std::size_t figure = 0; figure < entry.series.size(); ++figure)
            samples.push_back({entry.series[figure], (*step)[figure] / seconds});
    }
}

DiskRates::Entry::Entry(std::string_view row_name) : name(row_name) {
    constexpr std::array<std::string_view, 3> figures{".read_bytes", ".write_bytes", ".busy"};
    for (std::size_t i = 0; i < series.size(); ++i)
        series[i] = series_name("disk.", name, figures[i]);
}

void DiskRates::update(std::span<const DiskRow> rows, Time now, Samples& samples) {
    follow(entries_, rows, [&](Entry& entry, bool is_double) {
        entry.wanted = !is_double && !skip_.matches(entry.name) && (partitions_ || !is_partition(entry.name, rows));
    });
    constexpr double sector_bytes = 512;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Entry& entry = entries_[i];
        if (!entry.wanted)
            continue;
        const DiskRow& row = rows[i];
        double seconds = 0;
        const auto step = advance(
            entry, std::array{row.read_sectors, row.write_sectors, row.busy_ms, row.reads, row.writes}, now, seconds);
        if (!step)
            continue;
        samples.push_back({entry.series[0], (*step)[0] * sector_bytes / seconds});
        samples.push_back({entry.series[1], (*step)[1] * sector_bytes / seconds});
        samples.push_back({entry.series[2], clamp_percent((*step)[2] / 10.0 / seconds)});  // ms per s, in percent
    }
}

bool is_partition(std::string_view name, std::span<const DiskRow> rows) {
    const std::size_t last = name.find_last_not_of("0123456789");
    if (last == std::string_view::npos || last + 1 == name.size())
        return false;  // no number at its end
    const auto is_disk = [rows](std::string_view disk) {
        return std::any_of(rows.begin(), rows.end(), [disk](const DiskRow& row) { return row.name == disk; });
    };
    const auto ends_in_digit = [](std::string_view text) {
        return !text.empty() && text.back() >= '0' && text.back() <= '9';
    };
    const std::string_view stem = name.substr(0, last + 1);
    if (stem.back() == 'p' && ends_in_digit(stem.substr(0, last)) && is_disk(stem.substr(0, last)))
        return true;
    return is_disk(stem);
}

}  // namespace procfs
