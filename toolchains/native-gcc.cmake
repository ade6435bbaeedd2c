# g++ for the processor that this machine has.
set(CMAKE_CXX_COMPILER g++)
