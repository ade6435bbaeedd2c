# g++ for aarch64, from another processor; what is built runs here under qemu-user.
# Needs g++-aarch64-linux-gnu and qemu-user-static.
include("${CMAKE_CURRENT_LIST_DIR}/aarch64-libraries.cmake")
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
