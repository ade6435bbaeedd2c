// core/board_judge.hpp - the rules that every board keeps, and the first one that a board breaks.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

#include <stator/core/board.hpp>

namespace stator {

enum class Rule {
    all_kept,
    page_is_a_power_of_two,
    cache_line_is_a_power_of_two,
    nodes_are_counted,
    node_ids_ascend,
    nodes_share_no_cpu,
    distances_are_square,
    groups_are_on_the_machine,
    housekeeping_is_on_the_machine,
    workers_are_counted,
    worker_name_fits,
    worker_names_differ,
    worker_cpu_is_on_the_machine,
    worker_node_has_memory,
    housekeeping_is_not_spun_on,
    shared_cpu_is_not_spun_on,
    role_names_are_not_empty,
    role_has_one_worker,
    fifo_has_a_priority,
    other_has_no_priority,
    fifo_does_not_yield,
    spin_budget_is_short,
    stack_is_large_enough,
    budget_is_set,
    segments_are_counted,
    slots_are_counted,
    claims_are_counted,
    priorities_are_counted,
    quotas_fit,
    usual_priority_exists,
    ageing_is_set,
    run_ring_is_counted,
    headroom_fits,
    wakes_are_timed,
    guarantee_is_kept,
    registry_is_counted,
    task_workers_fit,
    steal_order_is_said_once,
    steal_rows_name_task_nodes,
    view_has_an_owner,
};

// The first rule that a board breaks; `at` and `and_at` are positions in .workers or .nodes, or -1.
struct Verdict {
    Rule broken = Rule::all_kept;
    int at = -1;
    int and_at = -1;
};

constexpr Verdict judge_nodes(const Machine& m) {
    if (m.nodes.empty() || m.nodes.size() > nodes_max) return {Rule::nodes_are_counted};
    for (std::size_t i = 0; i < m.nodes.size(); ++i) {
        const int at = static_cast<int>(i);
        if (m.nodes[i].id < 0) return {Rule::node_ids_ascend, at};
        if (i > 0 && m.nodes[i - 1].id >= m.nodes[i].id) return {Rule::node_ids_ascend, at - 1, at};
        for (std::size_t j = 0; j < i; ++j)
            if (!(m.nodes[j].cpus & m.nodes[i].cpus).empty())
                return {Rule::nodes_share_no_cpu, static_cast<int>(j), at};
    }
    const std::size_t n = m.nodes.size();
    if (!m.distances.empty() && m.distances.size() != n * n) return {Rule::distances_are_square};
    for (std::size_t i = 0; !m.distances.empty() && i < n; ++i)
        if (m.distances[i * n + i] != 10)
            return {Rule::distances_are_square, static_cast<int>(i), static_cast<int>(i)};
    return {};
}

constexpr Verdict judge_machine(const Board& b) {
    const Machine& m = b.machine;
    if (!std::has_single_bit(m.page_bytes)) return {Rule::page_is_a_power_of_two};
    if (!std::has_single_bit(m.cache_line_bytes)) return {Rule::cache_line_is_a_power_of_two};
    if (const Verdict v = judge_nodes(m); v.broken != Rule::all_kept) return v;
    for (const std::span<const CpuSet> groups : {m.smt, m.last_caches, m.packages})
        for (const CpuSet& group : groups)
            if (!group.without(m.cpus).empty()) return {Rule::groups_are_on_the_machine};
    if (!m.slow_cpus.without(m.cpus).empty()) return {Rule::groups_are_on_the_machine};
    if (b.housekeeping.empty() || !b.housekeeping.without(m.cpus).empty())
        return {Rule::housekeeping_is_on_the_machine};
    return {};
}

constexpr Verdict judge_roles(const Board& b, std::size_t i) {
    const Roles& roles = b.workers[i].roles;
    const int at = static_cast<int>(i);
    for (std::size_t r = 0; r < roles.count; ++r) {
        if (roles.names[r].empty()) return {Rule::role_names_are_not_empty, at};
        for (std::size_t s = 0; s < r; ++s)
            if (roles.names[s] == roles.names[r]) return {Rule::role_has_one_worker, at, at};
        for (std::size_t j = 0; j < i; ++j)
            if (b.workers[j].roles.contains(roles.names[r]))
                return {Rule::role_has_one_worker, static_cast<int>(j), at};
    }
    return {};
}

constexpr Verdict judge_place(const Board& b, std::size_t i) {
    const Worker& w = b.workers[i];
    const int at = static_cast<int>(i);
    const int node = b.machine.node_of(w.cpu);
    if (!b.machine.cpus.contains(w.cpu) || node < 0)
        return {Rule::worker_cpu_is_on_the_machine, at};
    if (b.machine.nodes[static_cast<std::size_t>(node)].memory_bytes == 0)
        return {Rule::worker_node_has_memory, at};
    if (!may_share_cpu(w.wait) && b.housekeeping.contains(w.cpu))
        return {Rule::housekeeping_is_not_spun_on, at};
    for (std::size_t j = 0; j < i; ++j) {
        const Worker& earlier = b.workers[j];
        if (earlier.name == w.name) return {Rule::worker_names_differ, static_cast<int>(j), at};
        if (earlier.cpu == w.cpu && (!may_share_cpu(earlier.wait) || !may_share_cpu(w.wait)))
            return {Rule::shared_cpu_is_not_spun_on, static_cast<int>(j), at};
    }
    return {};
}

constexpr Verdict judge_worker(const Board& b, std::size_t i) {
    const Worker& w = b.workers[i];
    const int at = static_cast<int>(i);
    if (w.name.empty() || w.name.size() > 15) return {Rule::worker_name_fits, at};
    if (const Verdict v = judge_place(b, i); v.broken != Rule::all_kept) return v;
    if (const Verdict v = judge_roles(b, i); v.broken != Rule::all_kept) return v;
    const bool fifo = w.scheduling == Scheduling::fifo;
    if (fifo && (w.priority < 1 || w.priority > 99)) return {Rule::fifo_has_a_priority, at};
    if (!fifo && w.priority != 0) return {Rule::other_has_no_priority, at};
    if (fifo && w.wait == Wait::yield) return {Rule::fifo_does_not_yield, at};
    return {};
}

constexpr Verdict judge_pool(const Board& b) {
    if (b.pool.segments < 2 || b.pool.segments > 32'766) return {Rule::segments_are_counted};
    if (b.pool.slots_per_segment < 1 || b.pool.slots_per_segment > 65'536)
        return {Rule::slots_are_counted};
    if (b.pool.claim_max < 1) return {Rule::claims_are_counted};
    if (b.pool.priorities < 1 || b.pool.priorities > 64) return {Rule::priorities_are_counted};
    if (b.pool.priorities > 1 &&
        (b.pool.quota < 2 || b.pool.quota > b.pool.segments / b.pool.priorities))
        return {Rule::quotas_fit};
    if (b.pool.usual_priority < 0 ||
        static_cast<std::size_t>(b.pool.usual_priority) >= b.pool.priorities)
        return {Rule::usual_priority_exists};
    if (b.pool.ageing < 1) return {Rule::ageing_is_set};
    if (!std::has_single_bit(b.pool.run_ring) || b.pool.run_ring < 2 || b.pool.run_ring > 65'536)
        return {Rule::run_ring_is_counted};
    const bool has_tasks =
        std::any_of(b.workers.begin(), b.workers.end(), [](const Worker& w) { return w.tasks; });
    if (has_tasks && b.pool.headroom_bytes > b.memory.stack_bytes) return {Rule::headroom_fits};
    if (b.pool.wake_threshold < 1 || (b.pool.wake_threshold > 1 && b.pool.latest_wake.count() < 1))
        return {Rule::wakes_are_timed};
    if (b.pool.reuse_latency.count() < 0 || b.guaranteed_segments() > b.pool.segments)
        return {Rule::guarantee_is_kept, static_cast<int>(b.guaranteed_segments())};
    if (b.pool.registry_slots < 1 || b.pool.registry_slots > 65'536)
        return {Rule::registry_is_counted};
    for (std::size_t n = 0; n < b.machine.nodes.size(); ++n)
        if (b.task_workers_on(static_cast<int>(n)) > task_workers_max)
            return {Rule::task_workers_fit, static_cast<int>(n)};
    return {};
}

// Every row and every entry of it is another node with task workers, and no row names its own.
constexpr Verdict judge_stealing(const Board& b) {
    if (b.pool.steal_far && !b.pool.steal_table.empty()) return {Rule::steal_order_is_said_once};
    const auto takes_tasks = [&](int id) {
        const int node = b.machine.node_at(id);
        return node >= 0 && b.task_workers_on(node) > 0;
    };
    for (std::size_t i = 0; i < b.pool.steal_table.size(); ++i) {
        const StealRow& row = b.pool.steal_table[i];
        const Verdict broken = {Rule::steal_rows_name_task_nodes, static_cast<int>(i)};
        if (!takes_tasks(row.node)) return broken;
        for (std::size_t j = 0; j < i; ++j)
            if (b.pool.steal_table[j].node == row.node) return broken;
        const std::span<const int> from = row.from.span();
        for (std::size_t k = 0; k < from.size(); ++k) {
            const std::span<const int> earlier = from.first(k);
            if (!takes_tasks(from[k]) || from[k] == row.node ||
                std::count(earlier.begin(), earlier.end(), from[k]) > 0)
                return broken;
        }
    }
    return {};
}

constexpr Verdict judge(const Board& b) {
    if (const Verdict v = judge_machine(b); v.broken != Rule::all_kept) return v;
    if (b.workers.empty() || b.workers.size() > workers_max) return {Rule::workers_are_counted};
    for (std::size_t i = 0; i < b.workers.size(); ++i)
        if (const Verdict v = judge_worker(b, i); v.broken != Rule::all_kept) return v;
    if (b.spin_budget.count() < 0 || b.spin_budget.count() > 1'000'000'000)
        return {Rule::spin_budget_is_short};
    if (b.memory.stack_bytes < 64 * 1024 || b.memory.stack_bytes % b.machine.page_bytes != 0)
        return {Rule::stack_is_large_enough};
    if (b.memory.budget_per_node_bytes == 0) return {Rule::budget_is_set};
    if ((b.view.permissions & 0600) != 0600 || b.view.permissions > 0666)
        return {Rule::view_has_an_owner};
    if (const Verdict v = judge_pool(b); v.broken != Rule::all_kept) return v;
    return judge_stealing(b);
}

}  // namespace stator
