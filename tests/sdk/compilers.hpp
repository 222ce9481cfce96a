// The compilers of this machine, for tests about what compiles and what does not.
//
// The one that built the tests is always among them; the other of g++ and clang++ where it is installed. Any thread.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "heddle_test/program.hpp"
#include "heddle_test/temp_dir.hpp"

namespace heddle::test {

struct Compiler {
    std::string name;  // "gcc" or "clang"
    std::string cxx;   // full paths
    std::string c;
};
inline std::ostream& operator<<(std::ostream& stream, const Compiler& compiler) {
    return stream << compiler.name;
}

// At least one.
std::vector<Compiler> compilers();

// The folders that somebody who links to heddle::sdk and heddle::host compiles with, as -I and -isystem options.
std::vector<std::string> include_options();

// Runs the C++ compiler in C++20, or the C compiler in C11, with the include options and `arguments`.
ProgramResult compile(const Compiler& compiler, const std::vector<std::string>& arguments);
ProgramResult compile_c(const Compiler& compiler, const std::vector<std::string>& arguments);

// All headers below sdk/include and host/include, relative to those: "heddle/call.hpp". Sorted.
std::vector<std::string> public_headers();

// Compiles snippets after a preamble (includes, declarations) that is parsed once, so that dozens take seconds.
class SnippetCompiler {
public:
    SnippetCompiler(Compiler compiler, std::string_view preamble);  // throws std::runtime_error when it doesn't compile

    // What the compiler said to the snippet; exit code 0 means that it compiles. Nothing is generated.
    ProgramResult check(std::string_view snippet) const;

private:
    Compiler compiler_;
    TempDir folder_;
};

}  // namespace heddle::test
