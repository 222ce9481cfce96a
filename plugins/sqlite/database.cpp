#include "database.hpp"

#include <limits>
#include <system_error>

namespace sqlite {

Database::Database(const std::string& path, Mode mode) : path_{path} {
    const int flags = SQLITE_OPEN_READWRITE | (mode == Mode::create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX |
                      SQLITE_OPEN_EXRESCODE;
    sqlite3* connection = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
    connection_.reset(connection);  // there also on failure, to ask it why
    if (code != SQLITE_OK) {
        fail(code, "open");
    }
}

void Database::set_busy_timeout(std::chrono::milliseconds bound) {
    sqlite3_busy_timeout(handle(), static_cast<int>(bound.count()));
}

void Database::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        fail(code, sql);
    }
}

std::int64_t Database::integer(const std::string& sql) {
    Statement statement{*this, sql};
    return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(const std::string& sql) {
    Statement statement{*this, sql};
    return statement.step() ? std::string{statement.text(0)} : std::string{};
}

bool Database::is_read_only() const {
    return sqlite3_db_readonly(handle(), "main") == 1;
}

bool Database::has_moved() const {
    int moved = 0;
    return sqlite3_file_control(handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

void Database::keep_log_on_close() {
    int keep = 1;
    sqlite3_file_control(handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Database::fail(int code, std::string_view what) const {
    std::string text{connection_ ? sqlite3_errmsg(handle()) : sqlite3_errstr(code)};
    const int primary = code & 0xff;
    const int system = connection_ ? sqlite3_system_errno(handle()) : 0;
    if (system != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)) {
        text.append(": ").append(std::generic_category().message(system));
    } else if (primary == SQLITE_IOERR) {
        text.append(" (code ").append(std::to_string(code)).append(")");  // which of some thirty I/O errors
    }
    throw Error{code, text + " (" + std::string{what} + ")"};
}

Statement::Statement(const Database& database, std::string_view sql) : database_{&database} {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    statement_.reset(statement);
    if (code != SQLITE_OK) {
        database.fail(code, sql);
    }
}

void Statement::check(int code) const {
    if (code != SQLITE_OK) {
        database_->fail(code, sqlite3_sql(statement_.get()));
    }
}

void Statement::bind(int position, std::int64_t value) {
    check(sqlite3_bind_int64(statement_.get(), position, value));
}

void Statement::bind(int position, double value) {
    check(sqlite3_bind_double(statement_.get(), position, value));
}

void Statement::bind(int position, std::string_view value) {
    // An empty view may have no address, and no address would mean NULL.
    const char* const data = value.data() != nullptr ? value.data() : "";
    check(sqlite3_bind_text64(statement_.get(), position, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        database_->fail(code, sqlite3_sql(statement_.get()));
    }
    return code == SQLITE_ROW;
}

void Statement::run() {
    const Use use{*this};
    while (step()) {
    }
}

double Statement::number(int column) {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL
               ? std::numeric_limits<double>::quiet_NaN()
               : sqlite3_column_double(statement_.get(), column);
}

std::string_view Statement::text(int column) {
    const unsigned char* const data = sqlite3_column_text(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? std::string_view{} : std::string_view{reinterpret_cast<const char*>(data), size};
}

Transaction::~Transaction() {
    // Some failures (a full disk among them) have rolled back already.
    if (database_.in_transaction()) {
        sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

}  // namespace sqlite
