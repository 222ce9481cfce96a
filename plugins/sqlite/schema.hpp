// The database's tables, and opening a file so that they are there. Any thread, each with a connection of its own.
//
//     series(id, name)                        names, written once
//     samples(series_id, time_ns, value)      keyed (series_id, time_ns) WITHOUT ROWID: the rows of a series lie
//     together
//                                             in time order, so a query reads one run of pages and retention deletes
//                                             one, and there is no second index to keep. A NULL value is NaN.
//     alerts(id, time_ns, rule, raised, value, message)
//     readable                                a view for people: series, time as text, value
//
// `user_version` counts the schema's versions, `application_id` says that the file is ours.
#pragma once

#include <string>

#include "database.hpp"
#include "settings.hpp"

namespace sqlite {

inline constexpr std::int64_t application_id = 0x6865646c;  // "hedl"
std::int64_t schema_version();                              // the newest this program knows

// The file at the path is something that must not be touched: no database, another program's, or of a newer schema.
// The text says what to do. The file was not changed.
class Refused : public Error {
public:
    using Error::Error;
};

// Opens the file for storing, making it and its tables where needed. Throws Refused or Error.
Database open_for_writing(const Settings& settings);

// Opens a file that is there for queries. Throws Refused or Error.
Database open_for_reading(const Settings& settings);

}  // namespace sqlite
