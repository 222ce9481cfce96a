#include "discovery/scan.hpp"

#include <gmock/gmock.h>

#include <array>

#include "plugin_files.hpp"

namespace heddle::discovery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

Scan scan_of(const std::vector<fs::path>& directories) {
    return scan(directories);
}

std::vector<std::string> names(const Scan& scan) {
    std::vector<std::string> all;
    for (const PluginFile& file : scan.plugins) {
        all.push_back(file.name);
    }
    return all;
}

std::vector<std::string> texts(const Scan& scan) {
    std::vector<std::string> all;
    for (const Refusal& refusal : scan.refused) {
        all.push_back(refusal.text);
    }
    return all;
}

// A copy of a built plugin under the name it was built with.
void copy_plugin(const std::string& plugin, const fs::path& to) {
    fs::copy_file(plugin_file(plugin), to);
}

TEST(Scan, TakesEachUsableFileAndRefusesTheOthersInOrderOfTheirNames) {
    const test::TempDir folder;
    copy_plugin("odd_noisy", folder / "b.so");
    copy_plugin("good_c", folder / "c.so");
    fs::create_directory(folder / "a.so");
    static_cast<void>(folder.write("d.so", ""));
    const Scan result = scan_of({folder.path()});
    EXPECT_THAT(names(result), ElementsAre("odd_noisy", "good_c"));
    EXPECT_THAT(texts(result),
                ElementsAre(about(folder / "a.so", "is a directory, not a regular file; name the .so file in it"),
                            about(folder / "d.so", "is empty; build or copy it again")));
    EXPECT_THAT(result.errors, IsEmpty());
    ASSERT_NE(result.find("good_c"), nullptr);
    EXPECT_EQ(result.find("good_c")->path, folder / "c.so");
    EXPECT_EQ(result.find("absent"), nullptr);
}

TEST(Scan, LooksAtFilesNamedSoOnlyAndNotBelow) {
    const test::TempDir folder;
    static_cast<void>(folder.write("README", "x"));
    static_cast<void>(folder.write("lib.so.1", "x"));
    static_cast<void>(folder.write(".hidden.so", "x"));
    static_cast<void>(folder.write("below/x.so", "x"));
    const Scan result = scan_of({folder.path()});
    EXPECT_THAT(result.plugins, IsEmpty());
    EXPECT_THAT(result.refused, IsEmpty());
}

TEST(Scan, FollowsSymbolicLinks) {
    const test::TempDir folder;
    fs::create_symlink(plugin_file("good_c"), folder / "x.so");
    EXPECT_THAT(names(scan_of({folder.path()})), ElementsAre("good_c"));
}

TEST(Scan, RefusesTheSecondPluginOfAName) {
    const test::TempDir one;
    const test::TempDir two;
    copy_plugin("good_c", one / "z.so");
    copy_plugin("good_c", two / "a.so");
    const Scan result = scan_of({one.path(), two.path()});
    EXPECT_THAT(names(result), ElementsAre("good_c"));
    EXPECT_EQ(result.find("good_c")->path, one / "z.so");
    ASSERT_EQ(result.refused.size(), 1U);
    EXPECT_EQ(result.refused[0].reason, Reason::duplicate);
    EXPECT_EQ(
        result.refused[0].text,
        about(two / "a.so", "is a duplicate of " + quoted(one / "z.so") +
                                ": both are plugin 'good_c', and the first one found is used; remove or rename one"));
}

TEST(Scan, CountsADirectoryGivenTwiceOnce) {
    const test::TempDir folder;
    copy_plugin("good_c", folder / "x.so");
    const Scan result = scan_of({folder.path(), folder / ".", folder.path().parent_path() / folder.path().filename()});
    EXPECT_THAT(result.directories, ElementsAre(folder.path()));
    EXPECT_THAT(names(result), ElementsAre("good_c"));
    EXPECT_THAT(result.refused, IsEmpty());
}

TEST(Scan, NamesEachDirectoryThatCannotBeReadAndGoesOn) {
    const test::TempDir folder;
    copy_plugin("good_c", folder / "x.so");
    const fs::path missing = folder / "missing";
    const fs::path file = folder / "x.so";
    const Scan result = scan_of({missing, file, folder.path()});
    EXPECT_THAT(result.errors,
                ElementsAre("plugin directory " + quoted(missing) + " does not exist; check the path, or build first",
                            "plugin directory " + quoted(file) +
                                " is not a directory; name the directory that holds the .so files"));
    EXPECT_THAT(names(result), ElementsAre("good_c"));
}

}  // namespace
}  // namespace heddle::discovery
