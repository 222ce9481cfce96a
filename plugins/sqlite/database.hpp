// SQLite's C interface with owners: a connection, a prepared statement, a transaction.
//
// Every failure is an Error that names what was tried, SQLite's own words and, where the system gave one, its errno.
// A Database and all that was made from it belong to one thread at a time (opened without SQLite's own mutex); its
// statements and transactions must go before it.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sqlite {

class Error : public std::runtime_error {
public:
    Error(int extended_code, const std::string& text) : std::runtime_error{text}, code_{extended_code} {}
    int code() const { return code_ & 0xff; }  // SQLITE_BUSY, SQLITE_FULL, ...
    int extended_code() const { return code_; }

private:
    int code_;
};

class Database {
public:
    enum class Mode {
        create,    // read and write; made when it isn't there
        existing,  // read and write; an Error when it isn't there
    };

    // Opening reads nothing: a file that is no database shows at the first statement.
    Database(const std::string& path, Mode mode);

    // Waits at most this long where another connection holds a lock. 0: not at all.
    void set_busy_timeout(std::chrono::milliseconds bound);

    void execute(const std::string& sql);          // rows, if any, are ignored
    std::int64_t integer(const std::string& sql);  // the first column of the first row
    std::string text(const std::string& sql);      // likewise
    bool is_read_only() const;                     // the file could only be opened for reading
    bool has_moved() const;                        // the file at the path is another one now, or gone
    bool in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }
    std::int64_t changes() const { return sqlite3_changes64(handle()); }  // rows that the last statement touched

    // Leaves the log as it is when the connection goes: for a file that isn't at its path any more, whose log there
    // may by now be another database's.
    void keep_log_on_close();

    const std::string& path() const { return path_; }
    sqlite3* handle() const { return connection_.get(); }

    // `what` was tried and SQLite answered `code`.
    [[noreturn]] void fail(int code, std::string_view what) const;

private:
    struct Close {
        void operator()(sqlite3* connection) const { sqlite3_close(connection); }
    };
    std::string path_;
    std::unique_ptr<sqlite3, Close> connection_;
};

// Positions count from 1 in bind() as in SQL, columns from 0. Texts are not copied: a bound text must stay until the
// statement was run, a column's text ends with the next step or reset.
class Statement {
public:
    Statement(const Database& database, std::string_view sql);

    template <class... Values>
    Statement& bind_all(const Values&... values) {
        int position = 0;
        (bind(++position, values), ...);
        return *this;
    }
    void bind(int position, std::int64_t value);
    void bind(int position, double value);  // NaN becomes NULL: SQLite has no NaN
    void bind(int position, std::string_view value);

    bool step();  // true: a row is there
    void run();   // steps to the end and resets
    void reset() { sqlite3_reset(statement_.get()); }

    std::int64_t integer(int column) { return sqlite3_column_int64(statement_.get(), column); }
    double number(int column);  // NULL becomes NaN
    std::string_view text(int column);

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    void check(int code) const;

    const Database* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Resets a statement when it goes out of sight, so that no read lock outlives a throw.
class Use {
public:
    explicit Use(Statement& statement) : statement_{statement} {}
    ~Use() { statement_.reset(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Statement* operator->() { return &statement_; }

private:
    Statement& statement_;
};

// Holds the write lock from its first moment (BEGIN IMMEDIATE), so that waiting happens here and never in the middle.
// Rolled back unless committed.
class Transaction {
public:
    explicit Transaction(Database& database) : database_{database} { database_.execute("BEGIN IMMEDIATE"); }
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit() { database_.execute("COMMIT"); }

private:
    Database& database_;
};

}  // namespace sqlite
