// tests/shutdown_test.cpp - drain, cancel, abort: who may ask, what becomes of every task, what the
// answer says.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

#include <stator/core/task_group.hpp>

#include "pool_boards.hpp"
#include "running.hpp"

namespace stator::test {
namespace {

using namespace std::chrono_literals;
using std::memory_order::relaxed;

// ---- Two workers for tasks, one of which runs a pipeline as well ----

struct Number {
    int value;
};
// What the stages call; set before the workers run.
struct Calls {
    std::function<bool(int)> middle = [](int) { return true; };
    std::function<void(int)> sink = [](int) {};
};
struct Middle {
    Calls* calls = nullptr;
    bool operator()(const Number& in, Number& out) {
        out = in;
        return calls->middle(in.value);
    }
};
struct Sink {
    Calls* calls = nullptr;
    void operator()(const Number& in) { calls->sink(in.value); }
};
using Line =
    Pipeline<Input<Number, 16>, StageOf<"middle", Middle>, Ring<Number, 16>, StageOf<"z", Sink>>;

constexpr Worker mixed_workers[] = {
    {.name = "one", .cpu = cpu_b, .roles = {"middle"}, .tasks = true, .wait = Wait::futex},
    {.name = "two", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "three", .cpu = cpu_a, .roles = {"z"}, .tasks = false, .wait = Wait::futex},
};
constexpr Board mixed_board = pool_board(mixed_workers, {.segments = 64, .slots_per_segment = 64});
using Mixed = Scheduler<mixed_board, Line>;

Status start(Mixed& scheduler, Calls& calls) {
    return scheduler.start([&](Mixed& s) {
        s.state<Line, "middle">().calls = &calls;
        s.state<Line, "z">().calls = &calls;
    });
}

using One = Scheduler<one_with<64, 64>>;
using Two = Scheduler<two_with<64, 64>>;

constexpr std::array modes = {Ending::drain, Ending::cancel, Ending::abort};

std::string text_of(Ending how) {
    return how == Ending::drain ? "drain" : how == Ending::cancel ? "cancel" : "abort";
}

// Where every task of a test has ended.
struct Ends {
    std::atomic<std::uint64_t> runs{0}, cleanups{0}, dropped{0};

    [[nodiscard]] auto counted() {
        return [this] { runs.fetch_add(1, relaxed); };  // a count
    }
    [[nodiscard]] Cleanup cleanup() {
        return {.run =
                    [](void* self) noexcept {
                        static_cast<Ends*>(self)->cleanups.fetch_add(1, relaxed);  // a count
                    },
                .with = this};
    }
};
struct Linked : Task {
    explicit Linked(Ends& whose)
        : Task([](Task& t) { return static_cast<Linked&>(t).run(); },
               [](Task& t) {
                   static_cast<Linked&>(t).ends->dropped.fetch_add(1, relaxed);  // a count
               }),
          ends(&whose) {}
    Outcome run() const {
        ends->runs.fetch_add(1, relaxed);  // a count
        return Outcome::done;
    }
    Ends* ends;
};

// ---- Before, after, twice ----

TEST(shutdown, before_the_first_start_there_is_nothing_to_end) {
    One scheduler;
    for (const Ending how : modes) {
        const ShutdownReport r = scheduler.shutdown({.how = how});
        EXPECT_EQ(r.ended, Ended::not_running);
        EXPECT_EQ(r.accepted, 0U);
        expect_balance(r);
    }
    scheduler.stop();
    scheduler.request_stop();
    scheduler.wait();
    ASSERT_TRUE(scheduler.start().ok()) << "and it can be started all the same";
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::accepted);
    EXPECT_EQ(scheduler.shutdown().executed, 1U);
}

TEST(shutdown, of_one_whose_start_was_refused_ends_nothing) {
    One first, second;
    ASSERT_TRUE(first.start().ok());
    ASSERT_FALSE(second.start().ok());
    EXPECT_EQ(second.shutdown({.how = Ending::abort}).ended, Ended::not_running);
    second.request_stop();
    EXPECT_EQ(first.submit({}, [] {}), Submit::accepted);
    EXPECT_EQ(first.shutdown().executed, 1U);
}

TEST(shutdown, that_is_asked_for_again_says_the_same_again) {
    for (const Ending how : modes) {
        SCOPED_TRACE(text_of(how));
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        Ends ends;
        for (int i = 0; i < 100; ++i) submit_or_wait(scheduler, ends.counted());
        const ShutdownReport first = scheduler.shutdown({.how = how});
        EXPECT_EQ(first.ended, Ended::done);
        EXPECT_EQ(first.accepted, 100U);
        EXPECT_EQ(first.executed, ends.runs.load(relaxed));  // after the join
        EXPECT_EQ(first.cancelled, 100U - first.executed);
        expect_balance(first);
        for (const Ending again : modes) {
            const ShutdownReport r = scheduler.shutdown({.how = again, .deadline = 0ns});
            EXPECT_EQ(r.ended, Ended::done);
            EXPECT_EQ(r.accepted, first.accepted);
            EXPECT_EQ(r.executed, first.executed);
            EXPECT_EQ(r.cancelled, first.cancelled);
            expect_balance(r);
        }
        scheduler.stop();
        scheduler.request_stop();
    }
}

TEST(shutdown, is_followed_by_a_start_whatever_its_mode) {
    Two scheduler;
    for (int round = 0; round < 3; ++round) {
        for (const Ending how : modes) {
            SCOPED_TRACE(text_of(how));
            ASSERT_TRUE(scheduler.start().ok());
            Ends ends;
            for (int i = 0; i < 50; ++i) submit_or_wait(scheduler, ends.counted());
            const ShutdownReport r = scheduler.shutdown({.how = how});
            EXPECT_EQ(r.ended, Ended::done);
            EXPECT_EQ(r.accepted, 50U) << "figures begin anew";
            EXPECT_EQ(r.executed, ends.runs.load(relaxed));  // after the join
            EXPECT_TRUE(how != Ending::drain || r.executed == 50U);
            expect_balance(r);
            EXPECT_EQ(scheduler.submit({}, [] {}), Submit::closed);
        }
    }
}

// ---- What each mode does with tasks that have not begun ----

TEST(shutdown, by_drain_refuses_new_tasks_and_runs_all_that_were_accepted) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Held a, b;
    a.hold(scheduler);
    b.hold(scheduler);
    Ends ends;
    Linked linked(ends);
    for (int i = 0; i < 20; ++i) submit_or_wait(scheduler, ends.counted());
    ASSERT_EQ(scheduler.submit({}, linked), Submit::accepted);
    scheduler.request_stop();
    EXPECT_EQ(scheduler.submit({}, ends.counted()), Submit::closed);
    Linked late(ends);
    EXPECT_EQ(scheduler.submit({}, late), Submit::closed);
    std::array<std::function<void()>, 3> many{ends.counted(), ends.counted(), ends.counted()};
    const Batched batch = scheduler.submit_all({}, many);
    EXPECT_EQ(batch.answer, Submit::closed);
    EXPECT_EQ(batch.accepted, 0U);
    a.open();
    b.open();
    const ShutdownReport r = scheduler.shutdown();
    EXPECT_EQ(r.ended, Ended::done);
    EXPECT_EQ(r.accepted, 23U);
    EXPECT_EQ(r.executed, 23U);
    expect_balance(r);
    EXPECT_EQ(ends.runs.load(relaxed), 21U);    // after the join
    EXPECT_EQ(ends.dropped.load(relaxed), 0U);  // after the join
    EXPECT_EQ(scheduler.pool_report().refused, 3U);
}

void dropped_with_their_cleanups(Ending how) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Held a, b;
    a.hold(scheduler);
    b.hold(scheduler);
    Ends ends;
    std::vector<std::unique_ptr<Linked>> linked;
    const auto watched = std::make_shared<int>(0);
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(scheduler.submit({.cleanup = ends.cleanup()}, ends.counted()), Submit::accepted);
        ASSERT_EQ(scheduler.submit({}, [watched] { ++*watched; }), Submit::accepted);
        linked.push_back(std::make_unique<Linked>(ends));
        ASSERT_EQ(scheduler.submit({}, *linked.back()), Submit::accepted);
    }
    Door asked;
    ShutdownReport r;
    Aside caller([&] {
        EXPECT_EQ(scheduler.shutdown({.how = how, .deadline = 0ns}).ended, Ended::late);
        asked.open();
        r = scheduler.shutdown({.how = how});
    });
    asked.pass();
    EXPECT_EQ(scheduler.submit({}, ends.counted()), Submit::closed);
    a.open();
    b.open();
    caller.join();
    EXPECT_EQ(r.ended, Ended::done);
    EXPECT_EQ(r.accepted, 62U);
    EXPECT_EQ(r.executed, 2U) << "those that ran have been waited for";
    EXPECT_EQ(r.cancelled, 60U);
    expect_balance(r);
    EXPECT_EQ(ends.runs.load(relaxed), 0U);       // after the join
    EXPECT_EQ(ends.cleanups.load(relaxed), 20U);  // after the join
    EXPECT_EQ(ends.dropped.load(relaxed), 20U);   // after the join
    EXPECT_EQ(*watched, 0);
    EXPECT_EQ(watched.use_count(), 1) << "a task that is dropped is destroyed";
}
TEST(shutdown, by_cancel_drops_what_has_not_begun_with_its_cleanup) {
    dropped_with_their_cleanups(Ending::cancel);
}
TEST(shutdown, by_abort_drops_what_has_not_begun_with_its_cleanup) {
    dropped_with_their_cleanups(Ending::abort);
}

// Every way in which a task can end, so many of each, in the inbox, in the queue and in a ring.
struct Expected {
    std::uint64_t executed = 0, failed = 0, expired = 0, cancelled = 0;
    [[nodiscard]] std::uint64_t sum() const { return executed + failed + expired + cancelled; }
};
Expected submit_all_sorts(Two& scheduler, Ends& ends, std::stop_token stopped,
                          std::vector<std::unique_ptr<Linked>>& linked) {
    Expected n;
    const auto accepted = [&](Submit answer, std::uint64_t& count) {
        EXPECT_EQ(answer, Submit::accepted);
        ++count;
    };
    for (int i = 0; i < 10; ++i) {
        accepted(scheduler.submit({.cleanup = ends.cleanup()}, ends.counted()), n.executed);
        accepted(scheduler.submit({.cleanup = ends.cleanup()}, [] { throw 1; }), n.failed);
        accepted(scheduler.submit({.cleanup = ends.cleanup()}, [] { return Outcome::failed; }),
                 n.failed);
        accepted(scheduler.submit({.deadline = 1ns, .cleanup = ends.cleanup()}, ends.counted()),
                 n.expired);
        accepted(scheduler.submit({.stop = stopped, .cleanup = ends.cleanup()}, ends.counted()),
                 n.cancelled);
        linked.push_back(std::make_unique<Linked>(ends));
        accepted(scheduler.submit({}, *linked.back()), n.executed);
        linked.push_back(std::make_unique<Linked>(ends));
        linked.back()->stop_with(stopped);
        accepted(scheduler.submit({}, *linked.back()), n.cancelled);
        linked.push_back(std::make_unique<Linked>(ends));
        accepted(scheduler.submit({.deadline = 1ns}, *linked.back()), n.expired);
    }
    return n;
}

TEST(shutdown, accounts_for_every_task_exactly_whatever_its_mode) {
    for (const Ending how : modes) {
        SCOPED_TRACE(text_of(how));
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        std::stop_source stop;
        stop.request_stop();
        Ends ends;
        std::vector<std::unique_ptr<Linked>> linked;
        Expected n;
        Door spawned, may_end;
        Held other;
        other.hold(scheduler);
        const auto body = [&] {
            n = submit_all_sorts(scheduler, ends, stop.get_token(), linked);
            spawned.open();
            may_end.pass();
        };
        ASSERT_EQ(scheduler.submit({}, [&body] { body(); }), Submit::accepted);
        spawned.pass();
        const Expected from_outside = submit_all_sorts(scheduler, ends, stop.get_token(), linked);
        ShutdownReport r = scheduler.shutdown({.how = how, .deadline = 0ns});
        EXPECT_EQ(r.ended, Ended::late);
        expect_balance(r);
        EXPECT_EQ(r.open, n.sum() + from_outside.sum() + 2);
        may_end.open();
        other.open();
        r = scheduler.shutdown({.how = how});
        EXPECT_EQ(r.ended, Ended::done);
        EXPECT_EQ(r.accepted, n.sum() + from_outside.sum() + 2);
        expect_balance(r);
        const bool all = how == Ending::drain;
        EXPECT_EQ(r.executed, 2 + (all ? n.executed + from_outside.executed : 0));
        EXPECT_EQ(r.failed, all ? n.failed + from_outside.failed : 0);
        EXPECT_EQ(r.expired, all ? n.expired + from_outside.expired : 0);
        EXPECT_EQ(ends.cleanups.load(relaxed), 100U);            // after the join
        EXPECT_EQ(ends.runs.load(relaxed), all ? 40U : 0U);      // after the join
        EXPECT_EQ(ends.dropped.load(relaxed), all ? 40U : 60U);  // after the join
    }
}

// ---- Deadlines ----

TEST(shutdown, that_is_late_says_who_still_runs_and_a_later_one_finishes) {
    for (const Ending how : modes) {
        SCOPED_TRACE(text_of(how));
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        Held held;
        held.hold(scheduler);
        for (const auto deadline : {0ns, 1ns, std::chrono::nanoseconds(2ms)}) {
            const ShutdownReport r = scheduler.shutdown({.how = how, .deadline = deadline});
            EXPECT_EQ(r.ended, Ended::late);
            EXPECT_EQ(r.accepted, 1U);
            EXPECT_EQ(r.open, 1U);
            expect_balance(r);
            ASSERT_EQ(r.still_running.size(), 1U);
            EXPECT_EQ(r.still_running[0].kind, "held");
            EXPECT_TRUE(r.still_running[0].worker == "one" || r.still_running[0].worker == "two");
            EXPECT_EQ(scheduler.submit({}, [] {}), Submit::closed);
        }
        EXPECT_EQ(scheduler.start().cause(), Cause::already_started) << "it runs still";
        held.open();
        const ShutdownReport r = scheduler.shutdown({.how = how});
        EXPECT_EQ(r.ended, Ended::done);
        EXPECT_EQ(r.executed, 1U);
        expect_balance(r);
    }
}

constexpr Board unseen_board =
    pool_board(two_takers, {.segments = 64, .metrics = false, .registry = false});
TEST(shutdown, without_a_registry_counts_and_names_nobody) {
    Scheduler<unseen_board> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Held held;
    held.hold(scheduler);
    const ShutdownReport late = scheduler.shutdown({.how = Ending::abort, .deadline = 0ns});
    EXPECT_EQ(late.ended, Ended::late);
    EXPECT_EQ(late.open, 1U);
    EXPECT_TRUE(late.still_running.empty());
    held.open();
    const ShutdownReport r = scheduler.shutdown({.how = Ending::abort});
    EXPECT_EQ(r.executed, 1U);
    expect_balance(r);
}

TEST(shutdown, a_drain_may_become_a_cancel) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Held a, b;
    a.hold(scheduler);
    b.hold(scheduler);
    Ends ends;
    for (int i = 0; i < 30; ++i) submit_or_wait(scheduler, ends.counted());
    EXPECT_EQ(scheduler.shutdown({.how = Ending::drain, .deadline = 0ns}).open, 32U);
    const ShutdownReport late = scheduler.shutdown({.how = Ending::cancel, .deadline = 0ns});
    EXPECT_EQ(late.ended, Ended::late);
    EXPECT_EQ(late.open, 32U) << "workers drop tasks; these are busy";
    a.open();
    b.open();
    const ShutdownReport r = scheduler.shutdown();
    EXPECT_EQ(r.executed, 2U);
    EXPECT_EQ(r.cancelled, 30U);
    expect_balance(r);
    EXPECT_EQ(ends.runs.load(relaxed), 0U);  // after the join
}

TEST(shutdown, a_cancel_stays_one_when_a_drain_is_asked_for) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Held a, b;
    a.hold(scheduler);
    b.hold(scheduler);
    Ends ends;
    for (int i = 0; i < 30; ++i) submit_or_wait(scheduler, ends.counted());
    EXPECT_EQ(scheduler.shutdown({.how = Ending::cancel, .deadline = 0ns}).ended, Ended::late);
    EXPECT_EQ(scheduler.shutdown({.how = Ending::drain, .deadline = 0ns}).ended, Ended::late);
    a.open();
    b.open();
    scheduler.stop();
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.executed, 2U);
    EXPECT_EQ(r.cancelled, 30U);
}

// A task that has spawned others and still runs is not forgotten when thieves have run these.
TEST(shutdown, that_is_late_counts_tasks_that_were_stolen_from_one_that_runs) {
    constexpr std::uint64_t children = 10;
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Ends ends;
    Door may_end;
    ASSERT_EQ(scheduler.submit({},
                               [&] {
                                   for (std::uint64_t i = 0; i < children; ++i)
                                       EXPECT_EQ(scheduler.submit({}, ends.counted()),
                                                 Submit::accepted);
                                   may_end.pass();
                               }),
              Submit::accepted);
    while (scheduler.pool_report().executed < children) std::this_thread::yield();
    const ShutdownReport late = scheduler.shutdown({.how = Ending::abort, .deadline = 0ns});
    EXPECT_EQ(late.ended, Ended::late);
    EXPECT_EQ(late.accepted, children + 1);
    EXPECT_EQ(late.executed, children);
    EXPECT_EQ(late.open, 1U);
    expect_balance(late);
    may_end.open();
    const ShutdownReport r = scheduler.shutdown();
    EXPECT_EQ(r.executed, children + 1);
    expect_balance(r);
}

// ---- Who asks ----

TEST(shutdown, from_another_thread_ends_it_for_all) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Ends ends;
    for (int i = 0; i < 50; ++i) submit_or_wait(scheduler, ends.counted());
    ShutdownReport r;
    Aside([&] { r = scheduler.shutdown(); }).join();
    EXPECT_EQ(r.ended, Ended::done);
    EXPECT_EQ(r.executed, 50U);
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::closed);
    ASSERT_TRUE(scheduler.start().ok()) << "by the first thread again";
}

TEST(shutdown, from_several_threads_at_once_answers_the_same_to_all) {
    for (int round = 0; round < (is_sanitized ? 5 : 30); ++round) {
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        Ends ends;
        for (int i = 0; i < 100; ++i) submit_or_wait(scheduler, ends.counted());
        constexpr std::size_t callers = 6;
        std::array<ShutdownReport, callers> reports;
        {
            Door go;
            std::vector<std::unique_ptr<Aside>> threads;
            for (std::size_t i = 0; i < callers; ++i)
                threads.push_back(std::make_unique<Aside>([&, i] {
                    go.pass();
                    if (i % 2 == 1) scheduler.request_stop();
                    reports[i] = scheduler.shutdown({.how = modes[i % 3]});
                }));
            go.open();
        }
        for (const ShutdownReport& r : reports) {
            ASSERT_EQ(r.ended, Ended::done);
            ASSERT_EQ(r.accepted, 100U);
            ASSERT_EQ(r.executed, ends.runs.load(relaxed));  // after the join
            expect_balance(r);
        }
    }
}

TEST(shutdown, from_a_task_begins_and_answers_so) {
    for (const Ending how : modes) {
        SCOPED_TRACE(text_of(how));
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        Held other;
        other.hold(scheduler);
        Ends ends;
        Door asked, go_on;
        ShutdownReport inside;
        Submit from_inside = Submit::accepted;
        const auto body = [&] {
            go_on.pass();
            inside = scheduler.shutdown({.how = how});
            from_inside = scheduler.submit({}, ends.counted());
            asked.open();
        };
        ASSERT_EQ(scheduler.submit({}, [&body] { body(); }), Submit::accepted);
        for (int i = 0; i < 20; ++i) submit_or_wait(scheduler, ends.counted());
        go_on.open();
        asked.pass();
        EXPECT_EQ(inside.ended, Ended::begun);
        EXPECT_EQ(from_inside, Submit::closed);
        EXPECT_EQ(scheduler.submit({}, [] {}), Submit::closed);
        other.open();
        const ShutdownReport r = scheduler.shutdown();
        EXPECT_EQ(r.accepted, 22U);
        EXPECT_EQ(r.executed, how == Ending::drain ? 22U : 2U);
        expect_balance(r);
    }
}

TEST(shutdown, from_a_stage_begins_answers_so_and_the_pipeline_handles_what_it_has) {
    for (const Ending how : modes) {
        SCOPED_TRACE(text_of(how));
        Mixed scheduler;
        Calls calls;
        Door all_in;
        ShutdownReport inside;
        std::vector<int> seen;
        calls.middle = [&](int value) {
            all_in.pass();
            if (value == 3) inside = scheduler.shutdown({.how = how});
            return true;
        };
        calls.sink = [&](int value) { seen.push_back(value); };
        ASSERT_TRUE(start(scheduler, calls).ok());
        auto& input = scheduler.input<Line>();
        for (int i = 0; i < 10; ++i) ASSERT_EQ(input.push({i}), Push::accepted);
        all_in.open();
        const ShutdownReport r = [&] {
            while (input.push_or_wait({-1}) != Push::closed) std::this_thread::yield();
            return scheduler.shutdown();
        }();
        EXPECT_EQ(inside.ended, Ended::begun);
        EXPECT_EQ(r.ended, Ended::done);
        ASSERT_GE(seen.size(), 10U);
        for (int i = 0; i < 10; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
        EXPECT_EQ(scheduler.report<Line>().items, seen.size());
    }
}

TEST(shutdown, from_the_sink_on_a_worker_without_tasks_begins_too) {
    Mixed scheduler;
    Calls calls;
    Door asked;
    ShutdownReport inside;
    calls.sink = [&](int) {
        inside = scheduler.shutdown({.how = Ending::cancel});
        asked.open();
    };
    ASSERT_TRUE(start(scheduler, calls).ok());
    ASSERT_EQ(scheduler.input<Line>().push({1}), Push::accepted);
    asked.pass();
    EXPECT_EQ(inside.ended, Ended::begun);
    EXPECT_EQ(scheduler.shutdown().ended, Ended::done);
}

// Stages hand tasks over while a drain empties the pipeline; the pool closes after the last stage.
TEST(shutdown, by_drain_runs_the_tasks_that_stages_submit_while_they_drain) {
    Mixed scheduler;
    Calls calls;
    Door asked;
    Ends ends;
    std::atomic<int> refused{0};
    calls.middle = [&](int) {
        asked.pass();
        if (scheduler.submit({}, ends.counted()) != Submit::accepted)
            refused.fetch_add(1, relaxed);  // a count
        return true;
    };
    ASSERT_TRUE(start(scheduler, calls).ok());
    for (int i = 0; i < 10; ++i) ASSERT_EQ(scheduler.input<Line>().push({i}), Push::accepted);
    scheduler.request_stop();
    EXPECT_EQ(scheduler.input<Line>().push({10}), Push::closed);
    asked.open();
    const ShutdownReport r = scheduler.shutdown();
    EXPECT_EQ(refused.load(relaxed), 0);      // after the join
    EXPECT_EQ(ends.runs.load(relaxed), 10U);  // after the join
    EXPECT_EQ(r.accepted, 10U);
    EXPECT_EQ(r.executed, 10U);
    expect_balance(r);
}

TEST(shutdown, by_cancel_closes_the_pool_to_stages_that_still_drain) {
    Mixed scheduler;
    Calls calls;
    Door asked;
    Ends ends;
    std::atomic<int> closed{0}, sunk{0};
    calls.middle = [&](int) {
        asked.pass();
        if (scheduler.submit({}, ends.counted()) == Submit::closed)
            closed.fetch_add(1, relaxed);  // a count
        return true;
    };
    calls.sink = [&](int) { sunk.fetch_add(1, relaxed); };  // a count
    ASSERT_TRUE(start(scheduler, calls).ok());
    for (int i = 0; i < 10; ++i) ASSERT_EQ(scheduler.input<Line>().push({i}), Push::accepted);
    EXPECT_EQ(scheduler.shutdown({.how = Ending::cancel, .deadline = 0ns}).ended, Ended::late);
    asked.open();
    const ShutdownReport r = scheduler.shutdown();
    EXPECT_EQ(closed.load(relaxed), 10);  // after the join
    EXPECT_EQ(sunk.load(relaxed), 10);    // after the join
    EXPECT_EQ(r.accepted, 0U);
    expect_balance(r);
}

// Method: the stage keeps its worker until the other one has run what it spawned, so that the
// stage's worker never runs a task itself.
TEST(shutdown, accounts_for_tasks_that_a_stage_spawned_and_another_worker_stole) {
    constexpr std::uint64_t children = 5;
    Mixed scheduler;
    Calls calls;
    Ends ends;
    calls.middle = [&](int) {
        TaskGroup group(scheduler.tasks());
        for (std::uint64_t i = 0; i < children; ++i) group.run(ends.counted());
        while (ends.runs.load(relaxed) < children) std::this_thread::yield();  // a count
        EXPECT_EQ(group.wait(), Outcome::done);
        return true;
    };
    ASSERT_TRUE(start(scheduler, calls).ok());
    ASSERT_EQ(scheduler.input<Line>().push({0}), Push::accepted);
    const ShutdownReport r = scheduler.shutdown();
    EXPECT_EQ(r.accepted, children);
    EXPECT_EQ(r.executed, children);
    expect_balance(r);
}

// Method: the other worker is held, so that the stage's worker runs all children while it waits.
TEST(shutdown, accounts_for_tasks_that_a_stage_ran_while_it_waited_for_them) {
    constexpr std::uint64_t children = 8;
    Mixed scheduler;
    Calls calls;
    Ends ends;
    Door in_stage, go_on;
    calls.middle = [&](int) {
        in_stage.open();
        go_on.pass();
        TaskGroup group(scheduler.tasks());
        for (std::uint64_t i = 0; i < children; ++i) group.run(ends.counted());
        EXPECT_EQ(group.wait(), Outcome::done);
        return true;
    };
    ASSERT_TRUE(start(scheduler, calls).ok());
    ASSERT_EQ(scheduler.input<Line>().push({0}), Push::accepted);
    in_stage.pass();
    Held other;
    other.hold(scheduler);
    go_on.open();
    // Once the stage's worker sleeps its record is complete: nothing else would ever complete it.
    while (scheduler.worker_report()[0].sleeps != scheduler.worker_report()[0].woken + 1 ||
           ends.runs.load(relaxed) < children)  // a count
        std::this_thread::yield();
    EXPECT_EQ(scheduler.pool_report().executed, children);
    EXPECT_EQ(scheduler.pool_report().open(), 1U);
    other.open();
    const ShutdownReport r = scheduler.shutdown();
    EXPECT_EQ(r.accepted, children + 1);
    EXPECT_EQ(r.executed, children + 1);
    expect_balance(r);
}

// ---- During start ----

TEST(shutdown, from_a_hook_during_start_is_not_lost) {
    struct Context {
        One* scheduler;
        Ended ended;
    };
    One scheduler;
    Context context{&scheduler, Ended::done};
    scheduler.hooks({.context = &context, .on_start = [](void* with, std::string_view, int) {
                         auto* c = static_cast<Context*>(with);
                         c->ended = c->scheduler->shutdown().ended;
                     }});
    ASSERT_TRUE(scheduler.start().ok());
    EXPECT_EQ(context.ended, Ended::begun);
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::closed);
    EXPECT_EQ(scheduler.shutdown().ended, Ended::done);
}

TEST(shutdown, from_another_thread_during_start_ends_what_has_been_started) {
    for (int round = 0; round < (is_sanitized ? 10 : 50); ++round) {
        Two scheduler;
        Door set_up;
        ShutdownReport during;
        Aside other([&] {
            set_up.pass();
            for (int i = 0; i < round * 20; ++i) std::this_thread::yield();
            during = scheduler.shutdown({.how = modes[static_cast<std::size_t>(round) % 3]});
        });
        Ends ends;
        ASSERT_TRUE(scheduler.start([&](Two&) { set_up.open(); }).ok());
        std::uint64_t accepted = 0;
        for (;;) {
            const Submit answer = scheduler.submit({}, ends.counted());
            if (answer == Submit::closed) break;
            if (answer == Submit::accepted)
                ++accepted;
            else
                std::this_thread::yield();
        }
        other.join();
        ASSERT_EQ(during.ended, Ended::done);
        const ShutdownReport r = scheduler.shutdown();
        ASSERT_EQ(r.ended, Ended::done);
        ASSERT_EQ(r.accepted, accepted);
        ASSERT_EQ(r.executed, ends.runs.load(relaxed));  // after the join
        expect_balance(r);
    }
}

// Method: the first worker can be started, the second needs a file descriptor and gets none.
struct Deaf {
    int descriptor() const { return -1; }
    Poll operator()(Number&) { return Poll::nothing; }
};
void sink_of_nothing(const Number&) {}
using Listening = Pipeline<StageOf<"listen", Deaf>, Ring<Number, 4>, Stage<"end", sink_of_nothing>>;
constexpr Worker listening_workers[] = {
    {.name = "one", .cpu = cpu_b, .roles = {"end"}, .tasks = true, .wait = Wait::futex},
    {.name = "two", .cpu = cpu_a, .roles = {"listen"}, .wait = Wait::futex},
};
constexpr Board listening_board = pool_board(listening_workers, {.segments = 8});
TEST(shutdown, that_waits_while_a_start_fails_is_told_so) {
    Scheduler<listening_board, Listening> scheduler;
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    Door ready, set_up, called, restored;
    ShutdownReport during{.ended = Ended::begun};
    Aside other([&] {
        ready.open();
        set_up.pass();
        called.open();
        during = scheduler.shutdown();
        restored.pass();
    });
    ready.pass();
    const Status s = scheduler.start([&](auto&) {
        const rlimit none{0, before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none);
        set_up.open();
        called.pass();
        for (int i = 0; i < 100; ++i) std::this_thread::yield();  // it is inside, most likely
    });
    setrlimit(RLIMIT_NOFILE, &before);
    restored.open();
    EXPECT_EQ(s.cause(), Cause::thread_refused) << s.text();
    other.join();
    EXPECT_TRUE(during.ended == Ended::not_running || during.ended == Ended::done);
    ASSERT_TRUE(scheduler.start().ok()) << "with descriptors it starts";
    EXPECT_EQ(scheduler.shutdown().ended, Ended::done);
}

// ---- Tasks that submit while it ends ----

// Hands itself over again until it is told that the pool is closed.
struct Again {
    struct Counts {
        std::atomic<std::uint64_t> accepted{0}, closed{0}, lives{0}, runs{0};
    };
    Two* scheduler;
    Counts* counts;

    Again(Two* s, Counts* c) : scheduler(s), counts(c) { born(); }
    Again(const Again& o) noexcept : scheduler(o.scheduler), counts(o.counts) { born(); }
    Again& operator=(const Again&) = delete;
    ~Again() { counts->lives.fetch_sub(1, relaxed); }  // a count
    void operator()() const {
        counts->runs.fetch_add(1, relaxed);  // a count
        for (;;) {
            const Submit answer = scheduler->submit({}, Again(*this));
            if (answer == Submit::accepted) counts->accepted.fetch_add(1, relaxed);  // a count
            if (answer == Submit::closed) counts->closed.fetch_add(1, relaxed);      // a count
            if (answer == Submit::accepted || answer == Submit::closed) return;
        }
    }

private:
    void born() const { counts->lives.fetch_add(1, relaxed); }  // a count
};

TEST(shutdown, tasks_that_submit_meanwhile_are_run_or_closed_never_both_never_neither) {
    constexpr std::uint64_t chains = 7;
    for (int round = 0; round < (is_sanitized ? 6 : 30); ++round) {
        const Ending how = modes[static_cast<std::size_t>(round) % 3];
        Again::Counts counts;
        ShutdownReport r;
        {
            Two scheduler;
            ASSERT_TRUE(scheduler.start().ok());
            for (std::uint64_t i = 0; i < chains; ++i)
                submit_or_wait(scheduler, Again(&scheduler, &counts));
            while (counts.runs.load(relaxed) < 500) std::this_thread::yield();  // a count
            r = scheduler.shutdown({.how = how});
        }
        ASSERT_EQ(r.ended, Ended::done);
        ASSERT_EQ(r.accepted, counts.accepted.load(relaxed) + chains);  // after the join
        ASSERT_EQ(r.executed, counts.runs.load(relaxed));               // after the join
        expect_balance(r);
        // Each chain has ended in one of two ways.
        ASSERT_EQ(counts.closed.load(relaxed) + r.cancelled, chains);  // after the join
        ASSERT_TRUE(how != Ending::drain || r.cancelled == 0);
        ASSERT_EQ(counts.lives.load(relaxed), 0U);  // after the join
    }
}

TEST(shutdown, groups_inside_a_drain_run_their_children_on_the_spot) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Held other;
    other.hold(scheduler);
    Door asked, began;
    Ends ends;
    Outcome outcome = Outcome::failed;
    ASSERT_EQ(scheduler.submit({},
                               [&] {
                                   began.open();
                                   asked.pass();
                                   TaskGroup group(scheduler.tasks());
                                   for (int i = 0; i < 20; ++i) group.run(ends.counted());
                                   outcome = group.wait();
                               }),
              Submit::accepted);
    began.pass();
    scheduler.request_stop();
    asked.open();
    other.open();
    const ShutdownReport r = scheduler.shutdown();
    EXPECT_EQ(ends.runs.load(relaxed), 20U);  // after the join
    EXPECT_EQ(outcome, Outcome::done);
    EXPECT_EQ(r.executed, 22U);
    expect_balance(r);
}

// ---- The destructor ----

TEST(shutdown, the_destructor_waits_for_all_that_was_accepted) {
    Ends ends;
    Held held;
    Door going;
    std::unique_ptr<Aside> opener;
    {
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        held.hold(scheduler);
        for (int i = 0; i < 20; ++i) submit_or_wait(scheduler, ends.counted());
        scheduler.request_stop();
        opener = std::make_unique<Aside>([&] {
            going.pass();
            for (int i = 0; i < 1000; ++i) std::this_thread::yield();
            ends.runs.fetch_add(100, relaxed);  // before it is opened
            held.open();
        });
        going.open();
    }
    EXPECT_EQ(ends.runs.load(relaxed), 120U);  // after the join
}

TEST(shutdown, the_destructor_ends_what_a_late_abort_has_left) {
    Held held;
    std::unique_ptr<Aside> opener;
    Ends ends;
    {
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        held.hold(scheduler);
        Held second;
        second.hold(scheduler);
        for (int i = 0; i < 20; ++i)
            ASSERT_EQ(scheduler.submit({.cleanup = ends.cleanup()}, ends.counted()),
                      Submit::accepted);
        const ShutdownReport r = scheduler.shutdown({.how = Ending::abort, .deadline = 1ms});
        EXPECT_EQ(r.ended, Ended::late);
        EXPECT_EQ(r.still_running.size(), 2U);
        EXPECT_EQ(r.open, 22U);
        second.open();
        opener = std::make_unique<Aside>([&] { held.open(); });
        Aside([&] { scheduler.stop(); }).join();
    }
    EXPECT_EQ(ends.runs.load(relaxed), 0U);       // after the join
    EXPECT_EQ(ends.cleanups.load(relaxed), 20U);  // after the join
}

}  // namespace
}  // namespace stator::test
