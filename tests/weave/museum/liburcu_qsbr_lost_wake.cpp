// tests/weave/museum/liburcu_qsbr_lost_wake.cpp - a reader of liburcu's QSBR flavour took a seq_cst
// store for a fence, and so did not see that synchronize_rcu had gone to sleep waiting for it.
//
// Original   userspace-rcu commit 9e6448da9b92, "urcu-qsbr: Use CMM_SEQ_CST_FENCE for quiescent
//            state update and offline", January 2026. The builds with compiler atomics (0.15) on
//            CPUs with weak order: synchronize_rcu could sleep with nobody left to wake it.
// The bug    The reader stores "offline" with seq_cst and then reads `waiting` relaxed. That load
//            may be done before the store is seen. Meanwhile the other side has set `waiting`, has
//            had its fence, still sees the reader online and sleeps.
// The model  One reader that ends its section and goes offline for ever; one synchronize_rcu with
//            the original's orders and barriers, and the memory it then reclaims. Left out: the
//            registry and its lock, the counter of grace periods, the spinning before the sleep.
// Mended     As in the original: the store is followed by a seq_cst fence.
// Edges      U1  reader stores offline -> writer's load and last fence : the section has ended
//            U2  writer's fence -> reader's fence after `waiting` : the futex says asleep
//            U3  writer's fence <-> reader's fence : the reader sees `waiting`, or the writer sees
//                that it is offline
//            U4  reader stores awake, after its fence -> writer's next fence : it is offline
#include <array>
#include <atomic>
#include <cstdint>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct GracePeriod {
    using enum std::memory_order;

    static constexpr std::uint32_t offline = 0, online = 1;
    static constexpr std::uint32_t awake = 0, asleep = ~std::uint32_t{0};

    weave::atomic<std::uint32_t> counter{online};
    weave::atomic<std::uint32_t> waiting{0};
    weave::atomic<std::uint32_t> futex{awake};
    weave::plain<int> item{1};

    void reader() {
        weave::expect(weave::read(item) == 1, "nothing is reclaimed inside a section");
        counter.store(offline, seq_cst);              // U1
        if constexpr (mended) weave::fence(seq_cst);  // U3
        wake_up();
    }

    void wake_up() {
        if (waiting.load(relaxed) == 0) return;     // ordered by the fence before, if there is one
        waiting.store(0, relaxed);                  // only a hint, set again if still needed
        weave::fence(seq_cst);                      // U2, U4
        if (futex.load(relaxed) != asleep) return;  // U2 has made it visible
        futex.store(awake, relaxed);                // U4, by the fence before
        weave::futex_wake(futex, 1);
    }

    void synchronize() {
        for (;;) {
            futex.store(asleep, relaxed);                 // U2, by the next fence
            weave::fence(release);                        // U2
            waiting.store(1, relaxed);                    // U2, U3, by the fences around it
            weave::fence(seq_cst);                        // U3, U4
            if (counter.load(relaxed) == offline) break;  // U1, by the last fence
            weave::fence(acquire);                        // the original's: counter before futex
            while (futex.load(relaxed) == asleep)         // U4 by the fence of the next round
                weave::futex_wait(futex, asleep);
        }
        futex.store(awake, release);  // the original's: counter before futex
        weave::fence(seq_cst);        // U1
        weave::write(item) = 0;
    }

    static constexpr auto threads() {
        return std::array{&GracePeriod::reader, &GracePeriod::synchronize};
    }
};

}  // namespace

TEST(museum, liburcu_qsbr_lost_wake) {
    museum::exhibit<GracePeriod<false>, GracePeriod<true>>({.preemptions = weave::all}, "deadlock");
}
