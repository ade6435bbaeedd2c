// tests/weave/museum/tokio_1788_load_instead_of_rmw.cpp - Tokio's scheduler asked with a seq_cst
// load whether somebody searches for work, and the last to stop searching missed the new task.
//
// Original   tokio-rs/tokio #1788 (commit 7c8b8877d440), "runtime: fix lost wakeup bug in
//            scheduler", November 2019; reported as #1768, "Runtime gets stuck": a task was
//            spawned, and no worker ran it.
// The bug    A worker is the last that searches; it finds nothing, counts itself out, looks once
//            more and parks. A spawner publishes a task and loads the count: one still searches,
//            so it wakes nobody. The load comes before the worker's subtraction in the order of
//            seq_cst, but it writes nothing, so the worker has nothing to synchronise with: its
//            last look may still see the queue empty.
// The model  One worker, one spawner, one task; the original's orders. The list of sleepers under
//            its lock, with the second check there, is one compare-exchange. Left out: local
//            queues, shutdown.
// Mended     As in the original: fetch_add(0) instead of the load. It writes, so the worker's
//            subtraction reads what it wrote and sees the task. (The fix also raised two orders on
//            the way into searching, which this model has not.)
// Edges      T1  spawner's fetch_add or worker's fetch_sub -> the other, whichever is second : the
//                task is seen, or that nobody searches
//            T2  spawner stores length -> worker loads it : the task is whole
//            T3  the waker stores the token -> the worker takes it : what it was woken for
#include <array>
#include <atomic>
#include <cstdint>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Scheduler {
    using enum std::memory_order;

    static constexpr std::uint32_t searching = 1, unparked = 1U << 16;

    weave::atomic<std::uint32_t> state{searching | unparked};
    weave::atomic<std::uint32_t> length{0};
    weave::atomic<std::uint32_t> token{0};
    weave::plain<int> task{0};

    void spawner() {
        weave::write(task) = 1;
        length.store(1, release);  // T2
        notify();
    }

    void worker() {
        while (!find_task()) park();
    }

    void notify() {
        if (!nobody_searches()) return;
        std::uint32_t parked = 0;
        const bool mine =
            state.compare_exchange_strong(parked, searching | unparked, seq_cst,  // T1
                                          relaxed);  // somebody else wakes it
        if (!mine) return;
        token.store(1, release);  // T3
        weave::futex_wake(token, 1);
    }

    bool nobody_searches() {
        if constexpr (mended)
            return state.fetch_add(0, seq_cst) == 0;  // T1
        else
            return state.load(seq_cst) == 0;
    }

    bool find_task() {
        if (length.load(acquire) == 0) return false;  // T2
        weave::expect(weave::read(task) == 1, "the task is whole");
        return true;
    }

    void park() {
        state.fetch_sub(searching | unparked, seq_cst);  // T1
        if (length.load(acquire) != 0) notify();         // T2, the last look
        while (token.exchange(0, acquire) == 0)          // T3
            weave::futex_wait(token, 0);
    }

    static constexpr auto threads() { return std::array{&Scheduler::spawner, &Scheduler::worker}; }
};

}  // namespace

TEST(museum, tokio_1788_load_instead_of_rmw) {
    museum::exhibit<Scheduler<false>, Scheduler<true>>({.preemptions = weave::all}, "deadlock");
}
