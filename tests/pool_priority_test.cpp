// tests/pool_priority_test.cpp - priorities: the highest first, how long others wait at most, and
// what a flood at one leaves to the others.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "pool_tools.hpp"

namespace stator::test {
namespace {

using std::memory_order::acquire, std::memory_order::relaxed, std::memory_order::release;
using Numbers = std::vector<int>;

// One worker that takes one task at a time from `p` priorities.
template <std::size_t p, unsigned of_claims>
inline constexpr Board aged = pool_board(one_taker, {.segments = 2 * p + 64,
                                                     .slots_per_segment = 16,
                                                     .claim_max = 1,
                                                     .priorities = p,
                                                     .ageing = of_claims});

// An intrusive task that writes its priority down.
struct Leveled : Task {
    Leveled(Numbers& where, int at) : Task(run), starts(&where), priority(at) {}
    static Outcome run(Task& self) {
        const auto& mine = static_cast<Leveled&>(self);
        mine.starts->push_back(mine.priority);
        return Outcome::done;
    }
    Numbers* starts;
    int priority;
};

// The priorities of tasks in the order in which one worker started them. `flood` tasks wait at the
// highest priority and `each` at every other one when it begins.
template <const Board& b>
Numbers starts_under_a_flood(int flood, int each, bool intrusive) {
    constexpr int highest = static_cast<int>(b.pool.priorities) - 1;
    Scheduler<b> scheduler;
    start(scheduler);
    Held held;
    held.hold(scheduler);
    Numbers starts;
    std::deque<Leveled> tasks;
    for (int priority = 0; priority <= highest; ++priority)
        for (int i = 0; i < (priority == highest ? flood : each); ++i) {
            const TaskOptions to{.priority = priority};
            const Submit answer =
                intrusive && priority < highest
                    ? scheduler.submit(to, tasks.emplace_back(starts, priority))
                    : scheduler.submit(to, [&starts, priority] { starts.push_back(priority); });
            EXPECT_EQ(answer, Submit::accepted);
        }
    held.open();
    scheduler.stop();
    return starts;
}

constexpr Board all_levels = pool_board(
    one_taker, {.segments = 130, .slots_per_segment = 4, .priorities = 64, .ageing = 100});

TEST(pool_priority, of_64_priorities_the_highest_that_waits_is_always_next) {
    Scheduler<all_levels> scheduler;
    start(scheduler);
    Held held;
    held.hold(scheduler);
    Numbers starts;
    for (int i = 0; i < 64; ++i) {
        const int priority = i * 29 % 64;
        ASSERT_EQ(scheduler.submit({.priority = priority},
                                   [&starts, priority] { starts.push_back(priority); }),
                  Submit::accepted);
    }
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.inboxes[0].waiting_at, std::vector<std::uint64_t>(64, 1));
    held.open();
    scheduler.stop();
    ASSERT_EQ(starts.size(), 64U);
    EXPECT_TRUE(std::is_sorted(starts.rbegin(), starts.rend()));
}

TEST(pool_priority, a_task_of_any_of_64_priorities_wakes_a_worker_that_sleeps) {
    Scheduler<all_levels> scheduler;
    start(scheduler);
    Count runs;
    for (int i = 0; i < 128; ++i) {
        wait_until_all_sleep(scheduler);
        ASSERT_EQ(scheduler.submit({.priority = i * 29 % 64}, [&runs] { runs.add(); }),
                  Submit::accepted);
        while (runs.value() != i + 1) std::this_thread::yield();  // or this test hangs
    }
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 128U);
}

TEST(pool_priority, a_task_without_a_priority_has_the_boards_usual_one) {
    static constexpr Board usual =
        pool_board(one_taker, {.segments = 8, .priorities = 3, .usual_priority = 1});
    Scheduler<usual> scheduler;
    start(scheduler);
    Held held;
    held.hold(scheduler);
    Numbers starts;
    const auto named = [&starts](int n) { return [&starts, n] { starts.push_back(n); }; };
    EXPECT_EQ(scheduler.submit({.priority = 0}, named(0)), Submit::accepted);
    EXPECT_EQ(scheduler.submit({}, named(1)), Submit::accepted);
    EXPECT_EQ(scheduler.submit({.priority = 2}, named(2)), Submit::accepted);
    EXPECT_EQ(scheduler.pool_report().inboxes[0].waiting_at, (std::vector<std::uint64_t>{1, 1, 1}));
    held.open();
    scheduler.stop();
    EXPECT_EQ(starts, (Numbers{2, 1, 0}));
}

// ---- Ageing: of every `ageing` claims one goes to the next that waits ----

template <std::size_t p, unsigned ageing>
void expect_the_turns_of_one_each(bool intrusive) {
    SCOPED_TRACE(std::to_string(p) + " priorities, ageing " + std::to_string(ageing));
    constexpr auto bound = static_cast<std::size_t>(ageing) * (p - 1);
    const Numbers starts =
        starts_under_a_flood<aged<p, ageing>>(static_cast<int>(bound) + 50, 1, intrusive);
    Numbers wanted;
    for (int lower = static_cast<int>(p) - 2; lower >= 0; --lower) {
        for (unsigned i = 1; i < ageing; ++i) wanted.push_back(static_cast<int>(p) - 1);
        wanted.push_back(lower);
    }
    ASSERT_EQ(wanted.size(), bound);
    ASSERT_GE(starts.size(), bound);
    EXPECT_EQ(Numbers(starts.begin(), starts.begin() + static_cast<std::ptrdiff_t>(bound)), wanted);
    EXPECT_EQ(wanted.back(), 0) << "the lowest comes last, just within the bound";
}
TEST(pool_priority,
     under_a_flood_of_the_highest_each_other_one_is_served_in_turn_within_the_bound) {
    for (const bool intrusive : {false, true}) {
        SCOPED_TRACE(intrusive ? "intrusive" : "by value");
        expect_the_turns_of_one_each<2, 8>(intrusive);
        expect_the_turns_of_one_each<3, 4>(intrusive);
        expect_the_turns_of_one_each<8, 2>(intrusive);
        expect_the_turns_of_one_each<64, 8>(intrusive);
        expect_the_turns_of_one_each<3, 1>(intrusive);
    }
}

// From one start of a priority to its next one, while it waits all the time.
template <std::size_t p, unsigned ageing>
void expect_the_bound_again_and_again() {
    SCOPED_TRACE(std::to_string(p) + " priorities, ageing " + std::to_string(ageing));
    constexpr int each = 8;
    constexpr int bound = static_cast<int>(ageing * (p - 1));
    const Numbers starts = starts_under_a_flood<aged<p, ageing>>(bound * each + 50, each, false);
    std::array<int, p> last{}, most{};
    for (int i = 0; i < bound * each; ++i) {
        const auto priority = static_cast<std::size_t>(starts.at(static_cast<std::size_t>(i)));
        most[priority] = std::max(most[priority], i + 1 - last[priority]);
        last[priority] = i + 1;
    }
    for (std::size_t priority = 0; priority + 1 < p; ++priority) {
        EXPECT_EQ(std::count(starts.begin(), starts.end(), static_cast<int>(priority)), each);
        EXPECT_LE(most[priority], bound) << priority;
        EXPECT_GT(last[priority], bound * (each - 1)) << priority << " had no more turns than due";
    }
}
TEST(pool_priority, the_bound_holds_from_each_turn_to_the_next) {
    expect_the_bound_again_and_again<2, 8>();
    expect_the_bound_again_and_again<4, 3>();
    expect_the_bound_again_and_again<16, 2>();
}

// The highest is never empty: each of its tasks hands itself over again.
TEST(pool_priority, the_lowest_is_served_within_the_bound_of_a_flood_that_never_ends) {
    constexpr unsigned ageing = 8;
    static constexpr Board b = aged<4, ageing>;
    using S = Scheduler<b>;
    struct Flood {
        S* scheduler;
        Count* links;
        Door* end;
        void operator()() const {
            links->add();
            while (!end->is_open())
                if (scheduler->submit({.priority = 3}, *this) == Submit::accepted) return;
        }
    };
    S scheduler;
    start(scheduler);
    Held held;
    held.hold(scheduler);
    Count links;
    Door end;
    int at_start = -1;
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(scheduler.submit({.priority = 3}, Flood{&scheduler, &links, &end}),
                  Submit::accepted);
    ASSERT_EQ(scheduler.submit({.priority = 0},
                               [&] {
                                   at_start = links.value();
                                   end.open();
                               }),
              Submit::accepted);
    held.open();
    end.pass();  // or this test hangs
    scheduler.stop();
    EXPECT_EQ(at_start, ageing - 1) << "nobody else waits";
}

// ---- Quotas ----

constexpr std::size_t levels = 5, quota = 2, reserve = 7, slots = 4;
constexpr Board shared_stock = pool_board(one_taker, {.segments = levels * quota + reserve,
                                                      .slots_per_segment = slots,
                                                      .priorities = levels,
                                                      .quota = quota});
using Shared = Scheduler<shared_stock>;

// Hands over at `priority` until every segment that it may use holds tasks that wait: how many.
std::size_t fill(Shared& scheduler, int priority, Count& runs) {
    for (std::size_t n = 0;;) {
        const Submit answer = scheduler.submit({.priority = priority}, [&runs] { runs.add(); });
        if (answer == Submit::accepted)
            ++n;
        else if (answer == Submit::full)
            return n;
        else
            std::this_thread::yield();  // memory is on its way back, or this test hangs
    }
}

TEST(pool_priority, a_flood_takes_the_reserve_and_leaves_every_other_quota_usable) {
    for (const int flooded : {1, 4}) {
        SCOPED_TRACE(flooded);
        Shared scheduler;
        start(scheduler);
        Held held;
        held.hold(scheduler);  // a slot of priority 0
        Count runs;
        std::size_t sum = fill(scheduler, flooded, runs);
        EXPECT_EQ(sum, (quota + reserve) * slots);
        for (int priority = 1; priority < static_cast<int>(levels); ++priority) {
            if (priority == flooded) continue;
            const std::size_t n = fill(scheduler, priority, runs);
            EXPECT_EQ(n, quota * slots) << priority;
            sum += n;
        }
        const std::size_t of_usual = fill(scheduler, 0, runs);
        EXPECT_EQ(of_usual, quota * slots - 1);
        held.open();
        scheduler.stop();
        EXPECT_EQ(static_cast<std::size_t>(runs.value()), sum + of_usual);
    }
}

TEST(pool_priority, segments_come_back_to_their_quotas_and_the_reserve_moves_by_demand) {
    Shared scheduler;
    start(scheduler);
    Count runs;
    std::size_t sum = 0;
    for (int round = 0; round < (is_sanitized ? 10 : 40); ++round) {
        Held held;
        held.hold(scheduler);
        const int flooded = 1 + round % static_cast<int>(levels - 1);
        const std::size_t n = fill(scheduler, flooded, runs);
        EXPECT_EQ(n, (quota + reserve) * slots) << "round " << round;
        sum += n;
        for (int priority = 1; priority < static_cast<int>(levels); ++priority) {
            if (priority == flooded) continue;
            const std::size_t others = fill(scheduler, priority, runs);
            EXPECT_EQ(others, quota * slots) << "round " << round << ", priority " << priority;
            sum += others;
        }
        held.open();
        while (static_cast<std::size_t>(runs.value()) < sum) std::this_thread::yield();
    }
    scheduler.stop();
    EXPECT_EQ(static_cast<std::size_t>(runs.value()), sum);
    EXPECT_EQ(scheduler.pool_report().accepted, scheduler.pool_report().executed);
}

// Producers flood one priority while another one hands over now and then: it is never refused, as
// what it uses is less than its quota.
TEST(pool_priority, a_priority_within_its_quota_is_never_full_while_others_flood) {
    Shared scheduler;
    start(scheduler);
    Count runs, rare;
    Door end;
    std::vector<std::thread> producers;
    for (const int priority : {1, 4})
        producers.emplace_back([&, priority] {
            while (!end.is_open())
                if (scheduler.submit({.priority = priority}, [&runs] { runs.add(); }) !=
                    Submit::accepted)
                    std::this_thread::yield();
        });
    for (int i = 0; i < (is_sanitized ? 300 : 3000); ++i) {
        Submit answer = Submit::full_cooling;
        while (answer == Submit::full_cooling)  // a quota that is lost makes this test hang
            answer = scheduler.submit({.priority = 2}, [&rare] { rare.add(); });
        ASSERT_EQ(answer, Submit::accepted);
        while (rare.value() != i + 1) std::this_thread::yield();  // or this test hangs
    }
    end.open();
    for (std::thread& producer : producers) producer.join();
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().accepted, scheduler.pool_report().executed);
}

}  // namespace
}  // namespace stator::test
