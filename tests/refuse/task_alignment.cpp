// refused: the task's captures need an alignment above 16; capture a pointer to the data
#include <array>

#include "line.hpp"

using namespace refuse;
constexpr Worker task_workers[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
};
constexpr Board tasked = with(task_workers);
static Scheduler<tasked> scheduler;
struct alignas(32) Wide {
    char c;
    void operator()() {}
};
Submit go() {
    return scheduler.submit({}, Wide{});
}
