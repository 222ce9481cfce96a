#include "compilers.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "heddle_test/paths.hpp"

namespace heddle::test {

namespace {

const std::vector<std::string> warnings = {"-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"};

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) {
        if (!part.empty() && std::find(parts.begin(), parts.end(), part) == parts.end()) {
            parts.push_back(part);
        }
    }
    return parts;
}

ProgramResult run(const std::string& program, std::vector<std::string> front, const std::vector<std::string>& more) {
    std::vector<std::string> command = {program};
    command.insert(command.end(), front.begin(), front.end());
    for (const auto& options : {include_options(), more}) {
        command.insert(command.end(), options.begin(), options.end());
    }
    // Messages in English, without colour and without line breaks of the terminal's width.
    ProgramOptions options;
    options.environment = {{"LC_ALL", "C"}, {"TERM", "dumb"}};
    return run_program(command, options);
}

}  // namespace

std::vector<Compiler> compilers() {
    std::vector<Compiler> found;
    const auto add = [&](const std::string& name, const std::string& cxx, const std::string& c) {
        if (!cxx.empty() && !c.empty()) {
            found.push_back({name, cxx, c});
        }
    };
    add("gcc", HEDDLE_TEST_GXX, HEDDLE_TEST_GCC);
    add("clang", HEDDLE_TEST_CLANGXX, HEDDLE_TEST_CLANG);
    return found;
}

std::vector<std::string> include_options() {
    std::vector<std::string> options;
    const std::filesystem::path top = source_dir();
    for (const std::string& folder : split(HEDDLE_TEST_INCLUDE_DIRS, '|')) {
        const bool ours = folder.starts_with(top.string()) && folder.ends_with("/include");
        if (ours || std::filesystem::path(folder).lexically_normal() != "/usr/include") {
            options.push_back(ours ? "-I" + folder : "-isystem" + folder);
        }
    }
    return options;
}

ProgramResult compile(const Compiler& compiler, const std::vector<std::string>& arguments) {
    return run(compiler.cxx, {"-std=c++20"}, arguments);
}

ProgramResult compile_c(const Compiler& compiler, const std::vector<std::string>& arguments) {
    return run(compiler.c, {"-std=c11"}, arguments);
}

std::vector<std::string> public_headers() {
    std::vector<std::string> headers;
    for (const char* folder : {"sdk/include", "host/include"}) {
        const std::filesystem::path top = source_dir() / folder;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
            const std::string extension = entry.path().extension().string();
            if (entry.is_regular_file() && (extension == ".h" || extension == ".hpp")) {
                headers.push_back(entry.path().lexically_relative(top).string());
            }
        }
    }
    std::sort(headers.begin(), headers.end());
    return headers;
}

SnippetCompiler::SnippetCompiler(Compiler compiler, std::string_view preamble) : compiler_(std::move(compiler)) {
    const auto text = folder_.write("first.hpp", preamble);
    const std::string parsed = (folder_ / (compiler_.name == "gcc" ? "first.hpp.gch" : "first.hpp.pch")).string();
    std::vector<std::string> arguments = warnings;
    arguments.insert(arguments.end(), {"-x", "c++-header", text.string(), "-o", parsed});
    const ProgramResult result = compile(compiler_, arguments);
    if (result.exit_code != 0) {
        throw std::runtime_error("the preamble does not compile: " + result.err);
    }
}

ProgramResult SnippetCompiler::check(std::string_view snippet) const {
    const auto source = folder_.write("snippet.cpp", snippet);
    std::vector<std::string> arguments = warnings;
    if (compiler_.name == "gcc") {
        arguments.insert(arguments.end(), {"-include", (folder_ / "first.hpp").string(), "-Winvalid-pch"});
    } else {
        arguments.insert(arguments.end(), {"-include-pch", (folder_ / "first.hpp.pch").string()});
    }
    arguments.insert(arguments.end(), {"-fsyntax-only", source.string()});
    return compile(compiler_, arguments);
}

}  // namespace heddle::test
