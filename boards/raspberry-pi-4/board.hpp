// boards/raspberry-pi-4/board.hpp - a small ARM board as an audio and control unit.
//
// Machine: Raspberry Pi 4 Model B, 4 GB: BCM2711, 4 x Cortex-A72 with 1 MiB of L2 in common
// Facts:   documented: cores and caches in Linux's bcm2711.dtsi, which has the L2 since 5.18; one
//          node, as without numa=fake; 4 KiB pages; memory as 64-bit kernels report it, 3.7 GiB
// Boot:    isolcpus=1-3 rcu_nocbs=1-3 threadirqs in cmdline.txt; a PREEMPT_RT kernel suits
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

#include "topology.hpp"

namespace stator::boards::raspberry_pi_4 {
using namespace units;

// Everybody sleeps when nothing is to be done: the board has no fan. The kernel's interrupt threads
// have priority 50; stages come before them, and the source before what digests it.
inline constexpr Worker workers[] = {
    {.name = "rx",
     .cpu = 3,
     .roles = {"rx"},
     .wait = Wait::futex,
     .scheduling = Scheduling::fifo,
     .priority = 80},
    {.name = "rest",
     .cpu = 2,
     .roles = {every_other_role},
     .wait = Wait::futex,
     .scheduling = Scheduling::fifo,
     .priority = 70},
    {.name = "task",
     .cpu = 1,
     .roles = {},
     .tasks = true,
     .wait = Wait::futex},  // when it has time
};

inline constexpr Board board = {
    .name = "raspberry-pi-4",
    .machine = machine,
    .housekeeping = cpus("0"),  // Linux, and all interrupts: that is where they go by themselves
    .workers = workers,
    .memory = {.budget_per_node_bytes = 32_MiB,  // of 4 GB; small boards have neighbours
               .lock_refused = Refusal::fatal,   // a page fault is heard
               .stack_bytes = 256_KiB},
    .pool = {.segments = 16,  // 16 * 32 = 512 tasks may wait
             .slots_per_segment = 32,
             .headroom_bytes = 64_KiB,
             .registry_slots = 64},
};

static_assert(board_is_sound<board>);

}  // namespace stator::boards::raspberry_pi_4
