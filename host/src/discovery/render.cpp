#include "discovery/render.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <variant>
#include <vector>

#include "discovery/text.hpp"

namespace heddle::discovery {
namespace {

using Json = nlohmann::ordered_json;

// ANSI sequences, or nothing.
class Style {
public:
    explicit Style(bool colour) : colour_(colour) {}
    std::string bold(std::string_view text) const { return wrapped("\x1b[1m", text); }
    std::string red(std::string_view text) const { return wrapped("\x1b[31m", text); }
    std::string dim(std::string_view text) const { return wrapped("\x1b[2m", text); }

private:
    std::string wrapped(std::string_view sequence, std::string_view text) const {
        if (!colour_) {
            return std::string(text);
        }
        return std::string(sequence).append(text).append("\x1b[0m");
    }

    bool colour_;
};

Json json_of(const PluginFile& file) {
    return {{"path", printable(file.path.native())},
            {"usable", true},
            {"name", file.name},
            {"version", file.version},
            {"summary", file.summary},
            {"sdk", file.sdk_version},
            {"toolchain", file.toolchain},
            {"abi", {{"major", file.abi_major}, {"minor", file.abi_minor}}},
            {"layout", file.layout},
            {"size", file.size},
            {"hash", file.hash},
            {"build_id", file.build_id},
            {"run_path", file.run_path},
            {"needed", file.needed},
            {"can_unmap", file.can_unmap()},
            {"no_delete", file.no_delete},
            {"unique_symbols", file.unique_symbols},
            {"unique_symbol_count", file.unique_symbol_count},
            {"binds_now", file.binds_now},
            {"text_relocations", file.text_relocations},
            {"executable_stack", file.executable_stack}};
}

Json json_of(const Refusal& refusal) {
    return {{"path", printable(refusal.path.native())},
            {"usable", false},
            {"reason", reason_id(refusal.reason)},
            {"text", refusal.text}};
}

std::string dumped(const Json& json) {
    // All texts are UTF-8 by now; a replacement is better than an exception should one not be.
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <class Range>
Json json_list(const Range& range) {
    Json list = Json::array();
    for (const auto& item : range) {
        list.push_back(json_of(item));
    }
    return list;
}

// What is unusual about the file and may matter to who loads it, a sentence each.
std::vector<std::string> remarks(const PluginFile& file) {
    std::vector<std::string> texts;
    if (file.no_delete) {
        texts.emplace_back("it is marked NODELETE, so it stays mapped after it is unloaded");
    }
    if (file.unique_symbol_count != 0) {
        texts.push_back("it has " + std::to_string(file.unique_symbol_count) + " unique symbols (" +
                        file.unique_symbols.front() + (file.unique_symbol_count > 1 ? ", ..." : "") +
                        "), so it stays mapped after it is unloaded; build it with -fno-gnu-unique");
    }
    if (!file.binds_now) {
        texts.emplace_back("it is not linked with -z now, though the host binds all its symbols at load anyway");
    }
    if (file.text_relocations) {
        texts.emplace_back("its code is written to at load (text relocations); build it with -fPIC");
    }
    if (file.executable_stack) {
        texts.emplace_back("loading it makes every stack of the process executable; link it with -z noexecstack");
    }
    return texts;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) {
        all.append(all.empty() ? "" : ", ").append(text);
    }
    return all;
}

// "4,096": people count digits in threes.
std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) {
        text.insert(at - 3, 1, ',');
    }
    return text;
}

std::string block(const PluginFile& file, const Style& style) {
    std::string text = style.bold(file.name) + " " + file.version + "\n";
    const auto line = [&](std::string_view label, const std::string& value) {
        if (!value.empty()) {
            std::string padded(label);
            padded.resize(12, ' ');
            text.append("  ").append(style.dim(padded)).append(value).append(1, '\n');
        }
    };
    line("summary", file.summary);
    line("file", printable(file.path.native()));
    line("abi", std::to_string(file.abi_major) + "." + std::to_string(file.abi_minor));
    line("sdk", file.sdk_version);
    line("toolchain", file.toolchain);
    line("layout", file.layout);
    line("size", grouped(file.size) + " bytes");
    line("hash", file.hash);
    line("build id", file.build_id);
    line("needs", joined(file.needed));
    line("run path", file.run_path);
    for (const std::string& remark : remarks(file)) {
        line("note", remark);
    }
    return text;
}

std::string block(const Refusal& refusal, const Style& style) {
    return style.red("refused") + ": " + refusal.text + "\n";
}

// The number of columns that a UTF-8 text takes, but for wide and combining characters.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

}  // namespace

std::string inspect_text(std::span<const Inspection> inspections, bool colour) {
    const Style style(colour);
    std::string text;
    for (const Inspection& inspection : inspections) {
        text.append(text.empty() ? "" : "\n");
        text += std::visit([&](const auto& item) { return block(item, style); }, inspection);
    }
    return text;
}

std::string inspect_json(std::span<const Inspection> inspections) {
    Json files = Json::array();
    for (const Inspection& inspection : inspections) {
        files.push_back(std::visit([](const auto& item) { return json_of(item); }, inspection));
    }
    return dumped({{"files", std::move(files)}});
}

std::string list_text(const Scan& scan, bool colour) {
    const Style style(colour);
    std::vector<std::vector<std::string>> rows;
    rows.push_back({"PLUGIN", "VERSION", "ABI", "FILE", "SUMMARY"});
    for (const PluginFile& file : scan.plugins) {
        rows.push_back({file.name, file.version, std::to_string(file.abi_major) + "." + std::to_string(file.abi_minor),
                        printable(file.path.native()), file.summary});
    }
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width(row[i]));
        }
    }
    std::string text;
    for (std::size_t r = 0; r < rows.size() && !scan.plugins.empty(); ++r) {
        const auto& row = rows[r];
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += r == 0 ? style.dim(row[i]) : i == 0 ? style.bold(row[i]) : row[i];
            text.append(i + 1 < row.size() ? widths[i] - width(row[i]) + 2 : 0, ' ');
        }
        text += '\n';
    }
    if (scan.plugins.empty()) {
        text += "no usable plugin";
        std::string where;
        for (const auto& directory : scan.directories) {
            where.append(where.empty() ? " in " : ", ").append(quoted(directory));
        }
        text.append(where).append(1, '\n');
    }
    for (const Refusal& refusal : scan.refused) {
        text += block(refusal, style);
    }
    for (const std::string& error : scan.errors) {
        text.append(style.red("error")).append(": ").append(error).append(1, '\n');
    }
    return text;
}

std::string list_json(const Scan& scan) {
    Json directories = Json::array();
    for (const auto& directory : scan.directories) {
        directories.push_back(printable(directory.native()));
    }
    return dumped({{"directories", std::move(directories)},
                   {"plugins", json_list(scan.plugins)},
                   {"refused", json_list(scan.refused)},
                   {"errors", scan.errors}});
}

}  // namespace heddle::discovery
