// tests/pool_parts_test.cpp - the small parts under the pool: sequence lock, ending, readers,
// names, callables.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include <stator/core/counter.hpp>
#include <stator/core/last_stage.hpp>
#include <stator/core/sequence_lock.hpp>
#include <stator/core/task.hpp>
#include <stator/platform/rcu.hpp>
#include <stator/platform/thread.hpp>

namespace stator {
namespace {

// ---- sequence lock ----

struct Pair {
    SequenceLock lock;
    Counter a;
    SharedWord b;

    explicit Pair(std::uint64_t first) : lock(first) {}
    void step() {
        lock.begin();
        a.add();
        b.set(a.value());
        lock.end();
    }
};

TEST(sequence_lock, a_reader_sees_words_of_one_picture_also_when_the_sequence_wraps) {
    Pair record(UINT64_MAX - 99);  // even, and 50 pictures before it wraps
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        while (!stop.load(std::memory_order::relaxed)) record.step();  // a flag
    });
    std::uint64_t a = 0, b = 0, last = 0;
    for (int i = 0; i < 50'000; ++i) {
        if (!record.lock.read([&] {
                a = record.a.value();
                b = record.b.value();
            }))
            continue;
        ASSERT_EQ(a, b);
        ASSERT_GE(a, last);
        last = a;
        if (i % 256 == 0) std::this_thread::yield();
    }
    stop.store(true, std::memory_order::relaxed);  // a flag
    writer.join();
}

TEST(sequence_lock, a_reader_gives_up_on_a_writer_that_died_inside) {
    Pair record(0);
    record.lock.begin();
    int looks = 0;
    EXPECT_FALSE(record.lock.read([&] { ++looks; }, 10));
    EXPECT_EQ(looks, 10);
    record.lock.end();
    EXPECT_TRUE(record.lock.read([&] { ++looks; }, 1));
}

// ---- ending ----

TEST(ending, the_pool_closes_once_when_asked_and_no_stage_is_left) {
    LastStage ending;
    ending.begin(2);
    EXPECT_FALSE(ending.stage_ended());
    EXPECT_FALSE(ending.ask());
    EXPECT_FALSE(ending.ask());
    EXPECT_TRUE(ending.stage_ended());
    EXPECT_FALSE(ending.ask());

    ending.begin(1);
    EXPECT_FALSE(ending.stage_ended());
    EXPECT_TRUE(ending.ask());
    EXPECT_FALSE(ending.ask());

    ending.begin(0);
    ending.wait_for_stages();  // there are none
    EXPECT_TRUE(ending.ask());
}

TEST(ending, who_waits_for_stages_is_woken_by_the_last) {
    for (int i = 0; i < 500; ++i) {
        LastStage ending;
        ending.begin(2);
        std::thread stages([&] {
            (void)ending.stage_ended();
            (void)ending.stage_ended();
        });
        ending.wait_for_stages();
        EXPECT_TRUE(ending.ask());
        stages.join();
    }
}

// ---- readers ----

TEST(rcu, a_period_waits_for_a_reader_that_is_online_and_for_no_other) {
    std::atomic<std::uint64_t> first_period{77};
    std::atomic<int> step{0};
    std::atomic<bool> may_leave{false};
    std::thread reader_thread([&] {
        platform::RcuReader reader;
        reader.enter(first_period);
        EXPECT_EQ(platform::this_reader(), &reader);
        EXPECT_EQ(first_period.load(), 0U);
        step.store(1, std::memory_order::release);                                    // test
        while (step.load(std::memory_order::acquire) < 2) std::this_thread::yield();  // test
        reader.online();
        reader.online();                            // nested: one
        step.store(3, std::memory_order::release);  // test
        while (!may_leave.load(std::memory_order::acquire)) std::this_thread::yield();  // test
        reader.offline();
        EXPECT_NE(first_period.load(), 0U);
        reader.offline();
        EXPECT_EQ(first_period.load(), 0U);
        reader.leave();
        EXPECT_EQ(platform::this_reader(), nullptr);
    });
    while (step.load(std::memory_order::acquire) < 1) std::this_thread::yield();  // test
    const std::uint64_t before = platform::rcu_begin_period();
    platform::rcu_synchronize();                // the reader is offline
    step.store(2, std::memory_order::release);  // test
    while (step.load(std::memory_order::acquire) < 3) std::this_thread::yield();  // test
    EXPECT_EQ(first_period.load(), before + 1);
    std::atomic<bool> over{false};
    std::thread reclaimer([&] {
        EXPECT_EQ(platform::rcu_begin_period(), before + 1);
        platform::rcu_synchronize();
        over.store(true, std::memory_order::release);  // test
    });
    for (int i = 0; i < 2000; ++i) {
        EXPECT_FALSE(over.load(std::memory_order::acquire));  // test
        std::this_thread::yield();
    }
    may_leave.store(true, std::memory_order::release);  // test
    reclaimer.join();
    reader_thread.join();
    EXPECT_TRUE(over.load());
}

// ---- names and functions ----

TEST(task, short_names_keep_fifteen_characters) {
    EXPECT_EQ(ShortName("hash").text(), "hash");
    EXPECT_EQ(ShortName("").text(), "");
    EXPECT_EQ(ShortName("fifteen letters").text(), "fifteen letters");
    EXPECT_EQ(ShortName("sixteen letters!").text(), "sixteen letters");
}

TEST(task, empty_functions_are_told_from_others) {
    void (*null)() = nullptr;
    EXPECT_TRUE(is_empty_function(null));
    EXPECT_TRUE(is_empty_function(std::function<void()>{}));
    EXPECT_FALSE(is_empty_function(std::function<void()>{[] {}}));
    EXPECT_FALSE(is_empty_function([] {}));
}

TEST(task, a_callable_is_moved_run_and_destroyed_once) {
    auto counted = std::make_shared<int>(0);
    auto callable = [counted] { ++*counted; };
    using F = decltype(callable);
    TaskBody from, to;
    from.kind = &kind_of<F, "test">;
    new (from.captures.data()) F(std::move(callable));
    EXPECT_EQ(counted.use_count(), 2);
    to.take(from);
    EXPECT_EQ(counted.use_count(), 2);
    EXPECT_EQ(to.kind->run(to.captures.data()), Outcome::done);
    EXPECT_EQ(*counted, 1);
    EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace stator
