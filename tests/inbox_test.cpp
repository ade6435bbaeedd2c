// tests/inbox_test.cpp - the inbox and its segments alone: order, fullness, retirement, recycling;
// opening numbers begin just before their 48 bits wrap.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <stator/core/inbox.hpp>
#include <stator/platform/cpu.hpp>
#include <stator/platform/rcu.hpp>

namespace stator {
namespace {

using std::memory_order::acquire, std::memory_order::relaxed, std::memory_order::release;

constexpr bool is_sanitized = platform::address_sanitizer || platform::thread_sanitizer;
constexpr std::uint64_t before_the_wrap = (std::uint64_t{1} << 48) - 3;

// The words that tell what an inbox holds.
struct Picture {
    std::uint64_t tail, head, next_grant, free, cooling, cooling_high, held;
    bool operator==(const Picture&) const = default;
};

// An inbox of numbers, with all segments of its node, whose one taker and grace thread is this
// test's thread.
template <std::size_t segments, std::size_t slots>
struct Box {
    using Stock = SegmentStock<std::uint64_t, slots, segments>;

    StockWords stock_words;
    InboxWords words;
    WaitWord grace;
    Stock stock{stock_words};
    Inbox<Stock> inbox{words, stock, grace, 0, segments, before_the_wrap};

    Submit put(std::uint64_t value) { return put_some(1, value).answer; }
    // value, value + 1, ...
    Batched put_some(std::size_t n, std::uint64_t value) {
        return inbox.put(
            n, [value](std::uint64_t& item, std::size_t i) noexcept { item = value + i; });
    }
    // Claims up to `most`, gives the slots back, and answers with what was in them. Each claim
    // begins where the one before it has ended, and ends in the same segment.
    std::vector<std::uint64_t> take(std::size_t most, std::size_t sharers = 1) {
        std::vector<std::uint64_t> items;
        const std::uint64_t from = words.first_position + inbox.claimed();
        const Claim claim = inbox.claim(most, sharers);
        EXPECT_TRUE(claim.count == 0 || claim.first == from % slots);
        EXPECT_LE(claim.first + claim.count, slots);
        EXPECT_LE(claim.count, most);
        EXPECT_EQ(words.first_position + inbox.claimed(), from + claim.count);
        for (std::size_t i = 0; i < claim.count; ++i) items.push_back(inbox.item(claim, i));
        if (claim.count > 0) inbox.taken(claim);
        return items;
    }
    // After a grace period: the segments come back.
    std::size_t grant(std::uint32_t first) {
        return stock.grant(
            first, [this](std::uint32_t) { return inbox.wants_back(); },
            [this](std::uint32_t, std::uint32_t segment) { inbox.give(segment); });
    }
    // A grace period without readers. How many segments it gave back.
    std::size_t period() {
        const std::uint32_t first = stock.collect();
        platform::rcu_synchronize();
        return grant(first);
    }
    [[nodiscard]] Picture picture() const {
        return {words.tail.load(relaxed),        // one thread
                words.head.load(relaxed),        // one thread
                words.next_grant.load(relaxed),  // one thread
                stock_words.free.load(relaxed),  // one thread
                stock_words.cooling(),
                stock_words.cooling_high.load(relaxed),  // one thread
                stock.held(0)};
    }
};

using Numbers = std::vector<std::uint64_t>;

TEST(inbox, an_empty_one_gives_nothing) {
    Box<2, 4> box;
    EXPECT_TRUE(box.take(8).empty());
    EXPECT_FALSE(box.inbox.has_ready());
    EXPECT_FALSE(box.inbox.drained());
    EXPECT_FALSE(box.stock.wants_a_period());
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
        EXPECT_EQ(
            box.inbox.put(1, [&](std::uint64_t&, std::size_t) noexcept { filled = true; }).answer,
            Submit::full);
    EXPECT_FALSE(filled);
    EXPECT_EQ(box.inbox.accepted(), 4U);
    EXPECT_EQ(box.take(8), (Numbers{0, 1}));
    EXPECT_EQ(box.take(8), (Numbers{2, 3}));
}

TEST(inbox, a_batch_fills_segment_after_segment_and_keeps_its_order) {
    Box<3, 4> box;
    ASSERT_EQ(box.put(0), Submit::accepted);
    const Batched all = box.put_some(9, 1);
    EXPECT_EQ(all.answer, Submit::accepted);
    EXPECT_EQ(all.accepted, 9U);
    EXPECT_EQ(box.take(64), (Numbers{0, 1, 2, 3}));
    EXPECT_EQ(box.take(64), (Numbers{4, 5, 6, 7}));
    EXPECT_EQ(box.take(64), (Numbers{8, 9}));
}

TEST(inbox, a_batch_is_accepted_as_far_as_there_is_room_and_the_rest_is_not_touched) {
    Box<2, 4> box;
    std::size_t filled = 0;
    const auto fill = [&](std::uint64_t& item, std::size_t i) noexcept { item = filled = i; };
    const Batched some = box.inbox.put(20, fill);
    EXPECT_EQ(some.answer, Submit::full);
    EXPECT_EQ(some.accepted, 8U);
    EXPECT_EQ(filled, 7U);
    EXPECT_EQ(box.take(64), (Numbers{0, 1, 2, 3}));
    const Batched none = box.inbox.put(20, fill);
    EXPECT_EQ(none.answer, Submit::full_cooling);
    EXPECT_EQ(none.accepted, 0U);
    EXPECT_EQ(filled, 7U);
    EXPECT_EQ(box.period(), 1U);
    box.inbox.close();
    EXPECT_EQ(box.put_some(20, 0).answer, Submit::closed);
    EXPECT_EQ(box.inbox.accepted(), 8U);
}

TEST(inbox, full_and_full_cooling_are_told_apart) {
    Box<2, 2> box;
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_EQ(box.put(i), Submit::accepted);
    EXPECT_EQ(box.put(9), Submit::full);
    EXPECT_EQ(box.take(1), (Numbers{0}));
    EXPECT_EQ(box.put(9), Submit::full);  // the segment still has a slot that is not taken
    EXPECT_EQ(box.take(1), (Numbers{1}));
    EXPECT_EQ(box.put(9), Submit::full_cooling);
    EXPECT_TRUE(box.stock.wants_a_period());
    EXPECT_EQ(box.picture().cooling, 1U);
    EXPECT_EQ(box.period(), 1U);
    EXPECT_EQ(box.picture().cooling, 0U);
    EXPECT_EQ(box.put(4), Submit::accepted);
    EXPECT_EQ(box.put(5), Submit::accepted);
    EXPECT_EQ(box.put(9), Submit::full);
    EXPECT_EQ(box.take(8), (Numbers{2, 3}));
    EXPECT_EQ(box.take(8), (Numbers{4, 5}));
}

TEST(inbox, a_refused_put_changes_nothing) {
    Box<2, 2> box;
    bool filled = false;
    const auto expect_refusal = [&](Submit answer) {
        const Picture before = box.picture();
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(box.inbox.put(1, [&](std::uint64_t&, std::size_t) noexcept { filled = true; })
                          .answer,
                      answer);
        EXPECT_FALSE(filled);
        EXPECT_EQ(box.picture(), before);
    };
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_EQ(box.put(i), Submit::accepted);
    expect_refusal(Submit::full);
    EXPECT_EQ(box.take(2), (Numbers{0, 1}));
    expect_refusal(Submit::full_cooling);
    const std::uint32_t cooling = box.stock.collect();
    expect_refusal(Submit::full_cooling);  // collected, and not yet granted
    box.inbox.close();
    expect_refusal(Submit::closed);
    EXPECT_EQ(box.grant(cooling), 1U);
    expect_refusal(Submit::closed);  // there is room, all the same
    EXPECT_EQ(box.take(2), (Numbers{2, 3}));
}

TEST(inbox, a_closed_one_is_drained_at_once_where_nothing_waits) {
    Box<2, 2> empty;
    empty.inbox.close();
    EXPECT_TRUE(empty.inbox.drained());
    EXPECT_EQ(empty.put(1), Submit::closed);
    // Between two segments, and with no segment left, it is the same.
    Box<2, 1> all;
    for (std::uint64_t i = 0; i < 2; ++i) ASSERT_EQ(all.put(i), Submit::accepted);
    EXPECT_EQ(all.take(1), (Numbers{0}));
    all.inbox.close();
    EXPECT_FALSE(all.inbox.drained());
    EXPECT_EQ(all.take(1), (Numbers{1}));
    EXPECT_TRUE(all.inbox.drained());
    EXPECT_TRUE(all.take(1).empty());
    EXPECT_FALSE(all.inbox.has_ready());
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
    EXPECT_FALSE(box.stock.has_retired());
    box.inbox.taken(second);  // out of order
    EXPECT_FALSE(box.stock.has_retired());
    box.inbox.taken(first);
    EXPECT_TRUE(box.stock.has_retired());
    EXPECT_EQ(box.period(), 1U);
}

TEST(inbox, segments_may_retire_in_any_order) {
    Box<3, 2> box;
    Claim claims[3];
    for (std::uint64_t round = 0; round < 100; ++round) {
        for (std::uint64_t i = 0; i < 6; ++i) ASSERT_EQ(box.put(round * 6 + i), Submit::accepted);
        for (std::uint64_t k = 0; k < 3; ++k) {
            claims[k] = box.inbox.claim(8, 1);
            ASSERT_EQ(claims[k].count, 2U);
            ASSERT_EQ(box.inbox.item(claims[k], 0), round * 6 + 2 * k);
            ASSERT_EQ(box.inbox.item(claims[k], 1), round * 6 + 2 * k + 1);
        }
        for (std::uint64_t k = 0; k < 3; ++k) box.inbox.taken(claims[(2 * k + round) % 3]);
        ASSERT_EQ(box.picture().cooling, 3U);
        ASSERT_EQ(box.period(), 3U);
    }
    EXPECT_EQ(box.stock.recycled(), 300U);
    EXPECT_EQ(box.picture().cooling_high, 3U);
}

TEST(InboxDeathTest, a_segment_that_is_granted_out_of_turn_ends_the_process) {
    Box<2, 2> box;
    EXPECT_DEATH((void)box.grant(0), "out of turn");  // it never was in use
    ASSERT_EQ(box.put(0), Submit::accepted);
    EXPECT_DEATH((void)box.grant(0), "out of turn");  // it is in use
}

// Method: a second thread is an online reader, which a third one waits for.
TEST(inbox, no_segment_is_granted_while_a_reader_that_may_know_it_is_online) {
    Box<2, 1> box;
    std::atomic<bool> online{false}, go_on{false}, granted{false};
    std::thread reader_thread([&] {
        std::atomic<std::uint64_t> first_period{0};
        platform::RcuReader reader;
        reader.enter(first_period);
        reader.online();
        online.store(true, release);                             // test
        while (!go_on.load(acquire)) std::this_thread::yield();  // test
        reader.offline();
        reader.leave();
    });
    while (!online.load(acquire)) std::this_thread::yield();  // test
    for (std::uint64_t i = 0; i < 2; ++i) {
        ASSERT_EQ(box.put(i), Submit::accepted);
        EXPECT_EQ(box.take(1), (Numbers{i}));
    }
    std::thread collector([&] {
        EXPECT_EQ(box.period(), 2U);
        granted.store(true, release);  // test
    });
    for (int i = 0; i < 2000; ++i) {
        EXPECT_FALSE(granted.load(acquire));  // test
        EXPECT_EQ(box.put(9), Submit::full_cooling);
        std::this_thread::yield();
    }
    go_on.store(true, release);  // test
    collector.join();
    reader_thread.join();
    EXPECT_EQ(box.put(2), Submit::accepted);
    EXPECT_EQ(box.take(1), (Numbers{2}));
}

TEST(inbox, a_slot_that_is_not_ready_holds_back_what_is_behind_it_and_nothing_is_claimed_past_it) {
    Box<2, 8> box;
    ASSERT_EQ(box.put(0), Submit::accepted);
    std::atomic<bool> reserved{false}, go_on{false};
    std::thread slow([&] {
        (void)box.inbox.put(1, [&](std::uint64_t& item, std::size_t) noexcept {
            reserved.store(true, release);                           // test
            while (!go_on.load(acquire)) std::this_thread::yield();  // test
            item = 1;
        });
    });
    while (!reserved.load(acquire)) std::this_thread::yield();  // test
    ASSERT_EQ(box.put(2), Submit::accepted);
    EXPECT_EQ(box.take(8), (Numbers{0}));
    EXPECT_TRUE(box.take(8).empty());
    EXPECT_FALSE(box.inbox.has_ready());
    box.inbox.close();
    EXPECT_FALSE(box.inbox.drained());
    go_on.store(true, release);  // test
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
    EXPECT_GE(box.stock.recycled(), 9'000U);
    EXPECT_EQ(box.inbox.item(held, 0), 1000U);
    box.inbox.taken(held);
    EXPECT_LE(box.picture().cooling_high, 4U);
}

template <typename BoxT>
void goes_round(std::uint64_t items) {
    auto box = std::make_unique<BoxT>();
    std::uint64_t next = 0;
    std::uint64_t granted = 0;
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
            const std::size_t n = box->period();
            ASSERT_GT(n, 0U);
            granted += n;
            ASSERT_EQ(box->stock.recycled(), granted);
            ASSERT_EQ(box->picture().cooling, 0U);
        }
    }
    for (Numbers got = box->take(7); !got.empty(); got = box->take(7))
        for (const std::uint64_t n : got) ASSERT_EQ(n, next++);
    EXPECT_EQ(next, items);
    EXPECT_LE(box->picture().cooling_high, box->stock_words.segments);
}

TEST(inbox, any_number_of_segments_and_slots_works_across_the_wrap_of_opening_numbers) {
    goes_round<Box<2, 1>>(20'000);
    goes_round<Box<3, 5>>(20'000);
    goes_round<Box<5, 3>>(20'000);
    goes_round<Box<8, 1>>(20'000);
    goes_round<Box<2, 64>>(50'000);
    goes_round<Box<64, 64>>(100'000);
}

// ---- many threads ----

// Producers put numbers of their own, takers that are readers claim them, one thread grants.
template <std::size_t segments, std::size_t slots>
class Crowd {
public:
    static constexpr std::size_t producers = 3, takers = 2;

    explicit Crowd(std::size_t each) : each_(each), stamps_(producers * each) {}

    void run() {
        std::vector<std::thread> first, second;
        for (std::size_t p = 0; p < producers; ++p) first.emplace_back([this, p] { produce(p); });
        for (std::size_t t = 0; t < takers; ++t) second.emplace_back([this] { take(); });
        std::thread collector([this] { collect(); });
        for (std::thread& thread : first) thread.join();
        box_->inbox.close();
        for (std::thread& thread : second) thread.join();
        over_.store(true, release);  // test
        collector.join();
        expect_all_once();
    }

private:
    void produce(std::size_t p) {
        for (std::size_t i = 0; i < each_;) {
            if (box_->put(p * each_ + i) == Submit::accepted)
                ++i;
            else
                std::this_thread::yield();
        }
    }
    void take() {
        std::atomic<std::uint64_t> first_period{0};
        platform::RcuReader reader;
        reader.enter(first_period);
        std::array<std::uint64_t, producers> next{};
        while (!box_->inbox.drained()) {
            reader.online();
            const Claim claim = box_->inbox.claim(7, takers);
            reader.offline();
            if (claim.count == 0) std::this_thread::yield();
            EXPECT_LE(claim.first + claim.count, slots);
            for (std::size_t i = 0; i < claim.count; ++i) stamp(box_->inbox.item(claim, i), next);
            if (claim.count > 0) box_->inbox.taken(claim);
        }
        reader.leave();
    }
    // A taker sees what a producer has put in the order in which it was put.
    void stamp(std::uint64_t item, std::array<std::uint64_t, producers>& next) {
        ASSERT_LT(item, stamps_.size());
        std::uint64_t& least = next[item / each_];
        EXPECT_GE(item % each_, least);
        least = item % each_ + 1;
        stamps_[item].fetch_add(1, relaxed);  // read after the join
    }
    void collect() {
        while (!over_.load(acquire)) {  // test
            granted_ += box_->period();
            std::this_thread::yield();
        }
        granted_ += box_->period();
    }
    void expect_all_once() {
        std::size_t wrong = 0;
        for (const auto& n : stamps_) wrong += n.load(relaxed) == 1 ? 0 : 1;  // after the join
        EXPECT_EQ(wrong, 0U);
        const auto& inbox = box_->inbox;
        EXPECT_EQ(inbox.accepted(), producers * each_);
        EXPECT_EQ(inbox.claimed(), producers * each_);
        EXPECT_EQ(box_->stock.recycled(), granted_);
        EXPECT_EQ(granted_, producers * each_ / slots) << "each segment that was used up, once";
        EXPECT_LE(box_->picture().cooling_high, segments);
        EXPECT_EQ(box_->picture().cooling, 0U);
    }

    std::size_t each_;
    std::vector<std::atomic<std::uint8_t>> stamps_;
    std::unique_ptr<Box<segments, slots>> box_ = std::make_unique<Box<segments, slots>>();
    std::atomic<bool> over_{false};
    std::uint64_t granted_ = 0;
};

TEST(inbox, many_producers_and_takers_pass_each_item_on_once_and_in_order) {
    constexpr std::size_t part = is_sanitized ? 10 : 1;
    Crowd<2, 1>(5'000 / part).run();
    Crowd<3, 5>(20'000 / part).run();
    Crowd<64, 64>(200'000 / part).run();
}

TEST(inbox, the_grace_thread_is_woken_when_few_segments_are_left) {
    Box<4, 1> box;
    for (std::uint64_t i = 0; i < 2; ++i) {
        ASSERT_EQ(box.put(i), Submit::accepted);
        EXPECT_EQ(box.take(1), (Numbers{i}));
        EXPECT_EQ(box.stock.wants_a_period(), i == 1);  // two of four are left
    }
    box.grace.announce();
    ASSERT_EQ(box.put(2), Submit::accepted);  // opens the third: wakes whoever sleeps there
    box.grace.sleep();                        // returns at once, or this test hangs
}

}  // namespace
}  // namespace stator
