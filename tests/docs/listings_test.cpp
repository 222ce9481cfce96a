// Listings in the documents are the files that the build compiles, to the letter.
#include <gtest/gtest.h>

#include "heddle_test/support.hpp"

namespace heddle::test {
namespace {

void expect_contains(const std::filesystem::path& document, const std::filesystem::path& listing) {
    const std::string text = read_file(source_dir() / document);
    const std::string code = read_file(source_dir() / listing);
    EXPECT_NE(text.find("```cpp\n" + code + "```\n"), std::string::npos)
        << document << " does not hold " << listing << " as it stands; paste it again";
}

TEST(Listings, ReadmeShowsThePluginThatIsCompiled) {
    expect_contains("README.md", "docs/examples/plugin/meter.cpp");
}

TEST(Listings, PluginGuideShowsTheTasksThatAreCompiled) {
    expect_contains("docs/plugins.md", "docs/examples/plugin/forecast.cpp");
}

TEST(Listings, PluginGuideShowsTheEventAndItsSubscriberThatAreCompiled) {
    expect_contains("docs/plugins.md", "docs/examples/plugin/sensor.cpp");
    expect_contains("docs/plugins.md", "docs/examples/plugin/thermostat.cpp");
}

TEST(Listings, PluginGuideShowsTheApplicationThatIsCompiled) {
    expect_contains("docs/embedding.md", "host/examples/embed/main.cpp");
}

}  // namespace
}  // namespace heddle::test
