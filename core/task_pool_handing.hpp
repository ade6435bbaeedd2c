// core/task_pool_handing.hpp - the way of a task into a pool: to which node, into a ring or an
// inbox, and who is woken.
#pragma once
#include <stator/core/task_pool.hpp>

namespace stator {

template <const Board& b>
auto TaskPool<b>::way(int id, const void* near, int priority) -> Way {
    if (const Submit now = state(); now != Submit::accepted) return {.answer = now};
    const PinnedWorker* const caller = calling_worker();
    Taker* const own = taker_of(caller);
    const bool usual = priority == usual_priority || priority == b.pool.usual_priority;
    if (priority == usual_priority) priority = b.pool.usual_priority;
    if (priority < 0 || static_cast<std::size_t>(priority) >= b.pool.priorities)
        return {.answer = Submit::no_such_priority};
    std::size_t n = 0;
    if (id != near_caller) {
        n = Nodes::index_of(b.machine.node_at(id));
        if (n >= Nodes::count) return {.answer = Submit::no_such_node};
    } else if constexpr (Nodes::count > 1) {
        n = near == nullptr ? near_this_thread(caller) : near_memory(near, caller);
    }
    // What a stage hands over goes through the inbox, in order: the ring would begin with the
    // newest.
    bool at_home = own != nullptr && own->is_in_task() && usual;
    if constexpr (Nodes::count > 1) at_home = at_home && near_this_thread(caller) == n;
    return {.node = &nodes_[n],
            .priority = static_cast<unsigned>(priority),
            .own = at_home ? own : nullptr,
            .by_worker = caller != nullptr,
            .is_named = id != near_caller};
}

template <const Board& b>
std::size_t TaskPool<b>::near_this_thread(const PinnedWorker* caller) {
    const int cpu = caller != nullptr ? caller->choice().cpu : sync::current_cpu();
    return 0 <= cpu && cpu < CpuSet::limit ? Nodes::nearest_to_cpu[static_cast<std::size_t>(cpu)]
                                           : 0;
}

template <const Board& b>
std::size_t TaskPool<b>::near_memory(const void* at, const PinnedWorker* caller) const {
    const int position = b.machine.node_at(node_of(at));
    return position < 0 ? near_this_thread(caller)
                        : Nodes::nearest_to_node[static_cast<std::size_t>(position)];
}

template <const Board& b>
int TaskPool<b>::node_of(const void* at) const {
    if (phase_.load(acquire) != not_started)  // T2
        for (const NodeArena& arena : arenas_)
            if (arena.has(at)) return b.machine.nodes[static_cast<std::size_t>(arena.node)].id;
    return platform::node_of_memory(at);
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
    const Batched done = put(to, 1, fill);
    return done.accepted == 0 ? refused(to.node, done.answer) : Submit::accepted;
}

template <const Board& b>
template <typename Fill>
Batched TaskPool<b>::put(const Way& to, std::size_t n, Fill&& fill) {
    Batched done = to.node->intake->put(to.priority, n, fill);
    if (done.accepted > 0) tell(to, done.accepted);
    if constexpr (b.pool.spill && Nodes::count > 1)
        if (done.accepted < n && !to.is_named) spill(to, n, fill, done);
    return done;
}

template <const Board& b>
template <typename Fill>
void TaskPool<b>::spill(const Way& to, std::size_t n, Fill&& fill, Batched& done) {
    if (done.answer != Submit::full && done.answer != Submit::full_cooling) return;
    const auto home = static_cast<std::size_t>(to.node - nodes_.data());
    static constexpr auto order = [] {
        std::array<NodeOrder, Nodes::count> all{};
        for (std::size_t i = 0; i < Nodes::count; ++i)
            all[i] = nearest_task_nodes(b, Nodes::positions[i]);
        return all;
    }();
    const std::size_t before = done.accepted;
    for (const int position : order[home]) {
        Way next = to;
        next.node = &nodes_[Nodes::index_of(position)];
        if (next.node == to.node || done.accepted == n) continue;
        const Batched more = next.node->intake->put(to.priority, n - done.accepted, fill);
        if (more.accepted > 0) tell(next, more.accepted);
        done.accepted += more.accepted;
    }
    if (done.accepted == n) done.answer = Submit::accepted;
    if (done.accepted == before) return;
    if (PinnedWorker* worker = calling_worker(); worker != nullptr) {
        worker->figures.lock.begin();
        worker->figures.spilled.add(done.accepted - before);
        worker->figures.lock.end();
    } else {
        (void)to.node->stock->spilled_outside.fetch_add(done.accepted - before,
                                                        relaxed);  // a count alone
    }
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
        const Way to = way(options.node, options.near, options.priority);
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
    const Way to = way(options.node, options.near, options.priority);
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
    if (own < n) done = put(to, n - own, fill);
    done.accepted += own;
    if (done.accepted == n && n < static_cast<std::size_t>(std::size(range)))
        done.answer = Submit::empty_function;
    if (done.answer != Submit::accepted) (void)refused(to.node, done.answer);
    return done;
}

template <const Board& b>
Submit TaskPool<b>::hand_over(const TaskOptions& options, TaskBatch& batch) {
    static_assert(exists, "the board has no worker with .tasks = true; give it one");
    const Way to = way(options.node, options.near, options.priority);
    if (to.answer != Submit::accepted) return refused(to.node, to.answer);
    return hand_over(to, batch);
}

template <const Board& b>
Submit TaskPool<b>::hand_over(const OptionsD& options, Task& task) {
    const Way to = way(options.node, options.near, options.priority);
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

}  // namespace stator
