// tests/run_ring_test.cpp - a worker's ring: order at both ends, fullness, thieves; positions begin
// just before their 32 bits wrap.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <stator/core/run_ring.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {
namespace {

using std::memory_order::acquire, std::memory_order::relaxed, std::memory_order::release;

constexpr bool is_sanitized = platform::address_sanitizer || platform::thread_sanitizer;
constexpr std::uint32_t before_the_wrap = UINT32_MAX - 2;

using Numbers = std::vector<std::uint64_t>;

// A task that says its number when it is run.
thread_local std::uint64_t said = 0;
void put_number(TaskBody& body, std::uint64_t n) {
    body.put<"number">([n] { said = n; });
}
std::uint64_t number_of(TaskBody& body) {
    EXPECT_EQ(body.kind->run(body.captures.data()), Outcome::done);
    return said;
}
std::uint64_t moved_out(TaskBody& cell) {
    TaskInHand hand;
    hand.body.take(cell);
    return number_of(hand.body);
}

// A ring whose owner and only thief is this test's thread.
template <std::size_t cells>
struct Box {
    using Ring = RunRing<cells>;

    Ring ring{before_the_wrap};
    typename Ring::Owner owner{ring};
    typename Ring::Thief thief{ring};

    bool push(std::uint64_t n) {
        return owner.push([n](TaskBody& body) { put_number(body, n); });
    }
    // first, first + 1, ..., the first of them oldest; published at once.
    std::uint32_t push_some(std::size_t most, std::uint64_t first) {
        const std::uint32_t n = owner.room(most);
        for (std::uint32_t i = 0; i < n; ++i)
            owner.stage(i, [&](TaskBody& body) { put_number(body, first + i); });
        owner.publish(n);
        return n;
    }
    // Nothing, or the number of the newest.
    Numbers pop() {
        TaskInHand hand;
        return owner.pop(hand.body) ? Numbers{number_of(hand.body)} : Numbers{};
    }
    Numbers steal(std::size_t most = cells) {
        Numbers all;
        const Steal answer =
            thief.steal(most, [&](TaskBody& cell) { all.push_back(moved_out(cell)); });
        EXPECT_EQ(answer, all.empty() ? Steal::empty : Steal::taken);
        return all;
    }
};

TEST(run_ring, an_empty_one_gives_nothing_to_its_owner_and_to_thieves) {
    Box<2> box;
    EXPECT_TRUE(box.pop().empty());
    EXPECT_TRUE(box.steal().empty());
    EXPECT_FALSE(box.thief.look());
    EXPECT_TRUE(box.thief.seems_empty());
    EXPECT_EQ(box.owner.size(), 0U);
    box.owner.migrate_half([](TaskBody&) { FAIL(); });
    ASSERT_TRUE(box.push(1));
    EXPECT_TRUE(box.thief.look());
    EXPECT_FALSE(box.thief.seems_empty());
    EXPECT_EQ(box.owner.size(), 1U);
    EXPECT_EQ(box.pop(), (Numbers{1}));
    EXPECT_TRUE(box.pop().empty());
    EXPECT_FALSE(box.thief.look());
}

TEST(run_ring, its_owner_takes_the_newest_and_a_thief_the_oldest) {
    Box<8> box;
    for (std::uint64_t n = 0; n < 5; ++n) ASSERT_TRUE(box.push(n));
    EXPECT_EQ(box.pop(), (Numbers{4}));
    EXPECT_EQ(box.steal(1), (Numbers{0}));
    EXPECT_EQ(box.pop(), (Numbers{3}));
    EXPECT_EQ(box.steal(1), (Numbers{1}));
    EXPECT_EQ(box.pop(), (Numbers{2}));
    EXPECT_TRUE(box.pop().empty());
}

TEST(run_ring, a_full_ring_refuses_and_keeps_what_it_has) {
    Box<4> box;
    for (std::uint64_t n = 0; n < 4; ++n) ASSERT_TRUE(box.push(n));
    bool filled = false;
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(box.owner.push([&](TaskBody&) { filled = true; }));
    EXPECT_EQ(box.owner.room(1), 0U);
    EXPECT_FALSE(filled);
    EXPECT_EQ(box.owner.size(), 4U);
    for (std::uint64_t n = 4; n-- > 0;) EXPECT_EQ(box.pop(), (Numbers{n}));
}

TEST(run_ring, a_thief_takes_half_rounded_up_and_no_more_than_it_wants) {
    for (std::uint64_t there = 1; there <= 16; ++there) {
        for (std::size_t most = 1; most <= 16; ++most) {
            Box<16> box;
            for (std::uint64_t n = 0; n < there; ++n) ASSERT_TRUE(box.push(n));
            const Numbers got = box.steal(most);
            ASSERT_EQ(got.size(), std::min<std::size_t>((there + 1) / 2, most));
            for (std::uint64_t n = 0; n < got.size(); ++n) ASSERT_EQ(got[n], n);
            ASSERT_EQ(box.owner.size(), there - got.size());
            ASSERT_EQ(box.pop(), got.size() < there ? Numbers{there - 1} : Numbers{});
        }
    }
}

TEST(run_ring, a_list_is_seen_by_nobody_before_it_is_published_and_then_as_a_whole) {
    Box<8> box;
    ASSERT_TRUE(box.push(0));
    ASSERT_EQ(box.owner.room(3), 3U);
    for (const std::uint32_t i : {2U, 0U, 1U})  // in any order
        box.owner.stage(i, [&](TaskBody& body) { put_number(body, 1 + i); });
    EXPECT_EQ(box.owner.size(), 1U);
    EXPECT_EQ(box.steal(), (Numbers{0}));
    EXPECT_FALSE(box.thief.look());
    box.owner.publish(3);
    EXPECT_EQ(box.owner.size(), 3U);
    EXPECT_EQ(box.steal(), (Numbers{1, 2}));
    EXPECT_EQ(box.pop(), (Numbers{3}));
}

TEST(run_ring, a_list_is_as_long_as_there_is_room) {
    Box<8> box;
    EXPECT_EQ(box.owner.room(100), 8U);
    EXPECT_EQ(box.owner.room(3), 3U);
    EXPECT_EQ(box.owner.room(0), 0U);
    ASSERT_EQ(box.push_some(5, 0), 5U);
    EXPECT_EQ(box.owner.room(100), 3U);
    ASSERT_EQ(box.push_some(100, 5), 3U);
    EXPECT_EQ(box.owner.room(100), 0U);
    EXPECT_EQ(box.steal(2), (Numbers{0, 1}));
    EXPECT_EQ(box.pop(), (Numbers{7}));
    EXPECT_EQ(box.owner.room(100), 3U);
}

// Method: what a thief does with each task is done here by the owner's thread, in the middle of the
// theft.
TEST(run_ring, a_cell_that_a_thief_has_not_done_with_is_not_filled) {
    Box<2> box;
    ASSERT_TRUE(box.push(0));
    ASSERT_TRUE(box.push(1));
    int seen = 0;
    bool filled = false;
    ASSERT_EQ(box.thief.steal(2,
                              [&](TaskBody& cell) {
                                  ++seen;
                                  EXPECT_EQ(box.owner.size(), 1U);
                                  EXPECT_EQ(box.owner.room(2), 0U);
                                  EXPECT_FALSE(box.owner.push([&](TaskBody&) { filled = true; }));
                                  EXPECT_EQ(moved_out(cell), 0U);
                                  EXPECT_FALSE(box.owner.push([&](TaskBody&) { filled = true; }));
                              }),
              Steal::taken);
    EXPECT_EQ(seen, 1);
    EXPECT_FALSE(filled);
    ASSERT_TRUE(box.push(2));
    EXPECT_EQ(box.pop(), (Numbers{2}));
    EXPECT_EQ(box.pop(), (Numbers{1}));
}

TEST(run_ring, an_owner_that_makes_room_moves_the_oldest_half_out) {
    Box<4> box;
    for (std::uint64_t n = 0; n < 4; ++n) ASSERT_TRUE(box.push(n));
    Numbers moved;
    box.owner.migrate_half([&](TaskBody& cell) { moved.push_back(moved_out(cell)); });
    EXPECT_EQ(moved, (Numbers{0, 1}));
    EXPECT_TRUE(box.push(4));
    EXPECT_TRUE(box.push(5));
    EXPECT_FALSE(box.push(6));
    for (const std::uint64_t n : {5U, 4U, 3U, 2U}) EXPECT_EQ(box.pop(), (Numbers{n}));
}

// A task that owns something, with captures that need their alignment.
struct alignas(16) Owning {
    std::unique_ptr<std::uint64_t> mine;
    std::shared_ptr<int> lives;
    void operator()() const {
        said = reinterpret_cast<std::uintptr_t>(this) % 16 == 0 ? *mine : UINT64_MAX;
    }
};
TEST(run_ring, tasks_that_own_memory_are_moved_at_both_ends_and_end_once) {
    Box<4> box;
    const auto lives = std::make_shared<int>(0);
    for (std::uint64_t round = 0; round < 100; ++round) {
        for (std::uint64_t n = 0; n < 4; ++n)
            ASSERT_TRUE(box.owner.push([&](TaskBody& body) {
                body.put<"owning">(Owning{std::make_unique<std::uint64_t>(n), lives});
            }));
        EXPECT_EQ(lives.use_count(), 5);
        EXPECT_EQ(box.steal(), (Numbers{0, 1}));
        EXPECT_EQ(box.pop(), (Numbers{3}));
        EXPECT_EQ(box.pop(), (Numbers{2}));
        EXPECT_EQ(lives.use_count(), 1);
    }
}

// Method: random steps are made with a list that can do the same; positions wrap again and again
// where a test starts just before the wrap and the tail goes to and fro over it.
template <std::size_t cells>
void behaves_as_a_list(unsigned steps) {
    Box<cells> box;
    std::deque<std::uint64_t> list;
    std::uint64_t next = 0, random = cells;
    for (unsigned step = 0; step < steps; ++step) {
        random = random * 6364136223846793005U + 1442695040888963407U;  // D. Knuth's MMIX
        const std::size_t n = random >> 33 & 3, kind = random >> 40 & 7;
        if (kind < 3) {
            ASSERT_EQ(box.push(next), list.size() < cells);
            if (list.size() < cells) list.push_back(next++);
        } else if (kind == 3) {
            const std::size_t room = std::min(n, cells - list.size());
            ASSERT_EQ(box.push_some(n, next), room);
            for (std::size_t i = 0; i < room; ++i) list.push_back(next++);
        } else if (kind < 6) {
            const Numbers got = box.pop();
            ASSERT_EQ(got.empty(), list.empty());
            if (got.empty()) continue;
            ASSERT_EQ(got[0], list.back());
            list.pop_back();
        } else {
            const Numbers got = box.steal(n + 1);
            ASSERT_EQ(got.size(), std::min((list.size() + 1) / 2, n + 1));
            for (const std::uint64_t number : got) {
                ASSERT_EQ(number, list.front());
                list.pop_front();
            }
        }
        ASSERT_EQ(box.owner.size(), list.size());
        ASSERT_EQ(box.thief.look(), !list.empty());
    }
}
TEST(run_ring, it_behaves_as_a_list_does_also_across_the_wrap_of_positions) {
    constexpr unsigned steps = is_sanitized ? 5'000 : 50'000;
    behaves_as_a_list<2>(steps);
    behaves_as_a_list<4>(steps);
    behaves_as_a_list<64>(steps);
}

TEST(run_ring, pops_of_an_owner_alone_lead_back_over_the_wrap) {
    Box<8> box;
    for (int round = 0; round < 1000; ++round) {
        for (std::uint64_t n = 0; n < 6; ++n) ASSERT_TRUE(box.push(n));
        for (std::uint64_t n = 6; n-- > 0;) ASSERT_EQ(box.pop(), (Numbers{n}));
        ASSERT_TRUE(box.pop().empty());
    }
    ASSERT_TRUE(box.push(7));
    EXPECT_EQ(box.steal(), (Numbers{7}));
}

// ---- many threads ----

// An owner pushes numbers and pops some of them; thieves take the others. Each is seen once, and a
// thief sees what it takes in the order in which it was pushed.
template <std::size_t cells>
void each_once(std::size_t tasks, std::size_t thieves) {
    auto ring = std::make_unique<RunRing<cells>>(before_the_wrap);
    std::vector<std::atomic<std::uint8_t>> stamps(tasks);
    const auto stamp = [&](std::uint64_t n) {
        stamps[n].fetch_add(1, relaxed);  // read after the join
    };
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < thieves; ++t)
        threads.emplace_back([&] {
            typename RunRing<cells>::Thief thief(*ring);
            std::uint64_t least = 0;
            const auto see = [&](TaskBody& cell) {
                const std::uint64_t n = moved_out(cell);
                EXPECT_GE(n, least);
                least = n + 1;
                stamp(n);
            };
            while (!over.load(acquire))  // test
                if (thief.steal(3, see) != Steal::taken) std::this_thread::yield();
        });
    typename RunRing<cells>::Owner owner(*ring);
    TaskInHand hand;
    for (std::uint64_t n = 0; n < tasks;) {
        if (owner.push([&](TaskBody& body) { put_number(body, n); }))
            ++n;
        else
            std::this_thread::yield();
        if (n % 5 == 0 && owner.pop(hand.body)) stamp(number_of(hand.body));
        if (n % 64 == 0) std::this_thread::yield();
    }
    while (owner.pop(hand.body)) stamp(number_of(hand.body));
    over.store(true, release);  // test
    for (std::thread& thread : threads) thread.join();
    std::size_t wrong = 0;
    for (const auto& n : stamps) wrong += n.load(relaxed) == 1 ? 0 : 1;  // after the join
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(owner.size(), 0U);
}
TEST(run_ring, an_owner_and_thieves_pass_each_task_on_once) {
    constexpr std::size_t part = is_sanitized ? 10 : 1;
    each_once<2>(20'000 / part, 1);
    each_once<4>(50'000 / part, 2);
    each_once<256>(200'000 / part, 3);
}

}  // namespace
}  // namespace stator
