// core/task_nodes.hpp - the nodes of a board that take tasks, and the node of its helper threads.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>

#include <stator/core/board.hpp>
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
    // All of them by their distance from the `home`-th, which is the first.
    static constexpr std::array<std::size_t, count> by_distance(std::size_t home) {
        std::array<std::size_t, count> all{};
        for (std::size_t i = 0; i < count; ++i) all[i] = i;
        const auto distance = [&](std::size_t to) {
            const std::size_t n = b.machine.nodes.size();
            if (to == home || b.machine.distances.empty()) return to == home ? 0 : 1;
            return b.machine.distances[static_cast<std::size_t>(positions[home]) * n +
                                       static_cast<std::size_t>(positions[to])];
        };
        std::sort(all.begin(), all.end(), [&](std::size_t x, std::size_t y) {
            return distance(x) != distance(y) ? distance(x) < distance(y) : x < y;
        });
        return all;
    }
    // The place among them of the node at `position`, or `count`.
    static constexpr std::size_t index_of(int position) {
        std::size_t i = 0;
        while (i < count && positions[i] != position) ++i;
        return i;
    }
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
