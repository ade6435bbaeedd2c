// tests/pool_group_test.cpp - fork and join: groups and ranges, from outside and from workers,
// nested, failing, cancelled, and how deep the stack becomes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <stator/core/parallel_for.hpp>
#include <stator/core/task_group.hpp>

#include "pool_tools.hpp"

namespace stator::test {
namespace {

using namespace std::chrono_literals;
using std::memory_order::acquire, std::memory_order::relaxed, std::memory_order::release;

constexpr Board one_board = pool_board(one_taker, {.segments = 16, .slots_per_segment = 16});
constexpr Board two_board = pool_board(two_takers, {.segments = 16, .slots_per_segment = 16});
constexpr Board tight_board =
    pool_board(two_takers, {.segments = 2, .slots_per_segment = 2, .run_ring = 2});

// Calls `f(pool)` as a task of the scheduler, and returns when it has been called.
template <typename S, typename F>
void inside(S& scheduler, F&& f) {
    Door ended;
    submit_or_wait(scheduler, [&] {
        f(scheduler.tasks());
        ended.open();
    });
    ended.pass();
}
// Calls it here, and then as a task.
template <const Board& b, typename F>
void outside_and_inside(F&& f) {
    Scheduler<b> scheduler;
    start(scheduler);
    {
        SCOPED_TRACE("from outside");
        f(scheduler.tasks());
    }
    {
        SCOPED_TRACE("from a worker");
        inside(scheduler, f);
    }
    scheduler.stop();
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.accepted, r.executed + r.failed);
    EXPECT_EQ(r.open(), 0U);
}
template <typename F>
void on_every_board(F&& f) {
    outside_and_inside<one_board>(f);
    outside_and_inside<two_board>(f);
    outside_and_inside<tight_board>(f);
}

// ---- Groups ----

TEST(pool_group, wait_returns_when_every_child_has_run_and_what_they_did_is_visible) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        for (int round = 0; round < 20; ++round) {
            std::array<int, 200> plain{};  // no atomics: the group orders it
            TaskGroup<b> group(pool);
            for (std::size_t i = 0; i < plain.size(); ++i)
                group.run([&plain, i] { plain[i] = static_cast<int>(i) + 1; });
            ASSERT_EQ(group.wait(), Outcome::done);
            for (std::size_t i = 0; i < plain.size(); ++i)
                ASSERT_EQ(plain[i], static_cast<int>(i) + 1);
        }
    });
}

TEST(pool_group, a_group_without_children_waits_for_nothing_and_the_destructor_waits) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        std::array<int, 50> plain{};
        {
            TaskGroup<b> group(pool);
            EXPECT_EQ(group.wait(), Outcome::done);
            EXPECT_EQ(group.wait(), Outcome::done);
            for (int& n : plain) group.run([&n] { n = 1; });
        }
        EXPECT_EQ(std::count(plain.begin(), plain.end(), 1), 50);
    });
}

template <const Board& b>
int fibonacci(TaskPool<b>& pool, int n) {
    if (n < 2) return n;
    int left = 0;
    TaskGroup<b> group(pool);
    group.run([&pool, &left, n] { left = fibonacci(pool, n - 1); });
    const int right = fibonacci(pool, n - 2);
    (void)group.wait();
    return left + right;
}
TEST(pool_group, groups_are_nested_to_any_depth_from_outside_and_from_workers) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        EXPECT_EQ(fibonacci(pool, is_sanitized ? 12 : 18), is_sanitized ? 144 : 2584);
    });
}

TEST(pool_group, a_group_may_be_used_again_and_forgets_what_has_failed) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        TaskGroup<b> group(pool);
        for (int round = 0; round < 100; ++round) {
            int runs = 0;
            group.run([&runs] { ++runs; });
            if (round % 3 == 1) group.run([] { return Outcome::failed; });
            if (round % 3 == 2) group.run([] { throw std::runtime_error("on purpose"); });
            ASSERT_EQ(group.wait(), round % 3 == 0 ? Outcome::done : Outcome::failed);
            ASSERT_EQ(runs, 1);
        }
    });
}

TEST(pool_group, one_child_of_many_that_throws_or_fails_makes_the_group_fail_and_others_run) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        for (const int which : {0, 57, 99}) {
            for (const bool throws : {false, true}) {
                Count runs;
                TaskGroup<b> group(pool);
                for (int i = 0; i < 100; ++i)
                    group.run([&runs, is_bad = i == which, throws] {
                        runs.add();
                        if (is_bad && throws) throw 1;
                        return is_bad ? Outcome::failed : Outcome::done;
                    });
                ASSERT_EQ(group.wait(), Outcome::failed);
                ASSERT_EQ(runs.value(), 100);
            }
        }
    });
}

TEST(pool_group, a_failing_child_is_counted_and_told_of_under_its_name) {
    struct Told {
        std::mutex mutex;
        std::multiset<std::string> kinds;
    } told;
    Scheduler<two_board> scheduler;
    scheduler.hooks({.context = &told, .on_error = [](void* context, const TaskFailure& failure) {
                         auto& mine = *static_cast<Told*>(context);
                         const std::scoped_lock lock(mine.mutex);
                         mine.kinds.insert(failure.kind.text());
                     }});
    start(scheduler);
    TaskGroup<two_board> group(scheduler.tasks());
    group.run([] { return Outcome::failed; });
    group.run<"named">([] { throw 1; });
    EXPECT_EQ(group.wait(), Outcome::failed);
    inside(scheduler, [](auto& pool) {
        TaskGroup<two_board> nested(pool);
        nested.template run<"nested">([] { throw 1; });
        EXPECT_EQ(nested.wait(), Outcome::failed);
    });
    scheduler.stop();
    EXPECT_EQ(told.kinds, (std::multiset<std::string>{"child", "named", "nested"}));
    EXPECT_EQ(scheduler.pool_report().failed, 3U);
    EXPECT_EQ(scheduler.pool_report().executed, 1U);
}

// Children that add children to their own group.
template <const Board& b>
void grow(TaskGroup<b>& group, Count& runs, int depth) {
    runs.add();
    if (depth == 0) return;
    for (int i = 0; i < 3; ++i) group.run([&group, &runs, depth] { grow(group, runs, depth - 1); });
}
TEST(pool_group, children_may_add_children_to_the_group_that_is_waited_for) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        Count runs;
        TaskGroup<b> group(pool);
        group.run([&] { grow(group, runs, 5); });
        EXPECT_EQ(group.wait(), Outcome::done);
        EXPECT_EQ(runs.value(), 1 + 3 + 9 + 27 + 81 + 243);
    });
}

TEST(pool_group, many_outside_threads_and_workers_wait_at_once) {
    constexpr int rounds = is_sanitized ? 30 : 300;
    Scheduler<two_board> scheduler;
    start(scheduler);
    Count runs;
    const auto storm = [&](auto& pool) {
        for (int i = 0; i < rounds; ++i) {
            TaskGroup<two_board> group(pool);
            for (int k = 0; k < 4; ++k) group.run([&runs] { runs.add(); });
            ASSERT_EQ(group.wait(), Outcome::done);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { storm(scheduler.tasks()); });
    inside(scheduler, storm);
    for (std::thread& thread : threads) thread.join();
    scheduler.stop();
    EXPECT_EQ(runs.value(), 4 * 4 * rounds);
}

// A worker of one pool waits for children in another one: it is an outside thread there.
TEST(pool_group, a_worker_of_another_pool_waits_as_an_outside_thread) {
    if (cpu_a == cpu_b) GTEST_SKIP() << "skipped: needs a second cpu";
    static constexpr Worker elsewhere[] = {
        {.name = "two", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex}};
    static constexpr Board other = pool_board(elsewhere, {.segments = 8, .slots_per_segment = 8});
    Scheduler<one_board> scheduler;
    Scheduler<other> second;
    start(scheduler);
    start(second);
    inside(scheduler, [&](auto&) {
        EXPECT_EQ(fibonacci(second.tasks(), 10), 55);
        EXPECT_EQ(fibonacci(scheduler.tasks(), 10), 55);
    });
    second.stop();
    scheduler.stop();
    EXPECT_GT(second.pool_report().executed, 0U);
}

// ---- Pools that refuse ----

TEST(pool_group, before_start_and_after_stop_children_run_on_the_spot) {
    Scheduler<two_board> scheduler;
    const auto on_the_spot = [&] {
        const auto here = std::this_thread::get_id();
        int runs = 0;
        TaskGroup<two_board> group(scheduler.tasks());
        for (int i = 0; i < 10; ++i)
            group.run([&] { runs += std::this_thread::get_id() == here ? 1 : 0; });
        EXPECT_EQ(runs, 10);
        EXPECT_EQ(group.wait(), Outcome::done);
        group.run([] { throw std::runtime_error("on purpose"); });
        EXPECT_EQ(group.wait(), Outcome::failed);
        group.run([] { return Outcome::failed; });
        EXPECT_EQ(group.wait(), Outcome::failed);
        EXPECT_EQ(fibonacci(scheduler.tasks(), 10), 55);
        std::vector<int> seen(100);
        EXPECT_EQ(parallel_for(scheduler.tasks(), 0, 100, 7,
                               [&seen](int i) { ++seen[static_cast<std::size_t>(i)]; }),
                  Outcome::done);
        EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 100);
    };
    on_the_spot();
    start(scheduler);
    scheduler.stop();
    on_the_spot();
    EXPECT_EQ(scheduler.pool_report().accepted, 0U);
}

TEST(pool_group, where_the_inbox_is_full_an_outside_thread_runs_its_children_itself) {
    static constexpr Board b =
        pool_board(one_taker, {.segments = 2, .slots_per_segment = 4, .run_ring = 2});
    Scheduler<b> scheduler;
    start(scheduler);
    Held held;
    held.hold(scheduler);
    const auto me = std::this_thread::get_id();
    Count here, there;
    TaskGroup<b> group(scheduler.tasks());
    for (int i = 0; i < 20; ++i)
        group.run([&] { (std::this_thread::get_id() == me ? here : there).add(); });
    EXPECT_EQ(here.value(), 20 - 7);  // 8 slots, less the held one's
    held.open();
    EXPECT_EQ(group.wait(), Outcome::done);
    EXPECT_EQ(there.value(), 7);
    scheduler.stop();
}

TEST(pool_group, where_the_ring_is_full_a_worker_runs_its_children_on_the_spot) {
    static constexpr Board b = pool_board(one_taker, {.segments = 8, .run_ring = 2});
    Scheduler<b> scheduler;
    start(scheduler);
    inside(scheduler, [](auto& pool) {
        int runs = 0;
        TaskGroup<b> group(pool);
        for (int i = 0; i < 20; ++i) group.run([&runs] { ++runs; });
        EXPECT_EQ(runs, 18);
        EXPECT_EQ(group.wait(), Outcome::done);
        EXPECT_EQ(runs, 20);
    });
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 21U);
}

TEST(pool_group, a_cancel_drops_children_that_have_not_begun_and_the_group_fails) {
    Scheduler<two_board> scheduler;
    start(scheduler);
    Held one, two;
    one.hold(scheduler);
    two.hold(scheduler);
    Count runs, destroyed;
    struct Watch {
        Count* ended;
        explicit Watch(Count& count) : ended(&count) {}
        Watch(Watch&& other) noexcept : ended(std::exchange(other.ended, nullptr)) {}
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() {
            if (ended != nullptr) ended->add();
        }
    };
    TaskGroup<two_board> group(scheduler.tasks());
    for (int i = 0; i < 30; ++i) group.run([&runs, watch = Watch(destroyed)] { runs.add(); });
    EXPECT_EQ(scheduler.shutdown({.how = Ending::cancel, .deadline = 0ns}).ended, Ended::late);
    one.open();
    two.open();
    EXPECT_EQ(group.wait(), Outcome::failed);
    EXPECT_EQ(runs.value(), 0);
    EXPECT_EQ(destroyed.value(), 30);
    EXPECT_EQ(scheduler.shutdown({.how = Ending::cancel}).cancelled, 30U);
}

TEST(pool_group, a_worker_that_waits_when_the_pool_is_cancelled_gets_an_answer) {
    for (int round = 0; round < 20; ++round) {
        Scheduler<two_board> scheduler;
        start(scheduler);
        Door spawned, cancelled;
        Outcome answer = Outcome::done;
        Count runs;
        EXPECT_EQ(scheduler.submit({},
                                   [&] {
                                       TaskGroup<two_board> group(scheduler.tasks());
                                       for (int i = 0; i < 100; ++i)
                                           group.run([&] {
                                               runs.add();
                                               spawned.open();
                                               cancelled.pass();
                                           });
                                       spawned.open();
                                       answer = group.wait();
                                   }),
                  Submit::accepted);
        spawned.pass();
        (void)scheduler.shutdown({.how = Ending::cancel, .deadline = 0ns});
        cancelled.open();
        const ShutdownReport r = scheduler.shutdown({.how = Ending::cancel});
        EXPECT_EQ(answer, Outcome::failed);
        EXPECT_LE(runs.value(), 2);  // those that had begun
        EXPECT_EQ(r.cancelled, 100U - static_cast<std::uint64_t>(runs.value()));
        expect_balance(r);
    }
}

TEST(pool_group, a_drain_waits_for_groups_that_go_on_nesting) {
    Scheduler<two_board> scheduler;
    start(scheduler);
    Door began;
    int result = 0;
    EXPECT_EQ(scheduler.submit({},
                               [&] {
                                   began.open();
                                   result = fibonacci(scheduler.tasks(), 16);
                               }),
              Submit::accepted);
    began.pass();
    scheduler.stop();
    EXPECT_EQ(result, 987);
}

// ---- Ranges ----

TEST(pool_group, parallel_for_calls_every_index_once_whatever_the_grain) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        for (const int n : {1, 2, 3, 64, 1000}) {
            for (const int grain : {-1, 0, 1, 7, 999, 1000, 5000}) {
                std::vector<int> seen(static_cast<std::size_t>(n));
                ASSERT_EQ(parallel_for(pool, 0, n, grain,
                                       [&seen](int i) { ++seen[static_cast<std::size_t>(i)]; }),
                          Outcome::done);
                ASSERT_EQ(std::count(seen.begin(), seen.end(), 1), n) << n << ' ' << grain;
            }
        }
    });
}

TEST(pool_group, parallel_for_takes_any_range_of_any_integer_and_nothing_of_an_empty_one) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        std::atomic<long> sum{0};
        const auto add = [&sum](auto i) { sum.fetch_add(static_cast<long>(i), relaxed); };  // a sum
        EXPECT_EQ(parallel_for(pool, -50, 51, 3, add), Outcome::done);
        EXPECT_EQ(sum.load(relaxed), 0);  // as above
        EXPECT_EQ(parallel_for(pool, std::int8_t{-128}, std::int8_t{127}, std::int8_t{5}, add),
                  Outcome::done);
        EXPECT_EQ(sum.load(relaxed), -255);  // as above: -128 - 127 and pairs
        EXPECT_EQ(parallel_for(pool, std::uint8_t{0}, std::uint8_t{255}, std::uint8_t{1}, add),
                  Outcome::done);
        EXPECT_EQ(sum.load(relaxed), -255 + 254 * 255 / 2);  // as above
        EXPECT_EQ(parallel_for(pool, std::size_t{10}, std::size_t{10}, std::size_t{1}, add),
                  Outcome::done);
        EXPECT_EQ(parallel_for(pool, 10, -10, 1, add), Outcome::done);
        EXPECT_EQ(sum.load(relaxed), -255 + 254 * 255 / 2);  // as above
    });
}

TEST(pool_group, parallel_for_takes_the_widest_range_of_a_signed_type) {
    Scheduler<two_board> scheduler;
    start(scheduler);
    using Limits = std::numeric_limits<int>;
    std::atomic<std::uint64_t> indices{0};
    EXPECT_EQ(parallel_for(scheduler.tasks(), Limits::min(), Limits::max(), 1 << 26,
                           [&indices](int from, int to) {
                               const auto n = static_cast<std::int64_t>(to) - from;
                               indices.fetch_add(static_cast<std::uint64_t>(n),
                                                 relaxed);  // a count
                           }),
              Outcome::done);
    EXPECT_EQ(indices.load(relaxed), 0xffff'ffffU);  // after the wait
    scheduler.stop();
}

TEST(pool_group, parallel_for_hands_pieces_of_at_most_a_grain_to_a_function_of_two) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        std::vector<int> seen(1000);
        std::atomic<int> largest{0};
        EXPECT_EQ(parallel_for(pool, std::size_t{0}, seen.size(), std::size_t{16},
                               [&](std::size_t from, std::size_t to) {
                                   for (std::size_t i = from; i < to; ++i) ++seen[i];
                                   int most = largest.load(relaxed);  // a maximum
                                   const int mine = static_cast<int>(to - from);
                                   while (most < mine &&
                                          !largest.compare_exchange_weak(most, mine, relaxed)) {
                                   }
                               }),
                  Outcome::done);
        EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 1000);
        EXPECT_LE(largest.load(relaxed), 16);
    });
}

TEST(pool_group, a_piece_that_throws_makes_parallel_for_fail_and_the_other_pieces_run) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        std::vector<int> seen(512);
        EXPECT_EQ(parallel_for(pool, 0, 512, 1,
                               [&seen](int i) {
                                   ++seen[static_cast<std::size_t>(i)];
                                   if (i % 100 == 7) throw i;
                               }),
                  Outcome::failed);
        EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 512);
    });
}

TEST(pool_group, parallel_for_is_nested_in_itself) {
    on_every_board([]<const Board & b>(TaskPool<b>& pool) {
        static constexpr int n = 24;
        std::array<int, n * n * n> seen{};
        EXPECT_EQ(parallel_for(pool, 0, n, 1,
                               [&](int i) {
                                   (void)parallel_for(pool, 0, n, 2, [&, i](int j) {
                                       (void)parallel_for(pool, 0, n, 5, [&seen, i, j](int k) {
                                           ++seen[static_cast<std::size_t>((i * n + j) * n + k)];
                                       });
                                   });
                               }),
                  Outcome::done);
        EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), n * n * n);
    });
}

// ---- The depth of the stack ----

// Sanitizers keep their own words in a thread's stack, and make frames larger.
constexpr std::size_t stack_bytes = (is_sanitized ? 4096 : 512) * 1024, allowed = 128 * 1024;
constexpr std::size_t headroom = stack_bytes - allowed;
constexpr std::size_t slack = is_sanitized ? 32 * 1024 : 8 * 1024;  // frames of the pool itself

constexpr Board with_stacks(std::span<const Worker> workers, Pool pool) {
    pool.headroom_bytes = headroom;
    Board b = pool_board(workers, pool);
    b.memory.stack_bytes = stack_bytes;
    return b;
}

// Where the stack of each worker begins, and how far down tasks have begun.
class Depth {
public:
    static void on_start(void*, std::string_view, int) { top = here(); }
    static std::size_t now() { return static_cast<std::size_t>(top - here()); }
    void note() {
        const std::size_t depth = now();
        std::size_t most = deepest_.load(relaxed);  // a maximum
        while (most < depth && !deepest_.compare_exchange_weak(most, depth, relaxed)) {
        }
    }
    [[nodiscard]] std::size_t deepest() const { return deepest_.load(relaxed); }  // after the join

private:
    static const std::byte* here() {
        return static_cast<const std::byte*>(__builtin_frame_address(0));
    }
    static thread_local const std::byte* top;
    std::atomic<std::size_t> deepest_{0};
};
thread_local const std::byte* Depth::top = nullptr;

// What all of one test's tasks share.
template <const Board& b>
struct Deep {
    Scheduler<b> scheduler;
    Depth foreign;
    Count spawned_children, inline_children, tasks;
    int left = 0;  // of the tasks to come; one worker's own

    void begin() {
        scheduler.hooks({.on_start = Depth::on_start});
        start(scheduler);
    }
};

// Spawns a child, then a task of the same kind that is nobody's child and lies above it: whoever
// waits for the child would run that one first, and the one after that, without end.
template <const Board& b>
void wait_above_others(Deep<b>& deep) {
    // Frames of several sizes, so that the boundary is met at every place.
    const auto shift = 16 * (static_cast<std::size_t>(deep.tasks.value()) % 64) + 1;
    auto* const gap = static_cast<char*>(__builtin_alloca(shift));
    asm volatile("" : : "r"(gap) : "memory");
    deep.tasks.add();
    deep.foreign.note();
    TaskGroup<b> group(deep.scheduler.tasks());
    bool has_run = false;
    group.run([&] { has_run = true; });
    (has_run ? deep.inline_children : deep.spawned_children).add();
    if (deep.left-- > 0) {
        EXPECT_EQ(deep.scheduler.submit({}, [&deep] { wait_above_others(deep); }),
                  Submit::accepted);
    }
    EXPECT_EQ(group.wait(), Outcome::done);
    EXPECT_TRUE(has_run);
}

constexpr Board deep_one = with_stacks(one_taker, {.segments = 64});
TEST(pool_group, a_worker_that_waits_runs_foreign_tasks_only_while_the_stack_has_its_headroom) {
    constexpr int n = 20'000;
    Deep<deep_one> deep;
    deep.left = n;
    deep.begin();
    EXPECT_EQ(deep.scheduler.submit({}, [&deep] { wait_above_others(deep); }), Submit::accepted);
    while (deep.tasks.value() <= n) std::this_thread::yield();  // or this test hangs
    deep.scheduler.stop();
    EXPECT_GT(deep.foreign.deepest(), allowed / 2) << "the test nests at all";
    EXPECT_LT(deep.foreign.deepest(), allowed + slack);
    EXPECT_GT(deep.spawned_children.value(), 0);
    EXPECT_GT(deep.inline_children.value(), 0) << "beyond the headroom";
    const PoolReport r = deep.scheduler.pool_report();
    EXPECT_EQ(r.executed, 2U * (n + 1));
    EXPECT_EQ(r.accepted, r.executed);
}

// A recursion that is deeper than the headroom leaves room for: its own children run on the spot
// there, so that its stack is the one of the program without a pool, and it ends on one worker.
template <const Board& b>
int descend(Deep<b>& deep, int depth, std::size_t frame) {
    std::array<volatile char, 256>
        bytes{};  // frames of several sizes, so that every boundary is met
    bytes[frame % bytes.size()] = 1;
    if (depth == 0) return bytes[frame % bytes.size()];
    int below = 0;
    Door ran;
    TaskGroup<b> group(deep.scheduler.tasks());
    group.run([&] {
        below = descend(deep, depth - 1, frame);
        ran.open();
    });
    const bool has_run = ran.is_open();
    (has_run ? deep.inline_children : deep.spawned_children).add();
    const std::size_t used = Depth::now();
    EXPECT_TRUE(has_run || used < allowed + slack);
    // Another worker may have been as quick.
    EXPECT_TRUE(!has_run || b.workers.size() > 1 || used + slack > allowed);
    EXPECT_EQ(group.wait(), Outcome::done);
    return below;
}
TEST(pool_group, children_beyond_the_headroom_run_on_the_spot_at_every_depth_of_the_boundary) {
    Deep<deep_one> deep;
    deep.begin();
    for (std::size_t shift = 0; shift < 64; ++shift)
        inside(deep.scheduler, [&](auto&) {
            // Moves all that follows by some bytes.
            auto* const gap = static_cast<char*>(__builtin_alloca(16 * shift + 1));
            gap[0] = 1;
            EXPECT_EQ(descend(deep, 250, shift), gap[0]);
        });
    deep.scheduler.stop();
    EXPECT_GT(deep.spawned_children.value(), 0);
    EXPECT_GT(deep.inline_children.value(), 0);
    EXPECT_EQ(deep.spawned_children.value() + deep.inline_children.value(), 64 * 250);
}

// The same on two workers, which steal from each other all the time.
constexpr Board deep_two = with_stacks(two_takers, {.segments = 64});
TEST(pool_group, workers_that_steal_from_each_other_beyond_the_headroom_all_come_to_an_end) {
    Deep<deep_two> deep;
    deep.begin();
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
            for (int round = 0; round < (is_sanitized ? 3 : 20); ++round) {
                TaskGroup<deep_two> group(deep.scheduler.tasks());
                for (int i = 0; i < 4; ++i)
                    group.run([&deep, i, t, round] {
                        deep.foreign.note();
                        (void)descend(deep, 200, static_cast<std::size_t>(i + t + round));
                    });
                ASSERT_EQ(group.wait(), Outcome::done);
            }
        });
    for (std::thread& thread : threads) thread.join();
    deep.scheduler.stop();
    EXPECT_LT(deep.foreign.deepest(), allowed + slack);
}

// A group that was made and filled above the boundary, and is waited for below it.
template <typename F>
[[gnu::noinline]] void call(F& f) {
    f();
}
template <typename F>
[[gnu::noinline]] void far_below(std::size_t bytes, F&& f) {
    auto* const gap = static_cast<char*>(__builtin_alloca(bytes));
    asm volatile("" : : "r"(gap) : "memory");
    call(f);
    asm volatile("" : : "r"(gap) : "memory");  // the frame stays while it runs
}
TEST(pool_group, a_group_that_was_filled_above_the_boundary_may_be_waited_for_below_it) {
    Deep<deep_one> deep;
    Count others;
    const auto foreign = [&] {
        deep.foreign.note();
        others.add();
    };
    deep.begin();
    inside(deep.scheduler, [&](auto& pool) {
        Count children;
        TaskGroup<deep_one> group(pool);
        for (int i = 0; i < 50; ++i) {
            group.run([&children] { children.add(); });
            EXPECT_EQ(deep.scheduler.submit({}, foreign), Submit::accepted);
        }
        far_below(allowed + slack, [&] {
            EXPECT_FALSE(pool.calling_taker()->has_headroom());
            EXPECT_EQ(group.wait(), Outcome::done);
            EXPECT_EQ(children.value(), 50);
            EXPECT_EQ(others.value(), 0) << "foreign work stays where it is";
        });
    });
    deep.scheduler.stop();
    EXPECT_EQ(others.value(), 50);
    EXPECT_LT(deep.foreign.deepest(), allowed);
    EXPECT_EQ(deep.scheduler.pool_report().accepted, deep.scheduler.pool_report().executed);
}

}  // namespace
}  // namespace stator::test
