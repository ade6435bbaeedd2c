# clang++ 19 for the processor that this machine has. Needs clang-19.
find_program(CMAKE_CXX_COMPILER NAMES clang++-19 REQUIRED)
