// tests/yield_test.cpp - workers that never sleep on a cpu that they share: with the caller, with
// each other.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <vector>

#include <sched.h>

#include <stator/core/pipeline.hpp>
#include <stator/core/task_group.hpp>

#include "pool_boards.hpp"

namespace stator::test {
namespace {

using std::memory_order::relaxed;

struct Number {
    int value;
};
bool pass_on(const Number& in, Number& out) {
    out = in;
    return true;
}
std::vector<int> arrived;  // written by the last stage, read after the end
void collect(const Number& in) {
    arrived.push_back(in.value);
}
using Line =
    Pipeline<Input<Number, 16>, Stage<"a", pass_on>, Ring<Number, 16>, Stage<"z", collect>>;

// All on the cpu of the caller.
constexpr Worker yielding_workers[] = {
    {.name = "one", .cpu = cpu_a, .roles = {"a"}, .tasks = true, .wait = Wait::yield},
    {.name = "two", .cpu = cpu_a, .roles = {"z"}, .tasks = true, .wait = Wait::yield},
};
constexpr Board yielding = pool_board(yielding_workers, {.segments = 8, .slots_per_segment = 16});
static_assert(board_is_sound<yielding>);

class Yield : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(sched_getaffinity(0, sizeof before_, &before_), 0);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<unsigned>(cpu_a), &one);
        ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    }
    void TearDown() override { EXPECT_EQ(sched_setaffinity(0, sizeof before_, &before_), 0); }

    template <typename S>
    static void expect_nobody_slept(const S& scheduler) {
        for (const WorkerReport& worker : scheduler.worker_report()) {
            EXPECT_EQ(worker.sleeps, 0U) << worker.name;
            EXPECT_EQ(worker.woken, 0U) << worker.name;
            for (const std::uint64_t n : worker.woken_by) EXPECT_EQ(n, 0U) << worker.name;
        }
    }

private:
    cpu_set_t before_{};
};

TEST_F(Yield, what_the_neighbour_hands_over_is_run_and_nobody_is_woken) {
    Scheduler<yielding> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    constexpr int tasks = 20'000;
    std::atomic<int> runs{0};
    for (int i = 0; i < tasks; ++i)
        submit_or_wait(scheduler, [&] { runs.fetch_add(1, relaxed); });  // a count
    const ShutdownReport end = scheduler.shutdown();
    EXPECT_EQ(end.ended, Ended::done);
    EXPECT_EQ(end.executed, static_cast<std::uint64_t>(tasks));
    EXPECT_EQ(runs.load(relaxed), tasks);  // all have ended
    expect_nobody_slept(scheduler);
}

int fib(Scheduler<yielding>& scheduler, int n) {
    if (n < 2) return n;
    int left = 0;
    TaskGroup group(scheduler.tasks());
    group.run([&scheduler, &left, n] { left = fib(scheduler, n - 1); });
    const int right = fib(scheduler, n - 2);
    EXPECT_EQ(group.wait(), Outcome::done);
    return left + right;
}
// What it waits for may have been stolen by the other worker of the cpu, which has to get its turn.
TEST_F(Yield, a_waiting_task_lets_the_others_of_its_cpu_run) {
    Scheduler<yielding> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    std::array<int, 4> answers{};
    {
        TaskGroup group(scheduler.tasks());
        for (int& answer : answers)
            group.run([&answer, &scheduler] { answer = fib(scheduler, 15); });
        EXPECT_EQ(group.wait(), Outcome::done);
    }
    for (const int answer : answers) EXPECT_EQ(answer, 610);
    EXPECT_EQ(scheduler.shutdown().ended, Ended::done);
    expect_nobody_slept(scheduler);
}

TEST_F(Yield, stages_on_one_cpu_hand_on_in_order_without_a_wake) {
    Scheduler<yielding, Line> scheduler;
    arrived.clear();
    ASSERT_TRUE(scheduler.start().ok());
    constexpr int items = 5'000;
    for (int i = 0; i < items; ++i)
        while (scheduler.input<Line>().push({i}) != Push::accepted) platform::yield();
    scheduler.stop();
    ASSERT_EQ(arrived.size(), static_cast<std::size_t>(items));
    for (int i = 0; i < items; ++i) ASSERT_EQ(arrived[static_cast<std::size_t>(i)], i);
    expect_nobody_slept(scheduler);
}

}  // namespace
}  // namespace stator::test
