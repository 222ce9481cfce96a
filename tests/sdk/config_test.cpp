// Typed configurations, read from real files' trees: values, and the exact text of every problem.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <heddle/config.hpp>
#include <map>

#include "config/abi_value.hpp"
#include "config/load.hpp"
#include "fake_host.hpp"

namespace {

using namespace std::chrono_literals;
using heddle::test::FakeHost;

enum class Mode { fast, careful };
BOOST_DESCRIBE_ENUM(Mode, fast, careful)

struct Disk {
    std::string name;
    std::uint8_t percent = 90;
};
BOOST_DESCRIBE_STRUCT(Disk, (), (name, percent))

struct Settings {
    bool on = true;
    std::int8_t tiny = 1;
    std::uint8_t small = 2;
    std::uint32_t port = 80;
    std::int64_t large = 3;
    float ratio = 0.5F;
    double factor = 1.5;
    std::string root = "/proc";
    std::filesystem::path folder = "var";
    std::chrono::seconds window{60};
    std::chrono::milliseconds pause{5};
    std::chrono::duration<std::int16_t> brief{1};
    std::chrono::duration<double> exact{0.25};
    Mode mode = Mode::careful;
    std::optional<int> limit;
    std::vector<std::string> notify{"console"};
    std::map<std::string, double> weights;
    Disk disk;
    std::vector<Disk> disks;
    heddle::located<std::string> when{"always", nullptr};
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (on, tiny, small, port, large, ratio, factor, root, folder, window, pause, brief, exact, mode,
                       limit, notify, weights, disk, disks, when))

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

class Configuration : public testing::Test {
protected:
    // Reads `text` as the whole configuration of the module 'stats', so that its first line is line 1.
    template <class T = Settings>
    T read(std::string_view text) {
        auto tree = heddle::config::parse_tree(text, "config.yaml", [](const std::string&) { return std::nullopt; });
        EXPECT_TRUE(tree.ok()) << heddle::config::to_string(tree.problems);
        value_.emplace(std::move(tree.value));
        problems_.emplace(ends_, value_->get());
        T values;
        heddle::detail::config_reader(*problems_, "stats").read_struct(*value_->get(), values);
        EXPECT_EQ(problems_->count(),
                  static_cast<std::size_t>(std::count(host_.problems.begin(), host_.problems.end(), '\n')));
        return values;
    }
    template <class T = Settings>
    std::string problems(std::string_view text) {
        host_.problems.clear();
        read<T>(text);
        return host_.problems;
    }

    FakeHost host_;
    heddle::detail::module_ends ends_{&host_.table, host_.self()};
    std::optional<heddle::config::AbiValue> value_;
    std::optional<heddle::config_problems> problems_;
};

TEST_F(Configuration, KeepsTheInitialValuesOfWhatIsNotThere) {
    for (const char* nothing : {"", "{}", "disk:\n", "disk: {}"}) {
        const Settings values = read(nothing);
        EXPECT_EQ(host_.problems, "") << nothing;
        EXPECT_TRUE(values.on);
        EXPECT_EQ(values.window, 60s);
        EXPECT_EQ(values.root, "/proc");
        EXPECT_EQ(values.limit, std::nullopt);
        EXPECT_EQ(values.notify, std::vector<std::string>{"console"});
        EXPECT_EQ(values.disk.percent, 90);
        EXPECT_EQ(values.when.value, "always");
        EXPECT_EQ(values.when.where, nullptr);
    }
}

TEST_F(Configuration, ReadsEveryType) {
    const Settings values = read(
        "on: false\ntiny: -128\nsmall: 255\nport: 4294967295\nlarge: -9223372036854775808\nratio: 0.25\nfactor: 1e300\n"
        "root: \"10\"\nfolder: /var/lib\nwindow: 1h30m\npause: 1.5s\nbrief: 32767s\nexact: 1500us\nmode: fast\nlimit: "
        "7\n"
        "notify: [a, \"b\"]\nweights: {x: 1, y: 2.5}\ndisk: {name: sda, percent: 5}\n"
        "disks:\n  - name: sdb\n  - {name: sdc, percent: 1}\nwhen: cpu > 1\n");
    EXPECT_EQ(host_.problems, "");
    EXPECT_FALSE(values.on);
    EXPECT_EQ(values.tiny, -128);
    EXPECT_EQ(values.small, 255);
    EXPECT_EQ(values.port, 4294967295U);
    EXPECT_EQ(values.large, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(values.ratio, 0.25F);
    EXPECT_EQ(values.factor, 1e300);
    EXPECT_EQ(values.root, "10");
    EXPECT_EQ(values.folder, "/var/lib");
    EXPECT_EQ(values.window, 90min);
    EXPECT_EQ(values.pause, 1500ms);
    EXPECT_EQ(values.brief, 32767s);
    EXPECT_EQ(values.exact, 1500us);
    EXPECT_EQ(values.mode, Mode::fast);
    EXPECT_EQ(values.limit, 7);
    EXPECT_EQ(values.notify, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(values.weights, (std::map<std::string, double>{{"x", 1}, {"y", 2.5}}));
    EXPECT_EQ(values.disk.name, "sda");
    EXPECT_EQ(values.disk.percent, 5);
    ASSERT_EQ(values.disks.size(), 2U);
    EXPECT_EQ(values.disks[0].percent, 90) << "an element starts with its own initial values";
    EXPECT_EQ(values.disks[1].name, "sdc");
    EXPECT_EQ(values.when.value, "cpu > 1");
    ASSERT_NE(values.when.where, nullptr);
    EXPECT_EQ(values.when.where->line, 22U);
}

TEST_F(Configuration, ReadsNothingAsNoOptional) {
    EXPECT_EQ(read("limit:\n").limit, std::nullopt);
    EXPECT_EQ(read("limit: ~\n").limit, std::nullopt);
    EXPECT_EQ(host_.problems, "");
}

TEST_F(Configuration, RefusesNumbersOutOfRange) {
    EXPECT_EQ(problems("small: 300"),
              "1:8: 'small' of module 'stats' must be a whole number from 0 to 255, not '300'\n");
    EXPECT_EQ(problems("small: -1"), "1:8: 'small' of module 'stats' must be a whole number from 0 to 255, not '-1'\n");
    EXPECT_EQ(problems("tiny: -129"),
              "1:7: 'tiny' of module 'stats' must be a whole number from -128 to 127, not '-129'\n");
    EXPECT_EQ(problems("port: 4294967296"),
              "1:7: 'port' of module 'stats' must be a whole number from 0 to 4294967295, not '4294967296'\n");
    EXPECT_EQ(problems("ratio: 1e39"),
              "1:8: 'ratio' of module 'stats' must be a number, not '1e39' (32 bits do not hold it)\n");
    EXPECT_EQ(problems("factor: 1e400"),
              "1:9: 'factor' of module 'stats' must be a number, not '1e400' (64 bits do not hold it)\n");
}

TEST_F(Configuration, RefusesNumbersThatAreNone) {
    for (const char* text : {"nan", "inf", "-inf", ".nan", "1.5x", "0x10"}) {
        EXPECT_EQ(problems("factor: " + std::string(text)),
                  "1:9: 'factor' of module 'stats' must be a number, not '" + std::string(text) + "'\n");
    }
    EXPECT_EQ(problems("small: 1.5"),
              "1:8: 'small' of module 'stats' must be a whole number from 0 to 255, not '1.5'\n");
    EXPECT_EQ(problems("small: [1]"),
              "1:8: 'small' of module 'stats' must be a whole number from 0 to 255, not a list\n");
    EXPECT_EQ(problems("small: {a: 1}"),
              "1:8: 'small' of module 'stats' must be a whole number from 0 to 255, not a map\n");
    EXPECT_EQ(problems("on: yes"), "1:5: 'on' of module 'stats' must be true or false, not 'yes'\n");
}

TEST_F(Configuration, TakesAQuotedNumberForATextAndSaysSo) {
    EXPECT_EQ(problems("small: \"30\""),
              "1:8: 'small' of module 'stats' must be a whole number from 0 to 255, not the text \"30\" (remove the "
              "quotes)\n");
    EXPECT_EQ(problems("small: \"300\""),
              "1:8: 'small' of module 'stats' must be a whole number from 0 to 255, not the text \"300\"\n");
    EXPECT_EQ(problems("factor: '1.5'"),
              "1:9: 'factor' of module 'stats' must be a number, not the text \"1.5\" (remove the quotes)\n");
    EXPECT_EQ(problems("on: \"true\""),
              "1:5: 'on' of module 'stats' must be true or false, not the text \"true\" (remove the quotes)\n");
}

TEST_F(Configuration, RefusesDurationsThatDoNotFit) {
    const std::string form = "a duration such as 250ms, 10s or 1h30m";
    EXPECT_EQ(problems("window: -5s"), "1:9: 'window' of module 'stats' must be " + form + ", not '-5s'\n");
    EXPECT_EQ(problems("window: soon"), "1:9: 'window' of module 'stats' must be " + form + ", not 'soon'\n");
    EXPECT_EQ(problems("window: 10"),
              "1:9: 'window' of module 'stats' must be " + form + ", not '10' (add a unit: 10s)\n");
    EXPECT_EQ(problems("window: 999999999999d"),
              "1:9: 'window' of module 'stats' must be " + form + ", not '999999999999d'\n");
    EXPECT_EQ(problems("window: 1500ms"),
              "1:9: 'window' of module 'stats' must be a whole number of seconds, not '1500ms'\n");
    EXPECT_EQ(problems("pause: 10us"),
              "1:8: 'pause' of module 'stats' must be a whole number of milliseconds, not '10us'\n");
    EXPECT_EQ(problems("brief: 32768s"),
              "1:8: 'brief' of module 'stats' must be a whole number of seconds up to 32767, not '32768s'\n");
    EXPECT_EQ(problems("exact: 1234567891234567ns"), "") << "a fraction holds what it can";
}

TEST_F(Configuration, NamesTheNearestOfAnEnum) {
    EXPECT_EQ(problems("mode: fsat"),
              "1:7: 'mode' of module 'stats' must be one of fast, careful, not 'fsat' (did you mean 'fast'?)\n");
    EXPECT_EQ(problems("mode: slow"), "1:7: 'mode' of module 'stats' must be one of fast, careful, not 'slow'\n");
}

TEST_F(Configuration, SaysWhatToDoAboutAKeyWithNothingBehindIt) {
    EXPECT_EQ(
        problems("window:\n"),
        "1:1: 'window' of module 'stats' must be a duration such as 250ms, 10s or 1h30m, not nothing (give a value, "
        "or remove the key for the default)\n");
    EXPECT_EQ(problems("notify:\n"),
              "1:1: 'notify' of module 'stats' must be a list, not nothing (give a value, or remove the key for the "
              "default)\n");
}

TEST_F(Configuration, PlacesProblemsInsideListsMapsAndNestedStructs) {
    EXPECT_EQ(problems("notify: [a, [b]]\nweights:\n  x: 1\n  y: high\ndisk: {percent: 256}\n"
                       "disks:\n  - name: sda\n  - percent: x\n  - 7\n"),
              "1:13: 'notify[1]' of module 'stats' must be a text, not a list\n"
              "4:6: 'weights.y' of module 'stats' must be a number, not 'high'\n"
              "5:17: 'disk.percent' of module 'stats' must be a whole number from 0 to 255, not '256'\n"
              "8:14: 'disks[1].percent' of module 'stats' must be a whole number from 0 to 255, not 'x'\n"
              "9:5: 'disks[2]' of module 'stats' must be a map, not '7'\n");
}

TEST_F(Configuration, ReportsUnknownKeysAtTheKeyWithTheNearestOrAllNames) {
    EXPECT_EQ(problems("windw: 5s"), "1:1: unknown key 'windw' for module 'stats' (did you mean 'window'?)\n");
    EXPECT_EQ(problems("disk:\n  precent: 5\n"),
              "2:3: unknown key 'precent' in 'disk' for module 'stats' (did you mean 'percent'?)\n");
    EXPECT_EQ(problems("disks:\n  - {size: 5}\n"),
              "2:6: unknown key 'size' in 'disks[0]' for module 'stats' (known here: name, percent)\n");
    EXPECT_EQ(problems<Nothing>("a: 1"), "1:1: unknown key 'a' for module 'stats'; it takes no configuration here\n");
}

TEST_F(Configuration, ReportsAllProblemsInTheOrderOfTheFile) {
    EXPECT_EQ(problems("windw: 1s\nsmall: 300\nmode: fsat\n"),
              "1:1: unknown key 'windw' for module 'stats' (did you mean 'window'?)\n"
              "2:8: 'small' of module 'stats' must be a whole number from 0 to 255, not '300'\n"
              "3:7: 'mode' of module 'stats' must be one of fast, careful, not 'fsat' (did you mean 'fast'?)\n");
}

TEST_F(Configuration, ThatIsNoMapIsRefused) {
    EXPECT_EQ(problems("[a]"), "1:1: the configuration of module 'stats' must be a map, not a list\n");
}

TEST_F(Configuration, ShowsLongTextsShortened) {
    EXPECT_EQ(
        problems("small: " + std::string(100, 'x')),
        "1:8: 'small' of module 'stats' must be a whole number from 0 to 255, not '" + std::string(60, 'x') + "...'\n");
}

TEST_F(Configuration, LetsAModuleReportProblemsOfItsOwnByPath) {
    read("window: 5s\ndisk:\n  percent: 7\ndisks:\n  - name: a\n  - name: b\n");
    problems_->at("window", "must be at least 10s");
    problems_->at("disk.percent", "must be even");
    problems_->at("disks[1].name", "is taken");
    problems_->at("disks[1].percent", "must be below 50");
    problems_->at("disks[9]", "is missing");
    problems_->at("root", "must be a folder");
    EXPECT_EQ(host_.problems,
              "1:9: 'window' of module 'stats' must be at least 10s\n"
              "3:12: 'disk.percent' of module 'stats' must be even\n"
              "6:11: 'disks[1].name' of module 'stats' is taken\n"
              "6:5: 'disks[1].percent' of module 'stats' must be below 50\n"
              "5:3: 'disks[9]' of module 'stats' is missing\n"
              "1:1: 'root' of module 'stats' must be a folder\n");
    EXPECT_EQ(problems_->count(), 6U);
}

TEST_F(Configuration, PlacesAProblemInsideALocatedTextByItsCharacters) {
    const Settings values = read("when: größe > 1");
    problems_->at(values.when, 0, "starts here");
    problems_->at(values.when, std::string_view("größe ").size(), "expected a name");
    EXPECT_EQ(host_.problems, "1:7: starts here\n1:13: expected a name\n");
}

TEST_F(Configuration, PlacesAProblemOfALocatedTextThatIsNotThereAtTheWhole) {
    const Settings values = read("window: 5s");
    problems_->at(values.when, 4, "expected a name");
    EXPECT_EQ(host_.problems, "1:1: expected a name\n");
}

}  // namespace
