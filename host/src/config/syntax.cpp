#include "config/syntax.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace heddle::config {
namespace {

namespace said = YAML::ErrorMsg;

constexpr const char* misfit =
    "this does not fit what stands before it (check the indentation: neighbours begin in the same column; and quotes)";

std::string still_open(std::optional<Place> open, char closing) {
    std::string text = std::string("expected ',' or '") + closing + '\'';
    if (open) {
        text += " for what line " + std::to_string(open->line) + ", column " + std::to_string(open->column) + " opens";
    }
    return text;
}

std::string explain(const std::string& message, std::string_view rest, std::optional<Place> open) {
    const std::string character = rest.empty() ? "" : std::string(rest.substr(0, 1));
    if (message == said::END_OF_SEQ_FLOW) {
        return still_open(open, ']');
    }
    if (message == said::END_OF_MAP_FLOW) {
        return still_open(open, '}');
    }
    if (message == said::END_OF_MAP || message == said::END_OF_SEQ) {
        return misfit;
    }
    if (message == said::MAP_VALUE) {
        return "':' is not expected here (check the indentation; a text with ': ' in it needs quotes)";
    }
    if (message == said::BLOCK_ENTRY) {
        return "'-' is not expected here (begin a list on a line of its own, or write [a, b])";
    }
    if (message == said::FLOW_END) {
        return '\'' + character + "' without anything open (a text that begins so needs quotes)";
    }
    if (message == said::UNKNOWN_TOKEN) {
        return "a value cannot begin with '" + character + "' (put it in quotes)";
    }
    if (message == said::UNKNOWN_ANCHOR) {
        return '\'' + std::string(rest.substr(0, rest.find_first_of(" \t\n,]}"))) +
               "' refers to nothing (an anchor, '&name', must stand before it)";
    }
    if (message.starts_with(said::INVALID_ESCAPE)) {
        return "'\\" + message.substr(std::string_view(said::INVALID_ESCAPE).size()) +
               "' is no escape (write \\\\ for a backslash, or use single quotes)";
    }
    return "not yaml: " + message;
}

}  // namespace

Problem explain_syntax(const YAML::Exception& error, const Source& source, std::string_view file,
                       std::optional<Place> open) {
    if (error.mark.is_null() || error.mark.pos < 0) {
        return {std::string(file), {}, "not yaml: " + error.msg};
    }
    const std::string& text = source.text();
    const std::size_t offset = std::min(static_cast<std::size_t>(error.mark.pos), text.size());
    const std::string_view line = source.line_at(offset);
    const std::size_t tab = std::min(line.find_first_not_of(' '), line.size());
    if (tab < line.size() && line[tab] == '\t') {
        return {std::string(file), source.place(source.line_start(offset) + tab),
                "a tab in the indentation (yaml takes only spaces there)"};
    }
    if (offset > 0 && offset < text.size() && text[offset] == '{' && text[offset - 1] == '$') {
        return {std::string(file), source.place(offset - 1), "a variable inside [ ] or { } needs quotes: \"${NAME}\""};
    }
    return {std::string(file), source.place(offset), explain(error.msg, std::string_view(text).substr(offset), open)};
}

std::size_t skip_properties(const Source& source, std::size_t offset) {
    const std::string_view text = source.text();
    std::size_t at = std::min(offset, text.size());
    while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
        at = std::min(text.find_first_of(" \t\n", at), text.size());
        at = std::min(text.find_first_not_of(" \t\n", at), text.size());
        while (at < text.size() && text[at] == '#') {
            at = std::min(text.find('\n', at), text.size());
            at = std::min(text.find_first_not_of(" \t\n", at), text.size());
        }
    }
    return at;
}

bool is_open_quote(const Source& source, std::size_t offset) {
    const std::string_view text = source.text();
    if (offset >= text.size() || (text[offset] != '"' && text[offset] != '\'')) {
        return false;
    }
    const char quote = text[offset];
    for (std::size_t i = offset + 1; i < text.size(); ++i) {
        const bool is_doubled = quote == '\'' && text.substr(i, 2) == "''";
        const bool is_escape = quote == '"' && text[i] == '\\';
        if (is_doubled || is_escape) {
            ++i;
        } else if (text[i] == quote) {
            return false;
        }
    }
    return true;
}

}  // namespace heddle::config
