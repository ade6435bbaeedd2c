// core/task_runner.hpp - what one worker does with one task: ask whether it is still wanted, run it
// or drop it, contain what it throws, and count.
//
// Counts go to the worker's record in bursts, so the record lags by the tasks of one burst.
//
// Threads    all of it: the worker.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/figures.hpp>
#include <stator/core/hooks.hpp>
#include <stator/core/intrusive_task.hpp>
#include <stator/core/registry.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>
#include <stator/core/worker.hpp>
#include <stator/platform/contain.hpp>

namespace stator {

// The registry's part in running a task; nothing at all where the board switches it off.
template <typename RegistryT>
class TaskRecord {
public:
    TaskRecord(RegistryT& registry, std::size_t worker) : registry_(&registry), worker_(worker) {}
    // Returns what ran before: a task that waits for others may run them in between.
    Running begin(ShortName name) {
        const Running before = now_;
        if (!handle_.is_valid()) handle_ = registry_->claim(worker_);  // counted when it is full
        now_ = {.id = (worker_ + 1) << 48 | ++runs_,
                .kind = name,
                .worker = worker_,
                .started = sync::cycles()};
        if (handle_.is_valid()) registry_->begin(handle_, now_);
        return before;
    }
    void end(const Running& before) {
        now_ = before;
        if (!handle_.is_valid()) return;
        if (before.id == 0)
            registry_->end(handle_);
        else
            registry_->begin(handle_, before);
    }
    [[nodiscard]] std::uint64_t id() const { return now_.id; }

private:
    RegistryT* registry_;
    RegistryHandle handle_;
    Running now_;
    std::uint64_t worker_;
    std::uint64_t runs_ = 0;
};
struct NothingRuns {};
template <>
class TaskRecord<void> {
public:
    NothingRuns begin(ShortName) { return {}; }
    void end(NothingRuns) {}
    [[nodiscard]] std::uint64_t id() const { return 0; }
};

// Figures that a board may leave out; they are nothing at all then.
template <bool on>
class TaskMetrics {
public:
    void claimed() { ++claims_; }
    void stolen(std::size_t step, std::size_t n) { stolen_[step] += n; }
    void overflowed(std::size_t n) { overflowed_ += n; }
    void woken(WokenBy by) { ++woken_[static_cast<std::size_t>(by)]; }
    void flush(WorkerFigures& figures) {
        figures.claims.add(claims_);
        for (std::size_t i = 0; i < steal_steps; ++i) figures.stolen[i].add(stolen_[i]);
        figures.overflowed.add(overflowed_);
        for (std::size_t i = 0; i < woken_.size(); ++i) figures.woken_by[i].add(woken_[i]);
        *this = TaskMetrics();
    }

private:
    std::uint64_t claims_ = 0, overflowed_ = 0;
    std::array<std::uint64_t, steal_steps> stolen_{};
    std::array<std::uint64_t, woken_by_kinds> woken_{};
};
template <>
class TaskMetrics<false> {
public:
    void claimed() {}
    void stolen(std::size_t, std::size_t) {}
    void overflowed(std::size_t) {}
    void woken(WokenBy) {}
    void flush(WorkerFigures&) {}
};

// Whether tasks that have not begun are still run; shared by all workers of a pool.
struct PoolMode {
    static constexpr std::uint32_t open = 0, draining = 1, cancelling = 2;
    sync::atomic<std::uint32_t> word{open};
};

template <typename RegistryT, bool with_metrics>
class TaskRunner {
    using enum std::memory_order;

public:
    TaskRunner(PinnedWorker& worker, const PoolMode& mode, const TaskRecord<RegistryT>& record)
        : worker_(worker), mode_(mode), record_(record) {}

    // Runs the task or drops it. Its life has ended afterwards.
    void run(TaskBody& body) {
        void* const captures = body.captures.data();
        Wanted wanted = Wanted::yes;
        if (mode_.word.load(relaxed) == PoolMode::cancelling)  // soon is early enough
            wanted = Wanted::cancelled;
        else if (body.kind->wanted != nullptr)
            wanted = body.kind->wanted(captures);
        if (wanted == Wanted::yes) {
            ++depth_;
            call(body);
            --depth_;
            return;
        }
        ++(wanted == Wanted::expired ? expired_ : cancelled_);
        body.kind->drop(captures);
    }
    // So many more have been put into the worker's own ring. In its record at once: thieves may
    // count them as done long before the task ends that has spawned them.
    void spawned(std::size_t n) { worker_.figures.spawned.add(n); }
    // One has gone to the inbox again, which counts it once more.
    void accepted_again() { worker_.figures.spawned.add(~std::uint64_t{0}); }  // one less

    // Whether the worker is inside a task, not in a stage or a hook.
    [[nodiscard]] bool is_in_task() const { return depth_ > 0; }

    void flush() {
        WorkerFigures& figures = worker_.figures;
        figures.lock.begin();
        figures.executed.add(executed_);
        figures.failed.add(failed_);
        figures.expired.add(expired_);
        figures.cancelled.add(cancelled_);
        metrics.flush(figures);
        figures.lock.end();
        executed_ = failed_ = expired_ = cancelled_ = 0;
    }

    [[no_unique_address]] TaskMetrics<with_metrics> metrics;

private:
    void call(TaskBody& body) {
        const ShortName name = OwnedTask::name_of(body);  // before: a task may end its own life
        const auto before = record_.begin(name);
        Outcome outcome = Outcome::done;
        const bool returned =
            platform::contain([&] { outcome = body.kind->run(body.captures.data()); });
        if (returned && outcome == Outcome::done)
            ++executed_;
        else
            fail(name, !returned);
        record_.end(before);
    }
    [[gnu::cold, gnu::noinline]] void fail(ShortName name, bool threw) {
        ++failed_;
        worker_.report_failure({.kind = name,
                                .id = record_.id(),
                                .worker = worker_.choice().name,
                                .cpu = worker_.choice().cpu,
                                .threw = threw});
    }

    PinnedWorker& worker_;
    const PoolMode& mode_;
    [[no_unique_address]] TaskRecord<RegistryT> record_;
    std::uint64_t executed_ = 0, failed_ = 0, expired_ = 0, cancelled_ = 0;
    unsigned depth_ = 0;  // tasks that run: one that waits runs others
};

}  // namespace stator
