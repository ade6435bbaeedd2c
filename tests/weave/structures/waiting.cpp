// tests/weave/structures/waiting.cpp - the wait and wake of threads: WaitWord, IdleWorkers,
// LastStage, Guests, ObjectPool and InputGate.
#include <array>
#include <cstdint>

#include <stator/core/guests.hpp>
#include <stator/core/idle.hpp>
#include <stator/core/input.hpp>
#include <stator/core/last_stage.hpp>
#include <stator/core/object_pool.hpp>
#include <stator/core/wait_word.hpp>

#include "cases.hpp"

namespace stator::test {
namespace {

using enum std::memory_order;

// Three things are made by two threads; the sleeper waits for all of them.
struct OneSleeper {
    static constexpr unsigned things = 3;
    WaitWord word;
    weave::atomic<unsigned> made{0};
    unsigned naps = 0;

    void make() {
        (void)made.fetch_add(1, relaxed);  // the notification carries it
        word.notify();
    }
    void make_two() {
        make();
        make();
    }
    void sleeper() {
        while (made.load(relaxed) < things) {  // as above
            word.announce();
            if (made.load(relaxed) < things) {
                word.sleep();
                ++naps;
            } else {
                word.retract();
            }
        }
    }
};
const Played one_sleeper(
    {.structure = "wait_word",
     .name = "no_notification_is_lost",
     .invariants = "NO_LOST_WAKE",
     .options = {},
     .explore = play<OneSleeper, &OneSleeper::make, &OneSleeper::make_two, &OneSleeper::sleeper>});

// What was published before notify is seen after sleep, though it is plain memory.
struct Published {
    WaitWord word;
    weave::plain<int> item{0};
    weave::atomic<bool> there{false};
    void producer() {
        weave::write(item) = 1;
        there.store(true, relaxed);  // the notification carries both
        word.notify();
    }
    void sleeper() {
        word.announce();
        if (there.load(relaxed)) return;  // by W1 it must be, where the notification came first
        word.sleep();
        weave::expect(weave::read(item) == 1, "what came before the notification is seen");
    }
};
const Played published({.structure = "wait_word",
                        .name = "what_was_published_before_notify_is_seen_after_sleep",
                        .invariants = "NO_LOST_WAKE",
                        .options = {.spurious = 0},
                        .explore = play<Published, &Published::producer, &Published::sleeper>});

// Work is a number, which both sides change: only that and the idle word keep wake-ups.
template <unsigned items>
struct Idle {
    std::array<WaitWord, 2> words;
    IdleWorkers idle;
    weave::atomic<unsigned> work{0}, done{0};

    Idle() {
        for (WaitWord& word : words) (void)idle.join(word);
    }
    bool take() {
        unsigned left = work.load(relaxed);  // a guess; look decides
        while (left > 0)
            if (work.compare_exchange_weak(left, left - 1, acq_rel, relaxed)) return true;
        return false;
    }
    bool look() { return work.fetch_add(0, acq_rel) > 0; }
    void submit() {
        (void)work.fetch_add(1, acq_rel);
        (void)idle.wake(1, {}, WokenBy::outside);
    }
    void producer() {
        for (unsigned i = 0; i < items; ++i) submit();
    }
    void worker() {
        const unsigned me = weave::this_thread();
        for (;;) {
            if (take()) {
                if (done.fetch_add(1, acq_rel) + 1 == items) idle.wake_all();  // the end
                continue;
            }
            if (done.load(acquire) == items) return;
            words[me].announce();
            idle.announce(me);
            if (!look() && done.load(acquire) < items)
                words[me].sleep();
            else
                words[me].retract();
            if (idle.retract(me) != WokenBy::nobody && look())  // chosen: passes on
                (void)idle.wake(1, {}, WokenBy::worker);
        }
    }
    void finish() const { weave::expect(done.newest() == items, "all work is done"); }
};
const Played idle_workers(
    {.structure = "idle",
     .name = "no_wake_up_is_lost_between_two_workers_and_a_producer",
     .invariants = "NO_LOST_WAKE ONCE",
     .options = {.stale_reads = 2, .together = 2},
     .explore = play<Idle<2>, &Idle<2>::worker, &Idle<2>::worker, &Idle<2>::producer>});

struct Stages {
    LastStage ending;
    weave::atomic<int> closings{0};
    weave::plain<int> left_behind{0}, reason{0};

    Stages() { ending.begin(2); }
    void close() {
        weave::expect(closings.fetch_add(1, relaxed) == 0, "the pool is closed once");
        weave::expect(weave::read(left_behind) == 1 && weave::read(reason) == 1,
                      "who closes sees what all others did");
    }
    void first() {
        weave::write(left_behind) = 1;
        if (ending.stage_ended()) close();
    }
    void second() {
        if (ending.stage_ended()) close();
    }
    void stopper() {
        ending.wait_for_stages();
        weave::expect(weave::read(left_behind) == 1, "what stages did is seen after they ended");
    }
    void asker() {
        weave::write(reason) = 1;
        if (ending.ask()) close();
    }
    void finish() const { weave::expect(closings.newest() == 1, "the pool is closed in the end"); }
};
const Played stages(
    {.structure = "last_stage",
     .name = "the_last_stage_or_the_request_closes_the_pool_once",
     .invariants = "SHUTDOWN_DRAINS NO_LOST_WAKE",
     .options = {},
     .explore = play<Stages, &Stages::first, &Stages::second, &Stages::stopper, &Stages::asker>});

struct Visitors {
    Guests guests;
    weave::plain<int> objects{0};
    bool opened_late = false;

    void visitor() {
        if (!guests.enter()) return;
        weave::expect(weave::read(objects) == 1, "guests find the objects as they were made");
        guests.leave();
    }
    void owner() {
        weave::write(objects) = 1;
        guests.open();
        guests.close();
        weave::write(objects) = 2;  // nobody looks any more
    }
};
const Played visitors(
    {.structure = "guests",
     .name = "the_owner_goes_when_nobody_is_inside",
     .invariants = "SHUTDOWN_DRAINS",
     .options = {},
     .explore = play<Visitors, &Visitors::visitor, &Visitors::visitor, &Visitors::owner>});

// Three threads, two objects: each holder writes its object as its own.
struct Objects {
    struct Thing {
        weave::plain<unsigned> owner{99};
    };
    ObjectPool<Thing, 2> pool;
    unsigned taken = 0;

    void use(Thing& thing) {
        weave::write(thing.owner) = weave::this_thread();
        weave::expect(weave::read(thing.owner) == weave::this_thread(), "an object has one owner");
        pool.give(&thing);
    }
    void polite() {
        if (Thing* thing = pool.take(); thing != nullptr) use(*thing);
    }
    void patient() { use(pool.take_or_wait()); }
    void greedy() {
        Thing* first = pool.take();
        Thing* second = pool.take();
        if (second != nullptr) use(*second);
        if (first != nullptr) use(*first);
    }
    void finish() {
        Thing* first = pool.take();
        Thing* second = pool.take();
        weave::expect(first != nullptr && second != nullptr && first != second,
                      "no object is lost");
        weave::expect(pool.take() == nullptr, "no object is there twice");
    }
};
const Played objects(
    {.structure = "object_pool",
     .name = "an_object_has_one_owner_and_none_is_lost",
     .invariants = "ONCE NO_LOST_WAKE",
     .options = {.stale_reads = 2},
     .explore = play<Objects, &Objects::polite, &Objects::patient, &Objects::greedy>});

// A caller pushes, another thread closes, a worker takes.
struct Gate {
    InputGate<int, 1> gate;
    Lane<int, 1, Full::wait> lane;
    LinkFigures figures;
    WaitWord worker_word;
    int accepted = 0, taken = 0;

    Gate() { gate.joints.at[0] = {.lane = &lane, .peer = &worker_word, .figures = &figures}; }
    void caller() {
        for (int i = 0; i < 2; ++i) {
            const Push answer = gate.push_or_wait(i);
            weave::expect(answer != Push::full, "who waits is not told full");
            if (answer == Push::closed) return;
            ++accepted;
        }
    }
    void closer() { gate.close(); }
    void worker() {
        for (;;) {
            const bool closed = lane.closed();
            if (const auto* slot = lane.front(); slot != nullptr) {
                weave::expect(slot->item == taken++, "items come in order");
                lane.pop();
                gate.word.notify();
                continue;
            }
            if (closed) return;
            worker_word.announce();
            if (lane.front() == nullptr && !lane.closed())
                worker_word.sleep();
            else
                worker_word.retract();
        }
    }
    void finish() const { weave::expect(accepted == taken, "what was accepted is handled"); }
};
const Played gate({.structure = "input",
                   .name = "a_stop_between_two_pushes_loses_nothing",
                   .invariants = "SHUTDOWN_DRAINS ONCE NO_LOST_WAKE",
                   .options = {.stale_reads = 1, .spurious = 0},
                   .explore = play<Gate, &Gate::caller, &Gate::closer, &Gate::worker>});

}  // namespace
}  // namespace stator::test
