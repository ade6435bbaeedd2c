// tests/weave/structures/corners.cpp - small models of corners that the other cases of
// this folder reach late, or not at all.
//
// What a model needs beforehand is done in its constructor, where nothing is a step.
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/grace.hpp>
#include <stator/core/idle.hpp>
#include <stator/core/inbox.hpp>
#include <stator/core/input.hpp>
#include <stator/core/wait_word.hpp>
#include <structures/cases.hpp>
#include <structures/parts.hpp>

namespace stator::test {
namespace {

using enum std::memory_order;

// ---- WaitWord and IdleWorkers ----

struct Punctual {
    WaitWord word;
    weave::atomic<bool> there{false};

    void notifier() {
        there.store(true, relaxed);  // the notification carries it
        word.notify();
    }
    void sleeper() {
        word.announce();
        if (there.load(relaxed)) return word.retract();
        word.sleep();
        weave::expect(there.load(relaxed), "sleep ends after a notification, not before");
    }
};
const Played punctual({.structure = "wait_word",
                       .name = "sleep_returns_for_a_reason",
                       .invariants = "NO_LOST_WAKE",
                       .options = {.spurious = 1},
                       .explore = play<Punctual, &Punctual::notifier, &Punctual::sleeper>});

// Each wake-up is spent on one worker, who learns of it.
struct Chosen {
    std::array<WaitWord, 2> words;
    IdleWorkers idle;
    std::array<bool, 2> chosen{}, woke{};

    Chosen() {
        for (WaitWord& word : words) (void)idle.join(word);
    }
    void worker() {
        const unsigned me = weave::this_thread();
        idle.announce(me);
        chosen[me] = idle.retract(me) != WokenBy::nobody;
    }
    void producer() {
        for (bool& one : woke) one = idle.wake(1, {}, WokenBy::outside) == 1;
    }
    void finish() const {
        weave::expect(chosen[0] + chosen[1] == woke[0] + woke[1],
                      "who has been chosen is told, and nobody else");
    }
};
const Played chosen({.structure = "idle",
                     .name = "who_has_been_chosen_is_told",
                     .invariants = "NO_LOST_WAKE",
                     .options = {},
                     .explore = play<Chosen, &Chosen::worker, &Chosen::worker, &Chosen::producer>});

// Two workers sleep, two producers wake: nobody sleeps on.
struct OneEach {
    std::array<WaitWord, 2> words;
    IdleWorkers idle;
    OneEach() {
        for (WaitWord& word : words) idle.announce(idle.join(word));
    }
    void producer() {
        weave::expect(idle.wake(1, {}, WokenBy::outside) == 1, "who wakes finds one that sleeps");
    }
};
const Played one_each({.structure = "idle",
                       .name = "two_wake_ups_wake_two_workers",
                       .invariants = "NO_LOST_WAKE",
                       .options = {},
                       .explore = play<OneEach, &OneEach::producer, &OneEach::producer>});

// ---- InputGate ----

// Nobody but the two of them wakes anybody.
struct TwoAlone {
    static constexpr int items = 2;
    InputGate<int, 1> gate;
    Lane<int, 1, Full::wait> lane;
    LinkFigures figures;
    WaitWord worker_word;
    int taken = 0;

    TwoAlone() { gate.joints.at[0] = {.lane = &lane, .peer = &worker_word, .figures = &figures}; }
    void caller() {
        for (int i = 0; i < items; ++i)
            weave::expect(gate.push_or_wait(i) == Push::accepted, "an open gate takes items");
    }
    void worker() {
        while (taken < items) {
            if (lane.front() != nullptr) {
                lane.pop();
                ++taken;
                gate.word.notify();
                continue;
            }
            worker_word.announce();
            if (lane.front() == nullptr)
                worker_word.sleep();
            else
                worker_word.retract();
        }
    }
};
const Played two_alone({.structure = "input",
                        .name = "caller_and_worker_wake_each_other",
                        .invariants = "NO_LOST_WAKE",
                        .options = {.spurious = 0},
                        .explore = play<TwoAlone, &TwoAlone::caller, &TwoAlone::worker>});

struct NobodyTakes {
    InputGate<int, 1> gate;
    Lane<int, 1, Full::wait> lane;
    LinkFigures figures;

    NobodyTakes() { gate.joints.at[0] = {.lane = &lane, .peer = nullptr, .figures = &figures}; }
    void caller() {
        (void)gate.push_or_wait(0);
        weave::expect(gate.push_or_wait(1) == Push::closed, "a full gate takes nothing");
    }
    void closer() { gate.close(); }
};
const Played nobody_takes(
    {.structure = "input",
     .name = "who_waits_for_room_is_told_of_the_end",
     .invariants = "NO_LOST_WAKE SHUTDOWN_DRAINS",
     .options = {.spurious = 0},
     .explore = play<NobodyTakes, &NobodyTakes::caller, &NobodyTakes::closer>});

// ---- Inbox ----

template <std::size_t slots, std::size_t segments>
struct Prepared {
    static constexpr std::uint64_t before_wrap = (std::uint64_t{1} << 48) - 1;
    using Store = OneInbox<int, slots, segments>;

    sync::World world;
    GraceFigures figures;
    GraceThread grace{figures};
    Store store{grace.word, before_wrap};
    decltype(Store::inbox)& inbox = store.inbox;
    std::array<sync::RcuReader, 2> readers;
    weave::atomic<unsigned> busy{0};
    int given = 0;

    Prepared() { grace.add(grace_source(store)); }

    Submit put() {
        return store.put([&](int& item) noexcept { item = given++; });
    }
    // Takes one item, if there is one.
    bool take(std::size_t reader) {
        readers[reader].online();
        const Claim claim = inbox.claim(1, 1);
        readers[reader].offline();
        if (claim.count == 0) return false;
        (void)inbox.item(claim, 0);
        inbox.taken(claim);
        return true;
    }
    void leave() {
        if (busy.fetch_sub(1, acq_rel) == 1) grace.stop();
    }
    void collector() { GraceThread::enter(&grace); }
};

// Two takers look for one item, while an older segment cools: neither segment is granted again
// under the eyes of a taker that is late.
struct LateTaker : Prepared<1, 2> {
    LateTaker() {
        (void)put();
        (void)put();
        (void)take(0);
        busy.store(2, relaxed);
    }
    void taker() {
        (void)take(weave::this_thread());
        leave();
    }
};
const Played late_taker(
    {.structure = "inbox",
     .name = "no_segment_is_granted_under_a_takers_eyes",
     .invariants = "GRACE",
     .options = {.stale_reads = 1, .spurious = 0},
     .explore = play<LateTaker, &LateTaker::taker, &LateTaker::taker, &LateTaker::collector>});

// Of an opening and a retirement the second one wakes the collector, without any refusal.
struct RunningLow : Prepared<1, 4> {
    RunningLow() { (void)put(); }
    void producer() { weave::expect(put() == Submit::accepted, "there is room"); }
    void taker() { weave::expect(take(0), "there is an item"); }
    void watcher() {
        while (store.stock.recycled() == 0) weave::relax();
        grace.stop();
    }
};
const Played running_low({.structure = "inbox",
                          .name = "the_collector_is_woken_when_segments_run_low",
                          .invariants = "NO_LOST_WAKE",
                          .options = {.stale_reads = 2, .spurious = 0},
                          .explore = play<RunningLow, &RunningLow::producer, &RunningLow::taker,
                                          &RunningLow::watcher, &RunningLow::collector>});

// A taker that stops for ever between retiring and waking: who is refused wakes in its place.
struct StoppedTaker : Prepared<1, 2> {
    StoppedTaker() {
        (void)put();
        (void)put();
    }
    void taker() {
        readers[0].online();
        const Claim claim = inbox.claim(1, 1);
        readers[0].offline();
        (void)inbox.item(claim, 0);
        (void)store.stock.taken(claim.segment, claim.count);
    }
    void producer() {
        while (put() != Submit::accepted) weave::relax();
        grace.stop();
    }
};
const Played stopped_taker({.structure = "inbox",
                            .name = "who_is_refused_wakes_the_collector_too",
                            .invariants = "NO_LOST_WAKE",
                            .options = {.stale_reads = 1, .spurious = 0},
                            .explore = play<StoppedTaker, &StoppedTaker::taker,
                                            &StoppedTaker::producer, &StoppedTaker::collector>});

// A segment cools all the time, until it is granted.
struct ToldItCools : Prepared<1, 2> {
    ToldItCools() {
        (void)put();
        (void)put();
        (void)take(0);
    }
    void producer() {
        for (;;) {
            const Submit answer = put();
            if (answer == Submit::accepted) break;
            weave::expect(answer == Submit::full_cooling, "what comes back is announced");
            weave::relax();
        }
        grace.stop();
    }
};
const Played told_it_cools(
    {.structure = "inbox",
     .name = "full_is_not_said_while_a_segment_cools",
     .invariants = "NO_FALSE_FULL",
     .options = {.stale_reads = 2, .spurious = 0},
     .explore = play<ToldItCools, &ToldItCools::producer, &ToldItCools::collector>});

struct ClosedMeanwhile : Prepared<2, 2> {
    int accepted = 0, taken = 0;

    void producer() {
        for (int i = 0; i < 2; ++i) {
            const Submit answer = put();
            weave::expect(answer == Submit::accepted || answer == Submit::closed,
                          "there is room until the end");
            if (answer == Submit::accepted) ++accepted;
        }
    }
    void closer() { inbox.close(); }
    void taker() {
        for (;;) {
            if (take(0))
                ++taken;
            else if (inbox.drained())
                return;
            else
                weave::relax();
        }
    }
    void finish() const { weave::expect(accepted == taken, "what was accepted is taken"); }
};
const Played closed_meanwhile({.structure = "inbox",
                               .name = "what_was_accepted_before_the_end_is_taken",
                               .invariants = "SHUTDOWN_DRAINS",
                               .options = {.stale_reads = 1, .spurious = 0},
                               .explore = play<ClosedMeanwhile, &ClosedMeanwhile::producer,
                                               &ClosedMeanwhile::closer, &ClosedMeanwhile::taker>});

// ---- SegmentStock ----

// The two slots of one segment are taken by two threads; one of them retires it.
template <std::size_t slots, std::size_t retirements>
struct TwoTake : Prepared<slots, 2> {
    using Base = Prepared<slots, 2>;
    TwoTake() {
        (void)this->put();
        (void)this->put();
    }
    void taker() {
        while (!this->take(weave::this_thread())) weave::relax();
    }
    void finish() {
        weave::expect(this->store.stock_words.cooling() == retirements,
                      "every retirement is counted");
        weave::expect(this->store.stock_words.cooling_high.newest() == retirements,
                      "and so is the high water");
        weave::expect(this->store.grant(this->store.collect()) == retirements,
                      "no segment is lost");
    }
};
using OneSegment = TwoTake<2, 1>;
const Played one_segment({.structure = "inbox",
                          .name = "the_last_of_two_takers_retires_the_segment",
                          .invariants = "SEG_STATE",
                          .options = {.stale_reads = 1},
                          .explore = play<OneSegment, &OneSegment::taker, &OneSegment::taker>});
using TwoSegments = TwoTake<1, 2>;
const Played two_segments({.structure = "inbox",
                           .name = "two_segments_are_retired_at_once",
                           .invariants = "SEG_STATE",
                           .options = {.stale_reads = 1},
                           .explore = play<TwoSegments, &TwoSegments::taker, &TwoSegments::taker>});

struct CollectedMeanwhile : Prepared<1, 2> {
    std::size_t granted = 0;

    CollectedMeanwhile() {
        (void)put();
        (void)put();
        (void)take(0);
    }
    void taker() { weave::expect(take(1), "there is an item"); }
    void granter() { granted = store.grant(store.collect()); }
    void finish() {
        granted += store.grant(store.collect());
        weave::expect(granted == 2, "no segment is lost");
    }
};
const Played collected_meanwhile({.structure = "inbox",
                                  .name = "a_segment_is_retired_while_others_are_collected",
                                  .invariants = "SEG_STATE",
                                  .options = {.stale_reads = 1},
                                  .explore = play<CollectedMeanwhile, &CollectedMeanwhile::taker,
                                                  &CollectedMeanwhile::granter>});

// One thread goes round and round.
struct Rounds : Prepared<2, 2> {
    void everybody() {
        for (int round = 0; round < 4; ++round) {
            for (int i = 0; i < 2; ++i) weave::expect(put() == Submit::accepted, "there is room");
            weave::expect(take(0) && !store.stock.has_retired(),
                          "a segment stays while it has items");
            weave::expect(take(0) && store.stock.has_retired(), "and goes with the last one");
            weave::expect(store.grant(store.collect()) == 1, "and comes back");
        }
    }
};
const Played rounds({.structure = "inbox",
                     .name = "a_segment_stays_while_it_has_items_every_time",
                     .invariants = "SEG_STATE",
                     .options = {.preemptions = 0},
                     .explore = play<Rounds, &Rounds::everybody>});

}  // namespace
}  // namespace stator::test
