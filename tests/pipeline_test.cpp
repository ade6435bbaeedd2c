// tests/pipeline_test.cpp - what pipelines promise, on one worker, on two, and on one for each
// stage.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <stator/core/scheduler.hpp>

#include "test_boards.hpp"

namespace {

using namespace stator;

struct Number {
    std::uint64_t value;
};

// ---- stages ----

template <std::uint64_t n>
struct CountTo {
    std::uint64_t next = 0;
    Poll operator()(Number& out) {
        if (next == n) return Poll::ended;
        out.value = next++;
        return Poll::item;
    }
};
bool add_one(const Number& in, Number& out) {
    out.value = in.value + 1;
    return true;
}
bool drop_odd(const Number& in, Number& out) {
    out = in;
    return in.value % 2 == 0;
}
struct Collect {
    std::vector<std::uint64_t>* seen = nullptr;  // reserved by the test: nothing is allocated
    void operator()(const Number& in) { seen->push_back(in.value); }
};

template <typename S, typename L, Name sink = "z">
std::vector<std::uint64_t> run_to_end(S& scheduler, std::size_t room = 200'000) {
    std::vector<std::uint64_t> seen;
    seen.reserve(room);
    const Status s =
        scheduler.start([&](auto& made) { made.template state<L, sink>().seen = &seen; });
    EXPECT_TRUE(s.ok()) << s.text();
    if (s.ok()) scheduler.wait();
    return seen;
}

std::uint64_t faults(const std::vector<WorkerReport>& workers) {
    std::uint64_t n = 0;
    for (const WorkerReport& w : workers) n += w.faults;
    return n;
}

// ---- the straight line, on every shape of board ----

template <std::size_t slots>
using Straight =
    Pipeline<StageOf<"a", CountTo<20'000>>, Ring<Number, slots>, Stage<"b", drop_odd>,
             Ring<Number, slots>, Stage<"c", add_one>, Ring<Number, slots>, StageOf<"z", Collect>>;

template <const Board& b, std::size_t slots>
void straight_line() {
    using L = Straight<slots>;
    Scheduler<b, L> scheduler;
    const auto seen = run_to_end<decltype(scheduler), L>(scheduler);
    ASSERT_EQ(seen.size(), 10'000u);
    for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], 2 * i + 1);
    const LineReport r = scheduler.template report<L>();
    ASSERT_EQ(r.stages.size(), 4u);
    EXPECT_EQ(r.stages[0].items, 20'000u);
    EXPECT_EQ(r.stages[1].filtered, 10'000u);
    EXPECT_EQ(r.stages[3].items, 10'000u);
    EXPECT_EQ(r.items, 10'000u);
    EXPECT_EQ(r.lost(), 0u);
    EXPECT_GE(r.latency.max_ns, r.latency.p50_ns);
    for (const StageReport& s : r.stages)
        EXPECT_EQ(s.worker, b.workers[static_cast<std::size_t>(b.worker_of(s.role))].name);
}

TEST(Pipeline, items_arrive_in_order_and_none_is_lost_on_one_worker) {
    straight_line<test::one, 64>();
}
TEST(Pipeline, items_arrive_in_order_and_none_is_lost_on_two_workers) {
    straight_line<test::two, 64>();
}
TEST(Pipeline, items_arrive_in_order_and_none_is_lost_with_a_worker_for_each_stage) {
    straight_line<test::many, 64>();
}
TEST(Pipeline, a_worker_that_spins_first_gives_the_same) {
    straight_line<test::eager, 64>();
}
TEST(Pipeline, a_worker_that_only_spins_gives_the_same) {
    straight_line<test::spin, 64>();
}
TEST(Pipeline, rings_of_one_slot_work_on_one_worker) {
    straight_line<test::one, 1>();
}
TEST(Pipeline, rings_of_one_slot_work_with_a_worker_for_each_stage) {
    straight_line<test::many, 1>();
}

// ---- sixteen stages ----

TEST(Pipeline, sixteen_stages_are_a_pipeline) {
    using R = Ring<Number, 16>;
    using S = Stage<"b", add_one>;
    using L = Pipeline<StageOf<"a", CountTo<1000>>, R, S, R, S, R, S, R, S, R, S, R, S, R, S, R, S,
                       R, S, R, S, R, S, R, S, R, S, R, S, R, StageOf<"z", Collect>>;
    static_assert(L::stages == 16);
    Scheduler<test::two, L> scheduler;
    const auto seen = run_to_end<decltype(scheduler), L>(scheduler);
    ASSERT_EQ(seen.size(), 1000u);
    for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], i + 14);
}

// ---- lanes ----

struct LaneMark {
    std::uint64_t lane = 0;
    std::uint64_t handled = 0;
    bool operator()(const Number& in, Number& out) {
        ++handled;
        out.value = in.value * 16 + lane;
        if (in.value % 7 == 3) throw std::string("a stage may throw");
        return in.value % 5 != 2;
    }
};
std::uint64_t by_hash(const Number& n) {
    return n.value * 0x9e3779b97f4a7c15u >> 40;
}

template <const Board& b, Order order, std::size_t slots, std::size_t width>
void lanes() {
    constexpr std::uint64_t n = 10'000;
    using L = Pipeline<StageOf<"a", CountTo<n>>, FanOut<Number, slots, by_hash>,
                       Parallel<width, StageOf<"b", LaneMark>>, FanIn<Number, slots, order>,
                       StageOf<"z", Collect>>;
    Scheduler<b, L> scheduler;
    std::vector<std::uint64_t> seen;
    seen.reserve(n);
    const Status s = scheduler.start([&](auto& made) {
        made.template state<L, "z">().seen = &seen;
        for (std::size_t lane = 0; lane < width; ++lane)
            made.template state<L, "b">(lane).lane = lane;
    });
    ASSERT_TRUE(s.ok()) << s.text();
    scheduler.wait();
    std::uint64_t handled = 0, filtered = 0, failed = 0;
    for (std::size_t lane = 0; lane < width; ++lane) {
        const auto mine = scheduler.template state<L, "b">(lane).handled;
        EXPECT_GT(mine, n / width / 2) << "mixed keys load the lanes evenly";
        handled += mine;
    }
    for (const StageReport& stage : scheduler.template report<L>().stages) {
        filtered += stage.filtered;
        failed += stage.failed;
    }
    EXPECT_EQ(handled, n);
    EXPECT_EQ(seen.size() + filtered + failed, n) << "every item is accounted for";
    std::uint64_t expected_failures = 0;
    for (std::uint64_t i = 0; i < n; ++i) expected_failures += i % 7 == 3;
    EXPECT_EQ(failed, expected_failures);
    std::vector<std::uint64_t> last(width, 0);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const std::uint64_t value = seen[i] / 16, lane = seen[i] % 16;
        ASSERT_EQ(lane, by_hash({value}) % width) << "equal keys go to the same lane";
        ASSERT_LE(last[lane], value) << "a lane keeps its order";
        last[lane] = value;
        if (order == Order::in_order && i > 0) {
            ASSERT_LT(seen[i - 1] / 16, value);
        }
    }
}

TEST(Lanes, together_in_order_on_one_worker) {
    lanes<test::one, Order::in_order, 32, 4>();
}
TEST(Lanes, together_in_order_on_many_workers) {
    lanes<test::many, Order::in_order, 32, 3>();
}
TEST(Lanes, together_in_order_through_one_slot) {
    lanes<test::many, Order::in_order, 1, 2>();
}
TEST(Lanes, together_as_they_come_on_two_workers) {
    lanes<test::two, Order::any, 32, 4>();
}
TEST(Lanes, together_as_they_come_on_many_workers) {
    lanes<test::many, Order::any, 8, 3>();
}
TEST(Lanes, sixteen_are_possible) {
    lanes<test::two, Order::in_order, 8, 16>();
}

TEST(Lanes, two_parallel_stages_are_joined_lane_by_lane_and_keep_the_order) {
    using Mid = Parallel<3, StageOf<"b", LaneMark>>;
    using L = Pipeline<StageOf<"a", CountTo<5000>>, FanOut<Number, 16, by_hash>, Mid,
                       Ring<Number, 16>, Parallel<3, Stage<"c", drop_odd>>,
                       FanIn<Number, 16, Order::in_order>, StageOf<"z", Collect>>;
    Scheduler<test::many, L> scheduler;
    const auto seen = run_to_end<decltype(scheduler), L>(scheduler);
    std::vector<std::uint64_t> expected;
    for (std::uint64_t i = 0; i < 5000; ++i)
        if (i % 7 != 3 && i % 5 != 2) expected.push_back(i * 16);  // lane numbers are all 0 here
    EXPECT_EQ(seen, expected);
}

// ---- full links ----

std::atomic<bool> sink_may_go{false};
struct SlowCollect {
    std::vector<std::uint64_t>* seen = nullptr;
    void operator()(const Number& in) {
        while (!sink_may_go.load(std::memory_order_acquire)) platform::yield();
        seen->push_back(in.value);
    }
};

template <Full full>
LineReport run_with_slow_sink(std::vector<std::uint64_t>& seen) {
    using L =
        Pipeline<StageOf<"a", CountTo<1000>>, Ring<Number, 8, full>, StageOf<"z", SlowCollect>>;
    Scheduler<test::two, L> scheduler;
    sink_may_go.store(false);
    seen.reserve(1000);
    const Status s =
        scheduler.start([&](auto& made) { made.template state<L, "z">().seen = &seen; });
    EXPECT_TRUE(s.ok()) << s.text();
    const auto all_made = [&] { return scheduler.template report<L>().stages[0].items == 1000; };
    while (full != Full::wait && !all_made()) std::this_thread::yield();
    sink_may_go.store(true, std::memory_order_release);
    scheduler.wait();
    return scheduler.template report<L>();
}

TEST(FullLink, wait_loses_nothing) {
    std::vector<std::uint64_t> seen;
    const LineReport r = run_with_slow_sink<Full::wait>(seen);
    EXPECT_EQ(seen.size(), 1000u);
    EXPECT_EQ(r.lost(), 0u);
}
TEST(FullLink, reject_keeps_the_old_items_and_counts_the_new_ones) {
    std::vector<std::uint64_t> seen;
    const LineReport r = run_with_slow_sink<Full::reject>(seen);
    EXPECT_EQ(seen.size() + r.links[0].rejected, 1000u);
    EXPECT_GE(r.links[0].rejected, 1000u - 9u - 64u);
    EXPECT_EQ(r.links[0].accepted, seen.size());
    ASSERT_GE(seen.size(), 8u);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(seen[i], i);
}
TEST(FullLink, drop_oldest_keeps_the_new_items_and_counts_the_old_ones) {
    std::vector<std::uint64_t> seen;
    const LineReport r = run_with_slow_sink<Full::drop_oldest>(seen);
    EXPECT_EQ(seen.size() + r.links[0].dropped, 1000u);
    EXPECT_EQ(r.links[0].accepted, 1000u);
    ASSERT_GE(seen.size(), 8u);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(seen[seen.size() - 8 + i], 992 + i);
}

// ---- the end of a stage ----

struct SumUp {
    std::uint64_t sum = 0;
    int left = 3;
    bool operator()(const Number& in, Number&) {
        sum += in.value;
        return false;
    }
    bool finish(Number& out) {
        if (left == 0) return false;
        out.value = sum + static_cast<std::uint64_t>(--left);
        return true;
    }
};

TEST(Pipeline, a_stage_adds_items_when_its_input_has_ended) {
    using L = Pipeline<StageOf<"a", CountTo<100>>, Ring<Number, 4>, StageOf<"b", SumUp>,
                       Ring<Number, 1>, StageOf<"z", Collect>>;
    Scheduler<test::many, L> scheduler;
    const auto seen = run_to_end<decltype(scheduler), L>(scheduler);
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{4952, 4951, 4950}));
}

// ---- stages that fail ----

void always_throws(const Number&) {
    throw 42;
}

TEST(Pipeline, a_stage_that_throws_is_counted_and_the_worker_goes_on) {
    using L = Pipeline<StageOf<"a", CountTo<100>>, Ring<Number, 16>, Stage<"b", add_one>,
                       Ring<Number, 16>, Stage<"z", always_throws>>;
    Scheduler<test::one, L> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    scheduler.wait();
    const LineReport r = scheduler.report<L>();
    EXPECT_EQ(r.stages[2].items, 100u);
    EXPECT_EQ(r.stages[2].failed, 100u);
}

// ---- budgets ----

void slow(const Number&) {
    const std::uint64_t begin = platform::monotonic_ns();
    while (platform::monotonic_ns() - begin < 200'000) platform::relax();
}

TEST(Pipeline, items_over_a_budget_are_counted_as_late) {
    using L = Within<100'000, Pipeline<StageOf<"a", CountTo<10>>, Ring<Number, 16>,
                                       Stage<"z", slow, Budget{std::chrono::microseconds{150}}>>>;
    Scheduler<test::one, L> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    scheduler.wait();
    const LineReport r = scheduler.report<L>();
    EXPECT_EQ(r.stages[0].late, 0u) << "no budget, no lateness";
    EXPECT_EQ(r.stages[1].late, 10u);
    EXPECT_EQ(r.late, 10u);
    EXPECT_GE(r.stages[1].latency.p50_ns, 200'000u);
    EXPECT_GE(r.latency.p50_ns, r.stages[1].latency.p50_ns * 9 / 10);
}

// ---- the caller's input ----

using Fed = Pipeline<Input<Number, 8>, Stage<"a", add_one>, Ring<Number, 8>, StageOf<"z", Collect>>;

template <const Board& b>
void feed(std::uint64_t n) {
    Scheduler<b, Fed> scheduler;
    std::vector<std::uint64_t> seen;
    seen.reserve(n);
    ASSERT_TRUE(scheduler.start([&](auto& s) { s.template state<Fed, "z">().seen = &seen; }).ok());
    auto& input = scheduler.template input<Fed>();
    for (std::uint64_t i = 0; i < n; ++i) ASSERT_EQ(input.push_or_wait({i}), Push::accepted);
    scheduler.stop();
    ASSERT_EQ(seen.size(), n) << "stop handles all that was accepted";
    for (std::uint64_t i = 0; i < n; ++i) ASSERT_EQ(seen[i], i + 1);
    EXPECT_EQ(input.push({1}), Push::closed);
    EXPECT_EQ(scheduler.template report<Fed>().links[0].accepted, n);
}

TEST(Input, what_the_caller_pushes_arrives_in_order_on_one_worker) {
    feed<test::one>(50'000);
}
TEST(Input, what_the_caller_pushes_arrives_in_order_on_two_workers) {
    feed<test::two>(50'000);
}
TEST(Input, what_the_caller_pushes_reaches_a_worker_that_spins) {
    feed<test::spin>(50'000);
}

TEST(Input, a_full_input_refuses_and_a_burst_says_how_much_it_took) {
    Scheduler<test::two, Pipeline<Input<Number, 8>, StageOf<"a", SumUp>, Ring<Number, 8>,
                                  StageOf<"z", SlowCollect>>>
        scheduler;
    using L =
        Pipeline<Input<Number, 8>, StageOf<"a", SumUp>, Ring<Number, 8>, StageOf<"z", SlowCollect>>;
    std::vector<std::uint64_t> seen;
    seen.reserve(10);
    sink_may_go.store(true);
    ASSERT_TRUE(scheduler.start([&](auto& s) { s.template state<L, "z">().seen = &seen; }).ok());
    std::vector<Number> numbers(1000, Number{1});
    std::size_t done = 0;
    while (done < numbers.size()) {
        std::size_t took = 99;
        const Push p = scheduler.input<L>().push_burst(std::span(numbers).subspan(done), took);
        ASSERT_EQ(p == Push::full, took == 0);
        done += took;
    }
    std::size_t took = 99;
    EXPECT_EQ(scheduler.input<L>().push_burst({}, took), Push::accepted) << "nothing always fits";
    EXPECT_EQ(took, 0u);
    scheduler.stop();
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{1002, 1001, 1000}));
}

// Method: one thread pushes as fast as it can while another stops; whatever was accepted arrives,
// and what comes after is refused.
TEST(Input, stopping_from_another_thread_executes_or_refuses_never_both) {
    Scheduler<test::two, Fed> scheduler;
    for (int round = 0; round < 50; ++round) {
        std::vector<std::uint64_t> seen;
        seen.reserve(3'000'000);
        ASSERT_TRUE(
            scheduler.start([&](auto& s) { s.template state<Fed, "z">().seen = &seen; }).ok());
        std::uint64_t accepted = 0;
        std::thread pusher([&] {
            while (accepted < 2'900'000 &&
                   scheduler.input<Fed>().push_or_wait({accepted}) == Push::accepted)
                ++accepted;
        });
        std::this_thread::sleep_for(std::chrono::microseconds(100 * round));
        scheduler.request_stop();
        pusher.join();
        scheduler.wait();
        ASSERT_EQ(seen.size(), accepted);
    }
}

TEST(Pipeline, a_source_is_asked_no_more_after_stop) {
    using L = Pipeline<StageOf<"a", CountTo<UINT64_MAX>>, Ring<Number, 64>, Stage<"z", slow>>;
    Scheduler<test::two, L> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    scheduler.stop();
    const LineReport r = scheduler.report<L>();
    EXPECT_EQ(r.items, r.links[0].accepted) << "what was made is handled";
}

// ---- sleeping ----

struct FromDescriptor {
    int fd = -1;
    [[nodiscard]] int descriptor() const { return fd; }
    Poll operator()(Number& out) {
        std::uint64_t count = 0;
        if (read(fd, &count, sizeof count) != sizeof count) return Poll::nothing;
        out.value = count;
        return Poll::item;
    }
};

TEST(Pipeline, a_source_with_a_descriptor_is_woken_by_it_and_by_stop) {
    using L = Pipeline<StageOf<"a", FromDescriptor>, Ring<Number, 64>, StageOf<"z", Collect>>;
    Scheduler<test::many, L> scheduler;
    const int fd = eventfd(0, EFD_NONBLOCK);
    ASSERT_GE(fd, 0);
    std::vector<std::uint64_t> seen;
    seen.reserve(100);
    ASSERT_TRUE(scheduler
                    .start([&](auto& s) {
                        s.template state<L, "a">().fd = fd;
                        s.template state<L, "z">().seen = &seen;
                    })
                    .ok());
    for (std::uint64_t i = 1; i <= 20; ++i) {
        while (scheduler.report<L>().items != i - 1) std::this_thread::yield();
        ASSERT_EQ(write(fd, &i, sizeof i), 8);
    }
    while (scheduler.report<L>().items != 20) std::this_thread::yield();
    scheduler.stop();
    close(fd);
    EXPECT_EQ(seen.size(), 20u);
    EXPECT_EQ(seen.back(), 20u);
}

TEST(Pipeline, workers_without_work_sleep_and_make_no_rounds) {
    Scheduler<test::many, Fed> scheduler;
    std::vector<std::uint64_t> seen;
    seen.reserve(10);
    ASSERT_TRUE(scheduler.start([&](auto& s) { s.template state<Fed, "z">().seen = &seen; }).ok());
    const auto rounds = [&] {
        std::uint64_t n = 0;
        for (const WorkerReport& w : scheduler.worker_report()) n += w.rounds;
        return n;
    };
    std::uint64_t before = rounds();
    for (int quiet = 0; quiet < 20;) {  // until nothing has moved for 20 looks of 5 ms
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        const std::uint64_t now = rounds();
        quiet = now == before ? quiet + 1 : 0;
        before = now;
    }
    ASSERT_EQ(scheduler.input<Fed>().push({1}), Push::accepted);
    scheduler.stop();
    EXPECT_EQ(seen.size(), 1u) << "a push wakes the sleeper";
}

// ---- two pipelines, tables and pools in one scheduler; starting again ----

struct Table {
    std::uint64_t cells[1000];
};

TEST(Scheduler, two_pipelines_and_tables_share_its_workers_and_its_memory) {
    using A = Straight<16>;
    using B = Fed;
    using S = Scheduler<test::two, A, B, PerNode<Table>, NodePool<Table, 3>>;
    S scheduler;
    std::vector<std::uint64_t> a, b;
    a.reserve(10'000);
    b.reserve(1000);
    for (int run = 0; run < 3; ++run) {
        a.clear();
        b.clear();
        ASSERT_TRUE(scheduler
                        .start([&](auto& s) {
                            s.template state<A, "z">().seen = &a;
                            s.template state<B, "z">().seen = &b;
                            for (const std::uint64_t cell : s.template table<Table>().cells)
                                ASSERT_EQ(cell, 0u) << "fresh at every start";
                            s.template table<Table>().cells[7] = 7;
                        })
                        .ok());
        for (std::uint64_t i = 0; i < 1000; ++i)
            ASSERT_EQ(scheduler.input<B>().push_or_wait({i}), Push::accepted);
        const Table* held = scheduler.pool<Table, 3>().take();
        EXPECT_NE(held, nullptr);
        scheduler.input<B>().close();
        scheduler.wait();
        EXPECT_EQ(a.size(), 10'000u);
        EXPECT_EQ(b.size(), 1000u);
        EXPECT_EQ(scheduler.table<Table>().cells[7], 7u) << "results stay after the end";
    }
}

TEST(Scheduler, workers_take_no_page_fault) {
    Scheduler<test::two, Straight<64>> scheduler;
    std::vector<std::uint64_t> seen(20'000, 1);  // touched before
    seen.clear();
    ASSERT_TRUE(
        scheduler.start([&](auto& s) { s.template state<Straight<64>, "z">().seen = &seen; }).ok());
    scheduler.wait();
    if (!scheduler.warnings().empty())
        GTEST_SKIP() << "memory could not be locked here: " << scheduler.warnings()[0];
    EXPECT_EQ(faults(scheduler.worker_report()), 0u);
}

}  // namespace
