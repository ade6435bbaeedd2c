// tests/weave/museum/cats_effect_4448_counter_underflow.cpp - a worker of Cats Effect's pool parked
// while somebody was still unparking it, and was taken off the counters without having been added.
//
// Original   typelevel/cats-effect #4448, "Poisoned pod, extremely slow, weird thread counts", July
//            2025; the cause as #4449 gives it, which came in with #4377. One word counts the
//            unparked (high half) and the searching (low half) workers. It was seen as 0xfffeffff,
//            and from then on no worker was woken.
// The bug    A worker wakes by its own timer while a notifier is in the middle of unparking it. It
//            fails to take its signal back and goes on as if it had been unparked; it works and
//            parks again. Only now does the notifier write "unparked", over the new "parked". The
//            worker wakes, believes itself counted by a notifier, and is counted down once more.
// The model  One worker that parks twice and is always woken by its timer; two notifiers. Left
//            out: queues, and the sleep itself. Every access to the signal is acquire or release or
//            both, for the bug needs no weak order.
// Mended     As in the original: the worker waits until the notifier has done with its signal.
// Edges      C1  who changes the signal -> who reads it : the counters are changed
#include <array>
#include <atomic>
#include <cstdint>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Pool {
    using enum std::memory_order;

    static constexpr std::uint32_t workers = 1;
    static constexpr std::uint32_t one_searching = 1, searching_mask = 0xffff;
    static constexpr std::uint32_t one_unparked = 0x10000;
    enum Signal : std::uint32_t { unparked, parked, being_unparked };

    weave::atomic<std::uint32_t> counters{workers * one_unparked};
    weave::atomic<Signal> signal{unparked};

    void worker() {
        for (int turn = 0; turn != 2; ++turn) {
            signal.store(parked, release);              // C1
            counters.fetch_sub(one_unparked, relaxed);  // a sum: each change counts, in any order
            wake_by_timer();
            counters.fetch_sub(one_searching, relaxed);  // as above
        }
    }

    void wake_by_timer() {
        for (;;) {
            Signal seen = parked;
            const bool woke_itself =
                signal.compare_exchange_strong(seen, unparked, acq_rel, acquire);        // C1
            if (woke_itself) counters.fetch_add(one_unparked + one_searching, relaxed);  // as above
            if (woke_itself || seen == unparked) return;
            if constexpr (!mended) return;  // "somebody has unparked me"
            weave::relax();
        }
    }

    void notifier() {
        if (!may_wake(counters.load(relaxed))) return;  // a hint
        Signal seen = parked;
        if (!signal.compare_exchange_strong(seen, being_unparked, acq_rel, acquire)) return;  // C1
        counters.fetch_add(one_unparked + one_searching, relaxed);  // as above
        signal.store(unparked, release);                            // C1
    }

    static bool may_wake(std::uint32_t now) {
        return (now & searching_mask) == 0 && now / one_unparked < workers;
    }

    void finish() {
        weave::expect(counters.newest() == workers * one_unparked,
                      "who works is counted, and nobody else");
    }

    static constexpr auto threads() {
        return std::array{&Pool::worker, &Pool::notifier, &Pool::notifier};
    }
};

}  // namespace

TEST(museum, cats_effect_4448_counter_underflow) {
    museum::exhibit<Pool<false>, Pool<true>>({.preemptions = weave::all},
                                             "who works is counted, and nobody else");
}
