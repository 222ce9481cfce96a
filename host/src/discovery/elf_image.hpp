// A shared library's ELF64 file as bytes in memory: headers, sections and the dynamic symbols, each read checked
// against the file's size. Knows nothing of heddle. Format: System V gABI, chapters 4 and 5, and elf(5).
//
// Thread-safety: immutable after construction. Ownership: it borrows the bytes, which must outlive it.
#pragma once

#include <elf.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::discovery {

class ElfImage {
public:
    // Throws Unusable when the bytes are no complete 64-bit ELF shared library for this machine.
    explicit ElfImage(std::string_view bytes);

    // The sections of that name.
    std::vector<Elf64_Shdr> sections(std::string_view name) const;
    bool has_sections() const { return !sections_.empty(); }
    // The bytes of a section that has contents in the file.
    std::string_view contents(const Elf64_Shdr& section) const;

    // Calls `visit` with each symbol that the library defines for others. The name is unbounded to the right (ends at
    // the first zero byte), so that hostile tables cost no time: cut() it where it is used.
    void exported(const std::function<void(const Elf64_Sym&, std::string_view)>& visit) const;
    // Texts of the dynamic section with that tag, in order, printable, at most 256.
    std::vector<std::string> dynamic_texts(Elf64_Sxword tag) const;
    // The value of the first dynamic entry with that tag.
    std::optional<std::uint64_t> dynamic_value(Elf64_Sxword tag) const;

    // The linker's build id in hexadecimal, or empty.
    std::string build_id() const;
    bool has_executable_stack() const;

    // `text` up to its first zero byte, at most 1,024 characters of it.
    static std::string_view cut(std::string_view text);

private:
    template <class T>
    T read(std::uint64_t offset, const char* what) const;
    std::string_view slice(std::uint64_t offset, std::uint64_t size, const char* what) const;
    template <class T>
    std::vector<T> table(std::uint64_t offset, std::uint64_t count, std::uint64_t entry_size, const char* what) const;
    void read_sections(const Elf64_Ehdr& header);
    void read_segments(const Elf64_Ehdr& header);
    void read_dynamic();

    std::string_view bytes_;
    std::vector<Elf64_Phdr> segments_;
    std::vector<Elf64_Shdr> sections_;
    std::string_view section_names_;
    std::vector<Elf64_Dyn> dynamic_;
    std::string_view dynamic_strings_;
};

}  // namespace heddle::discovery
