#include "discovery/render.hpp"

#include <gmock/gmock.h>

#include <array>
#include <nlohmann/json.hpp>

#include "plugin_files.hpp"

namespace heddle::discovery {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PluginFile sample() {
    PluginFile file;
    file.path = "/p/stats.so";
    file.name = "stats";
    file.version = "1.2.0";
    file.summary = "Windowed statistics";
    file.sdk_version = "0.1.0";
    file.toolchain = "gcc 12 libstdc++11";
    file.abi_major = 1;
    file.layout = "lp64le";
    file.size = 1234567;
    file.hash = "00112233445566778899aabbccddeeff";
    file.build_id = "abcd";
    file.needed = {"libheddle-rt.so.1", "libc.so.6"};
    file.binds_now = true;
    return file;
}

Refusal sample_refusal() {
    return {"/p/x.so", Reason::empty, "'/p/x.so' is empty; build or copy it again"};
}

TEST(InspectText, TellsAllThatPeopleAskFor) {
    const std::array<Inspection, 2> inspections{sample(), sample_refusal()};
    EXPECT_EQ(inspect_text(inspections, false),
              "stats 1.2.0\n"
              "  summary     Windowed statistics\n"
              "  file        /p/stats.so\n"
              "  abi         1.0\n"
              "  sdk         0.1.0\n"
              "  toolchain   gcc 12 libstdc++11\n"
              "  layout      lp64le\n"
              "  size        1,234,567 bytes\n"
              "  hash        00112233445566778899aabbccddeeff\n"
              "  build id    abcd\n"
              "  needs       libheddle-rt.so.1, libc.so.6\n"
              "\n"
              "refused: '/p/x.so' is empty; build or copy it again\n");
}

TEST(InspectText, RemarksOnWhatIsUnusual) {
    PluginFile file = sample();
    file.no_delete = true;
    file.binds_now = false;
    file.text_relocations = true;
    file.executable_stack = true;
    file.unique_symbols = {"_ZN1a1bE", "_ZN1a1cE"};
    file.unique_symbol_count = 20;
    const std::array<Inspection, 1> inspections{file};
    EXPECT_THAT(
        inspect_text(inspections, false),
        HasSubstr(
            "  note        it is marked NODELETE, so it stays mapped after it is unloaded\n"
            "  note        it has 20 unique symbols (_ZN1a1bE, ...), so it stays mapped after it is unloaded; build it "
            "with -fno-gnu-unique\n"
            "  note        it is not linked with -z now, though the host binds all its symbols at load anyway\n"
            "  note        its code is written to at load (text relocations); build it with -fPIC\n"
            "  note        loading it makes every stack of the process executable; link it with -z noexecstack\n"));
}

TEST(InspectText, HasColourOnlyWhenAskedFor) {
    const std::array<Inspection, 2> inspections{sample(), sample_refusal()};
    EXPECT_THAT(inspect_text(inspections, false), Not(HasSubstr("\x1b")));
    EXPECT_THAT(inspect_text(inspections, true), HasSubstr("\x1b[1mstats\x1b[0m 1.2.0\n"));
    EXPECT_THAT(inspect_text(inspections, true), HasSubstr("\x1b[31mrefused\x1b[0m: '/p/x.so'"));
}

TEST(InspectJson, HasTheMembersThatItsHeaderPromises) {
    const std::array<Inspection, 2> inspections{sample(), sample_refusal()};
    const auto json = nlohmann::json::parse(inspect_json(inspections));
    const auto expected = nlohmann::json::parse(R"({"files": [
        {"path": "/p/stats.so", "usable": true, "name": "stats", "version": "1.2.0", "summary": "Windowed statistics",
         "sdk": "0.1.0", "toolchain": "gcc 12 libstdc++11", "abi": {"major": 1, "minor": 0}, "layout": "lp64le",
         "size": 1234567, "hash": "00112233445566778899aabbccddeeff", "build_id": "abcd", "run_path": "",
         "needed": ["libheddle-rt.so.1", "libc.so.6"], "can_unmap": true, "no_delete": false, "unique_symbols": [],
         "unique_symbol_count": 0, "binds_now": true, "text_relocations": false, "executable_stack": false},
        {"path": "/p/x.so", "usable": false, "reason": "empty", "text": "'/p/x.so' is empty; build or copy it again"}]})");
    EXPECT_EQ(json, expected);
}

TEST(InspectJson, IsValidForPathsThatAreNoUtf8) {
    const std::array<Inspection, 1> inspections{inspect("/nowhere/\xff\n.so")};
    const auto json = nlohmann::json::parse(inspect_json(inspections));
    EXPECT_EQ(json["files"][0]["path"], "/nowhere/\\xff\\x0a.so");
}

TEST(ListText, IsATableOfPluginsThenWhatIsWrong) {
    Scan scan;
    scan.directories = {"/p"};
    scan.plugins = {sample(), sample()};
    scan.plugins[1].name = "alerts_and_more";
    scan.plugins[1].version = "0.9";
    scan.refused = {sample_refusal()};
    scan.errors = {"plugin directory '/q' does not exist; check the path, or build first"};
    EXPECT_EQ(list_text(scan, false),
              "PLUGIN           VERSION  ABI  FILE         SUMMARY\n"
              "stats            1.2.0    1.0  /p/stats.so  Windowed statistics\n"
              "alerts_and_more  0.9      1.0  /p/stats.so  Windowed statistics\n"
              "refused: '/p/x.so' is empty; build or copy it again\n"
              "error: plugin directory '/q' does not exist; check the path, or build first\n");
    EXPECT_THAT(list_text(scan, true), HasSubstr("\x1b[1mstats\x1b[0m            1.2.0"));
}

TEST(ListText, SaysWhenThereIsNothing) {
    Scan scan;
    scan.directories = {"/p", "/q"};
    EXPECT_EQ(list_text(scan, false), "no usable plugin in '/p', '/q'\n");
}

TEST(ListJson, HasTheMembersThatItsHeaderPromises) {
    Scan scan;
    scan.directories = {"/p"};
    scan.plugins = {sample()};
    scan.refused = {sample_refusal()};
    scan.errors = {"an error"};
    const auto json = nlohmann::json::parse(list_json(scan));
    EXPECT_EQ(json["directories"], nlohmann::json::parse(R"(["/p"])"));
    EXPECT_EQ(json["plugins"][0]["name"], "stats");
    EXPECT_EQ(json["refused"][0]["reason"], "empty");
    EXPECT_EQ(json["errors"], nlohmann::json::parse(R"(["an error"])"));
    EXPECT_EQ(json.size(), 4U);
}

}  // namespace
}  // namespace heddle::discovery
