// A machine for the golden tests: figures that exercise every unit and level.
#pragma once

#include <string>

#include "core/view.hpp"

namespace console {

inline View sample_view(unsigned cores = 4) {
    constexpr double kib = 1024;
    constexpr double mib = kib * 1024;
    constexpr double gib = mib * 1024;
    View view;
    view.host = "loom.example";
    view.time = "2026-11-23 05:02:11";
    view.time_ns = 1'795'410'131'000'000'000;
    view.busy = {37.4, 71.2};
    view.user = {25.1, 50.0};
    view.system = {10.8, 20.0};
    view.iowait = {1.2, 3.0};
    view.steal = {0.3, 0.5};
    for (unsigned i = 0; i < cores; ++i) {
        const double busy = (i * 37 + 12) % 101;
        view.cores.push_back({i, {busy, busy < 90 ? busy + 10 : busy}});
    }
    view.memory_total = {23.5 * gib, 23.5 * gib};
    view.memory_available = {20.1 * gib, 20 * gib};
    view.memory_used = {14.5, 15.0};
    view.swap_used = {0, 0};
    view.load1 = {0.42, 1};
    view.load5 = {12.31, 1};
    view.load15 = {0.2, 1};
    view.pressure_cpu = {0.2, 1};
    view.pressure_memory = {0, 0};
    view.pressure_io = {62.5, 70};
    view.interfaces.push_back({"eth0", {12.3 * kib, 800 * kib}, {512, 2 * kib}, {0, 0}, {0, 0}});
    view.interfaces.push_back({"wlp0s20f3", {3.4 * mib, 9.9 * mib}, {99.96 * kib, 110 * kib}, {2.5, 3}, {0, 0}});
    view.disks.push_back({"nvme0n1", {0, 12 * mib}, {1.1 * mib, 220 * mib}, {3.2, 60}});
    view.disks.push_back({"sda", {std::nullopt, std::nullopt}, {1023.4 * kib, 2 * gib}, {97.5, 100}});
    return view;
}

inline Alert sample_alert(const std::string& rule, const std::string& message, int seconds_ago) {
    return {rule, message, 97.5, 1'795'410'131'000'000'000 - seconds_ago * INT64_C(1'000'000'000)};
}

}  // namespace console
