# The tree held to its own rules, as tests named house.*; each can be run by hand too.
set(_house "${CMAKE_CURRENT_LIST_DIR}")

# stator_house_test(NAME SCRIPT ARGUMENTS...): exit code 77 is a skip whose reason it prints.
function(stator_house_test name script)
  add_test(NAME house.${name} COMMAND "${_house}/${script}" ${ARGN})
  set_tests_properties(house.${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1800)
endfunction()

stator_house_test(installed installed "${PROJECT_BINARY_DIR}" "${PROJECT_SOURCE_DIR}")
set_tests_properties(house.installed PROPERTIES RESOURCE_LOCK cpus)  # it runs what it has built

# What looks at the sources alone, with both compilers, is asked once, by the first preset.
if(PROJECT_BINARY_DIR STREQUAL "${PROJECT_SOURCE_DIR}/build/host-clang")
  return()
endif()
stator_house_test(headers_alone.gcc headers_alone g++
  "${STATOR_INCLUDE_ROOT}" "${PROJECT_SOURCE_DIR}")
stator_house_test(headers_alone.clang headers_alone clang++
  "${STATOR_INCLUDE_ROOT}" "${PROJECT_SOURCE_DIR}")
stator_house_test(lint lint "${PROJECT_SOURCE_DIR}")
stator_house_test(lint_finds_faults lint_self_test)
stator_house_test(format format "${PROJECT_SOURCE_DIR}")
stator_house_test(checks_find_faults checks_self_test)
stator_house_test(documents documents "${PROJECT_SOURCE_DIR}"
  $<$<TARGET_EXISTS:stator_command>:$<TARGET_FILE:stator_command>>)
stator_house_test(tidy tidy "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}")
