// A folder of its own for one test, gone with all that is in it when the object goes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace heddle::test {

// Made below the system's temporary folder. Movable, not copyable; one thread at a time.
class TempDir {
public:
    TempDir();  // throws std::system_error when no folder can be made
    ~TempDir();
    TempDir(TempDir&& other) noexcept;
    TempDir& operator=(TempDir&& other) noexcept;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

    // Writes `text` to a file below the folder (with the folders on the way to it) and returns its full path.
    std::filesystem::path write(const std::filesystem::path& name, std::string_view text) const;

private:
    void remove() noexcept;

    std::filesystem::path path_;
};

// The whole file as text; throws std::runtime_error when it can't be read.
std::string read_file(const std::filesystem::path& file);

}  // namespace heddle::test
