// tests/boards/two_workers.hpp - two workers on two cpus, one with the caller on its cpu; and the
// smallest inbox that there can be, so that tasks are refused.
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::two_workers {

inline constexpr int low = machine.cpus.first();
inline constexpr int high = machine.cpus.next(low + 1) >= 0 ? machine.cpus.next(low + 1) : low;
inline constexpr CpuSet housekeeping = [] {
    CpuSet set;
    set.add(low);
    return set;
}();

inline constexpr Worker workers[] = {
    {.name = "front",
     .cpu = low,
     .roles = {"rx", "parse", "flows"},
     .tasks = true,
     .wait = Wait::futex},
    {.name = "back", .cpu = high, .roles = {"hash", "export"}, .wait = Wait::futex},
};

inline constexpr Board board = {.name = "two_workers",
                                .machine = machine,
                                .housekeeping = housekeeping,
                                .workers = workers,
                                .memory = {},
                                .pool = {.segments = 2, .slots_per_segment = 1}};

static_assert(board_is_sound<board>);

}  // namespace stator::boards::two_workers
