// tests/idle_test.cpp - sleeping workers: who is woken, by whom, the one that searches, those that
// come; and that no wake-up is lost.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include <stator/core/idle.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {
namespace {

using std::memory_order::acq_rel, std::memory_order::acquire;

constexpr bool is_sanitized = platform::address_sanitizer || platform::thread_sanitizer;

// A node with workers that nobody runs.
struct Box {
    explicit Box(unsigned workers) {
        for (unsigned i = 0; i < workers; ++i) EXPECT_EQ(idle.join(words[i]), i);
    }
    void all_sleep() {
        for (unsigned i = 0; i < idle.size(); ++i) idle.announce(i);
    }
    std::size_t wake(std::size_t tasks, Near near = {}) {
        return idle.wake(tasks, near, WokenBy::outside);
    }
    [[nodiscard]] std::size_t seekers() const {
        return idle.seekers(IdleWorkers::workers_max, false);
    }

    std::array<WaitWord, IdleWorkers::workers_max> words;
    IdleWorkers idle;
};

constexpr std::uint64_t bit(unsigned i) {
    return std::uint64_t{1} << i;
}

TEST(idle, a_wake_names_one_sleeper_and_the_next_wake_another) {
    Box box(3);
    EXPECT_EQ(box.wake(1), 0U);  // nobody sleeps
    EXPECT_FALSE(box.idle.is_anybody_there());
    box.idle.announce(2);
    box.idle.announce(1);
    EXPECT_TRUE(box.idle.is_anybody_there());
    EXPECT_EQ(box.idle.sleepers(), 6U);
    EXPECT_EQ(box.wake(1), 1U);
    EXPECT_EQ(box.idle.sleepers(), 4U);
    EXPECT_EQ(box.idle.retract(1), WokenBy::outside);  // it was chosen
    EXPECT_EQ(box.idle.retract(2), WokenBy::nobody);   // it was not
    EXPECT_EQ(box.idle.sleepers(), 0U);
    EXPECT_EQ(box.wake(1), 0U);
}

TEST(idle, as_many_are_woken_as_there_are_tasks_or_sleepers) {
    Box box(5);
    EXPECT_EQ(box.wake(0), 0U);
    box.all_sleep();
    EXPECT_TRUE(box.idle.all_sleep());
    EXPECT_EQ(box.wake(0), 0U);
    EXPECT_EQ(box.wake(2), 2U);
    EXPECT_FALSE(box.idle.all_sleep());
    EXPECT_EQ(box.wake(64), 3U);
    EXPECT_EQ(box.wake(64), 0U);
    EXPECT_EQ(box.idle.sleepers(), 0U);
}

TEST(idle, who_is_chosen_has_its_own_word_notified_and_no_other) {
    Box box(3);
    for (WaitWord& word : box.words) word.announce();
    box.all_sleep();
    EXPECT_EQ(box.wake(1, {.core = bit(1)}), 1U);
    box.words[1].sleep();  // returns at once, or this test hangs
    EXPECT_EQ(box.wake(2), 2U);
    box.words[0].sleep();
    box.words[2].sleep();
    for (WaitWord& word : box.words) word.announce();
    box.idle.wake_all();  // those that do not sleep, too
    for (unsigned i = 0; i < 3; ++i) box.words[i].sleep();
}

TEST(idle, the_nearest_sleeper_is_woken_on_the_core_then_on_the_cache_then_any) {
    Box box(8);
    const Near near{.core = bit(6) | bit(7), .cache = bit(4) | bit(5) | bit(6) | bit(7)};
    const auto woken = [&] {
        const std::uint64_t before = box.idle.sleepers();
        EXPECT_EQ(box.wake(1, near), 1U);
        return before & ~box.idle.sleepers();
    };
    box.all_sleep();
    for (const unsigned i : {6U, 7U, 4U, 5U, 0U, 1U, 2U, 3U}) EXPECT_EQ(woken(), bit(i));
    for (unsigned i = 0; i < 8; ++i) EXPECT_EQ(box.idle.retract(i), WokenBy::outside);
    // One that is near and awake is not asked.
    box.idle.announce(3);
    box.idle.announce(5);
    EXPECT_EQ(woken(), bit(5));
    EXPECT_EQ(woken(), bit(3));
}

TEST(idle, one_worker_searches_at_a_time) {
    Box box(3);
    EXPECT_TRUE(box.idle.search(2));
    EXPECT_TRUE(box.idle.search(2));  // it does already
    EXPECT_FALSE(box.idle.search(0));
    box.idle.end_search(0, false);  // it was not: nothing happens
    EXPECT_FALSE(box.idle.search(0));
    box.idle.end_search(2, false);
    EXPECT_TRUE(box.idle.search(0));
    EXPECT_FALSE(box.idle.search(2));
}

TEST(idle, one_task_from_outside_is_left_to_the_searcher_which_is_none_any_more) {
    Box box(4);
    for (unsigned i = 0; i < 3; ++i) box.idle.announce(i);
    ASSERT_TRUE(box.idle.search(3));
    EXPECT_EQ(box.wake(1), 0U);
    EXPECT_EQ(box.idle.sleepers(), 7U);
    EXPECT_EQ(box.wake(1), 1U);  // the searcher has its task
    ASSERT_TRUE(box.idle.search(3));
    EXPECT_EQ(box.wake(2), 1U);
    ASSERT_TRUE(box.idle.search(3));
    EXPECT_EQ(box.wake(0), 0U);
    EXPECT_FALSE(box.idle.search(2)) << "no task, and so it searches on";
}

TEST(idle, while_one_searches_tasks_of_workers_wake_nobody) {
    Box box(3);
    EXPECT_FALSE(box.idle.wants_a_searcher());
    EXPECT_FALSE(box.idle.wake_searcher({}));  // nobody sleeps
    box.idle.announce(0);
    box.idle.announce(1);
    EXPECT_TRUE(box.idle.wants_a_searcher());
    ASSERT_TRUE(box.idle.search(2));
    EXPECT_FALSE(box.idle.wants_a_searcher());
    EXPECT_FALSE(box.idle.wake_searcher({}));
    EXPECT_EQ(box.idle.sleepers(), 3U);
    box.idle.end_search(2, false);
    EXPECT_TRUE(box.idle.wake_searcher({.core = bit(1)}));
    EXPECT_EQ(box.idle.sleepers(), 1U);
    EXPECT_FALSE(box.idle.wake_searcher({})) << "the one that was woken searches";
    EXPECT_FALSE(box.idle.search(2));
    EXPECT_EQ(box.idle.retract(1), WokenBy::worker);
    EXPECT_TRUE(box.idle.search(1)) << "it does already";
}

TEST(idle, who_was_chosen_comes_until_it_has_looked) {
    Box box(IdleWorkers::workers_max);
    EXPECT_FALSE(box.idle.somebody_comes());
    // Many times, so that a count that went astray would leave its bits.
    for (int round = 0; round < 100; ++round) {
        box.all_sleep();
        EXPECT_TRUE(box.idle.all_sleep());
        EXPECT_FALSE(box.idle.somebody_comes());
        EXPECT_EQ(box.seekers(), 0U);
        EXPECT_EQ(box.wake(64), 48U);
        EXPECT_EQ(box.seekers(), 48U);
        for (unsigned i = 0; i < 48; ++i) {
            EXPECT_TRUE(box.idle.somebody_comes());
            EXPECT_EQ(box.idle.retract(i), WokenBy::outside);
            EXPECT_EQ(box.seekers(), 48 - i);
            EXPECT_EQ(box.idle.seekers(i, true), 47 - i) << "beside itself";
            box.idle.end_search(i, true);
            EXPECT_EQ(box.seekers(), 47 - i);
        }
        EXPECT_FALSE(box.idle.somebody_comes());
        EXPECT_FALSE(box.idle.is_anybody_there());
    }
}

TEST(idle, seekers_are_those_that_come_and_the_one_that_searches) {
    Box box(3);
    EXPECT_EQ(box.seekers(), 0U);
    box.idle.announce(0);
    box.idle.announce(1);
    EXPECT_EQ(box.seekers(), 0U);  // sleepers are none
    EXPECT_TRUE(box.idle.wake_searcher({}));
    EXPECT_EQ(box.seekers(), 2U);  // it comes, and it will search
    EXPECT_EQ(box.idle.retract(0), WokenBy::worker);
    EXPECT_EQ(box.seekers(), 2U);
    EXPECT_EQ(box.idle.seekers(0, true), 0U);  // beside itself
    box.idle.end_search(0, true);
    EXPECT_EQ(box.seekers(), 0U);
}

TEST(idle, a_choice_is_over_with_the_retraction_that_has_seen_it) {
    Box box(2);
    box.idle.announce(0);
    EXPECT_EQ(box.wake(1), 1U);
    EXPECT_EQ(box.idle.retract(0), WokenBy::outside);
    box.idle.end_search(0, true);
    box.idle.announce(0);
    EXPECT_EQ(box.idle.retract(0), WokenBy::nobody);
    EXPECT_FALSE(box.idle.somebody_comes());
}

TEST(IdleDeathTest, a_node_has_at_most_48_workers) {
    Box box(IdleWorkers::workers_max);
    WaitWord word;
    EXPECT_DEATH((void)box.idle.join(word), "more than 48");
}

// ---- many threads ----

// A place of work: so many items lie in it. Whoever is about to sleep changes the word, too.
class Place {
public:
    void put() { (void)items_.fetch_add(1, acq_rel); }  // T1 of this test
    bool take() {
        int seen = items_.load(acquire);  // T1
        while (seen > 0)
            if (items_.compare_exchange_weak(seen, seen - 1, acq_rel)) return true;  // T1
        return false;
    }
    bool look() { return items_.fetch_add(0, acq_rel) > 0; }  // T1

private:
    std::atomic<int> items_{0};
};

// The hand-shake under load: every item that is put in is taken, by sleepers that sleep for ever
// unless they are woken.
TEST(idle, no_wake_up_is_lost) {
    constexpr int items = is_sanitized ? 2'000 : 20'000;
    Box box(2);
    Place place;
    std::atomic<int> taken{0};
    const auto done = [&] { return taken.load(acquire) == items; };  // test
    std::vector<std::thread> sleepers;
    for (unsigned i = 0; i < 2; ++i)
        sleepers.emplace_back([&, i] {
            while (!done()) {
                if (place.take()) {
                    taken.fetch_add(1, acq_rel);  // test
                    continue;
                }
                box.words[i].announce();
                box.idle.announce(i);
                if (place.look() || done())
                    box.words[i].retract();
                else
                    box.words[i].sleep();
                box.idle.end_search(i, box.idle.retract(i) != WokenBy::nobody);
            }
            box.idle.wake_all();
        });
    for (int n = 0; n < items; ++n) {
        place.put();
        (void)box.wake(1);
        if (n % 7 == 0) std::this_thread::yield();
    }
    for (std::thread& sleeper : sleepers) sleeper.join();
    EXPECT_EQ(taken.load(), items);
}

// The same for tasks of workers: one is woken to search, and passes on what it leaves. Method: each
// item waits for the one before it to be taken now and then, so that all sleep.
TEST(idle, a_searcher_that_finds_more_than_it_takes_wakes_the_next) {
    constexpr int items = is_sanitized ? 2'000 : 20'000;
    constexpr unsigned workers = 3;
    Box box(workers);
    Place place;
    std::atomic<int> taken{0};
    std::array<std::atomic<int>, workers> by{};
    const auto done = [&] { return taken.load(acquire) == items; };  // test
    std::vector<std::thread> sleepers;
    for (unsigned i = 0; i < workers; ++i)
        sleepers.emplace_back([&, i] {
            bool owes = false, came = false;
            while (!done()) {
                if (place.take()) {
                    if (owes) {
                        owes = false;
                        box.idle.end_search(i, std::exchange(came, false));
                        if (box.idle.sleepers() != 0 && !box.idle.somebody_comes() && place.look())
                            (void)box.idle.wake_searcher({});
                    }
                    by[i].fetch_add(1, acq_rel);  // test
                    taken.fetch_add(1, acq_rel);  // test
                    continue;
                }
                box.words[i].announce();
                box.idle.announce(i);
                box.idle.end_search(i, std::exchange(came, false));
                owes = false;
                if (place.look() || done())
                    box.words[i].retract();
                else
                    box.words[i].sleep();
                came = box.idle.retract(i) != WokenBy::nobody;
                owes = box.idle.search(i) || came;
            }
            box.idle.wake_all();
        });
    for (int n = 0; n < items;) {
        for (int burst = n % 3; burst >= 0 && n < items; --burst, ++n) {
            place.put();
            (void)box.idle.wake_searcher({});
        }
        if (n % 5 == 0)
            while (taken.load(acquire) < n) std::this_thread::yield();  // or it hangs
    }
    for (std::thread& sleeper : sleepers) sleeper.join();
    EXPECT_EQ(taken.load(), items);
}

}  // namespace
}  // namespace stator
