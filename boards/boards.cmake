# Chooses the board: -DBOARD=<name>, from -DBOARD_ROOT=a;b and this folder; `host` is probed here.
set(BOARD "host" CACHE STRING "The board to build for: a folder with a board.hpp, or host")
set(BOARD_ROOT "" CACHE STRING "Folders outside the tree that are searched for boards first")

set(_probe_dir "${PROJECT_BINARY_DIR}/boards/host")
set(_probe "${PROJECT_BINARY_DIR}/boards/probe")

# Builds the probe from the sources that `stator board gen` is made of, when one of them is newer.
function(_stator_build_probe)
  set(sources "${PROJECT_SOURCE_DIR}/tools/board/probe_main.cpp"
    "${PROJECT_SOURCE_DIR}/tools/board/gen.cpp" "${PROJECT_SOURCE_DIR}/tools/board/choices.cpp"
    "${PROJECT_SOURCE_DIR}/platform/machine.cpp"
    "${PROJECT_SOURCE_DIR}/platform/status.cpp")
  set(stale OFF)
  foreach(file ${sources} "${PROJECT_SOURCE_DIR}/tools/board/gen.hpp"
      "${PROJECT_SOURCE_DIR}/tools/board/choices.hpp"
      "${PROJECT_SOURCE_DIR}/platform/machine.hpp" "${PROJECT_SOURCE_DIR}/platform/cpu_set.hpp"
      "${PROJECT_SOURCE_DIR}/platform/status.hpp")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    if("${file}" IS_NEWER_THAN "${_probe}")
      set(stale ON)
    endif()
  endforeach()
  if(NOT stale)
    return()
  endif()
  message(STATUS "Building the probe for board host")
  list(TRANSFORM hwloc_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE includes)
  execute_process(
    COMMAND "${CMAKE_CXX_COMPILER}" -std=c++20 -O1 "-I${STATOR_INCLUDE_ROOT}"
      "-I${PROJECT_SOURCE_DIR}/tools" ${includes} ${sources} ${hwloc_LDFLAGS} -o "${_probe}"
    RESULT_VARIABLE failed ERROR_VARIABLE why)
  if(failed)
    message(FATAL_ERROR "The probe for board host could not be built:\n${why}\n"
      "Is libhwloc-dev installed? Or name a board: -DBOARD=<name>")
  endif()
endfunction()

function(_stator_probe_host)
  if(CMAKE_CROSSCOMPILING)
    message(FATAL_ERROR "Board host is this machine, and the build is for another one; describe "
      "that one there with  stator board gen --name NAME --out DIR  and build with "
      "-DBOARD=NAME -DBOARD_ROOT=DIR")
  endif()
  file(MAKE_DIRECTORY "${_probe_dir}")
  _stator_build_probe()
  execute_process(COMMAND "${_probe}" "${_probe_dir}" RESULT_VARIABLE failed ERROR_VARIABLE why)
  if(failed)
    message(FATAL_ERROR "This machine could not be probed: ${why}")
  endif()
endfunction()

# The folder of board `name`, in `out`.
function(_stator_find_board name out)
  set(known "host")
  foreach(root ${BOARD_ROOT} "${PROJECT_SOURCE_DIR}/boards")
    get_filename_component(root "${root}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
    if(EXISTS "${root}/${name}/board.hpp")
      set(${out} "${root}/${name}" PARENT_SCOPE)
      return()
    endif()
    file(GLOB boards RELATIVE "${root}" "${root}/*/board.hpp")
    list(TRANSFORM boards REPLACE "/board.hpp$" "")
    list(APPEND known ${boards})
  endforeach()
  if(name STREQUAL "host")
    _stator_probe_host()
    set(${out} "${_probe_dir}" PARENT_SCOPE)
    return()
  endif()
  list(JOIN known " " known)
  message(FATAL_ERROR "There is no board '${name}'. Known: ${known}. Describe a machine with "
    "stator board gen --name ${name} --out DIR  and add -DBOARD_ROOT=DIR")
endfunction()

# Writes <stator/board.hpp> for the board in `folder` below `root`, when it would change.
function(_stator_write_board_header root folder)
  get_filename_component(name "${folder}" NAME)
  string(REPLACE "-" "_" space "${name}")
  set(text "// stator/board.hpp - the chosen board, ${name}; written when CMake configures.
#pragma once
#include \"${folder}/board.hpp\"

namespace stator {
using boards::${space}::board;
}  // namespace stator
")
  file(CONFIGURE OUTPUT "${root}/stator/board.hpp" CONTENT "${text}" @ONLY)
endfunction()

# The folders of all boards, in `out`: the chosen one, those of BOARD_ROOT and of this folder; of
# several with one name only the first, which is the one that -DBOARD finds.
function(_stator_all_boards out)
  set(folders "${STATOR_BOARD_DIR}")
  get_filename_component(names "${STATOR_BOARD_DIR}" NAME)
  foreach(root ${BOARD_ROOT} "${PROJECT_SOURCE_DIR}/boards")
    get_filename_component(root "${root}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
    file(GLOB boards CONFIGURE_DEPENDS "${root}/*/board.hpp")
    foreach(board ${boards})
      get_filename_component(folder "${board}" DIRECTORY)
      get_filename_component(name "${folder}" NAME)
      if(NOT name IN_LIST names)
        list(APPEND names "${name}")
        list(APPEND folders "${folder}")
      endif()
    endforeach()
  endforeach()
  set(${out} "${folders}" PARENT_SCOPE)
endfunction()

# Writes the list of boards that the command knows: tools/board/known_boards.hpp.
function(_stator_write_known_boards file)
  _stator_all_boards(folders)
  set(includes "")
  set(list "")
  set(names "")
  foreach(folder ${folders})
    get_filename_component(name "${folder}" NAME)
    string(REPLACE "-" "_" space "${name}")
    string(APPEND includes "#include \"${folder}/board.hpp\"\n")
    string(APPEND list "    &boards::${space}::board,\n")
    string(APPEND names "static_assert(boards::${space}::board.name == \"${name}\",\n"
      "    \"the board in folder ${name} has another .name; make them the same\");\n")
  endforeach()
  set(text "// The boards that the command knows; written when CMake configures.
#include \"board/known_boards.hpp\"

${includes}
namespace stator::tools {
namespace {
${names}constexpr const Board* all[] = {
${list}};
}  // namespace

std::span<const Board* const> known_boards() {
    return all;
}

}  // namespace stator::tools
")
  file(CONFIGURE OUTPUT "${file}" CONTENT "${text}" @ONLY)
endfunction()

# Gives one target another board than the chosen one.
function(stator_use_board target name)
  _stator_find_board("${name}" folder)
  set(root "${PROJECT_BINARY_DIR}/board-headers/${name}")
  _stator_write_board_header("${root}" "${folder}")
  target_include_directories(${target} BEFORE PRIVATE "${root}")
endfunction()

_stator_find_board("${BOARD}" STATOR_BOARD_DIR)
_stator_write_board_header("${STATOR_INCLUDE_ROOT}" "${STATOR_BOARD_DIR}")
message(STATUS "Board: ${BOARD} (${STATOR_BOARD_DIR})")
set(STATOR_KNOWN_BOARDS "${PROJECT_BINARY_DIR}/boards/known_boards.cpp")
_stator_write_known_boards("${STATOR_KNOWN_BOARDS}")
