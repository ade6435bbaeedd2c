// boards/lab-4n8c/choices.hpp - how lab-4n8c of both architectures is used:
// a worker on each of four nodes; one without work takes it from the nearest that has some.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_4n8c {
using namespace units;

// Workers sleep when they have nothing to do: under emulation all cpus share those of the host.
inline constexpr Worker workers[] = {
    {.name = "node0", .cpu = 1, .roles = {every_other_role}, .tasks = true, .wait = Wait::futex},
    {.name = "node1", .cpu = 3, .tasks = true, .wait = Wait::futex},
    {.name = "node2", .cpu = 5, .tasks = true, .wait = Wait::futex},
    {.name = "node3", .cpu = 7, .roles = {"export", "sink"}, .tasks = true, .wait = Wait::futex},
};

constexpr Board board_on(std::string_view name, const Machine& machine) {
    return {
        .name = name,
        .machine = machine,
        .housekeeping = cpus("0,2,4,6"),
        .workers = workers,
        .memory = {.budget_per_node_bytes = 96_MiB, .stack_bytes = 512_KiB},
        .pool = {.spill = true, .steal_far = true},
    };
}

}  // namespace stator::boards::lab_4n8c
