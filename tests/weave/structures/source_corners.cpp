// tests/weave/structures/source_corners.cpp - a stopped source, and a worker's second look.
#include <cstddef>

#include <stator/core/cell.hpp>
#include <stator/core/grace.hpp>
#include <stator/core/worker.hpp>
#include <structures/cases.hpp>
#include <structures/parts.hpp>

namespace stator::test {
namespace {

using enum std::memory_order;

// A source that would sleep on a descriptor. It has none at present, so only its worker's word
// wakes it.
struct Waiting {
    Poll operator()(int&) { return Poll::nothing; }
    [[nodiscard]] int descriptor() const { return -1; }
};
struct StoppedSource {
    using LaneT = Lane<int, 1, Full::wait>;
    sync::World world;
    LaneT lane;
    LinkFigures link;
    LineShared shared;
    StageFigures stage;
    Cell<Waiting, NoPort, OutPort<LaneT>, false> source;
    Pinned pinned{sleeper};

    StoppedSource() {
        source.line = &shared;
        source.figures = &stage;
        source.out.joints.at[0] = {.lane = &lane, .peer = nullptr, .figures = &link};
        pinned.worker.add(source.handle());
    }
    void run() { PinnedWorker::enter(&pinned.worker); }
    void stopper() {
        shared.stop_requested.store(true, release);  // S1
        pinned.worker.word.notify();
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
struct SecondLook : TaskNode<2, 1> {
    sync::RcuReader reader;
    weave::atomic<unsigned> busy{2};

    SecondLook() { put_and_take(); }
    void put_and_take() {
        const auto fill = [](TaskBody& body, std::size_t) noexcept { body.put<"task">([] {}); };
        (void)intake.put(0, 1, fill);
        reader.online();
        const Claim claim = intake.inbox(0).claim(1, 1);
        reader.offline();
        if (claim.count > 0) intake.inbox(0).taken(claim);
    }
    void leave() {
        if (busy.fetch_sub(1, acq_rel) == 1) grace.stop();
    }
    void run() {
        run_first();
        leave();
    }
    void other() {
        put_and_take();
        close();
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
