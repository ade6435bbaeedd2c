// tests/pool_stress_test.cpp - exactly once: bursts, small segments, many producers, long runs.
//
// The scenarios of wpool's own stress tests, and longer: STATOR_TESTS_LONG runs 100 times as many.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "pool_boards.hpp"

namespace stator::test {
namespace {

using std::memory_order::acquire, std::memory_order::relaxed, std::memory_order::release;

// Each task has a ticket; at the end every ticket has been stamped once.
class Tickets {
public:
    explicit Tickets(std::size_t n) : stamps_(new std::atomic<std::uint8_t>[n]()), n_(n) {}
    void stamp(std::size_t i) { stamps_[i].fetch_add(1, relaxed); }  // counted after the join
    void expect_once() const {
        std::size_t lost = 0, doubled = 0;
        for (std::size_t i = 0; i < n_; ++i) {
            lost += stamps_[i].load(relaxed) == 0 ? 1 : 0;    // after the join
            doubled += stamps_[i].load(relaxed) > 1 ? 1 : 0;  // after the join
        }
        EXPECT_EQ(lost, 0U);
        EXPECT_EQ(doubled, 0U);
    }

private:
    std::unique_ptr<std::atomic<std::uint8_t>[]> stamps_;
    std::size_t n_;
};

// `producers` threads hand over `each` tasks in bursts; then everything has been run exactly once.
template <typename S>
void exactly_once(std::size_t producers, std::size_t each) {
    S scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Tickets tickets(producers * each);
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < producers; ++p)
        threads.emplace_back([&, p] {
            for (std::size_t i = 0; i < each; ++i) {
                submit_or_wait(scheduler, [&tickets, at = p * each + i] { tickets.stamp(at); });
                if (i % 128 == 127) std::this_thread::yield();  // a burst has ended
            }
        });
    for (std::thread& thread : threads) thread.join();
    scheduler.stop();
    tickets.expect_once();
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.accepted, producers * each);
    EXPECT_EQ(r.executed, producers * each);
    EXPECT_LE(r.inboxes[0].cooling_high_water, r.inboxes[0].segments);
}

template <typename S>
void with_any_number_of_producers() {
    constexpr std::size_t tasks = is_sanitized ? 2'000 : 20'000;
    for (const std::size_t producers : {1U, 2U, 4U, 8U}) {
        SCOPED_TRACE(std::to_string(producers) + " producers");
        exactly_once<S>(producers, tasks / producers);
    }
}

TEST(exactly_once, two_segments_of_one_slot_one_worker) {
    with_any_number_of_producers<Scheduler<one_with<2, 1>>>();
}
TEST(exactly_once, two_segments_of_one_slot_two_workers) {
    with_any_number_of_producers<Scheduler<two_with<2, 1>>>();
}
TEST(exactly_once, eight_segments_of_one_slot) {
    with_any_number_of_producers<Scheduler<one_with<8, 1>>>();
    with_any_number_of_producers<Scheduler<two_with<8, 1>>>();
}
TEST(exactly_once, four_segments_of_four_slots) {
    with_any_number_of_producers<Scheduler<one_with<4, 4>>>();
    with_any_number_of_producers<Scheduler<two_with<4, 4>>>();
}
TEST(exactly_once, two_segments_of_64_slots) {
    with_any_number_of_producers<Scheduler<one_with<2, 64>>>();
    with_any_number_of_producers<Scheduler<two_with<2, 64>>>();
}

TEST(exactly_once, sixty_four_segments_of_64_slots) {
    with_any_number_of_producers<Scheduler<one_with<64, 64>>>();
    with_any_number_of_producers<Scheduler<two_with<64, 64>>>();
}

// Segments go from one priority to another, so that openings of one number meet in them.
constexpr Board three_priorities = pool_board(
    two_takers,
    {.segments = 9, .slots_per_segment = 16, .priorities = 3, .ageing = 2, .run_ring = 4});
TEST(exactly_once, priorities_that_share_segments_and_tasks_that_hand_over_batches) {
    constexpr std::size_t tasks = is_sanitized ? 5'000 : 50'000, each = 8;
    Scheduler<three_priorities> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    Tickets tickets(tasks), inner(tasks * each);
    std::atomic<std::size_t> handed_over{0};
    // Those of the usual priority go to the ring, as far as its four cells take them.
    const auto work = [&](std::size_t i) {
        tickets.stamp(i);
        struct Inner {
            Tickets* tickets;
            std::size_t at;
            void operator()() const { tickets->stamp(at); }
        };
        std::array<Inner, each> batch;
        for (std::size_t k = 0; k < each; ++k) batch[k] = {&inner, i * each + k};
        const Batched done = scheduler.submit_all({.priority = static_cast<int>(i / 4 % 3)}, batch);
        for (std::size_t k = done.accepted; k < each; ++k) inner.stamp(i * each + k);  // refused
        handed_over.fetch_add(done.accepted, relaxed);  // read after the join
    };
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < 4; ++p)
        threads.emplace_back([&, p] {
            for (std::size_t i = p; i < tasks; i += 4) {
                const TaskOptions to{.priority = static_cast<int>(i / 4 % 3)};
                while (scheduler.submit(to, [&work, i] { work(i); }) != Submit::accepted)
                    platform::yield();
            }
        });
    for (std::thread& thread : threads) thread.join();
    scheduler.stop();
    tickets.expect_once();
    inner.expect_once();
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.accepted, tasks + handed_over.load(relaxed));  // after the join
    EXPECT_EQ(r.executed, r.accepted);
}

// A segment belongs to tasks that wait; those that run have left it.
TEST(small_segments, a_task_that_runs_keeps_no_slot_and_no_segment) {
    static std::atomic<bool> held{false}, go_on{false};
    held.store(false, relaxed);   // no other thread yet
    go_on.store(false, relaxed);  // as above
    Scheduler<one_with<2, 1>> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    ASSERT_EQ(scheduler.submit({},
                               [] {
                                   held.store(true, release);                               // test
                                   while (!go_on.load(acquire)) std::this_thread::yield();  // test
                               }),
              Submit::accepted);
    while (!held.load(acquire)) std::this_thread::yield();  // test
    for (int i = 0; i < 2; ++i) submit_or_wait(scheduler, [] {});
    // The grace thread may not have counted yet what it has given back.
    Submit answer = Submit::full_cooling;
    while (answer == Submit::full_cooling) answer = scheduler.submit({}, [] {});
    EXPECT_EQ(answer, Submit::full);
    EXPECT_EQ(scheduler.pool_report().inboxes[0].recycled, 1U);
    EXPECT_EQ(scheduler.pool_report().inboxes[0].waiting, 2U);
    go_on.store(true, release);  // test
    scheduler.stop();
    EXPECT_EQ(scheduler.pool_report().executed, 3U);
}

// ---- many turns: memory flat, no stall ----

std::size_t resident_pages() {
    std::size_t total = 0, resident = 0;
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    if (file != nullptr) {
        if (std::fscanf(file, "%zu %zu", &total, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return resident;
}

template <typename S>
void a_million_tasks() {
    const bool is_long = std::getenv("STATOR_TESTS_LONG") != nullptr;
    const std::uint64_t tasks = is_sanitized ? 50'000 : is_long ? 100'000'000 : 1'000'000;
    S scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    // Task i is the next in its turn or has been passed: a sum and a count tell once from twice.
    std::atomic<std::uint64_t> runs{0}, sum{0};
    std::size_t pages = 0;
    for (std::uint64_t i = 0; i < tasks; ++i) {
        submit_or_wait(scheduler, [&runs, &sum, i] {
            runs.fetch_add(1, relaxed);     // read after the join
            sum.fetch_add(i * i, relaxed);  // read after the join
        });
        if (i == tasks / 10) pages = resident_pages();
    }
    const std::size_t pages_after = resident_pages();
    scheduler.stop();
    std::uint64_t expected = 0;
    for (std::uint64_t i = 0; i < tasks; ++i) expected += i * i;
    EXPECT_EQ(runs.load(relaxed), tasks);    // after the join
    EXPECT_EQ(sum.load(relaxed), expected);  // after the join
    const PoolReport r = scheduler.pool_report();
    EXPECT_EQ(r.executed, tasks);
    EXPECT_GE(r.inboxes[0].recycled + 2 * r.inboxes[0].segments, tasks / r.inboxes[0].slots);
    EXPECT_LE(r.inboxes[0].cooling_high_water, r.inboxes[0].segments);
    // It may have become less: the host can take pages away.
    EXPECT_TRUE(is_sanitized || pages_after < pages + 64)
        << pages << " pages, and " << pages_after << " when 9 of 10 tasks had gone through";
}

TEST(many_turns, a_million_tasks_through_two_segments_of_one_slot) {
    a_million_tasks<Scheduler<one_with<2, 1>>>();
}
TEST(many_turns, a_million_tasks_through_64_segments_of_64_slots) {
    a_million_tasks<Scheduler<one_with<64, 64>>>();
}
TEST(many_turns, a_million_tasks_through_64_segments_of_64_slots_with_two_workers) {
    a_million_tasks<Scheduler<two_with<64, 64>>>();
}

}  // namespace
}  // namespace stator::test
