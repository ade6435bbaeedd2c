// core/task_pool.hpp - the pool of tasks on a board: an intake on every node that has task workers,
// the workers' rings, and the way into them.
//
// Pieces come node by node (words, intake, idle workers, registry), then the takers, then the grace
// thread. A board without .tasks has no pool, and needs no memory for one.
//
// Threads    submit and what it calls, close: any. The rest: one thread at a time.
// Edges      T2  open releases phase_ -> submit acquires it : the objects have been made
//            M1  close releases the mode -> workers acquire it : what was accepted before
#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/core/grace.hpp>
#include <stator/core/launch.hpp>
#include <stator/core/plan.hpp>
#include <stator/core/process_mark.hpp>
#include <stator/core/report.hpp>
#include <stator/core/submit.hpp>
#include <stator/core/task_nodes.hpp>
#include <stator/core/task_taker.hpp>
#include <stator/core/waking.hpp>
#include <stator/platform/thread.hpp>

namespace stator {

template <const Board& b>
class TaskPool : public SubmitsTasks<TaskPool<b>> {
    using Nodes = TaskNodes<b>;
    static_assert(task_workers_max == IdleWorkers::workers_max);
    static constexpr bool somebody_sleeps =
        std::any_of(b.workers.begin(), b.workers.end(),
                    [](const Worker& w) { return w.tasks && !never_sleeps(w.wait); });
    using IntakeT =
        Intake<b.pool.slots_per_segment, b.pool.segments, b.pool.priorities, somebody_sleeps>;
    using Words = std::array<InboxWords, b.pool.priorities>;
    using RegistryT = std::conditional_t<b.pool.registry, Registry<b.pool.registry_slots>, void>;
    static constexpr std::size_t each_node = b.pool.registry ? 6 : 5;
    static constexpr std::size_t takers_at = Nodes::count * each_node;
    static constexpr std::size_t grace_at = takers_at + Nodes::workers;
    using enum std::memory_order;

public:
    using Taker = TaskTaker<IntakeT, RunRing<b.pool.run_ring>, RegistryT, b.pool.metrics>;
    static constexpr bool exists = Nodes::count > 0;
    static constexpr std::size_t piece_count = exists ? grace_at + 2 : 0;

    static constexpr std::array<Piece, piece_count> pieces() {
        std::array<Piece, piece_count> all{};
        std::size_t k = 0;
        for (const int node : Nodes::positions) {
            all[k++] = piece_of<Words>("inbox", "positions", node, Shown::inbox);
            all[k++] = piece_of<StockWords>("inbox", "stock", node, Shown::stock);
            all[k++] = piece_of<IntakeT>("inbox", "segments", node);
            all[k++] = piece_of<IdleWorkers>("idle", "workers", node);
            all[k++] = piece_of<Waking>("idle", "waking", node);
            if constexpr (b.pool.registry)
                all[k++] = piece_of<RegistryT>("registry", "running", node, Shown::registry);
        }
        for (std::size_t i = 0; i < b.workers.size(); ++i)
            if (b.workers[i].tasks)
                all[k++] = piece_of<Taker>("tasks", b.workers[i].name,
                                           b.node_of_worker(static_cast<int>(i)));
        if constexpr (exists) {
            all[k++] = piece_of<GraceFigures>("grace", "periods", helper_node<b>(), Shown::grace);
            all[k++] = piece_of<GraceThread>("grace", "thread", helper_node<b>());
        }
        return all;
    }

    // Makes all objects at the memory of their pieces, and gives workers their takers. Before any
    // worker runs.
    void construct(std::byte* const* at, PinnedWorker* const* workers, const void* scheduler,
                   platform::Clock clock, std::span<const NodeArena> arenas) {
        if constexpr (exists) {
            scheduler_ = scheduler;
            arenas_ = arenas;
            clock_ = clock;
            process_.set();
            mode_.word.store(PoolMode::open, relaxed);  // no worker runs yet
            grace_figures_ = new (at[grace_at]) GraceFigures;
            grace_ = new (at[grace_at + 1]) GraceThread(*grace_figures_);
            for (std::size_t n = 0; n < Nodes::count; ++n) make_node(n, at + n * each_node);
            std::size_t k = 0;
            for (std::size_t i = 0; i < b.workers.size(); ++i)
                if (b.workers[i].tasks) make_taker(k++, i, at, *workers[i]);
            for (std::size_t i = 0; i < Nodes::workers; ++i) introduce(i);
        }
    }
    void destroy() {
        if constexpr (exists) {
            phase_.store(not_started, release);  // T2
            for (Taker* taker : takers_) std::destroy_at(taker);
            std::destroy_at(grace_);
            std::destroy_at(grace_figures_);
            for (NodeObjects& node : nodes_) {
                if constexpr (b.pool.registry) std::destroy_at(node.registry);
                std::destroy_at(node.waking);
                std::destroy_at(node.idle);
                std::destroy_at(node.intake);
                std::destroy_at(node.stock);
                std::destroy_at(node.words);
            }
        }
    }

    // From now on tasks are accepted.
    void open() { phase_.store(started, release); }  // T2
    // From now on they are refused with `closed`; those accepted are run, or dropped where `cancel`
    // is set, and then the workers end. Any number of times; a cancel stays one.
    void close(bool cancel) {
        if constexpr (exists) {
            std::uint32_t mode = mode_.word.load(relaxed);  // only compared
            const std::uint32_t wanted = cancel ? PoolMode::cancelling : PoolMode::draining;
            while (mode < wanted && !mode_.word.compare_exchange_weak(mode, wanted, acq_rel,
                                                                      relaxed)) {  // M1
            }
            for (NodeObjects& node : nodes_) node.intake->close();
            for (NodeObjects& node : nodes_) node.idle->wake_all();
        }
    }

    // ---- What core/submit.hpp promises ----

    [[nodiscard]] TaskPool& task_pool() { return *this; }

    template <Name name, typename O, typename F>
    [[nodiscard]] Submit hand_over(const O& options, F&& f);
    template <Name name, typename Range>
    [[nodiscard]] Batched hand_over_all(const TaskOptions& options, Range&& range);
    [[nodiscard]] Submit hand_over(const TaskOptions& options, TaskBatch& batch);
    [[nodiscard]] Submit hand_over(const OptionsD& options, Task& task);

    [[nodiscard]] int node_of(const void* at) const;

    // ---- For those who wait for tasks ----

    // The taker of the calling worker, where it is one of this pool; else nullptr.
    [[nodiscard]] Taker* calling_taker() const { return taker_of(calling_worker()); }
    // The number of a taker, and waking its worker by it.
    [[nodiscard]] std::size_t number_of(const Taker& taker) const {
        std::size_t k = 0;
        while (takers_[k] != &taker) ++k;
        return k;
    }
    void wake_taker(std::size_t k) { takers_[k]->worker().word.notify(); }
    // As submit({}, f): `fill(body, 0)` writes the task in place; it must not throw.
    template <typename Fill>
    [[nodiscard]] Submit hand_over_body(Fill&& fill) {
        const Way to = way(near_caller, nullptr, usual_priority);
        return to.answer == Submit::accepted ? hand_over(to, fill) : refused(to.node, to.answer);
    }
    // Whether tasks are refused now, with which answer.
    [[nodiscard]] Submit state() const {
        if (phase_.load(acquire) == not_started) return Submit::not_started;  // T2
        if (process_.is_of_a_parent()) return Submit::forked;
        return mode_.word.load(relaxed) == PoolMode::open ? Submit::accepted  // the inbox decides
                                                          : Submit::closed;
    }

    // The thread that gives segments back; none without a pool.
    [[nodiscard]] HelperThread helper() {
        if constexpr (!exists)
            return {};
        else
            return {
                .body = GraceThread::enter,
                .self = grace_,
                .prepare = [](void* grace) { return static_cast<GraceThread*>(grace)->prepare(); },
                .stop = [](void* grace) { static_cast<GraceThread*>(grace)->stop(); },
                .node = helper_node<b>()};
    }

    // Figures so far; see core/report.hpp. Only between a start and the next one.
    [[nodiscard]] PoolReport report(PinnedWorker* const* workers, platform::Clock clock) const;
    // What runs now and has run for `longer_than_ns` or more. Empty without a registry.
    [[nodiscard]] std::vector<RunningReport> running(std::uint64_t longer_than_ns,
                                                     platform::Clock clock) const;

private:
    static constexpr std::uint32_t not_started = 0, started = 1;

    struct NodeObjects {
        Words* words = nullptr;
        StockWords* stock = nullptr;
        IntakeT* intake = nullptr;
        IdleWorkers* idle = nullptr;
        Waking* waking = nullptr;
        RegistryT* registry = nullptr;
    };
    // Where a call goes: to a ring, or to a node's intake.
    struct Way {
        Submit answer = Submit::accepted;
        NodeObjects* node = nullptr;
        unsigned priority = 0;
        Taker* own = nullptr;  // the caller's ring may take it
        bool by_worker = false;
        bool is_named = false;  // the node was: it is that one or none
    };

    void make_node(std::size_t n, std::byte* const* here);
    void make_taker(std::size_t k, std::size_t worker, std::byte* const* at, PinnedWorker& pinned);
    void introduce(std::size_t k);
    [[nodiscard]] static Near near_of(std::size_t node, int cpu);
    [[nodiscard]] static int cpu_of_taker(std::size_t k) {
        return b.workers[Nodes::worker_positions[k]].cpu;
    }
    [[nodiscard]] static std::size_t node_of_taker(std::size_t k) {
        return Nodes::index_of(b.machine.node_of(cpu_of_taker(k)));
    }

    // Where options are constants, as in nearly every call, little of it is left.
    [[nodiscard, gnu::always_inline]] inline Way way(int node, const void* near, int priority);
    // Places in nodes_.
    [[nodiscard]] static std::size_t near_this_thread(const PinnedWorker* caller);
    [[nodiscard, gnu::cold]] std::size_t near_memory(const void* at,
                                                     const PinnedWorker* caller) const;
    // `to.answer` is accepted.
    template <typename Fill>
    [[nodiscard]] Submit hand_over(const Way& to, Fill&& fill);
    [[nodiscard]] Submit hand_over(const Way& to, TaskBatch& batch);
    // Into the inbox, and where the board spills, of the next nodes; tells their workers.
    template <typename Fill>
    [[nodiscard]] Batched put(const Way& to, std::size_t n, Fill&& fill);
    template <typename Fill>
    [[gnu::cold]] void spill(const Way& to, std::size_t n, Fill&& fill, Batched& done);
    void tell(const Way& to, std::size_t tasks);
    // More than nine years are nine: the counter's number has 64 bits.
    [[nodiscard]] std::uint64_t cycles_after(std::chrono::nanoseconds from_now) const {
        constexpr std::uint64_t longest = std::uint64_t{1} << 58;
        const auto ns = static_cast<std::uint64_t>(from_now.count());
        return sync::cycles() + clock_.to_cycles(ns < longest ? ns : longest);
    }

    [[nodiscard]] static Taker* taker_of(const PinnedWorker* worker) {
        return worker == nullptr ? nullptr : static_cast<Taker*>(worker->taker());
    }
    // The worker of this scheduler that makes the call, or nullptr.
    [[nodiscard]] PinnedWorker* calling_worker() const {
        auto* worker = static_cast<PinnedWorker*>(sync::owner_of_this_thread());
        return worker != nullptr && worker->scheduler() == scheduler_ ? worker : nullptr;
    }
    // Counts an answer that is not `accepted`: a worker in its own record, others in the node's.
    [[gnu::cold]] Submit refused(NodeObjects* node, Submit answer);

    const void* scheduler_ = nullptr;
    platform::Clock clock_;
    std::span<const NodeArena> arenas_;
    ProcessMark process_;
    std::array<NodeObjects, Nodes::count> nodes_{};
    std::array<Taker*, Nodes::workers> takers_{};
    using VictimT = typename Taker::VictimT;
    std::array<std::array<VictimT, Nodes::workers>, Nodes::workers> victims_{};
    std::array<std::array<Waking*, Nodes::count>, Nodes::count> far_{};
    GraceFigures* grace_figures_ = nullptr;
    GraceThread* grace_ = nullptr;
    PoolMode mode_;
    sync::atomic<std::uint32_t> phase_{not_started};
};

}  // namespace stator

#include <stator/core/task_pool_handing.hpp>
#include <stator/core/task_pool_making.hpp>
#include <stator/core/task_pool_report.hpp>
