// core/task_taker.hpp - how one worker takes tasks from its node's inbox and runs them.
//
//   step:  online -> claim a range -> offline -> per task: move out, (last one: the slots are
//          taken), run, count
//
// The worker is an online reader only while it looks at the inbox; tasks run offline, so a long one
// holds back no grace period. The slots of a claim are given back before its last task runs.
//
// Threads    all of it: the worker.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <stator/core/figures.hpp>
#include <stator/core/idle.hpp>
#include <stator/core/inbox.hpp>
#include <stator/core/registry.hpp>
#include <stator/core/task.hpp>
#include <stator/core/worker.hpp>
#include <stator/platform/contain.hpp>

namespace stator {

// The registry's part in running a task; nothing at all where the board switches it off.
template <typename RegistryT>
class TaskRecord {
public:
    TaskRecord(RegistryT& registry, std::size_t worker) : registry_(&registry), worker_(worker) {}
    void begin(const TaskKind& kind) {
        if (!handle_.is_valid()) handle_ = registry_->claim(worker_);  // counted when it is full
        if (!handle_.is_valid()) return;
        registry_->begin(handle_, {.id = (worker_ + 1) << 48 | ++runs_,
                                   .kind = kind.name,
                                   .worker = worker_,
                                   .started = sync::cycles()});
    }
    void end() {
        if (handle_.is_valid()) registry_->end(handle_);
    }

private:
    RegistryT* registry_;
    RegistryHandle handle_;
    std::uint64_t worker_;
    std::uint64_t runs_ = 0;
};
template <>
class TaskRecord<void> {
public:
    void begin(const TaskKind&) {}
    void end() {}
};

template <typename InboxT, typename RegistryT>
class TaskTaker {
public:
    TaskTaker(InboxT& inbox, IdleWorkers& idle, PinnedWorker& worker, std::size_t claim_max,
              const TaskRecord<RegistryT>& record)
        : inbox_(inbox),
          idle_(idle),
          number_(idle.join(worker.word)),
          worker_(worker),
          claim_max_(claim_max),
          record_(record) {}

    [[nodiscard]] TaskHandle handle() {
        return {.taker = this,
                .step = [](void* t) { return static_cast<TaskTaker*>(t)->step(); },
                .ready = [](void* t) { return static_cast<TaskTaker*>(t)->is_ready(); },
                .announce = [](void* t) { static_cast<TaskTaker*>(t)->announce(); },
                .retract = [](void* t) { return static_cast<TaskTaker*>(t)->retract(); }};
    }

private:
    [[nodiscard]] Progress step() {
        const std::size_t sharers = idle_.size();
        bool left_some = false;
        worker_.reader().online();
        const Claim claim = inbox_.claim(claim_max_, sharers);
        if (claim.count > 0 && sharers > 1) left_some = inbox_.has_ready();
        worker_.reader().offline();
        if (claim.count == 0) {
            if (!inbox_.drained()) return Progress::idle;
            // Hands on what we have seen: one who looked just before may have gone back to sleep.
            idle_.wake_all();
            return Progress::ended;
        }
        // Wake-ups for what is left may have been spent: on us, or while an older item was not
        // ready. So we pass one on. The same when the last one was claimed after the closing.
        if (left_some) (void)idle_.wake();
        if (inbox_.drained()) idle_.wake_all();
        run(claim);
        return Progress::worked;
    }

    void run(const Claim& claim) {
        std::uint64_t failed = 0;
        TaskInHand in_hand;
        TaskBody& body = in_hand.body;
        for (std::size_t i = 0; i < claim.count; ++i) {
            body.take(inbox_.item(claim, i));
            if (i + 1 == claim.count) inbox_.taken(claim);
            if (!run_one(body)) ++failed;
        }
        WorkerFigures& figures = worker_.figures;
        figures.lock.begin();
        figures.executed.add(claim.count - failed);
        figures.failed.add(failed);
        figures.lock.end();
    }

    // False: it threw, or said that it failed.
    [[nodiscard]] bool run_one(TaskBody& body) {
        record_.begin(*body.kind);
        Outcome outcome = Outcome::done;
        const bool returned =
            platform::contain([&] { outcome = body.kind->run(body.captures.data()); });
        record_.end();
        return returned && outcome == Outcome::done;
    }

    [[nodiscard]] bool is_ready() {
        worker_.reader().online();
        const bool ready = inbox_.has_ready();
        worker_.reader().offline();
        return ready || inbox_.drained();
    }
    void announce() { idle_.announce(number_); }
    [[nodiscard]] bool retract() { return idle_.retract(number_); }

    InboxT& inbox_;
    IdleWorkers& idle_;
    unsigned number_;
    PinnedWorker& worker_;
    std::size_t claim_max_;
    [[no_unique_address]] TaskRecord<RegistryT> record_;
};

}  // namespace stator
