// tests/weave/structures/rings.cpp - SpscRing and OverwritingRing, from just before their indices
// wrap.
#include <array>
#include <cstdint>

#include <stator/core/overwriting_ring.hpp>
#include <stator/core/spsc_ring.hpp>

#include "cases.hpp"

namespace stator::test {
namespace {

constexpr std::uint64_t before_wrap = UINT64_MAX - 1;

struct OneByOne {
    static constexpr int items = 4;
    SpscRing<int, 2> ring{before_wrap};
    int next = 0;  // the consumer's

    void producer() {
        for (int i = 0; i < items; ++i)
            while (!ring.push(i)) weave::relax();
        ring.close();
    }
    void consumer() {
        for (;;) {
            const bool closed = ring.closed();
            int item = -1;
            if (ring.pop(item)) {
                weave::expect(item == next++, "items come in order, each once");
            } else {
                if (closed) return;
                weave::relax();
            }
        }
    }
    void finish() const { weave::expect(next == items, "no item is lost before the end"); }
};
const Played one_by_one({.structure = "spsc_ring",
                         .name = "items_come_once_and_in_order_across_the_wrap",
                         .invariants = "SPSC_ORDER SPSC_WRAP ONCE",
                         .options = {},
                         .explore = play<OneByOne, &OneByOne::producer, &OneByOne::consumer>});

struct InBursts {
    static constexpr std::array<int, 5> items = {0, 1, 2, 3, 4};
    SpscRing<int, 4> ring{before_wrap};
    int next = 0;

    void producer() {
        std::span<const int> left = items;
        while (!left.empty()) {
            const std::size_t n =
                ring.push_burst(left.first(std::min<std::size_t>(left.size(), 3)));
            weave::expect(n <= 4, "a burst is never larger than the ring");
            left = left.subspan(n);
            if (n == 0) weave::relax();
        }
    }
    void consumer() {
        while (next < 5) {
            std::array<int, 3> got{};
            const std::size_t n = ring.pop_burst(got);
            for (std::size_t i = 0; i < n; ++i)
                weave::expect(got[i] == next++, "a burst comes in order");
            if (n == 0) weave::relax();
        }
    }
    void step() const { weave::expect(ring.size() <= 4, "no more items than slots"); }
};
const Played in_bursts({.structure = "spsc_ring",
                        .name = "bursts_come_once_and_in_order_across_the_wrap",
                        .invariants = "SPSC_ORDER SPSC_WRAP ONCE",
                        .options = {},
                        .explore = play<InBursts, &InBursts::producer, &InBursts::consumer>});

// Who asks with an exact number is told the truth: no false "full", no false "empty".
struct ToldTheTruth {
    SpscRing<int, 2> ring{before_wrap};
    weave::atomic<int> taken{0};

    void producer() {
        for (int i = 0; i < 2; ++i)
            weave::expect(ring.push(i), "an empty ring of two slots takes two items");
        if (taken.load(std::memory_order::acquire) == 1)
            weave::expect(ring.push(2), "a slot whose item has been taken is free");
    }
    void consumer() {
        int item = -1;
        while (!ring.pop(item)) weave::relax();
        taken.store(1, std::memory_order::release);
        weave::expect(item == 0, "the first item comes first");
    }
};
const Played told_the_truth(
    {.structure = "spsc_ring",
     .name = "full_is_said_only_of_a_full_ring",
     .invariants = "NO_FALSE_FULL",
     .options = {},
     .explore = play<ToldTheTruth, &ToldTheTruth::producer, &ToldTheTruth::consumer>});

struct Pair {
    std::uint64_t first, second;
};
struct Overwriting {
    static constexpr std::uint64_t items = 4;
    OverwritingRing<Pair, 2> ring{before_wrap};
    std::uint64_t popped = 0, last = 0;

    void producer() {
        for (std::uint64_t i = 1; i <= items; ++i) ring.push({.first = i, .second = ~i});
        ring.close();
    }
    void consumer() {
        for (;;) {
            const bool closed = ring.closed();
            Pair item{};
            if (ring.pop(item)) {
                weave::expect(item.second == ~item.first, "an item is whole");
                weave::expect(item.first > last, "items come in order, each once");
                last = item.first;
                ++popped;
            } else {
                if (closed) return;
                weave::relax();
            }
        }
    }
    void finish() const {
        weave::expect(popped + ring.dropped() == items, "what was not popped is counted as lost");
        weave::expect(last == items, "the newest item is never lost");
    }
};
const Played overwriting(
    {.structure = "overwriting_ring",
     .name = "items_are_whole_and_losses_are_counted_exactly",
     .invariants = "ONCE SPSC_ORDER SPSC_WRAP",
     .options = {.stale_reads = 2},
     .explore = play<Overwriting, &Overwriting::producer, &Overwriting::consumer>});

}  // namespace
}  // namespace stator::test
