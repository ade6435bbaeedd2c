// core/scheduler.hpp - the front door: a board and an application's parts, started and stopped.
//
//   using Line = stator::Pipeline<...>;
//   static stator::Scheduler<stator::board, Line> scheduler;
//   if (const auto s = scheduler.start(); !s.ok()) { puts(s.text().c_str()); return 3; }
//   ... scheduler.input<Line>().push(item) ... scheduler.submit({}, [] { ... }) ...
//   scheduler.stop();
//
// Memory     all of it static, one arena per node, sized while it compiles; the object itself holds
//            only pointers. One object per type at a time: the arenas belong to the type.
// Threads    start, hooks, destructor: one thread at a time, not a worker. shutdown, stop,
//            request_stop, submit: any, also workers and several at once. wait, report: any but
//            workers. input: one pushing thread per pipeline.
// Edges      T1  discard releases taken -> start acquires it : the last owner is done with it
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>
#include <stator/core/finish.hpp>
#include <stator/core/guests.hpp>
#include <stator/core/hooks.hpp>
#include <stator/core/last_stage.hpp>
#include <stator/core/launch.hpp>
#include <stator/core/process_mark.hpp>
#include <stator/core/report.hpp>
#include <stator/core/scheduler_objects.hpp>
#include <stator/core/shutdown.hpp>
#include <stator/core/submit.hpp>
#include <stator/core/tables.hpp>
#include <stator/core/worker.hpp>

namespace stator {

template <const Board& b, typename... Parts>
class Scheduler : public SubmitsTasks<Scheduler<b, Parts...>> {
    static_assert(board_is_sound<b>);

    using Objects = SchedulerObjects<b, Parts...>;
    using Tasks = typename Objects::Tasks;

public:
    static constexpr const auto& plan = Objects::Layout::plan;
    // Nodes that have a worker: PerNode and NodePool have an object on each.
    static constexpr std::size_t used_nodes = UsedNodes<b>::count;

    Scheduler() : launch_(std::make_unique<Launch>(b, Arena::all)) { (void)&Arena::list; }
    // Stops, and waits for it. In a child of a fork it leaves everything to the parent.
    ~Scheduler() {
        if (is_forked()) {
            (void)launch_.release();
        } else {
            stop();
            discard();
        }
    }
    Scheduler(const Scheduler&) = delete;

    // What the workers call; before start. See core/hooks.hpp.
    void hooks(const Hooks& hooks) { hooks_ = hooks; }

    // Verifies that this machine is the board's, takes and checks the memory, makes all objects,
    // starts the workers, and returns when all run on their cpus. Else nothing is left behind, and
    // the status says what to mend. Afterwards nothing is allocated. Memory ordering: what the
    // caller did before is visible to every stage.
    Status start() {
        return start([](Scheduler&) {});
    }

    // As start; `set_up(*this)` is called when all objects exist and no worker runs yet: the place
    // to hand stages what they need (`state`, `table`, `pool`).
    template <typename SetUp>
    Status start(SetUp&& set_up) {
        if (is_forked()) return forked();
        if (is_running()) return {Cause::already_started, "this scheduler runs; stop it first"};
        discard();
        if (Arena::taken.exchange(true, std::memory_order::acq_rel))  // T1
            return {
                Cause::already_started,
                "another scheduler of this type holds the memory; end its life first, or give the "
                "two different parts"};
        holds_arena_ = true;
        if (Status s = launch_->hold(); !s.ok()) {
            discard();
            return s;
        }
        clock_ = platform::calibrate();
        construct();
        std::forward<SetUp>(set_up)(*this);
        Status s = launch_->run(objects_.workers.data(), objects_.tasks.helper());
        finish_.started();
        if (!s.ok()) {
            for (PinnedWorker* worker : objects_.workers) worker->abandon();
            finish_.join([this] { launch_->join(); });
            finish_.nobody_left();  // for a shutdown that waits
            discard();
            return s;
        }
        objects_.tasks.open();
        objects_.table->header.publish();
        return {};
    }

    // The pool: for TaskGroup and parallel_for, and to submit without this scheduler's type.
    [[nodiscard]] Tasks& tasks() { return objects_.tasks; }
    [[nodiscard]] Tasks& task_pool() { return objects_.tasks; }  // for core/submit.hpp

    // Ends in the way asked for and waits, at most until the deadline. Sources are asked no more,
    // inputs are closed, stage after stage ends in graph order, then (with cancel and abort: at
    // once) tasks are refused, and those that were accepted are run or dropped. From a worker of
    // this scheduler it begins all that and returns. Any number of times, also at once from several
    // threads: a drain may become a cancel, and not the other way. The objects, and so the results,
    // stay until the next start or the destructor. Memory ordering: where it is `done`, what any
    // stage or task did is visible to the caller.
    ShutdownReport shutdown(const Shutdown& how = {}) {
        if (is_forked()) return {.ended = Ended::forked};
        const std::uint64_t deadline =
            how.deadline < std::chrono::nanoseconds(0)
                ? Finish::for_ever
                : sync::monotonic_ns() + static_cast<std::uint64_t>(how.deadline.count());
        if (!guests_.enter()) return {.ended = Ended::not_running};
        begin_to_end(how.how != Ending::drain);
        ShutdownReport report;
        if (is_own_worker()) {
            report.ended = Ended::begun;
        } else if (finish_.wait(deadline)) {
            finish_.join([this] { launch_->join(); });
            report = account(Ended::done);
        } else {
            report = account(Ended::late);
            report.still_running = running();
        }
        guests_.leave();
        return report;
    }
    // Drains, and returns when no thread is left; from a worker it returns at once.
    void stop() { (void)shutdown(); }
    // Begins to drain and returns at once; nothing to do when it does not run.
    void request_stop() {
        if (is_forked() || !guests_.enter()) return;
        begin_to_end(false);
        guests_.leave();
    }

    // Waits until every pipeline has ended by itself (its source said `ended`, or its input was
    // closed), then drains. For ever, if a pipeline has no end. One thread at a time.
    void wait() {
        if (is_forked() || !is_running()) return;
        last_stage_.wait_for_stages();
        stop();
    }

    // The gate through which the caller's thread feeds pipeline P. To be asked for anew after a
    // fork: in the child it answers `forked`.
    template <typename P>
    [[nodiscard]] auto& input() {
        static_assert(P::has_input,
                      "this pipeline begins with a source; it has no input to push to");
        auto& line = objects_.template part<P>();
        using Gate = std::remove_reference_t<decltype(line.gate())>;
        return is_forked() ? Gate::forked() : line.gate();
    }

    // The state of a stage of pipeline P by its role; `lane` of a parallel one. In set_up, and
    // after stop; while the workers run it is the stage's alone.
    template <typename P, Name role>
    [[nodiscard]] auto& state(std::size_t lane = 0) {
        return objects_.template part<P>().template state<role>(lane);
    }

    // Wakes the worker of a stage that has put an item off: see `ready` in core/stage.hpp.
    template <typename P, Name role>
    [[nodiscard]] Waker waker() {
        constexpr int worker = Objects::template Bound<P>::template worker_of_role<role>();
        return Waker(objects_.workers[static_cast<std::size_t>(worker)]->word);
    }

    // The T of PerNode<T> on the `i`-th used node, 0 <= i < used_nodes.
    template <typename T>
    [[nodiscard]] T& table(std::size_t i = 0) {
        return objects_.template part<PerNode<T>>().on(i);
    }
    // The pool of NodePool<T, n> on the `i`-th used node.
    template <typename T, std::size_t n>
    [[nodiscard]] ObjectPool<T, n>& pool(std::size_t i = 0) {
        return objects_.template part<NodePool<T, n>>().on(i);
    }

    template <typename P>  // What pipeline P has done. Only between a start and the next one.
    [[nodiscard]] LineReport report() {
        return is_forked() ? LineReport{} : objects_.template part<P>().report(clock_);
    }
    [[nodiscard]] std::vector<WorkerReport> worker_report() const {
        std::vector<WorkerReport> all;
        if (is_forked()) return all;
        for (const auto* w : objects_.workers)
            all.push_back(WorkerReport::of(w->choice(), w->figures, clock_));
        return all;
    }
    // What the pool has done, with inboxes, grace periods and who holds them up.
    [[nodiscard]] PoolReport pool_report() const {
        if (is_forked()) return {};
        return objects_.tasks.report(objects_.workers.data(), clock_);
    }
    // Tasks that run now and have run for `at_least` or longer: what is stuck. Empty on a board
    // without .registry.
    [[nodiscard]] std::vector<RunningReport> running(std::chrono::nanoseconds at_least = {}) const {
        if (is_forked()) return {};
        return objects_.tasks.running(static_cast<std::uint64_t>(at_least.count()), clock_);
    }
    // The file through which other processes look at this scheduler, or "".
    [[nodiscard]] const std::string& view_path() const { return launch_->view_path(); }

    // Where every page is now, by the kernel's own answer. While memory is held.
    [[nodiscard]] std::vector<ArenaResidency> ask_where() const { return launch_->ask_where(); }
    // What the host refused and the board lets pass; start has printed it.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return launch_->warnings(); }

private:
    using Arena = typename Objects::Arena;

    [[nodiscard]] bool is_forked() const { return process_.is_of_a_parent(); }
    static Status forked() {
        return {Cause::already_started,
                "this process is a child of the one that started the scheduler; start one before "
                "the fork in each, or after exec"};
    }
    [[nodiscard]] bool is_running() const { return objects_.exist() && !finish_.is_joined(); }
    [[nodiscard]] bool is_own_worker() const {
        const auto* worker = static_cast<PinnedWorker*>(sync::owner_of_this_thread());
        return worker != nullptr && worker->scheduler() == this;
    }

    void construct() {
        platform::watch_forks();
        process_.set();
        objects_.make(clock_, {.scheduler = this,
                               .stage_ended = stage_ended,
                               .worker_ended = worker_ended,
                               .hooks = &hooks_});
        last_stage_.begin(objects_.stage_count);
        finish_.begin(static_cast<std::uint32_t>(Objects::worker_count));
        guests_.open();
    }

    // As a guest.
    void begin_to_end(bool cancel) {
        if (finish_.is_joined()) return;
        objects_.each_line([](auto& line) { line.stop(); });
        for (PinnedWorker* worker : objects_.workers) worker->word.notify();
        if (last_stage_.ask()) objects_.tasks.close(cancel);
        if (cancel) objects_.tasks.close(cancel);
    }
    static void stage_ended(void* self) {
        auto* scheduler = static_cast<Scheduler*>(self);
        if (scheduler->last_stage_.stage_ended()) scheduler->objects_.tasks.close(false);
    }
    static void worker_ended(void* self) { static_cast<Scheduler*>(self)->finish_.worker_ended(); }

    [[nodiscard]] ShutdownReport account(Ended ended) const {
        const PoolReport r = pool_report();
        return {.ended = ended,
                .accepted = r.accepted,
                .executed = r.executed,
                .failed = r.failed,
                .cancelled = r.cancelled,
                .expired = r.expired,
                .open = r.open(),
                .still_running = {}};
    }

    void discard() {  // ends the objects of the last run and gives the memory back
        guests_.close();
        if (objects_.exist()) objects_.end();
        launch_->release();
        if (holds_arena_) Arena::taken.store(false, std::memory_order::release);  // T1
        holds_arena_ = false;
    }

    std::unique_ptr<Launch> launch_;
    Objects objects_;
    LastStage last_stage_;
    Guests guests_;
    Finish finish_;
    Hooks hooks_;
    platform::Clock clock_;
    ProcessMark process_;
    bool holds_arena_ = false;
};

}  // namespace stator
