// core/task_nodes.hpp - the nodes of a board that take tasks, and the node of its helper threads.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/board.hpp>
#include <stator/core/node_order.hpp>
#include <stator/core/tables.hpp>

namespace stator {

// As positions in .machine.nodes, in ascending order.
template <const Board& b>
struct TaskNodes {
private:
    static constexpr std::size_t count_them() {
        std::size_t n = 0;
        for (std::size_t i = 0; i < b.machine.nodes.size(); ++i)
            n += b.task_workers_on(static_cast<int>(i)) > 0 ? 1 : 0;
        return n;
    }

public:
    static constexpr std::size_t count = count_them();
    static constexpr std::size_t workers = [] {
        std::size_t n = 0;
        for (const Worker& w : b.workers) n += w.tasks ? 1 : 0;
        return n;
    }();
    static constexpr std::array<int, count> positions = [] {
        std::array<int, count> all{};
        std::size_t n = 0;
        for (std::size_t i = 0; i < b.machine.nodes.size(); ++i)
            if (b.task_workers_on(static_cast<int>(i)) > 0) all[n++] = static_cast<int>(i);
        return all;
    }();
    // The positions in .workers of those that take tasks.
    static constexpr std::array<std::size_t, workers> worker_positions = [] {
        std::array<std::size_t, workers> all{};
        std::size_t n = 0;
        for (std::size_t i = 0; i < b.workers.size(); ++i)
            if (b.workers[i].tasks) all[n++] = i;
        return all;
    }();
    // The place among them of the node at `position`, or `count`.
    static constexpr std::size_t index_of(int position) {
        std::size_t i = 0;
        while (i < count && positions[i] != position) ++i;
        return i;
    }
    // The place of the one that is nearest to each node of the board, and to each cpu; cpus that
    // the board does not know are sent to the first.
    static constexpr auto nearest_to_node = [] {
        std::array<std::uint8_t, nodes_max> all{};
        for (std::size_t i = 0; count > 0 && i < b.machine.nodes.size(); ++i)
            all[i] = static_cast<std::uint8_t>(
                index_of(nearest_task_nodes(b, static_cast<int>(i)).positions[0]));
        return all;
    }();
    static constexpr auto nearest_to_cpu = [] {
        std::array<std::uint8_t, CpuSet::limit> all{};
        for (std::size_t i = 0; i < b.machine.nodes.size(); ++i) {
            const CpuSet& cpus = b.machine.nodes[i].cpus;
            for (int cpu = cpus.first(); cpu >= 0; cpu = cpus.next(cpu + 1))
                all[static_cast<std::size_t>(cpu)] = nearest_to_node[i];
        }
        return all;
    }();
};

// Where what belongs to no worker lies: the node of the first housekeeping cpu, where a worker uses
// it, else the first node that one uses.
template <const Board& b>
constexpr int helper_node() {
    const int wanted = b.machine.node_of(b.housekeeping.first());
    for (const int position : UsedNodes<b>::positions)
        if (position == wanted) return position;
    return UsedNodes<b>::positions[0];
}

}  // namespace stator
