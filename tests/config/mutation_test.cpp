// Whatever stands in a file: reading it gives settings or problems, never a crash or a hang.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>

#include "config/abi_value.hpp"
#include "reading.hpp"

namespace heddle::config {
namespace {

constexpr std::string_view good = R"(# a good one
host:
  call_timeout: 10s
  call_depth: 64
  preflight: true
  log: {level: info, file: "${LOG:-}", json: false}
  plugins: [plugins, "/usr/lib/${DIR}"]
modules:
  - name: procfs
    thread: {cpus: [0, 2-3], policy: fifo, priority: 5, idle: park, spin: 1ms}
    config: &shared
      interval: 1s
      text: |
        two $$
        lines
  - name: stats
    plugin: stats
    enabled: true
    wire: {storage.write: memory.write}
    config: *shared
wire:
  storage.write: sqlite.write
  'quoted.name': "other.name"
)";

// Pieces that yaml, the variables or the settings treat in a way of their own.
constexpr std::array<std::string_view, 40> pieces = {
    "${",   "}",    "$$",    "${LOG}", "${NONE}", ": ", "- ",  "\n", "\t",      "  ",           "[",
    "]",    "{",    "}",     "\"",     "'",       "#",  "&x ", "*x", "*shared", "!!str ",       "? ",
    "|\n",  ">-\n", "---\n", "...\n",  "%Y ",     "~",  "<<",  "@",  "\r\n",    "\xEF\xBB\xBF", "\xC3\xA4",
    "\xFF", "\\x",  "10",    "name: ", "host:",   ",",  "."};

class Mutator {
public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    std::string mutated() {
        std::string text(good);
        for (std::size_t changes = 1 + below(8); changes > 0; --changes) {
            change(text);
        }
        return text;
    }

private:
    std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random_() % n); }

    void change(std::string& text) {
        const std::size_t at = below(text.size() + 1);
        const std::size_t some = std::min(below(12), text.size() - at);
        switch (below(6)) {
            case 0:
                text.erase(at, some);
                break;
            case 1:
                text.insert(at, pieces[below(pieces.size())]);
                break;
            case 2:
                text.replace(at, some, pieces[below(pieces.size())]);
                break;
            case 3:
                text.insert(at, text.substr(below(text.size() + 1), below(60)));
                break;
            case 4:
                text.resize(at);
                break;
            default:
                if (at < text.size()) {
                    text[at] = static_cast<char>(random_() & 0xFFU);
                }
        }
    }

    std::mt19937_64 random_;
};

std::size_t count(const heddle_value* value) {
    std::size_t total = 1;
    for (std::size_t i = 0; i < value->count; ++i) {
        total += count(value->items[i]);
    }
    return total;
}

TEST(Mutation, TheFileToMutateIsGood) {
    EXPECT_EQ(problems(good, {{"DIR", "d"}}), "");
}

// HEDDLE_SEED=n repeats a run.
TEST(Mutation, GivesSettingsOrPlacedProblemsAndNeverCrashes) {
    const char* const fixed = std::getenv("HEDDLE_SEED");
    const std::uint64_t seed = fixed != nullptr ? std::strtoull(fixed, nullptr, 10) : std::random_device()();
    std::cout << "seed " << seed << '\n';
    Mutator mutator(seed);
    std::size_t read_well = 0;
    std::size_t refused = 0;
    for (int i = 0; i < 5000; ++i) {
        const std::string text = mutator.mutated();
        const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n') +
                                                    std::count(text.begin(), text.end(), '\r')) +
                           2;
        const auto loaded = parse(text, "config.yaml", "", environment({{"DIR", "d"}}));
        for (const Problem& problem : loaded.problems) {
            const std::string shown = to_string(problem);
            EXPECT_EQ(problem.file, "config.yaml") << shown << "\nseed " << seed << '\n' << text;
            EXPECT_FALSE(problem.message.empty()) << "seed " << seed << '\n' << text;
            EXPECT_LE(problem.place.line, lines) << shown << "\nseed " << seed << '\n' << text;
            EXPECT_EQ(problem.place.line == 0, problem.place.column == 0) << shown << "\nseed " << seed << '\n' << text;
            const bool about_the_file = problem.message.find("UTF-16") != std::string::npos;
            EXPECT_TRUE(problem.place.line != 0 || about_the_file) << shown << "\nseed " << seed << '\n' << text;
        }
        if (!loaded.ok()) {
            ++refused;
            continue;
        }
        ++read_well;
        for (const ModuleSettings& module : loaded.value.modules) {
            EXPECT_FALSE(module.name.empty()) << "seed " << seed << '\n' << text;
            EXPECT_GE(count(AbiValue(module.config).get()), 1U);
        }
    }
    EXPECT_GT(refused, 2000U) << "seed " << seed;
    EXPECT_GT(read_well, 100U) << "seed " << seed;
}

}  // namespace
}  // namespace heddle::config
