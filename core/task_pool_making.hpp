// core/task_pool_making.hpp - making a pool's objects, and telling its workers of each other.
#pragma once
#include <algorithm>

#include <stator/core/task_pool.hpp>

namespace stator {

// A spinning worker waits so long after a small claim: some 64 pauses. Longer costs latency,
// shorter lets worker and producer pass one cache line to and fro for every task.
inline constexpr std::uint64_t pace_ns = 700;

template <const Board& b>
void TaskPool<b>::make_node(std::size_t n, std::byte* const* here) {
    NodeObjects& node = nodes_[n];
    node.words = new (here[0]) Words;
    node.stock = new (here[1]) StockWords;
    node.intake = new (here[2]) IntakeT(*node.stock, *node.words, grace_->word, b.pool.quota);
    node.idle = new (here[3]) IdleWorkers;
    node.waking = new (here[4]) Waking(*node.idle, b.pool.wake_threshold,
                                       static_cast<std::uint64_t>(b.pool.latest_wake.count()));
    if constexpr (b.pool.registry) node.registry = new (here[5]) RegistryT;
    grace_->add(grace_source(*node.intake));
    if constexpr (b.pool.wake_threshold > 1)
        node.waking->use(*grace_->add({.context = node.waking, .due = [](void* waking) {
                                           static_cast<Waking*>(waking)->due();
                                       }}));
}

template <const Board& b>
void TaskPool<b>::make_taker(std::size_t k, std::size_t worker, std::byte* const* at,
                             PinnedWorker& pinned) {
    NodeObjects& node = nodes_[node_of_taker(k)];
    const TaskRecord<RegistryT> record = [&] {
        if constexpr (b.pool.registry)
            return TaskRecord<RegistryT>(*node.registry, worker);
        else
            return TaskRecord<RegistryT>();
    }();
    const TakerSizes sizes{.claim_max = b.pool.claim_max,
                           .ageing = b.pool.ageing,
                           .usual_priority = static_cast<unsigned>(b.pool.usual_priority),
                           .pace_cycles = clock_.to_cycles(pace_ns),
                           .headroom = b.pool.headroom_bytes};
    takers_[k] = new (at[takers_at + k])
        Taker(*node.intake, *node.idle, *node.waking, pinned, mode_, sizes, record);
    pinned.add(takers_[k]->handle());
}

// Tells a taker whom it steals from, those of its node and then those of others in the steal order,
// and whose workers may steal from it.
template <const Board& b>
void TaskPool<b>::introduce(std::size_t k) {
    const std::size_t home = node_of_taker(k);
    const int home_position = Nodes::positions[home];
    std::size_t n = 0;
    const auto meet = [&](std::size_t node, std::size_t step) {
        for (std::size_t i = 1; i < Nodes::workers; ++i) {
            const std::size_t other = (k + i) % Nodes::workers;  // each one begins elsewhere
            if (node_of_taker(other) == node)
                victims_[k][n++] = {.ring = &takers_[other]->ring,
                                    .overflow = &takers_[other]->overflow,
                                    .step = static_cast<std::uint8_t>(step)};
        }
    };
    meet(home, 0);
    std::size_t step = 1;
    for (const int node : steal_order(b, home_position))
        meet(Nodes::index_of(node), std::min(step++, steal_steps - 1));
    std::size_t far = 0;
    for (const int node : nearest_task_nodes(b, home_position))
        if (steal_order(b, node).contains(home_position))
            far_[home][far++] = nodes_[Nodes::index_of(node)].waking;
    takers_[k]->know({victims_[k].data(), n}, {far_[home].data(), far},
                     near_of(home, cpu_of_taker(k)));
}

// The workers of a node that are near to a cpu, by their numbers there.
template <const Board& b>
Near TaskPool<b>::near_of(std::size_t node, int cpu) {
    const auto share = [](std::span<const CpuSet> groups, int one, int other) {
        for (const CpuSet& group : groups)
            if (group.contains(one) && group.contains(other)) return true;
        return one == other;
    };
    Near near;
    unsigned number = 0;
    for (std::size_t k = 0; k < Nodes::workers; ++k) {
        if (node_of_taker(k) != node) continue;
        const std::uint64_t bit = std::uint64_t{1} << number++;
        if (share(b.machine.smt, cpu, cpu_of_taker(k))) near.core |= bit;
        if (share(b.machine.last_caches, cpu, cpu_of_taker(k))) near.cache |= bit;
    }
    return near;
}

}  // namespace stator
