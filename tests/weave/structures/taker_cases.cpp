// tests/weave/structures/taker_cases.cpp - two workers of one node with rings of two cells: tasks
// by value and intrusive ones are claimed, spawned, stolen and moved away, and the pool is closed
// at any time.
//
// A task that waits for others holds its worker for good: then a sibling has to run them.
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/intrusive_task.hpp>
#include <stator/core/task_options.hpp>

#include "pool_model.hpp"

namespace stator::test {
namespace {

using enum std::memory_order;

constexpr Board two = model_board(two_sleepers, small_pool);

const weave::Options once = {.preemptions = 1, .stale_reads = 0, .spurious = 0};
const weave::Options twice = {.stale_reads = 1, .spurious = 0, .together = 2};

// Tasks that are counted.
template <unsigned tasks>
struct Counted : PoolModel<two> {
    std::array<weave::atomic<unsigned>, tasks> runs{}, drops{};

    // An intrusive one.
    struct Its : Task {
        Counted* model = nullptr;
        unsigned number = 0;
        Its() : Task(run, drop) {}
        static Outcome run(Task& self) {
            auto& its = static_cast<Its&>(self);
            its.model->ran(its.number);
            return Outcome::done;
        }
        static void drop(Task& self) {
            auto& its = static_cast<Its&>(self);
            (void)its.model->drops[its.number].fetch_add(1, relaxed);  // a count alone
        }
    };
    std::array<Its, tasks> its;

    Counted() {
        for (unsigned i = 0; i < tasks; ++i) {
            its[i].model = this;
            its[i].number = i;
        }
    }
    void ran(unsigned i) { (void)runs[i].fetch_add(1, acq_rel); }
    [[nodiscard]] auto task(unsigned i) {
        return [this, i] { ran(i); };
    }
    [[nodiscard]] TaskBatch batch(unsigned first, unsigned n) {
        TaskBatch all;
        for (unsigned i = first; i < first + n; ++i) all.push(its[i]);
        return all;
    }
    void must_submit_batch(unsigned first, unsigned n) {
        TaskBatch all = batch(first, n);
        weave::expect(this->pool.submit({}, all) == Submit::accepted, "an open pool accepts");
    }
    // Until so many of them have run, counted from `first` on.
    void wait_for(unsigned first, unsigned n) {
        for (unsigned i = first; i < first + n; ++i)
            while (runs[i].load(acquire) == 0) weave::relax();
    }
    void check_all_ran_once() const {
        for (const auto& one : runs) weave::expect(one.newest() == 1, "every task runs once");
        this->check_counts();
    }
    void finish() const { check_all_ran_once(); }
};

// ---- A worker is stuck in a long task ----

// Two tasks from outside that wait for each other.
template <bool intrusive>
struct Meeting : Counted<2> {
    struct Meets : Task {
        Meeting* model = nullptr;
        unsigned number = 0;
        Meets()
            : Task([](Task& self) {
                  auto& one = static_cast<Meets&>(self);
                  one.model->meet(one.number);
                  return Outcome::done;
              }) {}
    };
    std::array<Meets, 2> meets;

    void meet(unsigned i) {
        ran(i);
        wait_for(0, 2);
        drain();
    }
    void put() {
        if constexpr (intrusive) {
            TaskBatch all;
            for (unsigned i = 0; i < 2; ++i) {
                meets[i].model = this;
                meets[i].number = i;
                all.push(meets[i]);
            }
            weave::expect(pool.submit({}, all) == Submit::accepted, "an open pool accepts");
        } else {
            const auto one = [this](unsigned i) { return [this, i] { meet(i); }; };
            std::array both = {one(0), one(1)};
            weave::expect(pool.submit_all({}, both).accepted == 2, "there is room");
        }
    }
};
template <bool intrusive>
struct Early : Meeting<intrusive> {
    Early() { this->put(); }
};
using ByValue = Early<false>;
const Played by_value({.structure = "worker",
                       .name = "two_claimed_tasks_that_wait_for_each_other_get_two_workers",
                       .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                       .options = twice,
                       .explore = play<ByValue, &ByValue::run<0>, &ByValue::run<1>>});
using Intrusive = Early<true>;
const Played intrusive({.structure = "worker",
                        .name = "two_intrusive_tasks_that_wait_for_each_other_get_two_workers",
                        .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                        .options = twice,
                        .explore = play<Intrusive, &Intrusive::run<0>, &Intrusive::run<1>>});
using ByValueLater = Meeting<false>;
const Played by_value_later({.structure = "worker",
                             .name = "a_burst_from_outside_that_waits_for_itself_gets_two_workers",
                             .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                             .options = once,
                             .explore = play<ByValueLater, &ByValueLater::put,
                                             &ByValueLater::run<0>, &ByValueLater::run<1>>});

// The task takes more with it than its worker's ring has room for, and waits for all of them.
struct LeftBehind : Counted<5> {
    struct Waits : Task {
        LeftBehind* model = nullptr;
        Waits()
            : Task([](Task& self) {
                  static_cast<Waits&>(self).model->wait();
                  return Outcome::done;
              }) {}
    } waits;

    LeftBehind() {
        waits.model = this;
        TaskBatch all(waits);
        all.append(batch(1, 4));
        weave::expect(pool.submit({}, all) == Submit::accepted, "an open pool accepts");
    }
    void wait() {
        wait_for(1, 4);
        ran(0);
        drain();
    }
};
const Played left_behind({.structure = "worker",
                          .name = "what_a_busy_worker_leaves_in_the_queue_is_run_by_a_sibling",
                          .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                          .options = twice,
                          .explore = play<LeftBehind, &LeftBehind::run<0>, &LeftBehind::run<1>>});

// A task that spawns others and waits until a sibling has run them.
template <unsigned by_value, unsigned linked>
struct Spawner : Counted<1 + by_value + linked> {
    Spawner() {
        this->must_submit([this] {
            for (unsigned i = 0; i < by_value; ++i) this->must_submit(this->task(1 + i));
            if (linked > 0) this->must_submit_batch(1 + by_value, linked);
            this->wait_for(1, by_value + linked);
            this->ran(0);
            this->drain();
        });
    }
};
using OneSpawned = Spawner<1, 0>;
const Played one_spawned({.structure = "worker",
                          .name = "a_spawned_task_is_run_while_its_worker_is_stuck",
                          .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                          .options = twice,
                          .explore = play<OneSpawned, &OneSpawned::run<0>, &OneSpawned::run<1>>});
using ThreeSpawned = Spawner<3, 0>;
const Played three_spawned(
    {.structure = "worker",
     .name = "spawned_tasks_beyond_the_ring_are_run_while_their_worker_is_stuck",
     .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = twice,
     .explore = play<ThreeSpawned, &ThreeSpawned::run<0>, &ThreeSpawned::run<1>>});
using OverflowSpawned = Spawner<0, 4>;
const Played overflow_spawned(
    {.structure = "worker",
     .name = "overflow_is_run_while_its_worker_is_stuck",
     .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = twice,
     .explore = play<OverflowSpawned, &OverflowSpawned::run<0>, &OverflowSpawned::run<1>>});
using Migrated = Spawner<2, 2>;
const Played migrated({.structure = "worker",
                       .name = "tasks_that_make_room_for_intrusive_ones_are_run_once",
                       .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                       .options = once,
                       .explore = play<Migrated, &Migrated::run<0>, &Migrated::run<1>>});

// A worker that has seen another one's task before it sleeps asks for it next, not rounds later.
struct FewRounds : Spawner<1, 0> {
    void finish() const {
        Spawner::finish();
        weave::expect(figures(0).rounds.value() + figures(1).rounds.value() <= 10,
                      "what has been seen is taken soon");
    }
};
const Played few_rounds({.structure = "worker",
                         .name = "who_has_seen_a_task_asks_for_it_next",
                         .invariants = "STEAL_LIVENESS",
                         .options = {.stale_reads = 0, .spurious = 0},
                         .explore = play<FewRounds, &FewRounds::run<0>, &FewRounds::run<1>>});

// Three workers, and rings from which a thief takes more than one task.
constexpr Board wide = model_board(three_sleepers, {.segments = 2,
                                                    .slots_per_segment = 2,
                                                    .claim_max = 1,
                                                    .run_ring = 4,
                                                    .metrics = false,
                                                    .registry = false});
struct Half : PoolModel<wide> {
    weave::atomic<unsigned> begun{0}, ended{0};

    Half() {
        must_submit([this] {
            const auto meets = [this] {
                (void)begun.fetch_add(1, acq_rel);
                while (begun.load(acquire) < 2) weave::relax();
                (void)ended.fetch_add(1, acq_rel);
            };
            std::array both = {meets, meets};
            weave::expect(pool.submit_all({}, both).accepted == 2, "there is room");
            while (ended.load(acquire) < 2) weave::relax();
            drain();
        });
    }
    void finish() const { check_counts(); }
};
const Played half({.structure = "worker",
                   .name = "two_spawned_tasks_that_wait_for_each_other_get_two_siblings",
                   .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                   .options = {.preemptions = 0, .stale_reads = 1, .spurious = 0},
                   .explore = play<Half, &Half::run<0>, &Half::run<1>, &Half::run<2>>});
struct TwoOfThree : PoolModel<wide> {
    weave::atomic<unsigned> ran{0};

    TwoOfThree() {
        must_submit([this] {
            const auto counts = [this] { (void)ran.fetch_add(1, acq_rel); };
            std::array three = {counts, counts, counts};
            weave::expect(pool.submit_all({}, three).accepted == 3, "there is room");
            while (ran.load(acquire) < 3) weave::relax();
            drain();
        });
    }
    void finish() const { check_counts(); }
};
const Played two_of_three(
    {.structure = "worker",
     .name = "a_thief_that_takes_half_loses_none",
     .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = {.preemptions = 0, .stale_reads = 1, .spurious = 0},
     .explore = play<TwoOfThree, &TwoOfThree::run<0>, &TwoOfThree::run<1>, &TwoOfThree::run<2>>});

// The same where the inbox has no room for those that are by value.
constexpr Board tight = model_board(two_sleepers, {.segments = 2,
                                                   .slots_per_segment = 1,
                                                   .claim_max = 1,
                                                   .run_ring = 2,
                                                   .metrics = false,
                                                   .registry = false});
struct NoRoom : PoolModel<tight> {
    struct Its : Task {
        NoRoom* model = nullptr;
        Its()
            : Task([](Task& self) {
                  (void)static_cast<Its&>(self).model->runs.fetch_add(1, acq_rel);
                  return Outcome::done;
              }) {}
    } its;
    weave::atomic<unsigned> runs{0};

    NoRoom() {
        its.model = this;
        must_submit([this] {
            for (int i = 0; i < 3; ++i) must_submit([this] { (void)runs.fetch_add(1, acq_rel); });
            weave::expect(pool.submit({}, its) == Submit::accepted, "an open pool accepts");
            while (runs.load(acquire) < 4) weave::relax();
            drain();
        });
    }
    void finish() const { check_counts(); }
};
const Played no_room({.structure = "worker",
                      .name = "tasks_that_nobody_has_room_for_go_back_into_the_ring",
                      .invariants = "STEAL_LIVENESS SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                      .options = {.stale_reads = 0, .spurious = 0},
                      .explore = play<NoRoom, &NoRoom::run<0>, &NoRoom::run<1>>});

// ---- The end ----

// A burst of both kinds, and the pool is closed at once. One of the tasks fails.
struct Burst : Counted<3> {
    void producer() {
        must_submit(task(0));
        must_submit([this] {
            ran(1);
            return Outcome::failed;
        });
        must_submit_batch(2, 1);
        drain();
    }
    void finish() const {
        Counted::finish();
        weave::expect(figures(0).failed.value() + figures(1).failed.value() == 1, "one has failed");
    }
};
const Played burst({.structure = "worker",
                    .name = "a_burst_is_run_to_its_end_after_the_close",
                    .invariants = "SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                    .options = once,
                    .explore = play<Burst, &Burst::producer, &Burst::run<0>, &Burst::run<1>>});

// The pool is closed while tasks come in: each is run once or refused.
struct Closing : Counted<2> {
    std::array<Submit, 2> answers{Submit::closed, Submit::closed};

    void by_value() { answers[0] = pool.submit({}, task(0)); }
    void linked() { answers[1] = pool.submit({}, its[1]); }
    void both() {
        by_value();
        linked();
    }
    void finish() const {
        for (unsigned i = 0; i < 2; ++i) {
            const bool accepted = answers[i] == Submit::accepted;
            weave::expect(accepted || answers[i] == Submit::closed, "accepted or closed");
            weave::expect(runs[i].newest() == (accepted ? 1u : 0u), "accepted is run, once");
        }
        check_counts();
    }
};
const Played closing({.structure = "worker",
                      .name = "what_is_accepted_while_the_pool_closes_is_run",
                      .invariants = "SHUTDOWN_BOUNDED COUNT_SANE ONCE",
                      .options = once,
                      .explore = play<Closing, &Closing::both, &Closing::drain, &Closing::run<0>,
                                      &Closing::run<1>>});

// The pool is closed while spawned tasks are stolen.
struct ClosingAndStealing : Counted<3> {
    std::array<Submit, 3> answers{};
    ClosingAndStealing() {
        must_submit([this] {
            ran(0);
            answers[1] = pool.submit({}, task(1));
            answers[2] = pool.submit({}, its[2]);
        });
    }
    void finish() const {
        for (unsigned i = 0; i < 3; ++i)
            weave::expect(runs[i].newest() == (answers[i] == Submit::accepted ? 1u : 0u),
                          "accepted is run, once");
        check_counts();
    }
};
const Played closing_and_stealing(
    {.structure = "worker",
     .name = "the_pool_closes_while_tasks_are_stolen",
     .invariants = "SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = once,
     .explore = play<ClosingAndStealing, &ClosingAndStealing::drain, &ClosingAndStealing::run<0>,
                     &ClosingAndStealing::run<1>>});

// Cancelled: each task is run or dropped, once, whatever it is and wherever it waits.
struct Cancelling : Counted<4> {
    // By value: what becomes of it is seen at its end.
    struct Life {
        Cancelling* model;
        unsigned number;
        void operator()() { model->ran(number); }
        [[nodiscard]] auto at_end() const {
            return [m = model, n = number] { (void)m->drops[n].fetch_add(1, relaxed); };
        }
    };
    Cancelling() {
        must_submit([this] {
            (void)pool.submit({}, Life{this, 0});
            TaskBatch all = batch(1, 2);
            (void)pool.submit({}, all);
        });
        must_submit_batch(3, 1);
    }
    void finish() const {
        weave::expect(drops[0].newest() <= 1, "a task by value ends once");
        weave::expect(runs[0].newest() <= drops[0].newest(), "and not before it has run");
        for (unsigned i = 1; i < 4; ++i)
            weave::expect(runs[i].newest() + drops[i].newest() <= 1, "run or dropped, once");
        weave::expect(runs[3].newest() + drops[3].newest() == 1, "what was accepted has an end");
        check_counts();
    }
};
const Played cancelling(
    {.structure = "worker",
     .name = "a_cancel_runs_or_drops_every_task_once",
     .invariants = "SHUTDOWN_BOUNDED COUNT_SANE ONCE",
     .options = once,
     .explore = play<Cancelling, &Cancelling::cancel, &Cancelling::run<0>, &Cancelling::run<1>>});

}  // namespace
}  // namespace stator::test
