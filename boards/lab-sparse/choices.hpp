// boards/lab-sparse/choices.hpp - how lab-sparse of both architectures is used:
// workers on cpus whose numbers have holes between them: 1, 4 and 6 are offline.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_sparse {
using namespace units;

// Workers sleep when they have nothing to do: under emulation all cpus share those of the host.
inline constexpr Worker workers[] = {
    {.name = "node0", .cpu = 2, .roles = {every_other_role}, .tasks = true, .wait = Wait::futex},
    {.name = "task3", .cpu = 3, .tasks = true, .wait = Wait::futex},
    {.name = "node1", .cpu = 7, .roles = {"export", "sink"}, .tasks = true, .wait = Wait::futex},
};

constexpr Board board_on(std::string_view name, const Machine& machine) {
    return {
        .name = name,
        .machine = machine,
        .housekeeping = cpus("0,5"),
        .workers = workers,
        .memory = {.budget_per_node_bytes = 192_MiB, .stack_bytes = 512_KiB},
        .pool = {.steal_far = true},
    };
}

}  // namespace stator::boards::lab_sparse
