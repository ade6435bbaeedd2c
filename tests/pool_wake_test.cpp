// tests/pool_wake_test.cpp - who is woken for new tasks, by whom, how many, and when.
//
// Figures are those of the pool's own report: `inboxes[].woken` are wakes by threads that are no
// workers, `woken_by` says for whom each worker was chosen.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <stator/core/idle.hpp>
#include <stator/core/waking.hpp>

#include "pool_boards.hpp"
#include "running.hpp"

namespace stator::test {
namespace {

using namespace std::chrono_literals;
using std::memory_order::relaxed;

// ---- One node's words, by hand: a machine with these cores is not needed for them ----

class Node {
public:
    static constexpr unsigned size = 6;
    Node() {
        for (WaitWord& word : words_) (void)idle.join(word);
    }
    void asleep(unsigned i) {
        idle.announce(i);
        announced_[i] = true;
    }
    void all_asleep() {
        for (unsigned i = 0; i < size; ++i) asleep(i);
    }
    // Which workers have been chosen, ascending; none of them sleeps or comes any more.
    std::vector<unsigned> chosen() {
        std::vector<unsigned> all;
        for (unsigned i = 0; i < size; ++i) {
            if (!std::exchange(announced_[i], false) || idle.retract(i) == WokenBy::nobody)
                continue;
            all.push_back(i);
            coming_[i] = true;
        }
        return all;
    }
    // Those that were chosen have had their look.
    void looked() {
        for (unsigned i = 0; i < size; ++i)
            if (std::exchange(coming_[i], false)) idle.end_search(i, true);
    }
    [[nodiscard]] std::size_t seekers() const { return idle.seekers(size, false); }
    IdleWorkers idle;

private:
    std::array<WaitWord, size> words_;
    std::array<bool, size> announced_{}, coming_{};
};
using Numbers = std::vector<unsigned>;

TEST(nearest, is_one_of_the_same_core_before_one_of_the_same_cache_before_any_other) {
    const Near near{.core = 0b10'0000, .cache = 0b11'1000};
    for (const auto& [tasks, expected] : std::vector<std::pair<std::size_t, Numbers>>{
             {0, {}}, {1, {5}}, {2, {3, 5}}, {3, {3, 4, 5}}, {4, {0, 3, 4, 5}}}) {
        Node node;
        node.all_asleep();
        EXPECT_EQ(node.idle.wake(tasks, near, WokenBy::outside), tasks);
        EXPECT_EQ(node.chosen(), expected) << tasks;
    }
}
TEST(nearest, is_any_one_where_no_near_one_sleeps) {
    Node node;
    node.asleep(0);
    node.asleep(2);
    EXPECT_EQ(node.idle.wake(1, {.core = 0b10'0000, .cache = 0b11'1000}, WokenBy::outside), 1U);
    EXPECT_EQ(node.chosen(), Numbers{0});
}
TEST(nearest, is_who_is_made_the_searcher_for_a_task_in_a_ring) {
    Node node;
    node.all_asleep();
    EXPECT_TRUE(node.idle.wake_searcher({.core = 0, .cache = 0b01'0000}));
    EXPECT_FALSE(node.idle.wake_searcher({.core = 0b01, .cache = 0})) << "one searches";
    EXPECT_EQ(node.chosen(), Numbers{4});
    node.idle.end_search(0, false);
    node.asleep(1);
    EXPECT_FALSE(node.idle.wake_searcher({})) << "worker 4 has not ended its search";
    node.looked();
    EXPECT_TRUE(node.idle.wake_searcher({}));
    EXPECT_EQ(node.chosen(), Numbers{1});
}
TEST(wake, of_more_than_sleep_wakes_those_that_sleep) {
    Node node;
    node.all_asleep();
    EXPECT_EQ(node.idle.wake(1000, {}, WokenBy::outside), Node::size);
    EXPECT_EQ(node.idle.wake(1, {}, WokenBy::outside), 0U);
    EXPECT_EQ(node.seekers(), Node::size);
    EXPECT_EQ(node.chosen().size(), Node::size);
    EXPECT_EQ(node.seekers(), Node::size) << "they come until they have had their look";
    node.looked();
    EXPECT_EQ(node.seekers(), 0U);
}
TEST(wake, leaves_one_task_to_the_searcher_once) {
    Node node;
    node.asleep(1);
    node.asleep(2);
    ASSERT_TRUE(node.idle.search(0));
    EXPECT_EQ(node.idle.wake(1, {}, WokenBy::outside), 0U) << "the searcher takes it";
    EXPECT_EQ(node.idle.wake(1, {}, WokenBy::outside), 1U) << "it has one already";
    ASSERT_TRUE(node.idle.search(0)) << "it was relieved of the search";
    EXPECT_EQ(node.idle.wake(2, {}, WokenBy::outside), 1U);
    EXPECT_EQ(node.chosen(), (Numbers{1, 2}));
}
TEST(wake, says_to_the_sleeper_on_whose_behalf) {
    for (const WokenBy by : {WokenBy::outside, WokenBy::worker, WokenBy::timer}) {
        Node node;
        node.asleep(3);
        EXPECT_EQ(node.idle.wake(1, {}, by), 1U);
        EXPECT_EQ(node.idle.retract(3), by);
        node.asleep(3);
        EXPECT_EQ(node.idle.retract(3), WokenBy::nobody) << "it was not chosen again";
    }
}

// A threshold without a timer to hear of is not possible: this one is never waited for.
class Threshold {
public:
    explicit Threshold(std::uint32_t threshold, std::uint64_t latest_ns = 3'600'000'000'000)
        : waking(node.idle, threshold, latest_ns) {
        platform::check(timer.open(), "the test needs a file descriptor");
        waking.use(timer);
    }
    std::size_t tell(std::size_t tasks) {
        return waking.tell(
            tasks, [] { return Near{}; }, WokenBy::outside);
    }
    Node node;
    platform::OneShotTimer timer;
    Waking waking;
};

TEST(threshold, wakes_the_first_of_a_sleeping_node_at_once_and_others_when_it_is_reached) {
    Threshold t(4);
    t.node.all_asleep();
    EXPECT_EQ(t.tell(1), 1U);
    EXPECT_EQ(t.tell(1), 0U);
    EXPECT_EQ(t.tell(2), 0U);
    EXPECT_EQ(t.tell(1), 4U) << "for the four that waited";
    EXPECT_EQ(t.tell(1), 0U) << "it begins anew";
}
TEST(threshold, lets_a_batch_for_a_sleeping_node_wake_one_and_count_the_rest) {
    Threshold t(4);
    t.node.all_asleep();
    EXPECT_EQ(t.tell(3), 1U);
    EXPECT_EQ(t.tell(1), 0U);
    EXPECT_EQ(t.tell(1), 4U);
    Threshold u(4);
    u.node.all_asleep();
    EXPECT_EQ(u.tell(5), 5U);
}
TEST(threshold, forgets_what_waits_once_a_worker_has_found_nothing) {
    Threshold t(3);
    t.node.asleep(0);
    EXPECT_EQ(t.tell(2), 0U);
    EXPECT_TRUE(t.waking.nothing_waits());
    EXPECT_FALSE(t.waking.nothing_waits()) << "it has been said";
    EXPECT_EQ(t.tell(2), 0U) << "counted from nothing again";
    EXPECT_EQ(t.tell(1), 1U);
}
TEST(threshold, wakes_as_many_as_wait_when_the_latest_moment_has_come) {
    Threshold t(100);
    t.node.all_asleep();
    EXPECT_EQ(t.tell(4), 1U);
    t.waking.due();
    EXPECT_EQ(t.node.chosen().size(), 4U);
    t.node.all_asleep();
    t.waking.due();
    EXPECT_EQ(t.node.chosen(), Numbers{}) << "nothing waits any more";
}
TEST(threshold, of_one_holds_nothing_back) {
    Node node;
    Waking waking(node.idle, 1, 0);
    for (unsigned i = 0; i < Node::size - 1; ++i) node.asleep(i);
    for (unsigned i = 0; i < Node::size - 1; ++i)
        EXPECT_EQ(waking.tell(
                      1, [] { return Near{}; }, WokenBy::outside),
                  1U);
}
TEST(threshold, holds_back_a_searcher_while_others_are_awake) {
    Threshold t(2);
    t.node.asleep(1);
    t.waking.tell_of_one({});
    EXPECT_EQ(t.node.chosen(), Numbers{});
    t.node.asleep(1);
    t.waking.tell_of_one({});
    EXPECT_EQ(t.node.chosen(), Numbers{1});
    t.node.looked();
    t.node.all_asleep();
    t.waking.tell_of_one({});
    EXPECT_EQ(t.node.chosen().size(), 1U) << "where all sleep one is woken at once";
}

// ---- Real workers: more than there are cpus, as all of them sleep by futex ----

constexpr Worker six_takers[] = {
    {.name = "w0", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "w1", .cpu = cpu_b, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "w2", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "w3", .cpu = cpu_b, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "w4", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "w5", .cpu = cpu_b, .roles = {}, .tasks = true, .wait = Wait::futex},
};
constexpr std::size_t workers = std::size(six_takers);
constexpr Board six_board = pool_board(six_takers, {.segments = 16, .slots_per_segment = 64});
using Six = Scheduler<six_board>;

std::uint64_t woken_by(const PoolReport& r, WokenBy by) {
    return r.woken_by[static_cast<std::size_t>(by)];
}
// Wakes that workers have seen, whoever has called them.
template <typename S>
std::uint64_t woken(const S& scheduler) {
    std::uint64_t n = 0;
    for (const WorkerReport& w : scheduler.worker_report()) n += w.woken;
    return n;
}

// Tasks that end together, once so many run at once: each keeps a worker to itself.
class Together {
public:
    [[nodiscard]] auto task() {
        return [this] {
            running_.fetch_add(1, relaxed);  // a count
            open_.pass();
        };
    }
    void wait_for(std::size_t n) const {
        while (running_.load(relaxed) < n) std::this_thread::yield();  // a count
    }
    [[nodiscard]] std::size_t running() const { return running_.load(relaxed); }  // a count
    void open() { open_.open(); }

private:
    std::atomic<std::size_t> running_{0};
    Door open_;
};

template <typename S>
void k_tasks_for_k_sleepers(std::size_t k, bool linked) {
    SCOPED_TRACE(std::to_string(k) + (linked ? " linked" : " by value"));
    struct Linked : Task {
        Linked()
            : Task([](Task& t) {
                  static_cast<Linked&>(t).together->task()();
                  return Outcome::done;
              }) {}
        Together* together = nullptr;
    };
    S scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    wait_until_all_sleep(scheduler);
    ASSERT_EQ(woken(scheduler), 0U) << "nobody has been woken by the start";
    Together together;
    std::vector<std::function<void()>> tasks(k, together.task());
    std::vector<Linked> links(linked ? k : 0);
    TaskBatch batch;
    for (Linked& link : links) {
        link.together = &together;
        batch.push(link);
    }
    if (linked)
        ASSERT_EQ(scheduler.submit({}, batch), Submit::accepted);
    else
        ASSERT_EQ(scheduler.submit_all({}, tasks).accepted, k);
    EXPECT_EQ(scheduler.pool_report().inboxes[0].woken, k) << "by the submitter, before it returns";
    together.wait_for(k);
    EXPECT_EQ(scheduler.pool_report().inboxes[0].woken, k);
    EXPECT_EQ(woken(scheduler), k) << "and nobody else has woken";
    together.open();
    EXPECT_EQ(scheduler.shutdown().executed, k);
    EXPECT_EQ(woken_by(scheduler.pool_report(), WokenBy::timer), 0U);
    // Linked tasks are spread by stealing: one that only looks whether it may sleep can be named.
    EXPECT_TRUE(linked || woken_by(scheduler.pool_report(), WokenBy::worker) == 0);
}

TEST(wakes, k_new_tasks_for_k_sleepers_are_k_by_the_submitter_and_none_by_a_woken_worker) {
    for (int round = 0; round < (is_sanitized ? 1 : 5); ++round)
        for (std::size_t k = 1; k <= workers; ++k) k_tasks_for_k_sleepers<Six>(k, false);
}
TEST(wakes, k_linked_tasks_for_k_sleepers_are_k_by_the_submitter_too) {
    for (int round = 0; round < (is_sanitized ? 1 : 5); ++round)
        for (std::size_t k = 1; k <= workers; ++k) k_tasks_for_k_sleepers<Six>(k, true);
}

TEST(wakes, one_submission_after_the_other_wakes_another_sleeper_each) {
    Six scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    wait_until_all_sleep(scheduler);
    Together together;
    for (std::size_t i = 0; i < workers; ++i) {
        ASSERT_EQ(scheduler.submit({}, together.task()), Submit::accepted);
        EXPECT_EQ(scheduler.pool_report().inboxes[0].woken, i + 1);
        together.wait_for(i + 1);
    }
    EXPECT_EQ(woken(scheduler), workers);
    // All are awake: one more wakes nobody.
    ASSERT_EQ(scheduler.submit({}, together.task()), Submit::accepted);
    EXPECT_EQ(scheduler.pool_report().inboxes[0].woken, workers);
    together.open();
    EXPECT_EQ(scheduler.shutdown().executed, workers + 1);
}

TEST(wakes, more_tasks_than_sleepers_wake_every_sleeper_once) {
    Six scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    wait_until_all_sleep(scheduler);
    Together together;
    std::vector<std::function<void()>> tasks(5 * workers, together.task());
    ASSERT_EQ(scheduler.submit_all({}, tasks).accepted, tasks.size());
    EXPECT_EQ(scheduler.pool_report().inboxes[0].woken, workers);
    together.wait_for(workers);
    EXPECT_EQ(woken(scheduler), workers);
    together.open();
    EXPECT_EQ(scheduler.shutdown().executed, tasks.size());
}

// ---- A worker that spawns ----

// Method: the one that spawns stays in its task, so whoever runs its children has been woken.
TEST(wakes, a_worker_that_spawns_wakes_one_searcher_for_many_tasks) {
    Six scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    wait_until_all_sleep(scheduler);
    std::atomic<std::uint64_t> runs{0};
    Door may_end;
    ASSERT_EQ(scheduler.submit({},
                               [&] {
                                   for (int i = 0; i < 40; ++i)
                                       EXPECT_EQ(scheduler.submit(
                                                     {}, [&] { runs.fetch_add(1, relaxed); }),
                                                 Submit::accepted);
                                   may_end.pass();
                               }),
              Submit::accepted);
    while (runs.load(relaxed) < 40) std::this_thread::yield();  // a count
    may_end.open();
    scheduler.stop();
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.inboxes[0].woken, 1U) << "for the one that spawned";
    EXPECT_GE(woken_by(r, WokenBy::worker), 1U);
    EXPECT_EQ(r.executed, 41U);
    EXPECT_GE(r.stolen[0], 40U);
}

// Every child of one that stays in its task needs a worker, and gets one: the search is handed on.
TEST(wakes, the_search_is_handed_on_until_every_spawned_task_has_a_worker) {
    for (int round = 0; round < (is_sanitized ? 5 : 30); ++round) {
        Six scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        wait_until_all_sleep(scheduler);
        Together together;
        ASSERT_EQ(scheduler.submit({},
                                   [&] {
                                       for (std::size_t i = 1; i < workers; ++i)
                                           EXPECT_EQ(scheduler.submit({}, together.task()),
                                                     Submit::accepted);
                                       together.task()();
                                   }),
                  Submit::accepted);
        together.wait_for(workers);  // or this test hangs
        const PoolReport r = scheduler.pool_report();
        EXPECT_EQ(r.inboxes[0].woken, 1U);
        together.open();
        EXPECT_EQ(scheduler.shutdown().executed, workers);
    }
}

TEST(wakes, a_task_that_a_worker_sends_to_the_inbox_wakes_a_sleeper_by_a_worker) {
    constexpr Pool with_two{.segments = 16, .slots_per_segment = 64, .priorities = 2, .quota = 4};
    static constexpr Board board = pool_board(two_takers, with_two);
    Scheduler<board> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    wait_until_all_sleep(scheduler);
    Door ran, may_end;
    ASSERT_EQ(scheduler.submit({},
                               [&] {
                                   EXPECT_EQ(scheduler.submit({.priority = 1}, [&] { ran.open(); }),
                                             Submit::accepted);
                                   may_end.pass();
                               }),
              Submit::accepted);
    ran.pass();
    may_end.open();
    EXPECT_EQ(scheduler.shutdown().executed, 2U);
    EXPECT_EQ(scheduler.pool_report().inboxes[0].woken, 1U);
    EXPECT_EQ(woken_by(scheduler.pool_report(), WokenBy::worker), 1U);
}

// ---- Threshold and latest wake ----

constexpr Board never_late = pool_board(
    six_takers, {.segments = 16, .slots_per_segment = 64, .wake_threshold = 4, .latest_wake = 1h});
TEST(wakes, while_one_is_busy_tasks_below_the_threshold_wake_nobody_and_that_many_wake_as_many) {
    Scheduler<never_late> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    wait_until_all_sleep(scheduler);
    const auto by_us = [&] { return scheduler.pool_report().inboxes[0].woken; };
    Together together;
    ASSERT_EQ(scheduler.submit({}, together.task()), Submit::accepted);
    EXPECT_EQ(by_us(), 1U) << "the first wakes at once";
    together.wait_for(1);
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(scheduler.submit({}, together.task()), Submit::accepted);
        EXPECT_EQ(by_us(), 1U);
    }
    EXPECT_EQ(woken(scheduler), 1U);
    EXPECT_EQ(together.running(), 1U);
    ASSERT_EQ(scheduler.submit({}, together.task()), Submit::accepted);
    EXPECT_EQ(by_us(), 5U);
    together.wait_for(5);
    EXPECT_EQ(woken_by(scheduler.pool_report(), WokenBy::timer), 0U);
    together.open();
    EXPECT_EQ(scheduler.shutdown().executed, 5U);
}

constexpr Board soon_late =
    pool_board(six_takers,
               {.segments = 16, .slots_per_segment = 64, .wake_threshold = 64, .latest_wake = 2ms});
TEST(wakes, while_one_is_busy_the_timer_wakes_as_many_as_wait_and_they_count_it) {
    Scheduler<soon_late> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    for (int round = 0; round < 3; ++round) {
        wait_until_all_sleep(scheduler);
        Together together;
        ASSERT_EQ(scheduler.submit({}, together.task()), Submit::accepted);
        together.wait_for(1);
        for (int i = 0; i < 3; ++i)
            ASSERT_EQ(scheduler.submit({}, together.task()), Submit::accepted);
        together.wait_for(4);  // nobody but the timer wakes for them, or this test hangs
        together.open();
        while (scheduler.pool_report().open() > 0) std::this_thread::yield();
    }
    scheduler.stop();
    const PoolReport r = scheduler.pool_report();
    EXPECT_GE(woken_by(r, WokenBy::timer), 3U);
    EXPECT_GE(r.inboxes[0].woken, 1U);
    EXPECT_LE(r.inboxes[0].woken, 3U) << "the first of each round at most";
    EXPECT_EQ(r.executed, 12U);
}

// The worker that is awake takes what waits for a wake-up: none is lost, and none is needed.
TEST(wakes, tasks_below_the_threshold_are_run_by_the_worker_that_is_awake) {
    Scheduler<never_late> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::uint64_t accepted = 0;
    for (int round = 0; round < (is_sanitized ? 20 : 200); ++round) {
        for (int i = 0; i < 3; ++i, ++accepted)
            ASSERT_EQ(scheduler.submit({}, [] {}), Submit::accepted);
        while (scheduler.pool_report().executed < accepted)
            std::this_thread::yield();  // or this test hangs
    }
    EXPECT_EQ(scheduler.shutdown().executed, accepted);
    EXPECT_EQ(woken_by(scheduler.pool_report(), WokenBy::timer), 0U);
}

}  // namespace
}  // namespace stator::test
