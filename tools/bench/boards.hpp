// tools/bench/boards.hpp - the chosen board's machine with task workers only, as Stator's columns
// use it.
#pragma once
#include <cstddef>
#include <span>

#include <stator/board.hpp>
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

namespace stator::bench {

inline constexpr Machine machine = stator::board.machine;

constexpr const Node& node_of(int cpu) {
    return machine.nodes[static_cast<std::size_t>(machine.node_of(cpu))];
}

// The caller is on Linux's own cpu, on a node with memory, as the second worker is there too.
constexpr int find_cpu_of_caller() {
    const CpuSet& linux_cpus = stator::board.housekeeping;
    for (int cpu = linux_cpus.first(); cpu >= 0; cpu = linux_cpus.next(cpu + 1))
        if (machine.node_of(cpu) >= 0 && node_of(cpu).memory_bytes > 0) return cpu;
    return stator::board.workers.front().cpu;
}
inline constexpr int cpu_of_caller = find_cpu_of_caller();

// The first worker is on another cpu of that node, if possible on a core of its own; where the node
// has one cpu it is beside the caller.
constexpr int find_cpu_of_worker() {
    CpuSet others = node_of(cpu_of_caller).cpus & machine.cpus;
    others.remove(cpu_of_caller);
    for (const CpuSet& core : machine.smt)
        if (core.contains(cpu_of_caller) && !others.without(core).empty())
            others = others.without(core);
    return others.empty() ? cpu_of_caller : others.first();
}
inline constexpr int cpu_of_worker = find_cpu_of_worker();
inline constexpr bool has_second_cpu = cpu_of_worker != cpu_of_caller;
inline constexpr CpuSet callers_cpus = [] {
    CpuSet set;
    set.add(cpu_of_caller);
    return set;
}();

// Beside the caller a worker lets the caller run when it has nothing to do, as the references do.
inline constexpr Worker spinning_workers[] = {
    {.name = "bench1",
     .cpu = cpu_of_worker,
     .roles = {},
     .tasks = true,
     .wait = has_second_cpu ? Wait::spin : Wait::yield},
    {.name = "bench2", .cpu = cpu_of_caller, .roles = {}, .tasks = true, .wait = Wait::yield},
};
inline constexpr Worker sleeping_workers[] = {
    {.name = "bench1", .cpu = cpu_of_worker, .roles = {}, .tasks = true, .wait = Wait::futex},
};

constexpr Board board_with(std::span<const Worker> workers) {
    return {
        .name = "bench",
        .machine = machine,
        .housekeeping = callers_cpus,
        .workers = workers,
        // A wait of a TaskGroup runs other tasks meanwhile, each on the stack of the one before.
        .memory = {.budget_per_node_bytes = 64u << 20, .stack_bytes = 8u << 20},
        .pool = {.segments = 256,  // 256 * 64 = 16384 tasks; 4096 are under way at most
                 .slots_per_segment = 64,
                 .claim_max = 64,
                 .registry = false},
        .view = {.shared = false},
        .allow_larger_machine = stator::board.allow_larger_machine};
}
inline constexpr Board one_spins = board_with(std::span(spinning_workers).first(1));
inline constexpr Board two_work = board_with(spinning_workers);
inline constexpr Board one_sleeps = board_with(sleeping_workers);

static_assert(board_is_sound<one_spins> && board_is_sound<two_work> && board_is_sound<one_sleeps>);

}  // namespace stator::bench
