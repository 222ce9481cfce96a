#include "writer.hpp"

#include <algorithm>

#include "schema.hpp"

namespace sqlite {
namespace {

// The log is moved into the file from here on, as SQLite's own default does: 4 MiB with pages of 4 KiB.
constexpr int checkpoint_pages = 1000;
// A name is looked up again rather than remembered beyond this many.
constexpr std::size_t max_remembered_series = 10000;

bool is_about_the_row(const Error& error) {
    switch (error.code()) {
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG:
        case SQLITE_RANGE:
            return true;
        default:
            return false;
    }
}

}  // namespace

Writer::Writer(const Settings& settings)
    : database_{open_for_writing(settings)},
      page_bytes_{database_.integer("PRAGMA page_size")},
      find_series_{database_, "SELECT id FROM series WHERE name = ?1"},
      add_series_{database_, "INSERT INTO series (name) VALUES (?1) RETURNING id"},
      add_sample_{database_, "INSERT OR REPLACE INTO samples (series_id, time_ns, value) VALUES (?1, ?2, ?3)"},
      add_alert_{database_, "INSERT INTO alerts (time_ns, rule, raised, value, message) VALUES (?1, ?2, ?3, ?4, ?5)"},
      data_version_{database_, "PRAGMA data_version"},
      next_series_{database_, "SELECT id FROM series WHERE id > ?1 ORDER BY id LIMIT 1"},
      purge_samples_{database_,
                     "DELETE FROM samples WHERE series_id = ?1 AND time_ns IN (SELECT time_ns FROM samples "
                     "WHERE series_id = ?1 AND time_ns < ?2 ORDER BY time_ns LIMIT ?3)"},
      purge_series_{database_,
                    "DELETE FROM series WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM samples WHERE series_id = ?1)"},
      purge_alerts_{database_,
                    "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE time_ns < ?1 ORDER BY time_ns LIMIT "
                    "?2)"} {
    // In the place of SQLite's own checkpoint after commits: see checkpoint().
    const auto note_pages = [](void* pages, sqlite3*, const char*, int count) {
        *static_cast<int*>(pages) = count;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(database_.handle(), note_pages, &log_pages_);
}

std::int64_t Writer::id_of(const std::string& series) {
    if (const auto known = ids_.find(series); known != ids_.end()) {
        return known->second;
    }
    if (ids_.size() >= max_remembered_series) {
        ids_.clear();
    }
    std::int64_t id = 0;
    {
        Use find{find_series_};
        find->bind(1, std::string_view{series});
        if (find->step()) {
            id = find->integer(0);
        } else {
            Use add{add_series_};
            add->bind(1, std::string_view{series});
            add->step();
            id = add->integer(0);
        }
    }
    return ids_.emplace(series, id).first->second;
}

// Another connection may have deleted a series whose id is remembered here.
void Writer::forget_series_if_others_wrote() {
    Use version{data_version_};
    version->step();
    if (const auto now = version->integer(0); now != seen_data_version_) {
        ids_.clear();
        seen_data_version_ = now;
    }
}

Writer::Stored Writer::store(const Batch& batch) {
    Stored stored;
    const auto one = [&](std::size_t& count, const auto& insert) {
        try {
            insert();
            ++count;
        } catch (const Error& error) {
            if (!is_about_the_row(error)) {
                throw;
            }
            ++stored.refused;
            stored.why_refused = error.what();
        }
    };
    try {
        Transaction transaction{database_};
        forget_series_if_others_wrote();
        for (const SampleRow& row : batch.samples) {
            one(stored.samples,
                [&] { add_sample_.bind_all(id_of(row.series), row.sample.time_ns, row.sample.value).run(); });
        }
        for (const AlertRow& row : batch.alerts) {
            one(stored.alerts, [&] {
                add_alert_
                    .bind_all(row.time_ns, std::string_view{row.rule}, std::int64_t{row.raised ? 1 : 0}, row.value,
                              std::string_view{row.message})
                    .run();
            });
        }
        transaction.commit();
    } catch (...) {
        ids_.clear();  // some may have been made in the transaction that is undone
        throw;
    }
    return stored;
}

bool Writer::purge(std::int64_t before_ns, std::size_t max_rows) {
    auto budget = static_cast<std::int64_t>(max_rows);
    std::int64_t cursor = purge_cursor_;
    bool round_done = false;
    Transaction transaction{database_};
    while (budget > 0 && !round_done) {
        std::int64_t id = 0;
        {
            Use next{next_series_};
            next->bind(1, cursor);
            if (next->step()) {
                id = next->integer(0);
            } else {
                round_done = true;
            }
        }
        const std::int64_t limit = budget;
        if (round_done) {
            purge_alerts_.bind_all(before_ns, limit).run();
            cursor = 0;
            break;
        }
        purge_samples_.bind_all(id, before_ns, limit).run();
        const std::int64_t deleted = database_.changes();
        budget -= deleted + 1;  // looking at a series costs something too
        if (deleted < limit) {
            purge_series_.bind_all(id).run();
            if (database_.changes() > 0) {
                ids_.clear();
            }
            cursor = id;
        }
    }
    transaction.commit();
    purge_cursor_ = cursor;
    return round_done;
}

void Writer::shrink(std::size_t max_pages) {
    const std::int64_t unused = database_.integer("PRAGMA freelist_count");
    const std::int64_t all = database_.integer("PRAGMA page_count");
    if (unused > static_cast<std::int64_t>(max_pages) && unused > all / 4) {
        database_.execute("PRAGMA incremental_vacuum(" + std::to_string(max_pages) + ")");
    }
}

void Writer::checkpoint() {
    if (log_pages_ < checkpoint_pages) {
        return;
    }
    const bool wait_for_readers = log_pages_ >= next_wait_pages_;
    int in_log = 0;
    int moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(
        database_.handle(), "main", wait_for_readers ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &in_log,
        &moved);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
        database_.fail(code, "moving the log into the file");
    }
    if (code == SQLITE_OK && in_log == moved) {
        log_pages_ = 0;  // the next commit begins the log anew and says so
        next_wait_pages_ = long_log_pages;
    } else if (wait_for_readers) {
        next_wait_pages_ = log_pages_ + long_log_pages;
    }
}

std::uint64_t Writer::log_bytes() const {
    return static_cast<std::uint64_t>(log_pages_) * static_cast<std::uint64_t>(page_bytes_);
}

}  // namespace sqlite
