// Reading one file again and again: what is kept open, what is not, and what can go wrong.
#include "core/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>

#include "core/sampler.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}

// Counts what the whole program allocates, for the one test that says nothing is allocated.
void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size == 0 ? 1 : size))
        return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace procfs {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class FileTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "procfs_XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override { fs::remove_all(folder); }

    fs::path folder;
    std::vector<char> buffer;
    std::string_view text;
};

TEST_F(FileTest, AFileOfProcIsKeptOpenAndReadAfresh) {
    File file("/proc/self/stat");
    ASSERT_EQ(file.read(buffer, text), 0);
    EXPECT_TRUE(file.is_kept_open());
    EXPECT_EQ(text.substr(0, text.find(' ')), std::to_string(::getpid()));
    ASSERT_EQ(file.read(buffer, text), 0);
    EXPECT_EQ(text.substr(0, text.find(' ')), std::to_string(::getpid()));
    File opened_each_time("/proc/self/stat", false);
    ASSERT_EQ(opened_each_time.read(buffer, text), 0);
    EXPECT_FALSE(opened_each_time.is_kept_open());
}

TEST_F(FileTest, ATableLongerThanAPageIsReadWhole) {
    File file("/proc/self/smaps");
    ASSERT_EQ(file.read(buffer, text), 0);
    EXPECT_GT(text.size(), 8192u);
    EXPECT_EQ(text.back(), '\n');
}

TEST_F(FileTest, AnOrdinaryFileMayBeReplacedByAnother) {
    const fs::path path = folder / "stat";
    std::ofstream(path) << "one";
    File file(path.string());
    ASSERT_EQ(file.read(buffer, text), 0);
    EXPECT_EQ(text, "one");
    EXPECT_FALSE(file.is_kept_open());
    std::ofstream(folder / "next") << "another";
    fs::rename(folder / "next", path);
    ASSERT_EQ(file.read(buffer, text), 0);
    EXPECT_EQ(text, "another");
    fs::remove(path);
    EXPECT_EQ(file.read(buffer, text), ENOENT);
}

TEST_F(FileTest, APipeDoesNotHangAndAHugeFileIsRefused) {
    const fs::path pipe = folder / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(File(pipe.string()).read(buffer, text), ESPIPE);
    const fs::path huge = folder / "huge";
    std::ofstream(huge) << "x";
    fs::resize_file(huge, File::max_size + 1);
    EXPECT_EQ(File(huge.string()).read(buffer, text), EFBIG);
    EXPECT_EQ(File("/dev/zero").read(buffer, text), EFBIG);
}

TEST(Sampler, AllocatesNothingInTheSteadyState) {
    Sampler sampler(Options{}, [](Level, const std::string&) {});
    Time now = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i)
        sampler.tick(now += 1s);
    // Another process may bring an interface or a disk between two ticks, hence three chances.
    std::size_t least = ~std::size_t{0};
    for (int round = 0; round < 3; ++round) {
        const std::size_t before = allocations.load();
        for (int i = 0; i < 10; ++i)
            sampler.tick(now += 1s);
        least = std::min(least, allocations.load() - before);
    }
    EXPECT_EQ(least, 0u);
}

}  // namespace
}  // namespace procfs
