// tests/metrics/busy.cpp - a scheduler that has done a known number of things of every kind: prints
// what `stator metrics` has to say of it, then waits until its standard input ends.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include <stator/core/scheduler.hpp>

#include "test_boards.hpp"

namespace {

using stator::Outcome;
using stator::Submit;
using std::chrono::milliseconds;

constexpr stator::Worker workers[] = {
    {.name = "one",
     .cpu = stator::test::cpu_b,
     .roles = {},
     .tasks = true,
     .wait = stator::Wait::futex},
    {.name = "two",
     .cpu = stator::test::cpu_a,
     .roles = {stator::every_other_role},
     .tasks = true,
     .wait = stator::Wait::futex},
};
constexpr stator::Board board = {.name = "busy",
                                 .machine = stator::test::machine,
                                 .housekeeping = stator::test::housekeeping,
                                 .workers = workers,
                                 .memory = {.budget_per_node_bytes = 64u << 20},
                                 .pool = {.priorities = 3, .usual_priority = 1}};

struct Number {
    int value;
};
bool twice(const Number& in, Number& out) {
    out.value = 2 * in.value;
    return in.value % 5 != 0;  // every fifth ends here
}
struct Sum {
    int total = 0;
    void operator()(const Number& in) { total += in.value; }
};
using Line = stator::Pipeline<stator::Input<Number, 64>, stator::Stage<"double", twice>,
                              stator::Ring<Number, 64>, stator::StageOf<"sum", Sum>>;

stator::Scheduler<board, Line> scheduler;
std::atomic<bool> may_end{false};

struct Owned : stator::Task {
    Owned() : Task([](Task&) { return Outcome::done; }) {}
};

void wait_until(auto&& is_so) {
    while (!is_so()) std::this_thread::sleep_for(milliseconds(1));
}

void expect(Submit answer, Submit wanted) {
    if (answer == wanted) return;
    std::fprintf(stderr, "a submission was answered with %s\n", stator::text(answer).data());
    std::exit(1);
}

// Accepted: by value 5 of priority 2, 4 of 0 and 5 of 1; 2 intrusive; 2 from inside a task.
void hand_over(Owned (&owned)[2]) {
    const auto nothing = [] {};
    for (int i = 0; i < 5; ++i)
        expect(scheduler.submit({.priority = 2}, nothing), Submit::accepted);
    for (int i = 0; i < 4; ++i)
        expect(scheduler.submit({.priority = 0}, nothing), Submit::accepted);
    const auto parent = [] {
        for (int i = 0; i < 2; ++i) (void)scheduler.submit<"child">({}, [] {});
    };
    expect(scheduler.submit<"parent">({}, parent), Submit::accepted);
    expect(scheduler.submit<"throws">({}, [] { throw std::runtime_error("as it should"); }),
           Submit::accepted);
    expect(scheduler.submit<"fails">({}, [] { return Outcome::failed; }), Submit::accepted);
    expect(scheduler.submit({.deadline = std::chrono::nanoseconds(1)}, nothing), Submit::accepted);
    std::stop_source stopped;
    stopped.request_stop();
    expect(scheduler.submit({.stop = stopped.get_token()}, nothing), Submit::accepted);
    stator::TaskBatch batch;
    for (Owned& task : owned) batch.push(task);
    expect(scheduler.submit({}, batch), Submit::accepted);
}

void be_refused() {
    const auto nothing = [] {};
    for (int i = 0; i < 2; ++i)
        expect(scheduler.submit({.priority = 3}, nothing), Submit::no_such_priority);
    expect(scheduler.submit({.node = 12345}, nothing), Submit::no_such_node);
    expect(scheduler.submit({}, static_cast<void (*)()>(nullptr)), Submit::empty_function);
    expect(scheduler.submit({.deadline = std::chrono::nanoseconds(0)}, nothing), Submit::expired);
}

// One line for each sum: the family, a part of the labels or -, the value.
void print_known() {
    std::puts(
        "stator_tasks_accepted_total - 19\n"
        "stator_tasks_accepted_total way=\"value\" 15\n"
        "stator_tasks_accepted_total priority=\"0\" 4\n"
        "stator_tasks_accepted_total priority=\"1\" 6\n"
        "stator_tasks_accepted_total priority=\"2\" 5\n"
        "stator_tasks_accepted_total way=\"intrusive\" 2\n"
        "stator_tasks_accepted_total way=\"ring\" 2\n"
        "stator_tasks_executed_total - 14\n"
        "stator_tasks_failed_total - 2\n"
        "stator_tasks_expired_total - 1\n"
        "stator_tasks_cancelled_total - 1\n"
        "stator_tasks_running - 1\n"
        "stator_tasks_refused_total - 5\n"
        "stator_tasks_refused_total answer=\"no_such_priority\" 2\n"
        "stator_tasks_refused_total answer=\"no_such_node\" 1\n"
        "stator_tasks_refused_total answer=\"empty_function\" 1\n"
        "stator_tasks_refused_total answer=\"expired\" 1\n"
        "stator_tasks_refused_total by=\"worker\" 0\n"
        "stator_inbox_waiting - 0\n"
        "stator_inbox_claimed_total - 15\n"
        "stator_segment_slots - 64\n"
        "stator_segments - 64\n"
        "stator_worker_up - 2\n"
        "stator_pipeline_items_total - 8\n"
        "stator_pipeline_latency_seconds_count - 8\n"
        "stator_stage_items_total stage=\"double\" 10\n"
        "stator_stage_filtered_total - 2\n"
        "stator_stage_latency_seconds_count stage=\"sum\" 8\n"
        "stator_link_accepted_total link=\"caller > double\" 10\n"
        "stator_link_taken_total link=\"double > sum\" 8\n"
        "stator_link_slots - 128");
}

// What happens to be so now, and stays so as nothing goes on.
void print_found() {
    const auto line = [](const char* family, const char* label, std::uint64_t value) {
        std::printf("%s %s %llu\n", family, label, static_cast<unsigned long long>(value));
    };
    const stator::PoolReport pool = scheduler.pool_report();
    const auto woken = [&](stator::WokenBy by) {
        return pool.woken_by[static_cast<std::size_t>(by)];
    };
    line("stator_tasks_stolen_total", "distance=\"near\"", pool.stolen[0]);
    line("stator_tasks_stolen_total", "distance=\"next\"", pool.stolen[1]);
    line("stator_wakeups_total", "by=\"outside\"", woken(stator::WokenBy::outside));
    line("stator_wakeups_total", "by=\"worker\"", woken(stator::WokenBy::worker));
    line("stator_wakeups_total", "by=\"timer\"", woken(stator::WokenBy::timer));
    line("stator_grace_periods_total", "-", pool.grace.periods);
    line("stator_registry_overflows_total", "-", pool.registry_overflows);
    std::uint64_t claims = 0, overflowed = 0;
    for (const stator::WorkerReport& worker : scheduler.worker_report()) {
        claims += worker.claims;
        overflowed += worker.overflowed;
    }
    line("stator_inbox_claims_total", "-", claims);
    line("stator_tasks_overflowed_total", "-", overflowed);
}

}  // namespace

int main() {
    if (const auto s = scheduler.start(); !s.ok()) {
        std::fprintf(stderr, "%s\n", s.text().c_str());
        return 3;
    }
    Owned owned[2];
    hand_over(owned);
    be_refused();
    for (int i = 1; i <= 10; ++i) (void)scheduler.input<Line>().push_or_wait({i});
    wait_until([] { return scheduler.pool_report().open() == 0; });
    const auto lasts = [] {
        while (!may_end.load(std::memory_order::acquire))
            std::this_thread::sleep_for(milliseconds(1));
    };
    expect(scheduler.submit<"lasts">({}, lasts), Submit::accepted);
    wait_until([] { return !scheduler.running(std::chrono::nanoseconds(0)).empty(); });
    wait_until([] { return scheduler.report<Line>().items == 8; });
    std::this_thread::sleep_for(milliseconds(100));  // the other worker falls asleep
    print_known();
    print_found();
    std::puts("ready");
    (void)std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    may_end.store(true, std::memory_order::release);
    scheduler.stop();
    return 0;
}
