// refused: the task captures more than 48 bytes, its options included; capture a pointer
#include <array>

#include <stator/core/task_group.hpp>

#include "tasked.hpp"

using namespace refuse;
std::array<char, 41> large;
void go() {
    stator::TaskGroup group(scheduler.tasks());
    group.run([copy = large] { (void)copy; });
}
