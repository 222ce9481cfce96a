// Inspection of damaged files: whatever the bytes, it gives an answer and touches nothing outside of them (which the
// address sanitizer watches).
#include <elf.h>
#include <gtest/gtest.h>
#include <heddle/abi.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <set>
#include <vector>

#include "discovery/inspect.hpp"
#include "plugin_files.hpp"

namespace heddle::discovery {
namespace {

class Mutator {
public:
    Mutator(std::string original, std::uint64_t seed) : original_(std::move(original)), random_(seed) {
        const auto header = get<Elf64_Ehdr>(original_, 0);
        // Where a change says most: the headers, the tables of segments, sections and symbols, and the record.
        hot_.push_back({0, sizeof(Elf64_Ehdr)});
        hot_.push_back({header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr)});
        hot_.push_back({header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr)});
        for (const char* name : {".dynsym", ".dynstr", ".dynamic", ".note.gnu.build-id", HEDDLE_INFO_SECTION}) {
            const auto section = get<Elf64_Shdr>(original_, section_header(original_, name));
            hot_.push_back({section.sh_offset, section.sh_size});
        }
    }

    std::string next() {
        std::string bytes = original_;
        for (std::uint64_t changes = 1 + below(6); changes > 0; --changes) {
            const auto [start, size] = hot_[below(hot_.size())];
            const std::size_t at = below(10) == 0 ? below(bytes.size()) : start + below(size);
            change(bytes, at);
        }
        if (below(8) == 0) {
            bytes.resize(below(bytes.size()) + 1);
        }
        return bytes;
    }

private:
    struct Range {
        std::size_t start;
        std::size_t size;
    };
    std::uint64_t below(std::uint64_t bound) {
        return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
    }

    void change(std::string& bytes, std::size_t at) {
        constexpr std::uint64_t values[] = {0,          1,          0x7f,       0xff,           0xffff,    0x7fffffff,
                                            0xffffffff, 1ULL << 32, 1ULL << 63, UINT64_MAX - 1, UINT64_MAX};
        const std::uint64_t value = below(2) == 0 ? values[below(std::size(values))] : random_();
        const std::size_t width = std::size_t{1} << below(4);  // 1, 2, 4 or 8 bytes, aligned as fields are
        at = at / width * width;
        if (at + width <= bytes.size()) {
            std::memcpy(bytes.data() + at, &value, width);
        }
    }

    std::string original_;
    std::mt19937_64 random_;
    std::vector<Range> hot_;
};

std::uint64_t seed() {
    const char* const given = std::getenv("HEDDLE_TEST_SEED");
    return given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
}

TEST(InspectOfDamagedFiles, AlwaysGivesAnAnswer) {
    const std::uint64_t used_seed = seed();
    SCOPED_TRACE("HEDDLE_TEST_SEED=" + std::to_string(used_seed));
    RecordProperty("seed", std::to_string(used_seed));
    Mutator mutator(good_bytes(), used_seed);
    const std::filesystem::path path = "x.so";
    std::set<Reason> reasons;
    std::size_t usable = 0;
    for (int round = 0; round < 20'000; ++round) {
        const std::string content = mutator.next();
        // In memory of exactly its size, so that the address sanitizer sees a read beyond the end.
        const std::vector<char> bytes(content.begin(), content.end());
        const Inspection inspection = inspect_content(path, {bytes.data(), bytes.size()});
        if (const auto* refusal = std::get_if<Refusal>(&inspection)) {
            reasons.insert(refusal->reason);
            ASSERT_TRUE(refusal->text.starts_with(about(path, ""))) << refusal->text;
            ASSERT_TRUE(is_printable(refusal->text)) << refusal->text;
            ASSERT_LT(refusal->text.size(), 4096U);
            continue;
        }
        ++usable;
        const auto& file = std::get<PluginFile>(inspection);
        ASSERT_FALSE(file.name.empty());
        ASSERT_TRUE(is_printable(file.name + file.version + file.summary + file.sdk_version + file.toolchain));
        ASSERT_EQ(file.layout, HEDDLE_LAYOUT);
    }
    // The mutator must reach both what is refused, in several ways, and what is not.
    EXPECT_GE(reasons.size(), 8U);
    EXPECT_GT(usable, 0U);
}

}  // namespace
}  // namespace heddle::discovery
