// refused: the task captures more than 48 bytes; capture a pointer to the data
#include <array>

#include "line.hpp"

using namespace refuse;
constexpr Worker task_workers[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
};
constexpr Board tasked = with(task_workers);
static Scheduler<tasked> scheduler;
std::array<char, 49> large;
Submit go() {
    return scheduler.submit({}, [copy = large] { (void)copy; });
}
