# The test runs of the other presets, as tests of the preset host: one summary for all.
foreach(preset host-clang host-asan host-tsan lean aarch64)
  add_test(NAME preset.${preset}
    COMMAND "${CMAKE_CURRENT_LIST_DIR}/run_preset" ${CMAKE_CTEST_COMMAND}
      "${PROJECT_SOURCE_DIR}/build/${preset}")
  # Not before it has been built; a failure inside is this test's failure.
  set_tests_properties(preset.${preset} PROPERTIES TIMEOUT 21600 RUN_SERIAL ON
    ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1" SKIP_RETURN_CODE 77)
endforeach()
