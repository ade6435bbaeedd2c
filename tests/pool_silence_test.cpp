// tests/pool_silence_test.cpp - an idle scheduler is silent: the kernel counts no context switch,
// timer or system call of any of its threads.
//
// Method: everything is started, works, and becomes idle; then the calling thread sleeps for
// STATOR_IDLE_SECONDS (10), and what the kernel has counted before and after is compared. A thread
// that is woken, by whatever, switches; one that makes a system call is seen by `perf`, or, where
// perf is not there or not allowed, sleeps in the same call as before without a switch.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "pool_boards.hpp"
#include "running.hpp"

namespace stator::test {
namespace {

namespace fs = std::filesystem;

struct Number {
    int value;
};
bool pass_on(const Number& in, Number& out) {
    out = in;
    return true;
}
void sink(const Number&) {}
using Line = Pipeline<Input<Number, 16>, Stage<"a", pass_on>, Ring<Number, 16>, Stage<"z", sink>>;

// Workers with tasks, with stages, with both, one that spins before it sleeps, and a grace thread
// with a timer.
constexpr Worker quiet_workers[] = {
    {.name = "tasks", .cpu = cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
    {.name = "both", .cpu = cpu_a, .roles = {"a"}, .tasks = true, .wait = Wait::futex},
    {.name = "stages", .cpu = cpu_a, .roles = {"z"}, .wait = Wait::futex},
    {.name = "spins",
     .cpu = cpu_b,
     .roles = {},
     .tasks = true,
     .wait = cpu_a == cpu_b ? Wait::futex : Wait::spin_then_futex},
};
constexpr Board quiet_board =
    pool_board(quiet_workers, {.segments = 16, .slots_per_segment = 16, .wake_threshold = 8});

struct Switches {
    std::string name;
    long voluntary = -1, forced = -1;
    bool operator==(const Switches&) const = default;
};
// Of every thread of this process but the caller, by the kernel's number.
std::map<int, Switches> switches() {
    std::map<int, Switches> all;
    std::string program;
    std::ifstream("/proc/self/comm") >> program;
    for (const auto& entry : fs::directory_iterator("/proc/self/task")) {
        const int thread = std::stoi(entry.path().filename().string());
        if (thread == gettid()) continue;
        Switches s;
        std::ifstream status(entry.path() / "status");
        for (std::string line; std::getline(status, line);) {
            std::istringstream words(line);
            std::string key;
            words >> key;
            if (key == "Name:") words >> s.name;
            if (key == "voluntary_ctxt_switches:") words >> s.voluntary;
            if (key == "nonvoluntary_ctxt_switches:") words >> s.forced;
        }
        // A sanitizer has a thread of its own, which ticks, by the name of the program.
        if (!is_sanitized || s.name != program) all[thread] = s;
    }
    return all;
}
std::string difference(const std::map<int, Switches>& before,
                       const std::map<int, Switches>& after) {
    std::ostringstream text;
    for (const auto& [thread, was] : before) {
        const auto is = after.find(thread);
        if (is == after.end())
            text << was.name << " has ended\n";
        else if (is->second != was)
            text << was.name << ": " << was.voluntary << " -> " << is->second.voluntary
                 << " voluntary, " << was.forced << " -> " << is->second.forced << " forced\n";
    }
    return text.str();
}

// The system call in which a thread sleeps, with its arguments.
std::map<int, std::string> calls(const std::map<int, Switches>& threads) {
    std::map<int, std::string> all;
    for (const auto& [thread, s] : threads)
        std::getline(std::ifstream("/proc/self/task/" + std::to_string(thread) + "/syscall"),
                     all[thread]);
    return all;
}

// How many timers of this process are set.
int timers_that_run() {
    int n = 0;
    for (const auto& entry : fs::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);)
            if (line.rfind("it_value:", 0) == 0 && line != "it_value: (0, 0)") ++n;
    }
    return n;
}

int idle_seconds() {
    const char* const text = std::getenv("STATOR_IDLE_SECONDS");
    return text == nullptr ? 10 : std::max(1, std::atoi(text));
}

// `perf stat` on threads of this process: what it counted, or why it could not.
struct Counted {
    std::string refusal;
    std::map<std::string, long> events;
};
Counted count_events(const std::map<int, Switches>& threads, int seconds) {
    std::string list;
    for (const auto& [thread, s] : threads)
        list += (list.empty() ? "" : ",") + std::to_string(thread);
    const std::string command = "perf stat -x, -e raw_syscalls:sys_enter,context-switches -t " +
                                list + " -- sleep " + std::to_string(seconds) + " 2>&1";
    Counted counted;
    std::FILE* const pipe = popen(command.c_str(), "r");  // NOLINT: numbers only
    if (pipe == nullptr) return {.refusal = "popen", .events = {}};
    char line[512];
    std::string all;
    while (std::fgets(line, sizeof line, pipe) != nullptr) {
        all += line;
        std::istringstream fields(line);
        std::string count, unit, event;
        if (std::getline(fields, count, ',') && std::getline(fields, unit, ',') &&
            std::getline(fields, event, ',') && !count.empty()) {
            // Perf's word for threads that have not run at all.
            if (count == "<not counted>") count = "0";
            if (count.find_first_not_of("0123456789") == std::string::npos)
                counted.events[event] = std::stol(count);
        }
    }
    if (pclose(pipe) != 0 || counted.events.size() != 2) counted.refusal = all;
    return counted;
}

class silence : public testing::Test {
protected:
    // Everything has worked, and is idle.
    void SetUp() override {
        ASSERT_TRUE(scheduler.start().ok());
        for (int i = 0; i < 1000; ++i) submit_or_wait(scheduler, [] {});
        for (int i = 0; i < 100; ++i)
            ASSERT_EQ(scheduler.input<Line>().push_or_wait({i}), Push::accepted);
        while (scheduler.pool_report().executed < 1000 || scheduler.report<Line>().items < 100)
            std::this_thread::yield();
        // Wake-ups that are on their way have come, and the timer has run off, when two looks are
        // the same; what ticks is never still.
        for (auto last = switches(); threads.empty(); std::swap(last, next_)) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            next_ = switches();
            if (++looks_ == 100 || (next_ == last && all_sleep(scheduler))) threads = next_;
        }
        ASSERT_LT(looks_, 100) << "never still";
        ASSERT_GE(threads.size(), 5U) << "four workers and the grace thread";
    }
    // It can be woken all the same.
    void TearDown() override {
        const std::uint64_t before = scheduler.pool_report().executed;
        submit_or_wait(scheduler, [] {});
        ASSERT_EQ(scheduler.input<Line>().push({1}), Push::accepted);
        while (scheduler.pool_report().executed <= before)
            std::this_thread::yield();  // or it hangs
        EXPECT_EQ(scheduler.shutdown().executed, before + 1);
        EXPECT_EQ(scheduler.report<Line>().items, 101U);
    }
    Scheduler<quiet_board, Line> scheduler;
    std::map<int, Switches> threads;

private:
    std::map<int, Switches> next_;
    int looks_ = 0;
};

TEST_F(silence, of_an_idle_scheduler_is_complete_in_context_switches_timers_and_system_calls) {
    const auto sleeps_in = calls(threads);
    const auto rounds = scheduler.worker_report();
    const Counted counted = count_events(threads, idle_seconds());
    if (!counted.refusal.empty()) {
        std::printf("skipped: counting system calls; perf is not there, or not allowed: %s\n",
                    counted.refusal.c_str());
        std::this_thread::sleep_for(std::chrono::seconds(idle_seconds()));
    } else {
        for (const auto& [event, count] : counted.events) EXPECT_EQ(count, 0) << event;
    }
    EXPECT_EQ(difference(threads, switches()), "");
    EXPECT_EQ(timers_that_run(), 0);
    EXPECT_EQ(calls(threads), sleeps_in) << "each sleeps in the same call as before";
    const auto rounds_after = scheduler.worker_report();
    for (std::size_t i = 0; i < rounds.size(); ++i)
        EXPECT_EQ(rounds[i].rounds, rounds_after[i].rounds) << rounds[i].name;
}

// That the instruments see what they are to see: one call of one thread is found by each.
TEST_F(silence, is_broken_by_one_task_and_the_instruments_say_so) {
    const auto before = switches();
    std::thread breaker([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        submit_or_wait(scheduler, [] {});
    });
    const Counted counted = count_events(threads, 1);
    breaker.join();
    while (scheduler.pool_report().executed < 1001) std::this_thread::yield();
    EXPECT_NE(difference(before, switches()), "");
    if (counted.refusal.empty())
        EXPECT_GT(counted.events.at("raw_syscalls:sys_enter"), 0);
    else
        std::printf("skipped: counting system calls: %s\n", counted.refusal.c_str());
}

}  // namespace
}  // namespace stator::test
