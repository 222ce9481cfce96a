#include "heddle_test/paths.hpp"

namespace heddle::test {

std::filesystem::path bin_dir() {
    return HEDDLE_TEST_BIN_DIR;
}
std::filesystem::path plugins_dir() {
    return HEDDLE_TEST_PLUGINS_DIR;
}
std::filesystem::path test_plugins_dir() {
    return HEDDLE_TEST_TEST_PLUGINS_DIR;
}
std::filesystem::path source_dir() {
    return HEDDLE_TEST_SOURCE_DIR;
}
std::filesystem::path build_dir() {
    return HEDDLE_TEST_BUILD_DIR;
}
std::filesystem::path heddle_program() {
    return bin_dir() / "heddle";
}

}  // namespace heddle::test
