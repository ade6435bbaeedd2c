// core/board_rules.hpp - the sentences with which a board that breaks a rule does not compile.
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_judge.hpp>

namespace stator {

// One sentence per rule: what is wrong; what to do. Compilers also print the arguments of
// BoardCheck, so `at` and `and_at` reach the reader.
template <Rule broken, int at, int and_at>
struct BoardCheck {
    static_assert(broken != Rule::page_is_a_power_of_two,
                  "machine.page_bytes is not a power of two; run stator board gen again");
    static_assert(broken != Rule::cache_line_is_a_power_of_two,
                  "machine.cache_line_bytes is not a power of two; run stator board gen again");
    static_assert(broken != Rule::nodes_are_counted,
                  "machine.nodes has none, or more than 64; run stator board gen again");
    static_assert(broken != Rule::node_ids_ascend,
                  "machine.nodes[at].id is negative, or not below the next one; sort them by id");
    static_assert(broken != Rule::nodes_share_no_cpu,
                  "machine.nodes[at] and [and_at] share a cpu; give each cpu to one node");
    static_assert(
        broken != Rule::distances_are_square,
        "machine.distances is not a row for each node with 10 on the diagonal; run stator "
        "board gen again, or leave it empty");
    static_assert(broken != Rule::groups_are_on_the_machine,
                  "machine.smt, .last_caches, .packages or .slow_cpus names a cpu that "
                  "machine.cpus has not; run stator board gen again");
    static_assert(
        broken != Rule::housekeeping_is_on_the_machine,
        "housekeeping is empty, or names a cpu that the machine has not; leave at least one "
        "cpu to Linux");
    static_assert(broken != Rule::workers_are_counted,
                  "a board has 1 to 64 workers; add one, or take some away");
    static_assert(broken != Rule::worker_name_fits,
                  "workers[at].name is empty or longer than 15 characters, the kernel's limit; "
                  "shorten it");
    static_assert(broken != Rule::worker_names_differ,
                  "workers[at] and workers[and_at] have the same .name; rename one");
    static_assert(broken != Rule::worker_cpu_is_on_the_machine,
                  "workers[at].cpu is on no node of topology.hpp; choose a cpu that lscpu lists");
    static_assert(
        broken != Rule::worker_node_has_memory,
        "workers[at].cpu is on a node without memory; choose a cpu of a node that has some");
    static_assert(
        broken != Rule::housekeeping_is_not_spun_on,
        "workers[at] spins on a cpu of housekeeping; use Wait::futex or Wait::yield there, or "
        "another cpu");
    static_assert(
        broken != Rule::shared_cpu_is_not_spun_on,
        "workers[at] and workers[and_at] share a cpu and one of them spins; give each its "
        "own cpu, or use Wait::futex or Wait::yield for both");
    static_assert(broken != Rule::role_names_are_not_empty,
                  "workers[at].roles has an empty name; remove it");
    static_assert(broken != Rule::role_has_one_worker,
                  "workers[at] and workers[and_at] name the same role; a role has one worker");
    static_assert(broken != Rule::fifo_has_a_priority,
                  "workers[at] is Scheduling::fifo with a priority outside 1..99; set .priority");
    static_assert(broken != Rule::other_has_no_priority,
                  "workers[at] is Scheduling::other and has a priority; set it to 0, or use fifo");
    static_assert(
        broken != Rule::fifo_does_not_yield,
        "workers[at] is Scheduling::fifo and Wait::yield, and threads of a lower priority "
        "on its cpu would never run; use Wait::futex, or Scheduling::other");
    static_assert(broken != Rule::spin_budget_is_short,
                  "spin_budget is negative or above one second; 20us is a good start");
    static_assert(broken != Rule::stack_is_large_enough,
                  "memory.stack_bytes is below 64 KiB or not whole pages; 1_MiB is a good start");
    static_assert(broken != Rule::budget_is_set,
                  "memory.budget_per_node_bytes is 0, and nothing would fit; set it");
    static_assert(broken != Rule::segments_are_counted,
                  "pool.segments is not 2 to 32766; 64 is a good start");
    static_assert(broken != Rule::slots_are_counted,
                  "pool.slots_per_segment is not 1 to 65536; 64 is a good start");
    static_assert(broken != Rule::claims_are_counted,
                  "pool.claim_max is 0, and no worker could take a task; 64 is a good start");
    static_assert(broken != Rule::priorities_are_counted,
                  "pool.priorities is not 1 to 64; choose as many as tasks need, or leave it out");
    static_assert(
        broken != Rule::quotas_fit,
        "pool.quota is below 2, or all quotas together are more than pool.segments; raise "
        ".segments, or lower .quota or .priorities");
    static_assert(broken != Rule::usual_priority_exists,
                  "pool.usual_priority is not 0 to .priorities - 1; choose one of these");
    static_assert(broken != Rule::ageing_is_set,
                  "pool.ageing is 0, and a priority could wait for ever; 8 is a good start");
    static_assert(broken != Rule::run_ring_is_counted,
                  "pool.run_ring is not a power of two from 2 to 65536; 256 is a good start");
    static_assert(
        broken != Rule::headroom_fits,
        "pool.headroom_bytes is more than memory.stack_bytes, and a waiting task could run "
        "nothing; a quarter of the stack is a good start");
    static_assert(
        broken != Rule::wakes_are_timed,
        "pool.wake_threshold is 0, or above 1 without a .latest_wake; use 1, or set both");
    static_assert(broken != Rule::guarantee_is_kept,
                  "pool.guaranteed_tasks and .peak_rate need `at` segments; raise pool.segments or "
                  ".slots_per_segment, or promise less");
    static_assert(broken != Rule::registry_is_counted,
                  "pool.registry_slots is not 1 to 65536; leave it out, or switch .registry off");
    static_assert(broken != Rule::task_workers_fit,
                  "machine.nodes[at] has more than 48 workers with .tasks; take it from some");
    static_assert(broken != Rule::steal_order_is_said_once,
                  "pool.steal_far and .steal_table are both set; keep the one that is meant");
    static_assert(broken != Rule::steal_rows_name_task_nodes,
                  "pool.steal_table[at] names a node without .tasks workers, or itself, or a node "
                  "that it or an earlier row has named; each other node with tasks once");
    static_assert(broken != Rule::view_has_an_owner,
                  "view.permissions are not 0600 and bits of 0066; the owner reads and writes");
    static constexpr bool passed = broken == Rule::all_kept;
};

template <const Board& b>
inline constexpr bool board_is_sound =
    BoardCheck<judge(b).broken, judge(b).at, judge(b).and_at>::passed;

}  // namespace stator
