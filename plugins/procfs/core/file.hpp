// One file of /proc, read whole again and again.
//
// A file of procfs itself is kept open and read with pread, which saves looking up the path at each reading. Any
// other file (a recorded tree, or lxcfs mounted over /proc/stat) may be replaced by another under its name, so it is
// opened each time; so is a file for which `keep_open` is false.
// Thread-safety: one thread at a time. Ownership: a File owns its descriptor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace procfs {

// A descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    void close();

private:
    int release();

    int fd_ = -1;
};

class File {
public:
    // A file larger than this is not one of /proc's: reading it fails with EFBIG.
    static constexpr std::size_t max_size = std::size_t{16} << 20;

    explicit File(std::string path, bool keep_open = true) : path_(std::move(path)), keep_open_(keep_open) {}

    // Reads the whole file into `buffer`, which grows as needed and is never shrunk, and lets `text` view it.
    // Gives 0, or an errno; then the file is opened afresh at the next reading. Never waits for a pipe or device.
    int read(std::vector<char>& buffer, std::string_view& text);

    const std::string& path() const { return path_; }
    bool is_kept_open() const { return file_.is_open(); }

private:
    int open();
    int read_open_file(std::vector<char>& buffer, std::string_view& text) const;

    std::string path_;
    bool keep_open_;
    bool may_keep_ = false;  // it is a file of procfs
    Descriptor file_;
};

}  // namespace procfs
