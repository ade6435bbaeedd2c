// boards/lab-3n-memoryonly/choices.hpp - how lab-3n-memoryonly of both architectures is used:
// two nodes with workers; the third, memory without a cpu, is known and left alone.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_3n_memoryonly {
using namespace units;

// Workers sleep when they have nothing to do: under emulation all cpus share those of the host.
inline constexpr Worker workers[] = {
    {.name = "node0", .cpu = 1, .roles = {every_other_role}, .tasks = true, .wait = Wait::futex},
    {.name = "node1", .cpu = 2, .roles = {"export", "sink"}, .wait = Wait::futex},
    {.name = "task3", .cpu = 3, .tasks = true, .wait = Wait::futex},
};

constexpr Board board_on(std::string_view name, const Machine& machine) {
    return {
        .name = name,
        .machine = machine,
        .housekeeping = cpus("0"),
        .workers = workers,
        .memory = {.budget_per_node_bytes = 160_MiB, .stack_bytes = 512_KiB},
        .pool = {.steal_far = false},
    };
}

}  // namespace stator::boards::lab_3n_memoryonly
