// boards/lab-2n8c/choices.hpp - how lab-2n8c of both architectures is used:
// stages on both nodes, tasks on both, and none crosses from one to the other.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_2n8c {
using namespace units;

// Workers sleep when they have nothing to do: under emulation all cpus share those of the host.
inline constexpr Worker workers[] = {
    // Node 0: packets come in on cpu 1, which does nothing else.
    {.name = "parse", .cpu = 1, .roles = {"rx", "parse"}, .wait = Wait::spin_then_futex},
    {.name = "flows", .cpu = 2, .roles = {every_other_role}, .tasks = true, .wait = Wait::futex},
    {.name = "task3", .cpu = 3, .tasks = true, .wait = Wait::futex},
    // Node 1: where results are written.
    {.name = "sink", .cpu = 5, .roles = {"export", "sink"}, .wait = Wait::futex},
    {.name = "flows1", .cpu = 6, .roles = {"flows.1"}, .tasks = true, .wait = Wait::futex},
    {.name = "task7", .cpu = 7, .tasks = true, .wait = Wait::futex},
};

constexpr Board board_on(std::string_view name, const Machine& machine) {
    return {
        .name = name,
        .machine = machine,
        .housekeeping = cpus("0,4"),
        .workers = workers,
        .memory = {.budget_per_node_bytes = 192_MiB, .stack_bytes = 512_KiB},
        .pool = {.steal_far = false},
    };
}

}  // namespace stator::boards::lab_2n8c
