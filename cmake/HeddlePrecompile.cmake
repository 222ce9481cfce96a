# Compiling less: ccache, and headers that are parsed once.
#
# heddle_precompile(target header...)         these headers are parsed once for the whole target
# heddle_precompile(target REUSE_FROM name)   the same, with headers that many programs share
# heddle_shared_headers(name HEADERS header... LIBRARIES library...)
#                                             parses headers once for all programs that reuse them; the libraries are
#                                             those whose compile options the headers need
#
# The sources include what they use all the same; a target is only faster for it, and -DHEDDLE_PCH=OFF shows whether
# an include has been forgotten.
include_guard()

# Measured on this tree: clang compiles it in three quarters of the time with its tests' headers precompiled; gcc 12 in
# as much as without (it writes and reads 110 MB for them), so gcc goes without. ccache is told through its environment
# to trust a precompiled header's own dependencies; its manual asks for exactly these two. A launcher that somebody else
# has chosen is left alone, and then nothing is precompiled, as ccache without this setting would cache none of it.
set(heddle_precompile_default OFF)
if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(heddle_precompile_default ON)
  endif()
  find_program(HEDDLE_CCACHE ccache DOC "ccache, used for every compilation; empty to go without")
  mark_as_advanced(HEDDLE_CCACHE)
  if(HEDDLE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${HEDDLE_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
endif()
option(HEDDLE_PCH "Precompile the headers that cost most" ${heddle_precompile_default})

function(heddle_shared_headers name)
  if(NOT HEDDLE_PCH)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;LIBRARIES")
  # A precompiled header fits what is compiled alike, and a program is compiled with other options than a library; so
  # its owner is a program, if one that does nothing.
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "int main() {}\n")
  add_executable(${name} EXCLUDE_FROM_ALL "${source}")
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  heddle_precompile(${name} ${arg_HEADERS})
endfunction()

function(heddle_precompile target)
  if(NOT HEDDLE_PCH)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "REUSE_FROM" "")
  if(arg_REUSE_FROM)
    target_precompile_headers(${target} REUSE_FROM ${arg_REUSE_FROM})
  else()
    target_precompile_headers(${target} PRIVATE ${arg_UNPARSED_ARGUMENTS})
  endif()
  # ccache needs gcc to keep the name of the precompiled header, and clang to leave its date out.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>
    "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endfunction()
