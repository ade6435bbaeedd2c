// tests/refuse/tasked.hpp - a scheduler with a task worker, for cases about tasks.
#pragma once
#include "line.hpp"

namespace refuse {

inline constexpr Worker task_workers[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
};
inline constexpr Board tasked = with(task_workers);
inline Scheduler<tasked> scheduler;

}  // namespace refuse
