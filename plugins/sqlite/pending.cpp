#include "pending.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sqlite {
namespace {

template <class Row>
void move_first(std::deque<Row>& from, std::size_t count, std::vector<Row>& to) {
    const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(count, from.size()));
    to.assign(std::make_move_iterator(from.begin()), std::make_move_iterator(end));
    from.erase(from.begin(), end);
}

template <class Row>
void move_back(std::vector<Row>& from, std::deque<Row>& to) {
    to.insert(to.begin(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    from.clear();
}

}  // namespace

void Pending::bound_rows() {
    while (samples_.size() + alerts_.size() > max_rows_) {
        if (!samples_.empty()) {
            samples_.pop_front();
        } else {
            alerts_.pop_front();
        }
        ++dropped_;
    }
}

void Pending::add(SampleRow row) {
    const std::lock_guard lock{mutex_};
    samples_.push_back(std::move(row));
    bound_rows();
}

void Pending::add(AlertRow row) {
    const std::lock_guard lock{mutex_};
    alerts_.push_back(std::move(row));
    bound_rows();
}

const Batch& Pending::take(std::size_t max_rows) {
    const std::lock_guard lock{mutex_};
    move_first(alerts_, max_rows, taken_.alerts);
    move_first(samples_, max_rows - taken_.alerts.size(), taken_.samples);
    return taken_;
}

void Pending::done() {
    Batch gone;  // freed after the lock
    const std::lock_guard lock{mutex_};
    std::swap(gone, taken_);
}

void Pending::put_back() {
    const std::lock_guard lock{mutex_};
    move_back(taken_.samples, samples_);
    move_back(taken_.alerts, alerts_);
    bound_rows();
}

std::size_t Pending::size() const {
    const std::lock_guard lock{mutex_};
    return samples_.size() + alerts_.size() + taken_.size();
}

std::uint64_t Pending::dropped() const {
    const std::lock_guard lock{mutex_};
    return dropped_;
}

std::vector<Sample> Pending::samples_of(std::string_view series, std::int64_t from_ns, std::int64_t to_ns) const {
    std::vector<Sample> found;
    const auto look_at = [&](const SampleRow& row) {
        if (row.sample.time_ns >= from_ns && row.sample.time_ns <= to_ns && row.series == series) {
            found.push_back(row.sample);
        }
    };
    const std::lock_guard lock{mutex_};
    std::for_each(taken_.samples.begin(), taken_.samples.end(), look_at);
    std::for_each(samples_.begin(), samples_.end(), look_at);
    return found;
}

}  // namespace sqlite
