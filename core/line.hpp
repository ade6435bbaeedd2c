// core/line.hpp - a pipeline on a board: which pieces it needs, on which nodes, and who runs what.
//
// Pieces come in graph order: what is shared, then for every stage its link's lanes and its cells,
// each with its record behind it. A lane lies on the node of the stage that reads it: items are
// written once, where they are read.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <stator/core/board.hpp>
#include <stator/core/cell.hpp>
#include <stator/core/each_index.hpp>
#include <stator/core/input.hpp>
#include <stator/core/pipeline.hpp>
#include <stator/core/plan.hpp>
#include <stator/core/report.hpp>
#include <stator/core/role.hpp>
#include <stator/core/worker.hpp>

namespace stator {

template <const Board& b, typename P>
class LineOn {
    template <std::size_t i>
    using StageAt = typename P::template StageAt<i>;
    template <std::size_t i>
    using LinkLane = LaneOf<typename P::template LinkBefore<i>>;
    template <std::size_t i>
    using CellAt = Cell<typename StageAt<i>::State, typename decltype(in_port<P, i>())::type,
                        typename decltype(out_port<P, i>())::type, keeps_order<P, i>()>;

    static constexpr std::size_t last = P::stages - 1;

    // Lanes of the link before stage i; 0 where there is none.
    template <std::size_t i>
    static constexpr std::size_t lanes() {
        if constexpr (i == 0)
            return P::has_input ? 1 : 0;
        else
            return std::max(StageAt<i - 1>::width, StageAt<i>::width);
    }
    template <std::size_t i>
    static constexpr std::size_t width = StageAt<i>::width;

    template <std::size_t i, std::size_t lane>
    static constexpr int worker = worker_running<b, StageAt<i>, lane>();

    // The first piece of stage i: its lanes, and behind them its cells; two pieces each.
    template <std::size_t i>
    static constexpr std::size_t piece_at() {
        if constexpr (i == 0)
            return P::has_input ? 3 : 2;  // shared, its record, input gate
        else
            return piece_at<i - 1>() + 2 * lanes<i - 1>() + 2 * width<i - 1>;
    }
    template <std::size_t i>
    static constexpr std::size_t cell_at = piece_at<i>() + 2 * lanes<i>();

public:
    static constexpr std::size_t piece_count = cell_at<last> + 2 * width<last>;

    struct NoGate {};
    using Gate = typename decltype([] {
        if constexpr (P::has_input)
            return std::type_identity<
                InputGate<typename P::template Element<0>::Item, P::template Element<0>::slots>>{};
        else
            return std::type_identity<NoGate>{};
    }())::type;

    static constexpr std::array<Piece, piece_count> pieces() {
        std::array<Piece, piece_count> all{};
        each_index<P::stages>([&]<std::size_t i>() { static_assert(stage_fits<P, i>()); });
        each_lane([&]<std::size_t i, std::size_t lane>() {
            static_assert(link_fits<P, i>());
            constexpr std::size_t k = piece_at<i>() + 2 * lane;
            all[k] = lane_piece<LinkLane<i>, i, lane>("ring", Shown::none);
            all[k + 1] = lane_piece<LinkFigures, i, lane>("link", Shown::link);
        });
        each_cell([&]<std::size_t i, std::size_t lane>() {
            constexpr std::size_t k = cell_at<i> + 2 * lane;
            constexpr int on = worker<i, lane>;
            const int node = b.node_of_worker(on);
            all[k] = piece_of<CellAt<i>>("stage", role_text<i, lane>.view(), node);
            all[k + 1] =
                piece_of<StageFigures>("figures", role_text<i, lane>.view(), node, Shown::stage);
            all[k].worker = all[k + 1].worker = on;
        });
        const int end = b.node_of_worker(worker<last, 0>);
        all[0] = piece_of<LineShared>("line", StageAt<last>::role, end);
        all[1] = piece_of<LineFigures>("figures", "end to end", end, Shown::line);
        if constexpr (P::has_input)
            all[2] = piece_of<Gate>("gate", "caller", b.node_of_worker(worker<0, 0>));
        return all;
    }

    // Makes every object and joins them. `at[k]` is the memory of piece k; `workers` are those of
    // the board, already made. The caller's thread, before any worker runs.
    void construct(std::byte* const* at, PinnedWorker* const* workers, platform::Clock clock) {
        for (std::size_t k = 0; k < piece_count; ++k) at_[k] = at[k];
        auto* shared_by_all = new (at_[0]) LineShared;
        shared_by_all->figures = new (at_[1]) LineFigures;
        if (P::budget.ns > 0)
            shared_by_all->budget_cycles =
                clock.to_cycles(static_cast<std::uint64_t>(P::budget.ns));
        if constexpr (P::has_input) new (at_[2]) Gate;
        each_lane([&]<std::size_t i, std::size_t lane>() {
            constexpr std::size_t k = piece_at<i>() + 2 * lane;
            new (at_[k]) LinkLane<i>;
            auto* record = new (at_[k + 1]) LinkFigures;
            record->slots = P::template LinkBefore<i>::slots;
        });
        each_cell([&]<std::size_t i, std::size_t lane>() {
            constexpr std::size_t k = cell_at<i> + 2 * lane;
            auto* made = new (at_[k]) CellAt<i>;
            made->figures = new (at_[k + 1]) StageFigures;
            made->line = shared_by_all;
            if (StageAt<i>::budget.ns > 0)
                made->budget_cycles =
                    clock.to_cycles(static_cast<std::uint64_t>(StageAt<i>::budget.ns));
        });
        each_lane([&]<std::size_t i, std::size_t lane>() { join<i, lane>(workers); });
        each_cell([&]<std::size_t i, std::size_t lane>() {
            workers[worker<i, lane>]->add(cell<i>(lane).handle());
        });
    }

    // Ends the lives of all objects. After the workers have been joined.
    void destroy() {
        each_cell([&]<std::size_t i, std::size_t lane>() {
            std::destroy_at(cell<i>(lane).figures);
            std::destroy_at(&cell<i>(lane));
        });
        each_lane([&]<std::size_t i, std::size_t lane>() {
            std::destroy_at(&link_figures<i>(lane));
            std::destroy_at(&link_lane<i>(lane));
        });
        if constexpr (P::has_input) std::destroy_at(&gate());
        std::destroy_at(shared().figures);
        std::destroy_at(&shared());
    }

    // No more input: what is inside is handled, then every stage ends in graph order. Any thread.
    void stop() {
        shared().stop_requested.store(true, std::memory_order::release);  // S1
        if constexpr (P::has_input) gate().close();
    }

    [[nodiscard]] Gate& gate() { return *std::launder(reinterpret_cast<Gate*>(at_[2])); }

    // The state of the stage with this role; `lane` of a parallel one.
    template <Name role>
    [[nodiscard]] auto& state(std::size_t lane = 0) {
        return cell<stage_with<role>()>(lane).state;
    }
    // The position of the worker that runs the stage with this role.
    template <Name role>
    [[nodiscard]] static constexpr int worker_of_role() {
        return worker<stage_with<role>(), 0>;
    }
    // Stages that will end, lanes counted.
    static constexpr std::size_t stage_count() {
        std::size_t n = 0;
        each_cell([&]<std::size_t i, std::size_t lane>() { ++n; });
        return n;
    }

    [[nodiscard]] LineReport report(platform::Clock clock) {
        LineReport r;
        each_lane([&]<std::size_t i, std::size_t lane>() {
            const LinkFigures& l = link_figures<i>(lane);
            LinkReport link{.from = std::string(source_role<i, lane>()),
                            .to = std::string(role_text<i, (width<i> > 1 ? lane : 0)>.view())};
            link.read(l);
            r.links.push_back(std::move(link));
        });
        each_cell([&]<std::size_t i, std::size_t lane>() {
            const Worker& w = b.workers[static_cast<std::size_t>(worker<i, lane>)];
            StageReport stage{.role = std::string(role_text<i, lane>.view()),
                              .worker = std::string(w.name),
                              .cpu = w.cpu,
                              .node = b.node_id_of_worker(worker<i, lane>)};
            stage.read(*cell<i>(lane).figures, clock);
            r.stages.push_back(std::move(stage));
        });
        r.read(*shared().figures, clock);
        return r;
    }

private:
    // f<i, lane>() for every lane of every link, and for every cell of every stage, in graph order.
    template <typename F>
    static constexpr void each_lane(F&& f) {
        each_index<P::stages>([&]<std::size_t i>() {
            each_index<lanes<i>()>([&]<std::size_t lane>() { f.template operator()<i, lane>(); });
        });
    }
    template <typename F>
    static constexpr void each_cell(F&& f) {
        each_index<P::stages>([&]<std::size_t i>() {
            each_index<width<i>>([&]<std::size_t lane>() { f.template operator()<i, lane>(); });
        });
    }

    template <Name role>
    static constexpr std::size_t stage_with() {
        constexpr std::size_t found = [] {
            std::size_t n = P::stages;
            each_index<P::stages>(
                [&]<std::size_t i>() { n = StageAt<i>::role == role.view() ? i : n; });
            return n;
        }();
        static_assert(found < P::stages,
                      "the pipeline has no stage with this role; check its spelling");
        return found;
    }
    template <std::size_t i, std::size_t lane>
    static constexpr RoleText role_text{StageAt<i>::role, lane, width<i>};
    // What a lane before stage i comes from.
    template <std::size_t i, std::size_t lane>
    static constexpr std::string_view source_role() {
        if constexpr (i == 0)
            return "caller";
        else
            return role_text<i - 1, (width<i - 1> > 1 ? lane : 0)>.view();
    }
    template <typename T, std::size_t i, std::size_t lane>
    static constexpr Piece lane_piece(std::string_view kind, Shown shown) {
        constexpr std::size_t reader = width < i >> 1 ? lane : 0;
        Piece piece =
            piece_of<T>(kind, source_role<i, lane>(), b.node_of_worker(worker<i, reader>), shown);
        piece.to = role_text<i, reader>.view();
        piece.worker = worker<i, reader>;
        return piece;
    }

    [[nodiscard]] LineShared& shared() {
        return *std::launder(reinterpret_cast<LineShared*>(at_[0]));
    }
    template <std::size_t i>
    [[nodiscard]] CellAt<i>& cell(std::size_t lane) {
        return *std::launder(reinterpret_cast<CellAt<i>*>(at_[cell_at<i> + 2 * lane]));
    }
    template <std::size_t i>
    [[nodiscard]] LinkLane<i>& link_lane(std::size_t lane) {
        return *std::launder(reinterpret_cast<LinkLane<i>*>(at_[piece_at<i>() + 2 * lane]));
    }
    template <std::size_t i>
    [[nodiscard]] LinkFigures& link_figures(std::size_t lane) {
        std::byte* const at = at_[piece_at<i>() + 2 * lane + 1];
        return *std::launder(reinterpret_cast<LinkFigures*>(at));
    }

    // Whom to notify at the other end: nobody where it is the same worker, or one that never
    // sleeps.
    static WaitWord* word_of(PinnedWorker* const* workers, int other, int self) {
        const Worker& choice = b.workers[static_cast<std::size_t>(other)];
        if (other == self || never_sleeps(choice.wait)) return nullptr;
        return &workers[other]->word;
    }

    // Joins one lane before stage i to the stages (or the caller) at its two ends.
    template <std::size_t i, std::size_t lane>
    void join(PinnedWorker* const* workers) {
        constexpr std::size_t reader = width < i >> 1 ? lane : 0;
        constexpr std::size_t port_in = width < i >> 1 ? 0 : lane;
        constexpr int to = worker<i, reader>;
        LinkLane<i>* const middle = &link_lane<i>(lane);
        auto& in = cell<i>(reader).in.joints.at[port_in];
        LinkFigures* const record = &link_figures<i>(lane);
        in.lane = middle;
        in.figures = record;
        if constexpr (i == 0) {
            in.peer = &gate().word;
            gate().joints.at[0] = {
                .lane = middle, .peer = word_of(workers, to, -1), .figures = record};
        } else {
            constexpr std::size_t writer = width < i - 1 >> 1 ? lane : 0;
            constexpr std::size_t port_out = width < i - 1 >> 1 ? 0 : lane;
            constexpr int from = worker<i - 1, writer>;
            constexpr bool writer_waits = P::template LinkBefore<i>::full == Full::wait;
            in.peer = writer_waits ? word_of(workers, from, to) : nullptr;
            cell<i - 1>(writer).out.joints.at[port_out] = {
                .lane = middle, .peer = word_of(workers, to, from), .figures = record};
        }
    }

    std::array<std::byte*, piece_count> at_{};
};

}  // namespace stator
