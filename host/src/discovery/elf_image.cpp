#include "discovery/elf_image.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "discovery/file_content.hpp"
#include "discovery/text.hpp"
#include "discovery/unusable.hpp"

namespace heddle::discovery {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half host_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half host_machine = EM_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr Elf64_Half host_machine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr Elf64_Half host_machine = EM_PPC64;
#elif defined(__s390x__)
constexpr Elf64_Half host_machine = EM_S390;
#else
#error "add this machine's ELF number"
#endif
constexpr unsigned char host_data = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

std::string machine_name(unsigned machine) {
    switch (machine) {
        case EM_X86_64:
            return "x86-64";
        case EM_386:
            return "x86 (32 bits)";
        case EM_AARCH64:
            return "AArch64";
        case EM_ARM:
            return "ARM (32 bits)";
        case EM_RISCV:
            return "RISC-V";
        case EM_PPC64:
            return "PowerPC64";
        case EM_S390:
            return "S/390";
        case EM_MIPS:
            return "MIPS";
        default:
            return "ELF machine number " + std::to_string(machine);
    }
}

constexpr const char* rebuild_here = "rebuild it for this machine";

// What stands in the first 16 bytes decides how to read all others.
void check_identification(std::string_view bytes) {
    if (!bytes.starts_with(std::string_view(ELFMAG, SELFMAG)))
        throw Unusable{Reason::not_elf, "is no ELF file: it looks like " + looks_like(bytes) +
                                            "; a plugin is a shared library built with heddle_add_plugin"};
    if (bytes.size() < sizeof(Elf64_Ehdr))
        throw Unusable{Reason::truncated, "is truncated: the ELF header needs 64 bytes at offset 0, and the file has " +
                                              std::to_string(bytes.size()) + "; build or copy it again"};
    if (bytes[EI_CLASS] == ELFCLASS32)
        throw Unusable{Reason::wrong_machine, std::string("is a 32-bit ELF file, and this host is ") +
                                                  machine_name(host_machine) + " with 64 bits; " + rebuild_here};
    if (bytes[EI_CLASS] != ELFCLASS64)
        throw Unusable{Reason::malformed, "is a damaged ELF file: its class is neither 32 nor 64 bits; build it again"};
    if (static_cast<unsigned char>(bytes[EI_DATA]) != host_data)
        throw Unusable{Reason::wrong_machine,
                       std::string("is an ELF file of the other byte order than this host's; ") + rebuild_here};
}

void check_type(const Elf64_Ehdr& header) {
    switch (header.e_type) {
        case ET_DYN:
            return;
        case ET_EXEC:
            throw Unusable{Reason::not_shared_library,
                           "is a program, not a shared library; build the plugin with heddle_add_plugin"};
        case ET_REL:
            throw Unusable{Reason::not_shared_library,
                           "is an object file (.o), not a shared library; link it with heddle_add_plugin"};
        case ET_CORE:
            throw Unusable{Reason::not_shared_library, "is a core dump, not a shared library; name the plugin's file"};
        default:
            throw Unusable{Reason::not_shared_library, "is an ELF file of type " + std::to_string(header.e_type) +
                                                           ", not a shared library; build it with heddle_add_plugin"};
    }
}

}  // namespace

std::string_view ElfImage::slice(std::uint64_t offset, std::uint64_t size, const char* what) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset)
        throw Unusable{Reason::truncated, std::string("is truncated: ") + what + " needs " + std::to_string(size) +
                                              " bytes at offset " + std::to_string(offset) + ", and the file has " +
                                              std::to_string(bytes_.size()) + "; build or copy it again"};
    return bytes_.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

template <class T>
T ElfImage::read(std::uint64_t offset, const char* what) const {
    T value;
    std::memcpy(&value, slice(offset, sizeof(T), what).data(), sizeof(T));
    return value;
}

template <class T>
std::vector<T> ElfImage::table(std::uint64_t offset, std::uint64_t count, std::uint64_t entry_size,
                               const char* what) const {
    if (count == 0)
        return {};
    if (entry_size != sizeof(T))
        throw Unusable{Reason::malformed, std::string("is a damaged ELF file: the entries of ") + what + " have " +
                                              std::to_string(entry_size) + " bytes instead of " +
                                              std::to_string(sizeof(T)) + "; build it again"};
    // A count that would overflow the product cannot fit the file either.
    const std::uint64_t size = count > bytes_.size() ? UINT64_MAX : count * sizeof(T);
    const std::string_view raw = slice(offset, size, what);
    std::vector<T> entries(static_cast<std::size_t>(count));
    std::memcpy(entries.data(), raw.data(), raw.size());
    return entries;
}

ElfImage::ElfImage(std::string_view bytes) : bytes_(bytes) {
    check_identification(bytes);
    const auto header = read<Elf64_Ehdr>(0, "the ELF header");
    if (header.e_machine != host_machine)
        throw Unusable{Reason::wrong_machine, "is for " + machine_name(header.e_machine) + ", and this host is " +
                                                  machine_name(host_machine) + "; " + rebuild_here};
    check_type(header);
    read_segments(header);
    read_sections(header);
    read_dynamic();
    if ((dynamic_value(DT_FLAGS_1).value_or(0) & DF_1_PIE) != 0)
        throw Unusable{Reason::not_shared_library,
                       "is a program, not a shared library; build the plugin with heddle_add_plugin"};
}

void ElfImage::read_segments(const Elf64_Ehdr& header) {
    segments_ = table<Elf64_Phdr>(header.e_phoff, header.e_phnum, header.e_phentsize, "the program header table");
    for (const Elf64_Phdr& segment : segments_) {
        // The dynamic loader maps these without asking for the file's size; reading past its end is then a SIGBUS.
        if (segment.p_type == PT_LOAD)
            slice(segment.p_offset, segment.p_filesz, "a segment to load");
    }
}

void ElfImage::read_sections(const Elf64_Ehdr& header) {
    if (header.e_shoff == 0)
        return;
    std::uint64_t count = header.e_shnum;
    std::uint64_t names = header.e_shstrndx;
    if (count == 0 || names == SHN_XINDEX) {  // too many for the header's fields: they stand in the first entry
        const auto first = read<Elf64_Shdr>(header.e_shoff, "the section header table");
        count = count == 0 ? first.sh_size : count;
        names = names == SHN_XINDEX ? first.sh_link : names;
    }
    sections_ = table<Elf64_Shdr>(header.e_shoff, count, header.e_shentsize, "the section header table");
    if (names < sections_.size())
        section_names_ = contents(sections_[static_cast<std::size_t>(names)]);
}

void ElfImage::read_dynamic() {
    for (const Elf64_Shdr& section : sections_) {
        if (section.sh_type != SHT_DYNAMIC)
            continue;
        dynamic_ = table<Elf64_Dyn>(section.sh_offset, section.sh_size / sizeof(Elf64_Dyn), sizeof(Elf64_Dyn),
                                    "the dynamic section");
        const auto end =
            std::find_if(dynamic_.begin(), dynamic_.end(), [](const auto& d) { return d.d_tag == DT_NULL; });
        dynamic_.erase(end, dynamic_.end());
        if (section.sh_link < sections_.size())
            dynamic_strings_ = contents(sections_[section.sh_link]);
        return;
    }
}

std::string_view ElfImage::contents(const Elf64_Shdr& section) const {
    if (section.sh_type == SHT_NOBITS)
        return {};
    return slice(section.sh_offset, section.sh_size, "a section");
}

std::string_view ElfImage::cut(std::string_view text) {
    text = text.substr(0, 1024);
    return text.substr(0, text.find('\0'));
}

std::vector<Elf64_Shdr> ElfImage::sections(std::string_view name) const {
    std::vector<Elf64_Shdr> found;
    for (const Elf64_Shdr& section : sections_) {
        if (section.sh_name < section_names_.size() && cut(section_names_.substr(section.sh_name)) == name)
            found.push_back(section);
    }
    return found;
}

void ElfImage::exported(const std::function<void(const Elf64_Sym&, std::string_view)>& visit) const {
    for (const Elf64_Shdr& section : sections_) {
        if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections_.size())
            continue;
        const std::string_view names = contents(sections_[section.sh_link]);
        for (const Elf64_Sym& symbol : table<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym),
                                                        section.sh_entsize, "the dynamic symbol table")) {
            const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
            const bool visible = visibility == STV_DEFAULT || visibility == STV_PROTECTED;
            if (symbol.st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol.st_info) != STB_LOCAL && visible &&
                symbol.st_name < names.size())
                visit(symbol, names.substr(symbol.st_name));
        }
        return;  // there is one; a file made to hold many overlapping ones would take for ever
    }
}

std::vector<std::string> ElfImage::dynamic_texts(Elf64_Sxword tag) const {
    constexpr std::size_t most = 256;  // far more than any library has; bounds what a hostile file can make us hold
    std::vector<std::string> texts;
    for (const Elf64_Dyn& entry : dynamic_) {
        if (texts.size() == most)
            break;
        if (entry.d_tag == tag && entry.d_un.d_val < dynamic_strings_.size())
            texts.push_back(printable(cut(dynamic_strings_.substr(static_cast<std::size_t>(entry.d_un.d_val)))));
    }
    return texts;
}

std::optional<std::uint64_t> ElfImage::dynamic_value(Elf64_Sxword tag) const {
    const auto found = std::find_if(dynamic_.begin(), dynamic_.end(), [&](const auto& d) { return d.d_tag == tag; });
    return found == dynamic_.end() ? std::nullopt : std::optional<std::uint64_t>(found->d_un.d_val);
}

std::string ElfImage::build_id() const {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::string_view owner("GNU\0", 4);
    const auto padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
    for (const Elf64_Shdr& section : sections(".note.gnu.build-id")) {
        const std::string_view note = contents(section);
        if (note.size() < sizeof(Elf64_Nhdr))
            continue;
        Elf64_Nhdr header;
        std::memcpy(&header, note.data(), sizeof header);
        const std::uint64_t start = sizeof header + padded(header.n_namesz);
        if (header.n_type != NT_GNU_BUILD_ID || note.substr(sizeof header, owner.size()) != owner ||
            start > note.size() || header.n_descsz > note.size() - start || header.n_descsz > 64)
            continue;
        std::string text;
        for (const char c : note.substr(static_cast<std::size_t>(start), header.n_descsz)) {
            const auto byte = static_cast<unsigned char>(c);
            text.append(1, digits[byte >> 4U]).append(1, digits[byte & 0xfU]);
        }
        return text;
    }
    return {};
}

bool ElfImage::has_executable_stack() const {
    return std::any_of(segments_.begin(), segments_.end(),
                       [](const auto& s) { return s.p_type == PT_GNU_STACK && (s.p_flags & PF_X) != 0; });
}

}  // namespace heddle::discovery
