// boards/epyc-2s-nps4/board.hpp - a two-socket chiplet server, four nodes a socket, as a gateway
// that trades.
//
// Machine: 2 x EPYC 7763 (64 cores, 8 to a last-level cache), BIOS: NPS4, SMT off; 16 x 16 GB
// Facts:   caches, cores and packages as captured in hwloc's tests (x86/AMD-19h-Zen3-2xEpyc-7763);
//          nodes, distances and memory as `numactl -H` prints them on such machines in this mode
// Boot:    isolcpus=managed_irq,domain,8-63 nohz_full=8-63 rcu_nocbs=8-63 hugepages=256
// Put the network card where /sys/class/net/IF/device/numa_node says 0.
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::epyc_2s_nps4 {
using namespace units;

// All workers spin: a wake-up costs more than a message may take. Cpus 64 to 127, the other socket,
// are for programs that may be slow.
inline constexpr Worker workers[] = {
    // Node 0, its second cache: the whole pipeline, and Linux, in the first, evicts none of it.
    {.name = "rx", .cpu = 8, .roles = {"rx"}, .wait = Wait::spin},
    {.name = "parse", .cpu = 9, .roles = {"parse"}, .wait = Wait::spin},
    {.name = "flows0", .cpu = 10, .roles = {"flows.0"}, .wait = Wait::spin},
    {.name = "hash", .cpu = 11, .roles = {"hash"}, .wait = Wait::spin},
    {.name = "rest", .cpu = 12, .roles = {every_other_role}, .wait = Wait::spin},
    {.name = "task0-1", .cpu = 13, .roles = {}, .tasks = true, .wait = Wait::spin},
    {.name = "task0-2", .cpu = 14, .roles = {}, .tasks = true, .wait = Wait::spin},
    {.name = "task0-3", .cpu = 15, .roles = {}, .tasks = true, .wait = Wait::spin},
    // Nodes 1 to 3, same socket: a quarter of the table each, and workers beside that quarter.
    {.name = "flows1", .cpu = 16, .roles = {"flows.1"}, .wait = Wait::spin},
    {.name = "task1-1", .cpu = 17, .roles = {}, .tasks = true, .wait = Wait::spin},
    {.name = "task1-2", .cpu = 18, .roles = {}, .tasks = true, .wait = Wait::spin},
    {.name = "flows2", .cpu = 32, .roles = {"flows.2"}, .wait = Wait::spin},
    {.name = "task2-1", .cpu = 33, .roles = {}, .tasks = true, .wait = Wait::spin},
    {.name = "task2-2", .cpu = 34, .roles = {}, .tasks = true, .wait = Wait::spin},
    {.name = "flows3", .cpu = 48, .roles = {"flows.3"}, .wait = Wait::spin},
    {.name = "task3-1", .cpu = 49, .roles = {}, .tasks = true, .wait = Wait::spin},
    {.name = "task3-2", .cpu = 50, .roles = {}, .tasks = true, .wait = Wait::spin},
};

inline constexpr Board board = {
    .name = "epyc-2s-nps4",
    .machine = machine,
    .housekeeping = cpus("0-7"),  // a cache of its own for Linux, the caller and its sockets
    .workers = workers,
    .memory = {.budget_per_node_bytes = 128_MiB,
               .huge_pages = HugePages::on,
               .huge_pages_refused = Refusal::fatal,  // the first order is as fast as the last
               .lock_refused = Refusal::fatal},       // a page fault is a lost order
    .pool = {.claim_max = 8,        // short claims: no task waits behind many in one worker
             .steal_far = false},   // a task was sent to the node of its data; it stays there
    .view = {.permissions = 0640},  // the operators' group may look on
};

static_assert(board_is_sound<board>);

}  // namespace stator::boards::epyc_2s_nps4
