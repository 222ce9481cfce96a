# How everything of this repository is compiled: warnings, output folders, sanitizers, coverage, ccache and precompiled
# headers. Nothing here reaches somebody who uses the installed package.
include_guard()
include(HeddlePrecompile)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# A library with a unique symbol is never unmapped, so no object that may end up in a plugin has one. clang makes none.
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(HEDDLE_PLUGIN_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/plugins")

# gcc 12 takes "text" + std::string for an overlapping copy (its bug 105651, mended in 13).
set(heddle_false_alarms $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)

# Off by default: a compiler newer than ours may warn where ours don't, and that must not break somebody's build.
option(HEDDLE_WERROR "Take every warning for an error" OFF)
add_library(heddle_warnings INTERFACE)
target_compile_options(heddle_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                                 ${heddle_false_alarms} $<$<BOOL:${HEDDLE_WERROR}>:-Werror>)

set(HEDDLE_SANITIZE "" CACHE STRING "Sanitizer to build everything with: asan (Address+UB), tsan or nothing")
set_property(CACHE HEDDLE_SANITIZE PROPERTY STRINGS "" asan tsan)
if(HEDDLE_SANITIZE STREQUAL "asan")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(HEDDLE_SANITIZE STREQUAL "tsan")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(HEDDLE_SANITIZE)
  message(FATAL_ERROR "HEDDLE_SANITIZE is '${HEDDLE_SANITIZE}'; it can be asan, tsan or empty")
endif()

option(HEDDLE_COVERAGE "Count which lines run (gcc and gcov)" OFF)
if(HEDDLE_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

# Tests are listed when ctest starts, not when they are built: then a build runs nothing, and the programs run in the
# environment of the test preset.
set(CMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE PRE_TEST)
