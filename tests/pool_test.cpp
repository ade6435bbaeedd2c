// tests/pool_test.cpp - the pool's promises one by one: answers, draining, failures, figures.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "pool_boards.hpp"

namespace stator::test {
namespace {

using One = Scheduler<one_with<4, 4>>;
using Two = Scheduler<two_with<16, 8>>;
using std::memory_order::acquire, std::memory_order::relaxed, std::memory_order::release;

// A task that keeps its worker busy until `open`.
class Gate {
public:
    template <typename S>
    void hold(S& scheduler) {
        ASSERT_EQ(scheduler.template submit<"held">({},
                                                    [this] {
                                                        held_.store(true, release);  // test
                                                        while (!open_.load(acquire))
                                                            std::this_thread::yield();  // test
                                                    }),
                  Submit::accepted);
        while (!held_.load(acquire)) std::this_thread::yield();  // test
    }
    void open() { open_.store(true, release); }  // test

private:
    std::atomic<bool> held_{false}, open_{false};
};

TEST(pool, before_start_after_stop_and_on_no_node_submissions_say_so) {
    One scheduler;
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::not_started);
    ASSERT_TRUE(scheduler.start().ok());
    EXPECT_EQ(scheduler.submit({.node = 4711}, [] {}), Submit::no_such_node);
    EXPECT_EQ(scheduler.submit({.node = machine.nodes[0].id}, [] {}), Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::closed);
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.executed, 1U);
    EXPECT_EQ(r.inboxes[0].refused[static_cast<std::size_t>(Submit::closed)], 1U);
    EXPECT_EQ(r.inboxes[0].refused[static_cast<std::size_t>(Submit::no_such_node)], 1U);
    ASSERT_TRUE(scheduler.start().ok());
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 1U);
}

TEST(pool, empty_functions_are_refused_and_full_ones_run) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    void (*null)() = nullptr;
    EXPECT_EQ(scheduler.submit({}, null), Submit::empty_function);
    EXPECT_EQ(scheduler.submit({}, std::function<void()>{}), Submit::empty_function);
    static std::atomic<int> runs{0};
    runs.store(0, relaxed);                                   // a count
    void (*function)() = [] { runs.fetch_add(1, relaxed); };  // a count
    EXPECT_EQ(scheduler.submit({}, function), Submit::accepted);
    EXPECT_EQ(scheduler.submit({}, std::function<void()>{function}), Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(runs.load(relaxed), 2);  // a count
}

TEST(pool, a_full_inbox_refuses_at_once_and_runs_what_it_accepted) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Gate gate;
    gate.hold(scheduler);
    std::atomic<int> runs{0};
    int accepted = 0, refused = 0;
    for (int i = 0; i < 100; ++i) {
        const Submit answer = scheduler.submit({}, [&] { runs.fetch_add(1, relaxed); });  // a count
        ++(answer == Submit::accepted ? accepted : refused);
        EXPECT_TRUE(answer == Submit::accepted || answer == Submit::full);
    }
    EXPECT_EQ(accepted, 15);  // 4 * 4 slots; the held one's has been taken, its segment not yet
    EXPECT_EQ(refused, 85);
    gate.open();
    scheduler.stop();
    EXPECT_EQ(runs.load(relaxed), accepted);  // a count
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.refused, 85U);
    EXPECT_EQ(r.accepted, r.executed);
}

TEST(pool, a_task_that_moves_only_is_run_and_destroyed_once) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    auto watched = std::make_shared<int>(0);
    auto owner = std::make_unique<std::shared_ptr<int>>(watched);
    ASSERT_EQ(scheduler.submit({}, [mine = std::move(owner)] { ++**mine; }), Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(*watched, 1);
    EXPECT_EQ(watched.use_count(), 1);
}

TEST(pool, a_refused_task_is_as_it_was) {
    One scheduler;
    auto watched = std::make_unique<int>(7);
    auto task = [mine = std::move(watched)] { (void)*mine; };
    EXPECT_EQ(scheduler.submit({}, std::move(task)), Submit::not_started);
    ASSERT_TRUE(scheduler.start().ok());
    EXPECT_EQ(scheduler.submit({}, std::move(task)), Submit::accepted);  // NOLINT: as it was
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().failed, 0U);
}

// A callable whose copy throws when it is told to; moving it does not.
struct CopyThrows {
    bool armed;
    explicit CopyThrows(bool arm) : armed(arm) {}
    CopyThrows(const CopyThrows& other) : armed(other.armed) {
        if (armed) throw std::runtime_error("a throwing copy");
    }
    CopyThrows(CopyThrows&& other) noexcept = default;
    CopyThrows& operator=(const CopyThrows&) = delete;
    void operator()() const {}
};
TEST(pool, a_copy_that_throws_comes_out_of_submit_and_changes_nothing) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    const CopyThrows armed(true), harmless(false);
    EXPECT_THROW((void)scheduler.submit({}, armed), std::runtime_error);
    EXPECT_EQ(scheduler.pool_report().accepted, 0U);
    EXPECT_EQ(scheduler.submit({}, harmless), Submit::accepted);
    EXPECT_EQ(scheduler.submit({}, CopyThrows(true)), Submit::accepted);  // moved
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 2U);
}

TEST(pool, captures_keep_their_alignment_while_the_task_runs) {
    struct alignas(16) Wide {
        std::array<std::byte, 16> bytes;
    };
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::atomic<std::uintptr_t> skew{0};
    for (int i = 0; i < 8; ++i)
        submit_or_wait(scheduler, [&skew, wide = Wide{}] {
            skew.fetch_or(reinterpret_cast<std::uintptr_t>(&wide) % 16, relaxed);  // bits
        });
    scheduler.stop();
    EXPECT_EQ(skew.load(relaxed), 0U);  // after the join
}

TEST(pool, a_stop_may_be_asked_for_before_during_and_after_a_run) {
    One scheduler;
    scheduler.request_stop();
    std::atomic<bool> ended{false};
    std::thread asker([&] {
        while (!ended.load(acquire)) scheduler.request_stop();  // test
    });
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(scheduler.start().ok());
        scheduler.wait();
    }
    ended.store(true, release);  // test
    asker.join();
}

TEST(pool, what_a_task_throws_or_answers_is_contained_and_counted) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    auto watched = std::make_shared<int>(0);
    submit_or_wait(scheduler, [watched] { throw std::runtime_error("on purpose"); });
    submit_or_wait(scheduler, [watched] { return Outcome::failed; });
    submit_or_wait(scheduler, [watched] { return Outcome::done; });
    submit_or_wait(scheduler, [watched] { throw 1; });
    scheduler.stop();
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.failed, 3U);
    EXPECT_EQ(r.executed, 1U);
    EXPECT_EQ(r.accepted, 4U);
    EXPECT_EQ(watched.use_count(), 1);
}

TEST(pool, stop_runs_a_burst_that_was_submitted_just_before) {
    for (int round = 0; round < 50; ++round) {
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        std::atomic<int> runs{0};
        int accepted = 0;
        for (int i = 0; i < 128; ++i)
            accepted += scheduler.submit({}, [&] { runs.fetch_add(1, relaxed); }) ==  // a count
                                Submit::accepted
                            ? 1
                            : 0;
        scheduler.stop();
        ASSERT_EQ(runs.load(relaxed), accepted);  // a count
        ASSERT_GT(accepted, 0);
    }
}

TEST(pool, submissions_that_race_a_stop_are_run_or_closed_never_both_never_neither) {
    for (int round = 0; round < (is_sanitized ? 10 : 40); ++round) {
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        std::atomic<int> runs{0}, accepted{0};
        std::atomic<bool> go{false};
        std::vector<std::thread> producers;
        for (int p = 0; p < 4; ++p)
            producers.emplace_back([&] {
                while (!go.load(acquire)) std::this_thread::yield();  // test
                for (;;) {
                    const Submit answer =
                        scheduler.submit({}, [&] { runs.fetch_add(1, relaxed); });   // a count
                    if (answer == Submit::accepted) accepted.fetch_add(1, relaxed);  // a count
                    if (answer == Submit::closed) return;
                    if (answer != Submit::accepted) std::this_thread::yield();
                }
            });
        go.store(true, release);  // test
        for (int i = 0; i < round; ++i) std::this_thread::yield();
        scheduler.stop();
        for (std::thread& producer : producers) producer.join();
        ASSERT_EQ(runs.load(relaxed), accepted.load(relaxed));  // counts
        const PoolReport r = scheduler.pool_report();
        ASSERT_EQ(r.accepted, r.executed);
        ASSERT_EQ(r.executed, static_cast<std::uint64_t>(runs.load(relaxed)));  // a count
    }
}

TEST(pool, tasks_submit_tasks) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::atomic<int> runs{0}, refused{0};
    constexpr int roots = 200;
    for (int i = 0; i < roots; ++i)
        submit_or_wait(scheduler, [&] {
            for (int k = 0; k < 4; ++k)
                if (scheduler.submit({}, [&] { runs.fetch_add(1, relaxed); }) !=  // a count
                    Submit::accepted)
                    refused.fetch_add(1, relaxed);  // a count
        });
    while (scheduler.pool_report().executed <
           static_cast<std::uint64_t>(roots + roots * 4 - refused.load(relaxed)))  // a count
        std::this_thread::yield();
    scheduler.stop();
    EXPECT_EQ(runs.load(relaxed) + refused.load(relaxed), roots * 4);  // counts
    std::uint64_t by_workers = 0;
    for (const WorkerReport& w : scheduler.worker_report())
        for (const std::uint64_t n : w.refused) by_workers += n;
    EXPECT_EQ(by_workers, static_cast<std::uint64_t>(refused.load(relaxed)));  // a count
}

TEST(pool, stop_from_a_task_begins_and_does_not_wait_for_itself) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::atomic<bool> called{false};
    ASSERT_EQ(scheduler.submit({},
                               [&] {
                                   scheduler.stop();
                                   called.store(true, release);  // test
                               }),
              Submit::accepted);
    while (!called.load(acquire)) std::this_thread::yield();  // test
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::closed);
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 1U);
}

TEST(pool, one_worker_starts_the_tasks_of_a_producer_in_the_order_of_submission) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::vector<int> order;
    for (int i = 0; i < 1000; ++i) submit_or_wait(scheduler, [&order, i] { order.push_back(i); });
    scheduler.stop();
    ASSERT_EQ(order.size(), 1000U);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(pool, what_runs_is_shown_with_name_worker_and_age_and_gone_when_it_ends) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    EXPECT_TRUE(scheduler.running().empty());
    Gate gate;
    gate.hold(scheduler);
    const auto first = scheduler.running();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].kind, "held");
    EXPECT_TRUE(first[0].worker == "one" || first[0].worker == "two");
    EXPECT_EQ(first[0].node, machine.nodes[0].id);
    // Others come and go; its age grows all the same.
    std::atomic<int> runs{0};
    for (int i = 0; i < 500; ++i)
        submit_or_wait(scheduler, [&] { runs.fetch_add(1, relaxed); });  // a count
    usleep(2000);
    const auto stuck = scheduler.running(std::chrono::milliseconds{1});
    ASSERT_GE(stuck.size(), 1U);
    bool found = false;
    for (const RunningReport& r : stuck)
        found = found || (r.id == first[0].id && r.age_ns > first[0].age_ns);
    EXPECT_TRUE(found);
    EXPECT_TRUE(scheduler.running(std::chrono::hours{1}).empty());
    gate.open();
    scheduler.stop();
    EXPECT_TRUE(scheduler.running().empty());
    EXPECT_EQ(scheduler.pool_report().registry_overflows, 0U);
}

constexpr Board one_slot = pool_board(two_takers, {.segments = 8, .registry_slots = 1});
TEST(pool, a_full_registry_counts_and_work_runs_all_the_same) {
    Scheduler<one_slot> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Gate a, b;
    a.hold(scheduler);
    b.hold(scheduler);  // the other worker: it has no slot
    EXPECT_EQ(scheduler.running().size(), 1U);
    EXPECT_GE(scheduler.pool_report().registry_overflows, 1U);
    a.open();
    b.open();
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 2U);
}

constexpr Board unseen = pool_board(one_taker, {.segments = 8, .registry = false});
TEST(pool, without_a_registry_nothing_is_shown_and_tasks_run) {
    Scheduler<unseen> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Gate gate;
    gate.hold(scheduler);
    EXPECT_TRUE(scheduler.running().empty());
    gate.open();
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 1U);
}

TEST(pool, workers_count_what_they_do_and_an_idle_pool_is_silent) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    for (int i = 0; i < 100; ++i) submit_or_wait(scheduler, [] {});
    const auto rounds = [&] {
        const auto all = scheduler.worker_report();
        return all[0].rounds + all[1].rounds;
    };
    // Until all has been run and the last wake-up that was on its way has been slept off.
    for (int quiet = 0; quiet < 20; ++quiet) {
        const std::uint64_t seen = rounds();
        usleep(5000);
        if (rounds() != seen || scheduler.pool_report().executed < 100) quiet = 0;
    }
    const auto before = scheduler.worker_report();
    usleep(200'000);
    const auto after = scheduler.worker_report();
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(before[i].rounds, after[i].rounds);
        EXPECT_EQ(before[i].woken, after[i].woken);
        EXPECT_GT(after[i].idle_ns, 0U);
        EXPECT_EQ(after[i].failed, 0U);
    }
    EXPECT_EQ(after[0].executed + after[1].executed, 100U);
    EXPECT_GT(after[0].busy_ns + after[1].busy_ns, 0U);
    scheduler.stop();
}

TEST(pool, with_one_worker_held_the_other_goes_on_recycling_segments) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Gate gate;
    gate.hold(scheduler);
    std::atomic<std::uint64_t> runs{0};
    const std::uint64_t before = scheduler.pool_report().inboxes[0].recycled;
    constexpr std::uint64_t tasks = 10'000;
    for (std::uint64_t i = 0; i < tasks; ++i)
        submit_or_wait(scheduler, [&] { runs.fetch_add(1, relaxed); });  // a count
    EXPECT_GE(scheduler.pool_report().inboxes[0].recycled, before + 1000);
    EXPECT_EQ(scheduler.running(std::chrono::nanoseconds{0}).size() >= 1, true);
    gate.open();
    scheduler.stop();
    EXPECT_EQ(runs.load(relaxed), tasks);  // a count
}

}  // namespace
}  // namespace stator::test
