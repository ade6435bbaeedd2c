// refused: moving the task may throw; capture what moves without throwing
#include <array>

#include "line.hpp"

using namespace refuse;
constexpr Worker task_workers[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
};
constexpr Board tasked = with(task_workers);
static Scheduler<tasked> scheduler;
struct Throws {
    Throws() = default;
    Throws(const Throws&) {}
    void operator()() {}
};
Submit go() {
    return scheduler.submit({}, Throws());
}
