#include "life/calls_report.hpp"

#include <algorithm>

#include "plane/links.hpp"

namespace heddle::life {

std::vector<call_info> report_calls(const heddle_host& host) {
    std::vector<call_info> report;
    for (const auto& [names, count] : plane::links().counts(host)) {
        call_info& info = report.emplace_back();
        info.caller = names.first;
        info.function = names.second;
        info.calls = count.calls;
        info.timed = count.timed;
        info.dropped = count.dropped;
        info.unheard = count.unheard;
        info.mean_ns = count.timed == 0 ? 0 : static_cast<double>(count.total_ns) / static_cast<double>(count.timed);
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < count.histogram.size(); ++i) {
            below += count.histogram[i];
            if (static_cast<double>(below) >= 0.99 * static_cast<double>(count.timed)) {
                info.p99_ns = count.timed == 0 ? 0 : static_cast<double>(std::uint64_t{1} << i);
                break;
            }
        }
    }
    return report;
}

}  // namespace heddle::life
