// tests/pool_several_test.cpp - several schedulers in one process: whose worker runs what, and who
// may end whom.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <stator/core/parallel_for.hpp>
#include <stator/core/task_group.hpp>

#include "pool_boards.hpp"
#include "running.hpp"

namespace stator::test {
namespace {

using std::memory_order::relaxed;

struct Number {
    int value;
};
struct Stage1 {
    std::function<bool(int)>* call = nullptr;
    bool operator()(const Number& in, Number& out) const {
        out = in;
        return call == nullptr || (*call)(in.value);
    }
};
struct Stage2 {
    std::function<void(int)>* call = nullptr;
    void operator()(const Number& in) const {
        if (call != nullptr) (*call)(in.value);
    }
};
using Line =
    Pipeline<Input<Number, 16>, StageOf<"a", Stage1>, Ring<Number, 16>, StageOf<"z", Stage2>>;

// Their cpus differ, as a cpu belongs to one scheduler.
constexpr Worker left_workers[] = {
    {.name = "left", .cpu = cpu_a, .roles = {"a"}, .tasks = true, .wait = Wait::futex},
    {.name = "left2", .cpu = cpu_a, .roles = {"z"}, .tasks = true, .wait = Wait::futex},
};
constexpr Worker right_workers[] = {
    {.name = "right",
     .cpu = cpu_b,
     .roles = {every_other_role},
     .tasks = true,
     .wait = Wait::futex},
};
constexpr Worker spinning_workers[] = {
    {.name = "spinning",
     .cpu = cpu_b,
     .roles = {every_other_role},
     .tasks = true,
     .wait = Wait::spin},
};
constexpr Board left_board = pool_board(left_workers, {.segments = 16, .slots_per_segment = 16});
constexpr Board right_board = pool_board(right_workers, {.segments = 16, .slots_per_segment = 16});
constexpr Board spinning_board =
    pool_board(cpu_a == cpu_b ? std::span<const Worker>(right_workers) : spinning_workers,
               {.segments = 16, .slots_per_segment = 16});
using Left = Scheduler<left_board, Line>;
using Right = Scheduler<right_board, Line>;
using Spinning = Scheduler<spinning_board>;

// Which scheduler's workers have run something, by the thread's number.
class Who {
public:
    [[nodiscard]] auto note(int task) {
        return [this, task] {
            by_[static_cast<std::size_t>(task)].store(platform::this_thread_id(), relaxed);
        };
    }
    // After the join.
    template <typename S>
    [[nodiscard]] bool is_of(const S& scheduler, int task) const {
        const auto thread =
            static_cast<std::uint64_t>(by_[static_cast<std::size_t>(task)].load(relaxed));
        for (const WorkerReport& w : scheduler.worker_report())
            if (w.thread_id == thread) return true;
        return false;
    }

private:
    std::array<std::atomic<int>, 256> by_{};
};

class Several : public testing::Test {
protected:
    void SetUp() override {
        if (cpu_a == cpu_b) GTEST_SKIP() << "needs two cpus";
        ASSERT_TRUE(left.start().ok());
    }
    Left left;
};

template <typename Other>
void cross_submission(Left& left) {
    constexpr int tasks = 100;
    Other other;
    ASSERT_TRUE(other.start().ok());
    Who who;
    std::atomic<int> refused{0};
    for (int i = 0; i < tasks; ++i)
        submit_or_wait(left, [&, i] {
            // The other's inbox may be full for a while; its workers empty it.
            Submit answer = Submit::full;
            while (answer == Submit::full || answer == Submit::full_cooling)
                answer = other.submit({}, who.note(i));
            if (answer != Submit::accepted) refused.fetch_add(1, relaxed);  // a count
        });
    left.stop();
    const ShutdownReport there = other.shutdown();
    EXPECT_EQ(refused.load(relaxed), 0);  // after the join
    EXPECT_EQ(there.executed, std::uint64_t{tasks});
    expect_balance(there);
    EXPECT_EQ(left.pool_report().executed, std::uint64_t{tasks});
    EXPECT_EQ(other.pool_report().inboxes[0].accepted, std::uint64_t{tasks})
        << "through its inbox, as from any thread that is none of its workers";
    EXPECT_EQ(left.pool_report().inboxes[0].accepted, std::uint64_t{tasks});
    for (const WorkerReport& w : left.worker_report()) EXPECT_EQ(w.spawned, 0U) << w.name;
    for (int i = 0; i < tasks; ++i) {
        EXPECT_TRUE(who.is_of(other, i)) << i;
        EXPECT_FALSE(who.is_of(left, i)) << i;
    }
}

// Hazard Z5: it went to the ring of the worker that submits, and nobody of the other ever saw it.
TEST_F(Several, a_worker_of_one_submits_to_the_other_and_it_runs_there) {
    cross_submission<Right>(left);
}
TEST_F(Several, a_worker_of_one_submits_to_another_that_spins_and_it_runs_there) {
    cross_submission<Spinning>(left);
}

TEST_F(Several, linked_tasks_and_batches_go_to_the_other_too) {
    struct Linked : Task {
        Linked()
            : Task([](Task& t) {
                  static_cast<Linked&>(t).by = platform::this_thread_id();
                  return Outcome::done;
              }) {}
        int by = 0;
    };
    Right right;
    ASSERT_TRUE(right.start().ok());
    std::array<Linked, 20> linked;
    std::array<Submit, 2> answers{Submit::full, Submit::full};
    const auto body = [&] {
        answers[0] = right.submit({}, linked[0]);
        TaskBatch batch;
        for (std::size_t i = 1; i < linked.size(); ++i) batch.push(linked[i]);
        answers[1] = right.submit({}, batch);
    };
    ASSERT_EQ(left.submit({}, [&body] { body(); }), Submit::accepted);
    left.stop();
    EXPECT_EQ(right.shutdown().executed, 20U);
    EXPECT_EQ(answers[0], Submit::accepted);
    EXPECT_EQ(answers[1], Submit::accepted);
    EXPECT_EQ(right.pool_report().inboxes[0].linked, 20U);
    const std::uint64_t thread = right.worker_report()[0].thread_id;
    for (const Linked& task : linked) EXPECT_EQ(static_cast<std::uint64_t>(task.by), thread);
}

TEST_F(Several, a_worker_of_one_waits_for_a_group_of_the_other) {
    Right right;
    ASSERT_TRUE(right.start().ok());
    Who who;
    Outcome outcome = Outcome::failed;
    const auto body = [&] {
        TaskGroup group(right.tasks());
        for (int i = 0; i < 50; ++i) group.run(who.note(i));
        outcome = group.wait();
    };
    ASSERT_EQ(left.submit({}, [&body] { body(); }), Submit::accepted);
    left.stop();
    right.stop();
    EXPECT_EQ(outcome, Outcome::done);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(who.is_of(right, i)) << i;
}

// There and back: the other's child waits for a group of the first, whose worker waits for it.
TEST_F(Several, groups_are_nested_across_both) {
    Right right;
    ASSERT_TRUE(right.start().ok());
    Who who;
    std::atomic<int> done{0};
    const auto inner = [&] {
        who.note(0)();
        TaskGroup group(left.tasks());
        for (int i = 1; i <= 10; ++i) group.run(who.note(i));
        if (group.wait() == Outcome::done) done.fetch_add(1, relaxed);  // a count
    };
    const auto outer = [&] {
        TaskGroup group(right.tasks());
        group.run([&inner] { inner(); });
        if (group.wait() == Outcome::done) done.fetch_add(1, relaxed);  // a count
    };
    ASSERT_EQ(left.submit({}, [&outer] { outer(); }), Submit::accepted);
    while (left.pool_report().open() > 0) std::this_thread::yield();
    left.stop();
    right.stop();
    EXPECT_EQ(done.load(relaxed), 2);  // after the join
    EXPECT_TRUE(who.is_of(right, 0));
    for (int i = 1; i <= 10; ++i) EXPECT_TRUE(who.is_of(left, i)) << i;
}

TEST_F(Several, parallel_for_of_the_other_is_worked_on_there_alone) {
    Right right;
    ASSERT_TRUE(right.start().ok());
    Who who;
    Outcome outcome = Outcome::failed;
    const auto body = [&] {
        outcome = parallel_for(right.tasks(), 0, 200, 5, [&](int i) { who.note(i)(); });
    };
    ASSERT_EQ(left.submit({}, [&body] { body(); }), Submit::accepted);
    left.stop();
    right.stop();
    EXPECT_EQ(outcome, Outcome::done);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(who.is_of(right, i)) << i;
}

// ---- Pipelines and pools together ----

TEST_F(Several, a_stage_of_one_feeds_the_pipeline_and_the_pool_of_the_other) {
    left.stop();
    Right right;
    std::vector<int> seen;
    std::function<void(int)> sink = [&](int value) { seen.push_back(value); };
    ASSERT_TRUE(right.start([&](Right& s) { s.state<Line, "z">().call = &sink; }).ok());
    Who who;
    std::function<bool(int)> middle = [&](int value) {
        EXPECT_EQ(right.input<Line>().push_or_wait({value}), Push::accepted);
        Submit answer = Submit::full;
        while (answer == Submit::full || answer == Submit::full_cooling)
            answer = right.submit({}, who.note(value));
        EXPECT_EQ(answer, Submit::accepted);
        EXPECT_EQ(left.submit({}, who.note(100 + value)), Submit::accepted);
        return true;
    };
    ASSERT_TRUE(left.start([&](Left& s) { s.state<Line, "a">().call = &middle; }).ok());
    for (int i = 0; i < 100; ++i) ASSERT_EQ(left.input<Line>().push_or_wait({i}), Push::accepted);
    const ShutdownReport here = left.shutdown();
    const ShutdownReport there = right.shutdown();
    EXPECT_EQ(here.executed, 100U);
    EXPECT_EQ(there.executed, 100U);
    expect_balance(here);
    expect_balance(there);
    ASSERT_EQ(seen.size(), 100U);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
        EXPECT_TRUE(who.is_of(right, i)) << i;
        EXPECT_TRUE(who.is_of(left, 100 + i)) << i;
    }
    EXPECT_EQ(left.report<Line>().items, 100U);
}

// ---- Ends ----

TEST_F(Several, each_stops_by_itself_in_either_order_and_the_other_goes_on) {
    for (const bool left_first : {true, false}) {
        SCOPED_TRACE(left_first ? "left first" : "right first");
        left.stop();
        ASSERT_TRUE(left.start().ok());
        Right right;
        ASSERT_TRUE(right.start().ok());
        std::atomic<int> runs{0};
        const auto count = [&] { runs.fetch_add(1, relaxed); };  // a count
        for (int i = 0; i < 50; ++i) {
            submit_or_wait(left, count);
            submit_or_wait(right, count);
        }
        if (left_first) {
            EXPECT_EQ(left.shutdown().executed, 50U);
            EXPECT_EQ(left.submit({}, count), Submit::closed);
            submit_or_wait(right, count);
            EXPECT_EQ(right.shutdown().executed, 51U);
        } else {
            EXPECT_EQ(right.shutdown().executed, 50U);
            EXPECT_EQ(right.submit({}, count), Submit::closed);
            submit_or_wait(left, count);
            EXPECT_EQ(left.shutdown().executed, 51U);
        }
        EXPECT_EQ(runs.load(relaxed), 101);  // after the join
    }
}

TEST_F(Several, a_task_of_one_ends_the_other_and_waits_for_it) {
    Right right;
    ASSERT_TRUE(right.start().ok());
    std::atomic<int> runs{0};
    for (int i = 0; i < 50; ++i)
        submit_or_wait(right, [&] { runs.fetch_add(1, relaxed); });  // a count
    ShutdownReport inside;
    int runs_then = 0;
    const auto body = [&] {
        inside = right.shutdown();
        runs_then = runs.load(relaxed);  // after the join
    };
    ASSERT_EQ(left.submit({}, [&body] { body(); }), Submit::accepted);
    left.stop();
    EXPECT_EQ(inside.ended, Ended::done) << "it is none of its workers";
    EXPECT_EQ(inside.executed, 50U);
    EXPECT_EQ(runs_then, 50);
    EXPECT_EQ(right.shutdown().ended, Ended::done);
}

TEST_F(Several, submissions_to_one_that_has_ended_are_closed_and_to_one_that_never_began_say_so) {
    Right right;
    std::array<Submit, 3> answers{};
    Door began, ended, seen;
    const auto body = [&] {
        answers[0] = right.submit({}, [] {});
        seen.open();
        began.pass();
        answers[1] = right.submit({}, [] {});
        ended.pass();
        answers[2] = right.submit({}, [] {});
    };
    ASSERT_EQ(left.submit({}, [&body] { body(); }), Submit::accepted);
    seen.pass();
    ASSERT_TRUE(right.start().ok());
    began.open();
    while (right.pool_report().executed == 0) std::this_thread::yield();
    right.stop();
    ended.open();
    left.stop();
    EXPECT_EQ(answers[0], Submit::not_started);
    EXPECT_EQ(answers[1], Submit::accepted);
    EXPECT_EQ(answers[2], Submit::closed);
}

TEST_F(Several, two_that_want_one_cpu_are_told_so_and_the_first_goes_on) {
    static constexpr Worker same_workers[] = {
        {.name = "same", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex}};
    static constexpr Board same_board = pool_board(same_workers, {.segments = 8});
    Scheduler<same_board> same;
    EXPECT_EQ(same.start().cause(), Cause::cpu_claimed);
    submit_or_wait(left, [] {});
    EXPECT_EQ(left.shutdown().executed, 1U);
    EXPECT_TRUE(same.start().ok()) << "a scheduler that has stopped holds no cpu";
    EXPECT_EQ(same.shutdown().ended, Ended::done);
}

}  // namespace
}  // namespace stator::test
