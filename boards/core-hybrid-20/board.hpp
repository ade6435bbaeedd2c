// boards/core-hybrid-20/board.hpp - a hybrid Core processor as a capture station on a desk.
//
// Machine: HP EliteBook 840 G10, Core i7-1370P (6 performance cores of 2 threads, 8 efficiency
//          cores), 32 GB, Debian 12
// Facts:   captured with lstopo of hwloc 2.9 (20em64t-hybrid-1p6c2t+2ca4co1t)
// Boot:    isolcpus=managed_irq,domain,2-11 nohz_full=2-11 rcu_nocbs=2-11
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::core_hybrid_20 {
using namespace std::chrono_literals;
using namespace units;

// Workers on performance cores, one each; their siblings, the odd numbers, stay idle. Nobody spins
// for long: five quiet cores let the sixth run at its highest clock, and the fan stay off.
inline constexpr Worker workers[] = {
    {.name = "rx", .cpu = 2, .roles = {"rx", "parse"}},  // what must keep up with the wire
    {.name = "flows",
     .cpu = 4,
     .roles = {"flows"}},  // reads the table at random: a core of its own
    {.name = "rest",
     .cpu = 6,
     .roles = {every_other_role},  // hash and export, and when they wait,
     .tasks = true},               // the tasks that they wait for
    {.name = "task1", .cpu = 8, .roles = {}, .tasks = true},
    {.name = "task2", .cpu = 10, .roles = {}, .tasks = true},
};

inline constexpr Board board = {
    .name = "core-hybrid-20",
    .machine = machine,
    .housekeeping = cpus("0-1,12-19"),  // desktop and helper threads: the core that Linux boots on,
    .workers = workers,                 // and all efficiency cores
    .memory = {.budget_per_node_bytes = 64_MiB},  // on a desk the memory is somebody else's too
    .pool = {.claim_max = 16},                    // three workers share a burst of tasks
    .spin_budget = 5us,                           // short: a battery may feed it
};

static_assert(board_is_sound<board>);

}  // namespace stator::boards::core_hybrid_20
