// tests/pool_test.cpp - the pool's promises one by one: answers, draining, failures, figures.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
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

// How often callables were made and destroyed, and how often they ran.
struct Lives {
    std::atomic<int> made{0}, ended{0}, runs{0};
};
// A task that counts its lives, and then ends as it is told.
class Watched {
public:
    enum class End { done, failed, throws };

    Watched(Lives& lives, End end) : lives_(&lives), end_(end) { made(); }
    Watched(Watched&& other) noexcept : lives_(other.lives_), end_(other.end_) { made(); }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() { lives_->ended.fetch_add(1, relaxed); }  // a count
    Outcome operator()() {
        lives_->runs.fetch_add(1, relaxed);  // a count
        if (end_ == End::throws) throw std::runtime_error("on purpose");
        return end_ == End::failed ? Outcome::failed : Outcome::done;
    }

private:
    void made() { lives_->made.fetch_add(1, relaxed); }  // a count

    Lives* lives_;
    End end_;
};

// A task whose first move, the one into the inbox, waits until it may go on.
class Hesitant {
public:
    struct State {
        std::atomic<bool> moving{false}, go_on{false};
        std::vector<int>* order;
    };

    explicit Hesitant(State& state) : state_(&state) {}
    Hesitant(Hesitant&& other) noexcept : state_(other.state_) {
        if (state_->moving.exchange(true, std::memory_order::acq_rel)) return;  // test
        while (!state_->go_on.load(acquire)) std::this_thread::yield();         // test
    }
    void operator()() { state_->order->push_back(-1); }

private:
    State* state_;
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

TEST(pool, callables_are_destroyed_as_often_as_they_are_made_however_they_end) {
    for (const auto end : {Watched::End::done, Watched::End::failed, Watched::End::throws}) {
        One scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        Lives lives;
        int accepted = 0;
        for (int i = 0; i < 100; ++i)
            accepted += scheduler.submit({}, Watched(lives, end)) == Submit::accepted ? 1 : 0;
        scheduler.stop();
        EXPECT_EQ(scheduler.submit({}, Watched(lives, end)), Submit::closed);
        EXPECT_GT(accepted, 0);
        EXPECT_EQ(lives.runs.load(relaxed), accepted);                   // after the join
        EXPECT_EQ(lives.made.load(relaxed), lives.ended.load(relaxed));  // after the join
        const PoolReport r = scheduler.pool_report();
        const bool is_failure = end != Watched::End::done;
        EXPECT_EQ(is_failure ? r.failed : r.executed, static_cast<std::uint64_t>(accepted));
        EXPECT_EQ(is_failure ? r.executed : r.failed, 0U);
    }
}

TEST(pool, a_task_that_is_full_or_closed_out_is_as_it_was) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Gate gate;
    gate.hold(scheduler);
    while (scheduler.submit({}, [] {}) == Submit::accepted) {
    }
    auto number = std::make_unique<int>(7);
    static int seen = 0;
    auto task = [mine = std::move(number)] { seen = *mine; };
    EXPECT_EQ(scheduler.submit({}, std::move(task)), Submit::full);
    EXPECT_EQ(scheduler.submit({.node = 4711}, std::move(task)), Submit::no_such_node);  // NOLINT
    scheduler.request_stop();
    EXPECT_EQ(scheduler.submit({}, std::move(task)), Submit::closed);  // NOLINT: as it was
    gate.open();
    scheduler.stop();
    task();
    EXPECT_EQ(seen, 7);
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
            const void* at = &wide;
            asm volatile(""
                         : "+r"(at));  // else the compiler takes the type's alignment for granted
            skew.fetch_or(reinterpret_cast<std::uintptr_t>(at) % 16, relaxed);  // bits
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

// Which tasks, not only how many: numbers from 1 on, added up after they have been scrambled.
class Ledger {
public:
    void enter(std::uint64_t number) {
        count_.fetch_add(1, relaxed);                // read after the join
        sum_.fetch_add(scrambled(number), relaxed);  // read after the join
    }
    [[nodiscard]] std::uint64_t count() const { return count_.load(relaxed); }  // after the join
    [[nodiscard]] bool operator==(const Ledger& other) const {
        return count() == other.count() &&
               sum_.load(relaxed) == other.sum_.load(relaxed);  // after the join
    }

private:
    // Source: the finalizer of splitmix64; S. Vigna, public domain.
    static std::uint64_t scrambled(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    std::atomic<std::uint64_t> count_{0}, sum_{0};
};

TEST(pool, submissions_that_race_a_stop_are_run_or_closed_never_both_never_neither) {
    for (int round = 0; round < (is_sanitized ? 10 : 40); ++round) {
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        Ledger accepted, run;
        std::atomic<bool> go{false};
        std::vector<std::thread> producers;
        for (std::uint64_t p = 1; p <= 4; ++p)
            producers.emplace_back([&, p] {
                while (!go.load(acquire)) std::this_thread::yield();  // test
                Submit answer = Submit::accepted;
                for (std::uint64_t n = p << 32; answer != Submit::closed; ++n) {
                    answer = scheduler.submit({}, [&run, n] { run.enter(n); });
                    if (answer == Submit::accepted) accepted.enter(n);
                    if (answer == Submit::full || answer == Submit::full_cooling) {
                        std::this_thread::yield();
                        continue;
                    }
                    ASSERT_TRUE(answer == Submit::accepted || answer == Submit::closed);
                }
            });
        go.store(true, release);  // test
        for (int i = 0; i < round; ++i) std::this_thread::yield();
        scheduler.stop();
        const std::uint64_t at_stop = run.count();
        for (std::thread& producer : producers) producer.join();
        ASSERT_TRUE(run == accepted) << run.count() << " run, " << accepted.count() << " accepted";
        ASSERT_EQ(run.count(), at_stop) << "stop has returned before the last task";
        const PoolReport r = scheduler.pool_report();
        ASSERT_EQ(r.accepted, r.executed);
        ASSERT_EQ(r.executed, run.count());
        ASSERT_EQ(r.inboxes[0].refused[static_cast<std::size_t>(Submit::closed)], 4U);
    }
}

TEST(pool, a_submission_that_is_half_done_holds_back_later_ones_and_stop_waits_for_it) {
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::vector<int> order;
    Hesitant::State state{.order = &order};
    std::thread slow([&] { EXPECT_EQ(scheduler.submit({}, Hesitant(state)), Submit::accepted); });
    while (!state.moving.load(acquire)) std::this_thread::yield();  // test
    for (int i = 0; i < 10; ++i)
        ASSERT_EQ(scheduler.submit({}, [&order, i] { order.push_back(i); }), Submit::accepted);
    scheduler.request_stop();
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::closed);
    for (int i = 0; i < 2000; ++i) {
        ASSERT_EQ(scheduler.pool_report().inboxes[0].claimed, 0U);
        std::this_thread::yield();
    }
    state.go_on.store(true, release);  // test
    scheduler.stop();
    slow.join();
    EXPECT_EQ(order, (std::vector<int>{-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(scheduler.pool_report().executed, 11U);
}

TEST(pool, a_scheduler_that_is_destroyed_runs_what_it_accepted) {
    std::atomic<int> runs{0};
    int accepted = 0;
    {
        Two scheduler;
        scheduler.stop();  // nothing to do
        ASSERT_TRUE(scheduler.start().ok());
        for (int i = 0; i < 100; ++i)
            accepted += scheduler.submit({}, [&] { runs.fetch_add(1, relaxed); }) ==  // a count
                                Submit::accepted
                            ? 1
                            : 0;
    }
    EXPECT_GT(accepted, 0);
    EXPECT_EQ(runs.load(relaxed), accepted);  // after the join
}

// A task that hands itself over again until the pool is closed.
struct Again {
    Two& scheduler;
    std::atomic<std::uint64_t>& accepted;
    std::atomic<std::uint64_t>& closed;

    void operator()() const {
        for (;;) {
            const Submit answer = scheduler.submit({}, Again(*this));
            if (answer == Submit::accepted) accepted.fetch_add(1, relaxed);  // a count
            if (answer == Submit::closed) closed.fetch_add(1, relaxed);      // a count
            if (answer == Submit::accepted || answer == Submit::closed) return;
            std::this_thread::yield();
        }
    }
};
TEST(pool, tasks_that_submit_themselves_for_ever_end_when_the_pool_is_closed) {
    constexpr std::uint64_t chains = 5;
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::atomic<std::uint64_t> accepted{0}, closed{0};
    for (std::uint64_t i = 0; i < chains; ++i)
        submit_or_wait(scheduler, Again{scheduler, accepted, closed});
    while (accepted.load(relaxed) < 2000) std::this_thread::yield();  // a count
    scheduler.stop();
    EXPECT_EQ(closed.load(relaxed), chains);  // after the join
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.accepted, accepted.load(relaxed) + chains);  // after the join
    EXPECT_EQ(r.executed, r.accepted);
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
    EXPECT_EQ(scheduler.pool_report().open(), 0U);
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
    ASSERT_TRUE(scheduler.start().ok()) << "and once more";
    EXPECT_EQ(scheduler.submit({}, [] {}), Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 1U) << "figures begin anew";
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

TEST(pool, one_worker_keeps_the_order_of_each_of_many_producers) {
    constexpr std::size_t producers = 4;
    constexpr int each = 1000;
    One scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::array<int, producers> next{};
    int wrong = 0;
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < producers; ++p)
        threads.emplace_back([&, p] {
            for (int i = 0; i < each; ++i)
                submit_or_wait(scheduler, [&, p, i] { wrong += next[p]++ == i ? 0 : 1; });
        });
    for (std::thread& thread : threads) thread.join();
    scheduler.stop();
    EXPECT_EQ(wrong, 0);
    for (const int n : next) EXPECT_EQ(n, each);
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
    while (!scheduler.running().empty()) std::this_thread::yield();  // or this test hangs
    scheduler.stop();
    EXPECT_TRUE(scheduler.running().empty());
    EXPECT_EQ(scheduler.pool_report().registry_overflows, 0U);
}

constexpr Board one_slot = pool_board(two_takers, {.segments = 8, .registry_slots = 1});
TEST(pool, a_full_registry_counts_and_work_runs_all_the_same) {
    Scheduler<one_slot> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    EXPECT_EQ(scheduler.pool_report().registry_overflows, 0U);  // nothing has run
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

using WorkerReports = std::vector<WorkerReport>;

// Whether nothing has moved from one picture to the other, and every worker sleeps.
bool is_silent(const WorkerReports& before, const WorkerReports& after) {
    bool silent = true;
    for (std::size_t i = 0; i < before.size(); ++i)
        silent = silent && before[i].rounds == after[i].rounds &&
                 before[i].sleeps == after[i].sleeps && before[i].woken == after[i].woken &&
                 after[i].sleeps == after[i].woken + 1;
    return silent;
}

// Method: pictures 200 ms apart. At first a wake-up may still be on its way to a worker that has no
// cpu, so one pair of ten has to be silent; a worker that ticks, or spins, is never silent.
TEST(pool, workers_count_what_they_do_and_an_idle_pool_is_silent) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    for (int i = 0; i < 100; ++i) submit_or_wait(scheduler, [] {});
    while (scheduler.pool_report().executed < 100) std::this_thread::yield();
    WorkerReports before, after = scheduler.worker_report();
    bool silent = false;
    for (int tries = 0; tries < 10 && !silent; ++tries) {
        before = std::move(after);
        usleep(200'000);
        after = scheduler.worker_report();
        silent = is_silent(before, after);
    }
    EXPECT_TRUE(silent);
    ASSERT_EQ(after.size(), 2U);
    for (const WorkerReport& w : after) {
        EXPECT_GT(w.idle_ns, 0U);
        EXPECT_LE(w.idle_rounds, w.rounds);
        EXPECT_EQ(w.failed, 0U);
    }
    EXPECT_EQ(after[0].executed + after[1].executed, 100U);
    EXPECT_GT(after[0].busy_ns + after[1].busy_ns, 0U);
    // It can be woken all the same.
    submit_or_wait(scheduler, [] {});
    while (scheduler.pool_report().executed < 101) std::this_thread::yield();  // or it hangs
    scheduler.stop();
}

TEST(pool, with_one_worker_held_the_other_goes_on_recycling_segments) {
    Two scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Gate gate;
    gate.hold(scheduler);
    std::atomic<std::uint64_t> runs{0};
    const std::uint64_t before = scheduler.pool_report().inboxes[0].recycled;
    constexpr std::uint64_t producers = 2, each = 5'000;
    std::vector<std::thread> threads;
    for (std::uint64_t p = 0; p < producers; ++p)
        threads.emplace_back([&] {
            for (std::uint64_t i = 0; i < each; ++i)
                submit_or_wait(scheduler, [&] { runs.fetch_add(1, relaxed); });  // a count
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_GE(scheduler.pool_report().inboxes[0].recycled, before + 1000);
    bool is_held = false;
    for (const RunningReport& r : scheduler.running()) is_held = is_held || r.kind == "held";
    EXPECT_TRUE(is_held);
    gate.open();
    scheduler.stop();
    EXPECT_EQ(runs.load(relaxed), producers * each);  // after the join
    EXPECT_LE(scheduler.pool_report().inboxes[0].cooling_high_water, 16U);
}

}  // namespace
}  // namespace stator::test
