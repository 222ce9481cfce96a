#include "config/problem.hpp"

#include <algorithm>
#include <tuple>

namespace heddle::config {

void sort(Problems& problems) {
    std::stable_sort(problems.begin(), problems.end(), [](const Problem& left, const Problem& right) {
        return std::tie(left.file, left.place) < std::tie(right.file, right.place);
    });
    Problems unique;
    for (Problem& problem : problems) {
        bool seen = false;
        for (auto one = unique.rbegin(); one != unique.rend() && one->place == problem.place && !seen; ++one) {
            seen = *one == problem;
        }
        if (!seen) {
            unique.push_back(std::move(problem));
        }
    }
    problems = std::move(unique);
}

std::string to_string(const Problem& problem) {
    std::string text = problem.file;
    if (problem.place.line != 0) {
        text += ':' + std::to_string(problem.place.line) + ':' + std::to_string(problem.place.column);
    }
    return text.empty() ? problem.message : text + ": " + problem.message;
}

std::string to_string(const Problems& problems) {
    std::string text;
    for (const Problem& problem : problems) {
        text += to_string(problem) + '\n';
    }
    return text;
}

}  // namespace heddle::config
