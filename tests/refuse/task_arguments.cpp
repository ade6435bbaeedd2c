// refused: a task is called without arguments; capture them
#include <array>

#include "line.hpp"

using namespace refuse;
constexpr Worker task_workers[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
};
constexpr Board tasked = with(task_workers);
static Scheduler<tasked> scheduler;

Submit go() {
    return scheduler.submit({}, [](int) {});
}
