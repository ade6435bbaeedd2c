// tests/grants_test.cpp - the segments of a node and the inboxes that share them: grants, quotas,
// the reserve and its end; counters begin just before they wrap.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <stator/core/grants.hpp>
#include <stator/core/inbox.hpp>
#include <stator/core/segment_stock.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {
namespace {

using std::memory_order::acquire, std::memory_order::relaxed, std::memory_order::release;

constexpr bool is_sanitized = platform::address_sanitizer || platform::thread_sanitizer;
constexpr std::uint64_t before_the_wrap = (std::uint64_t{1} << 48) - 3;

using Segments = std::vector<std::uint32_t>;

// ---- grants ----

TEST(grants, openings_are_given_in_their_order) {
    std::atomic<std::uint64_t> next{0};
    Grants<4> grants(next, before_the_wrap);
    for (std::uint64_t n = 0; n < 4; ++n)
        EXPECT_EQ(grants.granted(before_the_wrap + n), grants.none);
    for (const std::uint32_t segment : {3U, 0U, 2U}) grants.give(segment);
    EXPECT_EQ(grants.granted(before_the_wrap), 3U);
    EXPECT_EQ(grants.granted(before_the_wrap + 1), 0U);
    EXPECT_EQ(grants.granted(before_the_wrap + 2), 2U);
    EXPECT_EQ(grants.granted(before_the_wrap + 3), grants.none);
    EXPECT_EQ(next.load(relaxed), before_the_wrap + 3);  // one thread
}

TEST(grants, an_opening_is_open_when_that_has_been_said_and_not_before) {
    std::atomic<std::uint64_t> next{0};
    Grants<2> grants(next, before_the_wrap);
    EXPECT_EQ(grants.opened(before_the_wrap), grants.none);  // not even granted
    grants.give(1);
    grants.give(0);
    EXPECT_EQ(grants.opened(before_the_wrap), grants.none);
    grants.open(before_the_wrap);
    EXPECT_EQ(grants.opened(before_the_wrap), 1U);
    EXPECT_EQ(grants.granted(before_the_wrap), 1U);  // as before
    EXPECT_EQ(grants.opened(before_the_wrap + 1), grants.none);
}

TEST(grants, an_opening_that_is_over_is_neither_granted_nor_open_any_more) {
    std::atomic<std::uint64_t> next{0};
    Grants<2> grants(next, before_the_wrap);
    for (std::uint64_t n = before_the_wrap; n < before_the_wrap + 100; ++n) {
        grants.give(static_cast<std::uint32_t>(n % 2));
        grants.open(n);
        ASSERT_EQ(grants.opened(n), n % 2);
        if (n < before_the_wrap + 2) continue;
        ASSERT_EQ(grants.granted(n - 2), grants.none);
        ASSERT_EQ(grants.opened(n - 2), grants.none);
        ASSERT_EQ(grants.granted(n + 1), grants.none);
    }
}

TEST(grants, the_largest_number_of_segments_fits_into_an_entry) {
    constexpr std::size_t most = 32'766;
    std::atomic<std::uint64_t> next{0};
    const auto grants = std::make_unique<Grants<most>>(next, before_the_wrap);
    for (std::uint32_t s = 0; s < most; ++s) grants->give(s);
    for (std::uint32_t s = 0; s < most; ++s) {
        grants->open(before_the_wrap + s);
        ASSERT_EQ(grants->opened(before_the_wrap + s), s);
    }
}

// Method: each giver gives segments of its own; a third thread looks at the openings in turn.
TEST(grants, threads_that_give_at_once_give_each_segment_to_one_opening) {
    constexpr std::uint32_t each = 500;
    for (int round = 0; round < (is_sanitized ? 3 : 30); ++round) {
        std::atomic<std::uint64_t> next{0};
        const auto grants = std::make_unique<Grants<2 * each>>(next, before_the_wrap);
        std::vector<std::thread> givers;
        for (std::uint32_t g = 0; g < 2; ++g)
            givers.emplace_back([&, g] {
                for (std::uint32_t i = 0; i < each; ++i) grants->give(g * each + i);
            });
        std::array<std::uint32_t, 2> least{};
        Segments seen;
        while (seen.size() < 2 * each) {
            const std::uint32_t segment = grants->granted(before_the_wrap + seen.size());
            if (segment == grants->none) {
                std::this_thread::yield();
                continue;
            }
            ASSERT_EQ(segment % each, least[segment / each]++) << "those of one giver in turn";
            seen.push_back(segment);
        }
        for (std::thread& giver : givers) giver.join();
        EXPECT_EQ(next.load(relaxed), before_the_wrap + 2 * each);  // after the join
    }
}

// ---- the stock ----

constexpr std::uint64_t last_generations = (std::uint64_t{1} << 47) - 3;
template <std::size_t segments>
using StockOf = SegmentStock<std::uint64_t, 1, segments>;

template <typename Stock>
Segments draw_all(Stock& stock, std::uint32_t inbox) {
    Segments all;
    for (std::uint32_t s = stock.draw(inbox); s != stock.none; s = stock.draw(inbox))
        all.push_back(s);
    return all;
}

TEST(stock, the_reserve_gives_each_segment_once_and_then_none) {
    StockWords words;
    StockOf<5> stock(words, last_generations);
    for (int round = 0; round < 100; ++round) {
        Segments all = draw_all(stock, 7);
        EXPECT_EQ(stock.draw(7), stock.none);
        EXPECT_EQ(stock.held(7), 5U);
        EXPECT_EQ(stock.held(6), 0U);
        for (const std::uint32_t s : all) ASSERT_TRUE(stock.give_back(s, 0));
        EXPECT_EQ(stock.held(7), 0U);
        std::sort(all.begin(), all.end());
        ASSERT_EQ(all, (Segments{0, 1, 2, 3, 4}));
    }
    EXPECT_EQ(words.free.load(relaxed), 5U);  // one thread
    EXPECT_FALSE(stock.has_retired());
}

TEST(stock, a_segment_that_its_inbox_lacks_is_not_given_back) {
    StockWords words;
    StockOf<4> stock(words);
    const Segments all{stock.draw(1), stock.draw(1), stock.draw(1)};
    EXPECT_FALSE(stock.give_back(all[2], 3));
    EXPECT_EQ(stock.held(1), 3U);
    EXPECT_TRUE(stock.give_back(all[2], 2));
    EXPECT_FALSE(stock.give_back(all[1], 2));
    EXPECT_EQ(stock.held(1), 2U);
    EXPECT_EQ(draw_all(stock, 0).size(), 2U);
}

TEST(stock, threads_that_draw_and_give_back_never_hold_a_segment_together) {
    constexpr std::size_t segments = 5;
    StockWords words;
    StockOf<segments> stock(words, last_generations);
    std::array<std::atomic<int>, segments> owners{};
    std::atomic<int> doubled{0};
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < (is_sanitized ? 2'000 : 50'000); ++i) {
                const std::uint32_t mine = stock.draw(t);
                if (mine == stock.none) continue;
                if (owners[mine].fetch_add(1, relaxed) != 0)  // a count alone
                    doubled.fetch_add(1, relaxed);            // a count alone
                if (i % 64 == 0) std::this_thread::yield();
                owners[mine].fetch_sub(1, relaxed);  // a count alone
                ASSERT_TRUE(stock.give_back(mine, 0));
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(doubled.load(), 0);
    for (std::uint32_t t = 0; t < 3; ++t) EXPECT_EQ(stock.held(t), 0U);
    EXPECT_EQ(draw_all(stock, 0).size(), segments);
}

// ---- inboxes that share ----

// Two inboxes of one node, with segments of one slot: who puts an item in holds a segment.
template <std::size_t segments, std::size_t quota>
struct Shared {
    using Stock = StockOf<segments>;

    StockWords stock_words;
    std::array<InboxWords, 2> words;
    WaitWord grace;
    Stock stock{stock_words, last_generations};
    std::array<Inbox<Stock>, 2> inboxes{
        Inbox<Stock>(words[0], stock, grace, 0, quota, before_the_wrap),
        Inbox<Stock>(words[1], stock, grace, 1, quota, before_the_wrap)};

    Submit put(std::size_t i, std::uint64_t value = 0) {
        return inboxes[i]
            .put(1, [value](std::uint64_t& item, std::size_t) noexcept { item = value; })
            .answer;
    }
    // How many are accepted before the first is not, which is answered so.
    std::size_t fill(std::size_t i, Submit answer) {
        std::size_t n = 0;
        Submit last = put(i);
        for (; last == Submit::accepted; last = put(i)) ++n;
        EXPECT_EQ(last, answer);
        return n;
    }
    // Up to `n` items of an inbox: their segments are retired. How many there were.
    std::size_t take(std::size_t i, std::size_t n) {
        for (std::size_t k = 0; k < n; ++k) {
            const Claim claim = inboxes[i].claim(1, 1);
            if (claim.count == 0) return k;
            inboxes[i].taken(claim);
        }
        return n;
    }
    // A grace period without readers.
    std::size_t period() {
        return stock.grant(
            stock.collect(), [this](std::uint32_t i) { return inboxes[i].wants_back(); },
            [this](std::uint32_t i, std::uint32_t segment) { inboxes[i].give(segment); });
    }
};

TEST(quotas, a_burst_at_one_priority_uses_all_but_the_quota_of_the_other) {
    Shared<8, 3> node;
    EXPECT_EQ(node.stock.held(0), 3U);
    EXPECT_EQ(node.stock.held(1), 3U);
    EXPECT_EQ(node.fill(0, Submit::full), 5U);
    EXPECT_EQ(node.stock.held(0), 5U);
    EXPECT_EQ(node.fill(1, Submit::full), 3U);
    EXPECT_EQ(node.stock.draw(0), node.stock.none);
}

TEST(quotas, retired_segments_come_back_up_to_the_quota_and_others_go_to_the_reserve) {
    Shared<8, 3> node;
    ASSERT_EQ(node.fill(0, Submit::full), 5U);
    ASSERT_EQ(node.take(0, 5), 5U);
    EXPECT_EQ(node.stock.held(0), 0U);
    EXPECT_EQ(node.put(0), Submit::full_cooling);
    EXPECT_EQ(node.period(), 5U);
    EXPECT_EQ(node.stock.held(0), 3U);
    EXPECT_EQ(node.fill(1, Submit::full), 5U) << "its own three, and the two of the reserve";
    EXPECT_EQ(node.fill(0, Submit::full), 3U);
}

TEST(quotas, an_inbox_above_its_quota_gives_to_the_reserve_what_it_retires) {
    Shared<8, 3> node;
    ASSERT_EQ(node.fill(0, Submit::full), 5U);
    ASSERT_EQ(node.fill(1, Submit::full), 3U);
    ASSERT_EQ(node.take(0, 2), 2U);
    EXPECT_EQ(node.put(1), Submit::full_cooling);
    EXPECT_EQ(node.period(), 2U);
    EXPECT_EQ(node.stock.held(0), 3U);
    EXPECT_EQ(node.fill(1, Submit::full), 2U);
    EXPECT_EQ(node.put(0), Submit::full);
}

TEST(quotas, the_quota_is_kept_while_the_other_priority_takes_all_that_comes_back) {
    Shared<6, 2> node;
    for (int round = 0; round < 1000; ++round) {
        ASSERT_EQ(node.fill(0, Submit::full), 4U) << round;
        ASSERT_EQ(node.fill(1, Submit::full), 2U) << round;
        ASSERT_EQ(node.take(0, 4), 4U);
        ASSERT_EQ(node.take(1, 2), 2U);
        ASSERT_EQ(node.period(), 6U);
        ASSERT_EQ(node.stock.held(0), 2U);
        ASSERT_EQ(node.stock.held(1), 2U);
    }
}

TEST(quotas, a_reserve_that_is_exhausted_answers_full_and_with_segments_that_cool_full_cooling) {
    Shared<6, 2> node;
    ASSERT_EQ(node.fill(0, Submit::full), 4U);
    EXPECT_EQ(node.put(0), Submit::full);
    EXPECT_FALSE(node.stock.has_retired());
    ASSERT_EQ(node.put(1), Submit::accepted);
    ASSERT_EQ(node.take(1, 1), 1U);
    // It has been the other's, but what cools may come to the reserve.
    EXPECT_EQ(node.put(0), Submit::full_cooling);
    EXPECT_EQ(node.period(), 1U);
    EXPECT_EQ(node.stock.held(1), 2U) << "it went back";
    EXPECT_EQ(node.put(0), Submit::full);
}

// A producer draws from the reserve, and before it looks again the grace thread gives its inbox
// another segment: what the producer then gives back must not be missing from the quota.
TEST(quotas, a_segment_that_was_drawn_for_nothing_costs_its_inbox_no_quota) {
    Shared<6, 2> node;
    ASSERT_EQ(node.put(0), Submit::accepted);
    ASSERT_EQ(node.put(0), Submit::accepted);
    ASSERT_EQ(node.take(0, 2), 2U);
    const std::uint32_t drawn = node.stock.draw(0);
    EXPECT_EQ(node.period(), 2U);  // one of them goes to the reserve: with `drawn` it has two
    if (!node.stock.give_back(drawn, 2)) node.inboxes[0].give(drawn);
    EXPECT_EQ(node.stock.held(0), 2U);
    EXPECT_EQ(node.fill(1, Submit::full), 4U);
    EXPECT_EQ(node.fill(0, Submit::full), 2U);
}

// Method: the segment of inbox 0's third opening goes to the reserve and becomes that of inbox 1's
// third one. What was ready in the one must not seem to be in the other.
TEST(quotas, a_slot_that_was_ready_in_another_inbox_is_not_ready_in_this_one) {
    using Stock = SegmentStock<std::uint64_t, 2, 5>;
    StockWords stock_words;
    std::array<InboxWords, 2> words;
    WaitWord grace;
    Stock stock(stock_words);
    std::array<Inbox<Stock>, 2> inboxes{
        Inbox<Stock>(words[0], stock, grace, 0, 2, before_the_wrap),
        Inbox<Stock>(words[1], stock, grace, 1, 2, before_the_wrap)};
    const auto put = [&](std::size_t i, std::size_t n) {
        const auto fill = [](std::uint64_t& item, std::size_t k) noexcept { item = k; };
        return inboxes[i].put(n, fill).accepted;
    };
    ASSERT_EQ(put(0, 6), 6U);
    std::array<Claim, 3> claims;
    for (Claim& claim : claims) claim = inboxes[0].claim(2, 1);
    for (const std::size_t k : {2U, 0U, 1U}) inboxes[0].taken(claims[k]);
    ASSERT_EQ(stock.grant(
                  stock.collect(), [&](std::uint32_t i) { return inboxes[i].wants_back(); },
                  [&](std::uint32_t i, std::uint32_t segment) { inboxes[i].give(segment); }),
              3U);
    ASSERT_EQ(put(1, 5), 5U);
    for (const std::size_t count : {2U, 2U, 1U, 0U}) {
        const Claim claim = inboxes[1].claim(64, 1);
        ASSERT_EQ(claim.count, count);
        for (std::size_t k = 0; k < count; ++k) inboxes[1].item(claim, k) = 0;
    }
    EXPECT_FALSE(inboxes[1].has_ready());
    EXPECT_EQ(inboxes[1].claimed(), inboxes[1].accepted());
}

// Method: producers of both priorities, a taker and a grace thread go round; then all is still, and
// each inbox has its quota again.
TEST(quotas, under_load_no_segment_is_lost_and_quotas_are_whole_when_all_is_still) {
    constexpr std::size_t segments = 9, quota = 2;
    constexpr int each = is_sanitized ? 3'000 : 30'000;
    Shared<segments, quota> node;
    std::atomic<int> working{4};
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < 4; ++p)
        threads.emplace_back([&, p] {
            for (int i = 0; i < each;) {
                if (node.put(p % 2) == Submit::accepted)
                    ++i;
                else
                    std::this_thread::yield();
            }
            working.fetch_sub(1, release);  // test
        });
    std::size_t taken = 0;
    while (working.load(acquire) > 0 || taken < 4 * each) {  // test
        const std::size_t n = node.take(0, 2) + node.take(1, 3);
        taken += n;
        if (node.stock.has_retired()) (void)node.period();
        if (n == 0) std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    (void)node.period();
    EXPECT_EQ(node.stock_words.free.load(relaxed), segments);  // after the join
    EXPECT_EQ(node.stock_words.cooling(), 0U);
    EXPECT_GE(node.stock.held(0), quota);
    EXPECT_GE(node.stock.held(1), quota);
    const std::uint32_t held = node.stock.held(0) + node.stock.held(1);
    EXPECT_EQ(held + draw_all(node.stock, 2).size(), segments);
}

}  // namespace
}  // namespace stator
