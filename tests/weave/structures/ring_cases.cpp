// tests/weave/structures/ring_cases.cpp - the run ring: its owner against one and two thieves, from
// just before its positions wrap.
//
// What a model needs beforehand is done in its constructor, where nothing is a step.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include <stator/core/idle.hpp>
#include <stator/core/run_ring.hpp>
#include <stator/core/task.hpp>
#include <stator/core/wait_word.hpp>
#include <structures/cases.hpp>

namespace stator::test {
namespace {

using enum std::memory_order;

// A task that knows its number.
struct Numbered {
    unsigned number;
    void operator()() const {}
};
[[nodiscard]] unsigned number_of(const TaskBody& body) {
    return std::launder(reinterpret_cast<const Numbered*>(body.captures.data()))->number;
}

// A ring with `filled` tasks, of `tasks`; thread 0 is its owner. The second one has the position
// 2^32 - 1, or 0.
template <std::size_t cells, unsigned tasks, unsigned filled>
struct Ring {
    using RingT = RunRing<cells>;
    static constexpr std::uint32_t first = UINT32_MAX - 1;

    RingT ring{first};
    typename RingT::Owner owner{ring};
    std::array<unsigned, tasks> times{};                   // how often each has been had
    std::size_t there = 0;                                 // in the ring, as its word says
    std::array<std::size_t, weave::threads_max> stolen{};  // by a thread, so far, as its word says
    std::array<std::size_t, weave::threads_max> got{};     // as it has seen itself
    std::size_t most = cells;                              // of one steal

    Ring() {
        // Each cell has an old task, so that one which is read too early is known.
        TaskBody old;
        for (std::size_t i = 0; i < cells; ++i) weave::expect(push(tasks), "there is room");
        for (std::size_t i = 0; i < cells; ++i) weave::expect(owner.pop(old), "and a task");
        for (unsigned i = 0; i < filled; ++i) weave::expect(push(i), "there is room");
        there = filled;
    }

    static auto filling(unsigned number) {
        return [number](TaskBody& body) { body.put<"task">(Numbered{number}); };
    }
    [[nodiscard]] bool push(unsigned number) { return owner.push(filling(number)); }
    void had(const TaskBody& body) {
        const unsigned number = number_of(body);
        weave::expect(number < tasks, "a task is whole");
        weave::expect(++times[number] == 1, "a task is had once");
    }
    bool pop() {
        TaskBody body;
        if (!owner.pop(body)) return false;
        had(body);
        return true;
    }
    Steal steal() {
        std::size_t seen = 0;
        const Steal answer = typename RingT::Thief(ring).steal(most, [&](TaskBody& body) {
            TaskBody mine;
            mine.take(body);
            had(mine);
            ++seen;
        });
        got[weave::this_thread()] += seen;
        weave::expect((seen > 0) == (answer == Steal::taken), "taken is said of tasks");
        return answer;
    }

    // What the word says, after every step that others can see.
    void step() {
        const std::size_t now = owner.size();
        const unsigned me = weave::this_thread();
        weave::expect(now <= cells, "no more tasks than cells");
        if (now < there && me > 0) {
            const std::size_t half = std::min((there + 1) / 2, most);
            weave::expect(there - now == half, "a thief takes half of what is there, rounded up");
            stolen[me] += there - now;
        }
        there = now;
    }
    // The rest is taken out; `all` have been put in.
    void count(unsigned all) {
        weave::expect(got == stolen, "who has moved the head has all of these tasks");
        while (pop()) {
        }
        for (unsigned i = 0; i < all; ++i) weave::expect(times[i] == 1, "no task is lost");
    }
};

// ---- Every task once ----

struct Last : Ring<2, 3, 1> {
    void own() {
        (void)pop();
        for (unsigned i = 1; i < 3; ++i)
            while (!push(i))  // a thief is still inside the cell
                if (!pop()) weave::relax();
        (void)pop();
    }
    void thief() {
        for (int i = 0; i < 2; ++i) (void)steal();
    }
    void finish() { count(3); }
};
const Played last({.structure = "run_ring",
                   .name = "owner_and_thief_meet_at_the_last_task",
                   .invariants = "ONCE STEAL_HALF COUNT_SANE",
                   .options = {.stale_reads = 2},
                   .explore = play<Last, &Last::own, &Last::thief>});

struct TwoThieves : Ring<4, 5, 3> {
    void own() {
        (void)pop();
        for (unsigned i = 3; i < 5; ++i)
            while (!push(i)) weave::relax();
        (void)pop();
    }
    void thief() { (void)steal(); }
    void finish() { count(5); }
};
const Played two_thieves(
    {.structure = "run_ring",
     .name = "two_thieves_and_the_owner_have_each_task_once",
     .invariants = "ONCE STEAL_HALF COUNT_SANE",
     .options = {.stale_reads = 2},
     .explore = play<TwoThieves, &TwoThieves::own, &TwoThieves::thief, &TwoThieves::thief>});

// Round and round a ring of two cells.
struct Around : Ring<2, 6, 0> {
    weave::atomic<bool> done{false};
    void own() {
        for (unsigned i = 0; i < 6; ++i)
            while (!push(i)) {
                // The ring is full, or the thief is still inside: then it comes out.
                if (!pop()) weave::relax();
            }
        done.store(true, relaxed);  // ends a loop
    }
    void thief() {
        while (!done.load(relaxed))  // as above
            if (steal() == Steal::empty) weave::relax();
    }
    void finish() { count(6); }
};
const Played around({.structure = "run_ring",
                     .name = "tasks_go_round_a_ring_of_two_cells",
                     .invariants = "ONCE STEAL_HALF COUNT_SANE",
                     .options = {.stale_reads = 2},
                     .explore = play<Around, &Around::own, &Around::thief>});

// The owner has the newest task first, thieves have the oldest.
struct BothEnds : Ring<4, 4, 4> {
    unsigned oldest = 0, newest = 3;
    void own() {
        TaskBody body;
        for (int i = 0; i < 2; ++i) {
            if (!owner.pop(body)) return;
            weave::expect(number_of(body) == newest--, "the owner pops the newest task");
        }
    }
    void thief() {
        for (int i = 0; i < 2; ++i)
            (void)RingT::Thief(ring).steal(2, [&](TaskBody& body) {
                weave::expect(number_of(body) == oldest++, "a thief steals the oldest tasks");
            });
    }
    void step() const {}
    void finish() const { weave::expect(oldest <= newest + 1, "the ends do not cross"); }
};
const Played both_ends({.structure = "run_ring",
                        .name = "the_owner_has_the_newest_and_thieves_the_oldest",
                        .invariants = "ONCE",
                        .options = {},
                        .explore = play<BothEnds, &BothEnds::own, &BothEnds::thief>});

// ---- What a thief is told ----

// Four tasks, two thieves, one attempt each: no order makes a ring of these seem empty.
template <std::size_t at_most>
struct Answers : Ring<4, 4, 4> {
    std::array<Steal, 3> answers{};
    Answers() { most = at_most; }
    void owner_rests() {}
    void thief() { answers[weave::this_thread()] = steal(); }
    void finish() {
        const auto said = [&](Steal answer) {
            return std::count(answers.begin() + 1, answers.end(), answer);
        };
        weave::expect(said(Steal::empty) == 0, "a ring with tasks is not said to be empty");
        weave::expect(said(Steal::taken) >= 1, "who comes second has been passed by somebody");
        weave::expect(stolen[1] + stolen[2] <= 3 && stolen[1] <= most && stolen[2] <= most,
                      "two halves are three of four");
        count(4);
    }
};
using Halves = Answers<4>;
const Played halves(
    {.structure = "run_ring",
     .name = "of_two_thieves_one_has_half_and_the_other_half_of_the_rest",
     .invariants = "STEAL_HALF NO_FALSE_EMPTY ONCE",
     .options = {},
     .explore = play<Halves, &Halves::owner_rests, &Halves::thief, &Halves::thief>});
using Capped = Answers<1>;
const Played capped(
    {.structure = "run_ring",
     .name = "a_thief_takes_no_more_than_it_has_room_for",
     .invariants = "STEAL_HALF ONCE",
     .options = {},
     .explore = play<Capped, &Capped::owner_rests, &Capped::thief, &Capped::thief>});

// Who has been told of a task finds it, unless the owner has taken it back.
struct Told : Ring<2, 1, 0> {
    weave::atomic<bool> told{false};
    bool popped = false, asked = false, seems = false, looks = false;
    Steal answer = Steal::empty;
    void own() {
        weave::expect(push(0), "an empty ring has room");
        told.store(true, release);  // the thief acquires it
        if (weave::choose(2) == 1) popped = pop();
    }
    void thief() {
        if (!told.load(acquire)) return;  // the owner releases it
        asked = true;
        seems = !RingT::Thief(ring).seems_empty();
        looks = RingT::Thief(ring).look();
        answer = steal();
    }
    void finish() {
        const bool had_it = answer == Steal::taken;
        weave::expect(!asked || had_it != popped, "what the owner leaves there is stolen");
        weave::expect(!had_it || (seems && looks), "what can be stolen could be seen");
        weave::expect(answer != Steal::contended || popped, "only the owner was quicker");
        count(1);
    }
};
const Played told_of_it({.structure = "run_ring",
                         .name = "what_is_inside_is_found",
                         .invariants = "NO_FALSE_EMPTY",
                         .options = {},
                         .explore = play<Told, &Told::own, &Told::thief>});

// ---- A slow thief ----

// The thief stops for ever at any place, also between taking a range and emptying it.
struct Slow : Ring<4, 12, 4> {
    unsigned popped = 0, pushed = 4;
    std::size_t full_with = 4;
    void own() {
        for (int round = 0; round < 2; ++round) {
            while (push(pushed)) ++pushed;
            full_with = owner.size();
            // Exact in finish: what is not in the ring then is in the thief's hands.
            while (pop()) ++popped;
        }
    }
    void thief() { (void)steal(); }
    void finish() {
        weave::expect(weave::has_ended(0), "the owner waits for no thief");
        weave::expect(full_with + stolen[1] >= 4, "only what a thief holds is missing");
        weave::expect(popped + stolen[1] == pushed, "the owner has all that no thief has");
        for (unsigned i = 0; i < pushed; ++i) weave::expect(times[i] <= 1, "a task is had once");
    }
};
const Played slow({.structure = "run_ring",
                   .name = "a_thief_that_stops_for_ever_only_makes_the_ring_full_earlier",
                   .invariants = "ONCE STEAL_HALF NO_FALSE_FULL",
                   .options = {.stale_reads = 2, .crash = 1},
                   .explore = play<Slow, &Slow::own, &Slow::thief>});

// The thief is done: all cells are there again.
struct Done : Ring<4, 8, 4> {
    weave::atomic<bool> done{false};
    void own() {
        if (push(4)) return;
        if (!done.load(acquire)) return;  // the thief releases it
        weave::expect(owner.room(4) == 2, "there is room for what has been stolen");
        weave::expect(push(4) && push(5), "a cell that has been emptied is free");
        weave::expect(!push(6), "and no other one is");
    }
    void thief() {
        weave::expect(steal() == Steal::taken, "nobody else takes");
        done.store(true, release);  // the owner acquires it
    }
};
const Played done({.structure = "run_ring",
                   .name = "full_is_not_said_of_cells_that_have_been_emptied",
                   .invariants = "NO_FALSE_FULL COUNT_SANE",
                   .options = {},
                   .explore = play<Done, &Done::own, &Done::thief>});

// A quick thief overtakes a slow one: its cells are free, and not used before the slow one's.
struct Overtaken : Ring<4, 10, 4> {
    unsigned next = 4;
    void own() {
        for (int i = 0; i < 3; ++i)
            if (push(next)) ++next;
    }
    void thief() { (void)steal(); }
    void finish() { count(next); }
};
const Played overtaken(
    {.structure = "run_ring",
     .name = "a_thief_may_overtake_another_one",
     .invariants = "ONCE STEAL_HALF COUNT_SANE",
     .options = {.stale_reads = 2},
     .explore = play<Overtaken, &Overtaken::own, &Overtaken::thief, &Overtaken::thief>});

// ---- Lists ----

// A list of three is published at once, staged from its last task on.
struct Lists : Ring<4, 6, 1> {
    std::uint32_t had_room = 0;
    void own() {
        had_room = owner.room(5);
        weave::expect(had_room >= 3 && had_room <= 4, "one task leaves three cells");
        for (std::uint32_t i = 3; i-- > 0;) owner.stage(i, filling(1 + i));
        owner.publish(3);
        (void)pop();
        if (owner.room(2) < 2) return;
        for (std::uint32_t i = 0; i < 2; ++i) owner.stage(i, filling(4 + i));
        owner.publish(2);
    }
    void thief() { (void)steal(); }
    void step() {
        const std::size_t before = there;
        Ring::step();
        if (there > before)
            weave::expect(there - before == (times_published++ == 0 ? 3u : 2u), "a list is whole");
    }
    void finish() { count(times_published == 2 ? 6 : 4); }
    unsigned times_published = 0;
};
const Played lists({.structure = "run_ring",
                    .name = "a_list_is_seen_whole_or_not_at_all",
                    .invariants = "ONCE STEAL_HALF COUNT_SANE",
                    .options = {.stale_reads = 2},
                    .explore = play<Lists, &Lists::own, &Lists::thief, &Lists::thief>});

// ---- Making room ----

struct Migrating : Ring<4, 6, 4> {
    std::size_t moved = 0;
    unsigned next = 4;
    void own() {
        const std::size_t before = stolen[1];
        owner.migrate_half([&](TaskBody& body) {
            TaskBody mine;
            mine.take(body);
            had(mine);
            ++moved;
        });
        weave::expect(moved >= 1, "half of something is something");
        if (stolen[1] == before) weave::expect(moved == 2, "the owner moves half out");
        while (next < 6 && push(next)) ++next;
        if (stolen[1] == 0) weave::expect(next == 6, "and has room for as many");
    }
    void thief() { (void)steal(); }
    void finish() { count(next); }
};
const Played migrating({.structure = "run_ring",
                        .name = "the_owner_makes_room_beside_a_thief",
                        .invariants = "ONCE STEAL_HALF NO_FALSE_FULL",
                        .options = {},
                        .explore = play<Migrating, &Migrating::own, &Migrating::thief>});

// ---- Alone ----

// One thread goes round and round: what is said of an empty and of a full ring, and of any other.
struct Alone : Ring<4, 1, 0> {
    unsigned next = 0, out = 0;
    void everybody() {
        for (int round = 0; round < 3; ++round) {
            weave::expect(owner.size() == 0 && steal_one() == Steal::empty, "nothing is there");
            weave::expect(owner.room(9) == 4 && owner.room(2) == 2, "an empty ring has all cells");
            for (std::uint32_t i = 0; i < 3; ++i) owner.stage(i, filling(next++));
            owner.publish(3);
            weave::expect(owner.room(9) == 1, "each task has one");
            weave::expect(push_next() && !push_next() && owner.room(9) == 0, "four are all");
            weave::expect(owner.size() == 4 && steal_one() == Steal::taken, "the oldest is stolen");
            weave::expect(owner.room(9) == 1 && push_next() && !push_next(), "its cell is free");
            while (steal_one() == Steal::taken) {
            }
        }
        weave::expect(out == next, "all tasks come in order");
    }
    bool push_next() {
        const bool pushed = push(next);
        next += pushed ? 1 : 0;
        return pushed;
    }
    Steal steal_one() {
        return RingT::Thief(ring).steal(1, [&](TaskBody& body) {
            weave::expect(number_of(body) == out++, "thieves have the oldest task");
        });
    }
    void step() const {}
};
const Played alone({.structure = "run_ring",
                    .name = "room_is_what_can_be_pushed",
                    .invariants = "NO_FALSE_FULL NO_FALSE_EMPTY COUNT_SANE",
                    .options = {.preemptions = 0},
                    .explore = play<Alone, &Alone::everybody>});

// ---- The hand-shake ----

// Of one who pushes and then asks whether somebody sleeps, and one who says so and then looks, one
// sees the other.
template <std::uint32_t list>
struct Handshake : Ring<2, 2, 0> {
    weave::atomic<unsigned> sleepers{0};
    bool seen = false, found = false;
    void own() {
        if (list == 1) {
            weave::expect(push(0), "an empty ring has room");
        } else {
            for (std::uint32_t i = 0; i < list; ++i) owner.stage(i, filling(i));
            owner.publish(list);
        }
        seen = sleepers.load(relaxed) != 0;  // ordered by the ring's word, as in core/idle.hpp
    }
    void sleeper() {
        (void)sleepers.fetch_or(1, acq_rel);
        found = RingT::Thief(ring).look();
    }
    void finish() const { weave::expect(seen || found, "no task waits beside a sleeper"); }
};
using OneTask = Handshake<1>;
const Played one_task({.structure = "run_ring",
                       .name = "a_push_and_a_last_look_do_not_miss_each_other",
                       .invariants = "STEAL_LIVENESS",
                       .options = {},
                       .explore = play<OneTask, &OneTask::own, &OneTask::sleeper>});
using OneList = Handshake<2>;
const Played one_list({.structure = "run_ring",
                       .name = "a_list_and_a_last_look_do_not_miss_each_other",
                       .invariants = "STEAL_LIVENESS",
                       .options = {},
                       .explore = play<OneList, &OneList::own, &OneList::sleeper>});

// The same with the words that workers sleep on: the searcher gives up and sleeps, while tasks are
// pushed that wake nobody as long as somebody searches. It has all of them in the end.
struct Searching : Ring<2, 2, 0> {
    WaitWord word;
    IdleWorkers idle;
    unsigned me = idle.join(word);

    void own() {
        for (unsigned i = 0; i < 2; ++i) {
            while (!push(i)) weave::relax();
            if (idle.wants_a_searcher()) (void)idle.wake_searcher({});
        }
    }
    void searcher() {
        bool came = false;
        while (stolen[1] < 2) {
            if (idle.search(me) && steal() == Steal::taken) continue;
            word.announce();
            idle.announce(me);
            idle.end_search(me, came);
            if (RingT::Thief(ring).look())
                word.retract();
            else
                word.sleep();
            came = idle.retract(me) != WokenBy::nobody;
        }
        idle.end_search(me, came);
    }
    void finish() { count(2); }
};
const Played searching({.structure = "run_ring",
                        .name = "a_searcher_that_goes_to_sleep_misses_no_task",
                        .invariants = "STEAL_LIVENESS NO_LOST_WAKE ONCE",
                        .options = {.stale_reads = 2},
                        .explore = play<Searching, &Searching::own, &Searching::searcher>});

}  // namespace
}  // namespace stator::test
