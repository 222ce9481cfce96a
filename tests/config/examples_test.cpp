// The examples of the documentation, and the configuration of the repository: as they are, they must read well.
#include <gtest/gtest.h>

#include <algorithm>
#include <heddle_test/paths.hpp>
#include <heddle_test/temp_dir.hpp>

#include "reading.hpp"

namespace heddle::config {
namespace {

std::vector<std::filesystem::path> examples() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() / "docs" / "examples")) {
        if (entry.path().extension() == ".yaml") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

TEST(Examples, OfTheDocumentationReadWell) {
    const auto files = examples();
    EXPECT_GE(files.size(), 5U);
    for (const auto& file : files) {
        EXPECT_EQ(to_string(load(file, environment()).problems), "");
    }
}

TEST(Examples, AreAllNamedInTheReference) {
    const std::string reference = test::read_file(test::source_dir() / "docs" / "configuration.md");
    for (const auto& file : examples()) {
        EXPECT_NE(reference.find("examples/" + file.filename().string()), std::string::npos) << file;
    }
}

TEST(Examples, StandInTheReferenceWordForWord) {
    const std::string reference = test::read_file(test::source_dir() / "docs" / "configuration.md");
    for (const auto& file : examples()) {
        EXPECT_NE(reference.find("```yaml\n" + test::read_file(file) + "```"), std::string::npos)
            << file << " differs from its copy in docs/configuration.md";
    }
}

TEST(Examples, ShowEveryKeyWithItsDefaultWhereItHasOne) {
    const auto loaded = load(test::source_dir() / "docs" / "examples" / "every-key.yaml", environment());
    ASSERT_FALSE(loaded.value.modules.empty());
    const HostSettings defaults;
    const HostSettings& shown = loaded.value.host;
    EXPECT_EQ(shown.call_timeout, defaults.call_timeout);
    EXPECT_EQ(shown.gate_timeout, defaults.gate_timeout);
    EXPECT_EQ(shown.start_timeout, defaults.start_timeout);
    EXPECT_EQ(shown.stop_timeout, defaults.stop_timeout);
    EXPECT_EQ(shown.drain_timeout, defaults.drain_timeout);
    EXPECT_EQ(shown.call_depth, defaults.call_depth);
    EXPECT_EQ(shown.preflight, defaults.preflight);
    EXPECT_EQ(shown.preflight_timeout, defaults.preflight_timeout);
    EXPECT_EQ(shown.log.level, defaults.log.level);
    EXPECT_EQ(shown.log.json, defaults.log.json);
    EXPECT_EQ(loaded.value.modules.at(0).thread.idle, ThreadSettings().idle);
    EXPECT_EQ(loaded.value.modules.at(0).thread.spin, ThreadSettings().spin);
    EXPECT_EQ(loaded.value.modules.at(0).thread.policy, ThreadSettings().policy);
}

TEST(Examples, TheMonitorOfTheRepositoryReadsWell) {
    const auto loaded = load(test::source_dir() / "config.yaml", environment());
    EXPECT_EQ(to_string(loaded.problems), "");
    std::vector<std::string> names;
    for (const ModuleSettings& module : loaded.value.modules) {
        names.push_back(module.name);
    }
    EXPECT_EQ(names, std::vector<std::string>({"procfs", "stats", "alerts", "sqlite", "console"}));
    const ModuleSettings* stats = loaded.value.find_module("stats");
    ASSERT_NE(stats, nullptr);
    const Wire* storage = loaded.value.wire_for(*stats, "storage.write");
    ASSERT_NE(storage, nullptr);
    EXPECT_EQ(storage->target, "sqlite.write");
}

}  // namespace
}  // namespace heddle::config
