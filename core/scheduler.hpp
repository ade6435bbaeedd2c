// core/scheduler.hpp - the front door: a board and an application's parts, started and stopped.
//
//   using Line = stator::Pipeline<...>;
//   static stator::Scheduler<stator::board, Line> scheduler;
//   if (const auto s = scheduler.start(); !s.ok()) { puts(s.text().c_str()); return 3; }
//   ... scheduler.input<Line>().push(item) ...
//   scheduler.stop();
//
// Memory     all of it static, one arena per node, sized while it compiles; the object itself holds
//            only pointers. One object per type at a time: the arenas belong to the type.
// Threads    start, stop, wait, report, destructor: one thread at a time, not a worker.
//            request_stop: any. input: one pushing thread per pipeline.
// Edges      T1  discard releases arena_taken -> start acquires it : the last owner is done with it
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>
#include <stator/core/launch.hpp>
#include <stator/core/line.hpp>
#include <stator/core/plan.hpp>
#include <stator/core/report.hpp>
#include <stator/core/tables.hpp>
#include <stator/core/worker.hpp>

namespace stator {

template <const Board& b, typename... Parts>
class Scheduler {
    static_assert(board_is_sound<b>);

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
    template <typename Part>
    using Bound = typename decltype(bound<Part>())::type;

    static constexpr std::size_t worker_count = b.workers.size();
    static constexpr std::size_t piece_count = (worker_count + ... + Bound<Parts>::piece_count);

    static constexpr std::array<Piece, piece_count> all_pieces() {
        std::array<Piece, piece_count> all{};
        std::size_t n = 0;
        for (std::size_t i = 0; i < worker_count; ++i)
            all[n++] = piece_of<PinnedWorker>("worker", b.workers[i].name,
                                              b.node_of_worker(static_cast<int>(i)));
        const auto append = [&](const auto& pieces) {
            for (const Piece& piece : pieces) all[n++] = piece;
        };
        (append(Bound<Parts>::pieces()), ...);
        return all;
    }

public:
    // Every object with its node, offset and size, and the sizes of the arenas.
    static constexpr auto plan = lay_out(b, all_pieces());
    // Nodes that have a worker: PerNode and NodePool have an object on each.
    static constexpr std::size_t used_nodes = UsedNodes<b>::count;

    Scheduler() : launch_(b, arenas) { (void)&arena_list; }
    ~Scheduler() {
        stop();
        discard();
    }
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    // Verifies that this machine is the board's, takes and checks the memory, makes all objects,
    // starts the workers, and returns when all of them run on their cpus. Either all of that has
    // been done, or nothing is left behind and the status says what to mend. After it nothing is
    // allocated. Memory ordering: what the caller did before start is visible to every stage.
    Status start() {
        return start([](Scheduler&) {});
    }

    // As start; `set_up(*this)` is called when all objects exist and no worker runs yet: the place
    // to hand stages what they need (`state`, `table`, `pool`).
    template <typename SetUp>
    Status start(SetUp&& set_up) {
        if (running_) return {Cause::already_started, "this scheduler runs; stop it first"};
        discard();
        if (arena_taken.exchange(true, std::memory_order::acq_rel))  // T1
            return {
                Cause::already_started,
                "another scheduler of this type holds the memory; end its life first, or give the "
                "two different parts"};
        holds_arena_ = true;
        if (Status s = launch_.hold(); !s.ok()) {
            discard();
            return s;
        }
        clock_ = platform::calibrate();
        construct();
        std::forward<SetUp>(set_up)(*this);
        running_ = true;
        if (Status s = launch_.run(workers_.data()); !s.ok()) {
            for (PinnedWorker* worker : workers_) worker->abandon();
            wait();
            discard();
            return s;
        }
        return {};
    }

    // Drains and joins: no more input, sources are asked no more, everything that was accepted is
    // handled, stage after stage ends in graph order. Returns when no thread is left. Nothing to do
    // when it does not run. The objects, and so the results, stay until the next start or the
    // destructor. Memory ordering: what any stage did is visible to the caller afterwards.
    void stop() {
        if (!running_) return;
        request_stop();
        wait();
    }

    // Begins to drain and returns at once. Any thread, while the scheduler runs.
    void request_stop() {
        each_line([](auto& line) { line.stop(); });
        for (PinnedWorker* worker : workers_) worker->word.notify();
    }

    // Waits until every pipeline has ended by itself (its source said `ended`, or its input was
    // closed), then joins. For ever, if one has no end.
    void wait() {
        launch_.join();
        running_ = false;
    }

    // The gate through which the caller's thread feeds pipeline P.
    template <typename P>
    [[nodiscard]] auto& input() {
        static_assert(P::has_input,
                      "this pipeline begins with a source; it has no input to push to");
        return part<P>().gate();
    }

    // The state of a stage of pipeline P by its role; `lane` of a parallel one. In set_up, and
    // after stop; while the workers run it is the stage's alone.
    template <typename P, Name role>
    [[nodiscard]] auto& state(std::size_t lane = 0) {
        return part<P>().template state<role>(lane);
    }

    // The T of PerNode<T> on the `i`-th used node, 0 <= i < used_nodes.
    template <typename T>
    [[nodiscard]] T& table(std::size_t i = 0) {
        return part<PerNode<T>>().on(i);
    }
    // The pool of NodePool<T, n> on the `i`-th used node.
    template <typename T, std::size_t n>
    [[nodiscard]] ObjectPool<T, n>& pool(std::size_t i = 0) {
        return part<NodePool<T, n>>().on(i);
    }

    // What pipeline P has done. Only between a start and the next one.
    template <typename P>
    [[nodiscard]] LineReport report() {
        return part<P>().report(clock_);
    }
    [[nodiscard]] std::vector<WorkerReport> worker_report() const {
        std::vector<WorkerReport> all;
        for (const PinnedWorker* w : workers_)
            all.push_back({.name = std::string(w->choice().name),
                           .cpu = w->choice().cpu,
                           .rounds = w->rounds.value(),
                           .idle_rounds = w->spins.value(),
                           .sleeps = w->sleeps.value(),
                           .faults = w->faults.value()});
        return all;
    }

    // Where every page of every arena is now, by the kernel's own answer. While memory is held.
    [[nodiscard]] std::vector<ArenaResidency> ask_where() const { return launch_.ask_where(); }
    // What the host refused and the board lets pass; printed once by start.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return launch_.warnings(); }

private:
    // Raw zero bytes: an initialiser would move them into the file, or touch them before they are
    // bound.
    static constexpr std::size_t alignment =
        b.memory.huge_pages == HugePages::on ? platform::huge_page_bytes : platform::page_bytes_max;
    static_assert([]<std::size_t... i>(std::index_sequence<i...>) {
        return (NodeBudget<b.machine.nodes[i].id, plan.bytes_of(i),
                           (plan.bytes_of(i) > b.memory.budget_per_node_bytes
                                ? plan.bytes_of(i) - b.memory.budget_per_node_bytes
                                : 0)>::kept &&
                ...);
    }(std::make_index_sequence<b.machine.nodes.size()>{}));
    static_assert(StaticBudget<plan.bytes()>::kept);

    template <std::size_t bytes>
    struct alignas(alignment) Storage {
        std::byte raw[bytes];
    };
    template <std::size_t node>
    static inline Storage<plan.object_bytes[UsedNodes<b>::positions[node]]> objects_of;
    template <std::size_t node>
    static inline Storage<round_up(plan.stack_bytes[UsedNodes<b>::positions[node]], alignment)>
        stacks_of;

    static inline constinit const std::array<NodeArena, used_nodes> arenas =
        []<std::size_t... i>(std::index_sequence<i...>) {
        return std::array<NodeArena, used_nodes>{NodeArena{
            .node = UsedNodes<b>::positions[i],
            .objects = {objects_of<i>.raw, sizeof objects_of<i>.raw},
            .stacks = {stacks_of<i>.raw, plan.stack_bytes[UsedNodes<b>::positions[i]]}}...};
    }
    (std::make_index_sequence<used_nodes>{});
    static inline const ArenaList arena_list{arenas};
    static inline std::atomic<bool> arena_taken{false};

    template <typename Part>
    [[nodiscard]] auto& part() {
        static_assert((std::is_same_v<Part, Parts> || ...),
                      "this is not a part of the scheduler; add it behind the board");
        return std::get<Bound<Part>>(parts_);
    }
    template <typename F>
    void each_line(F&& f) {
        std::apply(
            [&](auto&... bound_part) {
                const auto one = [&](auto& p) {
                    if constexpr (requires { p.stop(); }) f(p);
                };
                (one(bound_part), ...);
            },
            parts_);
    }

    void construct() {
        std::array<std::byte*, piece_count> at{};
        for (std::size_t k = 0; k < piece_count; ++k) {
            const Piece& piece = plan.pieces[k];
            for (const NodeArena& arena : arenas)
                if (arena.node == piece.node) at[k] = arena.objects.at + piece.offset;
        }
        const auto spin_ns = static_cast<std::uint64_t>(b.spin_budget.count());
        for (std::size_t i = 0; i < worker_count; ++i)
            workers_[i] = new (at[i]) PinnedWorker(b.workers[i], clock_, spin_ns);
        std::size_t next = worker_count;
        const auto one = [&](auto& p) {
            if constexpr (requires { p.stop(); })
                p.construct(&at[next], workers_.data(), clock_);
            else
                p.construct(&at[next]);
            next += std::remove_reference_t<decltype(p)>::piece_count;
        };
        std::apply([&](auto&... bound_part) { (one(bound_part), ...); }, parts_);
        constructed_ = true;
    }

    // Ends the objects of the last run and gives the memory back.
    void discard() {
        if (constructed_) {
            std::apply([](auto&... bound_part) { (bound_part.destroy(), ...); }, parts_);
            for (PinnedWorker* worker : workers_) std::destroy_at(worker);
            constructed_ = false;
        }
        launch_.release();
        if (holds_arena_) arena_taken.store(false, std::memory_order::release);  // T1
        holds_arena_ = false;
    }

    Launch launch_;
    std::tuple<Bound<Parts>...> parts_;
    std::array<PinnedWorker*, worker_count> workers_{};
    platform::Clock clock_;
    bool running_ = false;
    bool constructed_ = false;
    bool holds_arena_ = false;
};

}  // namespace stator
