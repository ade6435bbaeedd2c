// core/task_pool.hpp - the pool of tasks on a board: an inbox on every node that has task workers,
// and the way into it.
//
// Pieces come node by node (words, inbox, idle workers, registry), then the takers, then the grace
// thread. A board without .tasks has no pool, and needs no memory for one.
//
// Threads    submit: any, without registration. close: any. The rest: one thread at a time.
// Edges      T2  open releases phase_ -> submit acquires it : the objects have been made
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/core/grace.hpp>
#include <stator/core/launch.hpp>
#include <stator/core/plan.hpp>
#include <stator/core/report.hpp>
#include <stator/core/task_nodes.hpp>
#include <stator/core/task_taker.hpp>
#include <stator/platform/thread.hpp>

namespace stator {

// How a task is handed over; write `submit({.node = 1}, f)`.
struct TaskOptions {
    // The kernel's number of the node whose workers run it. any_node: the node of the worker that
    // submits, where that takes tasks; else the first of the board that does.
    static constexpr int any_node = -1;
    int node = any_node;
};

template <const Board& b>
class TaskPool {
    using Nodes = TaskNodes<b>;
    using InboxT = Inbox<TaskBody, b.pool.slots_per_segment, b.pool.segments>;
    using RegistryT = std::conditional_t<b.pool.registry, Registry<b.pool.registry_slots>, void>;
    using Taker = TaskTaker<InboxT, RegistryT>;
    static constexpr std::size_t each_node = b.pool.registry ? 4 : 3;
    static constexpr std::size_t takers_at = Nodes::count * each_node;
    static constexpr std::size_t grace_at = takers_at + Nodes::workers;
    using enum std::memory_order;

public:
    static constexpr bool exists = Nodes::count > 0;
    static constexpr std::size_t piece_count = exists ? grace_at + 2 : 0;

    static constexpr std::array<Piece, piece_count> pieces() {
        std::array<Piece, piece_count> all{};
        std::size_t k = 0;
        for (const int node : Nodes::positions) {
            all[k++] = piece_of<InboxWords>("inbox", "positions", node, Shown::inbox);
            all[k++] = piece_of<InboxT>("inbox", "segments", node);
            all[k++] = piece_of<IdleWorkers>("idle", "workers", node);
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
    void construct(std::byte* const* at, PinnedWorker* const* workers, const void* scheduler) {
        if constexpr (exists) {
            scheduler_ = scheduler;
            grace_figures_ = new (at[grace_at]) GraceFigures;
            grace_ = new (at[grace_at + 1]) GraceThread(*grace_figures_);
            for (std::size_t n = 0; n < Nodes::count; ++n) {
                std::byte* const* here = at + n * each_node;
                NodeObjects& node = nodes_[n];
                node.words = new (here[0]) InboxWords;
                node.inbox = new (here[1]) InboxT(*node.words, grace_->word);
                node.idle = new (here[2]) IdleWorkers;
                if constexpr (b.pool.registry) node.registry = new (here[3]) RegistryT;
                grace_->add(grace_source(*node.inbox));
            }
            std::size_t k = 0;
            for (std::size_t i = 0; i < b.workers.size(); ++i)
                if (b.workers[i].tasks) make_taker(k++, i, at, *workers[i]);
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
                std::destroy_at(node.idle);
                std::destroy_at(node.inbox);
                std::destroy_at(node.words);
            }
        }
    }

    // From now on tasks are accepted.
    void open() { phase_.store(started, release); }  // T2
    // From now on they are refused with `closed`; those accepted are run, and then the workers end.
    void close() {
        if constexpr (exists) {
            for (NodeObjects& node : nodes_) node.inbox->close();
            for (NodeObjects& node : nodes_) node.idle->wake_all();
        }
    }

    // Hands `f` over, by value: a callable without arguments, with at most 48 bytes of captures,
    // that moves without throwing and returns nothing or an Outcome. Where the answer is `accepted`
    // it is run exactly once, by a worker of the node, in any order against others, and then
    // destroyed; with any other answer nothing has happened and `f` is as it was. What it throws
    // ends in the worker and is counted as failed. What copying `f` throws comes out of submit, and
    // nothing has happened. `name`, 1 to 15 characters, is what registry and
    // `stator top` show. Any thread, also a worker, without registration; never blocks. Not from a
    // signal handler. Not while the scheduler is being started again or destroyed. Memory ordering:
    // what the caller did before submit is visible to the task.
    template <Name name = "task", typename F>
    [[nodiscard]] Submit submit(const TaskOptions& options, F&& f) {
        using Callable = std::decay_t<F>;
        static_assert(exists, "the board has no worker with .tasks = true; give it one");
        static_assert(is_task<Callable>());
        static_assert(!name.view().empty() && name.view().size() <= 15,
                      "a task's name has 1 to 15 characters; shorten it");
        if (is_empty_function(f)) return refused(nodes_[0], Submit::empty_function);
        if (phase_.load(acquire) == not_started) return Submit::not_started;  // T2
        NodeObjects* const node = node_for(options.node);
        if (node == nullptr) return refused(nodes_[0], Submit::no_such_node);
        if constexpr (std::is_nothrow_constructible_v<Callable, F&&>)
            return hand_over<Callable, name>(*node, std::forward<F>(f));
        else  // a copy that may throw is made before a slot is reserved
            return hand_over<Callable, name>(*node, Callable(std::forward<F>(f)));
    }

    // The thread that gives segments back; none without a pool.
    [[nodiscard]] HelperThread helper() {
        if constexpr (!exists)
            return {};
        else
            return {.body = GraceThread::enter,
                    .self = grace_,
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
        InboxWords* words = nullptr;
        InboxT* inbox = nullptr;
        IdleWorkers* idle = nullptr;
        RegistryT* registry = nullptr;
    };

    void make_taker(std::size_t k, std::size_t worker, std::byte* const* at, PinnedWorker& pinned) {
        NodeObjects& node = nodes_[Nodes::index_of(b.node_of_worker(static_cast<int>(worker)))];
        const TaskRecord<RegistryT> record = [&] {
            if constexpr (b.pool.registry)
                return TaskRecord<RegistryT>(*node.registry, worker);
            else
                return TaskRecord<RegistryT>();
        }();
        takers_[k] = new (at[takers_at + k])
            Taker(*node.inbox, *node.idle, pinned, b.pool.claim_max, record);
        pinned.add(takers_[k]->handle());
    }

    template <typename Callable, Name name, typename F>
    Submit hand_over(NodeObjects& node, F&& f) {
        const Submit answer = node.inbox->put([&](TaskBody& body) noexcept {
            body.kind = &kind_of<Callable, name>;
            new (body.captures.data()) Callable(std::forward<F>(f));
        });
        if (answer != Submit::accepted) return refused(node, answer);
        (void)node.idle->wake();
        return answer;
    }

    // The worker of this scheduler that makes the call, or nullptr.
    [[nodiscard]] PinnedWorker* calling_worker() const {
        auto* worker = static_cast<PinnedWorker*>(sync::owner_of_this_thread());
        return worker != nullptr && worker->scheduler() == scheduler_ ? worker : nullptr;
    }

    [[nodiscard]] NodeObjects* node_for(int id) {
        if (id != TaskOptions::any_node) {
            const std::size_t n = Nodes::index_of(b.machine.node_at(id));
            return n < Nodes::count ? &nodes_[n] : nullptr;
        }
        if constexpr (Nodes::count > 1) {
            if (const PinnedWorker* worker = calling_worker(); worker != nullptr) {
                const std::size_t n = Nodes::index_of(b.machine.node_of(worker->choice().cpu));
                if (n < Nodes::count) return &nodes_[n];
            }
        }
        return &nodes_[0];
    }

    // Counts an answer that is not `accepted`: a worker in its own record, others in the inbox's.
    Submit refused(NodeObjects& node, Submit answer) {
        if (phase_.load(acquire) == not_started) return answer;  // T2
        const auto i = static_cast<std::size_t>(answer);
        if (PinnedWorker* worker = calling_worker(); worker != nullptr) {
            worker->figures.lock.begin();
            worker->figures.refused[i].add();
            worker->figures.lock.end();
        } else {
            (void)node.words->refused_outside[i].fetch_add(1, relaxed);  // a count alone
        }
        return answer;
    }

    const void* scheduler_ = nullptr;
    std::array<NodeObjects, Nodes::count> nodes_{};
    std::array<Taker*, Nodes::workers> takers_{};
    GraceFigures* grace_figures_ = nullptr;
    GraceThread* grace_ = nullptr;
    sync::atomic<std::uint32_t> phase_{not_started};
};

template <const Board& b>
PoolReport TaskPool<b>::report(PinnedWorker* const* workers, platform::Clock clock) const {
    PoolReport r;
    if constexpr (exists) {
        std::uint64_t current = 0;
        r.grace = GraceReport::of(*grace_figures_, current, clock);
        for (std::size_t n = 0; n < Nodes::count; ++n) {
            const int id = b.machine.nodes[static_cast<std::size_t>(Nodes::positions[n])].id;
            r.inboxes.push_back(InboxReport::of(id, *nodes_[n].words));
            r.accepted += r.inboxes.back().accepted;
            for (const std::uint64_t count : r.inboxes.back().refused) r.refused += count;
            if constexpr (b.pool.registry) r.registry_overflows += nodes_[n].registry->overflows();
        }
        for (std::size_t i = 0; i < b.workers.size(); ++i) {
            const WorkerFigures& figures = workers[i]->figures;
            const WorkerReport w = WorkerReport::of(b.workers[i], figures, clock);
            r.executed += w.executed;
            r.failed += w.failed;
            for (const std::uint64_t count : w.refused) r.refused += count;
            if (!is_late(figures, current)) continue;
            r.grace.late_readers.push_back(w.name);
            r.grace.late_thread_ids.push_back(figures.thread_id.value());
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
