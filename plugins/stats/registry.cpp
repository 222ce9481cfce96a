#include "registry.hpp"

#include <algorithm>
#include <cmath>

namespace stats {

Registry::Registry(const WindowShape& shape, std::size_t max_series, std::chrono::nanoseconds forget)
    : shape_(shape), max_series_(max_series), forget_(forget) {}

Registry::Outcome Registry::observe(std::string_view series, double value, Time now) {
    if (!std::isfinite(value)) {
        return Outcome::not_finite;
    }
    const std::lock_guard lock(mutex_);
    auto found = windows_.find(series);
    if (found == windows_.end()) {
        if (windows_.size() >= max_series_) {
            return Outcome::over_limit;
        }
        found = windows_.emplace(std::string(series), Window(shape_, now)).first;
    }
    found->second.observe(shape_, value, now);
    return Outcome::kept;
}

Summary Registry::summary(std::string_view series, Time now) {
    const std::lock_guard lock(mutex_);
    const auto found = windows_.find(series);
    return found == windows_.end() ? Summary{} : found->second.summarise(shape_, now, workspace_);
}

std::vector<std::string> Registry::series() const {
    std::vector<std::string> names;
    {
        const std::lock_guard lock(mutex_);
        names.reserve(windows_.size());
        for (const auto& [name, window] : windows_) {
            names.push_back(name);
        }
    }
    std::ranges::sort(names);
    return names;
}

std::size_t Registry::forget_silent(Time now) {
    const std::lock_guard lock(mutex_);
    return std::erase_if(windows_, [&](const auto& entry) { return now - entry.second.last_seen() >= forget_; });
}

}  // namespace stats
