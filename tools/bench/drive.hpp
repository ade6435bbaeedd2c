// tools/bench/drive.hpp - the workloads, each written once for all pools.
//
// A Pool is one way to have tasks run by other threads, which live as long as it does:
//   Pool(load)                    starts load.workers threads, each on its cpu
//   put<run>(argument) -> bool    run(argument) is called by one of them; false: no room now
//   put_all<run>(n) -> size_t     the same n times, n <= 64, with 0; how many there was room for
//   enter(f)                      calls f, in which the caller may put
//   group()                       an object with run(f) and wait(): fork and join, inside a task
// and only those of them that its workloads need.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <stator/platform/clock.hpp>
#include <stator/platform/cpu.hpp>

#include "bench/tally.hpp"
#include "bench/threads.hpp"
#include "bench/workload.hpp"

namespace stator::bench {

// ---- outside, batch64 ----

// Hands `tasks` over, `at_once` at a time, and waits until they are done. False: they never were.
template <std::size_t at_once, typename Pool>
bool hand_over(Pool& pool, const Load& load, std::uint64_t tasks) {
    Window window(load);
    for (std::uint64_t left = tasks; left > 0;) {
        const std::size_t n = std::min<std::uint64_t>(at_once, left);
        std::size_t taken = 0;
        if (window.has_room(n)) {
            if constexpr (at_once == 1)
                taken = pool.template put<count_one>(0) ? 1 : 0;
            else
                taken = pool.template put_all<count_one>(n);
            window.add(taken);
            left -= taken;
        }
        if (taken < n && !window.wait_for_more()) return false;
    }
    return window.drain();
}

template <typename Pool, std::size_t at_once = 1>
Measured outside(const Load& load) {
    Measured result;
    const std::uint64_t before = counted();
    const std::uint64_t warm_up = load.size / 8;
    {
        Pool pool(load);
        pool.enter([&] {
            result.ok = hand_over<at_once>(pool, load, warm_up);
            const Instant begin = now();
            result.ok = result.ok && hand_over<at_once>(pool, load, load.size);
            result.ns = ns_between(begin, now()) / static_cast<double>(load.size);
        });
    }  // the threads have ended: whatever would run twice has done so
    result.ok = result.ok && counted() - before == warm_up + load.size;
    return result;
}

template <typename Pool>
Measured batch64(const Load& load) {
    return outside<Pool, 64>(load);
}

// ---- tree ----

// Nodes of a binary tree that has `depth` levels below its root.
[[nodiscard]] constexpr std::uint64_t nodes_of(std::uint64_t depth) {
    return (std::uint64_t{2} << depth) - 1;
}

template <typename Pool>
struct Tree {
    static inline Pool* pool = nullptr;  // tasks have one argument, and that is the depth
    static inline std::atomic<std::uint64_t> called{0};  // in place, as there was no room

    static void node(std::uintptr_t depth) {
        count_one();
        if (depth == 0) return;
        for (int child = 0; child < 2; ++child) {
            if (pool->template put<node>(depth - 1)) continue;
            called.fetch_add(1, std::memory_order::relaxed);
            node(depth - 1);
        }
    }
    [[nodiscard]] static bool grow(const Load& load, std::uint64_t depth) {
        const std::uint64_t before = counted();
        return pool->template put<node>(depth) && wait_for_count(before + nodes_of(depth), load);
    }
};

template <typename Pool>
Measured tree(const Load& load) {
    Measured result;
    const std::uint64_t before = counted();
    const std::uint64_t warm_up = load.size - 3;
    {
        Pool pool(load);
        Tree<Pool>::pool = &pool;
        Tree<Pool>::called = 0;
        pool.enter([&] {
            result.ok = Tree<Pool>::grow(load, warm_up);
            const Instant begin = now();
            result.ok = result.ok && Tree<Pool>::grow(load, load.size);
            result.ns = ns_between(begin, now()) / static_cast<double>(nodes_of(load.size));
        });
    }
    const std::uint64_t nodes = nodes_of(warm_up) + nodes_of(load.size);
    // Where many nodes were called, not spawned, something else has been measured.
    result.ok = result.ok && counted() - before == nodes && Tree<Pool>::called <= nodes / 100;
    return result;
}

// ---- fib ----

[[nodiscard]] constexpr std::uint64_t fib_by_adding(std::uint64_t n) {
    std::uint64_t a = 0, b = 1;
    for (; n > 0; --n) {
        const std::uint64_t sum = a + b;
        a = b;
        b = sum;
    }
    return a;
}
// Calls of fib that fib(n) makes, itself included.
[[nodiscard]] constexpr std::uint64_t calls_of_fib(std::uint64_t n) {
    return 2 * fib_by_adding(n + 1) - 1;
}

// A fib that is run by a worker, who notes when it was done.
struct FibJob {
    std::uint64_t n = 0;
    std::uint64_t answer = 0;
    Instant end;
    std::atomic<bool> done{false};

    [[nodiscard]] bool wait(const Load& load) const {
        Patience patience(load);
        while (!done.load(std::memory_order::acquire))
            if (!patience.rest()) return false;
        return answer == fib_by_adding(n);
    }
};

template <typename Pool>
struct Fib {
    static inline Pool* pool = nullptr;
    static inline FibJob warm_up, job;

    static std::uint64_t of(std::uint64_t n) {
        if (n < 2) return n;
        std::uint64_t left = 0;
        auto group = pool->group();
        group.run([n, &left] { left = of(n - 1); });
        const std::uint64_t right = of(n - 2);
        group.wait();
        return left + right;
    }
    static void run(FibJob& it) {
        it.answer = of(it.n);
        it.end = now();
        it.done.store(true, std::memory_order::release);
    }
    static void run_warm_up(std::uintptr_t) { run(warm_up); }
    static void run_job(std::uintptr_t) { run(job); }
};

template <typename Pool>
Measured fib(const Load& load) {
    using Of = Fib<Pool>;
    Measured result;
    Pool pool(load);
    Of::pool = &pool;
    Of::warm_up.n = load.size - 6;
    Of::job.n = load.size;
    Of::warm_up.done = Of::job.done = false;
    pool.enter([&] {
        result.ok = pool.template put<Of::run_warm_up>(0) && Of::warm_up.wait(load);
        const Instant begin = now();
        result.ok = result.ok && pool.template put<Of::run_job>(0) && Of::job.wait(load);
        result.ns = ns_between(begin, Of::job.end) / static_cast<double>(calls_of_fib(load.size));
    });
    return result;
}

// ---- rtt ----

// A Ring has push(item) -> bool and pop(item) -> bool; the other thread sends back what it gets.
template <typename Ring>
Measured round_trip(const Load& load) {
    static Ring there, back;  // empty again after each run
    constexpr std::uint64_t last = ~std::uint64_t{0};
    const ThreadOn echo(load.places.worker, [] {
        for (std::uint64_t item = 0; item != last;) {
            while (!there.pop(item)) platform::relax();
            while (!back.push(item)) platform::relax();
        }
    });
    Measured result{.ns = 0, .ok = true};
    const auto send = [&](std::uint64_t item) {
        while (!there.push(item)) platform::relax();
        std::uint64_t answer = 0;
        while (!back.pop(answer)) platform::relax();
        result.ok = result.ok && answer == item;
    };
    for (std::uint64_t i = 0; i < load.size / 8; ++i) send(i);
    const Instant begin = now();
    for (std::uint64_t i = 0; i < load.size; ++i) send(i);
    result.ns = ns_between(begin, now()) / static_cast<double>(load.size);
    send(last);
    return result;
}

// ---- wake-spin, wake-futex ----

alignas(platform::no_sharing_bytes) inline std::atomic<std::uint64_t> stamped_at{0};  // cycles

// The task that says when its first instruction was run.
inline void stamp(std::uintptr_t /*argument*/ = 0) {
    stamped_at.store(platform::cycles(), std::memory_order::release);
}

// The p50, as the mean of the middle half: on some processors the counter moves in steps of 10 ns.
[[nodiscard]] inline double middle_of(std::vector<std::uint64_t>& cycles) {
    std::sort(cycles.begin(), cycles.end());
    const auto begin = cycles.begin() + static_cast<std::ptrdiff_t>(cycles.size() / 4);
    const auto end = cycles.end() - static_cast<std::ptrdiff_t>(cycles.size() / 4);
    return static_cast<double>(std::accumulate(begin, end, std::uint64_t{0})) /
           static_cast<double>(end - begin);
}

// The time from before a put until the task began; `gap` passes between two of them.
template <typename Pool>
Measured wake(const Load& load, std::chrono::microseconds gap) {
    Pool pool(load);
    Measured result{.ns = 0, .ok = true};
    std::vector<std::uint64_t> samples;
    pool.enter([&] {
        for (std::uint64_t i = 0; i < load.size && result.ok; ++i) {
            for (const Instant begin = now(); now() - begin < gap;) platform::relax();
            stamped_at.store(0, std::memory_order::relaxed);
            const std::uint64_t before = platform::cycles();
            result.ok = pool.template put<stamp>(0);
            std::uint64_t began = 0;
            for (const Instant asked = now(); result.ok && began == 0;) {
                began = stamped_at.load(std::memory_order::acquire);
                result.ok = began != 0 || now() - asked < std::chrono::seconds(10);
            }
            samples.push_back(began - std::min(before, began));
        }
    });
    result.ns = middle_of(samples) / platform::calibrate().cycles_per_ns;
    return result;
}

template <typename Pool>
Measured wake_spin(const Load& load) {
    return wake<Pool>(load, std::chrono::microseconds(5));
}
template <typename Pool>
Measured wake_futex(const Load& load) {
    return wake<Pool>(load, std::chrono::milliseconds(1));
}

}  // namespace stator::bench
