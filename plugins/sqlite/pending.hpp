// Rows that were handed over and are not in the file yet: in memory, bounded, the oldest given up first.
//
// Thread-safe: one mutex, held for moments and never while the disk is touched, so that who writes a row never waits
// for the disk. One thread takes batches out (take, done, put_back); the batch it took stays visible to samples_of()
// until it is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"

namespace sqlite {

struct SampleRow {
    std::string series;
    Sample sample;
};

struct AlertRow {
    std::string rule;
    bool raised = false;
    double value = 0;
    std::string message;
    std::int64_t time_ns = 0;
};

struct Batch {
    std::vector<SampleRow> samples;
    std::vector<AlertRow> alerts;
    std::size_t size() const { return samples.size() + alerts.size(); }
};

class Pending {
public:
    explicit Pending(std::size_t max_rows) : max_rows_{max_rows} {}  // at most so many wait

    // Beyond max_rows the oldest sample is dropped and counted; an alert only when no sample waits, being rarer and
    // worth more.
    void add(SampleRow row);
    void add(AlertRow row);

    // The oldest rows, at most `max_rows`; alerts first. The reference is good until done() or put_back(), one of
    // which must follow before the next take().
    const Batch& take(std::size_t max_rows);
    void done();      // it is in the file
    void put_back();  // it is not: back in front, where max_rows may cost the oldest of it

    std::size_t size() const;       // the batch taken included
    std::uint64_t dropped() const;  // since the start
    // The samples of `series` from `from_ns` to `to_ns`, both included, in the order they were added.
    std::vector<Sample> samples_of(std::string_view series, std::int64_t from_ns, std::int64_t to_ns) const;

private:
    void bound_rows();  // with mutex_ held

    const std::size_t max_rows_;
    mutable std::mutex mutex_;  // over all below; taken_ is also read without it by the taker, who alone changes it
    std::deque<SampleRow> samples_;
    std::deque<AlertRow> alerts_;
    Batch taken_;
    std::uint64_t dropped_ = 0;
};

}  // namespace sqlite
