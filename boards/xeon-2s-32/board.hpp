// boards/xeon-2s-32/board.hpp - a two-socket Xeon as a packet probe.
//
// Machine: Supermicro X11DPG-OT, 2 x Xeon Silver 4108 (8 cores, 2 threads each), 96 GB, CentOS 7
// Facts:   captured in hwloc's tests (linux/32intel64-2p8co2t+8ve); its Ethernet is at node 0
// Boot:    isolcpus=managed_irq,domain,1-15,17-31 nohz_full=1-15 rcu_nocbs=1-15 hugepages=64
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::xeon_2s_32 {
using namespace std::chrono_literals;
using namespace units;

// One worker a core. The siblings, 17 to 31, stay idle: a stage has its core to itself.
inline constexpr Worker workers[] = {
    // Node 0, next to the network card: each stage on a core, all in one last-level cache.
    {.name = "rx", .cpu = 1, .roles = {"rx"}, .wait = Wait::spin},  // a packet wakes nobody
    {.name = "parse", .cpu = 2, .roles = {"parse"}, .wait = Wait::spin},
    {.name = "flows0", .cpu = 3, .roles = {"flows.0"}, .wait = Wait::spin},
    {.name = "hash", .cpu = 4, .roles = {"hash"}, .wait = Wait::spin},
    {.name = "rest", .cpu = 5, .roles = {every_other_role}},  // export has time
    {.name = "task0-1", .cpu = 6, .roles = {}, .tasks = true},
    {.name = "task0-2", .cpu = 7, .roles = {}, .tasks = true},
    // Node 1: its half of the flow table, beside its memory, and hands for bursts of payload.
    {.name = "flows1", .cpu = 8, .roles = {"flows.1"}, .wait = Wait::spin},
    {.name = "task1-1", .cpu = 9, .roles = {}, .tasks = true},
    {.name = "task1-2", .cpu = 10, .roles = {}, .tasks = true},
    {.name = "task1-3", .cpu = 11, .roles = {}, .tasks = true},
    {.name = "task1-4", .cpu = 12, .roles = {}, .tasks = true},
    {.name = "task1-5", .cpu = 13, .roles = {}, .tasks = true},
    {.name = "task1-6", .cpu = 14, .roles = {}, .tasks = true},
    {.name = "task1-7", .cpu = 15, .roles = {}, .tasks = true},
};

inline constexpr Board board = {
    .name = "xeon-2s-32",
    .machine = machine,
    .housekeeping = cpus("0,16"),  // a whole core, the one that Linux boots on
    .workers = workers,
    .memory = {.budget_per_node_bytes = 128_MiB,
               .huge_pages = HugePages::on,  // flow tables are read at random
               .lock_refused = Refusal::fatal},
    // 2048 payloads may wait while 2 million a second come in, and none is refused.
    .pool = {.guaranteed_tasks = 2048,
             .peak_rate = 2'000'000,
             .steal_far = true},  // payloads come in at node 0 only; node 1 helps when it is late
    .spin_budget = 50us,          // the pool stays awake between packets of a burst
};

static_assert(board_is_sound<board>);

}  // namespace stator::boards::xeon_2s_32
