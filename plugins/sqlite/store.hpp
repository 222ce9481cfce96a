// The store: takes samples and alerts into memory at once, and writes them to the file when it is due.
//
// Threads: write(), alert(), query() and stats() may be called by any thread at any time; none of them ever waits for a
// write to the disk. work() and finish() belong to one thread, the module's, which alone writes the file. The report
// function is called on that thread.
//
// A file that can't be written (full disk, lock held by another program, directory gone, read-only file, damage) is
// reported once, with a cure, and tried again after 1, 2, 4, ... 30 seconds; meanwhile up to `max_pending` rows wait in
// memory, beyond that the oldest are dropped and counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pending.hpp"
#include "reader.hpp"
#include "settings.hpp"
#include "writer.hpp"

namespace sqlite {

enum class Level { info, warning, error };
using Report = std::function<void(Level, const std::string&)>;

// The time, injected: tests have their own.
struct Clock {
    using Point = std::chrono::steady_clock::time_point;
    std::function<Point()> steady;          // for what is due
    std::function<std::int64_t()> unix_ns;  // for what is too old; Unix time in nanoseconds
    static Clock system();
};

// Counts since the start.
struct Stats {
    std::uint64_t samples_written = 0;
    std::uint64_t alerts_written = 0;
    std::uint64_t rows_pending = 0;  // now in memory only
    std::uint64_t rows_dropped = 0;  // given up: too many were waiting, or the database refused them
    std::uint64_t batches = 0;       // transactions that stored rows
    std::uint64_t failures = 0;      // attempts at the file that failed
    bool is_failing = false;         // the last attempt failed
    std::string last_error;          // of the last failure, kept after it has passed; empty: none yet
};

class Store {
public:
    // Opens the file, or makes it. Throws Refused when the file is none of ours or of a newer schema, and Error when
    // its directory doesn't exist. Anything else that keeps it from being opened is reported and tried again.
    Store(Settings settings, Report report, Clock clock = Clock::system());
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // Time is Unix time in nanoseconds, any value. Of two samples of one series and time the later written stays.
    void write(std::string_view series, std::int64_t time_ns, double value);
    void alert(std::string_view rule, bool raised, double value, std::string_view message, std::int64_t time_ns);

    // The samples of a series with from_ns <= time <= to_ns, by time; those not yet in the file included. Throws Error
    // when the file can't be read, or holds more than max_query_rows of them.
    std::vector<Sample> query(std::string_view series, std::int64_t from_ns, std::int64_t to_ns);
    static constexpr std::size_t max_query_rows = 1'000'000;

    Stats stats() const;

    // Does what is due: writes a full batch, or what has waited for `flush`; retention; checkpoints. Never throws for a
    // file that can't be written.
    void work();
    // Writes what waits, whether due or not, in at most about `bound` plus one transaction. Says how many rows are lost
    // when that fails. What is written later still is tried once more when the store is destroyed.
    void finish(std::chrono::milliseconds bound);

private:
    void flush(Clock::Point until);  // begins no further batch from then on
    void open();
    void tend();  // retention and log, once the rows are safe
    void fail(const std::exception& error);
    void succeed();
    std::string cure_for(int code) const;

    const Settings settings_;
    const Report report_;
    const Clock clock_;
    Pending pending_;

    std::optional<Writer> writer_;  // none: to be opened at the next attempt
    Clock::Point next_flush_;
    Clock::Point next_purge_;
    Clock::Point retry_at_{};
    std::chrono::milliseconds back_off_{};  // 0: the last attempt went well
    Clock::Point failing_since_{};
    std::uint64_t dropped_before_ = 0;  // when this failure began
    bool said_dropping_ = false;
    bool said_refused_ = false;
    bool said_long_log_ = false;

    std::mutex reading_;  // over reader_; held while a query reads, so queries wait for each other
    std::optional<Reader> reader_;

    mutable std::mutex counting_;  // over counts_, for moments
    Stats counts_;
};

}  // namespace sqlite
