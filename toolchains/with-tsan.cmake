# g++ with the thread sanitizer; every finding fails the test.
include("${CMAKE_CURRENT_LIST_DIR}/native-gcc.cmake")
set(CMAKE_CXX_FLAGS_INIT "-fsanitize=thread -fno-omit-frame-pointer")
# As in with-asan.cmake.
set(CMAKE_CROSSCOMPILING_EMULATOR setarch -R)
