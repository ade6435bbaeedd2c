// tests/overwriting_ring_test.cpp - what the ring that drops its oldest item promises.
#include <stator/core/overwriting_ring.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

namespace {

using stator::OverwritingRing;
// 2i + 2 is a slot's mark, so the index wraps where 2i does, at half of 2^64, too.
constexpr std::uint64_t starts[] = {0, (UINT64_MAX >> 1) - 2, UINT64_MAX - 2};

TEST(OverwritingRing, without_overflow_it_is_an_ordinary_ring) {
    for (const std::uint64_t start : starts) {
        OverwritingRing<int, 4> ring(start);
        for (int i = 0; i < 4; ++i) ring.push(i);
        for (int i = 0; i < 4; ++i) {
            int item = -1;
            ASSERT_TRUE(ring.pop(item));
            EXPECT_EQ(item, i);
        }
        int item = 7;
        EXPECT_FALSE(ring.pop(item));
        EXPECT_EQ(item, 7) << "an empty ring leaves the target alone";
        EXPECT_EQ(ring.dropped(), 0u);
    }
}

TEST(OverwritingRing, a_full_ring_loses_its_oldest_items_and_counts_them) {
    for (const std::uint64_t start : starts) {
        OverwritingRing<int, 4> ring(start);
        for (int i = 0; i < 11; ++i) ring.push(i);
        for (int i = 7; i < 11; ++i) {
            int item = -1;
            ASSERT_TRUE(ring.pop(item));
            EXPECT_EQ(item, i);
        }
        EXPECT_EQ(ring.dropped(), 7u);
        EXPECT_FALSE(ring.has_item());
    }
}

TEST(OverwritingRing, a_closed_ring_still_gives_what_is_inside) {
    OverwritingRing<int, 2> ring;
    ring.push(1);
    ring.close();
    EXPECT_TRUE(ring.closed());
    int item = 0;
    EXPECT_TRUE(ring.pop(item));
    EXPECT_EQ(item, 1);
}

// Method: every word of an item is derived from its number; a torn item contradicts itself. The
// producer is never held up, so the small ring is lapped many times.
TEST(OverwritingRing, no_item_is_torn_and_all_are_accounted_for) {
    struct Item {
        std::array<std::uint64_t, 9> words;
    };
    constexpr std::uint64_t n = 200'000;
    static OverwritingRing<Item, 8> ring(UINT64_MAX - 100);
    std::thread producer([] {
        for (std::uint64_t i = 1; i <= n; ++i) {
            Item item{};
            for (std::size_t k = 0; k < item.words.size(); ++k) item.words[k] = i * (k + 1);
            ring.push(item);
            if (i % 64 == 0) std::this_thread::yield();
        }
        ring.close();
    });
    std::uint64_t popped = 0, last = 0;
    for (;;) {
        const bool closed = ring.closed();
        Item item{};
        if (!ring.pop(item)) {
            if (closed) break;
            std::this_thread::yield();
            continue;
        }
        ++popped;
        ASSERT_GT(item.words[0], last) << "items come in order";
        last = item.words[0];
        for (std::size_t k = 0; k < item.words.size(); ++k)
            ASSERT_EQ(item.words[k], last * (k + 1));
    }
    producer.join();
    EXPECT_EQ(last, n) << "the newest item is never dropped";
    EXPECT_EQ(popped + ring.dropped(), n);
}

}  // namespace
