# Installs the build, moves the installed tree elsewhere, builds consumer/ against it by find_package(heddle), and runs
# what came out: the plugin in the installed program, and an application that embeds the installed host.
cmake_minimum_required(VERSION 3.25)

# expect(WHAT EXIT_CODE code COMMAND command... [OUTPUT expression...]): runs the command; its exit code must be the
# given one, and what it wrote must match every expression.
function(expect what)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXIT_CODE" "COMMAND;OUTPUT")
  execute_process(COMMAND ${arg_COMMAND} RESULT_VARIABLE code OUTPUT_VARIABLE written ERROR_VARIABLE written TIMEOUT 300)
  if(NOT code STREQUAL arg_EXIT_CODE)
    list(JOIN arg_COMMAND " " command)
    message(FATAL_ERROR "${what}: exit code ${code} instead of ${arg_EXIT_CODE} from\n  ${command}\n${written}")
  endif()
  foreach(expression IN LISTS arg_OUTPUT)
    if(NOT written MATCHES "${expression}")
      message(FATAL_ERROR "${what}: nothing like '${expression}' in\n${written}")
    endif()
  endforeach()
  message(STATUS "${what}: as expected")
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
set(ENV{XDG_CACHE_HOME} "${WORK}/cache") # so that the plugin is tried by the installed helper, not remembered
unset(ENV{LD_LIBRARY_PATH})
unset(ENV{HEDDLE_PREFLIGHT})
unset(ENV{DESTDIR})
set(prefix "${WORK}/moved")

expect("install" EXIT_CODE 0 COMMAND ${CMAKE_COMMAND} --install "${BUILD}" --prefix "${WORK}/installed")
file(RENAME "${WORK}/installed" "${prefix}")

# What is linked to a library with a sanitizer needs the same sanitizer.
set(sanitized)
if(SANITIZE STREQUAL "asan")
  set(sanitized -DHEDDLE_SANITIZE=asan "-DCMAKE_CXX_FLAGS=-fsanitize=address,undefined")
elseif(SANITIZE STREQUAL "tsan")
  set(sanitized -DHEDDLE_SANITIZE=tsan "-DCMAKE_CXX_FLAGS=-fsanitize=thread")
endif()
expect("configure" EXIT_CODE 0
       COMMAND ${CMAKE_COMMAND} -G "${GENERATOR}" -S "${CONSUMER}" -B "${WORK}/build" "-DCMAKE_PREFIX_PATH=${prefix}"
               "-DCMAKE_BUILD_TYPE=${CONFIG}" "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}" "-DCMAKE_C_COMPILER=${C_COMPILER}"
               ${sanitized})
expect("build" EXIT_CODE 0 COMMAND ${CMAKE_COMMAND} --build "${WORK}/build")

expect("inspect" EXIT_CODE 0 COMMAND "${prefix}/bin/heddle" inspect "${WORK}/build/greeter.so" OUTPUT "greeter" "3\\.1\\.4")
expect("run" EXIT_CODE 0 COMMAND "${prefix}/bin/heddle" run --plugins "${WORK}/build" --for 200ms
       OUTPUT "greeter +hello from outside")
expect("embed" EXIT_CODE 0 COMMAND "${WORK}/build/application" "${WORK}/build" OUTPUT "hello, application")
expect("check the installed monitor" EXIT_CODE 0
       COMMAND "${prefix}/bin/heddle" check --plugins "${prefix}/${LIBDIR}/heddle/plugins"
               --config "${prefix}/etc/heddle/config.yaml")

# Nothing of the build may have been used: an installed program finds its libraries below its own prefix.
file(GET_RUNTIME_DEPENDENCIES RESOLVED_DEPENDENCIES_VAR found UNRESOLVED_DEPENDENCIES_VAR lost
     EXECUTABLES "${prefix}/bin/heddle" "${prefix}/libexec/heddle/heddle-preflight"
     POST_INCLUDE_REGEXES "libheddle" POST_EXCLUDE_REGEXES ".*")
foreach(library IN LISTS found lost)
  if(library MATCHES "libheddle")
    file(REAL_PATH "${library}" place)
    string(FIND "${place}" "${prefix}/" at)
    if(NOT at EQUAL 0)
      message(FATAL_ERROR "an installed program takes ${library} (${place}), which is not below ${prefix}")
    endif()
  endif()
endforeach()
if(NOT found MATCHES "libheddle-rt")
  message(FATAL_ERROR "the installed programs do not load libheddle-rt from ${prefix}: ${found}")
endif()
