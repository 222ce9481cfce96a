// Where the build put things. Absolute paths, known when the tests were compiled; any thread.
#pragma once

#include <filesystem>

namespace heddle::test {

std::filesystem::path bin_dir();           // programs: bin_dir() / "heddle"
std::filesystem::path plugins_dir();       // the plugins people run
std::filesystem::path test_plugins_dir();  // plugins made for tests only
std::filesystem::path source_dir();        // the top of the source tree
std::filesystem::path build_dir();         // the top of the build tree

std::filesystem::path heddle_program();  // bin_dir() / "heddle"

}  // namespace heddle::test
