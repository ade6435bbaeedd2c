// tests/weave/structures/worker_corners.cpp - small models of pinned workers, for corners that
// the cases of worker.cpp reach late, or not at all.
//
// What a model needs beforehand is done in its constructor, where nothing is a step.
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/cell.hpp>
#include <stator/core/grace.hpp>
#include <stator/core/task_taker.hpp>
#include <stator/core/worker.hpp>
#include <structures/cases.hpp>

namespace stator::test {
namespace {

using enum std::memory_order;

constexpr Worker sleeper = {.name = "sleeper", .cpu = 0, .roles = {}, .wait = Wait::futex};

// ---- The start ----

// A worker with one stage, which has nothing to do.
struct Starting {
    sync::World world;
    WorkerFigures figures;
    PinnedWorker worker{sleeper, {}, 0, figures, {}};

    Starting() {
        worker.add(StageHandle{.cell = this,
                               .step = [](void*) { return Progress::idle; },
                               .ready = [](void*) { return false; }});
    }
    void run() { PinnedWorker::enter(&worker); }
    void starter() {
        while (!worker.is_ready()) weave::relax();
        weave::expect(figures.thread_id.value() != 0, "who is ready has been set up");
        worker.abandon();
    }
};
const Played starting({.structure = "worker",
                       .name = "a_worker_that_is_abandoned_ends",
                       .invariants = "NO_LOST_WAKE SHUTDOWN_DRAINS",
                       .options = {.spurious = 0},
                       .explore = play<Starting, &Starting::run, &Starting::starter>});

// Two stages that end one after the other.
struct TwoStages {
    sync::World world;
    WorkerFigures figures;
    std::array<int, 2> rounds = {1, 2};
    PinnedWorker worker{sleeper, {}, 0, figures, {.scheduler = this, .stage_ended = ended}};
    int told = 0;

    TwoStages() {
        worker.add(StageHandle{.cell = this, .step = step<0>, .ready = [](void*) { return true; }});
        worker.add(StageHandle{.cell = this, .step = step<1>, .ready = [](void*) { return true; }});
    }
    template <std::size_t i>
    static Progress step(void* stages) {
        return --static_cast<TwoStages*>(stages)->rounds[i] > 0 ? Progress::worked
                                                                : Progress::ended;
    }
    static void ended(void* stages) { ++static_cast<TwoStages*>(stages)->told; }
    void run() { PinnedWorker::enter(&worker); }
    void finish() const {
        weave::expect(rounds[0] == 0 && rounds[1] == 0, "a stage that has ended is not run again");
        weave::expect(told == 2, "every end is told");
    }
};
const Played two_stages({.structure = "worker",
                         .name = "stages_end_one_after_the_other",
                         .invariants = "SHUTDOWN_DRAINS",
                         .options = {},
                         .explore = play<TwoStages, &TwoStages::run>});

// ---- Tasks ----

template <unsigned workers, std::size_t slots>
struct Node {
    using Tasks = Inbox<TaskBody, slots, 2>;
    using Taker = TaskTaker<Tasks, void>;
    struct Pinned {
        WorkerFigures figures;
        PinnedWorker worker{sleeper, {}, 0, figures, {.scheduler = this, .stage_ended = ended}};
        static void ended(void*) {}
    };

    sync::World world;
    InboxWords words;
    GraceFigures figures;
    GraceThread grace{figures};
    Tasks inbox{words, grace.word};
    IdleWorkers idle;
    std::array<Pinned, workers> pinned;
    Taker first{inbox, idle, pinned[0].worker, slots, {}};
    Taker last{inbox, idle, pinned[workers - 1].worker, slots, {}};

    Node() {
        grace.add(grace_source(inbox));
        pinned[0].worker.add(first.handle());
        if (workers > 1) pinned[workers - 1].worker.add(last.handle());
    }
    template <typename Task>
    [[nodiscard]] Submit submit(const Task& task) {
        const Submit answer = inbox.put([&](TaskBody& body) noexcept {
            body.kind = &kind_of<Task, "task">;
            new (body.captures.data()) Task(task);
        });
        if (answer == Submit::accepted) (void)idle.wake();
        return answer;
    }
    void close() {
        inbox.close();
        idle.wake_all();
    }
    void run_first() { PinnedWorker::enter(&pinned[0].worker); }
    void run_last() { PinnedWorker::enter(&pinned[workers - 1].worker); }
};

// Two tasks that wait for each other: each of them needs a worker of its own.
struct Meeting : Node<2, 2> {
    weave::atomic<unsigned> begun{0}, left{2};

    void meet() {
        (void)begun.fetch_add(1, acq_rel);
        while (begun.load(acquire) < 2) weave::relax();
        if (left.fetch_sub(1, acq_rel) == 1) close();
    }
    void producer() {
        weave::expect(submit([this] { meet(); }) == Submit::accepted, "there is room");
    }
};
const Played meeting({.structure = "worker",
                      .name = "no_task_waits_while_a_worker_sleeps",
                      .invariants = "NO_LOST_WAKE",
                      .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0},
                      .explore = play<Meeting, &Meeting::producer, &Meeting::producer,
                                      &Meeting::run_first, &Meeting::run_last>});

// The end comes while one worker looks and another one runs the only task. Nobody but them wakes
// them any more.
template <bool last_one_waits>
struct EndingTogether : Node<2, 2> {
    weave::atomic<unsigned> running{2};

    void producer() {
        const Submit answer = submit([this] {
            while (last_one_waits && running.load(acquire) == 2) weave::relax();
        });
        weave::expect(answer != Submit::full, "there is room");
    }
    void closer() { close(); }
    void run_one() {
        run_first();
        (void)running.fetch_sub(1, acq_rel);
    }
    void run_other() {
        run_last();
        (void)running.fetch_sub(1, acq_rel);
    }
};
using BothEnd = EndingTogether<false>;
const Played both_end({.structure = "worker",
                       .name = "a_worker_that_ends_takes_the_others_along",
                       .invariants = "SHUTDOWN_DRAINS NO_LOST_WAKE",
                       .options = {.preemptions = 1, .stale_reads = 4, .spurious = 0},
                       .explore = play<BothEnd, &BothEnd::producer, &BothEnd::closer,
                                       &BothEnd::run_one, &BothEnd::run_other>});
using LastTask = EndingTogether<true>;
const Played last_task({.structure = "worker",
                        .name = "workers_end_while_the_last_task_runs",
                        .invariants = "SHUTDOWN_DRAINS NO_LOST_WAKE",
                        .options = {.preemptions = 1, .stale_reads = 0, .spurious = 0},
                        .explore = play<LastTask, &LastTask::producer, &LastTask::closer,
                                        &LastTask::run_one, &LastTask::run_other>});

// A worker with a stage that is busy for a while, and with one task.
struct Busy : Node<1, 2> {
    static constexpr int busy_max = 20;
    weave::atomic<bool> is_busy{false};
    int busy_steps = 0;

    Busy() {
        pinned[0].worker.add(StageHandle{.cell = this,
                                         .step = [](void* b) { return self(b).run_stage(); },
                                         .ready = [](void*) { return false; }});
    }
    static Busy& self(void* busy) { return *static_cast<Busy*>(busy); }
    Progress run_stage() {
        if (!is_busy.load(acquire)) return Progress::idle;
        return ++busy_steps < busy_max ? Progress::worked : Progress::ended;
    }
};
struct NeverIdle : Busy {
    NeverIdle() {
        is_busy.store(true, relaxed);  // as all that the constructor does, no step
        (void)submit([this] {
            weave::expect(busy_steps <= 8, "after so many rounds tasks have their turn");
        });
        close();
    }
};
const Played never_idle({.structure = "worker",
                         .name = "stages_that_are_never_idle_leave_time_for_tasks",
                         .invariants = "SHUTDOWN_DRAINS",
                         .options = {},
                         .explore = play<NeverIdle, &NeverIdle::run_first>});

// The stage begins to work just when the worker is woken for the task.
struct BusyWhenWoken : Busy {
    void producer() {
        is_busy.store(true, release);
        (void)submit([this] {
            if (pinned[0].figures.woken.value() > 0)
                weave::expect(busy_steps <= 1 || busy_steps == busy_max,
                              "a worker that was chosen looks at once");
        });
        close();
    }
};
const Played busy_when_woken(
    {.structure = "worker",
     .name = "a_worker_that_was_chosen_looks_for_tasks_at_once",
     .invariants = "NO_LOST_WAKE",
     .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0},
     .explore = play<BusyWhenWoken, &BusyWhenWoken::producer, &BusyWhenWoken::run_first>});

// One task is left, two workers look for it, while an older segment cools.
struct LateWorker : Node<2, 1> {
    weave::atomic<unsigned> done{0}, running{2};

    LateWorker() {
        for (int i = 0; i < 2; ++i) (void)submit([this] { (void)done.fetch_add(1, relaxed); });
        const Claim claim = inbox.claim(1, 1);
        TaskInHand in_hand;
        in_hand.body.take(inbox.item(claim, 0));
        inbox.taken(claim);
        inbox.close();
    }
    void leave() {
        if (running.fetch_sub(1, acq_rel) == 1) grace.stop();
    }
    void run_one() {
        run_first();
        leave();
    }
    void run_other() {
        run_last();
        leave();
    }
    void collector() { GraceThread::enter(&grace); }
    void finish() const { weave::expect(done.newest() == 1, "the task has run once"); }
};
const Played late_worker({.structure = "worker",
                          .name = "no_segment_is_granted_under_a_workers_eyes",
                          .invariants = "GRACE ONCE",
                          .options = {.preemptions = 1, .stale_reads = 0, .spurious = 0},
                          .explore = play<LateWorker, &LateWorker::run_one, &LateWorker::run_other,
                                          &LateWorker::collector>});

// Three tasks through two segments of one slot: slots come back while a worker goes on.
struct SlotsComeBack : Node<1, 1> {
    weave::atomic<unsigned> done{0};

    void producer() {
        for (unsigned i = 0; i < 3; ++i)
            while (submit([this, i] { run(i); }) != Submit::accepted) weave::relax();
        close();
    }
    void run(unsigned i) {
        weave::expect(done.fetch_add(1, relaxed) == i, "a task is as it was submitted");
        if (i == 2) grace.stop();
    }
    void collector() { GraceThread::enter(&grace); }
    void finish() const { weave::expect(done.newest() == 3, "every task has run"); }
};
const Played slots_come_back(
    {.structure = "worker",
     .name = "slots_come_back_when_tasks_have_been_moved_out",
     .invariants = "GRACE ONCE",
     .options = {.preemptions = 1, .stale_reads = 0, .spurious = 0},
     .explore = play<SlotsComeBack, &SlotsComeBack::producer, &SlotsComeBack::run_first,
                     &SlotsComeBack::collector>});

}  // namespace
}  // namespace stator::test
