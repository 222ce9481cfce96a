// The file that remembers which plugins passed a trial load, by content.
//
// A text file: a line "heddle-preflight 1", then a key a line, oldest first. Only the newest 1,024 are kept. A damaged
// file, or damaged lines, count as absent: the price is a trial. Replaced atomically; of two hosts that write at once
// one may lose what it learned.
//
// Thread-safety: one thread at a time. Ownership: plain values.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

namespace heddle::discovery {

class PassMemory {
public:
    static constexpr std::size_t most_keys = 1024;

    // An empty path remembers nothing. Reading never fails: what cannot be read is empty.
    explicit PassMemory(std::filesystem::path file);

    bool contains(const std::string& key) const { return known_.contains(key); }
    // Keys hold no white space.
    void add(const std::string& key);
    // Writes what was added, together with what others have written since. Returns the reason when it cannot, else
    // an empty text. Does nothing when nothing was added.
    std::string save();

private:
    std::filesystem::path file_;
    std::vector<std::string> added_;
    std::unordered_set<std::string> known_;
};

}  // namespace heddle::discovery
