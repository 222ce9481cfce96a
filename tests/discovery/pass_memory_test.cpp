#include "discovery/pass_memory.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "heddle_test/support.hpp"

namespace heddle::discovery {
namespace {

std::string saved(const std::filesystem::path& file, const std::vector<std::string>& keys) {
    PassMemory memory(file);
    for (const std::string& key : keys) {
        memory.add(key);
    }
    return memory.save();
}

TEST(PassMemory, RemembersFromOneRunToTheNext) {
    const test::TempDir folder;
    EXPECT_EQ(saved(folder / "below/file", {"one", "two"}), "");
    EXPECT_EQ(saved(folder / "below/file", {"three"}), "");
    const PassMemory memory(folder / "below/file");
    EXPECT_TRUE(memory.contains("one"));
    EXPECT_TRUE(memory.contains("two"));
    EXPECT_TRUE(memory.contains("three"));
    EXPECT_FALSE(memory.contains("four"));
    EXPECT_EQ(test::read_file(folder / "below/file"), "heddle-preflight 1\none\ntwo\nthree\n");
}

TEST(PassMemory, KeepsWhatAnotherHostWroteMeanwhile) {
    const test::TempDir folder;
    PassMemory mine(folder / "file");
    mine.add("mine");
    EXPECT_EQ(saved(folder / "file", {"theirs"}), "");
    EXPECT_EQ(mine.save(), "");
    EXPECT_EQ(test::read_file(folder / "file"), "heddle-preflight 1\ntheirs\nmine\n");
}

TEST(PassMemory, TakesADamagedFileForAnEmptyOne) {
    const test::TempDir folder;
    for (const std::string& text : {std::string("something else\none\n"), std::string(), std::string(100'000, '\0'),
                                    std::string("heddle-preflight 2\none\n")}) {
        const auto file = folder.write("file", text);
        EXPECT_FALSE(PassMemory(file).contains("one"));
        EXPECT_EQ(saved(file, {"two"}), "");
        EXPECT_EQ(test::read_file(file), "heddle-preflight 1\ntwo\n");
    }
}

TEST(PassMemory, LeavesDamagedLinesOut) {
    const test::TempDir folder;
    const auto file =
        folder.write("file", "heddle-preflight 1\none\n\x01\x02\n\na b\n" + std::string(10'000, 'x') + "\ntwo");
    EXPECT_TRUE(PassMemory(file).contains("one"));
    EXPECT_TRUE(PassMemory(file).contains("two"));
    EXPECT_FALSE(PassMemory(file).contains("a b"));
    EXPECT_FALSE(PassMemory(file).contains(""));
    EXPECT_EQ(saved(file, {"three"}), "");
    EXPECT_EQ(test::read_file(file), "heddle-preflight 1\none\ntwo\nthree\n");
}

TEST(PassMemory, ForgetsTheOldestWhenItIsFull) {
    const test::TempDir folder;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < PassMemory::most_keys; ++i) {
        keys.push_back("key" + std::to_string(i));
    }
    EXPECT_EQ(saved(folder / "file", keys), "");
    EXPECT_EQ(saved(folder / "file", {"new"}), "");
    const PassMemory memory(folder / "file");
    EXPECT_FALSE(memory.contains("key0"));
    EXPECT_TRUE(memory.contains("key1"));
    EXPECT_TRUE(memory.contains("new"));
}

TEST(PassMemory, SaysWhyItCannotBeWrittenAndLeavesNothingBehind) {
    const test::TempDir folder;
    static_cast<void>(folder.write("file", "x"));
    EXPECT_EQ(saved(folder / "file/below", {"one"}), "Not a directory");
    std::filesystem::create_directory(folder / "taken");
    EXPECT_EQ(saved(folder / "taken", {"one"}), "Is a directory");
    std::size_t entries = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        ++entries;
    }
    EXPECT_EQ(entries, 2U);
}

TEST(PassMemory, WithoutAFileRemembersNothing) {
    EXPECT_EQ(saved({}, {"one"}), "");
    EXPECT_FALSE(PassMemory({}).contains("one"));
}

TEST(PassMemory, WritesNothingWhenNothingIsNew) {
    const test::TempDir folder;
    EXPECT_EQ(saved(folder / "file", {}), "");
    EXPECT_FALSE(std::filesystem::exists(folder / "file"));
}

}  // namespace
}  // namespace heddle::discovery
