// tests/boards/each_stage.hpp - a worker for each stage of the flowmeter, in turn on two cpus.
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::each_stage {

inline constexpr int low = machine.cpus.first();
inline constexpr int high = machine.cpus.next(low + 1) >= 0 ? machine.cpus.next(low + 1) : low;
inline constexpr CpuSet housekeeping = [] {
    CpuSet set;
    set.add(low);
    return set;
}();

inline constexpr Worker workers[] = {
    {.name = "rx", .cpu = low, .roles = {"rx"}, .wait = Wait::futex},
    {.name = "parse", .cpu = high, .roles = {"parse"}, .wait = Wait::futex},
    {.name = "flows", .cpu = low, .roles = {"flows"}, .wait = Wait::futex},
    {.name = "hash", .cpu = high, .roles = {"hash"}, .wait = Wait::futex},
    {.name = "export", .cpu = low, .roles = {"export"}, .wait = Wait::futex},
    {.name = "pool1", .cpu = high, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "pool2", .cpu = low, .roles = {}, .tasks = true, .wait = Wait::futex},
};

inline constexpr Board board = {.name = "each_stage",
                                .machine = machine,
                                .housekeeping = housekeeping,
                                .workers = workers,
                                .memory = {}};

static_assert(board_is_sound<board>);

}  // namespace stator::boards::each_stage
