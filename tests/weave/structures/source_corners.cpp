// tests/weave/structures/source_corners.cpp - a stopped source, and a worker's second look.
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

// A source that would sleep on a descriptor. It has none at present, so only its worker's word
// wakes it.
struct Waiting {
    Poll operator()(int&) { return Poll::nothing; }
    [[nodiscard]] int descriptor() const { return -1; }
};
struct StoppedSource {
    using LaneT = Lane<int, 1, Full::wait>;
    static void ended(void*) {}

    sync::World world;
    LaneT lane;
    LinkFigures link;
    LineShared shared;
    StageFigures stage;
    Cell<Waiting, NoPort, OutPort<LaneT>, false> source;
    WorkerFigures figures;
    PinnedWorker worker{sleeper, {}, 0, figures, {.scheduler = this, .stage_ended = ended}};

    StoppedSource() {
        source.line = &shared;
        source.figures = &stage;
        source.out.joints.at[0] = {.lane = &lane, .peer = nullptr, .figures = &link};
        worker.add(source.handle());
    }
    void run() { PinnedWorker::enter(&worker); }
    void stopper() {
        shared.stop_requested.store(true, release);  // S1
        worker.word.notify();
    }
    void finish() const { weave::expect(lane.closed(), "a source that was stopped closes"); }
};
const Played stopped_source(
    {.structure = "pipeline",
     .name = "a_source_that_sleeps_on_a_descriptor_hears_the_stop",
     .invariants = "NO_LOST_WAKE SHUTDOWN_DRAINS",
     .options = {.spurious = 0},
     .explore = play<StoppedSource, &StoppedSource::run, &StoppedSource::stopper>});

// A worker looks for tasks once more before it sleeps, while somebody else puts one in and takes it
// out again, and an older segment cools: its own segment is not granted under the worker's eyes.
struct SecondLook {
    using Tasks = Inbox<TaskBody, 1, 2>;

    sync::World world;
    InboxWords words;
    GraceFigures grace_figures;
    GraceThread grace{grace_figures};
    Tasks inbox{words, grace.word};
    IdleWorkers idle;
    WorkerFigures figures;
    PinnedWorker worker{sleeper, {}, 0, figures, {}};
    TaskTaker<Tasks, void> taker{inbox, idle, worker, 1, {}};
    sync::RcuReader reader;
    weave::atomic<unsigned> busy{2};

    SecondLook() {
        grace.add(grace_source(inbox));
        worker.add(taker.handle());
        put_and_take();
    }
    void put_and_take() {
        const auto task = [] {};
        (void)inbox.put(
            [&](TaskBody& body) noexcept { body.kind = &kind_of<decltype(task), "task">; });
        reader.online();
        const Claim claim = inbox.claim(1, 1);
        reader.offline();
        if (claim.count > 0) inbox.taken(claim);
    }
    void leave() {
        if (busy.fetch_sub(1, acq_rel) == 1) grace.stop();
    }
    void run() {
        PinnedWorker::enter(&worker);
        leave();
    }
    void other() {
        put_and_take();
        inbox.close();
        idle.wake_all();
        leave();
    }
    void collector() { GraceThread::enter(&grace); }
};
const Played second_look(
    {.structure = "worker",
     .name = "no_segment_is_granted_under_a_second_look",
     .invariants = "GRACE",
     .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0},
     .explore = play<SecondLook, &SecondLook::run, &SecondLook::other, &SecondLook::collector>});

}  // namespace
}  // namespace stator::test
