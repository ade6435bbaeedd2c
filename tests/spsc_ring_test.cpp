// tests/spsc_ring_test.cpp - what every SpscRing promises, one case per promise.
#include <stator/core/spsc_ring.hpp>

#include <array>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

namespace {

using stator::SpscRing;
constexpr std::uint64_t before_wrap = UINT64_MAX - 2;  // the third item wraps the index

TEST(SpscRing, a_full_ring_refuses_and_keeps_what_it_has) {
    SpscRing<int, 4> ring(before_wrap);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(99));
    EXPECT_EQ(ring.slot(), nullptr);
    EXPECT_EQ(ring.writable(), 0u);
    for (int i = 0; i < 4; ++i) {
        int item = -1;
        ASSERT_TRUE(ring.pop(item));
        EXPECT_EQ(item, i);
    }
}

TEST(SpscRing, an_empty_ring_leaves_the_target_alone) {
    SpscRing<int, 4> ring;
    int item = 7;
    EXPECT_FALSE(ring.pop(item));
    EXPECT_EQ(item, 7);
    EXPECT_EQ(ring.front(), nullptr);
    std::array<int, 2> items{7, 7};
    EXPECT_EQ(ring.pop_burst(items), 0u);
    EXPECT_EQ(items[0], 7);
}

TEST(SpscRing, a_ring_of_one_slot_is_a_ring) {
    SpscRing<int, 1> ring(before_wrap);
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(ring.push(i));
        ASSERT_FALSE(ring.push(i + 100));
        int item = -1;
        ASSERT_TRUE(ring.pop(item));
        EXPECT_EQ(item, i);
    }
}

TEST(SpscRing, a_burst_takes_what_fits_and_says_how_much) {
    SpscRing<int, 4> ring(before_wrap);
    const std::array<int, 6> in{0, 1, 2, 3, 4, 5};
    EXPECT_EQ(ring.push_burst(in), 4u);
    EXPECT_EQ(ring.push_burst(in), 0u);
    std::array<int, 3> out{};
    EXPECT_EQ(ring.pop_burst(out), 3u);
    EXPECT_EQ(out, (std::array{0, 1, 2}));
    EXPECT_EQ(ring.push_burst(std::span(in).subspan(4)), 2u);
    EXPECT_EQ(ring.pop_burst(out), 3u);
    EXPECT_EQ(out, (std::array{3, 4, 5}));
    EXPECT_EQ(ring.push_burst({}), 0u);
    EXPECT_EQ(ring.size(), 0u);
}

TEST(SpscRing, items_are_written_and_read_in_place) {
    SpscRing<int, 4> ring(before_wrap);
    int* const second = ring.slot(1);
    ASSERT_NE(second, nullptr);
    *ring.slot() = 1;
    *second = 2;
    EXPECT_EQ(ring.front(), nullptr) << "not committed yet";
    ring.commit(2);
    ASSERT_NE(ring.front(1), nullptr);
    EXPECT_EQ(*ring.front(), 1);
    EXPECT_EQ(*ring.front(1), 2);
    EXPECT_EQ(ring.front(2), nullptr);
    EXPECT_EQ(ring.slot(2), nullptr) << "two of four slots are taken";
    ring.release_items(2);
    EXPECT_EQ(ring.front(), nullptr);
    EXPECT_NE(ring.slot(3), nullptr);
}

TEST(SpscRing, a_closed_ring_still_gives_what_is_inside) {
    SpscRing<int, 4> ring;
    ASSERT_TRUE(ring.push(5));
    EXPECT_FALSE(ring.closed());
    ring.close();
    EXPECT_TRUE(ring.closed());
    int item = 0;
    EXPECT_TRUE(ring.pop(item));
    EXPECT_EQ(item, 5);
    EXPECT_FALSE(ring.pop(item));
}

// Method: one thread writes 1..n, single and in bursts, another reads; loss, repeat or reorder
// shows.
TEST(SpscRing, items_leave_in_the_order_they_entered) {
    constexpr std::uint64_t n = 200'000;
    static SpscRing<std::uint64_t, 64> ring(before_wrap);
    std::thread producer([] {
        std::array<std::uint64_t, 7> burst{};
        for (std::uint64_t next = 1; next <= n;) {
            std::size_t filled = 0;
            for (; filled < burst.size() && next + filled <= n; ++filled)
                burst[filled] = next + filled;
            const std::size_t pushed = next % 3 == 0
                                           ? ring.push_burst(std::span(burst).first(filled))
                                           : (ring.push(burst[0]) ? 1u : 0u);
            if (pushed == 0) std::this_thread::yield();
            next += pushed;
        }
        ring.close();
    });
    std::uint64_t expected = 1;
    for (;;) {
        const bool closed = ring.closed();
        std::array<std::uint64_t, 5> items{};
        const std::size_t got = ring.pop_burst(items);
        for (std::size_t i = 0; i < got; ++i) ASSERT_EQ(items[i], expected++);
        if (got == 0 && closed) break;
        if (got == 0) std::this_thread::yield();
    }
    EXPECT_EQ(expected, n + 1);
    producer.join();
}

}  // namespace
