# g++ with the undefined-behaviour sanitizer alone; every finding ends the program. It is part of
# with-asan.cmake, too; alone it slows a program by little.
include("${CMAKE_CURRENT_LIST_DIR}/native-gcc.cmake")
set(CMAKE_CXX_FLAGS_INIT "-fsanitize=undefined -fno-sanitize-recover=all")
