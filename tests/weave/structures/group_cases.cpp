// tests/weave/structures/group_cases.cpp - fork and join on a pool of two workers: the waiter is a
// worker or any other thread, and children are run, stolen, refused and dropped.
//
// A group lies in the model or on the explorer's heap, never on a thread's stack, as the explorer
// remembers what a thread has read. The group of a worker is destroyed on that heap, so that a
// touch afterwards ends the run; that of another thread is not, as its last child still gives the
// address to the kernel.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "pool_model.hpp"

namespace stator::test {
namespace {

using enum std::memory_order;

constexpr Board two = model_board(two_sleepers, small_pool);
// No stack has the headroom for a task of others.
constexpr Board shallow = model_board(two_sleepers, {.segments = 4,
                                                     .slots_per_segment = 2,
                                                     .claim_max = 2,
                                                     .run_ring = 2,
                                                     .headroom_bytes = std::size_t{1} << 40,
                                                     .metrics = false,
                                                     .registry = false});

const weave::Options once = {.preemptions = 1, .stale_reads = 0, .spurious = 0};
const weave::Options twice = {.stale_reads = 1, .spurious = 0, .together = 2};

// What children do is plain memory: the waiter sees it by J1.
template <const Board& b, unsigned children>
struct Forks : PoolModel<b> {
    using Group = TaskGroup<b>;
    std::array<weave::plain<unsigned>, children> done;

    Forks() {
        for (auto& one : done) weave::write(one) = 0;
    }
    void child(unsigned i) { ++weave::write(done[i]); }
    void check(unsigned times) {
        for (const auto& one : done)
            weave::expect(weave::read(one) == times, "every child has run when wait returns");
    }
    void finish() const { this->check_counts(); }
};

// A task that forks `children` and waits, `rounds` times with the same group; then it ends the
// group's life at once.
template <unsigned children, unsigned rounds, const Board& b = two>
struct Owner : Forks<b, children> {
    using Group = TaskGroup<b>;

    Owner() {
        this->must_submit([this] { work(); });
    }
    void work() {
        auto* const group = weave::create<Group>(this->pool);
        for (unsigned round = 1; round <= rounds; ++round) {
            for (unsigned i = 0; i < children; ++i) group->run([this, i] { this->child(i); });
            weave::expect(group->wait() == Outcome::done, "no child has failed");
            this->check(round);
        }
        weave::destroy(group);  // who touches it now ends the run
        this->drain();
    }
};
using OneChild = Owner<1, 1>;
const Played one_child({.structure = "task_group",
                        .name = "a_worker_waits_for_a_child_that_may_be_stolen",
                        .invariants = "NO_LOST_WAKE ONCE COUNT_SANE SHUTDOWN_BOUNDED",
                        .options = twice,
                        .explore = play<OneChild, &OneChild::run<0>, &OneChild::run<1>>});
using ThreeChildren = Owner<3, 1>;
const Played three_children(
    {.structure = "task_group",
     .name = "children_beyond_the_ring_run_on_the_spot",
     .invariants = "NO_LOST_WAKE ONCE COUNT_SANE SHUTDOWN_BOUNDED",
     .options = twice,
     .explore = play<ThreeChildren, &ThreeChildren::run<0>, &ThreeChildren::run<1>>});
using Reused = Owner<2, 2>;
const Played reused({.structure = "task_group",
                     .name = "a_group_is_used_again_after_wait",
                     .invariants = "NO_LOST_WAKE ONCE COUNT_SANE SHUTDOWN_BOUNDED",
                     .options = twice,
                     .explore = play<Reused, &Reused::run<0>, &Reused::run<1>>});
using NoHeadroom = Owner<2, 1, shallow>;
const Played no_headroom({.structure = "task_group",
                          .name = "without_headroom_children_run_on_the_spot",
                          .invariants = "NO_LOST_WAKE ONCE COUNT_SANE SHUTDOWN_BOUNDED",
                          .options = {.stale_reads = 0, .spurious = 0},
                          .explore = play<NoHeadroom, &NoHeadroom::run<0>, &NoHeadroom::run<1>>});

// The child has been stolen for certain, so that the waiter sleeps or is about to. It forks another
// one and waits for it: the waiter runs it.
struct Stolen : Forks<two, 2> {
    weave::atomic<bool> taken{false}, second{false};
    Group* group = nullptr;

    Stolen() {
        must_submit([this] { work(); });
    }
    void first_child() {
        taken.store(true, release);
        group->run([this] {
            child(1);
            second.store(true, release);
        });
        while (!second.load(acquire)) weave::relax();
        child(0);
    }
    void work() {
        group = weave::create<Group>(pool);
        group->run([this] { first_child(); });
        while (!taken.load(acquire)) weave::relax();
        weave::expect(group->wait() == Outcome::done, "no child has failed");
        check(1);
        weave::destroy(group);
        drain();
    }
};
const Played stolen({.structure = "task_group",
                     .name = "a_stolen_child_waits_for_one_that_the_waiter_runs",
                     .invariants = "NO_LOST_WAKE STEAL_LIVENESS ONCE COUNT_SANE",
                     .options = once,
                     .explore = play<Stolen, &Stolen::run<0>, &Stolen::run<1>>});

// The stolen child waits for a task that comes from outside: the waiter runs that too.
struct Meanwhile : Forks<two, 1> {
    weave::atomic<bool> taken{false}, other{false};

    Meanwhile() {
        must_submit([this] { work(); });
    }
    void work() {
        auto* const group = weave::create<Group>(pool);
        group->run([this] {
            taken.store(true, release);
            while (!other.load(acquire)) weave::relax();
            child(0);
        });
        while (!taken.load(acquire)) weave::relax();
        weave::expect(group->wait() == Outcome::done, "no child has failed");
        check(1);
        weave::destroy(group);
        drain();
    }
    void producer() {
        must_submit([this] { other.store(true, release); });
    }
};
const Played meanwhile(
    {.structure = "task_group",
     .name = "a_waiter_runs_what_comes_from_outside",
     .invariants = "NO_LOST_WAKE STEAL_LIVENESS ONCE COUNT_SANE",
     .options = once,
     .explore = play<Meanwhile, &Meanwhile::producer, &Meanwhile::run<0>, &Meanwhile::run<1>>});

// A child that waits for a group of its own, while its parent waits for it.
struct Nested : Forks<two, 2> {
    Nested() {
        must_submit([this] {
            auto* const outer = weave::create<Group>(pool);
            outer->run([this] {
                auto* const inner = weave::create<Group>(pool);
                inner->run([this] { child(1); });
                (void)inner->wait();
                weave::destroy(inner);
                weave::expect(weave::read(done[1]) == 1, "the grandchild has run");
                child(0);
            });
            (void)outer->wait();
            weave::destroy(outer);
            check(1);
            drain();
        });
    }
};
const Played nested({.structure = "task_group",
                     .name = "groups_are_waited_for_inside_children",
                     .invariants = "NO_LOST_WAKE ONCE COUNT_SANE",
                     .options = once,
                     .explore = play<Nested, &Nested::run<0>, &Nested::run<1>>});

// A child fails: the waiter is told, once.
struct Failing : Forks<two, 1> {
    Failing() {
        must_submit([this] {
            auto* const group = weave::create<Group>(pool);
            group->run([this] {
                child(0);
                return Outcome::failed;
            });
            weave::expect(group->wait() == Outcome::failed, "a child has failed");
            group->run([this] { child(0); });
            weave::expect(group->wait() == Outcome::done, "that was the last time");
            weave::destroy(group);
            check(2);
            drain();
        });
    }
};
const Played failing({.structure = "task_group",
                      .name = "who_waits_is_told_of_a_failure_once",
                      .invariants = "ONCE COUNT_SANE",
                      .options = twice,
                      .explore = play<Failing, &Failing::run<0>, &Failing::run<1>>});

// A task that has used up its stack waits: it runs the group's children only, and sends a task that
// lies above them away. A child that the waiter runs itself waits for that one: then only the
// sibling is left to run it.
constexpr Board deep = model_board(two_sleepers, {.segments = 4,
                                                  .slots_per_segment = 2,
                                                  .claim_max = 2,
                                                  .run_ring = 2,
                                                  .headroom_bytes = 512 << 10,
                                                  .metrics = false,
                                                  .registry = false});
template <bool intrusive>
struct SentAway : Forks<deep, 1> {
    struct Its : Task {
        SentAway* model = nullptr;
        Its()
            : Task([](Task& self) {
                  static_cast<Its&>(self).model->other.store(true, release);
                  return Outcome::done;
              }) {}
    } its;
    weave::atomic<bool> other{false}, looked{false}, spawned{false};

    SentAway() {
        its.model = this;
        hooks = {.context = this,
                 .on_idle = [](void* model) { static_cast<SentAway*>(model)->wait(); }};
        must_submit([this] { work(); });
    }
    // The sibling has found nothing and is about to sleep, when the task begins to hand over.
    void wait() {
        if (looked.load(acquire)) return;
        other.store(false, release);  // known to be shared, so that a spin on it is one
        looked.store(true, release);
        while (!spawned.load(acquire)) weave::relax();
    }
    void work() {
        auto* const group = weave::create<TaskGroup<deep>>(pool);
        while (!looked.load(acquire)) weave::relax();
        group->run([this, me = weave::this_thread()] {
            while (weave::this_thread() == me && !other.load(acquire)) weave::relax();
            child(0);
        });
        if constexpr (intrusive)
            weave::expect(pool.submit({}, its) == Submit::accepted, "an open pool accepts");
        else
            must_submit([this] { other.store(true, release); });
        spawned.store(true, release);
        std::size_t& used = sync::World::current->stack_used[weave::this_thread()];
        used = 600 << 10;
        weave::expect(group->wait() == Outcome::done, "no child has failed");
        used = 0;
        check(1);
        weave::destroy(group);
        drain();
    }
};
using ValueAway = SentAway<false>;
const Played value_away(
    {.structure = "task_group",
     .name = "a_task_by_value_that_a_deep_waiter_sends_away_is_run_by_a_sibling",
     .invariants = "STEAL_LIVENESS ONCE COUNT_SANE",
     .options = {.stale_reads = 0, .spurious = 0},
     .explore = play<ValueAway, &ValueAway::run<0>, &ValueAway::run<1>>});
using LinkedAway = SentAway<true>;
const Played linked_away(
    {.structure = "task_group",
     .name = "an_intrusive_task_that_a_deep_waiter_sends_away_is_run_by_a_sibling",
     .invariants = "STEAL_LIVENESS ONCE COUNT_SANE",
     .options = {.stale_reads = 0, .spurious = 0},
     .explore = play<LinkedAway, &LinkedAway::run<0>, &LinkedAway::run<1>>});

// ---- A thread that is no worker ----

// `groups` one after the other at one address, each waited for `rounds` times: a touch of one that
// has gone would be seen in the next.
template <unsigned children, unsigned groups, unsigned rounds>
struct Outside : Forks<two, children> {
    using Group = TaskGroup<two>;
    alignas(Group) std::array<std::byte, sizeof(Group)> place;

    void caller() {
        for (unsigned i = 0; i < groups; ++i) {
            auto* const group = new (place.data()) Group(this->pool);
            for (unsigned round = 1; round <= rounds; ++round) {
                for (unsigned c = 0; c < children; ++c) group->run([this, c] { this->child(c); });
                weave::expect(group->wait() == Outcome::done, "no child has failed");
                this->check(i * rounds + round);
            }
            std::destroy_at(group);
        }
        this->drain();
    }
};
using TwoOutside = Outside<2, 1, 1>;
const Played two_outside(
    {.structure = "task_group",
     .name = "a_thread_from_outside_sleeps_until_its_children_have_run",
     .invariants = "NO_LOST_WAKE ONCE COUNT_SANE SHUTDOWN_BOUNDED",
     .options = once,
     .explore = play<TwoOutside, &TwoOutside::caller, &TwoOutside::run<0>, &TwoOutside::run<1>>});
using NextOutside = Outside<1, 2, 1>;
const Played next_outside({.structure = "task_group",
                           .name = "nobody_touches_a_group_that_has_been_waited_for",
                           .invariants = "NO_LOST_WAKE ONCE COUNT_SANE SHUTDOWN_BOUNDED",
                           .options = once,
                           .explore = play<NextOutside, &NextOutside::caller, &NextOutside::run<0>,
                                           &NextOutside::run<1>>});
using AgainOutside = Outside<1, 1, 2>;
const Played again_outside({.structure = "task_group",
                            .name = "a_thread_from_outside_uses_its_group_again",
                            .invariants = "NO_LOST_WAKE ONCE COUNT_SANE SHUTDOWN_BOUNDED",
                            .options = once,
                            .explore = play<AgainOutside, &AgainOutside::caller,
                                            &AgainOutside::run<0>, &AgainOutside::run<1>>});

// The pool is closed meanwhile: what is refused runs on the spot, and the rest is run or dropped.
template <bool from_outside, bool cancelled, unsigned children = 2>
struct Closed : Forks<two, children> {
    using Group = TaskGroup<two>;
    alignas(Group) std::array<std::byte, sizeof(Group)> place;
    weave::atomic<unsigned> ended{0};

    Closed() {
        if (!from_outside) this->must_submit([this] { work(); });
    }
    void work() {
        auto* const group = new (place.data()) Group(this->pool);
        for (unsigned i = 0; i < children; ++i)
            group->run([this, i] {
                this->child(i);
                (void)ended.fetch_add(1, relaxed);  // J1 carries it
            });
        const Outcome outcome = group->wait();
        std::destroy_at(group);
        weave::expect((outcome == Outcome::done) == (ended.load(relaxed) == children),  // as above
                      "what has been dropped has failed");
        weave::expect(cancelled || outcome == Outcome::done, "no child is dropped by a drain");
    }
    void closer() { this->pool.close(cancelled); }
};
using DrainedInside = Closed<false, false>;
const Played drained_inside({.structure = "task_group",
                             .name = "a_drain_runs_all_children_of_a_task",
                             .invariants = "SHUTDOWN_BOUNDED NO_LOST_WAKE ONCE COUNT_SANE",
                             .options = once,
                             .explore = play<DrainedInside, &DrainedInside::closer,
                                             &DrainedInside::run<0>, &DrainedInside::run<1>>});
using CancelledInside = Closed<false, true>;
const Played cancelled_inside(
    {.structure = "task_group",
     .name = "a_cancel_ends_all_children_of_a_task",
     .invariants = "SHUTDOWN_BOUNDED NO_LOST_WAKE ONCE COUNT_SANE",
     .options = once,
     .explore = play<CancelledInside, &CancelledInside::closer, &CancelledInside::run<0>,
                     &CancelledInside::run<1>>});
using DrainedOutside = Closed<true, false, 1>;
const Played drained_outside(
    {.structure = "task_group",
     .name = "a_drain_runs_all_children_of_a_thread_from_outside",
     .invariants = "SHUTDOWN_BOUNDED NO_LOST_WAKE ONCE COUNT_SANE",
     .options = once,
     .explore = play<DrainedOutside, &DrainedOutside::work, &DrainedOutside::closer,
                     &DrainedOutside::run<0>, &DrainedOutside::run<1>>});

}  // namespace
}  // namespace stator::test
