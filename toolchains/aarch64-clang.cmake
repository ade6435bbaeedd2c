# clang++ for aarch64, from another processor. Needs clang and what aarch64-gcc.cmake needs.
include("${CMAKE_CURRENT_LIST_DIR}/aarch64-libraries.cmake")
find_program(CMAKE_CXX_COMPILER NAMES clang++-14 clang++ REQUIRED)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
