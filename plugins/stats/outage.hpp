// Says a failure once, and once again that it is over, however many calls fail in between.
// Thread-safety: any thread. The working path costs one relaxed load.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace stats {

class Outage {
public:
    // Counts a failure. True for the first of an outage: the one to say.
    bool failed() {
        total_.fetch_add(1, std::memory_order_relaxed);
        current_.fetch_add(1, std::memory_order_relaxed);
        return !down_.exchange(true, std::memory_order_relaxed);
    }

    // After a call that worked: how many failed before it, if it is the one that ended an outage.
    std::optional<std::uint64_t> worked() {
        if (!down_.load(std::memory_order_relaxed) || !down_.exchange(false, std::memory_order_relaxed)) {
            return std::nullopt;
        }
        return current_.exchange(0, std::memory_order_relaxed);
    }

    std::uint64_t total() const { return total_.load(std::memory_order_relaxed); }

private:
    std::atomic<bool> down_{false};
    std::atomic<std::uint64_t> current_{0};
    std::atomic<std::uint64_t> total_{0};
};

}  // namespace stats
