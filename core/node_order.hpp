// core/node_order.hpp - the nodes of a board that take tasks, in the order in which somebody turns
// to them: by distance, or as the board's steal table says.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>

#include <stator/core/board.hpp>

namespace stator {

// Positions in .machine.nodes.
struct NodeOrder {
    std::array<int, nodes_max> positions{};
    std::size_t count = 0;

    constexpr void add(int position) { positions[count++] = position; }
    [[nodiscard]] constexpr const int* begin() const { return positions.data(); }
    [[nodiscard]] constexpr const int* end() const { return positions.data() + count; }
    [[nodiscard]] constexpr bool contains(int position) const {
        return std::find(begin(), end(), position) != end();
    }
};

// All nodes that take tasks, from the node at `position` on: itself first, then by distance; of two
// that are equally far, and where no distances are known, the one with the lower number first.
constexpr NodeOrder nearest_task_nodes(const Board& b, int position) {
    NodeOrder order;
    const std::size_t n = b.machine.nodes.size();
    for (std::size_t i = 0; i < n; ++i)
        if (b.task_workers_on(static_cast<int>(i)) > 0) order.add(static_cast<int>(i));
    const auto distance = [&](int to) {
        if (to == position || position < 0) return 0;
        if (b.machine.distances.empty()) return 1;
        return b.machine
            .distances[static_cast<std::size_t>(position) * n + static_cast<std::size_t>(to)];
    };
    std::sort(order.positions.begin(),
              order.positions.begin() + static_cast<std::ptrdiff_t>(order.count),
              [&](int x, int y) {
                  return distance(x) != distance(y) ? distance(x) < distance(y) : x < y;
              });
    return order;
}

// The other nodes from whose workers those of the node at `position` steal, in this order.
constexpr NodeOrder steal_order(const Board& b, int position) {
    NodeOrder order;
    if (b.pool.steal_far)
        for (const int node : nearest_task_nodes(b, position))
            if (node != position) order.add(node);
    for (const StealRow& row : b.pool.steal_table)
        if (b.machine.node_at(row.node) == position)
            for (const int id : row.from.span()) order.add(b.machine.node_at(id));
    return order;
}

}  // namespace stator
