// tests/weave/structures/worker.cpp - pinned workers as they are shipped: they run stages and
// tasks, sleep and are woken, drain a pipeline and end.
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/cell.hpp>
#include <stator/core/last_stage.hpp>
#include <stator/core/worker.hpp>

#include "cases.hpp"
#include "parts.hpp"

namespace stator::test {
namespace {

using enum std::memory_order;

// ---- Tasks: a node, who submits and who stops ----

// `tasks` from a producer that then closes; `workers` run them and end. No segment comes back:
// there are enough.
template <unsigned workers, unsigned tasks, const Worker& choice>
struct Pool : TaskNode<workers, 2, choice> {
    std::array<weave::atomic<unsigned>, tasks> times_run{};

    void submit_one(unsigned i) {
        auto* const times = &times_run[i];
        const Submit answer = this->submit([times] { (void)times->fetch_add(1, relaxed); });
        weave::expect(answer == Submit::accepted, "an open inbox with room accepts");
    }
    void producer() {
        for (unsigned i = 0; i < tasks; ++i) submit_one(i);
        this->close();
    }
    void finish() const {
        for (const auto& times : times_run)
            weave::expect(times.newest() == 1, "every task runs once before the workers end");
    }
};

using OneWorker = Pool<1, 2, sleeper>;
const Played one_worker({.structure = "worker",
                         .name = "a_worker_sleeps_and_wakes_for_every_task_and_for_the_end",
                         .invariants = "NO_LOST_WAKE ONCE SHUTDOWN_DRAINS",
                         .options = {.stale_reads = 2, .spurious = 0, .together = 2},
                         .explore = play<OneWorker, &OneWorker::producer, &OneWorker::run_first>});

using TwoWorkers = Pool<2, 2, sleeper>;
const Played two_workers({.structure = "worker",
                          .name = "two_workers_share_tasks_and_both_end",
                          .invariants = "NO_LOST_WAKE ONCE SHUTDOWN_DRAINS",
                          .options = {.stale_reads = 2, .spurious = 0, .together = 2},
                          .explore = play<TwoWorkers, &TwoWorkers::producer, &TwoWorkers::run_first,
                                          &TwoWorkers::run_last>});

using SpinningWorker = Pool<1, 2, spinner>;
const Played spinning_worker(
    {.structure = "worker",
     .name = "a_worker_that_only_spins_runs_every_task_and_ends",
     .invariants = "ONCE SHUTDOWN_DRAINS",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2},
     .explore = play<SpinningWorker, &SpinningWorker::producer, &SpinningWorker::run_first>});

// A producer may stop for ever inside a submission. What was put behind it may wait for ever too,
// but a worker that has nothing sleeps, and nothing is run twice.
struct StoppedProducer : Pool<1, 2, sleeper> {
    weave::atomic<int> submitting{2};

    void submit_and_close(unsigned i) {
        submit_one(i);
        if (submitting.fetch_sub(1, acq_rel) == 1) close();
    }
    void stops() { submit_and_close(0); }
    void goes_on() { submit_and_close(1); }
    void finish() const {
        for (const auto& times : times_run)
            weave::expect(times.newest() <= 1, "no task runs twice");
        weave::expect(weave::has_ended(1), "a producer does not wait for another one");
    }
};
const Played stopped_producer(
    {.structure = "worker",
     .name = "a_producer_that_stops_for_ever_costs_no_spin_and_no_double_run",
     .invariants = "ONCE",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2, .crash = 0},
     .explore = play<StoppedProducer, &StoppedProducer::stops, &StoppedProducer::goes_on,
                     &StoppedProducer::run_first>});

// ---- A pipeline: a source and a sink on two workers ----

struct Source {
    int items = 2, next = 0;
    Poll operator()(int& out) {
        if (next == items) return Poll::ended;
        out = next++;
        return Poll::item;
    }
};
struct Endless {
    int next = 0;
    Poll operator()(int& out) {
        if (next == 2) return Poll::nothing;
        out = next++;
        return Poll::item;
    }
};
struct Sink {
    int next = 0;
    void operator()(const int& item) {
        weave::expect(item == next++, "items come in order, each once");
    }
};

template <typename SourceT, Full full>
struct Line {
    using LaneT = Lane<int, 1, full>;
    struct Side {
        WorkerFigures figures;
        PinnedWorker worker;
        explicit Side(Line& line)
            : worker(sleeper, {}, some_board, figures,
                     {.scheduler = &line, .stage_ended = ended, .worker_ended = Pinned::nothing}) {}
    };
    static void ended(void* line) { (void)static_cast<Line*>(line)->ending.stage_ended(); }

    sync::World world;
    LastStage ending;
    LaneT lane;
    LinkFigures link;
    LineFigures figures;
    LineShared shared;
    std::array<StageFigures, 2> stages;
    Cell<SourceT, NoPort, OutPort<LaneT>, false> source;
    Cell<Sink, InPort<LaneT, 1, Order::any>, NoPort, false> sink;
    Side before{*this}, after{*this};

    Line() {
        ending.begin(2);
        shared.figures = &figures;
        source.line = sink.line = &shared;
        source.figures = &stages[0];
        sink.figures = &stages[1];
        source.out.joints.at[0] = {.lane = &lane, .peer = &after.worker.word, .figures = &link};
        sink.in.joints.at[0] = {.lane = &lane, .peer = &before.worker.word, .figures = &link};
        before.worker.add(source.handle());
        after.worker.add(sink.handle());
    }
    void run_before() { PinnedWorker::enter(&before.worker); }
    void run_after() { PinnedWorker::enter(&after.worker); }
    void caller() { ending.wait_for_stages(); }
    void stopper() {
        shared.stop_requested.store(true, release);  // S1
        before.worker.word.notify();
        ending.wait_for_stages();
    }
    void finish() const { weave::expect(sink.state.next == source.state.next, "no item is lost"); }
};

using Draining = Line<Source, Full::wait>;
const Played draining(
    {.structure = "pipeline",
     .name = "a_source_that_ends_drains_to_the_sink_and_all_end",
     .invariants = "SHUTDOWN_DRAINS SPSC_ORDER ONCE NO_LOST_WAKE",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2},
     .explore = play<Draining, &Draining::run_before, &Draining::run_after, &Draining::caller>});

// What the caller did before it asked for the stop is seen by the source's last words.
struct Attentive {
    weave::plain<int>* message = nullptr;
    int next = 0;
    Poll operator()(int&) { return Poll::nothing; }
    bool finish(int&) {
        weave::expect(weave::read(*message) == 1, "what came before the stop is seen");
        return false;
    }
};
struct Farewell : Line<Attentive, Full::wait> {
    weave::plain<int> message{0};
    Farewell() { source.state.message = &message; }
    void leaver() {
        weave::write(message) = 1;
        stopper();
    }
};
const Played farewell(
    {.structure = "pipeline",
     .name = "a_source_sees_what_came_before_the_stop",
     .invariants = "SHUTDOWN_DRAINS",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2},
     .explore = play<Farewell, &Farewell::run_before, &Farewell::run_after, &Farewell::leaver>});

using Stopped = Line<Endless, Full::wait>;
const Played stopped(
    {.structure = "pipeline",
     .name = "a_stop_drains_what_is_inside",
     .invariants = "SHUTDOWN_DRAINS SPSC_ORDER ONCE NO_LOST_WAKE",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2},
     .explore = play<Stopped, &Stopped::run_before, &Stopped::run_after, &Stopped::stopper>});

}  // namespace
}  // namespace stator::test
