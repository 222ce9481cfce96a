#include "core/view.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace console {

namespace {

// The <name> of "<prefix><name><suffix>"; nothing when the series is not of that shape.
std::optional<std::string_view> between(std::string_view series, std::string_view prefix, std::string_view suffix) {
    if (series.size() <= prefix.size() + suffix.size() || series.substr(0, prefix.size()) != prefix ||
        series.substr(series.size() - suffix.size()) != suffix)
        return std::nullopt;
    return series.substr(prefix.size(), series.size() - prefix.size() - suffix.size());
}

std::optional<unsigned> core_number(std::string_view series) {
    const auto digits = between(series, "cpu", ".busy");
    unsigned number = 0;
    if (!digits)
        return std::nullopt;
    const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), number);
    if (error != std::errc{} || end != digits->data() + digits->size())
        return std::nullopt;
    return number;
}

bool any_known(std::initializer_list<const Figure*> figures) {
    return std::any_of(figures.begin(), figures.end(), [](const Figure* figure) { return figure->now.has_value(); });
}

}  // namespace

void gather(View& view, std::span<const std::string> series, const Lookup& lookup) {
    std::set<unsigned> cores;
    std::set<std::string_view> interfaces;
    std::set<std::string_view> disks;
    for (const std::string_view name : series) {
        if (const auto number = core_number(name))
            cores.insert(*number);
        for (const std::string_view suffix : {".rx_bytes", ".tx_bytes"}) {
            if (const auto found = between(name, "net.", suffix))
                interfaces.insert(*found);
        }
        for (const std::string_view suffix : {".read_bytes", ".write_bytes", ".busy"}) {
            if (const auto found = between(name, "disk.", suffix))
                disks.insert(*found);
        }
    }
    const std::pair<Figure*, std::string_view> single[] = {{&view.busy, "cpu.busy"},
                                                           {&view.user, "cpu.user"},
                                                           {&view.system, "cpu.system"},
                                                           {&view.iowait, "cpu.iowait"},
                                                           {&view.steal, "cpu.steal"},
                                                           {&view.memory_total, "mem.total_bytes"},
                                                           {&view.memory_available, "mem.available_bytes"},
                                                           {&view.memory_used, "mem.used_percent"},
                                                           {&view.swap_used, "swap.used_percent"},
                                                           {&view.load1, "load.1"},
                                                           {&view.load5, "load.5"},
                                                           {&view.load15, "load.15"},
                                                           {&view.pressure_cpu, "pressure.cpu.some"},
                                                           {&view.pressure_memory, "pressure.memory.some"},
                                                           {&view.pressure_io, "pressure.io.some"}};
    for (const auto& [figure, name] : single)
        *figure = lookup(name);
    view.cores.clear();
    for (const unsigned number : cores) {
        const Core core{number, lookup("cpu" + std::to_string(number) + ".busy")};
        if (any_known({&core.busy}))
            view.cores.push_back(core);
    }
    view.interfaces.clear();
    for (const std::string_view name : interfaces) {
        std::string prefix("net.");
        prefix.append(name);
        Interface one{std::string(name), lookup(prefix + ".rx_bytes"), lookup(prefix + ".tx_bytes"),
                      lookup(prefix + ".rx_errors"), lookup(prefix + ".tx_errors")};
        if (any_known({&one.in, &one.out}))
            view.interfaces.push_back(std::move(one));
    }
    view.disks.clear();
    for (const std::string_view name : disks) {
        std::string prefix("disk.");
        prefix.append(name);
        Disk one{std::string(name), lookup(prefix + ".read_bytes"), lookup(prefix + ".write_bytes"),
                 lookup(prefix + ".busy")};
        if (any_known({&one.read, &one.write, &one.busy}))
            view.disks.push_back(std::move(one));
    }
}

}  // namespace console
