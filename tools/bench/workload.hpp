// tools/bench/workload.hpp - what is measured, and the columns that do the same work in other ways.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace stator::bench {

enum class Work : std::uint8_t { outside, batch64, tree, fib, rtt, wake_spin, wake_futex };

struct Workload {
    Work work;
    std::string_view name;
    std::string_view about;        // ends the sentence "nanoseconds of ..."
    std::uint64_t size;            // tasks, round trips, wakes; of a tree the depth; n of fib(n)
    std::uint64_t quick_size;      // the same for --quick
    int workers_max;               // measured with 1 to so many
    bool needs_second_cpu = true;  // two threads that wait for each other must run at once
};

// 2^20 tasks, a tree of 2^21 - 1: long enough that the last look at the counts, 5 us early or late,
// is below 0.1 %. A sleeper gets 1 ms to fall asleep, so its wakes are few.
inline constexpr std::array<Workload, 7> workloads = {{
    {Work::outside, "outside", "an empty task from an outside thread, one by one", 1 << 20, 1 << 14,
     2, false},
    {Work::batch64, "batch64", "an empty task from an outside thread, 64 at once", 1 << 20, 1 << 14,
     2, false},
    {Work::tree, "tree", "an empty task that has spawned two others", 20, 12, 2, false},
    {Work::fib, "fib", "a call of fib, each of which forks and joins", 30, 22, 2, false},
    {Work::rtt, "rtt", "a round trip of 8 bytes between two cpus", 200'000, 4'000, 1},
    {Work::wake_spin, "wake-spin", "the way to a spinning worker, p50", 20'000, 400, 1},
    {Work::wake_futex, "wake-futex", "the way to a sleeping worker, p50", 300, 20, 1},
}};

// Where threads run. One number twice where the machine has one cpu.
struct Places {
    int caller = 0;  // the thread that hands over, and a second worker beside it
    int worker = 0;  // the first worker
};

// What a column is asked to do in one run.
struct Load {
    Places places;
    int workers = 1;
    std::uint64_t size = 0;  // see Workload

    [[nodiscard]] int cpu_of(int worker) const {  // 0 <= worker < workers
        return worker == 0 ? places.worker : places.caller;
    }
    // Whether the caller has a worker beside it, for which it has to make room.
    [[nodiscard]] bool shares_cpu() const { return workers > 1 || places.caller == places.worker; }
};

struct Measured {
    double ns = 0;    // of one task, round trip or wake
    bool ok = false;  // all was done, nothing twice, and the answer was right
};

// One way of doing a workload. `run` starts its threads, warms up, measures, and ends the threads:
// those of two columns never run at the same time (oneTBB's stay, and sleep).
struct Column {
    Work work;
    std::string_view name;
    Measured (*run)(const Load& load);
};

// A column's threads could not be started; `what` says why.
struct CannotStart : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace stator::bench
