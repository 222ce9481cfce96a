#include "store.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <utility>

#include "schema.hpp"

namespace sqlite {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds first_back_off{1};
constexpr seconds longest_back_off{30};
// Retention looks this often, and takes this much at a time, so that no flush waits long for it.
constexpr seconds purge_interval{60};
constexpr milliseconds purge_pause{100};
constexpr std::size_t purge_rows = 5000;
constexpr std::size_t shrink_pages = 256;
constexpr std::uint64_t long_log_bytes = 64ULL << 20;

std::filesystem::path directory_of(const std::string& path) {
    const auto parent = std::filesystem::path{path}.parent_path();
    return parent.empty() ? "." : parent;
}

bool directory_exists(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
}

std::string rows(std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " row" : " rows");
}

std::string seconds_text(Clock::Point::duration time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>(time).count());
    return text;
}

}  // namespace

Clock Clock::system() {
    return {[] { return std::chrono::steady_clock::now(); },
            [] {
                const auto now = std::chrono::system_clock::now().time_since_epoch();
                return std::int64_t{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
            }};
}

Store::Store(Settings settings, Report report, Clock clock)
    : settings_{std::move(settings)},
      report_{std::move(report)},
      clock_{std::move(clock)},
      pending_{settings_.max_pending},
      next_flush_{clock_.steady() + settings_.flush},
      next_purge_{clock_.steady()} {
    // Once it has run, a missing directory may come back; at the start it is a mistake in the path.
    if (const auto directory = directory_of(settings_.path); !directory_exists(directory)) {
        throw Error{SQLITE_CANTOPEN, "can't open '" + settings_.path + "': there is no directory '" +
                                         directory.string() + "'; make it, or correct 'path'"};
    }
    try {
        open();
    } catch (const Refused&) {
        throw;
    } catch (const std::exception& error) {
        fail(error);
    }
}

Store::~Store() {
    if (pending_.size() > 0) {
        finish(milliseconds{1000});
    }
}

void Store::write(std::string_view series, std::int64_t time_ns, double value) {
    pending_.add(SampleRow{std::string{series}, {time_ns, value}});
}

void Store::alert(std::string_view rule, bool raised, double value, std::string_view message, std::int64_t time_ns) {
    pending_.add(AlertRow{std::string{rule}, raised, value, std::string{message}, time_ns});
}

std::vector<Sample> Store::query(std::string_view series, std::int64_t from_ns, std::int64_t to_ns) {
    // Memory first: a row that is written in between is then seen twice, and not missed.
    std::vector<Sample> waiting = pending_.samples_of(series, from_ns, to_ns);
    std::vector<Sample> found;
    {
        const std::lock_guard lock{reading_};
        try {
            if (reader_ && reader_->has_moved()) {
                reader_->abandon();
                reader_.reset();
            }
            if (!reader_) {
                reader_.emplace(settings_);
            }
            found = reader_->samples(series, from_ns, to_ns, max_query_rows);
        } catch (const Error& error) {
            reader_.reset();  // the next query begins anew
            throw Error{error.extended_code(), "can't read '" + settings_.path + "': " + error.what()};
        }
    }
    if (waiting.empty()) {
        return found;
    }
    found.insert(found.end(), waiting.begin(), waiting.end());
    const auto by_time = [](const Sample& a, const Sample& b) { return a.time_ns < b.time_ns; };
    std::stable_sort(found.begin(), found.end(), by_time);
    // Of samples of one time the last is the one written last: the file's come first, then memory's in their order.
    std::vector<Sample> merged;
    merged.reserve(found.size());
    for (const Sample& sample : found) {
        if (!merged.empty() && merged.back().time_ns == sample.time_ns) {
            merged.back() = sample;
        } else {
            merged.push_back(sample);
        }
    }
    return merged;
}

Stats Store::stats() const {
    Stats stats;
    {
        const std::lock_guard lock{counting_};
        stats = counts_;
    }
    stats.rows_pending = pending_.size();
    stats.rows_dropped += pending_.dropped();
    return stats;
}

void Store::work() {
    const Clock::Point now = clock_.steady();
    if (back_off_.count() > 0 && !said_dropping_ && pending_.dropped() > dropped_before_) {
        said_dropping_ = true;
        report_(Level::warning, std::to_string(settings_.max_pending) + " rows are waiting for '" + settings_.path +
                                    "' ('max_pending'); the oldest are dropped from now on");
    }
    if (now < retry_at_) {
        return;
    }
    const bool flush_due = now >= next_flush_ || pending_.size() >= settings_.batch;
    const bool purge_due = settings_.retention.count() > 0 && now >= next_purge_;
    if (!flush_due && !purge_due && back_off_.count() == 0) {
        return;
    }
    try {
        open();
        if (flush_due || back_off_.count() > 0) {
            flush(Clock::Point::max());
            next_flush_ = clock_.steady() + settings_.flush;
        }
        tend();
        succeed();
    } catch (const std::exception& error) {
        fail(error);
    }
}

void Store::open() {
    const bool moved = writer_ && writer_->has_moved();
    if (moved) {
        writer_->abandon();
        writer_.reset();
    }
    if (!writer_) {
        writer_.emplace(settings_);
    }
    if (moved) {
        report_(Level::warning, "'" + settings_.path + "' was moved or deleted; a new one was begun");
    }
}

void Store::flush(Clock::Point until) {
    // What is added meanwhile waits for the next time, or this might never end.
    for (std::size_t left = pending_.size(); left > 0 && clock_.steady() < until;) {
        const Batch& batch = pending_.take(std::min<std::size_t>(left, settings_.batch));
        const std::size_t count = batch.size();
        if (count == 0) {
            break;  // dropped meanwhile
        }
        Writer::Stored stored;
        try {
            stored = writer_->store(batch);
        } catch (...) {
            pending_.put_back();
            throw;
        }
        {
            const std::lock_guard lock{counting_};
            counts_.samples_written += stored.samples;
            counts_.alerts_written += stored.alerts;
            counts_.rows_dropped += stored.refused;
            ++counts_.batches;
        }
        pending_.done();
        if (stored.refused > 0 && !said_refused_) {
            said_refused_ = true;
            report_(Level::error, "'" + settings_.path + "' refused " + rows(stored.refused) +
                                      ", which were dropped: " + stored.why_refused);
        }
        left -= std::min(left, count);
    }
}

void Store::tend() {
    if (settings_.retention.count() > 0 && clock_.steady() >= next_purge_) {
        const std::int64_t kept_ns = std::chrono::nanoseconds{settings_.retention}.count();
        const std::int64_t now_ns = clock_.unix_ns();
        const bool all =
            now_ns < std::numeric_limits<std::int64_t>::min() + kept_ns || writer_->purge(now_ns - kept_ns, purge_rows);
        writer_->shrink(shrink_pages);
        next_purge_ = clock_.steady() + (all ? milliseconds{purge_interval} : purge_pause);
    }
    writer_->checkpoint();
    if (writer_->log_bytes() < long_log_bytes) {
        said_long_log_ = false;
    } else if (!said_long_log_) {
        said_long_log_ = true;
        report_(Level::warning, "the write-ahead log of '" + settings_.path + "' has grown to " +
                                    std::to_string(writer_->log_bytes() >> 20) +
                                    " MiB, as another program keeps a read transaction open; end it");
    }
}

std::string Store::cure_for(int code) const {
    switch (code) {
        case SQLITE_FULL:
            return "free space on its disk";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "end the other program's transaction";
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return "make the file and its directory writable";
        case SQLITE_CANTOPEN:
            return directory_exists(directory_of(settings_.path))
                       ? "make its directory writable"
                       : "bring its directory '" + directory_of(settings_.path).string() + "' back";
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return "move the file away and a new one is begun";
        default:
            return "look at its disk";
    }
}

void Store::fail(const std::exception& error) {
    const auto* const ours = dynamic_cast<const Error*>(&error);
    const int code = ours != nullptr ? ours->code() : SQLITE_ERROR;
    // A lock or a full disk says nothing against the connection; after anything else a new one is the better bet.
    if (writer_ && code != SQLITE_BUSY && code != SQLITE_FULL) {
        if (writer_->has_moved()) {
            writer_->abandon();
        }
        writer_.reset();
    }
    const Clock::Point now = clock_.steady();
    if (back_off_.count() == 0) {
        failing_since_ = now;
        dropped_before_ = pending_.dropped();
        said_dropping_ = false;
        const std::string what = dynamic_cast<const Refused*>(&error) != nullptr
                                     ? error.what()
                                     : "'" + settings_.path + "': " + error.what() + "; " + cure_for(code);
        report_(Level::error, "can't write " + what + ". Up to " + rows(settings_.max_pending) +
                                  " are kept in memory and it is tried again");
        back_off_ = first_back_off;
    } else {
        back_off_ = std::min<milliseconds>(back_off_ * 2, longest_back_off);
    }
    retry_at_ = now + back_off_;
    const std::lock_guard lock{counting_};
    ++counts_.failures;
    counts_.is_failing = true;
    counts_.last_error = error.what();
}

void Store::succeed() {
    if (back_off_.count() == 0) {
        return;
    }
    const std::uint64_t dropped = pending_.dropped() - dropped_before_;
    report_(dropped == 0 ? Level::info : Level::warning,
            "writing to '" + settings_.path + "' works again after " + seconds_text(clock_.steady() - failing_since_) +
                "; " + (dropped == 0 ? "nothing was lost" : rows(dropped) + " had to be dropped"));
    back_off_ = milliseconds{0};
    retry_at_ = {};
    const std::lock_guard lock{counting_};
    counts_.is_failing = false;
}

void Store::finish(milliseconds bound) {
    std::string why = "the time was up";
    try {
        if (pending_.size() > 0) {
            open();
            flush(clock_.steady() + bound);
        }
    } catch (const std::exception& error) {
        why = error.what();
    }
    if (const std::size_t lost = pending_.size(); lost > 0) {
        for (std::size_t left = lost; left > 0;) {
            left -= std::min(left, pending_.take(left).size());
            pending_.done();
        }
        report_(Level::error, rows(lost) + " could not be written to '" + settings_.path + "' and are lost: " + why);
    }
    writer_.reset();  // moves the log into the file
    const std::lock_guard lock{reading_};
    reader_.reset();
}

}  // namespace sqlite
