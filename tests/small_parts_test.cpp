// tests/small_parts_test.cpp - histogram, counter, names, wait word, clock, object pool, plan.
#include <array>
#include <atomic>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <stator/core/histogram.hpp>
#include <stator/core/name.hpp>
#include <stator/core/object_pool.hpp>
#include <stator/core/wait_word.hpp>
#include <stator/platform/clock.hpp>
#include <stator/platform/contain.hpp>

namespace {

using namespace stator;

TEST(Histogram, every_value_lies_in_a_bucket_that_is_at_most_a_sixteenth_wide) {
    std::uint64_t before = 0;
    for (std::size_t i = 1; i < Histogram::buckets; ++i) {
        const std::uint64_t first = Histogram::last_of(i - 1) + 1;
        const std::uint64_t last = Histogram::last_of(i);
        ASSERT_EQ(first, before + 1);
        ASSERT_EQ(Histogram::bucket_of(first), i);
        ASSERT_EQ(Histogram::bucket_of(last), i);
        ASSERT_LE(last - first, first / 16);
        before = last;
    }
    EXPECT_EQ(before, UINT64_MAX);
}

TEST(Histogram, a_percentile_is_never_below_the_truth_nor_a_sixteenth_above) {
    Histogram h;
    EXPECT_EQ(h.percentile(0.5), 0u) << "nothing recorded";
    for (std::uint64_t v = 1; v <= 10'000; ++v) h.record(v);
    EXPECT_EQ(h.count(), 10'000u);
    EXPECT_EQ(h.max(), 10'000u);
    for (const double share : {0.5, 0.99, 0.999}) {
        const double truth = share * 10'000;
        EXPECT_GE(static_cast<double>(h.percentile(share)), truth);
        EXPECT_LE(static_cast<double>(h.percentile(share)), truth * 17 / 16);
    }
    EXPECT_EQ(h.percentile(1.0), 10'000u);
}

TEST(Histogram, one_large_value_does_not_move_the_median) {
    Histogram h;
    for (int i = 0; i < 99; ++i) h.record(5);
    h.record(UINT64_MAX);
    EXPECT_EQ(h.percentile(0.5), 5u);
    EXPECT_EQ(h.percentile(1.0), UINT64_MAX);
}

struct Inner {};

TEST(Name, a_type_is_called_by_its_last_name) {
    EXPECT_EQ(type_name<Inner>(), "Inner");
    EXPECT_EQ(type_name<int>(), "int");
    EXPECT_EQ((type_name<std::array<Histogram, 2>>().substr(0, 5)), "array");
}

TEST(Clock, a_cycle_count_comes_back_as_the_same_time) {
    const platform::Clock clock = platform::calibrate();
    const std::uint64_t begin_ns = platform::monotonic_ns(), begin = platform::cycles();
    while (platform::monotonic_ns() - begin_ns < 20'000'000) platform::relax();
    const std::uint64_t ns = clock.to_ns(platform::cycles() - begin);
    // The upper bound allows for this thread being put aside between the two readings.
    EXPECT_GE(ns, 19'900'000u);
    EXPECT_LE(ns, platform::monotonic_ns() - begin_ns + 200'000);
    EXPECT_NEAR(static_cast<double>(clock.to_ns(clock.to_cycles(1'000'000))), 1e6, 2);
}

TEST(Contain, what_is_thrown_ends_here_and_what_returns_is_true) {
    EXPECT_TRUE(platform::contain([] {}));
    EXPECT_FALSE(platform::contain([] { throw 1; }));
}

TEST(WaitWord, a_notification_before_the_sleep_is_not_lost) {
    WaitWord word;
    word.announce();
    word.notify();
    word.sleep();  // returns at once; a lost one would hang here
    word.announce();
    word.retract();
    SUCCEED();
}

// Method: two threads hand a number to and fro, each sleeping until it is its turn. A wake-up that
// is lost once in all of these hangs the test.
TEST(WaitWord, two_threads_in_turn_never_miss_each_other) {
    constexpr int turns = 20'000;
    static WaitWord words[2];
    static std::atomic<int> turn{0};
    const auto play = [](int me) {
        for (int t = me; t < turns; t += 2) {
            while (turn.load(std::memory_order_acquire) != t) {
                words[me].announce();
                if (turn.load(std::memory_order_acquire) == t)
                    words[me].retract();
                else
                    words[me].sleep();
            }
            turn.store(t + 1, std::memory_order_release);
            words[1 - me].notify();
        }
    };
    std::thread other(play, 1);
    play(0);
    other.join();
    EXPECT_EQ(turn.load(), turns);
}

TEST(ObjectPool, each_object_is_taken_once_and_an_empty_pool_says_so) {
    ObjectPool<int, 3> pool;
    std::set<int*> taken;
    for (int i = 0; i < 3; ++i) taken.insert(pool.take());
    EXPECT_EQ(taken.size(), 3u);
    EXPECT_EQ(taken.count(nullptr), 0u);
    EXPECT_EQ(pool.take(), nullptr);
    int* one = *taken.begin();
    EXPECT_TRUE(pool.owns(one));
    int stranger = 0;
    EXPECT_FALSE(pool.owns(&stranger));
    pool.give(one);
    EXPECT_EQ(pool.take(), one);
}

TEST(ObjectPoolDeathTest, an_object_of_another_pool_is_refused) {
    ObjectPool<int, 2> pool;
    int stranger = 0;
    EXPECT_DEATH(pool.give(&stranger), "not taken from");
}

// Method: four threads take and give; each marks what it holds, and a second holder would see the
// mark.
TEST(ObjectPool, no_object_is_held_by_two_threads) {
    static ObjectPool<std::atomic<int>, 5> pool;
    std::atomic<int> twice{0};
    const auto churn = [&] {
        for (int i = 0; i < 50'000; ++i) {
            std::atomic<int>* object = pool.take();
            if (object == nullptr) {
                std::this_thread::yield();
                continue;
            }
            if (object->exchange(1, std::memory_order_relaxed) != 0) ++twice;
            object->store(0, std::memory_order_relaxed);
            pool.give(object);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(churn);
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(twice.load(), 0);
    for (int i = 0; i < 5; ++i) EXPECT_NE(pool.take(), nullptr) << "none was lost";
    EXPECT_EQ(pool.take(), nullptr);
}

TEST(ObjectPool, who_waits_for_an_object_gets_the_next_one) {
    static ObjectPool<int, 1> pool;
    for (int i = 0; i < 2000; ++i) {
        int* held = pool.take();
        ASSERT_NE(held, nullptr);
        std::thread giver([held] { pool.give(held); });
        EXPECT_EQ(&pool.take_or_wait(), held);
        giver.join();
        pool.give(held);
    }
}

}  // namespace
