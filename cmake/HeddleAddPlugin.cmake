# heddle_add_plugin(name SOURCES file...): a shared library <name>.so that is safe to load and unload.
#
# Sets hidden visibility and a list of what may leave the library (the entry alone: the standard library's templates
# would go out too), no unique symbols (a library with one is never
# unmapped), binding at load (a missing symbol is found before anything runs) and no undefined symbols
# but those of the SDK's own runtime library. Works in this tree and after find_package(heddle).
include_guard()
include(CheckCXXCompilerFlag)

function(heddle_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_DIRECTORY" "SOURCES")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: heddle_add_plugin(name SOURCES file... [OUTPUT_DIRECTORY dir])")
  endif()
  add_library(${name} MODULE ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE heddle::sdk $<TARGET_NAME_IF_EXISTS:heddle_warnings>)
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
                                           VISIBILITY_INLINES_HIDDEN ON)
  if(arg_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${arg_OUTPUT_DIRECTORY}")
  elseif(HEDDLE_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${HEDDLE_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
  check_cxx_compiler_flag(-fno-gnu-unique HEDDLE_HAS_NO_GNU_UNIQUE)
  if(HEDDLE_HAS_NO_GNU_UNIQUE)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
  endif()
  set(exports "${CMAKE_BINARY_DIR}/heddle_plugin.map")
  file(CONFIGURE OUTPUT "${exports}" CONTENT "{ global: heddle_plugin_v*; local: *; };\n")
  target_link_options(${name} PRIVATE -Wl,-z,now -Wl,-z,relro "LINKER:--version-script=${exports}")
  if(NOT HEDDLE_SANITIZE) # a sanitizer's own symbols live in the program
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()
