// tests/fork_test.cpp - a child of fork(2) is answered, not hung: every call, exit, and the parent
// goes on.
//
// A child says by its exit code which of its promises was the first that did not hold; a signal
// ends one that hangs.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stator/core/parallel_for.hpp>
#include <stator/core/task_group.hpp>

#include "pool_boards.hpp"
#include "running.hpp"

namespace {
bool is_child = false;  // of this test
}

// Asked by the leak sanitizer before it looks: at the exit of a child of a worker thread it waits
// for ever for a helper process of its own, which has ended.
extern "C" int __lsan_is_turned_off() {  // NOLINT: its name
    return is_child ? 1 : 0;
}

namespace stator::test {
namespace {

namespace fs = std::filesystem;
using std::memory_order::relaxed;

struct Number {
    int value;
};
bool pass_on(const Number& in, Number& out) {
    out = in;
    return true;
}
std::atomic<int> arrived{0};
void count(const Number&) {
    arrived.fetch_add(1, relaxed);  // a count
}
using Line = Pipeline<Input<Number, 16>, Stage<"a", pass_on>, Ring<Number, 16>, Stage<"z", count>>;

// Each keeps to one cpu, so that both can run at once, or one of them in a child.
constexpr Worker first_workers[] = {
    {.name = "one", .cpu = cpu_b, .roles = {"a"}, .tasks = true, .wait = Wait::futex},
    {.name = "two", .cpu = cpu_b, .roles = {"z"}, .tasks = true, .wait = Wait::futex},
};
constexpr Worker second_workers[] = {
    {.name = "three", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
};
constexpr Board first_board = pool_board(first_workers, {.segments = 16, .slots_per_segment = 16});
constexpr Board second_board =
    pool_board(second_workers, {.segments = 16, .slots_per_segment = 16, .wake_threshold = 2});
constexpr Board third_board = pool_board(second_workers, {.segments = 8});
using First = Scheduler<first_board, Line>;
using Second = Scheduler<second_board>;
using Third = Scheduler<third_board>;

// Static, so that a child that exits runs their destructors.
First& first() {
    static First scheduler;
    return scheduler;
}
Second& never_started() {
    static Second scheduler;
    return scheduler;
}

// The place, from 1 on, of the first that does not hold; 0: all hold.
int first_broken(const std::vector<bool>& promises) {
    const auto broken = std::find(promises.begin(), promises.end(), false);
    return broken == promises.end() ? 0 : static_cast<int>(broken - promises.begin()) + 1;
}

// Forks; the child ends by exit with what `work` answers. The parent's answer: the child.
template <typename F>
pid_t fork_one(F&& work) {
    std::fflush(nullptr);  // or the child's exit would print it, too
    const pid_t child = fork();
    if (child != 0) return child;
    // Workers block signals, and the child of a task inherits that.
    sigset_t watchdog;
    sigemptyset(&watchdog);
    sigaddset(&watchdog, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &watchdog, nullptr);
    alarm(is_sanitized ? 120 : 30);
    is_child = true;
    std::exit(work());
}
// 0: it has ended well.
int code_of(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// A child that is forked by a task, which then goes on in the parent.
template <typename S, typename F>
int code_of_child_of_a_task(S& scheduler, F&& work) {
    std::atomic<pid_t> child{0};
    const auto body = [&] { child.store(fork_one(work), relaxed); };  // polled below
    EXPECT_EQ(scheduler.submit({}, [&body] { body(); }), Submit::accepted);
    while (child.load(relaxed) == 0) std::this_thread::yield();  // a number
    return code_of(child.load(relaxed));                         // as above
}

// Every file of the folder of claims and views, by name and size.
std::vector<std::string> files() {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(std::getenv("STATOR_SHM")))
        all.push_back(entry.path().filename().string() + ' ' + std::to_string(entry.file_size()));
    std::sort(all.begin(), all.end());
    return all;
}

class Fork : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "stator-fork-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        setenv("STATOR_SHM", name.c_str(), 1);
        (void)never_started();
        arrived.store(0, relaxed);  // nobody else runs
        ASSERT_TRUE(first().start().ok());
        before_ = files();
        ASSERT_GE(before_.size(), 1U);
    }
    // Whatever a child has done: the parent works and stops as if there had been none.
    void TearDown() override {
        EXPECT_EQ(files(), before_);
        std::atomic<int> runs{0};
        for (int i = 0; i < 100; ++i)
            submit_or_wait(first(), [&] { runs.fetch_add(1, relaxed); });  // a count
        ASSERT_EQ(first().input<Line>().push_or_wait({7}), Push::accepted);
        const ShutdownReport r = first().shutdown();
        EXPECT_EQ(r.ended, Ended::done);
        expect_balance(r);
        EXPECT_EQ(r.failed, 0U);
        EXPECT_EQ(runs.load(relaxed), 100);  // after the join
        EXPECT_EQ(arrived.load(relaxed), 1) << "and no item of a child";
        EXPECT_TRUE(first().start().ok()) << "and once more";
        first().stop();
        unsetenv("STATOR_SHM");
        fs::remove_all(folder_);
    }

private:
    fs::path folder_;
    std::vector<std::string> before_;
};

struct Linked : Task {
    Linked() : Task([](Task&) { return Outcome::done; }) {}
};

int submissions_are_refused() {
    Linked task;
    Linked one, two;
    TaskBatch batch(one);
    batch.push(two);
    std::array<std::function<void()>, 2> many{[] {}, [] {}};
    const Batched batched = first().submit_all({}, many);
    bool ran = false;
    return first_broken(
        {first().submit({}, [&ran] { ran = true; }) == Submit::forked,
         first().submit({.node = machine.nodes[0].id}, [] {}) == Submit::forked,
         first().submit({.deadline = std::chrono::hours{1}}, [] {}) == Submit::forked,
         first().submit({.cleanup = Cleanup{}}, [] {}) == Submit::forked,
         batched.answer == Submit::forked && batched.accepted == 0,
         static_cast<bool>(many[0]),  // as it was
         first().submit({}, task) == Submit::forked,
         first().submit({}, batch) == Submit::forked && batch.size() == 2,
         first().tasks().submit({}, [] {}) == Submit::forked, !ran});
}
// What would be refused anyway is refused, with one answer or the other.
int wrong_submissions_are_refused() {
    void (*null)() = nullptr;
    return first_broken(
        {first().submit({}, null) != Submit::accepted,
         first().submit({.node = 4711}, [] {}) == Submit::forked,
         first().submit({.priority = 63}, [] {}) == Submit::forked,
         first().submit({.deadline = std::chrono::nanoseconds{0}}, [] {}) != Submit::accepted});
}
int the_rest_is_refused() {
    std::size_t n = 7;
    const std::array<Number, 2> items{{{1}, {2}}};
    auto& input = first().input<Line>();
    return first_broken(
        {input.push({1}) == Push::forked, input.push_or_wait({1}) == Push::forked,
         input.push_burst(items, n) == Push::forked && n == 0, !first().start().ok(),
         first().shutdown().ended == Ended::forked,
         first().shutdown({.how = Ending::abort, .deadline = std::chrono::seconds{1}}).ended ==
             Ended::forked,
         (first().request_stop(), first().stop(), first().wait(), true),
         first().pool_report().accepted == 0 && first().pool_report().inboxes.empty(),
         first().worker_report().empty(), first().running().empty(),
         first().report<Line>().stages.empty()});
}
int groups_run_their_children_on_the_spot() {
    const pid_t self = getpid();
    int runs = 0;
    bool here = true, failed = false;
    const auto child = [&] {
        ++runs;
        here = here && getpid() == self;
    };
    bool nested = false;
    {
        TaskGroup group(first().tasks());
        for (int i = 0; i < 10; ++i) group.run(child);
        if (group.wait() != Outcome::done || runs != 10) return 1;
        group.run([] { return Outcome::failed; });
        failed = group.wait() == Outcome::failed;
        group.run([&] {
            TaskGroup inner(first().tasks());
            inner.run(child);
            nested = inner.wait() == Outcome::done;
        });
    }
    int sum = 0;
    const Outcome all = parallel_for(first().tasks(), 0, 100, 3, [&](int i) { sum += i; });
    return first_broken(
        {true, runs == 11, here, failed, nested, all == Outcome::done, sum == 4950});
}

TEST_F(Fork, refuses_every_submission_in_the_child) {
    EXPECT_EQ(code_of(fork_one(submissions_are_refused)), 0);
}
TEST_F(Fork, refuses_every_submission_in_the_child_of_a_task) {
    EXPECT_EQ(code_of_child_of_a_task(first(), submissions_are_refused), 0);
}
TEST_F(Fork, refuses_wrong_submissions_in_the_child) {
    EXPECT_EQ(code_of(fork_one(wrong_submissions_are_refused)), 0);
}
TEST_F(Fork, refuses_wrong_submissions_in_the_child_of_a_task) {
    EXPECT_EQ(code_of_child_of_a_task(first(), wrong_submissions_are_refused), 0);
}
TEST_F(Fork, answers_forked_or_nothing_to_every_other_call_in_the_child) {
    EXPECT_EQ(code_of(fork_one(the_rest_is_refused)), 0);
}
TEST_F(Fork, answers_forked_or_nothing_to_every_other_call_in_the_child_of_a_task) {
    EXPECT_EQ(code_of_child_of_a_task(first(), the_rest_is_refused), 0);
}
TEST_F(Fork, runs_the_children_of_groups_on_the_spot_in_the_child) {
    EXPECT_EQ(code_of(fork_one(groups_run_their_children_on_the_spot)), 0);
}
TEST_F(Fork, runs_the_children_of_groups_on_the_spot_in_the_child_of_a_task) {
    EXPECT_EQ(code_of_child_of_a_task(first(), groups_run_their_children_on_the_spot), 0);
}

TEST_F(Fork, lets_the_child_exit_while_the_parent_is_busy) {
    Held held;
    held.hold(first());
    std::atomic<int> runs{0};
    for (int i = 0; i < 50; ++i)
        submit_or_wait(first(), [&] { runs.fetch_add(1, relaxed); });  // a count
    for (int i = 0; i < 10; ++i) EXPECT_EQ(code_of(fork_one([] { return 0; })), 0);
    held.open();
    while (first().pool_report().open() > 0) std::this_thread::yield();  // they know our stack
}
TEST_F(Fork, lets_a_child_of_a_child_exit) {
    EXPECT_EQ(code_of(fork_one([] {
                  if (first().submit({}, [] {}) != Submit::forked) return 1;
                  return code_of(fork_one([] {
                      return first_broken({first().submit({}, [] {}) == Submit::forked,
                                           first().shutdown().ended == Ended::forked});
                  }));
              })),
              0);
}
TEST_F(Fork, lets_a_child_end_a_scheduler_on_the_stack_of_its_parent) {
    auto stacked = std::make_unique<Second>();
    ASSERT_TRUE(stacked->start().ok());
    EXPECT_EQ(code_of(fork_one([&] {
                  const bool refused = stacked->submit({}, [] {}) == Submit::forked;
                  stacked.reset();
                  return first_broken({refused, stacked == nullptr});
              })),
              0);
    EXPECT_EQ(stacked->submit({}, [] {}), Submit::accepted);
    EXPECT_EQ(stacked->shutdown().executed, 1U);
}

// One that was stopped before the fork is the parent's all the same.
TEST_F(Fork, refuses_in_the_child_also_what_was_stopped_before) {
    Second stopped;
    ASSERT_TRUE(stopped.start().ok());
    EXPECT_EQ(stopped.submit({}, [] {}), Submit::accepted);
    stopped.stop();
    EXPECT_EQ(code_of(fork_one([&] {
                  return first_broken({stopped.submit({}, [] {}) == Submit::forked,
                                       stopped.shutdown().ended == Ended::forked,
                                       !stopped.start().ok(), stopped.pool_report().accepted == 0});
              })),
              0);
    EXPECT_EQ(stopped.pool_report().executed, 1U);
}

int starts_a_scheduler_of_its_own() {
    Third own;
    if (own.submit({}, [] {}) != Submit::not_started) return 1;
    if (own.shutdown().ended != Ended::not_running) return 2;
    if (!own.start().ok()) return 3;
    std::atomic<int> runs{0};
    for (int i = 0; i < 20; ++i)
        submit_or_wait(own, [&] { runs.fetch_add(1, relaxed); });  // a count
    TaskGroup group(own.tasks());
    group.run([&] { runs.fetch_add(1, relaxed); });  // a count
    if (group.wait() != Outcome::done) return 4;
    const ShutdownReport r = own.shutdown();
    return first_broken({true, true, true, true, r.ended == Ended::done, r.executed == 21,
                         runs.load(relaxed) == 21,  // after it
                         first().submit({}, [] {}) == Submit::forked});
}
TEST_F(Fork, leaves_the_child_free_to_start_a_scheduler_of_its_own) {
    EXPECT_EQ(code_of(fork_one(starts_a_scheduler_of_its_own)), 0);
}
// Its one thread was a worker in the parent, whose record is not there.
TEST_F(Fork, leaves_the_child_of_a_task_free_to_start_a_scheduler_of_its_own) {
    EXPECT_EQ(code_of_child_of_a_task(first(), starts_a_scheduler_of_its_own), 0);
}

// Method: two children have been handed over and can end in the parent only.
TEST_F(Fork, lets_a_group_with_children_of_the_parent_end_in_the_child) {
    Door may_end;
    std::atomic<int> runs{0};
    TaskGroup group(first().tasks());
    for (int i = 0; i < 2; ++i)
        group.run([&] {
            may_end.pass();
            runs.fetch_add(1, relaxed);  // a count
        });
    EXPECT_EQ(code_of(fork_one([&] {
                  bool ran = false;
                  group.run([&] { ran = true; });
                  const bool lost = group.wait() == Outcome::failed;
                  group.run([] {});
                  return first_broken({ran, lost, group.wait() == Outcome::done});
              })),
              0);
    may_end.open();
    EXPECT_EQ(group.wait(), Outcome::done);
    EXPECT_EQ(runs.load(relaxed), 2);  // after the wait
}

}  // namespace
}  // namespace stator::test
