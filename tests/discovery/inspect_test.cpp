// What inspection says of usable plugins, and of each way that a file is none.
#include "discovery/inspect.hpp"

#include <gmock/gmock.h>
#include <heddle/abi.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>

#include "discovery/file_content.hpp"
#include "plugin_files.hpp"

namespace heddle::discovery {
namespace {

using ::testing::Contains;
using ::testing::MatchesRegex;

constexpr const char* build_again = "; build it again with heddle_add_plugin";

// The refusal of a file that must be refused.
Refusal refusal_of(const std::filesystem::path& path, const HostAbi& host = this_host()) {
    const Inspection inspection = inspect(path, host);
    if (const auto* refusal = std::get_if<Refusal>(&inspection)) {
        EXPECT_EQ(refusal->path, path);
        return *refusal;
    }
    ADD_FAILURE() << path << " was taken for a usable plugin";
    return {};
}

#define EXPECT_REFUSED(path, why, message)             \
    do {                                               \
        const Refusal refused = refusal_of(path);      \
        EXPECT_EQ(refused.reason, why);                \
        EXPECT_EQ(refused.text, about(path, message)); \
    } while (false)

// A folder with changed copies of good_c.
class ChangedFile : public ::testing::Test {
protected:
    std::filesystem::path write(std::string_view bytes) const { return folder_.write("x.so", bytes); }
    std::size_t record() const { return section_start(bytes_, HEDDLE_INFO_SECTION); }

    test::TempDir folder_;
    std::string bytes_ = good_bytes();
};

// ---- usable -------------------------------------------------------------------------------------------------

TEST(Inspect, ReadsWhatAPluginInCSaysOfItself) {
    const auto path = plugin_file("good_c");
    const Inspection inspection = inspect(path);
    const auto* file = std::get_if<PluginFile>(&inspection);
    ASSERT_NE(file, nullptr) << std::get<Refusal>(inspection).text;
    EXPECT_EQ(file->path, path);
    EXPECT_EQ(file->name, "good_c");
    EXPECT_EQ(file->version, "1.0.0");
    EXPECT_EQ(file->summary, "Scales numbers, written in C");
    EXPECT_EQ(file->sdk_version, HEDDLE_SDK_VERSION);
    EXPECT_EQ(file->toolchain, "c");
    EXPECT_EQ(file->abi_major, 1U);
    EXPECT_EQ(file->abi_minor, HEDDLE_ABI_MINOR);
    EXPECT_EQ(file->layout, HEDDLE_LAYOUT);
    EXPECT_EQ(file->size, std::filesystem::file_size(path));
    EXPECT_THAT(file->hash, MatchesRegex("[0-9a-f]{32}"));
    EXPECT_THAT(file->needed, Contains("libc.so.6"));
    EXPECT_TRUE(file->binds_now);
    EXPECT_TRUE(file->can_unmap());
    EXPECT_FALSE(file->text_relocations);
    EXPECT_FALSE(file->executable_stack);
}

TEST(Inspect, ReadsAPluginInCxx) {
    const Inspection inspection = inspect(plugin_file("bad_load_throw"));  // bad only once it is loaded
    const auto* file = std::get_if<PluginFile>(&inspection);
    ASSERT_NE(file, nullptr) << std::get<Refusal>(inspection).text;
    EXPECT_EQ(file->name, "bad_load_throw");
    EXPECT_EQ(file->summary, "Throws while it is loaded");
    EXPECT_THAT(file->toolchain, MatchesRegex("(gcc|clang) [0-9]+ lib.*"));
}

TEST(Inspect, FollowsSymbolicLinks) {
    const test::TempDir folder;
    std::filesystem::create_symlink(plugin_file("good_c"), folder / "link.so");
    const Inspection inspection = inspect(folder / "link.so");
    ASSERT_TRUE(std::holds_alternative<PluginFile>(inspection));
    EXPECT_EQ(std::get<PluginFile>(inspection).path, folder / "link.so");
}

TEST(Inspect, SeesThatALibraryIsNeverUnmapped) {
    const Inspection inspection = inspect(plugin_file("odd_stays_mapped"));
    ASSERT_TRUE(std::holds_alternative<PluginFile>(inspection));
    EXPECT_TRUE(std::get<PluginFile>(inspection).no_delete);
    EXPECT_FALSE(std::get<PluginFile>(inspection).can_unmap());
}

TEST_F(ChangedFile, HasTheHashOfItsContents) {
    const auto hash = [](const std::filesystem::path& path) { return std::get<PluginFile>(inspect(path)).hash; };
    const std::string before = hash(write(bytes_));
    EXPECT_EQ(before, hash(plugin_file("good_c")));
    bytes_[record() + offsetof(heddle_plugin_info, summary)] = 'W';
    EXPECT_NE(before, hash(write(bytes_)));
}

TEST(ContentHash, IsXxh3With128Bits) {
    // The test vector of xxHash's own specification for no bytes and seed 0.
    EXPECT_EQ(content_hash(""), "99aa06d3014798d86001c324468d497f");
}

TEST_F(ChangedFile, SeesUniqueSymbols) {
    // Turn the binding of the entry itself into STB_GNU_UNIQUE, as -fgnu-unique does to inline variables.
    const std::size_t table = section_header(bytes_, ".dynsym");
    const auto header = get<Elf64_Shdr>(bytes_, table);
    const std::size_t names = section_start(bytes_, ".dynstr");
    for (std::size_t at = header.sh_offset; at < header.sh_offset + header.sh_size; at += sizeof(Elf64_Sym)) {
        auto symbol = get<Elf64_Sym>(bytes_, at);
        if (std::string_view(bytes_.c_str() + names + symbol.st_name) == HEDDLE_ENTRY_SYMBOL) {
            symbol.st_info = ELF64_ST_INFO(STB_GNU_UNIQUE, STT_FUNC);
            put(bytes_, at, symbol);
        }
    }
    const Inspection inspection = inspect(write(bytes_));
    ASSERT_TRUE(std::holds_alternative<PluginFile>(inspection));
    const auto& file = std::get<PluginFile>(inspection);
    EXPECT_EQ(file.unique_symbol_count, 1U);
    EXPECT_THAT(file.unique_symbols, ::testing::ElementsAre(HEDDLE_ENTRY_SYMBOL));
    EXPECT_FALSE(file.can_unmap());
}

// ---- the file itself ----------------------------------------------------------------------------------------

TEST(Inspect, RefusesAFileThatIsNotThere) {
    const test::TempDir folder;
    EXPECT_REFUSED(folder / "x.so", Reason::cannot_open,
                   "cannot be opened: No such file or directory; check the path, or build it first");
}

TEST(Inspect, RefusesALinkToNowhere) {
    const test::TempDir folder;
    std::filesystem::create_symlink("gone.so", folder / "x.so");
    EXPECT_REFUSED(folder / "x.so", Reason::cannot_open,
                   "cannot be opened: No such file or directory; it is a symbolic link to 'gone.so', which is gone");
}

TEST(Inspect, RefusesAFileThatItMayNotRead) {
    if (geteuid() == 0) {
        // root reads everything; a directory that is a file's parent fails for everybody
        const test::TempDir folder;
        const auto file = folder.write("file", "x");
        EXPECT_REFUSED(file / "x.so", Reason::cannot_open, "cannot be opened: Not a directory; check the path");
        return;
    }
    const test::TempDir folder;
    const auto path = folder.write("x.so", good_bytes());
    chmod(path.c_str(), 0);
    EXPECT_REFUSED(path, Reason::cannot_open,
                   "cannot be opened: Permission denied; make it and the directories above it readable for this user");
}

TEST(Inspect, RefusesWhatIsNoRegularFileWithoutOpeningIt) {
    const test::TempDir folder;
    std::filesystem::create_directory(folder / "dir.so");
    EXPECT_REFUSED(folder / "dir.so", Reason::not_regular,
                   "is a directory, not a regular file; name the .so file in it");
    ASSERT_EQ(mkfifo((folder / "pipe.so").c_str(), 0600), 0);
    EXPECT_REFUSED(folder / "pipe.so", Reason::not_regular,
                   "is a named pipe, not a regular file; name the .so file itself");
    EXPECT_REFUSED(std::filesystem::path("/dev/zero"), Reason::not_regular,
                   "is a device, not a regular file; name the .so file itself");
}

TEST_F(ChangedFile, IsRefusedWhenEmpty) {
    EXPECT_REFUSED(write(""), Reason::empty, "is empty; build or copy it again");
}

TEST_F(ChangedFile, IsRefusedUnreadWhenHuge) {
    const auto path = write("x");
    std::filesystem::resize_file(path, std::uintmax_t{1} << 40U);  // sparse: takes no space
    EXPECT_REFUSED(path, Reason::too_large,
                   "has 1099511627776 bytes, and a plugin may have at most 1073741824; strip its debug information");
}

// ---- not a shared library for this machine -------------------------------------------------------------------

TEST_F(ChangedFile, IsRefusedByWhatItLooksLike) {
    using namespace std::string_view_literals;
    const auto expect = [&](std::string_view bytes, std::string_view kind) {
        const std::string text = std::string("is no ELF file: it looks like ")
                                     .append(kind)
                                     .append("; a plugin is a shared library built with heddle_add_plugin");
        EXPECT_REFUSED(write(bytes), Reason::not_elf, text);
    };
    expect("#!/bin/sh\nexit 0\n", "a script ('#!/bin/sh')");
    expect("!<arch>\nabc", "a static library (ar archive)");
    expect("INPUT(libx.so.1)\n", "a text file");
    expect("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer (run: git lfs pull)");
    expect("MZ\x90\0"sv, "a Windows program or DLL");
    expect("\0\0\0\0"sv, "nothing but zero bytes");
    expect("\x01\x02\x1b[31m", "data of an unknown kind (it begins '\\x01\\x02\\x1b[')");
    expect(
        "\x7f"
        "EL",
        "data of an unknown kind (it begins '\\x7fEL')");
}

TEST_F(ChangedFile, IsRefusedForAnotherMachine) {
    put<Elf64_Half>(bytes_, offsetof(Elf64_Ehdr, e_machine), EM_AARCH64);
    EXPECT_REFUSED(write(bytes_), Reason::wrong_machine,
                   "is for AArch64, and this host is x86-64; rebuild it for this machine");
    put<Elf64_Half>(bytes_, offsetof(Elf64_Ehdr, e_machine), 4711);
    EXPECT_REFUSED(write(bytes_), Reason::wrong_machine,
                   "is for ELF machine number 4711, and this host is x86-64; rebuild it for this machine");
}

TEST_F(ChangedFile, IsRefusedForAnotherWordSizeOrByteOrder) {
    std::string narrow = bytes_;
    narrow[EI_CLASS] = ELFCLASS32;
    EXPECT_REFUSED(write(narrow), Reason::wrong_machine,
                   "is a 32-bit ELF file, and this host is x86-64 with 64 bits; rebuild it for this machine");
    std::string big = bytes_;
    big[EI_DATA] = ELFDATA2MSB;
    EXPECT_REFUSED(write(big), Reason::wrong_machine,
                   "is an ELF file of the other byte order than this host's; rebuild it for this machine");
    bytes_[EI_CLASS] = 9;
    EXPECT_REFUSED(write(bytes_), Reason::malformed,
                   "is a damaged ELF file: its class is neither 32 nor 64 bits; build it again");
}

TEST(Inspect, RefusesPrograms) {
    EXPECT_REFUSED(plugin_file("bad_program"), Reason::not_shared_library,
                   "is a program, not a shared library; build the plugin with heddle_add_plugin");
}

TEST(Inspect, RefusesObjectFiles) {
    EXPECT_REFUSED(plugin_file("bad_object"), Reason::not_shared_library,
                   "is an object file (.o), not a shared library; link it with heddle_add_plugin");
}

TEST_F(ChangedFile, IsRefusedAsACoreDumpOrOldStyleProgram) {
    put<Elf64_Half>(bytes_, offsetof(Elf64_Ehdr, e_type), ET_CORE);
    EXPECT_REFUSED(write(bytes_), Reason::not_shared_library,
                   "is a core dump, not a shared library; name the plugin's file");
    put<Elf64_Half>(bytes_, offsetof(Elf64_Ehdr, e_type), ET_EXEC);
    EXPECT_REFUSED(write(bytes_), Reason::not_shared_library,
                   "is a program, not a shared library; build the plugin with heddle_add_plugin");
}

TEST_F(ChangedFile, IsRefusedWhenTruncatedAtAnyLength) {
    EXPECT_REFUSED(
        write(bytes_.substr(0, 40)), Reason::truncated,
        "is truncated: the ELF header needs 64 bytes at offset 0, and the file has 40; build or copy it again");
    const auto header = get<Elf64_Ehdr>(bytes_, 0);
    const std::size_t table = header.e_shnum * sizeof(Elf64_Shdr);
    const std::string half = bytes_.substr(0, header.e_shoff + 100);
    EXPECT_REFUSED(write(half), Reason::truncated,
                   "is truncated: the section header table needs " + std::to_string(table) + " bytes at offset " +
                       std::to_string(header.e_shoff) + ", and the file has " + std::to_string(half.size()) +
                       "; build or copy it again");
    for (std::size_t size = 64; size < bytes_.size(); ++size) {
        const Inspection inspection = inspect_content("x.so", std::string_view(bytes_).substr(0, size));
        ASSERT_TRUE(std::holds_alternative<Refusal>(inspection)) << "at " << size;
        ASSERT_EQ(std::get<Refusal>(inspection).reason, Reason::truncated) << "at " << size;
    }
}

// ---- no plugin ------------------------------------------------------------------------------------------------

TEST(Inspect, RefusesASharedLibraryThatIsNoPlugin) {
    EXPECT_REFUSED(plugin_file("bad_no_section"), Reason::no_section,
                   "is a shared library but no heddle plugin: it has no section .heddle.plugin; was it built with "
                   "heddle_add_plugin, and does one of its sources use HEDDLE_PLUGIN?");
}

TEST_F(ChangedFile, IsRefusedWithoutSectionHeaders) {
    put<Elf64_Off>(bytes_, offsetof(Elf64_Ehdr, e_shoff), 0);
    put<Elf64_Half>(bytes_, offsetof(Elf64_Ehdr, e_shnum), 0);
    EXPECT_REFUSED(
        write(bytes_), Reason::no_section,
        "has no section headers, so what plugin it is cannot be read; they were stripped off: build it again "
        "and strip it with plain 'strip' or not at all");
}

TEST_F(ChangedFile, IsRefusedWhenItsSectionWasStrippedOff) {
    const std::size_t header = section_header(bytes_, HEDDLE_INFO_SECTION);
    put<Elf64_Word>(bytes_, header, 0);  // the name
    EXPECT_REFUSED(
        write(bytes_), Reason::no_section,
        "exports heddle_plugin_v1 but has no section .heddle.plugin; it was stripped off or HEDDLE_PLUGIN was "
        "not used: build it again with heddle_add_plugin");
}

TEST(Inspect, RefusesAnotherMajorVersionOfTheAbi) {
    EXPECT_REFUSED(plugin_file("bad_abi_major"), Reason::wrong_abi,
                   "was built for heddle ABI 2.0, and this host speaks 1.1; use a newer host, or rebuild it with this "
                   "host's SDK");
    const Refusal old = refusal_of(plugin_file("good_c"), {2, 0, HEDDLE_LAYOUT});
    EXPECT_EQ(old.text,
              about(plugin_file("good_c"),
                    "was built for heddle ABI 1.1, and this host speaks 2.0; rebuild it with this host's SDK, or "
                    "use an older host"));
}

TEST(Inspect, RefusesANewerMinorVersionAndTakesAnOlderOne) {
    EXPECT_REFUSED(plugin_file("bad_abi_minor"), Reason::wrong_abi,
                   "was built for heddle ABI 1.99, and this host speaks 1.1; use a newer host, or rebuild it with this "
                   "host's SDK");
    EXPECT_TRUE(std::holds_alternative<PluginFile>(inspect(plugin_file("bad_abi_minor"), {1, 99, HEDDLE_LAYOUT})));
    EXPECT_TRUE(std::holds_alternative<PluginFile>(inspect(plugin_file("good_c"), {1, 7, HEDDLE_LAYOUT})));
}

TEST(Inspect, RefusesAnotherLayoutOfTheCallPlane) {
    EXPECT_REFUSED(
        plugin_file("bad_layout"), Reason::wrong_layout,
        "was compiled for another layout of the call plane: it has 'lp64le "
        "thread:top@16,limit@24,cells@32,failed@40 link:64,endpoint@8,cell@16,host@24 cell:16', and this host "
        "has '" HEDDLE_LAYOUT "'; rebuild it with this host's SDK and for this machine");
}

TEST(Inspect, RefusesAPluginWithoutAnEntry) {
    EXPECT_REFUSED(plugin_file("bad_no_entry"), Reason::no_entry,
                   "has no entry: it does not export the function heddle_plugin_v1; is HEDDLE_PLUGIN missing, or the "
                   "function hidden by a version script?");
}

TEST(Inspect, NamesTheEntriesOfOtherMajorsInstead) {
    EXPECT_REFUSED(plugin_file("bad_other_entry"), Reason::no_entry,
                   "has no entry: it does not export the function heddle_plugin_v1, only heddle_plugin_v7; rebuild it "
                   "with this host's SDK");
}

TEST(Inspect, RefusesTwoPluginsInOneLibrary) {
    EXPECT_REFUSED(plugin_file("bad_two_in_one"), Reason::bad_section,
                   std::string("has a damaged section .heddle.plugin: it holds the records of 2 plugins, and a library "
                               "can be one only (HEDDLE_PLUGIN is used more than once)") +
                       build_again);
}

// ---- a damaged record -------------------------------------------------------------------------------------------

class ChangedRecord : public ChangedFile {
protected:
    void expect_damaged(const std::string& what) {
        EXPECT_REFUSED(write(bytes_), Reason::bad_section,
                       "has a damaged section .heddle.plugin: " + what + build_again);
    }
    void put_text(std::size_t field, std::size_t size, const std::string& text) {
        bytes_.replace(record() + field, size, std::string(size, '\0'));
        bytes_.replace(record() + field, text.size(), text);
    }
};

TEST_F(ChangedRecord, WithoutTheMagicNumberIsRefused) {
    bytes_[record() + offsetof(heddle_plugin_info, magic)] = 'H';
    expect_damaged("it does not begin with heddle's magic number");
}

TEST_F(ChangedRecord, OfAnotherSizeThanItSaysIsRefused) {
    put<std::uint32_t>(bytes_, record(), 600);
    expect_damaged("it has 568 bytes and says that it has 600");
}

TEST_F(ChangedRecord, TooShortIsRefused) {
    put<Elf64_Xword>(bytes_, section_header(bytes_, HEDDLE_INFO_SECTION) + offsetof(Elf64_Shdr, sh_size), 20);
    expect_damaged("it has 20 bytes, and at least 568 were expected");
}

TEST_F(ChangedRecord, WithoutContentsIsRefused) {
    put<Elf64_Word>(bytes_, section_header(bytes_, HEDDLE_INFO_SECTION) + offsetof(Elf64_Shdr, sh_type), SHT_NOBITS);
    expect_damaged("it has no contents; is this a file of debug information only?");
}

TEST_F(ChangedRecord, WhoseTextDoesNotEndIsRefused) {
    put_text(offsetof(heddle_plugin_info, version_text), 32, std::string(32, '1'));
    expect_damaged("its version does not end within its 32 characters");
}

TEST_F(ChangedRecord, WithControlCharactersIsRefusedWithoutPrintingThem) {
    put_text(offsetof(heddle_plugin_info, summary), 192, "\x1b]0;owned\x07 and \xff");
    expect_damaged("its summary ('\\x1b]0;owned\\x07 and \\xff') holds control characters or is not UTF-8");
}

TEST_F(ChangedRecord, WithABadNameIsRefused) {
    for (const std::string& name : std::vector<std::string>{"Good", "9lives", "a.b", "a b", ""}) {
        put_text(offsetof(heddle_plugin_info, name), 64, name);
        expect_damaged("its name '" + name +
                       "' is no plugin name (a lower-case letter, then lower-case letters, digits, '_' or '-')");
    }
    put_text(offsetof(heddle_plugin_info, name), 64, "a-b_9");
    EXPECT_TRUE(std::holds_alternative<PluginFile>(inspect(write(bytes_))));
}

// ---- toolchains -----------------------------------------------------------------------------------------------------

TEST(ToolchainDifference, NamesBothTagsUnlessTheyAreEqual) {
    EXPECT_EQ(toolchain_difference("gcc 12 libstdc++11", "gcc 12 libstdc++11"), std::nullopt);
    EXPECT_EQ(toolchain_difference("gcc 12 libstdc++11", "clang 14 libc++1"),
              "one was built with 'gcc 12 libstdc++11', the other with 'clang 14 libc++1'");
    EXPECT_EQ(toolchain_difference("gcc 12 libstdc++11", ""),
              "one was built with 'gcc 12 libstdc++11', the other with an unknown toolchain");
}

}  // namespace
}  // namespace heddle::discovery
