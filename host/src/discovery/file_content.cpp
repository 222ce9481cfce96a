#include "discovery/file_content.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include "discovery/descriptor.hpp"
#include "discovery/text.hpp"
#include "discovery/unusable.hpp"

namespace heddle::discovery {
namespace {

constexpr std::uint64_t size_limit = 1ULL << 30U;

std::string why(int error) {
    return std::system_category().message(error);
}

[[noreturn]] void refuse_open(const std::filesystem::path& path, int error) {
    std::string cure;
    std::error_code ignored;
    if (error == ENOENT && std::filesystem::is_symlink(path, ignored))
        cure = "it is a symbolic link to " + quoted(std::filesystem::read_symlink(path, ignored)) + ", which is gone";
    else if (error == ENOENT)
        cure = "check the path, or build it first";
    else if (error == EACCES)
        cure = "make it and the directories above it readable for this user";
    else
        cure = "check the path";
    throw Unusable{Reason::cannot_open, "cannot be opened: " + why(error) + "; " + cure};
}

void require_regular(mode_t mode) {
    if (S_ISREG(mode))
        return;
    const char* kind = S_ISDIR(mode)    ? "a directory"
                       : S_ISFIFO(mode) ? "a named pipe"
                       : S_ISSOCK(mode) ? "a socket"
                                        : "a device";
    const char* cure = S_ISDIR(mode) ? "name the .so file in it" : "name the .so file itself";
    throw Unusable{Reason::not_regular, std::string("is ") + kind + ", not a regular file; " + cure};
}

bool same_state(const struct stat& a, const struct stat& b) {
    return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::string read_content(const std::filesystem::path& path) {
    struct stat before {};
    // Asked before opening, as opening a device can have effects of its own.
    if (stat(path.c_str(), &before) != 0)
        refuse_open(path, errno);
    require_regular(before.st_mode);
    const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file)
        refuse_open(path, errno);
    if (fstat(file.get(), &before) != 0)
        refuse_open(path, errno);
    require_regular(before.st_mode);  // it may have been exchanged since
    const auto size = static_cast<std::uint64_t>(before.st_size);
    if (size == 0)
        throw Unusable{Reason::empty, "is empty; build or copy it again"};
    if (size > size_limit)
        throw Unusable{Reason::too_large, "has " + std::to_string(size) + " bytes, and a plugin may have at most " +
                                              std::to_string(size_limit) + "; strip its debug information"};

    std::string bytes(static_cast<std::size_t>(size), '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t got = read(file.get(), bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw Unusable{Reason::cannot_open, "cannot be read: " + why(errno) + "; check the disk it is on"};
        if (got == 0)
            break;
        filled += static_cast<std::size_t>(got);
    }
    struct stat after {};
    if (filled != bytes.size() || fstat(file.get(), &after) != 0 || !same_state(before, after))
        throw Unusable{Reason::changed, "changed while it was read; try again when it is built or copied completely"};
    return bytes;
}

std::string content_hash(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
    std::string text;
    for (const unsigned char byte : canonical.digest)
        text.append(1, digits[byte >> 4U]).append(1, digits[byte & 0xfU]);
    return text;
}

std::string looks_like(std::string_view bytes) {
    using namespace std::string_view_literals;
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> magics{{
        {"!<arch>\n"sv, "a static library (ar archive)"sv},
        {"!<thin>\n"sv, "a static library (thin ar archive)"sv},
        {"version https://git-lfs"sv, "a Git LFS pointer (run: git lfs pull)"sv},
        {"/* GNU ld script"sv, "a linker script"sv},
        {"BC\xc0\xde"sv, "LLVM bitcode"sv},
        {"MZ"sv, "a Windows program or DLL"sv},
        {"\xcf\xfa\xed\xfe"sv, "a macOS library or program"sv},
        {"\xca\xfe\xba\xbe"sv, "a macOS library, or Java class"sv},
        {"\x1f\x8b"sv, "a gzip archive"sv},
        {"\xfd"
         "7zXZ"sv,
         "an xz archive"sv},
        {"\x28\xb5\x2f\xfd"sv, "a zstd archive"sv},
        {"PK\x03\x04"sv, "a zip archive"sv},
        {"\0asm"sv, "a WebAssembly module"sv},
    }};
    if (bytes.starts_with("#!"sv)) {
        const std::string_view line = bytes.substr(0, std::min<std::size_t>(bytes.find('\n'), 60));
        return "a script ('" + printable(line) + "')";
    }
    for (const auto& [magic, name] : magics) {
        if (bytes.starts_with(magic))
            return std::string(name);
    }
    const std::string_view start = bytes.substr(0, 512);
    if (std::all_of(start.begin(), start.end(), [](char c) { return c == '\0'; }))
        return "nothing but zero bytes";
    if (std::all_of(start.begin(), start.end(), [](char c) {
            return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t' ||
                   static_cast<unsigned char>(c) >= 0x80;
        }))
        return "a text file";
    return "data of an unknown kind (it begins '" + printable(bytes.substr(0, 4)) + "')";
}

}  // namespace heddle::discovery
