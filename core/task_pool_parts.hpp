// core/task_pool_parts.hpp - the pool's longer functions: making it, handing tasks over, reporting.
#pragma once
#include <stator/core/task_pool.hpp>

namespace stator {

// ---- Making ----

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

// Tells a taker whom it steals from: those of its node, then those of others by distance.
template <const Board& b>
void TaskPool<b>::introduce(std::size_t k) {
    const std::size_t home = node_of_taker(k);
    std::size_t n = 0;
    for (const std::size_t node : Nodes::by_distance(home)) {
        if (node != home && !b.pool.steal_far) continue;
        for (std::size_t i = 1; i < Nodes::workers; ++i) {
            const std::size_t other = (k + i) % Nodes::workers;  // each one begins elsewhere
            if (node_of_taker(other) == node)
                victims_[k][n++] = {.ring = &takers_[other]->ring,
                                    .overflow = &takers_[other]->overflow,
                                    .near = node == home};
        }
    }
    std::size_t far = 0;
    for (std::size_t node = 0; b.pool.steal_far && node < Nodes::count; ++node)
        if (node != home) far_[home][far++] = nodes_[node].waking;
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

// ---- Handing over ----

template <const Board& b>
auto TaskPool<b>::way(int id, int priority) -> Way {
    if (const Submit now = state(); now != Submit::accepted) return {.answer = now};
    const PinnedWorker* const caller = calling_worker();
    Taker* const own = taker_of(caller);
    const bool usual = priority == usual_priority || priority == b.pool.usual_priority;
    if (priority == usual_priority) priority = b.pool.usual_priority;
    if (priority < 0 || static_cast<std::size_t>(priority) >= b.pool.priorities)
        return {.answer = Submit::no_such_priority};
    std::size_t n = 0;
    if (id != any_node) {
        n = Nodes::index_of(b.machine.node_at(id));
        if (n >= Nodes::count) return {.answer = Submit::no_such_node};
    } else if constexpr (Nodes::count > 1) {
        if (caller != nullptr) n = Nodes::index_of(b.machine.node_of(caller->choice().cpu));
        if (n >= Nodes::count) n = 0;
    }
    // What a stage hands over goes through the inbox, in order: the ring would begin with the
    // newest.
    bool at_home = own != nullptr && own->is_in_task() && usual;
    if constexpr (Nodes::count > 1)
        at_home = at_home && Nodes::index_of(b.machine.node_of(caller->choice().cpu)) == n;
    return {.node = &nodes_[n],
            .priority = static_cast<unsigned>(priority),
            .own = at_home ? own : nullptr,
            .by_worker = caller != nullptr};
}

// New tasks are in a node's intake: wakes workers, as the board says.
template <const Board& b>
void TaskPool<b>::tell(const Way& to, std::size_t tasks) {
    if constexpr (!somebody_sleeps) return;
    const std::size_t home = static_cast<std::size_t>(to.node - nodes_.data());
    const std::size_t woken = to.node->waking->tell(
        tasks, [&] { return near_of(home, sync::current_cpu()); },
        to.by_worker ? WokenBy::worker : WokenBy::outside);
    if (!to.by_worker && woken > 0)
        (void)to.node->stock->woken_outside.fetch_add(woken, relaxed);  // a count alone
}

template <const Board& b>
template <typename Fill>
Submit TaskPool<b>::hand_over(const Way& to, Fill&& fill) {
    if (to.own != nullptr && to.own->spawn(fill)) return Submit::accepted;
    const Batched done = to.node->intake->put(to.priority, 1, fill);
    if (done.accepted == 0) return refused(to.node, done.answer);
    tell(to, 1);
    return Submit::accepted;
}

template <const Board& b>
Submit TaskPool<b>::hand_over(const Way& to, TaskBatch& batch) {
    if (batch.empty()) return Submit::accepted;
    if (to.own != nullptr) {
        to.own->spawn(batch);
        return Submit::accepted;
    }
    const std::size_t n = batch.size();
    if (!to.node->intake->push(to.priority, batch)) return refused(to.node, Submit::closed);
    tell(to, n);
    return Submit::accepted;
}

template <const Board& b>
template <Name name, typename O, typename F>
Submit TaskPool<b>::hand_over(const O& options, F&& f) {
    using Callable = std::decay_t<F>;
    constexpr bool is_plain = !HasDeadline<O> && !HasStop<O> && !HasCleanup<O>;
    using Whole = std::conditional_t<is_plain, Callable, Optioned<Callable, O>>;
    static_assert(exists, "the board has no worker with .tasks = true; give it one");
    static_assert(is_task<Whole>());
    static_assert(!name.view().empty() && name.view().size() <= 15,
                  "a task's name has 1 to 15 characters; shorten it");
    if constexpr (!std::is_nothrow_constructible_v<Callable, F&&>) {
        // A copy that may throw is made before a slot is reserved.
        return hand_over<name>(options, Callable(std::forward<F>(f)));
    } else {
        if (is_empty_function(f)) return refused(nullptr, Submit::empty_function);
        const Way to = way(options.node, options.priority);
        if (to.answer != Submit::accepted) return refused(to.node, to.answer);
        if constexpr (HasDeadline<O>)
            if (options.deadline.value.count() <= 0) return refused(to.node, Submit::expired);
        const auto fill = [&](TaskBody& body, std::size_t = 0) noexcept {
            body.kind = &kind_of<Whole, name>;
            if constexpr (is_plain) {
                new (body.captures.data()) Callable(std::forward<F>(f));
            } else {
                auto* whole = new (body.captures.data()) Whole{std::forward<F>(f), {}, {}, {}};
                if constexpr (HasDeadline<O>)
                    whole->deadline = cycles_after(options.deadline.value);
                if constexpr (HasStop<O>) whole->stop = options.stop.value;
                if constexpr (HasCleanup<O>) whole->cleanup = options.cleanup.value;
            }
        };
        return hand_over(to, fill);
    }
}

template <const Board& b>
template <Name name, typename Range>
Batched TaskPool<b>::hand_over_all(const TaskOptions& options, Range&& range) {
    using Callable = std::remove_cvref_t<decltype(*std::begin(range))>;
    static_assert(exists, "the board has no worker with .tasks = true; give it one");
    static_assert(is_task<Callable>());
    static_assert(
        std::is_nothrow_constructible_v<Callable, decltype(std::move(*std::begin(range)))>,
        "moving the tasks of the range may throw; make them nothrow-movable");
    const Way to = way(options.node, options.priority);
    if (to.answer != Submit::accepted) return {refused(to.node, to.answer), 0};
    auto next = std::begin(range);
    auto n = static_cast<std::size_t>(std::size(range));
    if constexpr (may_be_empty<Callable>) n = up_to_empty_function(range);
    const auto fill = [&](TaskBody& body, std::size_t = 0) noexcept {
        body.kind = &kind_of<Callable, name>;
        new (body.captures.data()) Callable(std::move(*next));
        ++next;
    };
    const std::size_t own = to.own == nullptr ? 0 : to.own->spawn(n, fill);
    Batched done;
    if (own < n) done = to.node->intake->put(to.priority, n - own, fill);
    if (done.accepted > 0) tell(to, done.accepted);
    done.accepted += own;
    if (done.accepted == n && n < static_cast<std::size_t>(std::size(range)))
        done.answer = Submit::empty_function;
    if (done.answer != Submit::accepted) (void)refused(to.node, done.answer);
    return done;
}

template <const Board& b>
Submit TaskPool<b>::hand_over(const TaskOptions& options, TaskBatch& batch) {
    static_assert(exists, "the board has no worker with .tasks = true; give it one");
    const Way to = way(options.node, options.priority);
    if (to.answer != Submit::accepted) return refused(to.node, to.answer);
    return hand_over(to, batch);
}

template <const Board& b>
Submit TaskPool<b>::hand_over(const OptionsD& options, Task& task) {
    const Way to = way(options.node, options.priority);
    if (to.answer != Submit::accepted) return refused(to.node, to.answer);
    if (options.deadline.value.count() <= 0) return refused(to.node, Submit::expired);
    TaskBatch batch(task);
    OwnedTask::set_deadline(task, cycles_after(options.deadline.value));
    return hand_over(to, batch);
}

template <const Board& b>
Submit TaskPool<b>::refused(NodeObjects* node, Submit answer) {
    // Only where the records are: also a child of a fork has none.
    if (process_.is_of_a_parent() || phase_.load(acquire) == not_started) return answer;  // T2
    const auto i = static_cast<std::size_t>(answer);
    if (PinnedWorker* worker = calling_worker(); worker != nullptr) {
        worker->figures.lock.begin();
        worker->figures.refused[i].add();
        worker->figures.lock.end();
    } else {
        StockWords& words = *(node == nullptr ? nodes_.front() : *node).stock;
        (void)words.refused_outside[i].fetch_add(1, relaxed);  // a count alone
    }
    return answer;
}

// ---- Reporting ----

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
