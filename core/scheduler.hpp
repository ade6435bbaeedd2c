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
// Threads    start, wait, report, destructor: one thread at a time, not a worker. stop: also a
//            worker, which then does not wait. request_stop, submit: any. input: one pushing thread
//            per pipeline.
// Edges      T1  discard releases taken -> start acquires it : the last owner is done with it
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stator/core/arena.hpp>
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>
#include <stator/core/ending.hpp>
#include <stator/core/guests.hpp>
#include <stator/core/launch.hpp>
#include <stator/core/line.hpp>
#include <stator/core/report.hpp>
#include <stator/core/scheduler_plan.hpp>
#include <stator/core/tables.hpp>
#include <stator/core/task_pool.hpp>
#include <stator/core/view.hpp>
#include <stator/core/worker.hpp>
#include <stator/platform/thread.hpp>

namespace stator {

template <const Board& b, typename... Parts>
class Scheduler {
    static_assert(board_is_sound<b>);

    using Layout = SchedulerPlan<b, Parts...>;
    template <typename Part>
    using Bound = typename Layout::template Bound<Part>;
    using Tasks = typename Layout::Tasks;
    using Table = typename Layout::Table;
    static constexpr std::size_t worker_count = b.workers.size();

public:
    static constexpr const auto& plan = Layout::plan;
    // Nodes that have a worker: PerNode and NodePool have an object on each.
    static constexpr std::size_t used_nodes = UsedNodes<b>::count;

    Scheduler() : launch_(b, Arena::all) { (void)&Arena::list; }
    ~Scheduler() {
        stop();
        discard();
    }
    Scheduler(const Scheduler&) = delete;

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
        if (Arena::taken.exchange(true, std::memory_order::acq_rel))  // T1
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
        if (Status s = launch_.run(workers_.data(), tasks_.helper()); !s.ok()) {
            for (PinnedWorker* worker : workers_) worker->abandon();
            join();
            discard();
            return s;
        }
        tasks_.open();
        table_->header.publish();
        return {};
    }

    // Hands a task over by value: see TaskPool::submit for every answer and who may call it.
    template <Name name = "task", typename F>
    [[nodiscard]] Submit submit(const TaskOptions& options, F&& f) {
        return tasks_.template submit<name>(options, std::forward<F>(f));
    }
    [[nodiscard]] Tasks& tasks() { return tasks_; }  // the same, without this scheduler's type

    // Drains and joins: no more input, sources are asked no more, everything that was accepted is
    // handled, stage after stage ends in graph order; then tasks are refused, and those that were
    // accepted are run. Returns when no thread is left; from a worker of this scheduler it begins
    // all that and returns at once. Nothing to do when it does not run. The objects, and so the
    // results, stay until the next start or the destructor. Memory ordering: what any stage or task
    // did is visible to the caller afterwards.
    void stop() {
        if (!running_) return;
        request_stop();
        if (const auto* worker = static_cast<PinnedWorker*>(sync::owner_of_this_thread());
            worker != nullptr && worker->scheduler() == this)
            return;
        join();
    }

    // Begins to drain and returns at once. Any thread, at any time; nothing to do when it does not
    // run.
    void request_stop() {
        if (!guests_.enter()) return;
        each_line([](auto& line) { line.stop(); });
        for (PinnedWorker* worker : workers_) worker->word.notify();
        if (ending_.ask()) tasks_.close();
        guests_.leave();
    }

    // Waits until every pipeline has ended by itself (its source said `ended`, or its input was
    // closed), then refuses tasks, runs those that were accepted, and joins. For ever, if a
    // pipeline has no end.
    void wait() {
        if (!running_) return;
        ending_.wait_for_stages();
        if (ending_.ask()) tasks_.close();
        join();
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

    // Wakes the worker of a stage that has put an item off: see `ready` in core/stage.hpp.
    template <typename P, Name role>
    [[nodiscard]] Waker waker() {
        constexpr int worker = Bound<P>::template worker_of_role<role>();
        return Waker(workers_[static_cast<std::size_t>(worker)]->word);
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

    template <typename P>  // What pipeline P has done. Only between a start and the next one.
    [[nodiscard]] LineReport report() {
        return part<P>().report(clock_);
    }
    [[nodiscard]] std::vector<WorkerReport> worker_report() const {
        std::vector<WorkerReport> all;
        for (const auto* w : workers_)
            all.push_back(WorkerReport::of(w->choice(), w->figures, clock_));
        return all;
    }
    // What the pool has done, with inboxes, grace periods and who holds them up.
    [[nodiscard]] PoolReport pool_report() const { return tasks_.report(workers_.data(), clock_); }
    // Tasks that run now and have run for `at_least` or longer: what is stuck. Empty on a board
    // without .registry.
    [[nodiscard]] std::vector<RunningReport> running(std::chrono::nanoseconds at_least = {}) const {
        return tasks_.running(static_cast<std::uint64_t>(at_least.count()), clock_);
    }
    // The file through which other processes look at this scheduler, or "".
    [[nodiscard]] const std::string& view_path() const { return launch_.view_path(); }

    // Where every page is now, by the kernel's own answer. While memory is held.
    [[nodiscard]] std::vector<ArenaResidency> ask_where() const { return launch_.ask_where(); }
    // What the host refused and the board lets pass; start has printed it.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return launch_.warnings(); }

private:
    using Arena = Arenas<b, Layout>;

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
                [[maybe_unused]] const auto one = [&](auto& p) {
                    if constexpr (requires { p.stop(); }) f(p);
                };
                (one(bound_part), ...);
            },
            parts_);
    }

    void construct() {
        std::array<std::byte*, Layout::piece_count> at{};
        for (std::size_t k = 0; k < Layout::piece_count; ++k) at[k] = Arena::at(plan.pieces[k]);
        table_ = new (at[0]) Table;
        describe(*table_, b, plan, clock_);
        const auto spin_ns = static_cast<std::uint64_t>(b.spin_budget.count());
        const EndHandle end{.scheduler = this, .stage_ended = stage_ended};
        for (std::size_t i = 0; i < worker_count; ++i) {
            auto* figures = new (at[1 + 2 * i]) WorkerFigures;
            workers_[i] =
                new (at[2 + 2 * i]) PinnedWorker(b.workers[i], clock_, spin_ns, *figures, end);
        }
        tasks_.construct(&at[Layout::tasks_at], workers_.data(), this);
        std::size_t next = Layout::parts_at;
        std::uint32_t stages = 0;
        [[maybe_unused]] const auto one = [&](auto& p) {
            using Kind = std::remove_reference_t<decltype(p)>;
            if constexpr (requires { p.stop(); }) {
                p.construct(&at[next], workers_.data(), clock_);
                stages += static_cast<std::uint32_t>(Kind::stage_count());
            } else {
                p.construct(&at[next]);
            }
            next += Kind::piece_count;
        };
        std::apply([&](auto&... bound_part) { (one(bound_part), ...); }, parts_);
        ending_.begin(stages);
        guests_.open();
        constructed_ = true;
    }

    static void stage_ended(void* self) {
        auto* scheduler = static_cast<Scheduler*>(self);
        if (scheduler->ending_.stage_ended()) scheduler->tasks_.close();
    }

    void join() {
        launch_.join();
        running_ = false;
    }

    void discard() {  // ends the objects of the last run and gives the memory back
        if (constructed_) {
            guests_.close();
            std::apply([](auto&... bound_part) { (bound_part.destroy(), ...); }, parts_);
            tasks_.destroy();
            for (PinnedWorker* worker : workers_) {
                WorkerFigures* figures = &worker->figures;
                std::destroy_at(worker);
                std::destroy_at(figures);
            }
            std::destroy_at(table_);
            constructed_ = false;
        }
        launch_.release();
        if (holds_arena_) Arena::taken.store(false, std::memory_order::release);  // T1
        holds_arena_ = false;
    }

    Launch launch_;
    std::tuple<Bound<Parts>...> parts_;
    Tasks tasks_;
    Ending ending_;
    Guests guests_;
    Table* table_ = nullptr;
    std::array<PinnedWorker*, worker_count> workers_{};
    platform::Clock clock_;
    bool running_ = false;
    bool constructed_ = false;
    bool holds_arena_ = false;
};

}  // namespace stator
