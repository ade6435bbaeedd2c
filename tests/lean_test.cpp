// tests/lean_test.cpp - core works in a program without exceptions and RTTI: a pipeline, and tasks
// in every form.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include <stator/board.hpp>
#include <stator/core/parallel_for.hpp>
#include <stator/core/scheduler.hpp>
#include <stator/core/task_group.hpp>

#include "pool_boards.hpp"

namespace {

using namespace stator;

struct Number {
    std::uint64_t value;
};
struct Source {
    std::uint64_t next = 0;
    Poll operator()(Number& out) {
        out.value = next++;
        return next > 1000 ? Poll::ended : Poll::item;
    }
};
struct Sum {
    std::uint64_t total = 0;
    void operator()(const Number& in) { total += in.value; }
};
using Line = Pipeline<StageOf<"a", Source>, Ring<Number, 64>, StageOf<"z", Sum>>;

// Ten tasks: by value, with a deadline, intrusive, of a group, and a range of six.
using Pool = Scheduler<test::two_with<4, 4>>;
std::atomic<int> runs{0};
void run() {
    runs.fetch_add(1, std::memory_order_relaxed);  // a count alone
}
struct Owned : Task {
    Owned()
        : Task([](Task&) {
              run();
              return Outcome::done;
          }) {}
};
bool hand_over(Pool& pool, Owned& owned) {
    return pool.submit({}, run) == Submit::accepted &&
           pool.submit({.deadline = std::chrono::hours{1}}, run) == Submit::accepted &&
           pool.submit({}, owned) == Submit::accepted;
}
int run_tasks() {
    Pool pool;
    Owned owned;
    if (!pool.start().ok()) return 3;
    bool fine = hand_over(pool, owned);
    TaskGroup group(pool.tasks());
    group.run(run);
    fine = group.wait() == Outcome::done && fine;
    fine = parallel_for(pool.tasks(), 0, 6, 1, [](int) { run(); }) == Outcome::done && fine;
    fine = pool.shutdown().ended == Ended::done && fine;
    std::printf("tasks: %d\n", runs.load());
    return fine && runs.load() == 10 ? 0 : 1;
}

// A task that answers that it failed: told, counted and cleaned up, as where exceptions exist.
int told = 0, cleaned_up = 0;
bool failures_are_contained() {
    Pool pool;
    pool.hooks({.on_error = [](void*, const TaskFailure& failure) {
        told += failure.kind.text() == "fails" && !failure.threw ? 1 : 0;
    }});
    if (!pool.start().ok()) return false;
    const Cleanup last{.run = [](void*) noexcept { ++cleaned_up; }, .with = nullptr};
    const Submit answer = pool.submit<"fails">({.cleanup = last}, [] { return Outcome::failed; });
    const ShutdownReport r = pool.shutdown();
    return answer == Submit::accepted && told == 1 && cleaned_up == 1 && r.failed == 1 &&
           r.executed == 0;
}

}  // namespace

int main() {
    Scheduler<stator::board, Line> scheduler;
    if (const auto s = scheduler.start(); !s.ok()) {
        std::fprintf(stderr, "cannot start: %s\n", s.text().c_str());
        return 3;
    }
    scheduler.wait();
    const std::uint64_t total = scheduler.state<Line, "z">().total;
    std::printf("sum: %llu\n", static_cast<unsigned long long>(total));
    if (total != 999 * 1000 / 2 || run_tasks() != 0) return 1;
    return failures_are_contained() ? 0 : 1;
}
