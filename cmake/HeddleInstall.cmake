# What `cmake --install` puts where, below the prefix:
#
#   include/heddle/             the SDK's headers and those of the host's library
#   lib/                        libheddle-rt, libheddle-host
#   lib/cmake/heddle/           the CMake package: heddle::sdk, heddle::rt, heddle::host, heddle_add_plugin
#   lib/heddle/plugins/         the system monitor's plugins
#   bin/heddle                  the program
#   libexec/heddle/             the program's helper
#   etc/heddle/config.yaml      the system monitor's configuration
#
# The tree may be moved: programs and libraries find each other by relative paths.
include_guard()
include(CMakePackageConfigHelpers)

set(heddle_install_plugins "${CMAKE_INSTALL_LIBDIR}/heddle/plugins")
set(heddle_install_libexec "${CMAKE_INSTALL_LIBEXECDIR}/heddle")
set(heddle_install_package "${CMAKE_INSTALL_LIBDIR}/cmake/heddle")

# heddle_find_libraries_from(target folder): the target, installed in `folder`, finds our libraries from there.
function(heddle_find_libraries_from target folder)
  file(RELATIVE_PATH way "/prefix/${folder}" "/prefix/${CMAKE_INSTALL_LIBDIR}")
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/${way}")
endfunction()

install(TARGETS heddle_rt heddle_host heddle_sdk EXPORT heddleTargets)
heddle_find_libraries_from(heddle_rt "${CMAKE_INSTALL_LIBDIR}")
heddle_find_libraries_from(heddle_host "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/sdk/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
if(EXISTS "${PROJECT_SOURCE_DIR}/host/include")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/host/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
          FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
endif()

if(TARGET heddle)
  heddle_find_libraries_from(heddle "${CMAKE_INSTALL_BINDIR}")
  install(TARGETS heddle RUNTIME)
endif()
if(TARGET heddle-preflight)
  heddle_find_libraries_from(heddle-preflight "${heddle_install_libexec}")
  install(TARGETS heddle-preflight RUNTIME DESTINATION "${heddle_install_libexec}")
endif()
get_property(plugins TARGET monitor PROPERTY HEDDLE_PLUGINS)
foreach(plugin IN LISTS plugins)
  heddle_find_libraries_from(${plugin} "${heddle_install_plugins}")
  install(TARGETS ${plugin} LIBRARY DESTINATION "${heddle_install_plugins}")
endforeach()
if(EXISTS "${PROJECT_SOURCE_DIR}/config.yaml")
  install(FILES "${PROJECT_SOURCE_DIR}/config.yaml" DESTINATION "${CMAKE_INSTALL_SYSCONFDIR}/heddle")
endif()

install(EXPORT heddleTargets NAMESPACE heddle:: DESTINATION "${heddle_install_package}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/heddleConfig.cmake.in" "${PROJECT_BINARY_DIR}/heddleConfig.cmake"
                              INSTALL_DESTINATION "${heddle_install_package}" PATH_VARS heddle_install_plugins)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/heddleConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/heddleConfig.cmake" "${PROJECT_BINARY_DIR}/heddleConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/HeddleAddPlugin.cmake" DESTINATION "${heddle_install_package}")
