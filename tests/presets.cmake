# The test runs of the other presets, as tests of the preset host: one summary for all.
foreach(preset host-clang host-asan host-tsan lean)
  add_test(NAME preset.${preset}
    COMMAND ${CMAKE_CTEST_COMMAND} --test-dir "${PROJECT_SOURCE_DIR}/build/${preset}"
      --output-on-failure --parallel 2)
  # Not before it has been built; a failure inside is this test's failure.
  set_tests_properties(preset.${preset} PROPERTIES TIMEOUT 21600 RUN_SERIAL ON
    ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1")
endforeach()
