// One open file, for queries. Belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "database.hpp"
#include "settings.hpp"

namespace sqlite {

class Reader {
public:
    explicit Reader(const Settings& settings);  // throws Refused or Error
    Reader(const Reader&) = delete;             // its statement knows the address of its database
    Reader& operator=(const Reader&) = delete;

    // By time. Throws Error when the file can't be read, or when there are more than `max_rows`.
    std::vector<Sample> samples(std::string_view series, std::int64_t from_ns, std::int64_t to_ns,
                                std::size_t max_rows);

    bool has_moved() const { return database_.has_moved(); }
    void abandon() { database_.keep_log_on_close(); }  // before the destructor, for a file that has moved

private:
    Database database_;
    Statement select_;
};

}  // namespace sqlite
