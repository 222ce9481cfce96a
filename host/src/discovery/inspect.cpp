#include "discovery/inspect.hpp"

#include <heddle/abi.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "discovery/elf_image.hpp"
#include "discovery/file_content.hpp"
#include "discovery/text.hpp"
#include "discovery/unusable.hpp"

namespace heddle::discovery {
namespace {

constexpr std::string_view section_name = HEDDLE_INFO_SECTION;
constexpr std::string_view entry_prefix = "heddle_plugin_v";
// The record of ABI 1.0. Later minors add fields at its end, so these can always be read.
constexpr std::size_t record_size = 568;
static_assert(sizeof(heddle_plugin_info) >= record_size && offsetof(heddle_plugin_info, layout) == record_size - 128);

std::string abi_text(std::uint32_t major, std::uint32_t minor) {
    return std::to_string(major) + "." + std::to_string(minor);
}

// What the dynamic symbols say: the entries exported, by major version, and the symbols that prevent unmapping.
struct Exports {
    bool entry = false;
    std::vector<std::string> other_entries;
    std::vector<std::string> unique_symbols;
    std::uint64_t unique_count = 0;
};

Exports read_exports(const ElfImage& image) {
    constexpr std::size_t most_names = 16;
    Exports exports;
    image.exported([&](const Elf64_Sym& symbol, std::string_view name) {
        if (ELF64_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE && ++exports.unique_count <= most_names)
            exports.unique_symbols.push_back(printable(ElfImage::cut(name)));
        if (!name.starts_with(entry_prefix) || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC)
            return;
        const std::string_view entry = ElfImage::cut(name);
        if (entry == HEDDLE_ENTRY_SYMBOL)
            exports.entry = true;
        else if (exports.other_entries.size() < most_names)
            exports.other_entries.push_back(printable(entry));
    });
    return exports;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts)
        all.append(all.empty() ? "" : ", ").append(text);
    return all;
}

[[noreturn]] void refuse_abi(std::string_view found, std::uint32_t found_major, std::uint32_t found_minor,
                             const HostAbi& host) {
    const bool newer = std::pair(found_major, found_minor) > std::pair(host.major, host.minor);
    throw Unusable{Reason::wrong_abi, "was built for heddle ABI " + std::string(found) + ", and this host speaks " +
                                          abi_text(host.major, host.minor) + "; " +
                                          (newer ? "use a newer host, or rebuild it with this host's SDK"
                                                 : "rebuild it with this host's SDK, or use an older host")};
}

[[noreturn]] void refuse_no_section(const ElfImage& image, const Exports& exports, const HostAbi& host) {
    if (!image.has_sections())
        throw Unusable{Reason::no_section,
                       "has no section headers, so what plugin it is cannot be read; they were stripped off: build it "
                       "again and strip it with plain 'strip' or not at all"};
    if (exports.entry)
        throw Unusable{Reason::no_section, "exports " HEDDLE_ENTRY_SYMBOL " but has no section " +
                                               std::string(section_name) +
                                               "; it was stripped off or HEDDLE_PLUGIN was not used: build it again "
                                               "with heddle_add_plugin"};
    if (!exports.other_entries.empty())
        throw Unusable{Reason::wrong_abi, "exports " + joined(exports.other_entries) +
                                              ", the entry of another heddle ABI, "
                                              "and this host speaks " +
                                              abi_text(host.major, host.minor) + "; rebuild it with this host's SDK"};
    throw Unusable{Reason::no_section, "is a shared library but no heddle plugin: it has no section " +
                                           std::string(section_name) +
                                           "; was it built with heddle_add_plugin, and does "
                                           "one of its sources use HEDDLE_PLUGIN?"};
}

[[noreturn]] void refuse_section(const std::string& what) {
    throw Unusable{Reason::bad_section, "has a damaged section " + std::string(section_name) + ": " + what +
                                            "; build it again with heddle_add_plugin"};
}

// A text of the record, which must end within its array and be fit to be shown.
template <std::size_t size>
std::string record_text(const char (&array)[size], const char* field) {
    const auto* const end = static_cast<const char*>(std::memchr(array, '\0', size));
    if (end == nullptr)
        refuse_section(std::string("its ") + field + " does not end within its " + std::to_string(size) +
                       " characters");
    std::string text(array, end);
    if (!is_printable(text))
        refuse_section(std::string("its ") + field + " ('" + printable(text) +
                       "') holds control characters or is not UTF-8");
    return text;
}

bool is_plugin_name(std::string_view name) {
    const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && lower(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
        return lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

// How many records of `size` bytes the section holds one after the other, each aligned; 0 when it does not come out
// even.
std::uint64_t records_in(const Elf64_Shdr& section, std::uint64_t size) {
    const std::uint64_t alignment = std::clamp<std::uint64_t>(section.sh_addralign, 1, 4096);
    const std::uint64_t stride = (size + alignment - 1) / alignment * alignment;
    if (size < record_size || section.sh_size < size || (section.sh_size - size) % stride != 0)
        return 0;
    return 1 + (section.sh_size - size) / stride;
}

// The record's fields of ABI 1.0, once its size, magic and version are known to be good.
heddle_plugin_info read_record(const ElfImage& image, const Exports& exports, const HostAbi& host) {
    const std::vector<Elf64_Shdr> sections = image.sections(section_name);
    if (sections.empty())
        refuse_no_section(image, exports, host);
    if (sections.size() > 1)
        refuse_section("there are " + std::to_string(sections.size()) + " of that name");
    if (sections.front().sh_type == SHT_NOBITS)
        refuse_section("it has no contents; is this a file of debug information only?");
    if ((sections.front().sh_flags & SHF_COMPRESSED) != 0)
        refuse_section("it is compressed");
    const std::string_view bytes = image.contents(sections.front());

    heddle_plugin_info info{};
    if (bytes.size() < record_size)
        refuse_section("it has " + std::to_string(bytes.size()) + " bytes, and at least " +
                       std::to_string(record_size) + " were expected");
    std::memcpy(&info, bytes.data(), record_size);
    if (std::memcmp(info.magic, HEDDLE_INFO_MAGIC, sizeof info.magic) != 0)
        refuse_section("it does not begin with heddle's magic number");
    // The fields up to here stand at the same place in every version; what follows only within a major.
    if (info.abi_major != host.major || info.abi_minor > host.minor)
        refuse_abi(abi_text(info.abi_major, info.abi_minor), info.abi_major, info.abi_minor, host);
    if (const std::uint64_t count = records_in(sections.front(), info.size); count > 1)
        refuse_section("it holds the records of " + std::to_string(count) +
                       " plugins, and a library can be one only (HEDDLE_PLUGIN is used more than once)");
    if (info.size != bytes.size())
        refuse_section("it has " + std::to_string(bytes.size()) + " bytes and says that it has " +
                       std::to_string(info.size));
    return info;
}

void check_layout(const std::string& layout, const HostAbi& host) {
    if (layout == host.layout)
        return;
    throw Unusable{Reason::wrong_layout, "was compiled for another layout of the call plane: it has '" + layout +
                                             "', and this host has '" + std::string(host.layout) +
                                             "'; rebuild it with this host's SDK and for this machine"};
}

void check_entry(const Exports& exports) {
    if (exports.entry)
        return;
    const std::string others = exports.other_entries.empty()
                                   ? "; is HEDDLE_PLUGIN missing, or the function hidden by a version script?"
                                   : ", only " + joined(exports.other_entries) + "; rebuild it with this host's SDK";
    throw Unusable{Reason::no_entry, "has no entry: it does not export the function " HEDDLE_ENTRY_SYMBOL + others};
}

PluginFile describe(const std::filesystem::path& path, std::string_view bytes, const HostAbi& host) {
    const ElfImage image(bytes);
    Exports exports = read_exports(image);
    const heddle_plugin_info info = read_record(image, exports, host);

    PluginFile file;
    file.path = path;
    file.name = record_text(info.name, "name");
    file.version = record_text(info.version_text, "version");
    file.summary = record_text(info.summary, "summary");
    file.sdk_version = record_text(info.sdk_version, "SDK version");
    file.toolchain = record_text(info.toolchain, "toolchain");
    file.layout = record_text(info.layout, "layout");
    if (!is_plugin_name(file.name))
        refuse_section("its name '" + file.name +
                       "' is no plugin name (a lower-case letter, then lower-case letters, digits, '_' or '-')");
    check_layout(file.layout, host);
    check_entry(exports);

    file.abi_major = info.abi_major;
    file.abi_minor = info.abi_minor;
    file.size = bytes.size();
    file.hash = content_hash(bytes);
    file.build_id = image.build_id();
    file.needed = image.dynamic_texts(DT_NEEDED);
    std::vector<std::string> run_paths = image.dynamic_texts(DT_RUNPATH);
    if (run_paths.empty())
        run_paths = image.dynamic_texts(DT_RPATH);
    file.run_path = run_paths.empty() ? std::string() : run_paths.front();

    const std::uint64_t flags = image.dynamic_value(DT_FLAGS).value_or(0);
    const std::uint64_t flags_1 = image.dynamic_value(DT_FLAGS_1).value_or(0);
    file.no_delete = (flags_1 & DF_1_NODELETE) != 0;
    file.binds_now = (flags & DF_BIND_NOW) != 0 || (flags_1 & DF_1_NOW) != 0 || image.dynamic_value(DT_BIND_NOW);
    file.text_relocations = (flags & DF_TEXTREL) != 0 || image.dynamic_value(DT_TEXTREL);
    file.executable_stack = image.has_executable_stack();
    file.unique_symbols = std::move(exports.unique_symbols);
    file.unique_symbol_count = exports.unique_count;
    return file;
}

Refusal refusal(const std::filesystem::path& path, const Unusable& unusable) {
    return {path, unusable.reason, quoted(path) + " " + unusable.text};
}

}  // namespace

HostAbi this_host() {
    return {HEDDLE_ABI_MAJOR, HEDDLE_ABI_MINOR, HEDDLE_LAYOUT};
}

Inspection inspect(const std::filesystem::path& path, const HostAbi& host) {
    try {
        return inspect_content(path, read_content(path), host);
    } catch (const Unusable& unusable) {
        return refusal(path, unusable);
    }
}

Inspection inspect_content(const std::filesystem::path& path, std::string_view bytes, const HostAbi& host) {
    try {
        return describe(path, bytes, host);
    } catch (const Unusable& unusable) {
        return refusal(path, unusable);
    }
}

std::optional<std::string> toolchain_difference(std::string_view ours, std::string_view theirs) {
    if (ours == theirs)
        return std::nullopt;
    const auto named = [](std::string_view tag) {
        return tag.empty() ? std::string("an unknown toolchain") : quoted(tag);
    };
    return "one was built with " + named(ours) + ", the other with " + named(theirs);
}

}  // namespace heddle::discovery
