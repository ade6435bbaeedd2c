// tests/pool_failure_test.cpp - tasks that expire, are cancelled or fail: what is called, exactly
// once, and what is counted; and the hooks of the workers.
#include <gtest/gtest.h>

#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pool_tools.hpp"

namespace stator::test {
namespace {

using namespace std::chrono_literals;
using One = Scheduler<one_with<8, 16>>;
using Two = Scheduler<two_with<8, 16>>;

// What has become of a task by value.
struct Fate {
    Count runs, destroyed, cleanups, early_cleanups;

    void expect(int ran, int cleaned) const {
        EXPECT_EQ(runs.value(), ran);
        EXPECT_EQ(cleanups.value(), cleaned);
        EXPECT_EQ(early_cleanups.value(), 0) << "the callable is destroyed first";
    }
};
// A callable that notes when the last of it is destroyed.
class Fated {
public:
    enum class End { done, failed, throws };

    explicit Fated(Fate& fate, End end = End::done) : fate_(&fate), end_(end) {}
    Fated(Fated&& other) noexcept : fate_(std::exchange(other.fate_, nullptr)), end_(other.end_) {}
    Fated(const Fated&) = delete;
    Fated& operator=(const Fated&) = delete;
    ~Fated() {
        if (fate_ != nullptr) fate_->destroyed.add();
    }
    Outcome operator()() const {
        fate_->runs.add();
        if (end_ == End::throws) throw std::runtime_error("on purpose");
        return end_ == End::failed ? Outcome::failed : Outcome::done;
    }

private:
    Fate* fate_;
    End end_;
};
// Is called when the task is over: its callable has been destroyed then.
Cleanup cleanup_of(Fate& fate) {
    return {.run =
                [](void* with) noexcept {
                    auto& its = *static_cast<Fate*>(with);
                    its.cleanups.add();
                    if (its.destroyed.value() == 0) its.early_cleanups.add();
                },
            .with = &fate};
}

// The sums that every pool keeps when it has stopped.
void expect_sums(const PoolReport& r, std::uint64_t executed, std::uint64_t failed,
                 std::uint64_t cancelled, std::uint64_t expired) {
    EXPECT_EQ(r.executed, executed);
    EXPECT_EQ(r.failed, failed);
    EXPECT_EQ(r.cancelled, cancelled);
    EXPECT_EQ(r.expired, expired);
    EXPECT_EQ(r.accepted, executed + failed + cancelled + expired);
    EXPECT_EQ(r.open(), 0U);
}

// ---- The end of a task: cleanup, exactly once ----

TEST(pool_failure, a_task_that_runs_fails_or_throws_is_cleaned_up_once_after_its_callable) {
    Fate done, failed, threw;
    One scheduler;
    start(scheduler);
    using End = Fated::End;
    EXPECT_EQ(scheduler.submit({.cleanup = cleanup_of(done)}, Fated(done)), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.cleanup = cleanup_of(failed)}, Fated(failed, End::failed)),
              Submit::accepted);
    EXPECT_EQ(scheduler.submit({.cleanup = cleanup_of(threw)}, Fated(threw, End::throws)),
              Submit::accepted);
    scheduler.stop();
    for (const Fate* fate : {&done, &failed, &threw}) fate->expect(1, 1);
    expect_sums(scheduler.pool_report(), 1, 2, 0, 0);
}

TEST(pool_failure, a_deadline_that_passes_before_the_run_drops_the_task_with_its_cleanup) {
    Fate late, timely, both;
    One scheduler;
    start(scheduler);
    Held held;
    held.hold(scheduler);
    EXPECT_EQ(scheduler.submit({.deadline = 1ns, .cleanup = cleanup_of(late)}, Fated(late)),
              Submit::accepted);
    EXPECT_EQ(scheduler.submit({.deadline = 1h, .cleanup = cleanup_of(timely)}, Fated(timely)),
              Submit::accepted);
    EXPECT_EQ(
        scheduler.submit({.deadline = 1ns, .stop = std::stop_token(), .cleanup = cleanup_of(both)},
                         Fated(both)),
        Submit::accepted);
    held.open();
    scheduler.stop();
    late.expect(0, 1);
    timely.expect(1, 1);
    both.expect(0, 1);
    expect_sums(scheduler.pool_report(), 2, 0, 0, 2);
}

TEST(pool_failure, a_deadline_that_passes_during_the_run_changes_nothing) {
    Fate fate;
    One scheduler;
    start(scheduler);
    const auto deadline = 20ms;
    const auto end = std::chrono::steady_clock::now() + 2 * deadline;
    const Submit answer =
        scheduler.submit({.deadline = deadline, .cleanup = cleanup_of(fate)}, [&fate, end] {
            fate.destroyed.add();  // there is nothing to destroy
            while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
            fate.runs.add();
        });
    EXPECT_EQ(answer, Submit::accepted);
    scheduler.stop();
    const PoolReport r = scheduler.pool_report();
    // On a busy machine it may be too late before it begins: then it has not run at all.
    fate.expect(static_cast<int>(r.executed), static_cast<int>(r.executed + r.expired));
    EXPECT_EQ(r.executed + r.expired, 1U);
}

TEST(pool_failure, a_stop_that_is_asked_for_before_the_run_drops_the_task_with_its_cleanup) {
    Fate asked, silent, nobody, late_too;
    One scheduler;
    start(scheduler);
    Held held;
    held.hold(scheduler);
    std::stop_source source, other;
    const auto submit = [&](std::stop_token token, Fate& fate) {
        EXPECT_EQ(
            scheduler.submit({.stop = std::move(token), .cleanup = cleanup_of(fate)}, Fated(fate)),
            Submit::accepted);
    };
    submit(source.get_token(), asked);
    submit(other.get_token(), silent);
    submit(std::stop_token(), nobody);
    EXPECT_EQ(scheduler.submit(
                  {.deadline = 1ns, .stop = source.get_token(), .cleanup = cleanup_of(late_too)},
                  Fated(late_too)),
              Submit::accepted);
    source.request_stop();  // after they were accepted
    held.open();
    scheduler.stop();
    asked.expect(0, 1);
    silent.expect(1, 1);
    nobody.expect(1, 1);
    late_too.expect(0, 1);
    expect_sums(scheduler.pool_report(), 3, 0, 2, 0);  // counted once, as cancelled
}

TEST(pool_failure, a_stop_that_is_asked_for_during_the_run_is_the_tasks_own_affair) {
    struct {
        Fate fate;
        std::stop_source source;
        Door began, asked;
        bool seen = false;
    } all;
    One scheduler;
    start(scheduler);
    EXPECT_EQ(scheduler.submit({.stop = all.source.get_token(), .cleanup = cleanup_of(all.fate)},
                               [&all, mine = Fated(all.fate)] {
                                   all.began.open();
                                   all.asked.pass();
                                   all.seen = all.source.stop_requested();
                                   (void)mine();
                               }),
              Submit::accepted);
    all.began.pass();
    all.source.request_stop();
    all.asked.open();
    scheduler.stop();
    EXPECT_TRUE(all.seen);
    all.fate.expect(1, 1);
    expect_sums(scheduler.pool_report(), 1, 0, 0, 0);
}

TEST(pool_failure, a_shutdown_that_cancels_cleans_up_what_waits_and_what_runs_once_each) {
    constexpr std::size_t n = 20;
    std::array<Fate, n> waiting;
    Fate running;
    Two scheduler;
    start(scheduler);
    Held one, two;
    one.hold(scheduler);
    two.hold(scheduler);
    for (Fate& fate : waiting)
        EXPECT_EQ(scheduler.submit({.cleanup = cleanup_of(fate)}, Fated(fate)), Submit::accepted);
    EXPECT_EQ(scheduler.shutdown({.how = Ending::cancel, .deadline = 0ns}).ended, Ended::late);
    EXPECT_EQ(scheduler.submit({.cleanup = cleanup_of(running)}, Fated(running)), Submit::closed);
    one.open();
    two.open();
    const ShutdownReport r = scheduler.shutdown({.how = Ending::cancel});
    EXPECT_EQ(r.cancelled, n);
    for (const Fate& fate : waiting) fate.expect(0, 1);
    running.expect(0, 0);
    EXPECT_EQ(running.destroyed.value(), 1);  // the refused temporary, by its owner
    expect_sums(scheduler.pool_report(), 2, 0, n, 0);
}

TEST(pool_failure, a_drain_runs_what_waits_and_still_drops_what_has_expired) {
    Fate waits, late;
    One scheduler;
    start(scheduler);
    Held held;
    held.hold(scheduler);
    EXPECT_EQ(scheduler.submit({.cleanup = cleanup_of(waits)}, Fated(waits)), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.deadline = 1ns, .cleanup = cleanup_of(late)}, Fated(late)),
              Submit::accepted);
    scheduler.request_stop();
    held.open();
    scheduler.stop();
    waits.expect(1, 1);
    late.expect(0, 1);
    expect_sums(scheduler.pool_report(), 2, 0, 0, 1);
}

TEST(pool_failure, a_cleanup_may_be_left_empty) {
    One scheduler;
    start(scheduler);
    EXPECT_EQ(scheduler.submit({.cleanup = Cleanup{}}, [] {}), Submit::accepted);
    scheduler.stop();
    expect_sums(scheduler.pool_report(), 1, 0, 0, 0);
}

TEST(pool_failure, a_cleanup_and_a_drop_may_hand_over_tasks_which_are_run) {
    One scheduler;
    start(scheduler);
    static One* where = nullptr;
    static Count runs;
    where = &scheduler;
    const auto more = [](void*) noexcept {
        if (where->submit({}, [] { runs.add(); }) != Submit::accepted) runs.add();
    };
    const Cleanup last{.run = more, .with = nullptr};
    std::stop_source asked;
    asked.request_stop();
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(scheduler.submit({.cleanup = last}, [] {}), Submit::accepted);
        EXPECT_EQ(scheduler.submit({.stop = asked.get_token(), .cleanup = last}, [] {}),
                  Submit::accepted);
    }
    while (runs.value() < 20) std::this_thread::yield();  // or this test hangs
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().cancelled, 10U);
    EXPECT_EQ(scheduler.pool_report().accepted, 40U);
}

// Everything at once, from several threads: the sums are exact and nothing is cleaned up twice.
TEST(pool_failure, many_tasks_of_all_ends_are_cleaned_up_and_counted_once_each) {
    constexpr int producers = 3, each = is_sanitized ? 300 : 3000;
    Two scheduler;
    start(scheduler);
    std::stop_source asked;
    asked.request_stop();
    Count accepted, cleanups, ends[5];
    std::vector<std::thread> threads;
    for (int p = 0; p < producers; ++p)
        threads.emplace_back([&] {
            for (int i = 0; i < each; ++i) {
                const int kind = i % 5;
                const auto task = [kind] {
                    if (kind == 1) throw std::runtime_error("on purpose");
                    return kind == 2 ? Outcome::failed : Outcome::done;
                };
                const Cleanup last = counting(cleanups);
                Submit answer = Submit::full;
                while (answer == Submit::full || answer == Submit::full_cooling)
                    answer =
                        kind == 3
                            ? scheduler.submit({.stop = asked.get_token(), .cleanup = last}, task)
                        : kind == 4 ? scheduler.submit({.deadline = 1ns, .cleanup = last}, task)
                                    : scheduler.submit({.cleanup = last}, task);
                if (answer == Submit::accepted) accepted.add();
                ends[kind].add();
            }
        });
    for (std::thread& thread : threads) thread.join();
    scheduler.stop();
    EXPECT_EQ(accepted.value(), producers * each);
    EXPECT_EQ(cleanups.value(), accepted.value());
    const auto n = static_cast<std::uint64_t>(producers * each / 5);
    const PoolReport r = scheduler.pool_report();
    // A worker may be quicker than a nanosecond's worth of cycles: then the task was in time.
    EXPECT_EQ(r.executed + r.expired, 2 * n);
    expect_sums(r, r.executed, 2 * n, n, r.expired);
}

// ---- Failures: who is told, and with which words ----

struct Seen {
    std::string kind, worker;
    std::uint64_t id = 0;
    int cpu = -1;
    bool threw = false;
    std::thread::id thread;
};
// A program's sink of errors.
class Sink {
public:
    Hooks hooks() {
        return {.context = this, .on_error = [](void* context, const TaskFailure& failure) {
                    auto& sink = *static_cast<Sink*>(context);
                    const std::scoped_lock lock(sink.mutex_);
                    sink.all_.push_back({.kind = failure.kind.text(),
                                         .worker = std::string(failure.worker),
                                         .id = failure.id,
                                         .cpu = failure.cpu,
                                         .threw = failure.threw,
                                         .thread = std::this_thread::get_id()});
                }};
    }
    // After the stop.
    [[nodiscard]] const std::vector<Seen>& all() const { return all_; }

private:
    std::mutex mutex_;
    std::vector<Seen> all_;
};

TEST(pool_failure, exceptions_and_failed_answers_reach_on_error_with_name_worker_and_cpu) {
    Sink sink;
    One scheduler;
    scheduler.hooks(sink.hooks());
    start(scheduler);
    Noted intrusive(Outcome::failed, ShortName("by_the_task"));
    std::thread::id worker;
    EXPECT_EQ(scheduler.submit<"throws">({},
                                         [&worker] {
                                             worker = std::this_thread::get_id();
                                             throw 1;
                                         }),
              Submit::accepted);
    EXPECT_EQ(scheduler.submit<"answers">({}, [] { return Outcome::failed; }), Submit::accepted);
    EXPECT_EQ(scheduler.submit<"fine">({}, [] {}), Submit::accepted);
    while (scheduler.pool_report().open() > 0) std::this_thread::yield();
    EXPECT_EQ(scheduler.submit({}, intrusive), Submit::accepted);
    scheduler.stop();
    ASSERT_EQ(sink.all().size(), 3U);
    EXPECT_EQ(sink.all()[0].kind, "throws");
    EXPECT_EQ(sink.all()[1].kind, "answers");
    EXPECT_EQ(sink.all()[2].kind, "by_the_task");
    for (const Seen& seen : sink.all()) {
        EXPECT_EQ(seen.threw, seen.kind == "throws");
        EXPECT_EQ(seen.worker, "one");
        EXPECT_EQ(seen.cpu, cpu_b);
        EXPECT_EQ(seen.thread, worker);
        EXPECT_NE(seen.id, 0U);
    }
    expect_sums(scheduler.pool_report(), 1, 3, 0, 0);
}

TEST(pool_failure, what_is_dropped_is_no_error) {
    Sink sink;
    One scheduler;
    scheduler.hooks(sink.hooks());
    start(scheduler);
    Held held;
    held.hold(scheduler);
    std::stop_source asked;
    asked.request_stop();
    const auto fails = [] { return Outcome::failed; };
    EXPECT_EQ(scheduler.submit({.stop = asked.get_token()}, fails), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.deadline = 1ns}, fails), Submit::accepted);
    held.open();
    scheduler.stop();
    EXPECT_TRUE(sink.all().empty());
    EXPECT_TRUE(scheduler.worker_report()[0].failed_kind.empty());
    EXPECT_EQ(scheduler.worker_report()[0].failed_id, 0U);
}

TEST(pool_failure, the_identity_of_a_failure_is_the_one_that_the_registry_showed) {
    Sink sink;
    Two scheduler;
    scheduler.hooks(sink.hooks());
    start(scheduler);
    Door looked;
    Count began;
    for (const bool throws : {true, false})
        EXPECT_EQ(scheduler.submit<"stuck">({},
                                            [&, throws] {
                                                began.add();
                                                looked.pass();
                                                if (throws) throw std::runtime_error("on purpose");
                                                return Outcome::failed;
                                            }),
                  Submit::accepted);
    while (began.value() < 2) std::this_thread::yield();  // one on each worker, or this test hangs
    std::map<std::string, std::uint64_t> shown;
    for (const RunningReport& r : scheduler.running()) shown[r.worker] = r.id;
    EXPECT_EQ(shown.size(), 2U);
    looked.open();
    scheduler.stop();
    ASSERT_EQ(sink.all().size(), 2U);
    for (const Seen& seen : sink.all()) EXPECT_EQ(seen.id, shown[seen.worker]);
    // And the last failure of each worker is in its record.
    for (const WorkerReport& w : scheduler.worker_report()) {
        EXPECT_EQ(w.failed, 1U);
        EXPECT_EQ(w.failed_id, shown[w.name]);
        EXPECT_EQ(w.failed_kind, "stuck");
    }
}

TEST(pool_failure, the_last_failure_is_in_the_workers_record_also_without_hooks) {
    One scheduler;
    start(scheduler);
    EXPECT_EQ(scheduler.submit<"first">({}, [] { return Outcome::failed; }), Submit::accepted);
    EXPECT_EQ(scheduler.submit<"the_last_of_all">({}, [] { throw 1; }), Submit::accepted);
    EXPECT_EQ(scheduler.submit<"fine">({}, [] {}), Submit::accepted);
    scheduler.stop();
    const WorkerReport w = scheduler.worker_report()[0];
    EXPECT_EQ(w.failed_kind, "the_last_of_all");
    EXPECT_NE(w.failed_id, 0U);
    EXPECT_EQ(w.failed, 2U);
    EXPECT_EQ(w.executed, 1U);
}

constexpr Board unseen = pool_board(one_taker, {.segments = 8, .registry = false});
TEST(pool_failure, without_a_registry_failures_have_no_identity_and_are_reported_all_the_same) {
    Sink sink;
    Scheduler<unseen> scheduler;
    scheduler.hooks(sink.hooks());
    start(scheduler);
    EXPECT_EQ(scheduler.submit<"anonymous">({}, [] { throw 1; }), Submit::accepted);
    scheduler.stop();
    ASSERT_EQ(sink.all().size(), 1U);
    EXPECT_EQ(sink.all()[0].kind, "anonymous");
    EXPECT_EQ(sink.all()[0].id, 0U);
    EXPECT_EQ(scheduler.worker_report()[0].failed_kind, "anonymous");
}

// ---- The hooks of the workers ----

// What the hooks have said; each worker has its own place, by the order of the calls.
struct Starts {
    std::mutex mutex;
    std::vector<std::string> names;
    std::vector<int> cpus, found_on;
    bool start_has_returned = false, was_late = false;

    static void on_start(void* context, std::string_view worker, int cpu) {
        auto& all = *static_cast<Starts*>(context);
        const std::scoped_lock lock(all.mutex);
        all.names.emplace_back(worker);
        all.cpus.push_back(cpu);
        all.found_on.push_back(sched_getcpu());
        all.was_late = all.was_late || all.start_has_returned;
    }
};

TEST(pool_failure, on_start_is_called_once_by_each_worker_on_its_cpu_before_start_returns) {
    Starts starts;
    Two scheduler;
    scheduler.hooks({.context = &starts, .on_start = Starts::on_start});
    for (const std::size_t times : {1U, 2U}) {
        start(scheduler);
        {
            const std::scoped_lock lock(starts.mutex);
            starts.start_has_returned = true;
        }
        for (int i = 0; i < 20; ++i) submit_or_wait(scheduler, [] {});
        scheduler.stop();
        starts.start_has_returned = false;
        ASSERT_EQ(starts.names.size(), 2 * times);
        for (const Worker& worker : two_takers)
            EXPECT_EQ(std::count(starts.names.begin(), starts.names.end(), worker.name),
                      static_cast<std::ptrdiff_t>(times));
    }
    EXPECT_FALSE(starts.was_late);
    EXPECT_EQ(starts.cpus, starts.found_on);
    for (std::size_t i = 0; i < starts.names.size(); ++i)
        EXPECT_EQ(starts.cpus[i], starts.names[i] == "one" ? cpu_b : cpu_a);
}

// Hands over tasks when its worker has nothing to do, a few times.
struct Flusher {
    One* scheduler = nullptr;
    Count calls, runs;
    int left = 5;  // the worker's own

    static void on_idle(void* context) {
        auto& mine = *static_cast<Flusher*>(context);
        mine.calls.add();
        if (mine.left == 0) return;
        const Submit answer = mine.scheduler->submit<"flush">({}, [&mine] { mine.runs.add(); });
        if (answer == Submit::accepted) --mine.left;  // not before start has returned
    }
};

TEST(pool_failure, on_idle_is_called_before_each_sleep_and_what_it_hands_over_is_run) {
    Flusher flusher;
    One scheduler;
    flusher.scheduler = &scheduler;
    scheduler.hooks({.context = &flusher, .on_idle = Flusher::on_idle});
    start(scheduler);
    submit_or_wait(scheduler, [] {});  // it may have gone to sleep before it could hand over
    while (flusher.runs.value() < 5) std::this_thread::yield();  // or this test hangs
    wait_until_all_sleep(scheduler);
    EXPECT_GE(static_cast<std::uint64_t>(flusher.calls.value()),
              scheduler.worker_report()[0].sleeps);
    scheduler.stop();
    EXPECT_EQ(flusher.runs.value(), 5);
    expect_sums(scheduler.pool_report(), 6, 0, 0, 0);
}

}  // namespace
}  // namespace stator::test
