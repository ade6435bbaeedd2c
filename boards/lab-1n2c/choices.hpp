// boards/lab-1n2c/choices.hpp - how lab-1n2c of both architectures is used:
// two cpus of one node: one worker for all, Linux and the caller on the other cpu.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_1n2c {
using namespace units;

// Workers sleep when they have nothing to do: under emulation all cpus share those of the host.
inline constexpr Worker workers[] = {
    {.name = "all", .cpu = 1, .roles = {every_other_role}, .tasks = true, .wait = Wait::futex},
};

constexpr Board board_on(std::string_view name, const Machine& machine) {
    return {
        .name = name,
        .machine = machine,
        .housekeeping = cpus("0"),
        .workers = workers,
        .memory = {.budget_per_node_bytes = 192_MiB, .stack_bytes = 512_KiB},
    };
}

}  // namespace stator::boards::lab_1n2c
