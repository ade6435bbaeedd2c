// core/line.hpp - a pipeline on a board: which pieces it needs, on which nodes, and who runs what.
//
// Pieces come in graph order: shared figures, then for every stage its link's lanes and its cells.
// A lane lies on the node of the stage that reads it: items are written once, where they are read.
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

    // The first piece of stage i: its lanes, and behind them its cells.
    template <std::size_t i>
    static constexpr std::size_t piece_at() {
        if constexpr (i == 0)
            return P::has_input ? 2 : 1;  // shared figures, input gate
        else
            return piece_at<i - 1>() + lanes<i - 1>() + width<i - 1>;
    }
    template <std::size_t i>
    static constexpr std::size_t cell_at = piece_at<i>() + lanes<i>();

public:
    static constexpr std::size_t piece_count = cell_at<last> + width<last>;

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
        each_stage([&]<std::size_t i>() { static_assert(stage_fits<P, i>()); });
        each_lane([&]<std::size_t i, std::size_t lane>() {
            static_assert(link_fits<P, i>());
            all[piece_at<i>() + lane] = lane_piece<i, lane>();
        });
        each_cell([&]<std::size_t i, std::size_t lane>() {
            Piece piece =
                piece_of<CellAt<i>>("stage", StageAt<i>::role, b.node_of_worker(worker<i, lane>));
            piece.lane = width<i> > 1 ? lane : lane_of_none;
            all[cell_at<i> + lane] = piece;
        });
        all[0] = piece_of<LineShared>("figures", "end to end", b.node_of_worker(worker<last, 0>));
        if constexpr (P::has_input)
            all[1] = piece_of<Gate>("gate", "caller", b.node_of_worker(worker<0, 0>));
        return all;
    }

    // Makes every object and joins them. `at[k]` is the memory of piece k; `workers` are those of
    // the board, already made. The caller's thread, before any worker runs.
    void construct(std::byte* const* at, PinnedWorker* const* workers, platform::Clock clock) {
        for (std::size_t k = 0; k < piece_count; ++k) at_[k] = at[k];
        auto* shared_figures = new (at_[0]) LineShared;
        if (P::budget.ns > 0)
            shared_figures->budget_cycles =
                clock.to_cycles(static_cast<std::uint64_t>(P::budget.ns));
        if constexpr (P::has_input) new (at_[1]) Gate;
        each_lane([&]<std::size_t i, std::size_t lane>() {
            new (at_[piece_at<i>() + lane]) LinkLane<i>;
        });
        each_cell([&]<std::size_t i, std::size_t lane>() {
            auto* made = new (at_[cell_at<i> + lane]) CellAt<i>;
            made->line = shared_figures;
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
        each_cell([&]<std::size_t i, std::size_t lane>() { std::destroy_at(&cell<i>(lane)); });
        each_lane([&]<std::size_t i, std::size_t lane>() { std::destroy_at(&link_lane<i>(lane)); });
        if constexpr (P::has_input) std::destroy_at(&gate());
        std::destroy_at(&shared());
    }

    // No more input: what is inside is handled, then every stage ends in graph order. Any thread.
    void stop() {
        shared().stop_requested.store(true, std::memory_order::release);  // S1
        if constexpr (P::has_input) gate().close();
    }

    [[nodiscard]] Gate& gate() { return *std::launder(reinterpret_cast<Gate*>(at_[1])); }

    // The state of the stage with this role; `lane` of a parallel one.
    template <Name role>
    [[nodiscard]] auto& state(std::size_t lane = 0) {
        constexpr std::size_t i = stage_called(role.view());
        static_assert(i < P::stages,
                      "the pipeline has no stage with this role; check its spelling");
        return cell<i>(lane).state;
    }
    template <Name role>
    static constexpr bool has_role = stage_called(role.view()) < P::stages;

    [[nodiscard]] LineReport report(platform::Clock clock) {
        LineReport r;
        each_lane([&]<std::size_t i, std::size_t lane>() {
            const auto& l = link_lane<i>(lane);
            r.links.push_back({.from = source_role<i>(lane),
                               .to = std::string(role<i>(width<i> > 1 ? lane : 0).view()),
                               .accepted = l.accepted(),
                               .rejected = l.rejected(),
                               .dropped = l.dropped()});
        });
        each_cell([&]<std::size_t i, std::size_t lane>() {
            const Worker& w = b.workers[static_cast<std::size_t>(worker<i, lane>)];
            const StageFigures& f = cell<i>(lane).figures;
            r.stages.push_back({.role = std::string(role<i>(lane).view()),
                                .worker = std::string(w.name),
                                .cpu = w.cpu,
                                .node = node_id(worker<i, lane>),
                                .items = f.items.value(),
                                .filtered = f.filtered.value(),
                                .failed = f.failed.value(),
                                .late = f.late.value(),
                                .latency = Latency::of(f.latency, clock)});
        });
        const LineFigures& whole = shared().figures;
        r.items = whole.items.value();
        r.late = whole.late.value();
        r.latency = Latency::of(whole.latency, clock);
        return r;
    }

private:
    template <typename F>
    static constexpr void each_stage(F&& f) {
        [&]<std::size_t... i>(std::index_sequence<i...>) {
            (f.template operator()<i>(), ...);
        }
        (std::make_index_sequence<P::stages>{});
    }
    // f<i, lane>() for every lane of every link, and for every cell of every stage, in graph order.
    template <typename F>
    static constexpr void each_lane(F&& f) {
        each_stage([&]<std::size_t i>() {
            [&]<std::size_t... lane>(std::index_sequence<lane...>) {
                (f.template operator()<i, lane>(), ...);
            }
            (std::make_index_sequence<lanes<i>()>{});
        });
    }
    template <typename F>
    static constexpr void each_cell(F&& f) {
        each_stage([&]<std::size_t i>() {
            [&]<std::size_t... lane>(std::index_sequence<lane...>) {
                (f.template operator()<i, lane>(), ...);
            }
            (std::make_index_sequence<width<i>>{});
        });
    }

    static constexpr std::size_t stage_called(std::string_view role) {
        std::size_t found = P::stages;
        each_stage([&]<std::size_t i>() {
            if (StageAt<i>::role == role) found = i;
        });
        return found;
    }
    template <std::size_t i>
    static constexpr RoleText role(std::size_t lane) {
        return {StageAt<i>::role, lane, width<i>};
    }
    template <std::size_t i>
    static std::string source_role(std::size_t lane) {
        if constexpr (i == 0)
            return "caller";
        else
            return std::string(role<i - 1>(width<i - 1> > 1 ? lane : 0).view());
    }
    static int node_id(int worker_position) {
        return b.machine.nodes[static_cast<std::size_t>(b.node_of_worker(worker_position))].id;
    }

    template <std::size_t i, std::size_t lane>
    static constexpr Piece lane_piece() {
        constexpr std::size_t reader = width < i >> 1 ? lane : 0;
        Piece piece = piece_of<LinkLane<i>>("ring", "caller", b.node_of_worker(worker<i, reader>));
        if constexpr (i > 0) piece.name = StageAt<i - 1>::role;
        piece.to = StageAt<i>::role;
        piece.lane = lanes<i>() > 1 ? lane : lane_of_none;
        return piece;
    }

    [[nodiscard]] LineShared& shared() {
        return *std::launder(reinterpret_cast<LineShared*>(at_[0]));
    }
    template <std::size_t i>
    [[nodiscard]] CellAt<i>& cell(std::size_t lane) {
        return *std::launder(reinterpret_cast<CellAt<i>*>(at_[cell_at<i> + lane]));
    }
    template <std::size_t i>
    [[nodiscard]] LinkLane<i>& link_lane(std::size_t lane) {
        return *std::launder(reinterpret_cast<LinkLane<i>*>(at_[piece_at<i>() + lane]));
    }

    // Whom to notify at the other end: nobody where it is the same worker, or one that never
    // sleeps.
    static WaitWord* word_of(PinnedWorker* const* workers, int other, int self) {
        const Worker& choice = b.workers[static_cast<std::size_t>(other)];
        if (other == self || choice.wait == Wait::spin) return nullptr;
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
        in.lane = middle;
        if constexpr (i == 0) {
            in.peer = &gate().word;
            gate().joints.at[0] = {.lane = middle, .peer = word_of(workers, to, -1)};
        } else {
            constexpr std::size_t writer = width < i - 1 >> 1 ? lane : 0;
            constexpr std::size_t port_out = width < i - 1 >> 1 ? 0 : lane;
            constexpr int from = worker<i - 1, writer>;
            constexpr bool writer_waits = P::template LinkBefore<i>::full == Full::wait;
            in.peer = writer_waits ? word_of(workers, from, to) : nullptr;
            cell<i - 1>(writer).out.joints.at[port_out] = {.lane = middle,
                                                           .peer = word_of(workers, to, from)};
        }
    }

    std::array<std::byte*, piece_count> at_{};
};

}  // namespace stator
