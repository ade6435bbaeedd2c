// tests/start_stop_stress_test.cpp - starts and stops, many times: with any number of tasks, in the
// middle of submissions and thefts, and in many processes at once.
//
// STATOR_TESTS_LONG runs 100 times as many.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stator/core/task_group.hpp>

#include "pool_boards.hpp"
#include "running.hpp"

namespace stator::test {
namespace {

namespace fs = std::filesystem;
using std::memory_order::relaxed;

constexpr Worker four_takers[] = {
    {.name = "w0", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "w1", .cpu = cpu_b, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "w2", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "w3", .cpu = cpu_b, .roles = {}, .tasks = true, .wait = Wait::futex},
};
// Small stacks and few segments, so that a start takes little.
constexpr Board light_board(std::span<const Worker> workers) {
    Board b = pool_board(workers, {.segments = 8,
                                   .slots_per_segment = 32,
                                   .run_ring = 64,
                                   .headroom_bytes = 64 * 1024,
                                   .registry_slots = 16});
    b.memory.lock = false;
    if (!is_sanitized) b.memory.stack_bytes = 128 * 1024;  // sanitizers need more
    b.view.shared = false;
    return b;
}
constexpr Board one_board = light_board(one_taker);
constexpr Board two_board = light_board(two_takers);
constexpr Board four_board = light_board(four_takers);
using One = Scheduler<one_board>;
using Two = Scheduler<two_board>;
using Four = Scheduler<four_board>;

// 1000 cycles in all by default: the cases below take shares of it.
int cycles(int of_a_thousand) {
    const bool is_long = std::getenv("STATOR_TESTS_LONG") != nullptr;
    return is_sanitized ? std::max(1, of_a_thousand / 10) : of_a_thousand * (is_long ? 100 : 1);
}

// Hands over `tasks` tasks as they fit; how many were accepted.
template <typename S, typename F>
std::uint64_t burst(S& scheduler, int tasks, const F& f) {
    std::uint64_t accepted = 0;
    for (int i = 0; i < tasks; ++i) accepted += scheduler.submit({}, f) == Submit::accepted ? 1 : 0;
    return accepted;
}

constexpr std::array modes = {Ending::drain, Ending::cancel, Ending::abort};

// One object started again and again, and now and then a new one: shutdown right after a burst.
template <typename S>
void cycle(int times, int tasks) {
    auto scheduler = std::make_unique<S>();
    for (int i = 0; i < times; ++i) {
        if (i % 10 == 9) scheduler = nullptr, scheduler = std::make_unique<S>();
        const Ending how = modes[static_cast<std::size_t>(i) % 3];
        std::atomic<std::uint64_t> runs{0};
        const Status s = scheduler->start();
        ASSERT_TRUE(s.ok()) << s.text();
        const std::uint64_t accepted =
            burst(*scheduler, tasks, [&] { runs.fetch_add(1, relaxed); });  // a count
        const ShutdownReport r = scheduler->shutdown({.how = how});
        ASSERT_EQ(r.ended, Ended::done);
        ASSERT_EQ(r.accepted, accepted);
        ASSERT_EQ(r.executed, runs.load(relaxed));  // after the join
        ASSERT_TRUE(how != Ending::drain || r.executed == accepted);
        ASSERT_TRUE(tasks == 0 || accepted > 0);
        expect_balance(r);
    }
}

TEST(start_stop, cycles_without_a_task) {
    cycle<One>(cycles(80), 0);
    cycle<Four>(cycles(80), 0);
}
TEST(start_stop, cycles_with_one_task) {
    cycle<One>(cycles(80), 1);
    cycle<Four>(cycles(80), 1);
}
TEST(start_stop, cycles_with_many_tasks) {
    cycle<One>(cycles(80), 200);
    cycle<Two>(cycles(80), 200);
    cycle<Four>(cycles(80), 200);
}

TEST(start_stop, the_destructor_alone_ends_a_burst) {
    for (int i = 0; i < cycles(60); ++i) {
        std::atomic<std::uint64_t> runs{0};
        std::uint64_t accepted = 0;
        {
            Four scheduler;
            ASSERT_TRUE(scheduler.start().ok());
            accepted = burst(scheduler, i % 60, [&] { runs.fetch_add(1, relaxed); });  // a count
        }
        ASSERT_EQ(runs.load(relaxed), accepted);  // after the join
    }
}

// What each of several submitters has been told, against what has become of its tasks.
TEST(start_stop, submissions_from_several_threads_race_the_shutdown) {
    for (int i = 0; i < cycles(120); ++i) {
        constexpr int submitters = 3;
        const Ending how = modes[static_cast<std::size_t>(i) % 3];
        Two scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        std::atomic<std::uint64_t> accepted{0}, runs{0}, cleanups{0}, linked_ends{0};
        const Cleanup cleanup{.run =
                                  [](void* with) noexcept {
                                      static_cast<std::atomic<std::uint64_t>*>(with)->fetch_add(
                                          1, relaxed);  // a count
                                  },
                              .with = &cleanups};
        struct Linked : Task {
            Linked() : Task([](Task& t) { return end(t); }, [](Task& t) { (void)end(t); }) {}
            static Outcome end(Task& t) {
                static_cast<Linked&>(t).ends->fetch_add(1, relaxed);  // a count
                return Outcome::done;
            }
            std::atomic<std::uint64_t>* ends = nullptr;
        };
        std::array<std::array<Linked, 64>, submitters> linked;
        std::uint64_t linked_accepted = 0;
        ShutdownReport r;
        {
            Door go;
            std::vector<std::unique_ptr<Aside>> threads;
            std::array<std::uint64_t, submitters> linked_counts{};
            for (std::size_t p = 0; p < submitters; ++p)
                threads.push_back(std::make_unique<Aside>([&, p] {
                    go.pass();
                    Submit answer = Submit::accepted;
                    for (std::size_t n = 0; answer != Submit::closed; ++n) {
                        if (n % 4 == 3 && n / 4 < linked[p].size()) {
                            linked[p][n / 4].ends = &linked_ends;
                            answer = scheduler.submit({}, linked[p][n / 4]);
                            linked_counts[p] += answer == Submit::accepted ? 1 : 0;
                        } else {
                            answer = scheduler.submit({.cleanup = cleanup}, [&runs] {
                                runs.fetch_add(1, relaxed);  // a count
                            });
                            if (answer == Submit::accepted)
                                accepted.fetch_add(1, relaxed);  // a count
                        }
                    }
                }));
            go.open();
            for (int k = 0; k < i % 20; ++k) std::this_thread::yield();
            r = scheduler.shutdown({.how = how});
            threads.clear();
            for (const std::uint64_t n : linked_counts) linked_accepted += n;
        }
        const PoolReport after = scheduler.pool_report();
        ASSERT_EQ(r.ended, Ended::done);
        ASSERT_EQ(after.accepted, r.accepted) << "nothing is accepted after the end";
        ASSERT_EQ(r.accepted, accepted.load(relaxed) + linked_accepted);  // after the join
        ASSERT_EQ(cleanups.load(relaxed), accepted.load(relaxed));        // after the join
        ASSERT_EQ(linked_ends.load(relaxed), linked_accepted);            // after the join
        ASSERT_LE(runs.load(relaxed), r.executed);                        // after the join
        ASSERT_TRUE(how != Ending::drain || r.executed == r.accepted);
        expect_balance(r);
    }
}

// Method: one task spawns all the others into its ring and stays, so each of them is stolen, and
// the shutdown comes in between.
TEST(start_stop, thefts_race_the_shutdown) {
    std::uint64_t stolen = 0;
    for (int i = 0; i < cycles(120); ++i) {
        const Ending how = modes[static_cast<std::size_t>(i) % 3];
        Four scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        std::atomic<std::uint64_t> spawned{0}, runs{0};
        Door began;
        const auto root = [&] {
            began.open();
            for (int n = 0; n < 300; ++n) {
                const Submit answer =
                    scheduler.submit({}, [&runs] { runs.fetch_add(1, relaxed); });  // a count
                if (answer == Submit::accepted) spawned.fetch_add(1, relaxed);      // a count
                if (answer == Submit::closed) return;
                if (n % 16 == 15) std::this_thread::yield();
            }
        };
        ASSERT_EQ(scheduler.submit({}, [&root] { root(); }), Submit::accepted);
        if (i % 2 == 0) began.pass();
        for (int k = 0; k < i % 16; ++k) std::this_thread::yield();
        const ShutdownReport r = scheduler.shutdown({.how = how});
        stolen += scheduler.pool_report().stolen[0];
        ASSERT_EQ(r.ended, Ended::done);
        ASSERT_EQ(r.accepted, spawned.load(relaxed) + 1);  // after the join
        ASSERT_EQ(r.executed + r.cancelled, r.accepted);
        ASSERT_TRUE(how != Ending::drain || r.executed == r.accepted);
        ASSERT_TRUE(began.is_open() || r.cancelled == 1);
        ASSERT_EQ(r.executed, runs.load(relaxed) + (began.is_open() ? 1 : 0));  // after the join
        expect_balance(r);
    }
    EXPECT_GT(stolen, 0U) << "no theft has happened, and so no race";
}

// Groups fork and join all the time while the end comes; each is whole, or says that it is not.
TEST(start_stop, groups_race_the_shutdown) {
    for (int i = 0; i < cycles(60); ++i) {
        const Ending how = modes[static_cast<std::size_t>(i) % 3];
        Four scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        std::atomic<int> wrong{0};
        std::atomic<std::uint64_t> groups{0};
        const auto root = [&] {
            for (int n = 0; n < 50; ++n) {
                std::atomic<int> ran{0};
                TaskGroup group(scheduler.tasks());
                for (int k = 0; k < 8; ++k)
                    group.run([&ran] { ran.fetch_add(1, relaxed); });  // a count
                const bool whole = group.wait() == Outcome::done;
                if (whole != (ran.load(relaxed) == 8)) wrong.fetch_add(1, relaxed);  // counts
                groups.fetch_add(1, relaxed);                                        // a count
            }
        };
        for (int k = 0; k < 3; ++k)
            ASSERT_EQ(scheduler.submit({}, [&root] { root(); }), Submit::accepted);
        for (int k = 0; k < i % 16; ++k) std::this_thread::yield();
        const ShutdownReport r = scheduler.shutdown({.how = how});
        ASSERT_EQ(r.ended, Ended::done);
        ASSERT_EQ(wrong.load(relaxed), 0);                                 // after the join
        ASSERT_TRUE(how != Ending::drain || groups.load(relaxed) == 150);  // after the join
        expect_balance(r);
    }
}

// What each of the processes below runs; by itself it is one more case.
TEST(start_stop, cycles_of_one_process_among_many) {
    cycle<Two>(cycles(64) / 16 + 1, 50);
}

// Method: each process has a folder of its own for claims, so that they share the cpus.
TEST(start_stop, sixteen_processes_at_once) {
    constexpr std::size_t processes = 16;
    std::string root = (fs::temp_directory_path() / "stator-stress-XXXXXX").string();
    ASSERT_NE(mkdtemp(root.data()), nullptr);
    std::vector<pid_t> children;
    for (std::size_t i = 0; i < processes; ++i) {
        const std::string folder = "STATOR_SHM=" + root + '/' + std::to_string(i);
        std::vector<char*> environment;
        for (char** e = environ; *e != nullptr; ++e)
            if (std::string(*e).rfind("STATOR_SHM=", 0) != 0) environment.push_back(*e);
        environment.push_back(const_cast<char*>(folder.c_str()));
        environment.push_back(nullptr);
        std::string name = "start_stop_stress", quiet = "--gtest_brief=1",
                    filter = "--gtest_filter=start_stop.cycles_of_one_process_among_many";
        char* arguments[] = {name.data(), quiet.data(), filter.data(), nullptr};
        pid_t child = -1;
        ASSERT_EQ(
            posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environment.data()),
            0);
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
    std::size_t left_over = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        left_over += entry.is_regular_file() ? 1 : 0;
    EXPECT_EQ(left_over, 0U) << "claims and views are gone with their processes";
    fs::remove_all(root);
}

}  // namespace
}  // namespace stator::test
