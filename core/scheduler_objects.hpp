// core/scheduler_objects.hpp - the objects of a scheduler in their arenas: made at start, ended
// before the next one.
//
// Threads    one: the caller of start, and of the scheduler's destructor.
#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include <stator/core/arena.hpp>
#include <stator/core/board.hpp>
#include <stator/core/line.hpp>
#include <stator/core/scheduler_plan.hpp>
#include <stator/core/tables.hpp>
#include <stator/core/task_pool.hpp>
#include <stator/core/view.hpp>
#include <stator/core/worker.hpp>

namespace stator {

template <const Board& b, typename... Parts>
class SchedulerObjects {
public:
    using Layout = SchedulerPlan<b, Parts...>;
    template <typename Part>
    using Bound = typename Layout::template Bound<Part>;
    using Tasks = typename Layout::Tasks;
    using Arena = Arenas<b, Layout>;
    static constexpr std::size_t worker_count = b.workers.size();

    // All of them, in memory that is held. `end.scheduler` is whose they are.
    void make(platform::Clock clock, const EndHandle& end) {
        std::array<std::byte*, Layout::piece_count> at{};
        for (std::size_t k = 0; k < Layout::piece_count; ++k)
            at[k] = Arena::at(Layout::plan.pieces[k]);
        table = new (at[0]) typename Layout::Table;
        describe(*table, b, Layout::plan, clock);
        for (std::size_t i = 0; i < worker_count; ++i) {
            auto* figures = new (at[1 + 2 * i]) WorkerFigures;
            workers[i] = new (at[2 + 2 * i]) PinnedWorker(b.workers[i], clock, b, *figures, end);
        }
        tasks.construct(&at[Layout::tasks_at], workers.data(), end.scheduler, clock, Arena::all);
        std::size_t next = Layout::parts_at;
        stage_count = 0;
        [[maybe_unused]] const auto one = [&](auto& p) {
            using Kind = std::remove_reference_t<decltype(p)>;
            if constexpr (requires { p.stop(); }) {
                p.construct(&at[next], workers.data(), clock);
                stage_count += static_cast<std::uint32_t>(Kind::stage_count());
            } else {
                p.construct(&at[next]);
            }
            next += Kind::piece_count;
        };
        std::apply([&](auto&... bound_part) { (one(bound_part), ...); }, parts_);
        exist_ = true;
    }
    void end() {
        std::apply([](auto&... bound_part) { (bound_part.destroy(), ...); }, parts_);
        tasks.destroy();
        for (PinnedWorker* worker : workers) {
            WorkerFigures* figures = &worker->figures;
            std::destroy_at(worker);
            std::destroy_at(figures);
        }
        std::destroy_at(table);
        exist_ = false;
    }
    [[nodiscard]] bool exist() const { return exist_; }

    template <typename Part>
    [[nodiscard]] auto& part() {
        static_assert((std::is_same_v<Part, Parts> || ...),
                      "this is not a part of the scheduler; add it behind the board");
        return std::get<Bound<Part>>(parts_);
    }
    // `f(line)` for every pipeline.
    template <typename F>
    void each_line(F&& f) {
        std::apply(
            [&](auto&... bound_part) {
                [[maybe_unused]] const auto one = [&](auto& p) {
                    if constexpr (requires { p.stop(); }) f(p);
                };
                (one(bound_part), ...);
            },
            parts_);
    }

    Tasks tasks;
    std::array<PinnedWorker*, worker_count> workers{};
    typename Layout::Table* table = nullptr;
    std::uint32_t stage_count = 0;

private:
    std::tuple<Bound<Parts>...> parts_;
    bool exist_ = false;
};

}  // namespace stator
