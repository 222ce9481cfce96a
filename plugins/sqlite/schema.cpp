#include "schema.hpp"

#include <array>
#include <filesystem>

namespace sqlite {
namespace {

// migrations[n] leads from version n to n + 1. Those that were released never change.
constexpr std::array migrations{
    R"sql(
        CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE samples (
            series_id INTEGER NOT NULL,
            time_ns INTEGER NOT NULL,
            value REAL,
            PRIMARY KEY (series_id, time_ns)
        ) WITHOUT ROWID;
        CREATE TABLE alerts (
            id INTEGER PRIMARY KEY,
            time_ns INTEGER NOT NULL,
            rule TEXT NOT NULL,
            raised INTEGER NOT NULL,
            value REAL,
            message TEXT NOT NULL
        );
        CREATE INDEX alerts_by_time ON alerts (time_ns);
        CREATE VIEW readable AS
            SELECT name AS series, strftime('%Y-%m-%d %H:%M:%f', time_ns / 1e9, 'unixepoch') AS time, value
            FROM samples JOIN series ON series.id = series_id;
    )sql",
};

// The log is cut back to this after a checkpoint that emptied it.
constexpr int log_bytes_kept = 4 * 1024 * 1024;

struct Identity {
    std::int64_t application = 0;
    std::int64_t version = 0;
    std::int64_t objects = 0;  // tables, indices, views
    bool is_new() const { return version == 0 && objects == 0; }
};

[[noreturn]] void refuse(int code, const Settings& settings, const std::string& why, const std::string& cure) {
    throw Refused{code, "'" + settings.path + "' " + why + "; " + cure + " (the file was not changed)"};
}

Identity identify(Database& database, const Settings& settings) {
    try {
        return {database.integer("PRAGMA application_id"), database.integer("PRAGMA user_version"),
                database.integer("SELECT count(*) FROM sqlite_schema")};
    } catch (const Error& error) {
        if (error.code() == SQLITE_NOTADB) {
            refuse(SQLITE_NOTADB, settings, "is not a SQLite database", "move it away, or set 'path' to another file");
        }
        if (error.code() == SQLITE_CORRUPT) {
            refuse(SQLITE_CORRUPT, settings, "is damaged",
                   "move it away (`sqlite3 FILE .recover` may save its rows), or set 'path' to another file");
        }
        throw;
    }
}

void check_identity(const Identity& identity, const Settings& settings) {
    if (identity.is_new()) {
        return;
    }
    if (identity.application != application_id) {
        refuse(SQLITE_NOTADB, settings, "is a SQLite database of another program", "set 'path' to another file");
    }
    if (identity.version > schema_version()) {
        refuse(SQLITE_SCHEMA, settings,
               "has schema " + std::to_string(identity.version) + ", and this plugin knows schemas up to " +
                   std::to_string(schema_version()),
               "use the newer plugin that wrote it, or set 'path' to another file");
    }
}

void migrate(Database& database, const Settings& settings) {
    if (database.integer("PRAGMA user_version") == schema_version()) {
        return;
    }
    Transaction transaction{database};  // tables and version together: a crash in between leaves the old version
    const Identity identity = identify(database, settings);  // again: another program may have been here
    check_identity(identity, settings);
    for (std::int64_t version = identity.version; version < schema_version(); ++version) {
        database.execute(migrations.at(static_cast<std::size_t>(version)));
    }
    database.execute("PRAGMA application_id = " + std::to_string(application_id));
    database.execute("PRAGMA user_version = " + std::to_string(schema_version()));
    transaction.commit();
}

void refuse_folder(const Settings& settings) {
    std::error_code ignored;
    if (std::filesystem::is_directory(settings.path, ignored)) {
        refuse(SQLITE_CANTOPEN, settings, "is a directory", "set 'path' to a file in it");
    }
}

}  // namespace

std::int64_t schema_version() {
    return static_cast<std::int64_t>(migrations.size());
}

Database open_for_writing(const Settings& settings) {
    refuse_folder(settings);
    Database database{settings.path, Database::Mode::create};
    database.set_busy_timeout(settings.busy_timeout);
    if (database.is_read_only()) {
        throw Error{SQLITE_READONLY, "the file is read-only for this user"};
    }
    const Identity identity = identify(database, settings);
    check_identity(identity, settings);
    if (identity.is_new()) {
        database.execute("PRAGMA auto_vacuum = INCREMENTAL");  // only possible before the first table
    }
    if (database.text("PRAGMA journal_mode = WAL") != "wal") {
        throw Error{SQLITE_IOERR, "the file system can't hold a write-ahead log"};
    }
    database.execute(settings.synchronous == Synchronous::full ? "PRAGMA synchronous = FULL"
                                                               : "PRAGMA synchronous = NORMAL");
    database.execute("PRAGMA journal_size_limit = " + std::to_string(log_bytes_kept));
    migrate(database, settings);
    return database;
}

Database open_for_reading(const Settings& settings) {
    refuse_folder(settings);
    Database database{settings.path, Database::Mode::existing};
    database.set_busy_timeout(settings.busy_timeout);
    check_identity(identify(database, settings), settings);
    database.execute("PRAGMA query_only = ON");
    return database;
}

}  // namespace sqlite
