// What one store is told: where, how often, how long, how safe. Plain values; the module's Config is made of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sqlite {

enum class Synchronous {
    normal,  // a power cut may take the last seconds, never the file; a crash of the program takes nothing stored
    full,    // every batch is on the disk before it counts as stored: one fsync each
};

struct Settings {
    std::string path = "heddle.db";
    std::uint32_t batch = 1000;                                  // rows of one transaction
    std::chrono::milliseconds flush{1000};                       // the longest a row waits before it is written
    std::chrono::seconds retention{std::chrono::hours{24 * 7}};  // 0: kept for ever
    Synchronous synchronous = Synchronous::normal;
    std::chrono::milliseconds busy_timeout{250};  // how long to wait for another program's lock
    std::uint32_t max_pending = 100000;           // rows kept while they can't be written

    // What can't be used, as the setting's name and what it must be; empty: all is well.
    std::vector<std::pair<std::string, std::string>> problems() const;
};

// One stored value of a series. Unix time in nanoseconds, UTC.
struct Sample {
    std::int64_t time_ns = 0;
    double value = 0;
};

}  // namespace sqlite
