// tests/pool_submit_test.cpp - handing tasks over: every answer, every option, by value and
// intrusive, from outside and from workers, and in which order they start.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "pool_tools.hpp"

namespace stator::test {
namespace {

using namespace std::chrono_literals;
using One = Scheduler<one_with<4, 4>>;
using std::memory_order::acquire, std::memory_order::relaxed, std::memory_order::release;
using Numbers = std::vector<int>;

// A task that moves only, and knows whether it still has what it came with.
class Token {
public:
    explicit Token(Count& runs) : own_(std::make_unique<int>(7)), runs_(&runs) {}
    void operator()() { runs_->add(); }
    [[nodiscard]] bool is_whole() const { return own_ != nullptr && *own_ == 7; }

private:
    std::unique_ptr<int> own_;
    Count* runs_;
};

// 0, 1, ..., n - 1.
Numbers up_to(int n) {
    Numbers all;
    for (int i = 0; i < n; ++i) all.push_back(i);
    return all;
}

// An intrusive task that writes its number down when it runs.
struct Numbered : Task {
    Numbered(Numbers& where, int number) : Task(run), order(&where), n(number) {}
    static Outcome run(Task& self) {
        const auto& numbered = static_cast<Numbered&>(self);
        numbered.order->push_back(numbered.n);
        return Outcome::done;
    }
    Numbers* order;
    int n;
};

// ---- Answers ----

// Each form by value is refused with `answer`, is as it was, and no cleanup is called.
template <typename S>
void expect_values_refused(S& scheduler, int node, int priority, Submit answer) {
    Count runs, cleanups;
    Token token(runs);
    const TaskOptions to{.node = node, .priority = priority};
    EXPECT_EQ(scheduler.submit(to, std::move(token)), answer);
    EXPECT_EQ(scheduler.submit({.node = node,
                                .priority = priority,
                                .deadline = 1h,
                                .stop = std::stop_token(),
                                .cleanup = counting(cleanups)},
                               std::move(token)),  // NOLINT(bugprone-use-after-move): as it was
              answer);
    EXPECT_TRUE(token.is_whole());  // NOLINT(bugprone-use-after-move): as it was
    std::array<Token, 2> range = {Token(runs), Token(runs)};
    const Batched batched = scheduler.submit_all(to, range);
    EXPECT_EQ(batched.answer, answer);
    EXPECT_EQ(batched.accepted, 0U);
    EXPECT_TRUE(range[0].is_whole() && range[1].is_whole());
    EXPECT_EQ(runs.value(), 0);
    EXPECT_EQ(cleanups.value(), 0);
}
// The same for intrusive tasks.
template <typename S>
void expect_tasks_refused(S& scheduler, int node, int priority, Submit answer) {
    Noted one, first, second;
    const TaskOptions to{.node = node, .priority = priority};
    EXPECT_EQ(scheduler.submit(to, one), answer);
    EXPECT_EQ(scheduler.submit({.node = node, .priority = priority, .deadline = 1h}, one), answer);
    TaskBatch batch(first);
    batch.push(second);
    EXPECT_EQ(scheduler.submit(to, batch), answer);
    EXPECT_EQ(batch.size(), 2U);
    for (const Noted* task : {&one, &first, &second}) {
        EXPECT_EQ(task->runs.value(), 0);
        EXPECT_EQ(task->drops.value(), 0);
    }
}
// All six, which are counted, and nothing is accepted.
template <typename S>
void expect_refused(S& scheduler, int node, int priority, Submit answer) {
    SCOPED_TRACE(text(answer));
    const PoolReport before = scheduler.pool_report();
    expect_values_refused(scheduler, node, priority, answer);
    expect_tasks_refused(scheduler, node, priority, answer);
    const PoolReport after = scheduler.pool_report();
    EXPECT_EQ(after.accepted, before.accepted);
    EXPECT_EQ(refusals(after, answer), refusals(before, answer) + 6);
    EXPECT_EQ(after.refused, before.refused + 6);
}

TEST(pool_submit, before_start_every_form_is_answered_not_started_and_is_as_it_was) {
    One scheduler;
    expect_values_refused(scheduler, near_caller, usual_priority, Submit::not_started);
    expect_tasks_refused(scheduler, near_caller, usual_priority, Submit::not_started);
}

TEST(pool_submit, an_unknown_node_or_priority_and_a_closed_pool_refuse_every_form_as_it_was) {
    One scheduler;
    start(scheduler);
    expect_refused(scheduler, 4711, usual_priority, Submit::no_such_node);
    expect_refused(scheduler, -2, usual_priority, Submit::no_such_node);
    expect_refused(scheduler, near_caller, 1, Submit::no_such_priority);
    expect_refused(scheduler, near_caller, -2, Submit::no_such_priority);
    expect_refused(scheduler, near_caller, 64, Submit::no_such_priority);
    EXPECT_EQ(scheduler.submit({.node = machine.nodes[0].id, .priority = 0}, [] {}),
              Submit::accepted);
    scheduler.stop();
    expect_refused(scheduler, near_caller, usual_priority, Submit::closed);
    EXPECT_EQ(scheduler.pool_report().executed, 1U);
}

TEST(pool_submit, a_full_inbox_refuses_values_as_they_were_and_no_intrusive_task) {
    One scheduler;
    start(scheduler);
    Held gate;
    gate.hold(scheduler);
    std::uint64_t accepted = 1;
    while (scheduler.submit({}, [] {}) == Submit::accepted) ++accepted;
    EXPECT_EQ(accepted, 16U);
    expect_values_refused(scheduler, near_caller, usual_priority, Submit::full);
    std::deque<Noted> tasks(5000);
    for (Noted& task : tasks) ASSERT_EQ(scheduler.submit({}, task), Submit::accepted);
    gate.open();
    scheduler.stop();
    for (const Noted& task : tasks) ASSERT_EQ(task.runs.value(), 1);
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.inboxes[0].linked, tasks.size());
    EXPECT_EQ(r.executed, accepted + tasks.size());
    EXPECT_EQ(r.accepted, r.executed);
    EXPECT_EQ(refusals(r, Submit::full), 4U);
}

// Two segments of one slot: while one is filled the other one cools, sooner or later.
TEST(pool_submit, a_pool_whose_memory_cools_says_so_and_the_task_is_as_it_was) {
    Scheduler<one_with<2, 1>> scheduler;
    start(scheduler);
    Count runs;
    int accepted = 0;
    for (bool has_cooled = false; !has_cooled;) {  // or this test hangs
        Token token(runs);
        const Submit answer = scheduler.submit({}, std::move(token));
        ASSERT_TRUE(answer == Submit::accepted || answer == Submit::full ||
                    answer == Submit::full_cooling);
        has_cooled = answer == Submit::full_cooling;
        accepted += answer == Submit::accepted ? 1 : 0;
        EXPECT_EQ(token.is_whole(), answer != Submit::accepted);  // NOLINT: as it was
    }
    scheduler.stop();
    EXPECT_EQ(runs.value(), accepted);
    EXPECT_GE(refusals(scheduler.pool_report(), Submit::full_cooling), 1U);
}

TEST(pool_submit, a_deadline_that_is_not_in_the_future_is_answered_expired_and_counted) {
    One scheduler;
    start(scheduler);
    Count runs, cleanups;
    Token token(runs);
    Noted task;
    for (const std::chrono::nanoseconds deadline : {0ns, -1ns, std::chrono::nanoseconds::min()}) {
        EXPECT_EQ(scheduler.submit({.deadline = deadline, .cleanup = counting(cleanups)},
                                   std::move(token)),  // NOLINT: as it was
                  Submit::expired);
        EXPECT_EQ(scheduler.submit({.deadline = deadline}, task), Submit::expired);
    }
    EXPECT_TRUE(token.is_whole());  // NOLINT: as it was
    EXPECT_EQ(task.runs.value() + task.drops.value() + cleanups.value(), 0);
    EXPECT_EQ(refusals(scheduler.pool_report(), Submit::expired), 6U);
    EXPECT_EQ(scheduler.submit({.deadline = std::chrono::nanoseconds::max()}, std::move(token)),
              Submit::accepted);
    EXPECT_EQ(scheduler.submit({.deadline = std::chrono::nanoseconds::max()}, task),
              Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(runs.value(), 1) << "the longest deadline there is";
    EXPECT_EQ(task.runs.value(), 1);
    EXPECT_EQ(scheduler.pool_report().expired, 0U);
}

TEST(pool_submit, a_closed_pool_says_closed_also_to_what_has_expired) {
    One scheduler;
    start(scheduler);
    scheduler.stop();
    Noted task;
    EXPECT_EQ(scheduler.submit({.deadline = 0ns}, [] {}), Submit::closed);
    EXPECT_EQ(scheduler.submit({.deadline = 0ns}, task), Submit::closed);
}

TEST(pool_submit, empty_functions_are_refused_with_any_options_and_alone_in_a_range) {
    One scheduler;
    start(scheduler);
    static Count runs, cleanups;
    void (*const none)() = nullptr;
    void (*const count)() = [] { runs.add(); };
    EXPECT_EQ(scheduler.submit({.cleanup = counting(cleanups)}, none), Submit::empty_function);
    EXPECT_EQ(scheduler.submit({.deadline = 1h}, std::function<void()>()), Submit::empty_function);
    std::array<void (*)(), 4> range = {count, count, none, count};
    const Batched batched = scheduler.submit_all({}, range);
    EXPECT_EQ(batched.answer, Submit::empty_function);
    EXPECT_EQ(batched.accepted, 2U);
    scheduler.stop();
    EXPECT_EQ(runs.value(), 2);
    EXPECT_EQ(cleanups.value(), 0);
    EXPECT_EQ(scheduler.pool_report().failed, 0U);
    EXPECT_EQ(refusals(scheduler.pool_report(), Submit::empty_function), 3U);
}

// ---- Options ----

constexpr Board two_levels = pool_board(one_taker, {.segments = 64, .priorities = 2});
using Levels = Scheduler<two_levels>;

TEST(pool_submit, every_combination_of_options_is_accepted_by_value) {
    Levels s;
    start(s);
    Count runs, ends;
    const auto f = [&runs] { runs.add(); };
    const std::stop_source source;
    const std::stop_token t = source.get_token();
    const Cleanup c = counting(ends);
    const int n = machine.nodes[0].id;
    const std::array<Submit, 32> answers = {
        s.submit({}, f),
        s.submit({.cleanup = c}, f),
        s.submit({.stop = t}, f),
        s.submit({.stop = t, .cleanup = c}, f),
        s.submit({.deadline = 1h}, f),
        s.submit({.deadline = 1h, .cleanup = c}, f),
        s.submit({.deadline = 1h, .stop = t}, f),
        s.submit({.deadline = 1h, .stop = t, .cleanup = c}, f),
        s.submit({.priority = 1}, f),
        s.submit({.priority = 1, .cleanup = c}, f),
        s.submit({.priority = 1, .stop = t}, f),
        s.submit({.priority = 1, .stop = t, .cleanup = c}, f),
        s.submit({.priority = 1, .deadline = 1h}, f),
        s.submit({.priority = 1, .deadline = 1h, .cleanup = c}, f),
        s.submit({.priority = 1, .deadline = 1h, .stop = t}, f),
        s.submit({.priority = 1, .deadline = 1h, .stop = t, .cleanup = c}, f),
        s.submit({.node = n}, f),
        s.submit({.node = n, .cleanup = c}, f),
        s.submit({.node = n, .stop = t}, f),
        s.submit({.node = n, .stop = t, .cleanup = c}, f),
        s.submit({.node = n, .deadline = 1h}, f),
        s.submit({.node = n, .deadline = 1h, .cleanup = c}, f),
        s.submit({.node = n, .deadline = 1h, .stop = t}, f),
        s.submit({.node = n, .deadline = 1h, .stop = t, .cleanup = c}, f),
        s.submit({.node = n, .priority = 1}, f),
        s.submit({.node = n, .priority = 1, .cleanup = c}, f),
        s.submit({.node = n, .priority = 1, .stop = t}, f),
        s.submit({.node = n, .priority = 1, .stop = t, .cleanup = c}, f),
        s.submit({.node = n, .priority = 1, .deadline = 1h}, f),
        s.submit({.node = n, .priority = 1, .deadline = 1h, .cleanup = c}, f),
        s.submit({.node = n, .priority = 1, .deadline = 1h, .stop = t}, f),
        s.submit({.node = n, .priority = 1, .deadline = 1h, .stop = t, .cleanup = c}, f)};
    for (const Submit answer : answers) EXPECT_EQ(answer, Submit::accepted);
    s.stop();
    EXPECT_EQ(runs.value(), 32);
    EXPECT_EQ(ends.value(), 16);
    EXPECT_EQ(s.pool_report().executed, 32U);
}

TEST(pool_submit, every_combination_of_options_is_accepted_for_intrusive_tasks) {
    Levels s;
    start(s);
    const int n = machine.nodes[0].id;
    std::deque<Noted> t(12);
    TaskBatch a(t[8]), b(t[9]), c(t[10]), d(t[11]);
    const std::array<Submit, 12> answers = {
        s.submit({}, t[0]),
        s.submit({.priority = 1}, t[1]),
        s.submit({.node = n}, t[2]),
        s.submit({.node = n, .priority = 1}, t[3]),
        s.submit({.deadline = 1h}, t[4]),
        s.submit({.priority = 1, .deadline = 1h}, t[5]),
        s.submit({.node = n, .deadline = 1h}, t[6]),
        s.submit({.node = n, .priority = 1, .deadline = 1h}, t[7]),
        s.submit({}, a),
        s.submit({.priority = 1}, b),
        s.submit({.node = n}, c),
        s.submit({.node = n, .priority = 1}, d)};
    for (const Submit answer : answers) EXPECT_EQ(answer, Submit::accepted);
    s.stop();
    for (const Noted& task : t) EXPECT_EQ(task.runs.value(), 1);
    EXPECT_EQ(s.pool_report().executed, 12U);
}

// What is left of the 48 bytes of captures; one byte more does not compile (tests/refuse).
template <std::size_t n>
struct Bytes {
    std::array<std::byte, n> bytes;
    void operator()() const {}
};
static_assert(sizeof(Optioned<Bytes<40>, OptionsD>) == capture_bytes);
static_assert(sizeof(Optioned<Bytes<40>, OptionsS>) == capture_bytes);
static_assert(sizeof(Optioned<Bytes<32>, OptionsC>) == capture_bytes);
static_assert(sizeof(Optioned<Bytes<32>, OptionsDS>) == capture_bytes);
static_assert(sizeof(Optioned<Bytes<24>, OptionsDC>) == capture_bytes);
static_assert(sizeof(Optioned<Bytes<24>, OptionsSC>) == capture_bytes);
static_assert(sizeof(Optioned<Bytes<16>, OptionsDSC>) == capture_bytes);

TEST(pool_submit, captures_of_the_largest_size_arrive_whole_with_any_options) {
    One scheduler;
    start(scheduler);
    Count right, ends;
    const auto sum = [&right](const auto& words) {
        std::uint64_t n = 0;
        for (const std::uint64_t word : words) n = n * 10 + word;
        if (n == (words.size() == 5 ? 12345U : words.size() == 3 ? 123U : 1U)) right.add();
    };
    const std::array<std::uint64_t, 5> five = {1, 2, 3, 4, 5};
    const std::array<std::uint64_t, 3> three = {1, 2, 3};
    const std::array<std::uint64_t, 1> one = {1};
    const auto most = [sum, five] { sum(five); };
    const auto more = [sum, three] { sum(three); };
    const auto some = [sum, one] { sum(one); };
    static_assert(sizeof(most) == 48 && sizeof(more) == 32 && sizeof(some) == 16);
    EXPECT_EQ(scheduler.submit({}, most), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.cleanup = counting(ends)}, more), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.deadline = 1h, .stop = std::stop_token()}, more),
              Submit::accepted);
    EXPECT_EQ(scheduler.submit(
                  {.deadline = 1h, .stop = std::stop_token(), .cleanup = counting(ends)}, some),
              Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(right.value(), 4);
    EXPECT_EQ(ends.value(), 2);
}

// ---- Ranges ----

TEST(pool_submit, a_range_is_accepted_as_far_as_there_is_room_and_the_rest_is_as_it_was) {
    One scheduler;
    start(scheduler);
    Held gate;
    gate.hold(scheduler);  // 15 of 16 slots are left
    Count runs;
    std::vector<Token> tokens;
    for (int i = 0; i < 20; ++i) tokens.emplace_back(runs);
    const Batched batched = scheduler.submit_all({}, tokens);
    EXPECT_EQ(batched.answer, Submit::full);
    EXPECT_EQ(batched.accepted, 15U);
    for (std::size_t i = 0; i < tokens.size(); ++i) EXPECT_EQ(tokens[i].is_whole(), i >= 15);
    EXPECT_EQ(refusals(scheduler.pool_report(), Submit::full), 1U);
    gate.open();
    scheduler.stop();
    EXPECT_EQ(runs.value(), 15);
    EXPECT_EQ(scheduler.pool_report().accepted, 16U);
}

TEST(pool_submit, an_empty_range_and_an_empty_batch_are_accepted_and_are_nothing) {
    One scheduler;
    start(scheduler);
    std::vector<std::function<void()>> none;
    const Batched batched = scheduler.submit_all({}, none);
    EXPECT_EQ(batched.answer, Submit::accepted);
    EXPECT_EQ(batched.accepted, 0U);
    TaskBatch batch;
    EXPECT_EQ(scheduler.submit({}, batch), Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().accepted, 0U);
    EXPECT_EQ(scheduler.submit_all({}, none).answer, Submit::closed);
    EXPECT_EQ(scheduler.submit({}, batch), Submit::closed);
}

// ---- Intrusive tasks ----

// A task that hands itself over again `left` times.
template <typename S>
struct Returning : Task {
    Returning(S& where, int times) : Task(run), scheduler(&where), left(times) {}
    static Outcome run(Task& self) {
        auto& mine = static_cast<Returning&>(self);
        if (mine.left-- == 0) {
            mine.ended.store(true, release);  // test
            return Outcome::done;
        }
        // The last thing that it does with itself: another worker may run it already.
        return mine.scheduler->submit({}, mine) == Submit::accepted ? Outcome::done
                                                                    : Outcome::failed;
    }
    S* scheduler;
    int left;
    std::atomic<bool> ended{false};
};

TEST(pool_submit, an_intrusive_task_may_hand_itself_over_again_while_it_runs) {
    using Two = Scheduler<two_with<4, 4>>;
    Two scheduler;
    start(scheduler);
    constexpr int times = 20'000;
    std::deque<Returning<Two>> tasks;
    for (int i = 0; i < 3; ++i) tasks.emplace_back(scheduler, times);
    for (auto& task : tasks) ASSERT_EQ(scheduler.submit({}, task), Submit::accepted);
    for (const auto& task : tasks)
        while (!task.ended.load(acquire)) std::this_thread::yield();  // test
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 3U * (times + 1));
    EXPECT_EQ(scheduler.pool_report().failed, 0U);
}

// A task that ends its own life, however its turn ends.
struct Mortal : Task {
    explicit Mortal(Count& deaths) : Task(run, drop), count(&deaths) {}
    ~Mortal() { count->add(); }
    Mortal(const Mortal&) = delete;
    Mortal& operator=(const Mortal&) = delete;
    static Outcome run(Task& self) {
        delete static_cast<Mortal*>(&self);
        return Outcome::done;
    }
    static void drop(Task& self) { delete static_cast<Mortal*>(&self); }
    Count* count;
};

TEST(pool_submit, an_intrusive_task_may_destroy_itself_when_it_is_run_and_when_it_is_dropped) {
    Scheduler<two_with<4, 4>> scheduler;
    start(scheduler);
    Count deaths;
    std::stop_source asked;
    asked.request_stop();
    for (int i = 0; i < 1000; ++i) {
        // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the task is its own owner
        auto* const task = new Mortal(deaths);
        if (i % 2 == 0) task->stop_with(asked.get_token());
        ASSERT_EQ(scheduler.submit({}, *task), Submit::accepted);
    }
    scheduler.stop();
    EXPECT_EQ(deaths.value(), 1000);
    EXPECT_EQ(scheduler.pool_report().executed, 500U);
    EXPECT_EQ(scheduler.pool_report().cancelled, 500U);
}

TEST(pool_submit, dropped_is_called_exactly_when_an_accepted_task_is_not_run) {
    One scheduler;
    start(scheduler);
    Held gate;
    gate.hold(scheduler);
    std::stop_source asked, silent;
    asked.request_stop();
    Noted plain, fails(Outcome::failed), asks, goes_on, late, timely, refused;
    asks.stop_with(asked.get_token());
    goes_on.stop_with(silent.get_token());
    EXPECT_EQ(scheduler.submit({}, plain), Submit::accepted);
    EXPECT_EQ(scheduler.submit({}, fails), Submit::accepted);
    EXPECT_EQ(scheduler.submit({}, asks), Submit::accepted);
    EXPECT_EQ(scheduler.submit({}, goes_on), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.deadline = 1ns}, late), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.deadline = 1h}, timely), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.priority = 7}, refused), Submit::no_such_priority);
    gate.open();
    scheduler.stop();
    for (const Noted* task : {&plain, &fails, &goes_on, &timely}) {
        EXPECT_EQ(task->runs.value(), 1);
        EXPECT_EQ(task->drops.value(), 0);
    }
    for (const Noted* task : {&asks, &late}) {
        EXPECT_EQ(task->runs.value(), 0);
        EXPECT_EQ(task->drops.value(), 1);
    }
    EXPECT_EQ(refused.runs.value() + refused.drops.value(), 0);
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.executed, 4U);  // with the held one
    EXPECT_EQ(r.failed, 1U);
    EXPECT_EQ(r.cancelled, 1U);
    EXPECT_EQ(r.expired, 1U);
    EXPECT_EQ(r.accepted, 7U);
}

TEST(pool_submit, a_cancel_drops_intrusive_tasks_once_each_and_refused_ones_never) {
    Scheduler<two_with<4, 4>> scheduler;
    start(scheduler);
    Held a, b;
    a.hold(scheduler);
    b.hold(scheduler);
    std::deque<Noted> tasks(300);
    for (Noted& task : tasks) ASSERT_EQ(scheduler.submit({}, task), Submit::accepted);
    EXPECT_EQ(scheduler.shutdown({.how = Ending::cancel, .deadline = 0ns}).ended, Ended::late);
    Noted refused;
    EXPECT_EQ(scheduler.submit({}, refused), Submit::closed);
    a.open();
    b.open();
    const ShutdownReport r = scheduler.shutdown({.how = Ending::cancel});
    EXPECT_EQ(r.cancelled, tasks.size());
    EXPECT_EQ(r.executed, 2U);
    for (const Noted& task : tasks) {
        ASSERT_EQ(task.runs.value(), 0);
        ASSERT_EQ(task.drops.value(), 1);
    }
    EXPECT_EQ(refused.runs.value() + refused.drops.value(), 0);
}

TEST(pool_submit, a_deadline_of_an_intrusive_task_holds_for_one_time_only) {
    One scheduler;
    start(scheduler);
    Noted task, refused;
    {
        Held gate;
        gate.hold(scheduler);
        ASSERT_EQ(scheduler.submit({.deadline = 1ns}, task), Submit::accepted);
        ASSERT_EQ(scheduler.submit({.priority = 7, .deadline = 1ns}, refused),
                  Submit::no_such_priority);
        gate.open();
        while (task.drops.value() == 0) std::this_thread::yield();  // or this test hangs
    }
    ASSERT_EQ(scheduler.submit({}, task), Submit::accepted);
    TaskBatch batch(refused);
    ASSERT_EQ(scheduler.submit({}, batch), Submit::accepted);
    scheduler.stop();
    EXPECT_EQ(task.runs.value(), 1);
    EXPECT_EQ(task.drops.value(), 1);
    EXPECT_EQ(refused.runs.value(), 1);
    EXPECT_EQ(refused.drops.value(), 0);
}

TEST(pool_submit, batches_are_appended_in_order_whatever_is_empty) {
    One scheduler;
    start(scheduler);
    Numbers order;
    std::deque<Numbered> tasks;
    for (int i = 0; i < 9; ++i) tasks.emplace_back(order, i);
    const auto some = [&](int from, int to) {
        TaskBatch batch;
        for (int i = from; i < to; ++i) batch.push(tasks[static_cast<std::size_t>(i)]);
        return batch;
    };
    TaskBatch all;
    EXPECT_TRUE(all.empty());
    all.append(TaskBatch());
    EXPECT_TRUE(all.empty());
    TaskBatch first = some(0, 3);
    all.append(std::move(first));
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): as promised
    all.append(TaskBatch());
    all.append(some(3, 4));
    all.push(tasks[4]);
    all.append(some(5, 9));
    EXPECT_EQ(all.size(), 9U);
    EXPECT_EQ(scheduler.submit({}, all), Submit::accepted);
    EXPECT_TRUE(all.empty());
    scheduler.stop();
    EXPECT_EQ(order, up_to(9));
}

TEST(pool_submit, a_batch_that_was_refused_can_be_handed_over_later) {
    One scheduler;
    std::deque<Noted> tasks(3);
    TaskBatch batch;
    for (Noted& task : tasks) batch.push(task);
    EXPECT_EQ(scheduler.submit({}, batch), Submit::not_started);
    start(scheduler);
    EXPECT_EQ(scheduler.submit({.node = 4711}, batch), Submit::no_such_node);
    EXPECT_EQ(scheduler.submit({}, batch), Submit::accepted);
    scheduler.stop();
    for (const Noted& task : tasks) EXPECT_EQ(task.runs.value(), 1);
}

// ---- The order in which one worker starts the tasks of one outside thread ----

constexpr Board three_levels = pool_board(
    one_taker, {.segments = 256, .slots_per_segment = 16, .priorities = 3, .ageing = 1000});
using Ordered = Scheduler<three_levels>;

// Numbered tasks in one of four forms.
enum class Form { values, range, tasks, batch };
constexpr std::array<Form, 4> forms = {Form::values, Form::range, Form::tasks, Form::batch};

class Series {
public:
    explicit Series(Form form) : form_(form) {}
    // `n` tasks with the next numbers.
    template <typename S>
    void hand_over(S& scheduler, const TaskOptions& to, int n) {
        const auto value = [this](int i) { return [this, i] { order.push_back(i); }; };
        std::vector<decltype(value(0))> range;
        TaskBatch batch;
        for (const int end = next_ + n; next_ < end; ++next_) {
            if (form_ == Form::values)
                ASSERT_EQ(scheduler.submit(to, value(next_)), Submit::accepted);
            else if (form_ == Form::range)
                range.push_back(value(next_));
            else if (Numbered& task = tasks_.emplace_back(order, next_); form_ == Form::tasks)
                ASSERT_EQ(scheduler.submit(to, task), Submit::accepted);
            else
                batch.push(task);
        }
        EXPECT_EQ(scheduler.submit_all(to, range).answer, Submit::accepted);
        EXPECT_EQ(scheduler.submit(to, batch), Submit::accepted);
    }

    Numbers order;

private:
    Form form_;
    int next_ = 0;
    std::deque<Numbered> tasks_;
};

TEST(pool_submit, one_worker_starts_higher_priorities_first_and_each_in_order_in_every_form) {
    for (const Form form : forms) {
        SCOPED_TRACE(static_cast<int>(form));
        constexpr int n = 500;
        Ordered scheduler;
        start(scheduler);
        Held gate;
        gate.hold(scheduler);
        Series series(form);
        for (const int priority : {1, 0, 2}) series.hand_over(scheduler, {.priority = priority}, n);
        gate.open();
        scheduler.stop();
        Numbers wanted;
        for (const int first : {2 * n, 0, n})  // of priorities 2, 1 and 0
            for (int i = 0; i < n; ++i) wanted.push_back(first + i);
        EXPECT_EQ(series.order, wanted);
    }
}

// Each task hands over more: what has come from outside keeps its order all the same.
template <const Board& b>
struct Spawning : Numbered {
    Spawning(Scheduler<b>& where, Numbers& list, int number, Count& spawned)
        : Numbered(list, number), scheduler(&where), count(&spawned) {}
    // What it does, by value or intrusive.
    void act() {
        order->push_back(n);
        for (int k = 0; k < 3; ++k)
            if (scheduler->submit({}, [c = count] { c->add(); }) != Submit::accepted) count->add();
    }
    Scheduler<b>* scheduler;
    Count* count;
};
template <const Board& b>
struct SpawningTask : Task {
    explicit SpawningTask(Spawning<b>& what) : Task(run), spawning(&what) {}
    static Outcome run(Task& self) {
        static_cast<SpawningTask&>(self).spawning->act();
        return Outcome::done;
    }
    Spawning<b>* spawning;
};

template <const Board& b>
void order_is_kept_while_tasks_spawn(bool intrusive) {
    constexpr int n = 300;
    Scheduler<b> scheduler;
    start(scheduler);
    Held gate;
    gate.hold(scheduler);
    Numbers order;
    Count spawned;
    std::deque<Spawning<b>> all;
    std::deque<SpawningTask<b>> tasks;
    for (int i = 0; i < n; ++i) {
        Spawning<b>& one = all.emplace_back(scheduler, order, i, spawned);
        if (intrusive)
            ASSERT_EQ(scheduler.submit({}, tasks.emplace_back(one)), Submit::accepted);
        else
            ASSERT_EQ(scheduler.submit({}, [&one] { one.act(); }), Submit::accepted);
    }
    gate.open();
    while (spawned.value() < 3 * n) std::this_thread::yield();  // or this test hangs
    scheduler.stop();
    EXPECT_EQ(order, up_to(n));
    EXPECT_EQ(scheduler.pool_report().executed, scheduler.pool_report().accepted);
}

constexpr Board usual_ring = pool_board(one_taker, {.segments = 64, .slots_per_segment = 16});
constexpr Board small_ring =
    pool_board(one_taker, {.segments = 64, .slots_per_segment = 16, .run_ring = 2});
constexpr Board large_claims =
    pool_board(one_taker, {.segments = 8, .slots_per_segment = 256, .claim_max = 256});

TEST(pool_submit, values_from_outside_keep_their_order_while_they_spawn_others) {
    order_is_kept_while_tasks_spawn<usual_ring>(false);
    order_is_kept_while_tasks_spawn<small_ring>(false);
    order_is_kept_while_tasks_spawn<large_claims>(false);
}
TEST(pool_submit, intrusive_tasks_from_outside_keep_their_order_while_they_spawn_others) {
    order_is_kept_while_tasks_spawn<usual_ring>(true);
    order_is_kept_while_tasks_spawn<small_ring>(true);
    order_is_kept_while_tasks_spawn<large_claims>(true);
}

// ---- From inside a worker ----

// Runs `inside(scheduler)` as a task of a pool with one worker.
template <const Board& b, typename Inside>
PoolReport run_inside(Inside&& inside) {
    Scheduler<b> scheduler;
    start(scheduler);
    std::atomic<bool> ended{false};
    EXPECT_EQ(scheduler.submit({},
                               [&] {
                                   inside(scheduler);
                                   ended.store(true, release);  // test
                               }),
              Submit::accepted);
    while (!ended.load(acquire)) std::this_thread::yield();  // test
    scheduler.stop();
    PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.accepted, r.executed);
    return r;
}

constexpr Board ring_of_four =
    pool_board(one_taker, {.segments = 4, .slots_per_segment = 4, .priorities = 2, .run_ring = 4});

TEST(pool_submit, values_from_a_worker_take_its_ring_then_the_inbox_then_are_refused) {
    Numbers order;
    int accepted = 0;
    Submit last = Submit::accepted;
    const PoolReport r = run_inside<ring_of_four>([&](auto& scheduler) {
        for (int i = 0; i < 100 && last == Submit::accepted; ++i) {
            last = scheduler.submit({}, [&order, i] { order.push_back(i); });
            accepted += last == Submit::accepted ? 1 : 0;
        }
    });
    EXPECT_EQ(last, Submit::full);
    ASSERT_GT(accepted, 4);
    Numbers wanted = {3, 2, 1, 0};  // the ring: newest first
    for (int i = 4; i < accepted; ++i) wanted.push_back(i);
    EXPECT_EQ(order, wanted);
    EXPECT_EQ(r.inboxes[0].accepted, static_cast<std::uint64_t>(accepted) - 4 + 1);
    EXPECT_EQ(refusals(r, Submit::full), 0U);
    EXPECT_EQ(r.refused, 1U) << "counted by the worker";
}

TEST(pool_submit, another_priority_named_by_a_worker_is_the_inbox_and_the_usual_one_its_ring) {
    Numbers order;
    const PoolReport r = run_inside<ring_of_four>([&](auto& scheduler) {
        const auto put = [&](TaskOptions to, int i) {
            EXPECT_EQ(scheduler.submit(to, [&order, i] { order.push_back(i); }), Submit::accepted);
        };
        put({.priority = 1}, 0);
        put({.priority = 0}, 1);
        put({.node = machine.nodes[0].id}, 2);
        put({.priority = 1}, 3);
        put({}, 4);
    });
    EXPECT_EQ(order, (Numbers{4, 2, 1, 0, 3}));
    EXPECT_EQ(r.inboxes[0].accepted, 3U);
}

TEST(pool_submit,
     a_range_from_a_worker_starts_with_its_first_in_the_ring_and_goes_on_in_the_inbox) {
    Numbers order;
    Batched batched;
    const PoolReport r = run_inside<ring_of_four>([&](auto& scheduler) {
        const auto value = [&order](int i) { return [&order, i] { order.push_back(i); }; };
        std::vector<decltype(value(0))> range;
        for (int i = 0; i < 100; ++i) range.push_back(value(i));
        batched = scheduler.submit_all({}, range);
    });
    EXPECT_EQ(batched.answer, Submit::full);
    ASSERT_GT(batched.accepted, 4U);
    EXPECT_EQ(order, up_to(static_cast<int>(batched.accepted)));
    EXPECT_EQ(r.inboxes[0].accepted, batched.accepted - 4 + 1);
}

TEST(pool_submit, a_batch_from_a_worker_starts_with_its_oldest) {
    Numbers order;
    std::deque<Numbered> tasks;
    const PoolReport r = run_inside<usual_ring>([&](auto& scheduler) {
        TaskBatch batch;
        for (int i = 0; i < 200; ++i) batch.push(tasks.emplace_back(order, i));
        EXPECT_EQ(scheduler.submit({}, batch), Submit::accepted);
        EXPECT_TRUE(batch.empty());
    });
    EXPECT_EQ(order, up_to(200));
    EXPECT_EQ(r.inboxes[0].linked, 0U);
}

constexpr Board ring_of_two =
    pool_board(one_taker, {.segments = 4, .slots_per_segment = 4, .run_ring = 2});
constexpr Board two_rings_of_two =
    pool_board(two_takers, {.segments = 4, .slots_per_segment = 4, .run_ring = 2});

// Thousands of both forms from one worker, whose ring has two cells.
template <const Board& b>
void overflow_loses_none() {
    constexpr int n = 3000;
    std::deque<Noted> tasks(n);
    Count values;
    std::atomic<int> accepted{0};
    const PoolReport r = run_inside<b>([&](auto& scheduler) {
        const auto value = [&] {
            if (scheduler.submit({}, [&values] { values.add(); }) == Submit::accepted)
                accepted.fetch_add(1, relaxed);  // read after the join
        };
        for (std::size_t i = 0; i < n; ++i) {
            if (i % 5 == 0) value();
            TaskBatch batch(tasks[i]);
            while (i % 7 != 0 && i + 1 < n) batch.push(tasks[++i]);
            EXPECT_EQ(scheduler.submit({}, batch), Submit::accepted);
        }
    });
    for (const Noted& task : tasks) ASSERT_EQ(task.runs.value(), 1);
    EXPECT_EQ(values.value(), accepted.load(relaxed));  // after the join
    EXPECT_EQ(r.executed, 1U + n + static_cast<std::uint64_t>(values.value()));
}
TEST(pool_submit, a_ring_of_two_that_overflows_loses_no_task_of_either_form) {
    overflow_loses_none<ring_of_two>();
    for (int round = 0; round < 20; ++round) overflow_loses_none<two_rings_of_two>();
}

// ---- A task that hands itself on for ever ----

// `run` hands it over again until others have run, or a hundred thousand times.
struct Links {
    static constexpr int most = 100'000;
    std::atomic<bool> others_ran{false};
    int n = 0;  // its own worker's
    std::atomic<bool> ended{false};
};
template <typename S>
struct Chain {
    S* scheduler;
    Links* links;
    int priority = usual_priority;

    void operator()() const {
        if (++links->n < Links::most && !links->others_ran.load(acquire))  // test
            while (scheduler->submit({.priority = priority}, *this) != Submit::accepted)
                std::this_thread::yield();
        else
            links->ended.store(true, release);  // test
    }
};
template <typename S>
struct ChainTask : Task {
    ChainTask(S& where, Links& its_links) : Task(run), scheduler(&where), links(&its_links) {}
    static Outcome run(Task& self) {
        auto& mine = static_cast<ChainTask&>(self);
        if (++mine.links->n < Links::most && !mine.links->others_ran.load(acquire))  // test
            return mine.scheduler->submit({}, mine) == Submit::accepted ? Outcome::done
                                                                        : Outcome::failed;
        mine.links->ended.store(true, release);  // test
        return Outcome::done;
    }
    S* scheduler;
    Links* links;
};

// An intrusive task that says that it has run.
struct Other : Task {
    explicit Other(Links& seen) : Task(run), links(&seen) {}
    static Outcome run(Task& self) {
        static_cast<Other&>(self).links->others_ran.store(true, release);  // test
        return Outcome::done;
    }
    Links* links;
};

// `put(scheduler, links)` hands over a chain and something else, which all wait for one worker; any
// other worker is held. The other task has run before a few thousand links.
template <const Board& b, typename Put>
void expect_not_hidden(Put&& put) {
    using S = Scheduler<b>;
    S scheduler;
    start(scheduler);
    std::deque<Held> gates(b.workers.size());
    for (Held& gate : gates) gate.hold(scheduler);
    Links links;
    put(scheduler, links);
    gates[0].open();
    while (!links.ended.load(acquire)) std::this_thread::yield();  // test
    EXPECT_TRUE(links.others_ran.load(acquire));                   // test
    for (Held& gate : gates) gate.open();
    scheduler.stop();
    EXPECT_LE(links.n, 64 * 8);  // a second chain has had its last link, too
}

constexpr Pool deep_pool{.segments = 64, .priorities = 2, .usual_priority = 1};
constexpr Board alone = pool_board(one_taker, deep_pool);
constexpr Board with_a_sibling = pool_board(two_takers, deep_pool);

// With siblings the rest of a claim lies in the worker's ring, below what the chain spawns, and
// belongs to them: where all of them are busy it waits.
template <const Board& b>
constexpr bool keeps_its_claim = b.workers.size() == 1;

template <const Board& b>
void a_chain_hides_no_inbox() {
    using S = Scheduler<b>;
    const auto say = [](Links& links) {
        return [&links] { links.others_ran.store(true, release); };  // test
    };
    if (keeps_its_claim<b>) {
        SCOPED_TRACE("what is behind it in the inbox");
        expect_not_hidden<b>([&](S& scheduler, Links& links) {
            ASSERT_EQ(scheduler.submit({}, Chain<S>{&scheduler, &links}), Submit::accepted);
            ASSERT_EQ(scheduler.submit({}, say(links)), Submit::accepted);
        });
    }
    {
        SCOPED_TRACE("what is a claim later");
        expect_not_hidden<b>([&](S& scheduler, Links& links) {
            ASSERT_EQ(scheduler.submit({}, Chain<S>{&scheduler, &links}), Submit::accepted);
            for (int i = 0; i < 64; ++i) ASSERT_EQ(scheduler.submit({}, [] {}), Submit::accepted);
            ASSERT_EQ(scheduler.submit({}, say(links)), Submit::accepted);
        });
    }
    {
        SCOPED_TRACE("a lower priority");
        expect_not_hidden<b>([&](S& scheduler, Links& links) {
            ASSERT_EQ(scheduler.submit({}, Chain<S>{&scheduler, &links}), Submit::accepted);
            ASSERT_EQ(scheduler.submit({.priority = 0}, say(links)), Submit::accepted);
        });
    }
}
template <const Board& b>
void a_chain_hides_no_intrusive_task() {
    using S = Scheduler<b>;
    for (const int priority : {1, 0}) {
        SCOPED_TRACE(priority);
        std::unique_ptr<Other> other;
        expect_not_hidden<b>([&](S& scheduler, Links& links) {
            other = std::make_unique<Other>(links);
            ASSERT_EQ(scheduler.submit({}, Chain<S>{&scheduler, &links}), Submit::accepted);
            ASSERT_EQ(scheduler.submit({.priority = priority}, *other), Submit::accepted);
        });
    }
}
TEST(pool_submit, a_task_that_spawns_itself_for_ever_hides_nothing_in_the_inboxes) {
    a_chain_hides_no_inbox<alone>();
    a_chain_hides_no_inbox<with_a_sibling>();
}
TEST(pool_submit, a_task_that_spawns_itself_for_ever_hides_no_intrusive_task) {
    a_chain_hides_no_intrusive_task<alone>();
    a_chain_hides_no_intrusive_task<with_a_sibling>();
}

template <const Board& b>
void an_intrusive_chain_hides_neither_form() {
    using S = Scheduler<b>;
    std::unique_ptr<ChainTask<S>> chain;
    std::unique_ptr<Other> other;
    for (const int priority : {1, 0}) {
        SCOPED_TRACE(priority);
        expect_not_hidden<b>([&](S& scheduler, Links& links) {
            chain = std::make_unique<ChainTask<S>>(scheduler, links);
            ASSERT_EQ(scheduler.submit({}, *chain), Submit::accepted);
            ASSERT_EQ(
                scheduler.submit({.priority = priority},
                                 [&links] { links.others_ran.store(true, release); }),  // test
                Submit::accepted);
        });
        if (!keeps_its_claim<b> && priority == 1) continue;
        expect_not_hidden<b>([&](S& scheduler, Links& links) {
            chain = std::make_unique<ChainTask<S>>(scheduler, links);
            other = std::make_unique<Other>(links);
            ASSERT_EQ(scheduler.submit({}, *chain), Submit::accepted);
            ASSERT_EQ(scheduler.submit({.priority = priority}, *other), Submit::accepted);
        });
    }
}
TEST(pool_submit, an_intrusive_task_that_spawns_itself_for_ever_hides_nothing) {
    an_intrusive_chain_hides_neither_form<alone>();
    an_intrusive_chain_hides_neither_form<with_a_sibling>();
}

template <const Board& b>
void values_hide_no_intrusive_task_of_their_priority() {
    using S = Scheduler<b>;
    std::unique_ptr<Other> other;
    expect_not_hidden<b>([&](S& scheduler, Links& links) {
        other = std::make_unique<Other>(links);
        // Two chains through the inbox of priority 0: something always waits there by value.
        for (int i = 0; i < 2; ++i)
            ASSERT_EQ(scheduler.submit({.priority = 0}, Chain<S>{&scheduler, &links, 0}),
                      Submit::accepted);
        ASSERT_EQ(scheduler.submit({.priority = 0}, *other), Submit::accepted);
    });
}
TEST(pool_submit, values_without_end_hide_no_intrusive_task_of_the_same_priority) {
    values_hide_no_intrusive_task_of_their_priority<alone>();
    values_hide_no_intrusive_task_of_their_priority<with_a_sibling>();
}

constexpr Board tight_alone = pool_board(one_taker, {.segments = 64, .run_ring = 2});
constexpr Board tight_sibling = pool_board(two_takers, {.segments = 64, .run_ring = 2});

// A batch that overflows: an intrusive chain at its head, the other task at its end.
template <const Board& b>
void a_chain_hides_no_overflow() {
    using S = Scheduler<b>;
    std::deque<Noted> tasks(20);
    std::unique_ptr<ChainTask<S>> chain;
    std::unique_ptr<Other> other;
    expect_not_hidden<b>([&](S& scheduler, Links& links) {
        chain = std::make_unique<ChainTask<S>>(scheduler, links);
        other = std::make_unique<Other>(links);
        ASSERT_EQ(scheduler.submit({},
                                   [&] {
                                       TaskBatch batch(*chain);
                                       for (Noted& task : tasks) batch.push(task);
                                       batch.push(*other);
                                       EXPECT_EQ(scheduler.submit({}, batch), Submit::accepted);
                                   }),
                  Submit::accepted);
    });
    for (const Noted& task : tasks) EXPECT_EQ(task.runs.value(), 1);
}
TEST(pool_submit, a_task_that_spawns_itself_for_ever_hides_no_overflow) {
    a_chain_hides_no_overflow<tight_alone>();
    a_chain_hides_no_overflow<tight_sibling>();
}

}  // namespace
}  // namespace stator::test
