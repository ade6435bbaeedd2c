# clang++ for the processor that this machine has.
find_program(CMAKE_CXX_COMPILER NAMES clang++-14 clang++ REQUIRED)
