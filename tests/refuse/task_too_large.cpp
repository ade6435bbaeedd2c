// refused: the task captures more than 48 bytes, its options included; capture a pointer
#include <array>

#include "tasked.hpp"

using namespace refuse;
std::array<char, 49> large;
Submit go() {
    return scheduler.submit({}, [copy = large] { (void)copy; });
}
