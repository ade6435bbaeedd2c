// tests/weave/museum/tokio_621_push_before_sleep.cpp - a worker of tokio-threadpool went to sleep
// without looking once more for tasks pushed since its last look.
//
// Original   tokio-rs/tokio #621 (commit 2d0928ba809e), "threadpool: fix possible lost wakeups",
//            September 2018; the reports are in #525, "Lost wakeups in threadpool". Tasks, and all
//            that waited for them, hung. The request was closed without being merged.
// The bug    An idle worker finds nothing to steal. Before it is on the stack of sleepers, a busy
//            worker pushes a task to its own deque and looks for a sleeper to signal: there is
//            none. The idle worker pushes itself on the stack and sleeps. The task waits for as
//            long as the busy worker is busy.
// The model  Two busy workers, each pushing one task and then busy for ever; one thief that has to
//            get both. The stack has one place. Left out: the flag that says who is on the stack,
//            keep-alive, tasks from outside. Popping the stack is a read-modify-write also when
//            it is empty, so that nothing but the missing look is at fault; the original loads
//            there, which is a bug of its own (see tokio_1788_load_instead_of_rmw.cpp).
// Mended     As proposed there: look at the queues again when on the stack, and run on if there
//            is a task.
// Edges      P1  busy worker exchanges sleepers -> thief, if it is second : the task is there
//            P2  thief exchanges sleepers -> busy worker, if it is second : it is about to sleep
//            P3  busy worker changes the lifecycle -> thief : the task is there
//            P4  busy worker adds to the deque -> thief takes from it : the task's content
#include <array>
#include <atomic>
#include <cstdint>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Pool {
    using enum std::memory_order;

    static constexpr std::uint32_t running = 0, sleeping = 1, signaled = 2;
    static constexpr std::uint32_t nobody = 0, the_thief = 1;

    weave::atomic<std::uint32_t> deque{0};
    weave::atomic<std::uint32_t> sleepers{nobody};
    weave::atomic<std::uint32_t> lifecycle{running};

    void busy_worker() {
        deque.fetch_add(1, release);                               // P4
        if (sleepers.exchange(nobody, acq_rel) == nobody) return;  // P1, P2
        if (lifecycle.exchange(signaled, acq_rel) == sleeping)     // P3
            weave::futex_wake(lifecycle, 1);
    }

    void thief() {
        for (int task = 0; task != 2; ++task)
            while (!steal()) sleep();
    }

    bool steal() {
        if (deque.load(acquire) == 0) return false;  // P4
        deque.fetch_sub(1, relaxed);                 // nobody else takes
        return true;
    }

    void sleep() {
        std::uint32_t seen = running;
        const bool may_sleep =
            lifecycle.compare_exchange_strong(seen, sleeping, relaxed,  // nothing to publish yet
                                              relaxed);  // the exchange below acquires
        if (may_sleep) {
            sleepers.exchange(the_thief, acq_rel);  // P1, P2
            if (!tasks_came()) {
                while (lifecycle.load(relaxed) == sleeping)  // the exchange below acquires
                    weave::futex_wait(lifecycle, sleeping);
            }
        }
        lifecycle.exchange(running, acquire);  // P3
    }

    bool tasks_came() const {
        if constexpr (mended)
            return deque.load(relaxed) != 0;  // P1 has made it visible
        else
            return false;
    }

    static constexpr auto threads() {
        return std::array{&Pool::busy_worker, &Pool::busy_worker, &Pool::thief};
    }
};

}  // namespace

TEST(museum, tokio_621_push_before_sleep) {
    museum::exhibit<Pool<false>, Pool<true>>({.preemptions = 5}, "deadlock");
}
