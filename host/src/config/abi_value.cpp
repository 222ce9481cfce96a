#include "config/abi_value.hpp"

#include <utility>
#include <vector>

namespace heddle::config {
namespace {

constexpr std::uint32_t abi_kind(Kind kind) {
    switch (kind) {
        case Kind::scalar:
            return HEDDLE_SCALAR;
        case Kind::list:
            return HEDDLE_LIST;
        case Kind::map:
            return HEDDLE_MAP;
        case Kind::null:
            break;
    }
    return HEDDLE_NULL;
}

std::size_t count(const Node& node) {
    std::size_t total = 1;
    for (const Node& child : node.children) {
        total += count(child);
    }
    return total;
}

heddle_str borrow(const std::string& text) {
    return {text.data(), text.size()};
}

}  // namespace

// Values and the pointers to them stand in two runs that are reserved in full before the first is made, so that
// nothing moves while the tree is built.
struct AbiValue::Storage {
    explicit Storage(Node source) : node(std::move(source)) {
        const std::size_t total = count(node);
        values.reserve(total);
        items.reserve(total);
        add(node);
    }

    const heddle_value* add(const Node& from) {
        heddle_value& value = values.emplace_back();
        value.size = sizeof(heddle_value);
        value.version = 1;
        value.kind = abi_kind(from.kind);
        value.quoted = from.quoted ? 1 : 0;
        value.text = borrow(from.text);
        value.key = borrow(from.key);
        value.line = from.place.line;
        value.column = from.place.column;
        value.key_line = from.key_place.line;
        value.key_column = from.key_place.column;
        value.count = from.children.size();
        if (from.children.empty()) {
            return &value;
        }
        const std::size_t first = items.size();
        items.resize(first + from.children.size());
        value.items = items.data() + first;
        for (std::size_t i = 0; i < from.children.size(); ++i) {
            items[first + i] = add(from.children[i]);
        }
        return &value;
    }

    Node node;
    std::vector<heddle_value> values;
    std::vector<const heddle_value*> items;
};

AbiValue::AbiValue(Node node) {
    if (node.is_null()) {
        node.kind = Kind::map;
        node.children.clear();
    }
    storage_ = std::make_unique<const Storage>(std::move(node));
}

AbiValue::~AbiValue() = default;
AbiValue::AbiValue(AbiValue&&) noexcept = default;
AbiValue& AbiValue::operator=(AbiValue&&) noexcept = default;

const heddle_value* AbiValue::get() const {
    return storage_->values.data();
}

}  // namespace heddle::config
