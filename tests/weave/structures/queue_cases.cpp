// tests/weave/structures/queue_cases.cpp - the queue of intrusive tasks: producers, takers that
// keep a list for each other, and its end.
//
// What a model needs beforehand is done in its constructor, where nothing is a step.
#include <array>
#include <cstddef>
#include <utility>

#include <stator/core/intrusive_task.hpp>
#include <stator/core/task.hpp>
#include <stator/core/task_queue.hpp>
#include <structures/cases.hpp>

namespace stator::test {
namespace {

using enum std::memory_order;
using Take = TaskQueue::Take;

// A task names its producer and its place among that one's tasks. `content` is written before it is
// handed over, and read by whoever has it.
struct Numbered : Task {
    Numbered() : Task([](Task&) { return Outcome::done; }) {}
    sync::plain<unsigned> content = 0;
    unsigned producer = 0, number = 0, times = 0;
};

// `each` tasks from each of `producers`, which are the first threads.
template <unsigned producers, unsigned each>
struct Queue {
    TaskQueue queue;
    std::array<std::array<Numbered, each>, producers> tasks;
    std::array<unsigned, producers> next{};  // of the tasks that have been taken
    unsigned had = 0;

    Queue() {
        for (unsigned p = 0; p < producers; ++p)
            for (unsigned i = 0; i < each; ++i) {
                tasks[p][i].producer = p;
                tasks[p][i].number = i;
            }
    }
    // The tasks `from` to `to` - 1 of a producer.
    [[nodiscard]] TaskBatch batch(unsigned producer, unsigned from, unsigned to) {
        TaskBatch all;
        for (unsigned i = from; i < to; ++i) {
            sync::write(tasks[producer][i].content) = 1;
            all.push(tasks[producer][i]);
        }
        return all;
    }
    // True: accepted.
    bool push(unsigned producer, unsigned from, unsigned to) {
        TaskBatch all = batch(producer, from, to);
        const bool accepted = queue.push(all);
        weave::expect(all.size() == (accepted ? 0 : to - from),
                      "a batch goes whole, or stays whole");
        return accepted;
    }
    void fill() { weave::expect(push(0, 0, each), "an open queue takes tasks"); }
    void see(Task& task) {
        auto& one = static_cast<Numbered&>(task);
        weave::expect(sync::read(one.content) == 1, "a task is whole");
        weave::expect(++one.times == 1, "a task is taken once");
        weave::expect(one.number == next[one.producer]++, "one producer's tasks come in order");
        ++had;
    }
    Take take(std::size_t most) {
        std::size_t n = 0;
        const Take answer = queue.take(most, [&](Task& task) {
            see(task);
            ++n;
        });
        weave::expect(n <= most && (n > 0) == (answer == Take::taken), "taken is said of tasks");
        return answer;
    }
    void count(unsigned all) {
        while (take(2) == Take::taken) {
        }
        weave::expect(had == all, "no task is lost");
        weave::expect(queue.seems_empty() && !queue.look(), "what has been emptied is empty");
    }
};

// ---- Every task once ----

struct TwoProducers : Queue<2, 3> {
    void producer() {
        const unsigned me = weave::this_thread();
        weave::expect(push(me, 0, 2) && push(me, 2, 3), "an open queue takes tasks");
    }
    void taker() {
        for (int i = 0; i < 3; ++i)
            if (take(2) == Take::empty) weave::relax();
    }
    void finish() { count(6); }
};
const Played two_producers({.structure = "task_queue",
                            .name = "tasks_of_two_producers_are_taken_once_and_in_order",
                            .invariants = "ONCE FIFO_PER_PRODUCER",
                            .options = {.stale_reads = 2, .together = 3},
                            .explore = play<TwoProducers, &TwoProducers::producer,
                                            &TwoProducers::producer, &TwoProducers::taker>});

// What one taker has turned round and left, another one takes, in the same order.
struct KeptList : Queue<1, 5> {
    KeptList() { weave::expect(push(0, 0, 3), "an open queue takes tasks"); }
    void producer() { weave::expect(push(0, 3, 4) && push(0, 4, 5), "an open queue takes tasks"); }
    void taker() {
        for (int i = 0; i < 2; ++i) (void)take(1);
    }
    void finish() { count(5); }
};
const Played kept_list(
    {.structure = "task_queue",
     .name = "two_takers_share_what_one_has_turned_round",
     .invariants = "ONCE FIFO_PER_PRODUCER",
     .options = {.stale_reads = 1},
     .explore = play<KeptList, &KeptList::producer, &KeptList::taker, &KeptList::taker>});

// A task may be handed in again, or end its life, as soon as it is seen.
struct Again : Queue<1, 3> {
    unsigned again = 0, seen = 0;
    Again() { fill(); }
    void taker() {
        for (int i = 0; i < 4; ++i)
            (void)queue.take(2, [&](Task& task) {
                ++seen;
                auto& one = static_cast<Numbered&>(task);
                (void)sync::read(one.content);
                if (++one.times > 1 || again == 2) return;
                ++again;
                TaskBatch batch(task);
                weave::expect(queue.push(batch), "an open queue takes tasks");
            });
    }
    void finish() {
        while (queue.take(2, [&](Task&) { ++seen; }) == Take::taken) {
        }
        weave::expect(seen == 3 + again, "a task is had as often as it is handed in");
    }
};
const Played handed_in_again({.structure = "task_queue",
                              .name = "a_task_can_be_handed_in_again_at_once",
                              .invariants = "ONCE",
                              .options = {.stale_reads = 2},
                              .explore = play<Again, &Again::taker, &Again::taker>});

// ---- What a taker is told ----

struct Answers : Queue<1, 3> {
    std::array<Take, 2> answers{};
    Answers() { fill(); }
    void taker() { answers[weave::this_thread()] = take(1); }
    void finish() {
        for (const Take answer : answers)
            weave::expect(answer != Take::empty, "a queue with tasks is not said to be empty");
        weave::expect(answers[0] == Take::taken || answers[1] == Take::taken,
                      "one of two takers takes");
        weave::expect((had == 2) == (answers[0] == answers[1]), "contended takes nothing");
        count(3);
    }
};
const Played answers({.structure = "task_queue",
                      .name = "empty_is_not_said_while_another_one_takes",
                      .invariants = "NO_FALSE_EMPTY ONCE",
                      .options = {},
                      .explore = play<Answers, &Answers::taker, &Answers::taker>});

// A taker stops for ever at any place. Nobody else waits, and nobody takes beside it.
struct Stopped : Queue<1, 4> {
    Stopped() { weave::expect(push(0, 0, 2), "an open queue takes tasks"); }
    void taker() { (void)take(1); }
    void other() {
        weave::expect(push(0, 2, 3), "a producer waits for no taker");
        const Take answer = take(2);
        weave::expect(answer != Take::empty || had >= 3, "what is kept makes a queue not empty");
        weave::expect(push(0, 3, 4), "a producer waits for no taker");
        queue.close();
        weave::expect(!queue.is_drained(), "what is left is not drained");
    }
    void finish() const { weave::expect(weave::has_ended(1), "nobody waits for a taker"); }
};
const Played stopped({.structure = "task_queue",
                      .name = "a_taker_that_stops_for_ever_holds_back_tasks_and_nobody",
                      .invariants = "ONCE FIFO_PER_PRODUCER",
                      .options = {.crash = 0},
                      .explore = play<Stopped, &Stopped::taker, &Stopped::other>});

// ---- The end ----

// A batch and a single task race with the end; who says drained has seen all that was accepted.
struct Ending : Queue<2, 2> {
    unsigned accepted = 0;
    void batches() {
        if (push(0, 0, 2)) accepted += 2;
    }
    void singles() {
        for (unsigned i = 0; i < 2; ++i) {
            if (!push(1, i, i + 1)) break;
            ++accepted;
        }
    }
    void closer() {
        queue.close();
        TaskBatch none;
        weave::expect(queue.push(none), "nothing is never refused");
    }
    void taker() {
        while (!queue.is_drained())
            if (take(1) != Take::taken) weave::relax();
    }
    void finish() {
        weave::expect(had == accepted, "what was accepted is taken before the end");
        weave::expect(queue.is_drained(), "a queue that is drained stays so");
        if (accepted < 4) weave::expect(!push(1, 1, 2), "a closed queue takes nothing");
    }
};
const Played ending(
    {.structure = "task_queue",
     .name = "a_push_that_races_with_the_end_is_taken_or_refused_whole",
     .invariants = "SHUTDOWN_DRAINS ONCE FIFO_PER_PRODUCER",
     .options = {.stale_reads = 1, .together = 2},
     .explore = play<Ending, &Ending::batches, &Ending::singles, &Ending::closer, &Ending::taker>});

// What the takers did is visible to one who sees the end.
struct Drained : Queue<1, 2> {
    std::array<sync::plain<unsigned>, 2> done{};
    Drained() {
        fill();
        queue.close();
    }
    void taker() {
        while (!queue.is_drained()) {
            const Take answer = queue.take(1, [&](Task& task) {
                see(task);
                sync::write(done[static_cast<Numbered&>(task).number]) = 1;
            });
            if (answer == Take::contended) weave::relax();
        }
    }
    void watcher() {
        while (!queue.is_drained()) weave::relax();
        for (const auto& one : done) weave::expect(sync::read(one) == 1, "all have been taken");
    }
};
const Played drained(
    {.structure = "task_queue",
     .name = "who_sees_the_end_sees_what_was_taken_before",
     .invariants = "SHUTDOWN_DRAINS ONCE",
     .options = {.stale_reads = 2},
     .explore = play<Drained, &Drained::taker, &Drained::taker, &Drained::watcher>});

// ---- The hand-shake ----

// Of one who hands in and then asks whether somebody sleeps, and one who says so and then looks,
// one sees the other.
struct Handshake : Queue<1, 1> {
    weave::atomic<unsigned> sleepers{0};
    bool seen = false, found = false;
    void producer() {
        fill();
        seen = sleepers.load(relaxed) != 0;  // ordered by the queue's word, as in core/idle.hpp
    }
    void sleeper() {
        (void)sleepers.fetch_or(1, acq_rel);
        found = queue.look();
    }
    void finish() const { weave::expect(seen || found, "no task waits beside a sleeper"); }
};
const Played handshake({.structure = "task_queue",
                        .name = "a_push_and_a_last_look_do_not_miss_each_other",
                        .invariants = "STEAL_LIVENESS",
                        .options = {},
                        .explore = play<Handshake, &Handshake::producer, &Handshake::sleeper>});

// A taker leaves something: it, or one who found it taking and is about to sleep, sees the other. A
// producer that finds a task taken by somebody counts on that, too.
template <unsigned later>
struct Leaving : Queue<1, 2 + later> {
    weave::atomic<unsigned> sleepers{0};
    bool told = false, slept = false, left = false, wakes = false;

    Leaving() { weave::expect(this->push(0, 0, 2), "an open queue takes tasks"); }
    void taker() {
        if (this->take(1) != Take::taken) return;
        left = !this->queue.seems_empty();
        if (left) told = sleepers.load(relaxed) != 0;  // ordered by the queue's word
    }
    void sleeper() {
        (void)sleepers.fetch_or(1, acq_rel);
        slept = !this->queue.look();
    }
    void producer() {
        for (unsigned i = 0; i < later; ++i) {
            weave::expect(this->push(0, 2 + i, 3 + i), "an open queue takes tasks");
            wakes = sleepers.load(relaxed) != 0;  // as above
        }
    }
    void finish() {
        weave::expect(left, "what a taker leaves is seen by itself");
        weave::expect(!slept || told || wakes, "no task waits beside a sleeper");
        this->count(2 + later);
    }
};
using LeavesOne = Leaving<0>;
const Played leaves_one({.structure = "task_queue",
                         .name = "what_a_taker_leaves_does_not_wait_beside_a_sleeper",
                         .invariants = "STEAL_LIVENESS",
                         .options = {},
                         .explore = play<LeavesOne, &LeavesOne::taker, &LeavesOne::sleeper>});
using LeavesMore = Leaving<1>;
const Played leaves_more(
    {.structure = "task_queue",
     .name = "what_comes_while_one_takes_does_not_wait_beside_a_sleeper",
     .invariants = "STEAL_LIVENESS",
     .options = {},
     .explore = play<LeavesMore, &LeavesMore::taker, &LeavesMore::sleeper, &LeavesMore::producer>});

// ---- Batches ----

// One thread: batches that are put together, taken apart and refused keep their order.
struct Batches : Queue<1, 6> {
    void everybody() {
        TaskBatch all, none;
        all.append(batch(0, 0, 2));
        all.append(std::move(none));
        TaskBatch more = batch(0, 2, 4);
        all.append(std::move(more));
        weave::expect(all.size() == 4 && more.empty(), "a batch moves whole");
        more = batch(0, 4, 6);
        weave::expect(queue.push(all) && all.empty(), "a batch that was accepted is empty");
        weave::expect(take(3) == Take::taken && had == 3, "as many as are wanted are taken");
        weave::expect(queue.push(more) && queue.look(), "what is behind kept ones can be seen");
        weave::expect(take(3) == Take::taken && had == 4, "the kept ones before the new ones");
        weave::expect(take(3) == Take::taken && had == 6, "and then these");
        weave::expect(take(3) == Take::empty, "and no more");
        apart();
    }
    void apart() {
        TaskBatch all = batch(0, 0, 3);
        for (unsigned i = 3; i-- > 0;)
            weave::expect(OwnedTask::take_newest(all) == &tasks[0][i] && all.size() == i,
                          "a batch is taken apart from its newest on");
        weave::expect(OwnedTask::take_newest(all) == nullptr, "and is empty then");
        for (Numbered& task : tasks[0]) task.times = 0;
        next[0] = 0;
        all = batch(0, 0, 2);
        weave::expect(queue.push(all) && take(2) == Take::taken, "and can be filled again");
        queue.close();
        queue.close();
        all = batch(0, 2, 4);
        weave::expect(!queue.push(all) && all.size() == 2, "what is refused stays whole");
        TaskQueue other;
        weave::expect(other.push(all), "and can be put elsewhere");
        weave::expect(other.take(2, [&](Task& task) { see(task); }) == Take::taken && had == 10,
                      "in its order");
    }
};
const Played batches({.structure = "task_queue",
                      .name = "batches_keep_their_order",
                      .invariants = "FIFO_PER_PRODUCER ONCE",
                      .options = {.preemptions = 0},
                      .explore = play<Batches, &Batches::everybody>});

}  // namespace
}  // namespace stator::test
