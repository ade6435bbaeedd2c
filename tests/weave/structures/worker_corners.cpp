// tests/weave/structures/worker_corners.cpp - small models of pinned workers, for corners that
// the cases of worker.cpp reach late, or not at all.
//
// What a model needs beforehand is done in its constructor, where nothing is a step.
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/worker.hpp>
#include <structures/cases.hpp>
#include <structures/parts.hpp>

namespace stator::test {
namespace {

using enum std::memory_order;

// ---- The start ----

// A worker with one stage, which has nothing to do.
struct Starting {
    sync::World world;
    Pinned pinned{sleeper};

    Starting() {
        pinned.worker.add(StageHandle{.cell = this,
                                      .step = [](void*) { return Progress::idle; },
                                      .ready = [](void*) { return false; }});
    }
    void run() { PinnedWorker::enter(&pinned.worker); }
    void starter() {
        while (!pinned.worker.is_ready()) weave::relax();
        weave::expect(pinned.figures.thread_id.value() != 0, "who is ready has been set up");
        pinned.worker.abandon();
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
    PinnedWorker worker{sleeper,
                        {},
                        some_board,
                        figures,
                        {.scheduler = this, .stage_ended = ended, .worker_ended = left}};
    int told = 0;
    bool has_left = false;

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
    static void left(void* stages) { static_cast<TwoStages*>(stages)->has_left = true; }
    void run() { PinnedWorker::enter(&worker); }
    void finish() const {
        weave::expect(rounds[0] == 0 && rounds[1] == 0, "a stage that has ended is not run again");
        weave::expect(told == 2, "every end is told");
        weave::expect(has_left, "and that of the worker too");
    }
};
const Played two_stages({.structure = "worker",
                         .name = "stages_end_one_after_the_other",
                         .invariants = "SHUTDOWN_DRAINS",
                         .options = {},
                         .explore = play<TwoStages, &TwoStages::run>});

// ---- Tasks ----

// Two tasks that wait for each other: each of them needs a worker of its own.
struct Meeting : TaskNode<2, 2> {
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
                      .options = {.preemptions = 1, .stale_reads = 0, .spurious = 0},
                      .explore = play<Meeting, &Meeting::producer, &Meeting::producer,
                                      &Meeting::run_first, &Meeting::run_last>});

// Two tasks of the first worker that wait for each other, and nobody else who could wake the second
// one. While it looks, they are moved from one place to another: it misses neither.
struct Moved : TaskNode<2, 2> {
    weave::atomic<unsigned> begun{0}, left{2};

    void meet() {
        (void)begun.fetch_add(1, acq_rel);
        while (begun.load(acquire) < 2) weave::relax();
        if (left.fetch_sub(1, acq_rel) == 1) close();
    }
};
struct MovedFromIntake : Moved {
    MovedFromIntake() {
        for (int i = 0; i < 2; ++i) (void)submit([this] { meet(); });
    }
};
const Played moved_from_intake(
    {.structure = "worker",
     .name = "no_task_of_a_claim_waits_while_a_worker_sleeps",
     .invariants = "NO_LOST_WAKE",
     .options = {.stale_reads = 1, .spurious = 0},
     .explore = play<MovedFromIntake, &MovedFromIntake::run_first, &MovedFromIntake::run_last>});

struct MovedFromOverflow : Moved {
    struct Meets : Task {
        MovedFromOverflow* all = nullptr;
        Meets() : Task(run) {}
        static Outcome run(Task& self) {
            static_cast<Meets&>(self).all->meet();
            return Outcome::done;
        }
    };
    std::array<Meets, 2> tasks;

    MovedFromOverflow() {
        TaskBatch batch;
        for (Meets& task : tasks) {
            task.all = this;
            batch.push(task);
        }
        weave::expect(members[0].taker.overflow.push(batch), "it is open");
    }
};
const Played moved_from_overflow({.structure = "worker",
                                  .name = "no_task_of_an_overflow_waits_while_a_worker_sleeps",
                                  .invariants = "NO_LOST_WAKE",
                                  .options = {.stale_reads = 1, .spurious = 0},
                                  .explore = play<MovedFromOverflow, &MovedFromOverflow::run_first,
                                                  &MovedFromOverflow::run_last>});

// A task waits for others and its stack has no room for them: what it has spawned is sent away.
struct SentAway : TaskNode<2, 2> {
    weave::atomic<bool> done{false};

    SentAway() : TaskNode<2, 2>(some_board.memory.stack_bytes + 1) {
        (void)submit([this] { wait_for_another(); });
    }
    void wait_for_another() {
        auto& me = *static_cast<PinnedWorker*>(sync::owner_of_this_thread());
        auto& taker = *static_cast<Taker*>(me.taker());
        const auto other = [this, &me] {
            done.store(true, release);  // the waiting one acquires it
            me.word.notify();
        };
        weave::expect(taker.spawn([&](TaskBody& body) { body.put<"task">(other); }),
                      "there is room");
        taker.work_until(
            this, [this] { return done.load(acquire); }, [] {});
        close();
    }
};
const Played sent_away({.structure = "worker",
                        .name = "no_task_that_is_sent_away_waits_while_a_worker_sleeps",
                        .invariants = "NO_LOST_WAKE",
                        .options = {.stale_reads = 1, .spurious = 0},
                        .explore = play<SentAway, &SentAway::run_first, &SentAway::run_last>});

// The end comes while one worker looks and another one runs the only task. Nobody but them wakes
// them any more.
template <bool last_one_waits>
struct EndingTogether : TaskNode<2, 2> {
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
                       .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0},
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
struct Busy : TaskNode<1, 2> {
    static constexpr int busy_max = 20;
    weave::atomic<bool> is_busy{false};
    int busy_steps = 0;

    Busy() {
        members[0].worker.add(StageHandle{.cell = this,
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
            if (members[0].figures.woken.value() > 0)
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
struct LateWorker : TaskNode<2, 1> {
    weave::atomic<unsigned> done{0}, running{2};

    LateWorker() {
        for (int i = 0; i < 2; ++i) (void)submit([this] { (void)done.fetch_add(1, relaxed); });
        const Claim claim = intake.inbox(0).claim(1, 1);
        TaskInHand in_hand;
        in_hand.body.take(intake.inbox(0).item(claim, 0));
        intake.inbox(0).taken(claim);
        close();
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
template <unsigned workers>
struct SlotsComeBack : TaskNode<workers, 1> {
    weave::atomic<unsigned> done{0};

    void producer() {
        for (unsigned i = 0; i < 3; ++i)
            while (this->submit([this, i] { run(i); }) != Submit::accepted) weave::relax();
        this->close();
    }
    void run(unsigned i) {
        weave::expect(done.fetch_add(1, relaxed) == i, "a task is as it was submitted");
        if (i == 2) this->grace.stop();
    }
    void collector() { GraceThread::enter(&this->grace); }
    void finish() const { weave::expect(done.newest() == 3, "every task has run"); }
};
using InPlace = SlotsComeBack<1>;
const Played slots_come_back(
    {.structure = "worker",
     .name = "slots_come_back_when_tasks_have_been_moved_out",
     .invariants = "GRACE ONCE",
     .options = {.preemptions = 1, .stale_reads = 0, .spurious = 0},
     .explore = play<InPlace, &InPlace::producer, &InPlace::run_first, &InPlace::collector>});
// The second worker never runs, but its presence sends tasks through the ring.
using ThroughRing = SlotsComeBack<2>;
const Played slots_come_back_at_once(
    {.structure = "worker",
     .name = "slots_come_back_when_tasks_are_in_the_ring",
     .invariants = "GRACE ONCE",
     .options = {.preemptions = 1, .stale_reads = 0, .spurious = 0},
     .explore = play<ThroughRing, &ThroughRing::producer, &ThroughRing::run_first,
                     &ThroughRing::collector>});

}  // namespace
}  // namespace stator::test
