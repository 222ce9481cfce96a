#include "settings.hpp"

namespace sqlite {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::pair<std::string, std::string>> Settings::problems() const {
    std::vector<std::pair<std::string, std::string>> found;
    const auto number = [](auto value) { return std::to_string(value); };
    const auto milli = [&](milliseconds time) { return number(time.count()) + "ms"; };
    if (path.empty() || path.starts_with(':') || path.starts_with("file:")) {
        found.emplace_back("path", "must be the name of a file");  // SQLite would take :memory: and file:... otherwise
    }
    if (batch < 1 || batch > 100000) {
        found.emplace_back("batch", "must be from 1 to 100000 rows, not " + number(batch));
    }
    if (flush < milliseconds{10} || flush > hours{1}) {
        found.emplace_back("flush", "must be from 10ms to 1h, not " + milli(flush));
    }
    if (retention < seconds{0} || retention > hours{24 * 36500}) {
        found.emplace_back("retention", "must be from 1s to 36500d, or 0s for ever");
    }
    if (busy_timeout < milliseconds{0} || busy_timeout > milliseconds{10000}) {
        found.emplace_back("busy_timeout", "must be from 0ms to 10s, not " + milli(busy_timeout));
    }
    if (max_pending < batch || max_pending > 10000000) {
        found.emplace_back("max_pending",
                           "must be from 'batch' (" + number(batch) + ") to 10000000 rows, not " + number(max_pending));
    }
    return found;
}

}  // namespace sqlite
