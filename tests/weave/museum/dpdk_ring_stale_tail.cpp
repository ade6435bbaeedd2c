// tests/weave/museum/dpdk_ring_stale_tail.cpp - DPDK's ring for many producers and consumers could
// count more free entries than it had, because a fence was believed to order two other threads.
//
// Original   DPDK commit a4ad0eba9def, "ring: establish safe partial order in default mode",
//            November 2025. The fault came in with 49594a63147a, November 2018. Shown by a
//            litmus test; real only where load-acquire is weak (AArch64 with LDAPR), and not
//            widely seen.
// The bug    A thread takes an item, then puts one: it stores the consumers' tail, then moves the
//            producers' head. Another producer reads that new head, but the old tail: the head is
//            moved and read relaxed, and an acquire fence after the load has nothing to
//            synchronise with. So capacity + tail - head falls below nought and wraps round: the
//            ring seems to have four thousand million free entries, and an item is overwritten.
//            The same happens to consumers, the other way round.
// The model  A ring with one slot, full at first, one item a call, with the original's orders.
//            Left out: bursts, and the wait for earlier threads before the tail is stored. With
//            one slot the next head can move only when the tail has; with more, that wait would
//            have to acquire, which the original leaves to the hardware.
// Mended     As in the original: the head is moved with release and read with acquire, so whoever
//            sees a head also sees the opposite tail that it was computed from.
// Edges      R1  a moved head -> who reads it : the opposite tail its mover has seen
//            R2  a stored tail -> the other role : the slot is filled, or free
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Ring {
    using enum std::memory_order;

    static constexpr std::uint32_t capacity = 1;

    struct Ends {
        explicit Ends(std::uint32_t place) : head(place), tail(place) {}
        weave::atomic<std::uint32_t> head, tail;
    };

    Ends producers{1}, consumers{0};
    weave::plain<int> slot{0};

    // Moves the head of one role over one entry and returns where it was; nothing if there is no
    // entry for it. `room` is the ring's capacity for producers and 0 for consumers.
    std::optional<std::uint32_t> move_head(Ends& own, const Ends& opposite, std::uint32_t room) {
        std::uint32_t head = own.head.load(mended ? acquire : relaxed);  // R1
        for (;;) {
            if constexpr (!mended) weave::fence(acquire);  // "ensure the head is read before tail"
            const std::uint32_t tail = opposite.tail.load(acquire);  // R2
            const std::uint32_t entries = room + tail - head;
            if (entries == 0) return {};
            const bool moved =
                own.head.compare_exchange_strong(head, head + 1, mended ? release : relaxed,  // R1
                                                 mended ? acquire : relaxed);
            if (!moved) continue;
            weave::expect(entries <= capacity, "there are no more entries than the ring has");
            return head;
        }
    }

    void put() {
        const auto place = move_head(producers, consumers, capacity);
        if (!place) return;
        weave::write(slot) = 1;
        producers.tail.store(*place + 1, release);  // R2
    }

    void take() {
        const auto place = move_head(consumers, producers, 0);
        if (!place) return;
        (void)weave::read(slot);
        consumers.tail.store(*place + 1, release);  // R2
    }

    void take_and_put() {
        take();
        put();
    }

    static constexpr auto threads() {
        return std::array{&Ring::take_and_put, &Ring::take_and_put, &Ring::put};
    }
};

}  // namespace

TEST(museum, dpdk_ring_stale_tail) {
    museum::exhibit<Ring<false>, Ring<true>>({.preemptions = 5},
                                             "no more entries than the ring has");
}
