// core/scheduler_plan.hpp - the pieces of memory of a scheduler: the view's table, the workers, the
// pool, and the parts of the application, in this order.
#pragma once
#include <array>
#include <cstddef>
#include <type_traits>

#include <stator/core/line.hpp>
#include <stator/core/plan.hpp>
#include <stator/core/tables.hpp>
#include <stator/core/task_pool.hpp>
#include <stator/core/view.hpp>
#include <stator/core/worker.hpp>

namespace stator {

template <const Board& b, typename... Parts>
class SchedulerPlan {
public:
    // What `Bound` is made of; clang 14 looks at it from outside.
    template <typename Part>
    static constexpr auto bound() {
        static_assert(
            IsPipeline<Part> || IsTable<Part>,
            "a part of a scheduler is a Pipeline, a PerNode or a NodePool; wrap it in one");
        if constexpr (IsPipeline<Part>)
            return std::type_identity<LineOn<b, Part>>{};
        else
            return std::type_identity<TableOn<b, Part>>{};
    }
    // A part on the board.
    template <typename Part>
    using Bound = typename decltype(bound<Part>())::type;
    using Tasks = TaskPool<b>;

    // Where the pieces of the workers, of the pool and of the parts begin: a worker has two.
    static constexpr std::size_t workers_at = 1;
    static constexpr std::size_t tasks_at = workers_at + 2 * b.workers.size();
    static constexpr std::size_t parts_at = tasks_at + Tasks::piece_count;
    static constexpr std::size_t piece_count = (parts_at + ... + Bound<Parts>::piece_count);

private:
    static constexpr std::array<Piece, piece_count> pieces_behind_table() {
        std::array<Piece, piece_count> all{};
        std::size_t n = workers_at;
        for (std::size_t i = 0; i < b.workers.size(); ++i) {
            const int at = static_cast<int>(i), node = b.node_of_worker(at);
            all[n] = piece_of<WorkerFigures>("figures", b.workers[i].name, node, Shown::worker);
            all[n + 1] = piece_of<PinnedWorker>("worker", b.workers[i].name, node);
            all[n].worker = all[n + 1].worker = at;
            n += 2;
        }
        const auto append = [&](const auto& pieces) {
            for (const Piece& piece : pieces) all[n++] = piece;
        };
        append(Tasks::pieces());
        (append(Bound<Parts>::pieces()), ...);
        return all;
    }

public:
    using Table = ViewTable<shown_pieces(pieces_behind_table())>;

    static constexpr std::array<Piece, piece_count> pieces() {
        std::array<Piece, piece_count> all = pieces_behind_table();
        all[0] = piece_of<Table>("view", b.name, UsedNodes<b>::positions[0], Shown::header);
        return all;
    }

    // Every object with its node, offset and size, and the sizes of the arenas.
    static constexpr auto plan = lay_out(b, pieces(), Tasks::exists ? helper_node<b>() : -1);
};

}  // namespace stator
