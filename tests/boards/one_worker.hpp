// tests/boards/one_worker.hpp - one worker for all stages, on the cpu of the caller, asleep when it
// has nothing to do.
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::one_worker {

inline constexpr int low = machine.cpus.first();
inline constexpr int high = machine.cpus.next(low + 1) >= 0 ? machine.cpus.next(low + 1) : low;
inline constexpr CpuSet housekeeping = [] {
    CpuSet set;
    set.add(low);
    return set;
}();

inline constexpr Worker workers[] = {
    {.name = "all", .cpu = low, .roles = {every_other_role}, .tasks = true, .wait = Wait::futex},
};

inline constexpr Board board = {.name = "one_worker",
                                .machine = machine,
                                .housekeeping = housekeeping,
                                .workers = workers,
                                .memory = {}};

static_assert(board_is_sound<board>);

}  // namespace stator::boards::one_worker
