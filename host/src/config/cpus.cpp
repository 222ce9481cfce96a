#include "config/cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>

namespace heddle::config {
namespace {

static_assert(max_cpu == CPU_SETSIZE - 1);

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::uint64_t> number(std::string_view text) {
    text = trimmed(text);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || text.empty() || error == std::errc::invalid_argument) {
        return std::nullopt;
    }
    return error == std::errc() ? value : UINT64_MAX;  // so large that it is out of range anyway
}

}  // namespace

std::optional<std::string> add_cpus(std::string_view text, std::vector<std::uint32_t>& cpus) {
    std::vector<std::uint32_t> added;
    while (true) {
        const std::size_t comma = text.find(',');
        const std::string_view part = trimmed(text.substr(0, comma));
        const std::size_t dash = part.find('-');
        const auto first = number(part.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : number(part.substr(dash + 1));
        if (!first || !last) {
            return "expected CPU numbers and ranges such as 0,2-3";
        }
        if (*first > max_cpu || *last > max_cpu) {
            return "CPU numbers go from 0 to " + std::to_string(max_cpu);
        }
        if (*first > *last) {
            return "the range goes backwards (write " + std::to_string(*last) + '-' + std::to_string(*first) + ')';
        }
        for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) {
            added.push_back(static_cast<std::uint32_t>(cpu));
        }
        if (comma == std::string_view::npos) {
            break;
        }
        text.remove_prefix(comma + 1);
    }
    cpus.insert(cpus.end(), added.begin(), added.end());
    return std::nullopt;
}

void tidy_cpus(std::vector<std::uint32_t>& cpus) {
    std::sort(cpus.begin(), cpus.end());
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
}

}  // namespace heddle::config
