#include "reader.hpp"

#include <string>

#include "schema.hpp"

namespace sqlite {

Reader::Reader(const Settings& settings)
    : database_{open_for_reading(settings)},
      select_{database_,
              "SELECT time_ns, value FROM samples WHERE series_id = (SELECT id FROM series WHERE name = ?1) "
              "AND time_ns BETWEEN ?2 AND ?3 ORDER BY time_ns"} {}

std::vector<Sample> Reader::samples(std::string_view series, std::int64_t from_ns, std::int64_t to_ns,
                                    std::size_t max_rows) {
    std::vector<Sample> found;
    Use select{select_};
    select->bind(1, series);
    select->bind(2, from_ns);
    select->bind(3, to_ns);
    while (select->step()) {
        if (found.size() == max_rows) {
            throw Error{SQLITE_TOOBIG, "more than " + std::to_string(max_rows) + " samples of '" + std::string{series} +
                                           "' in that time; ask for a shorter one"};
        }
        found.push_back({select->integer(0), select->number(1)});
    }
    return found;
}

}  // namespace sqlite
