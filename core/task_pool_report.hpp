// core/task_pool_report.hpp - what a pool says of itself: its figures so far, and what runs now.
#pragma once
#include <stator/core/task_pool.hpp>

namespace stator {

template <const Board& b>
PoolReport TaskPool<b>::report(PinnedWorker* const* workers, platform::Clock clock) const {
    PoolReport r;
    if constexpr (exists) {
        std::uint64_t current = 0;
        r.grace = GraceReport::of(*grace_figures_, current, clock);
        // Before what was accepted: a task is accepted first.
        for (std::size_t i = 0; i < b.workers.size(); ++i) {
            const WorkerFigures& figures = workers[i]->figures;
            const WorkerReport w = WorkerReport::of(b.workers[i], figures, clock);
            r.add(w);
            if (!is_late(figures, current)) continue;
            r.grace.late_readers.push_back(w.name);
            r.grace.late_thread_ids.push_back(figures.thread_id.value());
        }
        for (std::size_t n = 0; n < Nodes::count; ++n) {
            const int id = b.machine.nodes[static_cast<std::size_t>(Nodes::positions[n])].id;
            r.add(InboxReport::of(id, *nodes_[n].stock, *nodes_[n].words));
            if constexpr (b.pool.registry) r.registry_overflows += nodes_[n].registry->overflows();
        }
    }
    return r;
}

template <const Board& b>
std::vector<RunningReport> TaskPool<b>::running(std::uint64_t longer_than_ns,
                                                platform::Clock clock) const {
    std::vector<RunningReport> all;
    if constexpr (exists && b.pool.registry) {
        for (std::size_t n = 0; n < Nodes::count; ++n) {
            const int id = b.machine.nodes[static_cast<std::size_t>(Nodes::positions[n])].id;
            nodes_[n].registry->each([&](const Running& work) {
                RunningReport r = RunningReport::of(work, b.workers[work.worker].name, id, clock);
                if (r.age_ns >= longer_than_ns) all.push_back(std::move(r));
            });
        }
    }
    return all;
}

}  // namespace stator
