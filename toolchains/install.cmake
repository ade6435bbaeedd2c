# Installs the library, its headers, the chosen board, the stator command and find_package(stator).
include(CMakePackageConfigHelpers)
set(_package "${CMAKE_INSTALL_LIBDIR}/cmake/stator")
set(_headers "${CMAKE_INSTALL_INCLUDEDIR}/stator")
set(_staged "${PROJECT_BINARY_DIR}/install")

install(TARGETS stator EXPORT stator_targets ARCHIVE LIBRARY RUNTIME)
foreach(floor platform core)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${floor}/" DESTINATION "${_headers}/${floor}"
    FILES_MATCHING PATTERN "*.hpp")
endforeach()

# The board in its own folder, and a <stator/board.hpp> that finds it there.
get_filename_component(_name "${STATOR_BOARD_DIR}" NAME)
string(REPLACE "-" "_" _space "${_name}")
install(DIRECTORY "${STATOR_BOARD_DIR}/" DESTINATION "${_headers}/boards/${_name}")
if(_name MATCHES "^(lab-.*)-aarch64$")  # it shares the choices of the other architecture
  install(FILES "${PROJECT_SOURCE_DIR}/boards/${CMAKE_MATCH_1}/choices.hpp"
    DESTINATION "${_headers}/boards/${CMAKE_MATCH_1}")
endif()
file(CONFIGURE OUTPUT "${_staged}/board.hpp" @ONLY CONTENT
"// stator/board.hpp - the board that this copy of Stator was installed for, ${_name}.
#pragma once
#include <stator/boards/${_name}/board.hpp>

namespace stator {
using boards::${_space}::board;
}  // namespace stator
")
install(FILES "${_staged}/board.hpp" DESTINATION "${_headers}")

if(TARGET stator_command)
  install(TARGETS stator_command RUNTIME OPTIONAL)  # not built with sanitizers, unless asked for
endif()

# The library is static, so its users link what it uses: hwloc and numa, found as it found them, and
# the static libraries of liburcu, by name.
file(WRITE "${_staged}/stator-config.cmake"
[=[# Makes the target stator::stator; needs the development packages of hwloc, libnuma and liburcu.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(PkgConfig)
foreach(_stator_library hwloc numa)
  if(NOT TARGET PkgConfig::${_stator_library})
    pkg_check_modules(${_stator_library} QUIET IMPORTED_TARGET ${_stator_library})
  endif()
  if(NOT TARGET PkgConfig::${_stator_library})
    set(${CMAKE_FIND_PACKAGE_NAME}_FOUND OFF)
    set(${CMAKE_FIND_PACKAGE_NAME}_NOT_FOUND_MESSAGE
      "Stator needs ${_stator_library}; install its development package, with its .pc file.")
    return()
  endif()
endforeach()
include("${CMAKE_CURRENT_LIST_DIR}/stator-targets.cmake")
]=])
install(EXPORT stator_targets NAMESPACE stator:: DESTINATION "${_package}"
  FILE stator-targets.cmake)
write_basic_package_version_file("${_staged}/stator-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${_staged}/stator-config.cmake" "${_staged}/stator-config-version.cmake"
  DESTINATION "${_package}")
