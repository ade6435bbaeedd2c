// tests/weave/museum/bun_32494_shutdown_wake_skipped.cpp - Bun's thread pool, told to shut down,
// did not wake a worker that slept, because its event did not say just then that anybody did.
//
// Original   oven-sh/bun #32494, "threading: wake all parked workers on pool shutdown", June 2026;
//            the report is #32492. About one of twenty concurrent builds took 10,013 ms instead of
//            11: a sleeper's time-out of ten seconds was all that woke it.
// The bug    Two workers sleep on the event. A notification wakes one of them, and the event is
//            NOTIFIED, or EMPTY if a third worker takes the notification before it sleeps. Now
//            comes the shutdown. It wakes sleepers only if the event was WAITING, which says that
//            some may sleep; but NOTIFIED and EMPTY do not say that nobody does.
// The model  Two workers that wait until the shutdown; an owner that notifies once and shuts down;
//            the original's orders. Left out: the third worker (NOTIFIED is enough), tasks, the
//            join, and the time-out, so that a worker that nobody wakes sleeps for ever.
// Mended     As in the original: the shutdown always wakes all.
// Edges      E1  wake changes state -> wait takes the notification : what was done before it
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Event {
    using enum std::memory_order;

    static constexpr std::uint32_t empty = 0, waiting = 1, notified = 2, shut_down = 3;

    weave::atomic<std::uint32_t> state{empty};

    // True: it took a notification. False: all is over.
    bool wait() {
        std::uint32_t leave_as = empty;
        std::uint32_t seen = state.load(relaxed);  // a guess, the changes below compare it
        while (seen != shut_down) {
            if (seen == notified) {
                if (state.compare_exchange_weak(seen, leave_as, acquire,  // E1
                                                relaxed))                 // another guess
                    return true;
                continue;
            }
            if (seen == empty && !state.compare_exchange_weak(seen, waiting,
                                                              relaxed,   // it tells nothing else
                                                              relaxed))  // another guess
                continue;
            weave::futex_wait(state, waiting);
            leave_as = waiting;          // for there may be others who sleep
            seen = state.load(relaxed);  // as above
        }
        return false;
    }

    void wake(std::uint32_t with, int count) {
        const std::uint32_t before = state.exchange(with, release);  // E1
        const bool is_for_all = mended && with == shut_down;
        if (before == waiting || is_for_all) weave::futex_wake(state, count);
    }

    void worker() {
        while (wait()) {
        }
    }

    void owner() {
        wake(notified, 1);
        wake(shut_down, std::numeric_limits<int>::max());
    }

    static constexpr auto threads() {
        return std::array{&Event::worker, &Event::worker, &Event::owner};
    }
};

}  // namespace

TEST(museum, bun_32494_shutdown_wake_skipped) {
    museum::exhibit<Event<false>, Event<true>>({.preemptions = 3}, "deadlock");
}
