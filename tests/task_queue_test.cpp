// tests/task_queue_test.cpp - the queue of intrusive tasks, and batches: order, one taker at a
// time, closing, and that a task may be handed over again as soon as it has been taken.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <stator/core/task_queue.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {
namespace {

using std::memory_order::acq_rel, std::memory_order::acquire, std::memory_order::relaxed;

constexpr bool is_sanitized = platform::address_sanitizer || platform::thread_sanitizer;

using Numbers = std::vector<std::uint64_t>;
using Take = TaskQueue::Take;

struct Numbered : Task {
    explicit Numbered(std::uint64_t n = 0) : Task([](Task&) { return Outcome::done; }), number(n) {}
    std::uint64_t number;
};
std::uint64_t number_of(const Task& task) {
    return static_cast<const Numbered&>(task).number;
}

// Tasks 0, 1, 2, ... and a queue.
struct Box {
    explicit Box(std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) tasks.push_back(std::make_unique<Numbered>(i));
    }
    bool push(std::uint64_t i) {
        TaskBatch batch(*tasks[i]);
        return queue.push(batch);
    }
    // `first` to `last`, as one batch.
    bool push(std::uint64_t first, std::uint64_t last) {
        TaskBatch batch = batch_of(first, last);
        const bool accepted = queue.push(batch);
        EXPECT_EQ(batch.size(), accepted ? 0 : last - first + 1);
        return accepted;
    }
    TaskBatch batch_of(std::uint64_t first, std::uint64_t last) {
        TaskBatch batch;
        for (std::uint64_t i = first; i <= last; ++i) batch.push(*tasks[i]);
        return batch;
    }
    Numbers take(std::size_t most) {
        Numbers all;
        const Take answer = queue.take(most, [&](Task& task) { all.push_back(number_of(task)); });
        EXPECT_EQ(answer, all.empty() ? Take::empty : Take::taken);
        return all;
    }

    std::vector<std::unique_ptr<Numbered>> tasks;
    TaskQueue queue;
};

TEST(task_queue, an_empty_one_gives_nothing) {
    Box box(1);
    EXPECT_TRUE(box.take(8).empty());
    EXPECT_FALSE(box.queue.look());
    EXPECT_TRUE(box.queue.seems_empty());
    EXPECT_FALSE(box.queue.is_drained());
    TaskBatch none;
    EXPECT_TRUE(box.queue.push(none));  // and nothing has happened
    EXPECT_FALSE(box.queue.look());
    ASSERT_TRUE(box.push(0));
    EXPECT_TRUE(box.queue.look());
    EXPECT_FALSE(box.queue.seems_empty());
    EXPECT_EQ(box.take(8), (Numbers{0}));
    EXPECT_FALSE(box.queue.look());
    EXPECT_TRUE(box.take(8).empty());
}

TEST(task_queue, tasks_come_in_the_order_in_which_they_went_in_alone_or_in_batches) {
    Box box(10);
    ASSERT_TRUE(box.push(0));
    ASSERT_TRUE(box.push(1, 4));
    ASSERT_TRUE(box.push(5));
    ASSERT_TRUE(box.push(6, 9));
    EXPECT_EQ(box.take(64), (Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(task_queue, what_is_left_comes_before_what_is_put_in_later) {
    Box box(8);
    ASSERT_TRUE(box.push(0, 3));
    EXPECT_EQ(box.take(1), (Numbers{0}));
    ASSERT_TRUE(box.push(4, 5));
    EXPECT_EQ(box.take(2), (Numbers{1, 2}));
    ASSERT_TRUE(box.push(6));
    EXPECT_EQ(box.take(64), (Numbers{3}));  // what was turned round is over
    EXPECT_TRUE(box.queue.look());
    EXPECT_EQ(box.take(64), (Numbers{4, 5, 6}));
    EXPECT_FALSE(box.queue.look());
}

TEST(task_queue, while_one_takes_others_are_turned_away_and_may_put_in) {
    Box box(5);
    ASSERT_TRUE(box.push(0, 1));
    int seen = 0;
    ASSERT_EQ(box.queue.take(64,
                             [&](Task& task) {
                                 EXPECT_EQ(number_of(task), static_cast<std::uint64_t>(seen++));
                                 EXPECT_EQ(box.queue.take(1, [](Task&) { FAIL(); }),
                                           Take::contended);
                                 EXPECT_FALSE(box.queue.look());  // nothing that one could take
                                 EXPECT_FALSE(box.queue.seems_empty());
                                 EXPECT_TRUE(box.push(1 + static_cast<std::uint64_t>(seen)));
                             }),
              Take::taken);
    EXPECT_EQ(seen, 2);
    EXPECT_TRUE(box.queue.look());
    EXPECT_EQ(box.take(64), (Numbers{2, 3}));
}

TEST(task_queue, a_task_may_be_put_in_again_as_soon_as_it_has_been_taken) {
    Box box(3);
    ASSERT_TRUE(box.push(0, 2));
    Numbers all;
    for (int i = 0; i < 100; ++i)
        (void)box.queue.take(2, [&](Task& task) {
            all.push_back(number_of(task));
            TaskBatch again(task);
            EXPECT_TRUE(box.queue.push(again));
        });
    ASSERT_GE(all.size(), 100U);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i % 3);
    EXPECT_EQ(box.take(64).size() + box.take(64).size(), 3U);
}

TEST(task_queue, a_closed_one_refuses_and_is_drained_when_all_has_been_taken) {
    Box box(6);
    ASSERT_TRUE(box.push(0, 2));
    EXPECT_EQ(box.take(1), (Numbers{0}));
    box.queue.close();
    box.queue.close();
    EXPECT_FALSE(box.push(3));
    TaskBatch refused = box.batch_of(3, 5);
    EXPECT_FALSE(box.queue.push(refused));
    EXPECT_EQ(refused.size(), 3U);
    EXPECT_FALSE(box.queue.is_drained());
    EXPECT_EQ(box.take(1), (Numbers{1}));
    EXPECT_FALSE(box.queue.is_drained());
    ASSERT_EQ(box.queue.take(1, [&](Task&) { EXPECT_FALSE(box.queue.is_drained()); }), Take::taken);
    EXPECT_TRUE(box.queue.is_drained());
    EXPECT_TRUE(box.take(1).empty());
    // What was refused is as it was.
    TaskQueue other;
    EXPECT_TRUE(other.push(refused));
    Numbers all;
    EXPECT_EQ(other.take(64, [&](Task& task) { all.push_back(number_of(task)); }), Take::taken);
    EXPECT_EQ(all, (Numbers{3, 4, 5}));
    TaskQueue empty;
    empty.close();
    EXPECT_TRUE(empty.is_drained());
}

TEST(task_queue, it_is_never_full) {
    constexpr std::uint64_t many = is_sanitized ? 10'000 : 100'000;
    Box box(many);
    for (std::uint64_t i = 0; i < many; ++i) ASSERT_TRUE(box.push(i));
    std::uint64_t next = 0;
    while (box.queue.take(1000, [&](Task& task) { next += number_of(task) == next ? 1 : 0; }) ==
           Take::taken) {
    }
    EXPECT_EQ(next, many);
}

// ---- batches ----

TEST(task_batch, one_is_appended_behind_another_and_is_empty_afterwards) {
    Box box(7);
    TaskBatch first = box.batch_of(0, 2), second = box.batch_of(3, 4), none;
    first.append(std::move(none));
    EXPECT_EQ(first.size(), 3U);
    first.append(std::move(second));
    EXPECT_EQ(first.size(), 5U);
    EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move): it says so
    second.push(*box.tasks[5]);   // and it can be used again
    TaskBatch all;
    all.append(std::move(first));
    all.append(std::move(second));
    all.push(*box.tasks[6]);
    EXPECT_EQ(all.size(), 7U);
    ASSERT_TRUE(box.queue.push(all));
    EXPECT_TRUE(all.empty());
    EXPECT_EQ(box.take(64), (Numbers{0, 1, 2, 3, 4, 5, 6}));
}

TEST(task_batch, it_gives_its_newest_task_and_nothing_when_it_is_empty) {
    Box box(4);
    TaskBatch batch = box.batch_of(0, 2);
    EXPECT_EQ(OwnedTask::take_newest(batch), box.tasks[2].get());
    EXPECT_EQ(batch.size(), 2U);
    batch.push(*box.tasks[3]);
    for (const std::size_t n : {3U, 1U, 0U})
        EXPECT_EQ(OwnedTask::take_newest(batch), box.tasks[n].get());
    EXPECT_EQ(OwnedTask::take_newest(batch), nullptr);
    EXPECT_TRUE(batch.empty());
}

// ---- a task as a body ----

TEST(owned_task, it_is_run_or_dropped_and_its_owner_is_told_which) {
    struct Counted : Task {
        Counted()
            : Task(
                  [](Task& self) {
                      ++static_cast<Counted&>(self).runs;
                      return Outcome::failed;
                  },
                  [](Task& self) { ++static_cast<Counted&>(self).drops; }, ShortName("counted")) {}
        int runs = 0, drops = 0;
    };
    Counted task;
    TaskInHand hand, other;
    OwnedTask::put(hand.body, task);
    EXPECT_EQ(OwnedTask::name_of(hand.body).text(), "counted");
    EXPECT_EQ(OwnedTask::get(hand.body.captures.data()), &task);
    other.body.take(hand.body);
    EXPECT_EQ(other.body.kind->run(other.body.captures.data()), Outcome::failed);
    EXPECT_EQ(task.runs, 1);
    EXPECT_EQ(task.drops, 0);
    other.body.kind->drop(other.body.captures.data());
    EXPECT_EQ(task.runs, 1);
    EXPECT_EQ(task.drops, 1);
    // One that does not want to be told is dropped too.
    Numbered silent;
    OwnedTask::put(hand.body, silent);
    hand.body.kind->drop(hand.body.captures.data());
}

TEST(owned_task, it_is_wanted_until_it_is_stopped_or_its_deadline_has_passed) {
    Numbered task;
    TaskInHand hand;
    OwnedTask::put(hand.body, task);
    const auto wanted = [&] { return hand.body.kind->wanted(hand.body.captures.data()); };
    EXPECT_EQ(wanted(), Wanted::yes);
    OwnedTask::set_deadline(task, UINT64_MAX);
    EXPECT_EQ(wanted(), Wanted::yes);
    OwnedTask::set_deadline(task, 1);
    EXPECT_EQ(wanted(), Wanted::expired);
    OwnedTask::set_deadline(task, 0);  // none
    std::stop_source source;
    task.stop_with(source.get_token());
    EXPECT_EQ(wanted(), Wanted::yes);
    source.request_stop();
    EXPECT_EQ(wanted(), Wanted::cancelled);
}

// ---- many threads ----

TEST(task_queue, producers_and_takers_pass_each_task_on_once_and_in_order) {
    constexpr std::size_t producers = 3, takers = 2, each = is_sanitized ? 3'000 : 30'000;
    Box box(producers * each);
    std::vector<std::atomic<std::uint8_t>> stamps(producers * each);
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < producers; ++p)
        threads.emplace_back([&, p] {
            for (std::size_t i = 0; i < each;) {
                const std::size_t last = std::min(i + i % 4, each - 1);
                TaskBatch batch = box.batch_of(p * each + i, p * each + last);
                ASSERT_TRUE(box.queue.push(batch));
                i = last + 1;
                if (i % 128 < 4) std::this_thread::yield();
            }
        });
    std::atomic<std::size_t> left{producers * each};
    for (std::size_t t = 0; t < takers; ++t)
        threads.emplace_back([&] {
            std::vector<std::uint64_t> least(producers);
            while (left.load(acquire) > 0) {  // test
                std::size_t n = 0;
                const Take answer = box.queue.take(7, [&](Task& task) {
                    const std::uint64_t number = number_of(task);
                    EXPECT_GE(number % each, least[number / each]);
                    least[number / each] = number % each + 1;
                    stamps[number].fetch_add(1, relaxed);  // read after the join
                    ++n;
                });
                left.fetch_sub(n, acq_rel);  // test
                if (answer != Take::taken) std::this_thread::yield();
            }
        });
    for (std::thread& thread : threads) thread.join();
    std::size_t wrong = 0;
    for (const auto& n : stamps) wrong += n.load(relaxed) == 1 ? 0 : 1;  // after the join
    EXPECT_EQ(wrong, 0U);
    EXPECT_TRUE(box.queue.seems_empty());
}

}  // namespace
}  // namespace stator
