#include "config/variables.hpp"

#include <algorithm>
#include <cstdlib>

#include "config/source.hpp"

namespace heddle::config {
namespace {

bool is_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// What "${body}" stands for. A message instead when it stands for nothing.
std::string replacement(std::string_view body, const Environment& environment, std::string& message) {
    const std::size_t split = body.find(":-");
    const std::string name(body.substr(0, split));
    const bool has_default = split != std::string_view::npos;
    const std::string_view fallback = has_default ? body.substr(split + 2) : std::string_view();
    if (!is_name(name)) {
        message = "'${" + shorten(body) +
                  "}' names no variable: expected ${NAME} or ${NAME:-default} (write $$ for a dollar sign)";
        return {};
    }
    if (fallback.find("${") != std::string_view::npos) {
        message = "the default of variable '" + name + "' holds another variable, which is not supported";
        return {};
    }
    const std::optional<std::string> value = environment ? environment(name) : std::nullopt;
    if (!value && !has_default) {
        message = "variable '" + name + "' is not set (set it, or give a default: ${" + name + ":-value})";
        return {};
    }
    if (value && !is_utf8(*value)) {
        message = "variable '" + name + "' does not hold UTF-8 text";
        return {};
    }
    return value && !(has_default && value->empty()) ? *value : std::string(fallback);
}

}  // namespace

Expanded expand_variables(std::string_view text, const Environment& environment, std::size_t limit) {
    Expanded expanded;
    std::size_t dollars = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t dollar = std::min(text.find('$', at), text.size());
        expanded.text += text.substr(at, dollar - at);
        if (dollar == text.size()) {
            break;
        }
        const std::string_view rest = text.substr(dollar);
        if (rest.starts_with("$$")) {
            expanded.text += '$';
            dollars += 2;
            at = dollar + 2;
            continue;
        }
        if (!rest.starts_with("${")) {
            expanded.text += '$';
            dollars += 1;
            at = dollar + 1;
            continue;
        }
        const std::size_t end = rest.find('}');
        if (end == std::string_view::npos) {
            expanded.problems.push_back({dollars, "'${' without a '}' (write $$ for a dollar sign)"});
            break;
        }
        const std::string_view body = rest.substr(2, end - 2);
        std::string message;
        expanded.text += replacement(body, environment, message);
        if (message.empty() && expanded.text.size() > limit) {
            message = "variables make the configuration longer than " + std::to_string(max_text >> 20U) + " MiB";
        }
        if (!message.empty()) {
            expanded.problems.push_back({dollars, std::move(message)});
        }
        if (expanded.text.size() > limit) {
            expanded.text.clear();
            break;
        }
        dollars += 1 + static_cast<std::size_t>(std::count(body.begin(), body.end(), '$'));
        at = dollar + end + 1;
    }
    return expanded;
}

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

}  // namespace heddle::config
