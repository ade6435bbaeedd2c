// refused: the task captures more than 48 bytes, its options included; capture a pointer
#include <array>

#include "tasked.hpp"

using namespace refuse;
std::array<char, 41> large;
Submit go() {
    return scheduler.submit({.deadline = std::chrono::seconds{1}}, [copy = large] { (void)copy; });
}
