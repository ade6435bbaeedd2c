// boards/kunpeng920-2s/board.hpp - a two-socket ARM server as a storage box.
//
// Machine: Huawei TaiShan XA320 V2, 2 x Kunpeng 920 (64 cores, clusters of 4), 512 GB, Linux 5.15
// Facts:   captured in hwloc's tests (linux/128arm-2pa2n8cluster4co); pages of 4 KiB
// Boot:    isolcpus=domain,16-31,48-63,80-95,112-127 rcu_nocbs=16-31,48-63,80-95,112-127
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::kunpeng920_2s {
using namespace std::chrono_literals;
using namespace units;

// Each node is halved: its lower 16 cpus are Linux's, for file systems and the interrupts of the
// drives at that node; the upper 16 are ours. Workers sleep when nothing is to be done: a disk is
// slower than a wake-up.
inline constexpr Worker workers[] = {
    // Node 0: a cluster of four cores for the pipeline, a lane, and workers for tasks.
    {.name = "rx", .cpu = 16, .roles = {"rx"}},
    {.name = "parse", .cpu = 17, .roles = {"parse"}},
    {.name = "hash", .cpu = 18, .roles = {"hash"}},
    {.name = "rest", .cpu = 19, .roles = {every_other_role}},
    {.name = "flows0", .cpu = 20, .roles = {"flows.0"}},
    {.name = "task0-1", .cpu = 24, .roles = {}, .tasks = true},
    {.name = "task0-2", .cpu = 25, .roles = {}, .tasks = true},
    {.name = "task0-3", .cpu = 26, .roles = {}, .tasks = true},
    {.name = "task0-4", .cpu = 27, .roles = {}, .tasks = true},
    {.name = "task0-5", .cpu = 28, .roles = {}, .tasks = true},
    {.name = "task0-6", .cpu = 29, .roles = {}, .tasks = true},
    {.name = "task0-7", .cpu = 30, .roles = {}, .tasks = true},
    {.name = "task0-8", .cpu = 31, .roles = {}, .tasks = true},
    // Nodes 1 to 3: a lane beside its part of the table, and workers for tasks.
    {.name = "flows1", .cpu = 52, .roles = {"flows.1"}},
    {.name = "task1-1", .cpu = 56, .roles = {}, .tasks = true},
    {.name = "task1-2", .cpu = 57, .roles = {}, .tasks = true},
    {.name = "task1-3", .cpu = 58, .roles = {}, .tasks = true},
    {.name = "task1-4", .cpu = 59, .roles = {}, .tasks = true},
    {.name = "task1-5", .cpu = 60, .roles = {}, .tasks = true},
    {.name = "task1-6", .cpu = 61, .roles = {}, .tasks = true},
    {.name = "task1-7", .cpu = 62, .roles = {}, .tasks = true},
    {.name = "task1-8", .cpu = 63, .roles = {}, .tasks = true},
    {.name = "flows2", .cpu = 84, .roles = {"flows.2"}},
    {.name = "task2-1", .cpu = 88, .roles = {}, .tasks = true},
    {.name = "task2-2", .cpu = 89, .roles = {}, .tasks = true},
    {.name = "task2-3", .cpu = 90, .roles = {}, .tasks = true},
    {.name = "task2-4", .cpu = 91, .roles = {}, .tasks = true},
    {.name = "task2-5", .cpu = 92, .roles = {}, .tasks = true},
    {.name = "task2-6", .cpu = 93, .roles = {}, .tasks = true},
    {.name = "task2-7", .cpu = 94, .roles = {}, .tasks = true},
    {.name = "task2-8", .cpu = 95, .roles = {}, .tasks = true},
    {.name = "flows3", .cpu = 116, .roles = {"flows.3"}},
    {.name = "task3-1", .cpu = 120, .roles = {}, .tasks = true},
    {.name = "task3-2", .cpu = 121, .roles = {}, .tasks = true},
    {.name = "task3-3", .cpu = 122, .roles = {}, .tasks = true},
    {.name = "task3-4", .cpu = 123, .roles = {}, .tasks = true},
    {.name = "task3-5", .cpu = 124, .roles = {}, .tasks = true},
    {.name = "task3-6", .cpu = 125, .roles = {}, .tasks = true},
    {.name = "task3-7", .cpu = 126, .roles = {}, .tasks = true},
    {.name = "task3-8", .cpu = 127, .roles = {}, .tasks = true},
};

// Within a socket, at distance 16; never over the link between sockets, at 25 to 33.
inline constexpr StealRow steal_table[] = {
    {.node = 0, .from = {1}},
    {.node = 1, .from = {0}},
    {.node = 2, .from = {3}},
    {.node = 3, .from = {2}},
};

inline constexpr Board board = {
    .name = "kunpeng920-2s",
    .machine = machine,
    .housekeeping = cpus("0-15,32-47,64-79,96-111"),
    .workers = workers,
    .memory = {.budget_per_node_bytes = 256_MiB, .lock_refused = Refusal::fatal},
    .pool = {.segments = 128,      // 128 * 64 = 8192 requests of a node may wait
             .priorities = 2,      // 0: scrub and rebuild; 1: clients
             .quota = 32,          // segments that each keeps, whatever the other does
             .usual_priority = 1,  // what names none is a client's
             .spill = true,        // a node that is full sends a request on rather than back
             .steal_table = steal_table,
             .wake_threshold = 8,    // the second worker wakes for 8 requests, or after
             .latest_wake = 100us},  // 100 us: fewer wake-ups, larger batches
    .spin_budget = 10us,             // most of a burst's gaps; then the core may sleep
};

static_assert(board_is_sound<board>);

}  // namespace stator::boards::kunpeng920_2s
