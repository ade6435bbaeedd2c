// tests/node_order_test.cpp - to which node a caller is near, and from which nodes workers steal.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <stator/core/board_rules.hpp>
#include <stator/core/node_order.hpp>
#include <stator/core/scheduler.hpp>

namespace stator {
namespace {

// A ring of four nodes; the fifth has memory only, and no worker stands on the fourth.
constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-1"), .memory_bytes = 1u << 30},
    {.id = 2, .cpus = cpus("2-3"), .memory_bytes = 1u << 30},
    {.id = 3, .cpus = cpus("4-5"), .memory_bytes = 1u << 30},
    {.id = 5, .cpus = cpus("6-7"), .memory_bytes = 1u << 30},
    {.id = 6, .cpus = {}, .memory_bytes = 1u << 30},
};
constexpr int distances[] = {
    10, 28, 16, 21, 30,  //
    28, 10, 21, 16, 17,  //
    16, 21, 10, 28, 30,  //
    21, 16, 28, 10, 30,  //
    30, 17, 30, 30, 10,
};
constexpr Worker workers[] = {
    {.name = "zero", .cpu = 1, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "two", .cpu = 3, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "three", .cpu = 5, .roles = {}, .tasks = true, .wait = Wait::futex},
};
constexpr Board plain = {.name = "ring",
                         .machine = {.architecture = "x86_64",
                                     .page_bytes = 4096,
                                     .cache_line_bytes = 64,
                                     .cpus = cpus("0-7"),
                                     .nodes = nodes,
                                     .distances = distances,
                                     .smt = {},
                                     .last_caches = {}},
                         .housekeeping = cpus("0"),
                         .workers = workers,
                         .memory = {}};
constexpr Board far = [] {
    Board b = plain;
    b.pool.steal_far = true;
    return b;
}();
constexpr StealRow rows[] = {{.node = 0, .from = {2, 3}}, {.node = 3, .from = {0}}};
constexpr Board with_rows = [] {
    Board b = plain;
    b.pool.steal_table = rows;
    return b;
}();
static_assert(board_is_sound<far> && board_is_sound<with_rows>);

// By the kernel's numbers.
std::string text(const Board& b, const NodeOrder& order) {
    std::string all;
    for (const int position : order)
        all += std::to_string(b.machine.nodes[static_cast<std::size_t>(position)].id) + ' ';
    return all;
}

TEST(node_order, nearest_is_the_node_itself_and_then_by_distance) {
    EXPECT_EQ(text(plain, nearest_task_nodes(plain, 0)), "0 3 2 ");
    EXPECT_EQ(text(plain, nearest_task_nodes(plain, 1)), "2 3 0 ");
    EXPECT_EQ(text(plain, nearest_task_nodes(plain, 2)), "3 0 2 ");
}

TEST(node_order, a_node_without_task_workers_is_near_to_another) {
    EXPECT_EQ(text(plain, nearest_task_nodes(plain, 3)), "2 0 3 ");
    EXPECT_EQ(text(plain, nearest_task_nodes(plain, 4)), "2 0 3 ") << "memory only";
}

TEST(node_order, without_distances_lower_numbers_come_first) {
    Board b = far;
    b.machine.distances = {};
    EXPECT_EQ(text(b, nearest_task_nodes(b, 2)), "3 0 2 ");
    EXPECT_EQ(text(b, steal_order(b, 2)), "0 2 ");
}

TEST(node_order, nobody_steals_from_another_node_unless_the_board_says_so) {
    for (int node = 0; node < 5; ++node) EXPECT_EQ(text(plain, steal_order(plain, node)), "");
    EXPECT_EQ(text(far, steal_order(far, 0)), "3 2 ");
    EXPECT_EQ(text(far, steal_order(far, 1)), "3 0 ");
}

TEST(node_order, the_boards_table_is_the_order_and_what_it_leaves_out_is_forbidden) {
    EXPECT_EQ(text(with_rows, steal_order(with_rows, 0)), "2 3 ");
    EXPECT_EQ(text(with_rows, steal_order(with_rows, 1)), "") << "node 2 has no row";
    EXPECT_EQ(text(with_rows, steal_order(with_rows, 2)), "0 ");
}

TEST(node_order, every_cpu_has_its_nearest_task_node) {
    using Nodes = TaskNodes<plain>;
    static_assert(Nodes::count == 3);
    const auto id = [](int cpu) {
        const auto place = Nodes::nearest_to_cpu[static_cast<std::size_t>(cpu)];
        return nodes[Nodes::positions[place]].id;
    };
    EXPECT_EQ(id(0), 0);
    EXPECT_EQ(id(3), 2);
    EXPECT_EQ(id(4), 3);
    EXPECT_EQ(id(7), 2) << "its own node has no task worker";
    EXPECT_EQ(id(1000), 0) << "a cpu that the board does not know";
}

// All ways in are compiled for several nodes, also with spilling; tests/lab runs them.
constexpr Board spilling = [] {
    Board b = far;
    b.pool.spill = true;
    return b;
}();
using Spilling = Scheduler<spilling>;

TEST(node_order, a_scheduler_of_several_nodes_that_is_not_started_says_so) {
    static Spilling scheduler;
    int here = 0;
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::not_started);
    EXPECT_EQ(scheduler.submit({.near = &here}, [] {}), Submit::not_started);
    EXPECT_EQ(scheduler.submit({.node = 2}, [] {}), Submit::not_started);
    EXPECT_EQ(scheduler.start().cause(), Cause::machine_differs) << "this machine is none of these";
}

TEST(node_order, the_kernel_says_where_memory_is_once_it_has_been_touched) {
    int here = 1;
    const int node = platform::node_of_memory(&here);
    EXPECT_GE(node, 0) << "a stack is in memory";
    EXPECT_EQ(platform::node_of_memory(nullptr), -1);
    static const Range range{};
    EXPECT_FALSE(range.has(nullptr)) << "an empty range has nothing";
    std::byte bytes[4]{};
    const Range some{bytes, 2};
    EXPECT_TRUE(some.has(bytes) && some.has(bytes + 1));
    EXPECT_FALSE(some.has(bytes + 2) || some.has(bytes - 1));
}

}  // namespace
}  // namespace stator
