// tests/inbox_test.cpp - the inbox and its segments alone: order, fullness, retirement, recycling;
// opening numbers begin just before their 48 bits wrap.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <stator/core/inbox.hpp>
#include <stator/platform/rcu.hpp>

namespace stator {
namespace {

constexpr std::uint64_t before_the_wrap = (std::uint64_t{1} << 48) - 3;

// An inbox of numbers whose one taker and grace thread is this test's thread.
template <std::size_t segments, std::size_t slots>
struct Box {
    InboxWords words;
    WaitWord grace;
    Inbox<std::uint64_t, slots, segments> inbox{words, grace, before_the_wrap};

    Submit put(std::uint64_t value) {
        return inbox.put([value](std::uint64_t& item) noexcept { item = value; });
    }
    // Claims up to `most`, gives the slots back, and answers with what was in them.
    std::vector<std::uint64_t> take(std::size_t most, std::size_t sharers = 1) {
        std::vector<std::uint64_t> items;
        const Claim claim = inbox.claim(most, sharers);
        for (std::size_t i = 0; i < claim.count; ++i) items.push_back(inbox.item(claim, i));
        if (claim.count > 0) inbox.taken(claim);
        return items;
    }
    // A grace period without readers. How many segments it gave back.
    std::size_t period() {
        const std::uint32_t first = inbox.stock().collect();
        platform::rcu_synchronize();
        return inbox.stock().grant(first);
    }
};

using Numbers = std::vector<std::uint64_t>;

TEST(inbox, an_empty_one_gives_nothing) {
    Box<2, 4> box;
    EXPECT_TRUE(box.take(8).empty());
    EXPECT_FALSE(box.inbox.has_ready());
    EXPECT_FALSE(box.inbox.drained());
    EXPECT_FALSE(box.inbox.wants_a_period());
}

TEST(inbox, items_come_in_the_order_in_which_they_went_in) {
    Box<2, 4> box;
    for (std::uint64_t i = 0; i < 3; ++i) ASSERT_EQ(box.put(i), Submit::accepted);
    EXPECT_TRUE(box.inbox.has_ready());
    EXPECT_EQ(box.take(2), (Numbers{0, 1}));
    EXPECT_EQ(box.take(8), (Numbers{2}));
    EXPECT_TRUE(box.take(8).empty());
}

TEST(inbox, a_claim_ends_where_its_segment_ends) {
    Box<3, 4> box;
    for (std::uint64_t i = 0; i < 10; ++i) ASSERT_EQ(box.put(i), Submit::accepted);
    EXPECT_EQ(box.take(64), (Numbers{0, 1, 2, 3}));
    EXPECT_EQ(box.take(64), (Numbers{4, 5, 6, 7}));
    EXPECT_EQ(box.take(64), (Numbers{8, 9}));
}

TEST(inbox, a_claim_leaves_a_share_for_others) {
    Box<2, 8> box;
    for (std::uint64_t i = 0; i < 8; ++i) ASSERT_EQ(box.put(i), Submit::accepted);
    EXPECT_EQ(box.take(64, 3), (Numbers{0, 1, 2}));  // a third of eight, rounded up
    EXPECT_EQ(box.take(64, 3), (Numbers{3, 4}));
    EXPECT_EQ(box.take(1, 3), (Numbers{5}));
    EXPECT_EQ(box.take(64, 2), (Numbers{6}));
    EXPECT_EQ(box.take(64, 2), (Numbers{7}));
}

TEST(inbox, a_full_one_refuses_and_keeps_what_it_has) {
    Box<2, 2> box;
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_EQ(box.put(i), Submit::accepted);
    bool filled = false;
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(box.inbox.put([&](std::uint64_t&) noexcept { filled = true; }), Submit::full);
    EXPECT_FALSE(filled);
    EXPECT_EQ(box.inbox.accepted(), 4U);
    EXPECT_EQ(box.take(8), (Numbers{0, 1}));
    EXPECT_EQ(box.take(8), (Numbers{2, 3}));
}

TEST(inbox, full_and_full_cooling_are_told_apart) {
    Box<2, 2> box;
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_EQ(box.put(i), Submit::accepted);
    EXPECT_EQ(box.put(9), Submit::full);
    EXPECT_EQ(box.take(1), (Numbers{0}));
    EXPECT_EQ(box.put(9), Submit::full);  // the segment still has a slot that is not taken
    EXPECT_EQ(box.take(1), (Numbers{1}));
    EXPECT_EQ(box.put(9), Submit::full_cooling);
    EXPECT_TRUE(box.inbox.wants_a_period());
    EXPECT_EQ(box.words.cooling.load(), 1U);
    EXPECT_EQ(box.period(), 1U);
    EXPECT_EQ(box.words.cooling.load(), 0U);
    EXPECT_EQ(box.put(4), Submit::accepted);
    EXPECT_EQ(box.put(5), Submit::accepted);
    EXPECT_EQ(box.put(9), Submit::full);
    EXPECT_EQ(box.take(8), (Numbers{2, 3}));
    EXPECT_EQ(box.take(8), (Numbers{4, 5}));
}

TEST(inbox, a_closed_one_refuses_and_is_drained_when_all_has_been_claimed) {
    Box<2, 4> box;
    ASSERT_EQ(box.put(1), Submit::accepted);
    box.inbox.close();
    box.inbox.close();
    EXPECT_EQ(box.put(2), Submit::closed);
    EXPECT_FALSE(box.inbox.drained());
    EXPECT_EQ(box.take(8), (Numbers{1}));
    EXPECT_TRUE(box.inbox.drained());
    EXPECT_EQ(box.inbox.accepted(), 1U);
    EXPECT_EQ(box.inbox.claimed(), 1U);
}

TEST(inbox, a_segment_retires_when_its_last_slot_has_been_taken_not_claimed) {
    Box<2, 2> box;
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_EQ(box.put(i), Submit::accepted);
    const Claim first = box.inbox.claim(1, 1);
    const Claim second = box.inbox.claim(1, 1);
    EXPECT_FALSE(box.inbox.stock().has_retired());
    box.inbox.taken(second);  // out of order
    EXPECT_FALSE(box.inbox.stock().has_retired());
    box.inbox.taken(first);
    EXPECT_TRUE(box.inbox.stock().has_retired());
    EXPECT_EQ(box.period(), 1U);
}

TEST(inbox, a_slot_that_is_not_ready_holds_back_what_is_behind_it_and_nothing_is_claimed_past_it) {
    Box<2, 8> box;
    ASSERT_EQ(box.put(0), Submit::accepted);
    std::atomic<bool> reserved{false}, go_on{false};
    std::thread slow([&] {
        (void)box.inbox.put([&](std::uint64_t& item) noexcept {
            reserved.store(true, std::memory_order::release);                           // test
            while (!go_on.load(std::memory_order::acquire)) std::this_thread::yield();  // test
            item = 1;
        });
    });
    while (!reserved.load(std::memory_order::acquire)) std::this_thread::yield();  // test
    ASSERT_EQ(box.put(2), Submit::accepted);
    EXPECT_EQ(box.take(8), (Numbers{0}));
    EXPECT_TRUE(box.take(8).empty());
    EXPECT_FALSE(box.inbox.has_ready());
    box.inbox.close();
    EXPECT_FALSE(box.inbox.drained());
    go_on.store(true, std::memory_order::release);  // test
    slow.join();
    EXPECT_EQ(box.take(8), (Numbers{1, 2}));
    EXPECT_TRUE(box.inbox.drained());
}

TEST(inbox, other_segments_go_round_thousands_of_times_while_one_is_held) {
    Box<4, 2> box;
    ASSERT_EQ(box.put(1000), Submit::accepted);
    const Claim held = box.inbox.claim(1, 1);
    ASSERT_EQ(box.put(1001), Submit::accepted);
    EXPECT_EQ(box.take(8), (Numbers{1001}));
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        while (box.put(i) != Submit::accepted) ASSERT_GT(box.period(), 0U);
        const Numbers got = box.take(8);
        ASSERT_EQ(got, (Numbers{next++}));
    }
    EXPECT_GE(box.inbox.stock().recycled(), 9'000U);
    EXPECT_EQ(box.inbox.item(held, 0), 1000U);
    box.inbox.taken(held);
    EXPECT_LE(box.words.cooling_high.load(), 4U);
}

template <typename BoxT>
void goes_round(std::uint64_t items) {
    auto box = std::make_unique<BoxT>();
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < items;) {
        const Submit answer = box->put(i);
        if (answer == Submit::accepted) {
            ++i;
            continue;
        }
        const Numbers got = box->take(7);
        for (const std::uint64_t n : got) ASSERT_EQ(n, next++);
        if (got.empty()) {
            ASSERT_EQ(answer, Submit::full_cooling);
            ASSERT_GT(box->period(), 0U);
        }
    }
    for (Numbers got = box->take(7); !got.empty(); got = box->take(7))
        for (const std::uint64_t n : got) ASSERT_EQ(n, next++);
    EXPECT_EQ(next, items);
    EXPECT_LE(box->words.cooling_high.load(), box->words.segments);
}

TEST(inbox, any_number_of_segments_and_slots_works_across_the_wrap_of_opening_numbers) {
    goes_round<Box<2, 1>>(20'000);
    goes_round<Box<3, 5>>(20'000);
    goes_round<Box<5, 3>>(20'000);
    goes_round<Box<8, 1>>(20'000);
    goes_round<Box<2, 64>>(50'000);
    goes_round<Box<64, 64>>(100'000);
}

TEST(inbox, an_opening_that_is_over_is_not_granted_any_more) {
    Box<2, 1> box;
    EXPECT_NE(box.inbox.stock().granted(before_the_wrap), box.inbox.stock().none);
    EXPECT_NE(box.inbox.stock().granted(before_the_wrap + 1), box.inbox.stock().none);
    EXPECT_EQ(box.inbox.stock().granted(before_the_wrap + 2), box.inbox.stock().none);
    for (std::uint64_t i = 0; i < 2; ++i) {
        ASSERT_EQ(box.put(i), Submit::accepted);
        EXPECT_EQ(box.take(1), (Numbers{i}));
    }
    EXPECT_EQ(box.period(), 2U);
    EXPECT_EQ(box.inbox.stock().granted(before_the_wrap), box.inbox.stock().none);
    EXPECT_NE(box.inbox.stock().granted(before_the_wrap + 3), box.inbox.stock().none);
}

TEST(inbox, the_grace_thread_is_woken_when_few_segments_are_left) {
    Box<4, 1> box;
    for (std::uint64_t i = 0; i < 2; ++i) {
        ASSERT_EQ(box.put(i), Submit::accepted);
        EXPECT_EQ(box.take(1), (Numbers{i}));
        EXPECT_EQ(box.inbox.wants_a_period(), i == 1);  // two of four are left
    }
    box.grace.announce();
    ASSERT_EQ(box.put(2), Submit::accepted);  // opens the third: wakes whoever sleeps there
    box.grace.sleep();                        // returns at once, or this test hangs
}

}  // namespace
}  // namespace stator
