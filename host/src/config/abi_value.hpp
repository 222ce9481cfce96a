// A module's configuration as the plugin sees it: the heddle_value tree of heddle/abi.h, built out of a node.
//
// Owns everything that the tree points to, independent of the node it was made from. Immutable: any thread may read.
#pragma once

#include <heddle/abi.h>

#include <memory>

#include "config/node.hpp"

namespace heddle::config {

class AbiValue {
public:
    // A null node gives an empty map: a module without configuration has one with nothing in it.
    explicit AbiValue(Node node);
    ~AbiValue();
    AbiValue(AbiValue&&) noexcept;  // get() stays the same
    AbiValue& operator=(AbiValue&&) noexcept;
    AbiValue(const AbiValue&) = delete;
    AbiValue& operator=(const AbiValue&) = delete;

    // The root. Valid as long as this object, or the one it was moved to, lives.
    const heddle_value* get() const;

private:
    struct Storage;
    std::unique_ptr<const Storage> storage_;
};

}  // namespace heddle::config
