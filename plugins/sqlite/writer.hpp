// One open file, for storing: batches, retention, checkpoints. Belongs to one thread at a time. Every function throws
// Error when the file can't be written; what a failed call was to store is then not stored, as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "database.hpp"
#include "pending.hpp"
#include "settings.hpp"

namespace sqlite {

class Writer {
public:
    explicit Writer(const Settings& settings);  // opens the file, see schema.hpp
    Writer(const Writer&) = delete;             // SQLite's hook knows its address
    Writer& operator=(const Writer&) = delete;

    struct Stored {
        std::size_t samples = 0;
        std::size_t alerts = 0;
        std::size_t refused = 0;  // rows that the database will never take; they don't hold the others up
        std::string why_refused;  // the last of them
    };
    // All rows in one transaction. A sample of a series and time that are there already takes their place.
    Stored store(const Batch& batch);

    // One step of retention: deletes at most about `max_rows` rows older than `before_ns`, in one transaction, and
    // series that have nothing left. True when the last step of a round is done; the next call begins a new round.
    bool purge(std::int64_t before_ns, std::size_t max_rows);

    // Gives pages back to the file system, at most `max_pages`, when a good part of the file is unused. What retention
    // frees in daily use is not given back, as the next rows use it.
    void shrink(std::size_t max_pages);

    // Moves the log into the file when it has grown to 4 MiB. A log that readers keep from being emptied grows on: at
    // every further 16 MiB this waits for them, up to busy_timeout.
    void checkpoint();
    std::uint64_t log_bytes() const;  // as of the last transaction

    // The file isn't at its path any more: nothing that is stored from now on would be found.
    bool has_moved() const { return database_.has_moved(); }
    void abandon() { database_.keep_log_on_close(); }  // before the destructor, for a file that has moved

private:
    static constexpr int long_log_pages = 4000;

    std::int64_t id_of(const std::string& series);
    void forget_series_if_others_wrote();

    Database database_;
    std::int64_t page_bytes_;
    int log_pages_ = 0;  // set by SQLite's hook after each commit
    int next_wait_pages_ = long_log_pages;
    std::unordered_map<std::string, std::int64_t> ids_;
    std::int64_t seen_data_version_ = -1;
    std::int64_t purge_cursor_ = 0;  // the last series that this round has finished
    Statement find_series_;
    Statement add_series_;
    Statement add_sample_;
    Statement add_alert_;
    Statement data_version_;
    Statement next_series_;
    Statement purge_samples_;
    Statement purge_series_;
    Statement purge_alerts_;
};

}  // namespace sqlite
