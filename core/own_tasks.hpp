// core/own_tasks.hpp - the tasks that one worker has itself: its run ring, and the overflow of
// intrusive tasks for which that had no room.
//
// Threads    ring, overflow: as those say. Everything else: the worker.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/intrusive_task.hpp>
#include <stator/core/run_ring.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/taker_facts.hpp>
#include <stator/core/task.hpp>
#include <stator/core/task_queue.hpp>
#include <stator/core/task_runner.hpp>
#include <stator/core/worker.hpp>

namespace stator {

template <typename IntakeT, typename Ring, typename RegistryT, bool with_metrics>
class OwnTasks {
public:
    static constexpr std::size_t burst = 64;  // tasks taken from a queue or ring at once

    Ring ring;
    TaskQueue overflow;

protected:
    OwnTasks(IntakeT& intake, PinnedWorker& worker, const PoolMode& mode, const TakerSizes& sizes,
             const TaskRecord<RegistryT>& record)
        : intake_(intake), worker_(worker), sizes_(sizes), runner_(worker, mode, record) {}

    // ---- Putting in ----

    template <typename Fill>
    [[nodiscard]] bool put_one(Fill&& fill) {
        if (!own_.push(fill)) return false;
        runner_.spawned(1);
        return true;
    }
    // As many of `n` as have room, so that the first is run first: how many; `fill` is called for
    // each, from the first on.
    template <typename Fill>
    [[nodiscard]] std::size_t put_some(std::size_t n, Fill&& fill) {
        const std::uint32_t mine = own_.room(n);
        for (std::uint32_t i = 0; i < mine; ++i) own_.stage(mine - 1 - i, fill);
        if (mine > 0) own_.publish(mine);
        runner_.spawned(mine);
        return mine;
    }
    // All tasks of the batch, so that the oldest is run first; what has no room makes room, or goes
    // to the overflow.
    void put_all(TaskBatch& batch) {
        runner_.spawned(batch.size());
        TaskBatch rest;
        while (Task* const task = OwnedTask::take_newest(batch)) {
            const auto fill = [&](TaskBody& body) { OwnedTask::put(body, *task); };
            if (own_.push(fill)) continue;
            migrate();
            if (!own_.push(fill)) rest.push(*task);
        }
        if (rest.empty()) return;
        runner_.metrics.overflowed(rest.size());
        (void)overflow.push(rest);
    }

    // ---- Taking out: each moves a task to `body` ----

    // Intrusive tasks: one to run, others into the ring. How many.
    [[nodiscard]] std::size_t from_queue(TaskQueue& queue, TaskBody& body) {
        if (queue.seems_empty()) return 0;
        std::array<Task*, burst> taken;
        taken[0] = nullptr;  // the compiler does not see that a take gives one at least
        std::uint32_t n = 0;
        if (queue.take(1 + own_.room(burst - 1), [&](Task& task) { taken[n++] = &task; }) !=
            TaskQueue::Take::taken)
            return 0;
        OwnedTask::put(body, *taken[0]);
        for (std::uint32_t i = 1; i < n; ++i)
            own_.stage(i - 1, [&](TaskBody& cell) { OwnedTask::put(cell, *taken[n - i]); });
        if (n > 1) own_.publish(n - 1);
        return n;
    }

    // The newest task of the ring that is a child of `group`; those above it are sent away, to
    // where others find them. What nobody has room for is taken in any case.
    [[nodiscard]] bool from_group(const void* group, TaskBody& body) {
        while (own_.pop(body)) {
            const auto of = body.kind->group;
            if (of != nullptr && of(body.captures.data()) == group) return true;
            if (!send_away(body)) return true;
        }
        return false;
    }

    IntakeT& intake_;
    PinnedWorker& worker_;
    TakerSizes sizes_;
    TaskRunner<RegistryT, with_metrics> runner_;
    typename Ring::Owner own_{ring};

private:
    // To the overflow, or by value to the inbox. False: there is no room; nothing has changed.
    [[nodiscard]] bool send_away(TaskBody& body) {
        if (body.kind->has_owner) {
            TaskBatch one(*OwnedTask::get(body.captures.data()));
            runner_.metrics.overflowed(1);
            return overflow.push(one);
        }
        const auto fill = [&](TaskBody& slot, std::size_t) noexcept { slot.take(body); };
        if (intake_.put(sizes_.usual_priority, 1, fill).accepted == 0) return false;
        runner_.accepted_again();
        return true;
    }

    // Makes room in the full ring: sends its oldest half away. What nobody has room for comes back.
    void migrate() {
        TaskInHand held;
        bool holds = false;
        const auto put_back = [&] {
            // A thief may not have done with the cell yet; it has a few moves left.
            while (holds && !own_.push([&](TaskBody& cell) { cell.take(held.body); }))
                sync::relax();
            holds = false;
        };
        own_.migrate_half([&](TaskBody& cell) {
            put_back();
            if (send_away(cell)) return;
            held.body.take(cell);
            holds = true;
        });
        put_back();
    }
};

}  // namespace stator
