// tests/intake_test.cpp - the inboxes and queues of a node together: which priority is taken, how
// long the others wait, and the bits that say where something is.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <stator/core/intake.hpp>
#include <stator/platform/cpu.hpp>
#include <stator/platform/rcu.hpp>

namespace stator {
namespace {

using std::memory_order::acq_rel, std::memory_order::acquire, std::memory_order::relaxed;

constexpr bool is_sanitized = platform::address_sanitizer || platform::thread_sanitizer;
constexpr std::uint64_t before_the_wrap = (std::uint64_t{1} << 48) - 3;

using Numbers = std::vector<std::uint64_t>;

constexpr std::uint64_t bit(unsigned i) {
    return std::uint64_t{1} << i;
}

// ---- who is next ----

TEST(ageing, the_highest_priority_is_chosen_while_nobody_has_waited_too_long) {
    for (unsigned high = 0; high < 64; ++high) {
        Ageing ageing;
        const std::uint64_t all = bit(high) | (bit(high) - 1);
        ASSERT_EQ(ageing.choose(bit(high), 2), high);
        ASSERT_EQ(ageing.choose(all, 1000), high);
        ASSERT_EQ(ageing.choose(bit(high) | bit(high / 2), 1000), high);
    }
}

TEST(ageing, who_is_alone_lets_nobody_wait) {
    Ageing ageing;
    for (int i = 0; i < 100; ++i) ASSERT_EQ(ageing.choose(bit(5), 2), 5U);
    EXPECT_EQ(ageing.passed, 0U);
    EXPECT_EQ(ageing.choose(bit(5) | bit(1), 2), 5U) << "the first that lets somebody wait";
    EXPECT_EQ(ageing.choose(bit(5) | bit(1), 2), 1U);
}

TEST(ageing, one_of_so_many_claims_goes_to_the_next_of_those_that_wait_in_turn) {
    Ageing ageing;
    std::vector<unsigned> chosen;
    for (int i = 0; i < 12; ++i) chosen.push_back(ageing.choose(0b1111, 2));
    EXPECT_EQ(chosen, (std::vector<unsigned>{3, 2, 3, 1, 3, 0, 3, 2, 3, 1, 3, 0}));
    chosen.clear();
    for (int i = 0; i < 6; ++i) chosen.push_back(ageing.choose(0b1111, 1));
    EXPECT_EQ(chosen, (std::vector<unsigned>{2, 1, 0, 2, 1, 0})) << "with 1 the highest waits too";
}

// Method: for every priority, from many states of the worker's memory, the others come and go as a
// random number says.
TEST(ageing, whoever_waits_is_chosen_after_at_most_ageing_times_the_other_priorities_claims) {
    std::uint64_t random = 1;
    const auto next = [&] {
        random = random * 6364136223846793005U + 1442695040888963407U;  // D. Knuth's MMIX
        return random ^ random >> 29;
    };
    for (const unsigned priorities : {2U, 3U, 8U, 64U}) {
        const std::uint64_t all = bit(priorities - 1) | (bit(priorities - 1) - 1);
        for (const unsigned ageing : {1U, 2U, 8U}) {
            for (unsigned waits = 0; waits + 1 < priorities; ++waits) {
                Ageing memory{.passed = static_cast<unsigned>(next() % ageing),
                              .last = static_cast<unsigned>(next() % priorities)};
                for (int style = 0; style < 4; ++style) {
                    unsigned claims = 1;
                    // All there, a few there, the highest and it alone.
                    const auto others = [&]() -> std::uint64_t {
                        if (style == 0) return all;
                        if (style == 1) return bit(priorities - 1);
                        return (next() & (style == 2 ? all : all & next())) | bit(priorities - 1);
                    };
                    while (memory.choose(others() | bit(waits), ageing) != waits) ++claims;
                    ASSERT_LE(claims, ageing * (priorities - 1))
                        << waits << " of " << priorities << ", " << style;
                }
            }
        }
    }
}

TEST(ageing, the_bound_is_reached_by_the_lowest_where_all_are_there) {
    for (const unsigned priorities : {2U, 3U, 8U, 64U}) {
        for (const unsigned ageing : {1U, 2U, 8U}) {
            Ageing memory;
            const std::uint64_t all = bit(priorities - 1) | (bit(priorities - 1) - 1);
            unsigned claims = 1;
            while (memory.choose(all, ageing) != 0) ++claims;
            EXPECT_EQ(claims, ageing * (priorities - 1));
        }
    }
}

// ---- the places ----

thread_local std::uint64_t said = 0;

struct Numbered : Task {
    explicit Numbered(std::uint64_t n = 0) : Task([](Task&) { return Outcome::done; }), number(n) {}
    std::uint64_t number;
};

// An intake whose one taker and grace thread is this test's thread.
template <std::size_t priorities>
struct Box {
    using IntakeT = Intake<2, 4 * priorities, priorities>;

    StockWords stock_words;
    std::array<InboxWords, priorities> words;
    WaitWord grace;
    IntakeT intake{stock_words, words, grace, 2, before_the_wrap};

    Submit put(unsigned priority, std::uint64_t n) {
        const auto fill = [n](TaskBody& body, std::size_t) noexcept {
            body.put<"number">([n] { said = n; });
        };
        return intake.put(priority, 1, fill).answer;
    }
    // A claim of one priority, by value.
    Numbers take(unsigned priority, std::size_t most = 64) {
        Numbers all;
        auto& inbox = intake.inbox(priority);
        const Claim claim = inbox.claim(most, 1);
        for (std::size_t i = 0; i < claim.count; ++i) {
            TaskInHand hand;
            hand.body.take(inbox.item(claim, i));
            (void)hand.body.kind->run(hand.body.captures.data());
            all.push_back(said);
        }
        if (claim.count > 0) inbox.taken(claim);
        return all;
    }
    Numbers take_linked(unsigned priority, std::size_t most = 64) {
        Numbers all;
        (void)intake.queue(priority).take(
            most, [&](Task& task) { all.push_back(static_cast<Numbered&>(task).number); });
        return all;
    }
    bool push(unsigned priority, Numbered& task) {
        TaskBatch batch(task);
        return intake.push(priority, batch);
    }
};

TEST(intake, a_bit_says_which_priorities_have_something) {
    Box<64> box;
    Numbered task(1);
    EXPECT_EQ(box.intake.ready(), 0U);
    EXPECT_FALSE(box.intake.look());
    ASSERT_EQ(box.put(63, 0), Submit::accepted);
    ASSERT_EQ(box.put(0, 0), Submit::accepted);
    ASSERT_TRUE(box.push(17, task));
    EXPECT_EQ(box.intake.ready(), bit(63) | bit(17) | bit(0));
    EXPECT_TRUE(box.intake.look());
    EXPECT_EQ(box.take_linked(17), (Numbers{1}));
    EXPECT_EQ(box.intake.ready(), bit(63) | bit(17) | bit(0)) << "who finds nothing clears it";
    EXPECT_TRUE(box.intake.clear(17));
    EXPECT_EQ(box.intake.ready(), bit(63) | bit(0));
}

TEST(intake, a_bit_is_not_cleared_where_there_is_something) {
    Box<3> box;
    Numbered task(1);
    ASSERT_EQ(box.put(1, 0), Submit::accepted);
    EXPECT_FALSE(box.intake.clear(1));
    EXPECT_EQ(box.intake.ready(), bit(1));
    EXPECT_EQ(box.take(1), (Numbers{0}));
    EXPECT_TRUE(box.intake.clear(1));
    ASSERT_TRUE(box.push(1, task));
    EXPECT_FALSE(box.intake.clear(1));
    EXPECT_EQ(box.take_linked(1), (Numbers{1}));
    EXPECT_TRUE(box.intake.clear(1));
    EXPECT_EQ(box.intake.ready(), 0U);
}

TEST(intake, who_looks_is_not_misled_by_a_bit_behind_which_nothing_is) {
    Box<3> box;
    box.intake.mark(2);
    EXPECT_EQ(box.intake.ready(), bit(2));
    EXPECT_FALSE(box.intake.look());
    ASSERT_EQ(box.put(0, 7), Submit::accepted);
    EXPECT_TRUE(box.intake.look());
    EXPECT_EQ(box.take(0), (Numbers{7}));
    EXPECT_FALSE(box.intake.look());
}

TEST(intake, with_one_priority_nobody_needs_a_bit) {
    Box<1> box;
    Numbered task(1);
    EXPECT_EQ(box.intake.ready(), 1U);
    EXPECT_FALSE(box.intake.look());
    EXPECT_TRUE(box.intake.clear(0));
    EXPECT_EQ(box.intake.ready(), 1U);
    ASSERT_EQ(box.put(0, 0), Submit::accepted);
    EXPECT_TRUE(box.intake.look());
    EXPECT_EQ(box.take(0), (Numbers{0}));
    EXPECT_FALSE(box.intake.look());
    ASSERT_TRUE(box.push(0, task));
    EXPECT_TRUE(box.intake.look());
    EXPECT_EQ(box.take_linked(0), (Numbers{1}));
    EXPECT_FALSE(box.intake.look());
}

TEST(intake, priorities_do_not_see_each_others_tasks_and_keep_their_order) {
    Box<3> box;
    for (std::uint64_t i = 0; i < 3; ++i)
        for (unsigned p = 0; p < 3; ++p) ASSERT_EQ(box.put(p, 10 * p + i), Submit::accepted);
    for (std::uint64_t p = 3; p-- > 0;) {
        const auto priority = static_cast<unsigned>(p);
        EXPECT_EQ(box.take(priority), (Numbers{10 * p, 10 * p + 1}));  // a segment
        EXPECT_EQ(box.take(priority), (Numbers{10 * p + 2}));
        EXPECT_TRUE(box.take(priority).empty());
    }
}

TEST(intake, a_priority_that_is_full_leaves_the_others_their_quota) {
    Box<3> box;
    std::size_t n = 0;
    while (box.put(0, n) == Submit::accepted) ++n;
    EXPECT_EQ(n, 2U * 8) << "twelve segments of two, less two quotas of two segments";
    for (unsigned p = 1; p < 3; ++p) {
        for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ(box.put(p, i), Submit::accepted);
        EXPECT_EQ(box.put(p, 4), Submit::full);
    }
    Numbered task;
    EXPECT_TRUE(box.push(0, task)) << "intrusive tasks are never refused for lack of room";
}

TEST(intake, what_retired_goes_back_to_its_priority_and_the_rest_to_all) {
    Box<2> box;
    for (int round = 0; round < 100; ++round) {
        std::size_t n = 0;
        for (; box.put(1, n) == Submit::accepted; ++n) ASSERT_LT(n, 12U);
        ASSERT_EQ(n, 12U) << "eight segments of two, less the other's quota";
        for (std::size_t taken = 0; taken < n;) taken += box.take(1).size();
        EXPECT_TRUE(box.intake.wants_a_period());
        ASSERT_EQ(box.intake.grant(box.intake.collect()), 6U);
        ASSERT_EQ(box.intake.stock().held(0), 2U);
        ASSERT_EQ(box.intake.stock().held(1), 2U);
    }
}

TEST(intake, a_closed_one_refuses_both_forms_and_is_drained_when_every_place_is) {
    Box<2> box;
    Numbered first(1), second(2);
    ASSERT_EQ(box.put(0, 0), Submit::accepted);
    ASSERT_TRUE(box.push(1, first));
    box.intake.close();
    EXPECT_EQ(box.put(0, 1), Submit::closed);
    EXPECT_EQ(box.put(1, 1), Submit::closed);
    EXPECT_FALSE(box.push(0, second));
    TaskBatch again(second);
    EXPECT_FALSE(box.intake.push(0, again));
    EXPECT_EQ(again.size(), 1U);
    EXPECT_EQ(box.intake.ready(), bit(1) | bit(0)) << "what is refused sets no bit";
    EXPECT_FALSE(box.intake.drained());
    EXPECT_EQ(box.take(0), (Numbers{0}));
    EXPECT_FALSE(box.intake.drained());
    EXPECT_EQ(box.take_linked(1), (Numbers{1}));
    EXPECT_TRUE(box.intake.drained());
}

// ---- many threads ----

// Method: producers of both forms and of every priority; takers follow the bits alone, as workers
// do, and clear those behind which they find nothing. A task whose bit was lost would stay.
TEST(intake, no_task_stays_behind_a_bit_that_was_cleared) {
    constexpr unsigned priorities = 3;
    constexpr std::size_t takers = 2, each = is_sanitized ? 1'000 : 10'000;
    constexpr std::size_t all = 2 * priorities * each;
    const auto box = std::make_unique<Box<priorities>>();
    std::vector<std::atomic<std::uint8_t>> stamps(all);
    std::vector<Numbered> linked(all / 2);
    std::atomic<std::size_t> left{all};
    std::vector<std::thread> threads;
    for (unsigned p = 0; p < priorities; ++p) {
        threads.emplace_back([&, p] {
            for (std::size_t i = 0; i < each;) {
                if (box->put(p, p * each + i) == Submit::accepted)
                    ++i;
                else
                    std::this_thread::yield();
            }
        });
        threads.emplace_back([&, p] {
            for (std::size_t i = 0; i < each; ++i) {
                Numbered& task = linked[p * each + i];
                task.number = all / 2 + p * each + i;
                ASSERT_TRUE(box->push(p, task));
                if (i % 64 == 0) std::this_thread::yield();
            }
        });
    }
    for (std::size_t t = 0; t < takers; ++t)
        threads.emplace_back([&] {
            std::atomic<std::uint64_t> first_period{0};
            platform::RcuReader reader;
            reader.enter(first_period);
            Ageing ageing;
            while (left.load(acquire) > 0) {  // test
                const std::uint64_t bits = box->intake.ready();
                if (bits == 0) {
                    std::this_thread::yield();
                    continue;
                }
                const unsigned p = ageing.choose(bits, 4);
                reader.online();
                Numbers got = box->take(p, 5);
                for (const std::uint64_t n : box->take_linked(p, 5)) got.push_back(n);
                // While we took from the queue others saw nothing there.
                if (!box->intake.queue(p).seems_empty()) box->intake.mark(p);
                if (got.empty()) (void)box->intake.clear(p);
                reader.offline();
                for (const std::uint64_t n : got)
                    stamps[n].fetch_add(1, relaxed);  // after the join
                left.fetch_sub(got.size(), acq_rel);  // test
            }
            reader.leave();
        });
    while (left.load(acquire) > 0) {  // test
        const std::uint32_t first = box->intake.collect();
        platform::rcu_synchronize();
        (void)box->intake.grant(first);
        std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    std::size_t wrong = 0;
    for (const auto& n : stamps) wrong += n.load(relaxed) == 1 ? 0 : 1;  // after the join
    EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace stator
