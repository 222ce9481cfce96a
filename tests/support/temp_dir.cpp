#include "heddle_test/temp_dir.hpp"

#include <stdlib.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace heddle::test {

TempDir::TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "heddle-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::system_error{errno, std::generic_category(), "can't make the folder " + name};
    }
    path_ = name;
}

TempDir::~TempDir() {
    remove();
}

TempDir::TempDir(TempDir&& other) noexcept : path_{std::exchange(other.path_, {})} {}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::exchange(other.path_, {});
    }
    return *this;
}

std::filesystem::path TempDir::write(const std::filesystem::path& name, std::string_view text) const {
    std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream stream{file, std::ios::binary | std::ios::trunc};
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    stream.close();
    if (!stream) {
        throw std::runtime_error{"can't write " + file.string()};
    }
    return file;
}

void TempDir::remove() noexcept {
    if (!path_.empty()) {
        std::error_code ignored;  // a test that leaves a folder behind has not failed for that
        std::filesystem::remove_all(path_, ignored);
    }
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream stream{file, std::ios::binary};
    if (!stream) {
        throw std::runtime_error{"can't read " + file.string()};
    }
    return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace heddle::test
