# g++ with the address and undefined-behaviour sanitizers; every finding ends the program.
include("${CMAKE_CURRENT_LIST_DIR}/native-gcc.cmake")
set(CMAKE_CXX_FLAGS_INIT
  "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer")
# Without address space randomisation: some kernels use more random bits than the runtime can place.
set(CMAKE_CROSSCOMPILING_EMULATOR setarch -R)
