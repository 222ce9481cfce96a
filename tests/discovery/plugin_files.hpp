// Plugin files for the tests of discovery: those that the build made, and changed copies of them.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "discovery/text.hpp"
#include "heddle_test/support.hpp"

namespace heddle::discovery {

inline std::filesystem::path plugin_file(const std::string& name) {
    return test::test_plugins_dir() / name / (name + ".so");
}

inline std::string good_bytes() {
    return test::read_file(plugin_file("good_c"));
}

// "'<path>' <text>": how every refusal begins.
inline std::string about(const std::filesystem::path& path, std::string_view text) {
    return quoted(path).append(" ").append(text);
}

// Puts a value into the bytes of a file.
template <class T>
void put(std::string& bytes, std::size_t offset, const T& value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

template <class T>
T get(const std::string& bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

// The file offset of the header of the section with that name.
inline std::size_t section_header(const std::string& bytes, std::string_view name) {
    const auto elf = get<Elf64_Ehdr>(bytes, 0);
    const auto names = get<Elf64_Shdr>(bytes, elf.e_shoff + elf.e_shstrndx * sizeof(Elf64_Shdr));
    for (std::size_t i = 0; i < elf.e_shnum; ++i) {
        const std::size_t at = elf.e_shoff + i * sizeof(Elf64_Shdr);
        if (name == bytes.c_str() + names.sh_offset + get<Elf64_Shdr>(bytes, at).sh_name) {
            return at;
        }
    }
    throw std::runtime_error("no section of that name");
}

// The file offset of what the section holds.
inline std::size_t section_start(const std::string& bytes, std::string_view name) {
    return get<Elf64_Shdr>(bytes, section_header(bytes, name)).sh_offset;
}

}  // namespace heddle::discovery
