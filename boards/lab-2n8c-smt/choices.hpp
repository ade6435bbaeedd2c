// boards/lab-2n8c-smt/choices.hpp - how lab-2n8c-smt of both architectures is used:
// one worker a core; the second thread of its core is left to Linux.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_2n8c_smt {
using namespace units;

// Workers sleep when they have nothing to do: under emulation all cpus share those of the host.
inline constexpr Worker workers[] = {
    {.name = "core1",
     .cpu = 2,
     .roles = {every_other_role},
     .tasks = true,
     .wait = Wait::spin_then_futex},
    {.name = "core2", .cpu = 4, .tasks = true, .wait = Wait::futex},
    {.name = "core3", .cpu = 6, .roles = {"export", "sink"}, .tasks = true, .wait = Wait::futex},
};

// Workers of node 1 take from node 0, and never the other way round.
inline constexpr StealRow steal_table[] = {
    {.node = 1, .from = {0}},
};

constexpr Board board_on(std::string_view name, const Machine& machine) {
    return {
        .name = name,
        .machine = machine,
        .housekeeping = cpus("0-1,3,5,7"),
        .workers = workers,
        .memory = {.budget_per_node_bytes = 192_MiB, .stack_bytes = 512_KiB},
        .pool = {.steal_table = steal_table},
    };
}

}  // namespace stator::boards::lab_2n8c_smt
