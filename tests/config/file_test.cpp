// Configurations in files: those that can be read, and what is said of those that cannot.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <heddle_test/temp_dir.hpp>

#include "reading.hpp"

namespace heddle::config {
namespace {

using heddle::test::TempDir;

std::string problems_of(const std::filesystem::path& file) {
    return to_string(load(file, environment()).problems);
}

// Reads as nobody while it lives: root may read everything.
class Unprivileged {
public:
    Unprivileged() : user_(geteuid()) {
        if (user_ == 0 && seteuid(65534) != 0) {
            throw std::runtime_error("cannot give up root's rights for the test");
        }
    }
    ~Unprivileged() { EXPECT_EQ(seteuid(user_), 0); }
    Unprivileged(const Unprivileged&) = delete;
    Unprivileged& operator=(const Unprivileged&) = delete;

private:
    uid_t user_;
};

TEST(ConfigurationFile, IsReadWithPathsFromItsOwnDirectory) {
    const TempDir folder;
    const auto file =
        folder.write("sub/config.yaml", "host: {plugins: [plugins, ../lib]}\nmodules: [{name: \"${N}\"}]\n");
    const auto loaded = load(file, environment({{"N", "stats"}}));
    EXPECT_EQ(to_string(loaded.problems), "");
    EXPECT_EQ(loaded.value.file, file.string());
    EXPECT_EQ(loaded.value.host.plugins, std::vector<std::filesystem::path>({folder / "sub/plugins", folder / "lib"}));
    EXPECT_EQ(loaded.value.modules.at(0).name, "stats");
}

TEST(ConfigurationFile, IsReadAsATreeToo) {
    const TempDir folder;
    const auto tree = load_tree(folder.write("config.yaml", "x: 1\n"), environment());
    EXPECT_EQ(to_string(tree.problems), "");
    EXPECT_EQ(outline(tree.value), "a map 1:1\n  x 1:1 '1' 1:4\n");
    EXPECT_EQ(to_string(load_tree("surely_absent.yaml", environment()).problems), problems_of("surely_absent.yaml"));
}

TEST(ConfigurationFile, ThatIsEmptyGivesTheDefaults) {
    const TempDir folder;
    EXPECT_EQ(problems_of(folder.write("config.yaml", "")), "");
}

TEST(ConfigurationFile, NamesItsProblemsAsItWasSpelled) {
    const TempDir folder;
    const auto file = folder.write("my.yaml", "x: 1\n");
    EXPECT_EQ(problems_of(file), file.string() + ":1:1: unknown key 'x' (known here: host, modules, wire)\n");
}

TEST(ConfigurationFile, ThatIsAbsentIsToldWithACure) {
    const TempDir folder;
    EXPECT_EQ(problems_of(folder / "config.yaml"),
              (folder / "config.yaml").string() +
                  ": there is no such file (check the name, or give another with --config FILE)\n");
    EXPECT_EQ(problems_of(folder / "no/config.yaml"),
              (folder / "no/config.yaml").string() +
                  ": there is no such file, nor its directory (check the path, or give another with --config FILE)\n");
    EXPECT_EQ(problems_of("surely_absent.yaml"),
              "surely_absent.yaml: there is no such file (check the name, or give another with --config FILE)\n");
}

TEST(ConfigurationFile, ThatIsADirectoryIsToldWithTheFileInIt) {
    const TempDir folder;
    EXPECT_EQ(problems_of(folder.path()),
              folder.path().string() + ": is a directory, expected a file (name the file in it)\n");
    const auto file = folder.write("config.yaml", "");
    EXPECT_EQ(problems_of(folder.path()),
              folder.path().string() + ": is a directory, expected a file (did you mean '" + file.string() + "'?)\n");
}

TEST(ConfigurationFile, ThatMayNotBeReadIsToldWithACure) {
    const TempDir folder;
    const auto file = folder.write("config.yaml", "");
    ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
    ASSERT_EQ(chmod(file.c_str(), 0), 0);
    const Unprivileged nobody;
    EXPECT_EQ(
        problems_of(file),
        file.string() +
            ": may not be read by this user (give the right to read it: chmod +r; each directory above needs +x)\n");
}

TEST(ConfigurationFile, ThatIsNoOrdinaryFileIsRefusedWithoutWaiting) {
    const TempDir folder;
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(problems_of(folder / "pipe"),
              (folder / "pipe").string() + ": is no ordinary file (write the configuration to one)\n");
}

TEST(ConfigurationFile, ThatCannotBeOpenedOtherwiseIsToldAsTheSystemSaysIt) {
    const TempDir folder;
    std::filesystem::create_symlink("loop", folder / "loop");
    EXPECT_EQ(problems_of(folder / "loop"),
              (folder / "loop").string() + ": cannot be opened: Too many levels of symbolic links\n");
}

TEST(ConfigurationFile, ThatIsTooLargeIsRefused) {
    const TempDir folder;
    const auto file = folder.write("config.yaml", std::string(max_file_size + 1, '#'));
    EXPECT_EQ(problems_of(file), file.string() +
                                     ": is larger than 1 MiB, the most that a configuration may have (is it the "
                                     "right file?)\n");
}

}  // namespace
}  // namespace heddle::config
