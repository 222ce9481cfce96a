// How the parts of an inspection say that a file cannot be used. Caught inside the room; never leaves it.
#pragma once

#include <string>

#include "discovery/refusal.hpp"

namespace heddle::discovery {

// `text` goes on where the file's quoted name stood: "is empty; build it again".
struct Unusable {
    Reason reason{};
    std::string text;
};

}  // namespace heddle::discovery
