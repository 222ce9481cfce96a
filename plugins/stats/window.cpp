#include "window.hpp"

#include <algorithm>
#include <stdexcept>

namespace stats {
namespace {

std::int64_t slice_number(const WindowShape& shape, Time time) {
    const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
    const std::int64_t whole = since / shape.slice;
    return since % shape.slice < std::chrono::nanoseconds::zero() ? whole - 1 : whole;
}

std::size_t place_in_ring(std::int64_t number, std::size_t size) {
    const auto slices = static_cast<std::int64_t>(size);
    return static_cast<std::size_t>((number % slices + slices) % slices);
}

}  // namespace

WindowShape::WindowShape(std::chrono::nanoseconds window, unsigned slice_count, double accuracy)
    : slice(slice_count > 0 ? window / slice_count : std::chrono::nanoseconds::zero()),
      slices(slice_count),
      scale(accuracy) {
    if (slice <= std::chrono::nanoseconds::zero()) {
        throw std::invalid_argument("a window needs at least one slice, and each slice at least 1 ns");
    }
}

Window::Window(const WindowShape& shape, Time first_seen)
    : ring_(shape.slices), first_seen_(first_seen), last_seen_(first_seen) {}

void Window::observe(const WindowShape& shape, double value, Time now) {
    last_seen_ = std::max(last_seen_, now);
    last_ = value;
    const std::int64_t number = slice_number(shape, last_seen_);
    Slice& slice = ring_[place_in_ring(number, ring_.size())];
    if (slice.number != number) {
        slice.number = number;
        slice.count = 0;
        slice.sum = 0;
        slice.sketch.clear();
    }
    slice.min = slice.count == 0 ? value : std::min(slice.min, value);
    slice.max = slice.count == 0 ? value : std::max(slice.max, value);
    slice.sum += value;
    ++slice.count;
    slice.sketch.add(shape.scale.key(value));
}

Summary Window::summarise(const WindowShape& shape, Time now, Workspace& workspace) const {
    Summary summary;
    summary.last = last_;
    now = std::max(now, last_seen_);
    const std::int64_t newest = slice_number(shape, now);
    const std::int64_t oldest = newest - static_cast<std::int64_t>(ring_.size()) + 1;

    workspace.merged.clear();
    long double sum = 0;
    for (const Slice& slice : ring_) {
        if (slice.number < oldest || slice.number > newest || slice.count == 0) {
            continue;
        }
        summary.min = summary.count == 0 ? slice.min : std::min(summary.min, slice.min);
        summary.max = summary.count == 0 ? slice.max : std::max(summary.max, slice.max);
        summary.count += slice.count;
        sum += slice.sum;
        workspace.merged.merge(slice.sketch, workspace.scratch);
    }
    if (summary.count == 0) {
        return summary;
    }

    // Rounding must not put the mean or a quantile outside what was seen: of a constant, each is that constant.
    const auto within_seen = [&](double value) { return std::clamp(value, summary.min, summary.max); };
    const auto quantile = [&](double q) {
        return within_seen(shape.scale.value(workspace.merged.key_at(quantile_rank(q, summary.count))));
    };
    summary.mean = within_seen(static_cast<double>(sum / static_cast<long double>(summary.count)));
    summary.p50 = quantile(0.50);
    summary.p90 = quantile(0.90);
    summary.p99 = quantile(0.99);

    // A series younger than the window is not diluted by the time before it was born. Not less than one slice, or
    // the first sample would have a rate of infinity.
    const Time window_start{std::chrono::duration_cast<Time::duration>(oldest * shape.slice)};
    const auto covered = std::max<std::chrono::nanoseconds>(now - std::max(window_start, first_seen_), shape.slice);
    summary.rate = static_cast<double>(summary.count) / std::chrono::duration<double>(covered).count();
    return summary;
}

}  // namespace stats
