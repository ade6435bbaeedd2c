// tests/grace_test.cpp - grace periods that can be seen: a reader that a debugger has stopped, a
// task that holds a read guard, and what reports say of both.
#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include <stator/core/scheduler.hpp>
#include <stator/platform/rcu.hpp>

#include "test_boards.hpp"

namespace stator::test {
namespace {

// "looker" looks for tasks all the time, where there is a cpu for it, so that it is an online
// reader much of the time; "other" does the work.
constexpr Worker grace_workers[] = {
    {.name = "other", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "looker",
     .cpu = cpu_b,
     .roles = {},
     .tasks = true,
     .wait = cpu_a == cpu_b ? Wait::futex : Wait::spin},
};
constexpr Board graceful = {.name = "graceful",
                            .machine = machine,
                            .housekeeping = housekeeping,
                            .workers = grace_workers,
                            .memory = {.budget_per_node_bytes = 64u << 20},
                            .pool = {.segments = 8, .slots_per_segment = 4}};
using Graceful = Scheduler<graceful>;

std::atomic<std::uint64_t> executed{0};
void count() {
    executed.fetch_add(1, std::memory_order::relaxed);  // a count alone
}

// Submits until the pool has accepted `n` more, and lets other threads of this cpu run meanwhile.
void submit_all(Graceful& scheduler, int n) {
    while (n > 0) {
        if (scheduler.submit({}, count) == Submit::accepted)
            --n;
        else
            std::this_thread::yield();
    }
}

// A process that stops and continues one thread of ours, as a debugger does. Made while this
// process has no other threads.
class Debugger {
public:
    Debugger() {
        if (pipe(orders_) != 0 || pipe(answers_) != 0) return;
        child_ = fork();
        if (child_ == 0) serve();
        prctl(PR_SET_PTRACER, child_, 0, 0, 0);  // where Yama is not there it is not needed
    }
    ~Debugger() {
        close(orders_[1]);
        waitpid(child_, nullptr, 0);
    }
    Debugger(const Debugger&) = delete;
    Debugger& operator=(const Debugger&) = delete;

    [[nodiscard]] bool stop(std::uint64_t thread) { return ask(static_cast<int>(thread)); }
    void go_on() { (void)ask(0); }

private:
    bool ask(int thread) {
        int answer = 0;
        return write(orders_[1], &thread, sizeof thread) == sizeof thread &&
               read(answers_[0], &answer, sizeof answer) == sizeof answer && answer == 1;
    }
    [[noreturn]] void serve() {
        close(orders_[1]);
        int held = 0;
        for (int order = 0; read(orders_[0], &order, sizeof order) == sizeof order;) {
            int done = 0;
            if (order != 0) {
                done = ptrace(PTRACE_SEIZE, order, nullptr, nullptr) == 0 &&
                       ptrace(PTRACE_INTERRUPT, order, nullptr, nullptr) == 0 &&
                       waitpid(order, nullptr, __WALL) == order;
                held = order;
            } else {
                done = ptrace(PTRACE_DETACH, held, nullptr, nullptr) == 0;
            }
            if (write(answers_[1], &done, sizeof done) != sizeof done) break;
        }
        _exit(0);
    }

    int orders_[2] = {-1, -1};
    int answers_[2] = {-1, -1};
    pid_t child_ = -1;
};

// True when one and the same grace period waits for "looker" alone, look after look: a reader that
// was stopped just before it came online is named too while a period passes.
bool looker_is_late(Graceful& scheduler) {
    const std::uint64_t periods = scheduler.pool_report().grace.periods;
    for (int i = 0; i < 1000; ++i) {
        const GraceReport grace = scheduler.pool_report().grace;
        if (!grace.in_progress || grace.periods != periods || grace.late_readers.size() != 1 ||
            grace.late_readers[0] != "looker")
            return false;
        std::this_thread::yield();
    }
    return true;
}

// With "looker" stopped: whether submissions end in full_cooling, as it was stopped while online.
bool runs_out_of_segments(Graceful& scheduler, int& accepted) {
    for (int tries = 0; tries < 200'000; ++tries) {
        const Submit answer = scheduler.submit({}, count);
        if (answer == Submit::accepted && ++accepted >= 400) return false;  // 12 times the stock
        if (answer == Submit::accepted) continue;
        if (answer == Submit::full_cooling && looker_is_late(scheduler)) return true;
        std::this_thread::yield();
    }
    return false;
}

TEST(grace, a_reader_stopped_by_a_debugger_is_named_and_all_recovers_when_it_goes_on) {
    if (cpu_a == cpu_b) GTEST_SKIP() << "needs a second cpu, for a worker that never sleeps";
    Debugger debugger;
    Graceful scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    executed.store(0);
    const std::uint64_t thread = scheduler.worker_report()[1].thread_id;
    if (!debugger.stop(thread)) {
        scheduler.stop();
        GTEST_SKIP() << "this host does not let a child trace us (ptrace_scope, seccomp)";
    }
    int accepted = 0;
    int stops = 1;
    while (!runs_out_of_segments(scheduler, accepted)) {  // it was offline: stop it again
        debugger.go_on();
        ASSERT_LT(++stops, 20'000) << "it was never stopped while it was online";
        accepted = 0;
        // Not where it was, where somebody else has the cpu.
        const std::uint64_t rounds = scheduler.worker_report()[1].rounds;
        while (scheduler.worker_report()[1].rounds == rounds) std::this_thread::yield();
        ASSERT_TRUE(debugger.stop(thread));
    }
    // It stays so, and says so: nothing is reused while the reader may be looking.
    const PoolReport stuck = scheduler.pool_report();
    EXPECT_EQ(stuck.grace.late_thread_ids, std::vector<std::uint64_t>{thread});
    EXPECT_GT(stuck.inboxes[0].cooling, 0U);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_NE(scheduler.submit({}, count), Submit::accepted);
        std::this_thread::yield();
    }
    const PoolReport later = scheduler.pool_report();
    EXPECT_EQ(later.grace.periods, stuck.grace.periods);
    EXPECT_GE(later.grace.age_ns, stuck.grace.age_ns);
    EXPECT_TRUE(looker_is_late(scheduler));

    debugger.go_on();
    submit_all(scheduler, 10'000);
    scheduler.stop();
    const PoolReport after = scheduler.pool_report();
    EXPECT_EQ(after.executed, after.accepted);
    EXPECT_EQ(executed.load(), after.executed);
    EXPECT_GT(after.grace.periods, stuck.grace.periods);
    EXPECT_TRUE(after.grace.late_readers.empty());
}

TEST(grace, a_task_with_a_read_guard_holds_periods_back_and_is_named) {
    Graceful scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    static std::atomic<int> held{0};
    static std::atomic<bool> go_on{false};
    held.store(0);
    go_on.store(false);
    ASSERT_EQ(scheduler.submit<"holder">({},
                                         [] {
                                             const platform::ReadGuard outer;
                                             const platform::ReadGuard inner;  // nested: one
                                             held.store(1, std::memory_order::release);  // test
                                             while (!go_on.load(std::memory_order::acquire))  // T
                                                 std::this_thread::yield();
                                         }),
              Submit::accepted);
    while (held.load(std::memory_order::acquire) == 0) std::this_thread::yield();  // test
    Submit answer = Submit::accepted;
    while (answer != Submit::full_cooling ||
           scheduler.pool_report().grace.late_readers.size() != 1) {
        answer = scheduler.submit({}, count);
        if (answer != Submit::accepted) std::this_thread::yield();
    }
    EXPECT_EQ(scheduler.running().front().kind, "holder");
    EXPECT_EQ(scheduler.running().front().worker,
              scheduler.pool_report().grace.late_readers.front());
    go_on.store(true, std::memory_order::release);  // test
    submit_all(scheduler, 1000);
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, scheduler.pool_report().accepted);
}

TEST(grace, a_sleeping_or_busy_worker_holds_nothing_back) {
    Graceful scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    static std::atomic<bool> go_on{false};
    go_on.store(false);
    ASSERT_EQ(scheduler.submit({},
                               [] {
                                   while (!go_on.load(std::memory_order::acquire))  // test
                                       std::this_thread::yield();
                               }),
              Submit::accepted);
    submit_all(scheduler, 5000);  // 156 times the stock
    EXPECT_GE(scheduler.pool_report().inboxes[0].recycled, 1000U);
    go_on.store(true, std::memory_order::release);  // test
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 5001U);
    EXPECT_LE(scheduler.pool_report().inboxes[0].cooling_high_water, 8U);
}

TEST(grace, the_grace_thread_is_silent_while_nothing_is_submitted) {
    Graceful scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    submit_all(scheduler, 1000);
    // Until it has had its last period: all that is retired and wanted.
    std::uint64_t periods = scheduler.pool_report().grace.periods;
    for (int quiet = 0; quiet < 50; ++quiet) {
        usleep(2000);
        const std::uint64_t now = scheduler.pool_report().grace.periods;
        if (now != periods) quiet = 0;
        periods = now;
    }
    usleep(100'000);
    EXPECT_EQ(scheduler.pool_report().grace.periods, periods);
    scheduler.stop();
}

}  // namespace
}  // namespace stator::test
