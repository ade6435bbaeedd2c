// tests/test_boards.hpp - boards on the machine that the tests are built on, in several shapes.
//
// All of them wait by futex unless a name says otherwise, so that they can share the few cpus of a
// small machine with each other and with the caller.
#pragma once
#include <array>

#include <stator/board.hpp>
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

namespace stator::test {

inline constexpr Machine machine = stator::board.machine;
inline constexpr int cpu_a = machine.cpus.first();
inline constexpr int cpu_b =
    machine.cpus.next(cpu_a + 1) >= 0 ? machine.cpus.next(cpu_a + 1) : cpu_a;
inline constexpr CpuSet housekeeping = [] {
    CpuSet set;
    set.add(cpu_a);
    return set;
}();

// One worker for everything.
inline constexpr Worker one_worker[] = {
    {.name = "one", .cpu = cpu_b, .roles = {every_other_role}, .wait = Wait::futex},
};
inline constexpr Board one = {.name = "one",
                              .machine = machine,
                              .housekeeping = housekeeping,
                              .workers = one_worker,
                              .memory = {.budget_per_node_bytes = 256u << 20}};

// Two workers on two cpus; the roles named here are those that the tests use.
inline constexpr Worker two_workers[] = {
    {.name = "left", .cpu = cpu_a, .roles = {"a", "c", "rx", "parse", "hash"}, .wait = Wait::futex},
    {.name = "right", .cpu = cpu_b, .roles = {every_other_role}, .wait = Wait::futex},
};
inline constexpr Board two = {.name = "two",
                              .machine = machine,
                              .housekeeping = housekeeping,
                              .workers = two_workers,
                              .memory = {.budget_per_node_bytes = 256u << 20}};

// A worker for each role, in turn on the two cpus.
inline constexpr Worker many_workers[] = {
    {.name = "m0", .cpu = cpu_a, .roles = {"a", "rx"}, .wait = Wait::futex},
    {.name = "m1", .cpu = cpu_b, .roles = {"b", "parse"}, .wait = Wait::futex},
    {.name = "m2", .cpu = cpu_a, .roles = {"c", "flows"}, .wait = Wait::futex},
    {.name = "m3", .cpu = cpu_b, .roles = {"d", "hash"}, .wait = Wait::futex},
    {.name = "m4", .cpu = cpu_a, .roles = {"b.0", "export"}, .wait = Wait::futex},
    {.name = "m5", .cpu = cpu_b, .roles = {"b.1"}, .wait = Wait::futex},
    {.name = "m6", .cpu = cpu_b, .roles = {every_other_role}, .wait = Wait::futex},
};
inline constexpr Board many = {.name = "many",
                               .machine = machine,
                               .housekeeping = housekeeping,
                               .workers = many_workers,
                               .memory = {.budget_per_node_bytes = 256u << 20}};

// A worker that spins before it sleeps, where there is a second cpu for it.
inline constexpr Worker eager_workers[] = {
    {.name = "eager",
     .cpu = cpu_b,
     .roles = {every_other_role},
     .wait = cpu_a == cpu_b ? Wait::futex : Wait::spin_then_futex},
};
inline constexpr Board eager = {.name = "eager",
                                .machine = machine,
                                .housekeeping = housekeeping,
                                .workers = eager_workers,
                                .memory = {.budget_per_node_bytes = 256u << 20},
                                .spin_budget = std::chrono::microseconds{50}};

// One worker that never sleeps.
inline constexpr Worker spin_workers[] = {
    {.name = "spin",
     .cpu = cpu_b,
     .roles = {every_other_role},
     .wait = cpu_a == cpu_b ? Wait::futex : Wait::spin},
};
inline constexpr Board spin = {.name = "spin",
                               .machine = machine,
                               .housekeeping = housekeeping,
                               .workers = spin_workers,
                               .memory = {.budget_per_node_bytes = 256u << 20}};

static_assert(board_is_sound<one> && board_is_sound<two> && board_is_sound<many> &&
              board_is_sound<eager> && board_is_sound<spin>);

}  // namespace stator::test
