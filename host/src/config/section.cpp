#include "config/section.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "config/duration.hpp"
#include "heddle/nearest.hpp"

namespace heddle::config {
namespace {

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string join(std::span<const std::string_view> names) {
    std::string text;
    for (const std::string_view name : names) {
        text += text.empty() ? "" : ", ";
        text += name;
    }
    return text;
}

}  // namespace

Section::Section(const Node* node, std::string where, Report& report)
    : node_(node), where_(std::move(where)), report_(report) {
    if (node_ == nullptr || node_->is_null()) {
        node_ = nullptr;
    } else if (!node_->is_map()) {
        const std::string name = node_->key.empty() ? "the configuration" : '\'' + node_->key + '\'';
        report_.add(node_->place, name + " must be a map (lines of 'key: value'), found " + found(*node_));
        node_ = nullptr;
    }
}

const Node* Section::any(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        known_.push_back(key);
    }
    return node_ == nullptr ? nullptr : node_->find(key);
}

void Section::wrong(const Node& node, std::string_view expected, std::string_view cure) {
    std::string message =
        '\'' + node.key + '\'' + where_ + " must be " + std::string(expected) + ", found " + found(node);
    if (node.is_null() && cure.empty()) {
        cure = " (give a value, or remove the key for the default)";
    }
    report_.add(node.place, message + std::string(cure));
}

const Node* Section::scalar(std::string_view key, std::string_view expected) {
    const Node* node = any(key);
    if (node != nullptr && !node->is_scalar()) {
        wrong(*node, expected);
        return nullptr;
    }
    return node;
}

std::optional<Duration> Section::duration(std::string_view key, const DurationRange& range) {
    const Node* node = scalar(key, range.form);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto value = parse_duration(node->text);
    if (value && *value >= range.least && *value <= range.most) {
        return value;
    }
    wrong(*node, range.form,
          is_number(node->text) ? " (add a unit: " + node->text + std::string(range.unit) + ")" : std::string());
    return std::nullopt;
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t low, std::int64_t high,
                                             std::string_view condition) {
    const std::string expected =
        "a whole number from " + std::to_string(low) + " to " + std::to_string(high) + std::string(condition);
    const Node* node = scalar(key, expected);
    if (node == nullptr) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    const char* const end = node->text.data() + node->text.size();
    const auto [stopped, error] = std::from_chars(node->text.data(), end, value);
    const bool is_integer = error == std::errc() && stopped == end;
    if (is_integer && !node->quoted && value >= low && value <= high) {
        return value;
    }
    wrong(*node, expected, is_integer && node->quoted ? " (remove the quotes)" : "");
    return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
    const Node* node = scalar(key, "true or false");
    if (node == nullptr) {
        return std::nullopt;
    }
    const bool is_boolean = node->text == "true" || node->text == "false";
    if (is_boolean && !node->quoted) {
        return node->text == "true";
    }
    wrong(*node, "true or false", is_boolean ? " (remove the quotes)" : "");
    return std::nullopt;
}

std::optional<std::string> Section::text(std::string_view key) {
    const Node* node = scalar(key, "a text");
    return node == nullptr ? std::nullopt : std::optional(node->text);
}

std::optional<std::size_t> Section::one_of(std::string_view key, std::span<const std::string_view> names) {
    const std::string expected = "one of " + join(names);
    const Node* node = scalar(key, expected);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto name = std::find(names.begin(), names.end(), node->text);
    if (name == names.end()) {
        wrong(*node, expected, did_you_mean(node->text, names));
        return std::nullopt;
    }
    return static_cast<std::size_t>(name - names.begin());
}

void Section::unknown_keys() {
    if (node_ == nullptr) {
        return;
    }
    for (const Node& child : node_->children) {
        if (std::find(known_.begin(), known_.end(), child.key) != known_.end()) {
            continue;
        }
        std::string hint = did_you_mean(child.key, std::span<const std::string_view>(known_));
        if (hint.empty()) {
            hint = " (known here: " + join(known_) + ')';
        }
        report_.add(child.key_place, "unknown key '" + shorten(child.key) + '\'' + where_ + hint);
    }
}

}  // namespace heddle::config
