// tests/weave/structures/idle_cases.cpp - who sleeps, who searches and who is woken: IdleWorkers
// and Waking with places of work that are one word each; and Finish.
//
// Workers here follow the rules of core/task_taker.hpp, with nothing but the hand-shake inside, so
// that whatever is lost is lost by the words themselves.
#include <array>
#include <cstdint>
#include <utility>

#include <stator/core/finish.hpp>
#include <stator/core/idle.hpp>
#include <stator/core/wait_word.hpp>
#include <stator/core/waking.hpp>

#include "cases.hpp"

namespace stator::test {
namespace {

using enum std::memory_order;

// Tasks that are a number: an intake or a ring.
class Place {
public:
    void put(unsigned n) { (void)tasks_.fetch_add(n, acq_rel); }  // the word that both sides change
    [[nodiscard]] bool take() {
        unsigned left = tasks_.load(relaxed);  // a guess; look decides
        while (left > 0)
            if (tasks_.compare_exchange_weak(left, left - 1, acq_rel, relaxed)) return true;
        return false;
    }
    [[nodiscard]] bool look() { return tasks_.fetch_add(0, acq_rel) > 0; }

private:
    weave::atomic<unsigned> tasks_{0};
};

// `workers` of one node, the node's intake and one ring, whose owner is another thread.
template <unsigned workers>
struct Sleepers {
    std::array<WaitWord, workers> words;
    IdleWorkers idle;
    Place intake, ring;
    weave::plain<unsigned> chair{
        99};  // whoever searches sits here, where nothing but that is played
    std::array<bool, workers> owes{}, comes{};  // each worker's own
    unsigned times_woken = 0;

    Sleepers() {
        for (WaitWord& word : words) (void)idle.join(word);
    }
    // As whoever has nothing to do.
    void announce(unsigned me) {
        words[me].announce();
        idle.announce(me);
        end_search(me);
    }
    void end_search(unsigned me) { idle.end_search(me, std::exchange(comes[me], false)); }
    [[nodiscard]] bool look() {
        const bool outside = intake.look();
        return ring.look() || outside;
    }
    WokenBy retract(unsigned me) {
        const WokenBy by = idle.retract(me);
        if (by != WokenBy::nobody) comes[me] = owes[me] = true;
        return by;
    }
    // The same, and it has had its look.
    WokenBy come(unsigned me) {
        const WokenBy by = retract(me);
        end_search(me);
        return by;
    }
    void nap(unsigned me) {
        nap(me, [this] { return look(); });
    }
    template <typename Look>
    void nap(unsigned me, Look&& look_again) {
        announce(me);
        if (look_again()) {
            words[me].retract();
            weave::relax();  // as a worker on a shared cpu
        } else {
            words[me].sleep();
        }
        (void)retract(me);
    }
    [[nodiscard]] bool next(unsigned me) {
        if (intake.take()) return found(me);
        if (!idle.search(me)) return false;
        owes[me] = true;
        return ring.take() && found(me);
    }
    bool found(unsigned me) {
        if (owes[me]) {
            owes[me] = false;
            end_search(me);
            if (idle.sleepers() != 0 && !idle.somebody_comes() && look())
                (void)idle.wake_searcher({});
        }
        return true;
    }
    // Works until it has had one task.
    void take_one(unsigned me) {
        while (!next(me)) nap(me);
    }
    void step() const {
        weave::expect(idle.seekers(workers, false) <= workers + 1, "no more come than there are");
    }
    void finish() const {
        weave::expect(!idle.somebody_comes(), "whoever was chosen has come");
        weave::expect(idle.seekers(workers, false) == 0, "nobody searches any more");
        weave::expect(idle.sleepers() == 0, "nobody sleeps any more");
    }
};

// ---- Who is chosen ----

// All sleep; two threads wake them, three in all.
struct ManyWakes : Sleepers<3> {
    weave::atomic<unsigned> chosen{0};

    ManyWakes() {
        for (unsigned i = 0; i < 3; ++i) announce(i);
    }
    void worker() {
        const unsigned me = weave::this_thread();
        words[me].sleep();
        const WokenBy by = come(me);
        weave::expect(by == WokenBy::outside || by == WokenBy::timer, "who was chosen knows why");
    }
    void wakes_two() {
        (void)chosen.fetch_add(static_cast<unsigned>(idle.wake(2, {}, WokenBy::outside)), relaxed);
    }
    void wakes_one() {
        (void)chosen.fetch_add(static_cast<unsigned>(idle.wake(1, {}, WokenBy::timer)), relaxed);
    }
    void finish() const {
        Sleepers::finish();
        weave::expect(chosen.newest() == 3, "three tasks for three sleepers are three wakes");
    }
};
const Played many_wakes(
    {.structure = "idle",
     .name = "so_many_tasks_wake_so_many_different_sleepers",
     .invariants = "NO_LOST_WAKE COUNT_SANE",
     .options = {.stale_reads = 1, .spurious = 0, .together = 2},
     .explore = play<ManyWakes, &ManyWakes::worker, &ManyWakes::worker, &ManyWakes::worker,
                     &ManyWakes::wakes_two, &ManyWakes::wakes_one>});

// The nearest of the sleepers is chosen, and nobody who is awake.
struct Nearest : Sleepers<3> {
    Nearest() {
        for (unsigned i = 0; i < 3; ++i) announce(i);
    }
    void waker() {
        weave::expect(idle.wake(1, {.core = 4, .cache = 6}, WokenBy::outside) == 1, "all sleep");
        weave::expect(idle.sleepers() == 3, "the worker of the same core is woken");
        weave::expect(idle.wake(1, {.core = 4, .cache = 6}, WokenBy::outside) == 1, "two sleep");
        weave::expect(idle.sleepers() == 1, "then one of the same cache");
        weave::expect(idle.wake(2, {.core = 4, .cache = 6}, WokenBy::outside) == 1, "one sleeps");
        weave::expect(idle.wake(1, {}, WokenBy::outside) == 0, "and nobody any more");
        for (unsigned i = 0; i < 3; ++i)
            weave::expect(come(i) == WokenBy::outside, "all were chosen");
    }
};
const Played nearest_sleeper({.structure = "idle",
                              .name = "the_nearest_sleeper_is_chosen",
                              .invariants = "NO_LOST_WAKE",
                              .options = {},
                              .explore = play<Nearest, &Nearest::waker>});

// One is woken as the searcher, and no other one while it searches.
struct Appointed : Sleepers<3> {
    Appointed() {
        for (unsigned i = 0; i < 3; ++i) announce(i);
    }
    void spawner() {
        weave::expect(idle.wants_a_searcher() && idle.wake_searcher({}), "one is woken to search");
        weave::expect(!idle.wants_a_searcher() && !idle.wake_searcher({}), "and no other one");
        weave::expect(idle.somebody_comes() && idle.seekers(1, false) == 2,
                      "it comes, and searches");
        weave::expect(retract(0) == WokenBy::worker && idle.search(0), "it knows that it searches");
        end_search(0);
        weave::expect(idle.wants_a_searcher() && idle.wake_searcher({}), "then the next one");
        (void)idle.wake(1, {}, WokenBy::outside);
        weave::expect(idle.sleepers() == 4, "a task from outside is left to the one who searches");
        (void)idle.wake(1, {}, WokenBy::outside);
        weave::expect(idle.sleepers() == 0, "and a second one is not");
        weave::expect(come(1) == WokenBy::worker && come(2) == WokenBy::outside,
                      "all know why they come");
    }
};
const Played appointed({.structure = "idle",
                        .name = "one_sleeper_is_woken_to_search",
                        .invariants = "NO_LOST_WAKE COUNT_SANE",
                        .options = {},
                        .explore = play<Appointed, &Appointed::spawner>});

// A worker changes its mind while another thread wakes it: both know whether it was chosen.
struct Undecided : Sleepers<1> {
    std::size_t chosen = 0;
    bool came = false;

    Undecided() { announce(0); }
    void worker() { came = come(0) == WokenBy::worker; }
    void waker() { chosen = idle.wake(1, {}, WokenBy::worker); }
    void finish() const {
        Sleepers::finish();
        weave::expect(came == (chosen == 1), "a worker that is awake is not chosen");
    }
};
const Played undecided({.structure = "idle",
                        .name = "who_wakes_up_by_itself_is_not_chosen",
                        .invariants = "NO_LOST_WAKE COUNT_SANE",
                        .options = {},
                        .explore = play<Undecided, &Undecided::worker, &Undecided::waker>});

// ---- No wake-up is lost ----

// As many tasks as workers, which none of them takes twice: each task needs a worker of its own, as
// it may wait for the others. All workers sleep when the first task comes.
template <unsigned tasks, bool in_the_ring>
struct EachNeedsOne : Sleepers<tasks> {
    using Sleepers<tasks>::idle;

    void worker() { this->take_one(weave::this_thread()); }
    void put(unsigned n) {
        if constexpr (in_the_ring) {
            this->ring.put(n);
            if (idle.wants_a_searcher()) (void)idle.wake_searcher({});
        } else {
            this->intake.put(n);
            if (idle.is_anybody_there()) (void)idle.wake(n, {}, WokenBy::outside);
        }
    }
    void puts_all() { put(tasks); }
    void puts_one_by_one() {
        for (unsigned i = 0; i < tasks; ++i) put(1);
    }
};
using TwoFromOutside = EachNeedsOne<2, false>;
const Played two_from_outside(
    {.structure = "idle",
     .name = "two_tasks_from_outside_get_two_workers",
     .invariants = "NO_LOST_WAKE STEAL_LIVENESS COUNT_SANE",
     .options = {.stale_reads = 2, .spurious = 0, .together = 2},
     .explore = play<TwoFromOutside, &TwoFromOutside::worker, &TwoFromOutside::worker,
                     &TwoFromOutside::puts_one_by_one>});
using TwoInARing = EachNeedsOne<2, true>;
const Played two_in_a_ring({.structure = "idle",
                            .name = "two_spawned_tasks_get_two_workers",
                            .invariants = "NO_LOST_WAKE STEAL_LIVENESS COUNT_SANE",
                            .options = {.stale_reads = 2, .spurious = 0, .together = 2},
                            .explore = play<TwoInARing, &TwoInARing::worker, &TwoInARing::worker,
                                            &TwoInARing::puts_one_by_one>});
using ThreeFromOutside = EachNeedsOne<3, false>;
const Played three_from_outside(
    {.structure = "idle",
     .name = "three_tasks_from_outside_get_three_workers",
     .invariants = "NO_LOST_WAKE STEAL_LIVENESS COUNT_SANE",
     .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0, .together = 1},
     .explore = play<ThreeFromOutside, &ThreeFromOutside::worker, &ThreeFromOutside::worker,
                     &ThreeFromOutside::worker, &ThreeFromOutside::puts_all>});
using ThreeInARing = EachNeedsOne<3, true>;
const Played three_in_a_ring(
    {.structure = "idle",
     .name = "three_spawned_tasks_get_three_workers",
     .invariants = "NO_LOST_WAKE STEAL_LIVENESS COUNT_SANE",
     .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0, .together = 1},
     .explore = play<ThreeInARing, &ThreeInARing::worker, &ThreeInARing::worker,
                     &ThreeInARing::worker, &ThreeInARing::puts_all>});

// One task from outside and one in a ring, while one worker searches: the first is left to it.
struct BothKinds : Sleepers<2> {
    void worker() { take_one(weave::this_thread()); }
    void outside() {
        intake.put(1);
        if (idle.is_anybody_there()) (void)idle.wake(1, {}, WokenBy::outside);
    }
    void spawner() {
        ring.put(1);
        if (idle.wants_a_searcher()) (void)idle.wake_searcher({});
    }
};
const Played both_kinds({.structure = "idle",
                         .name = "what_is_left_to_the_searcher_is_not_lost",
                         .invariants = "NO_LOST_WAKE STEAL_LIVENESS COUNT_SANE",
                         .options = {.stale_reads = 2, .spurious = 0, .together = 2},
                         .explore = play<BothKinds, &BothKinds::worker, &BothKinds::worker,
                                         &BothKinds::outside, &BothKinds::spawner>});

// ---- The searcher ----

// Where nobody wakes for tasks from outside, one worker searches at a time.
struct OneSearches : Sleepers<2> {
    void worker() {
        const unsigned me = weave::this_thread();
        for (int i = 0; i < 2; ++i) {
            if (!idle.search(me)) continue;
            weave::write(chair) = me;
            weave::expect(idle.search(me), "who searches may go on");
            weave::expect(!idle.wants_a_searcher(), "and is known to");
            weave::expect(weave::read(chair) == me, "one searches at a time");
            end_search(me);
        }
    }
    // It is woken as the searcher.
    void sleeper() {
        const unsigned me = weave::this_thread();
        announce(me);
        words[me].sleep();
        weave::expect(retract(me) == WokenBy::worker, "it was chosen");
        // Else it had given the part back while it announced.
        if (idle.search(me)) weave::write(chair) = me;
        end_search(me);
    }
    void spawner() {
        while (idle.sleepers() == 0) weave::relax();
        while (!idle.wake_searcher({})) weave::relax();  // in vain while another one searches
    }
};
const Played one_searches({.structure = "idle",
                           .name = "one_worker_searches_at_a_time",
                           .invariants = "ONCE",
                           .options = {.stale_reads = 2, .spurious = 0},
                           .explore = play<OneSearches, &OneSearches::worker, &OneSearches::sleeper,
                                           &OneSearches::spawner>});

// ---- Waking: wake-ups that wait ----

// A node whose workers are woken for many tasks or old ones. `tasks` are put one by one; each
// worker takes tasks as long as there are some. All are taken, whether or not the timer runs off.
template <unsigned workers, std::uint32_t threshold>
struct Late : Sleepers<workers> {
    using Sleepers<workers>::idle;
    using Sleepers<workers>::intake;
    sync::OneShotTimer timer;
    Waking waking{idle, threshold, 1};
    weave::atomic<unsigned> left{0};

    Late() { waking.use(timer); }
    void put(unsigned n) {
        intake.put(n);
        (void)waking.tell(
            n, [] { return Near{}; }, WokenBy::outside);
    }
    // One that is busy with a single task never looks again.
    void take_one() {
        const unsigned me = weave::this_thread();
        while (!next(me)) this->nap(me);
    }
    bool next(unsigned me) {
        if (intake.take()) return found(me);
        if (idle.search(me)) {
            this->owes[me] = true;
            if (this->ring.take()) return found(me);
        }
        if (waking.nothing_waits())
            this->owes[me] = true;  // the rest of what waited is ours to tell
        return false;
    }
    bool found(unsigned me) {
        if (this->owes[me]) {
            this->owes[me] = false;
            this->end_search(me);
            if (idle.sleepers() != 0 && !idle.somebody_comes() && this->look())
                waking.tell_of_one({});
        }
        return true;
    }
};

// Nobody hears the timer: the workers take everything before they sleep for good.
struct NoTimer : Late<2, 3> {
    using Sleepers<2>::nap;
    static constexpr unsigned tasks = 2;
    weave::atomic<unsigned> done{0};

    void worker() {
        const unsigned me = weave::this_thread();
        while (done.load(acquire) < tasks) {
            if (next(me)) {
                if (done.fetch_add(1, acq_rel) + 1 == tasks) idle.wake_all();
                continue;
            }
            nap(me, [&] { return look() || done.load(acquire) == tasks; });
        }
        end_search(me);
    }
    void producer() {
        for (unsigned i = 0; i < tasks; ++i) put(1);
    }
};
const Played no_timer(
    {.structure = "waking",
     .name = "workers_that_go_idle_take_what_waits_for_a_wake_up",
     .invariants = "NO_LOST_WAKE",
     .options = {.stale_reads = 1, .spurious = 0, .together = 2},
     .explore = play<NoTimer, &NoTimer::worker, &NoTimer::worker, &NoTimer::producer>});

// Every worker has one task and is busy then: for the others it needs the timer, or so many tasks.
template <unsigned workers, std::uint32_t threshold, bool in_the_ring = false>
struct Timed : Late<workers, threshold> {
    weave::atomic<unsigned> busy{0};

    void worker() {
        this->take_one();
        (void)busy.fetch_add(1, acq_rel);
    }
    void producer() {
        for (unsigned i = 0; i < workers; ++i) {
            if constexpr (in_the_ring) {
                this->ring.put(1);
                this->waking.tell_of_one({});
            } else {
                this->put(1);
            }
        }
    }
    void two_and_one() {
        this->put(2);
        this->put(1);
    }
    // Runs off once for each start, at any time after it.
    void clock() {
        while (busy.load(acquire) < workers) {
            if (this->timer.has_run_off()) this->waking.due();
            weave::relax();
        }
    }
};
using TwoTimed = Timed<2, 3>;
const Played two_timed({.structure = "waking",
                        .name = "what_waits_for_a_wake_up_gets_it_from_the_timer",
                        .invariants = "NO_LOST_WAKE STEAL_LIVENESS",
                        .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0},
                        .explore = play<TwoTimed, &TwoTimed::worker, &TwoTimed::worker,
                                        &TwoTimed::producer, &TwoTimed::clock>});
using TwoRingTimed = Timed<2, 3, true>;
const Played two_ring_timed(
    {.structure = "waking",
     .name = "a_spawned_task_that_waits_for_a_wake_up_gets_it_from_the_timer",
     .invariants = "NO_LOST_WAKE STEAL_LIVENESS",
     .options = {.preemptions = 1, .stale_reads = 1, .spurious = 0},
     .explore = play<TwoRingTimed, &TwoRingTimed::worker, &TwoRingTimed::worker,
                     &TwoRingTimed::producer, &TwoRingTimed::clock>});
using ThreeTimed = Timed<3, 2>;
const Played three_timed(
    {.structure = "waking",
     .name = "enough_tasks_wake_workers_before_the_timer",
     .invariants = "NO_LOST_WAKE STEAL_LIVENESS",
     .options = {.preemptions = 0, .stale_reads = 1, .spurious = 0},
     .explore = play<ThreeTimed, &ThreeTimed::worker, &ThreeTimed::worker, &ThreeTimed::worker,
                     &ThreeTimed::two_and_one, &ThreeTimed::clock>});

// The second time that wake-ups wait: the timer runs off again. Workers 0 and 1 sleep all the time;
// what is asked is only that each wake-up comes.
struct TimerAgain : Sleepers<2> {
    sync::OneShotTimer timer;
    Waking waking{idle, 5, 1};
    weave::atomic<unsigned> told{0};

    TimerAgain() {
        waking.use(timer);
        announce(0);  // number 1 is awake all the time
    }
    void sleeper() {
        for (int i = 0; i < 2; ++i) {
            words[0].sleep();
            weave::expect(retract(0) == WokenBy::timer, "it is the timer that wakes");
            announce(0);
            (void)told.fetch_add(1, acq_rel);
        }
        (void)come(0);
    }
    void producer() {
        for (unsigned i = 0; i < 2; ++i) {
            (void)waking.tell(
                1, [] { return Near{}; }, WokenBy::outside);
            while (told.load(acquire) == i) weave::relax();
        }
    }
    void clock() {
        while (told.load(acquire) < 2) {
            if (timer.has_run_off()) waking.due();
            weave::relax();
        }
    }
};
const Played timer_again(
    {.structure = "waking",
     .name = "the_timer_runs_off_as_often_as_wake_ups_wait",
     .invariants = "NO_LOST_WAKE",
     .options = {.stale_reads = 1, .spurious = 0},
     .explore = play<TimerAgain, &TimerAgain::sleeper, &TimerAgain::producer, &TimerAgain::clock>});

// The same by two producers who know nothing of each other: the second one finds no task waiting as
// the timer has just run off, and starts it again.
struct TimerRaces : Sleepers<3> {
    sync::OneShotTimer timer;
    Waking waking{idle, 5, 1};
    weave::atomic<unsigned> woken{0};

    TimerRaces() {
        waking.use(timer);
        announce(0);
        announce(1);  // number 2 is awake all the time
    }
    void sleeper() {
        const unsigned me = weave::this_thread();
        words[me].sleep();
        weave::expect(come(me) == WokenBy::timer, "it is the timer that wakes");
        (void)woken.fetch_add(1, acq_rel);
    }
    void producer() {
        (void)waking.tell(
            1, [] { return Near{}; }, WokenBy::outside);
    }
    void clock() {
        while (woken.load(acquire) < 2) {
            if (timer.has_run_off()) waking.due();
            weave::relax();
        }
    }
};
const Played timer_races(
    {.structure = "waking",
     .name = "a_wake_up_that_waits_just_when_the_timer_runs_off_is_not_lost",
     .invariants = "NO_LOST_WAKE",
     .options = {.stale_reads = 1, .spurious = 0, .together = 2},
     .explore = play<TimerRaces, &TimerRaces::sleeper, &TimerRaces::sleeper, &TimerRaces::producer,
                     &TimerRaces::producer, &TimerRaces::clock>});

// ---- Finish ----

struct Ends {
    Finish end;
    weave::plain<int> left_behind{0}, threads{2};
    weave::atomic<int> joins{0}, worked{0};

    Ends() { end.begin(2); }
    void starter() {
        weave::write(threads) = 2;
        end.started();
    }
    void first() {
        weave::write(left_behind) = 1;
        (void)worked.fetch_add(1, relaxed);  // F1 carries it
        end.worker_ended();
    }
    void second() {
        (void)worked.fetch_add(1, relaxed);  // as above
        end.worker_ended();
    }
    void join() {
        weave::expect(worked.load(relaxed) == 2, "all have ended");
        weave::expect(weave::read(left_behind) == 1, "what they did is seen");
        end.join([&] {
            weave::expect(joins.fetch_add(1, relaxed) == 0, "one caller joins");
            weave::expect(weave::read(threads) == 2, "threads that have been started");
            weave::write(threads) = 0;
        });
        weave::expect(weave::read(threads) == 0, "and who returns finds them gone");
        weave::expect(end.is_joined(), "which is known");
    }
    void caller() {
        weave::expect(end.wait(Finish::for_ever), "who waits for ever is told the end");
        join();
    }
    // Its time may be over.
    void hasty() {
        if (end.wait(1)) join();
    }
};
const Played ends({.structure = "finish",
                   .name = "one_caller_joins_and_all_return",
                   .invariants = "SHUTDOWN_BOUNDED NO_LOST_WAKE ONCE",
                   .options = {.stale_reads = 2, .spurious = 0, .together = 2},
                   .explore = play<Ends, &Ends::first, &Ends::second, &Ends::starter, &Ends::caller,
                                   &Ends::caller>});
const Played hasty_ends({.structure = "finish",
                         .name = "a_deadline_passes_or_all_have_ended",
                         .invariants = "SHUTDOWN_BOUNDED NO_LOST_WAKE ONCE",
                         .options = {.stale_reads = 2, .spurious = 0, .together = 2},
                         .explore = play<Ends, &Ends::first, &Ends::second, &Ends::starter,
                                         &Ends::hasty, &Ends::caller>});

}  // namespace
}  // namespace stator::test
