// tests/start_test.cpp - start() succeeds whole, or leaves no thread, memory policy or affinity
// behind.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <stator/core/scheduler.hpp>

#include "test_boards.hpp"

namespace {

using namespace stator;

struct Number {
    int value;
};
Poll never(Number&) {
    return Poll::ended;
}
void sink(const Number&) {}
using Ends = Pipeline<Stage<"a", never>, Ring<Number, 64>, Stage<"z", sink>>;
using Fed = Pipeline<Input<Number, 64>, Stage<"a", [](const Number&, Number&) { return true; }>,
                     Ring<Number, 64>, Stage<"z", sink>>;

// What a process has that start() might change.
struct Footprint {
    long threads = 0;
    long locked_kib = 0;
    std::size_t bound = 0;  // mappings with a memory policy
    platform::CpuSet affinity;
    bool operator==(const Footprint&) const = default;
};
Footprint footprint() {
    Footprint f;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        std::sscanf(line.c_str(), "Threads: %ld", &f.threads);
        std::sscanf(line.c_str(), "VmLck: %ld", &f.locked_kib);
    }
    std::ifstream maps("/proc/self/numa_maps");
    for (std::string line; std::getline(maps, line);)
        f.bound += line.find(" bind:") != std::string::npos ? 1 : 0;
    f.affinity = platform::affinity_of_this_thread();
    return f;
}

template <const Board& b>
void expect_refusal(Cause cause, const std::string& part) {
    const Footprint before = footprint();
    {
        Scheduler<b, Ends> scheduler;
        const Status s = scheduler.start();
        EXPECT_EQ(s.cause(), cause) << s.text();
        EXPECT_NE(s.text().find(part), std::string::npos) << s.text();
        EXPECT_EQ(footprint(), before) << "nothing is left behind by a start that fails";
    }
    EXPECT_EQ(footprint(), before);
}

TEST(Start, what_it_takes_is_given_back_by_the_destructor) {
    std::thread([] {}).join();  // a sanitizer starts a thread of its own with the first one
    const Footprint before = footprint();
    {
        Scheduler<test::two, Fed> scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        const Footprint during = footprint();
        EXPECT_EQ(during.threads, before.threads + 2);
        EXPECT_EQ(during.affinity, before.affinity) << "the caller's affinity is its own";
        scheduler.stop();
        EXPECT_EQ(footprint().threads, before.threads);
    }
    EXPECT_EQ(footprint(), before);
}

TEST(Start, every_page_is_on_its_node_by_the_kernels_answer) {
    Scheduler<test::two, Fed> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    for (const ArenaResidency& arena : scheduler.ask_where()) {
        if (!arena.objects.known) GTEST_SKIP() << arena.objects.why_unknown;
        EXPECT_GT(arena.objects.here, 0u);
        EXPECT_EQ(arena.objects.here, arena.objects.pages());
        EXPECT_EQ(arena.stacks.here, arena.stacks.pages());
    }
}

TEST(Start, a_second_scheduler_of_the_type_is_refused_while_the_first_holds_the_memory) {
    Scheduler<test::two, Fed> first, second;
    ASSERT_TRUE(first.start().ok());
    EXPECT_EQ(first.start().cause(), Cause::already_started);
    EXPECT_EQ(second.start().cause(), Cause::already_started);
    first.stop();
    EXPECT_EQ(second.start().cause(), Cause::already_started) << "its results can still be read";
}

TEST(Start, stop_and_start_may_follow_each_other_many_times) {
    Scheduler<test::many, Fed> scheduler;
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(scheduler.start().ok());
        scheduler.stop();
        scheduler.stop();
    }
}

// ---- refusals ----

constexpr Machine other_machine = [] {
    Machine m = test::machine;
    m.cpus.add(CpuSet::limit - 1);
    return m;
}();
constexpr Board with_a_cpu_more = [] {
    Board b = test::one;
    b.machine = other_machine;
    return b;
}();
constexpr Board elsewhere = [] {
    Board b = with_a_cpu_more;
    b.housekeeping.add(CpuSet::limit - 1);
    return b;
}();
TEST(Start, a_board_for_another_machine_is_refused) {
    expect_refusal<elsewhere>(Cause::machine_differs, "refused: cpu 1023: the board has it");
}
TEST(Start, a_difference_that_nothing_stands_on_is_a_warning) {
    Scheduler<with_a_cpu_more, Ends> scheduler;
    const Status s = scheduler.start();
    ASSERT_TRUE(s.ok()) << s.text();
    std::string all;
    for (const std::string& warning : scheduler.warnings()) all += warning + '\n';
    EXPECT_NE(all.find("cpu 1023: the board has it"), std::string::npos) << all;
    EXPECT_NE(all.find("no worker is concerned; "), std::string::npos) << all;
    scheduler.stop();
}

constexpr Board without_spare = [] {
    Board b = test::one;
    b.memory.lock_refused = Refusal::fatal;
    return b;
}();
// Method: a child gives up its right to lock memory and lowers the limit, then starts.
int start_without_locking(const char* expected) {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit none{0, 0};
        setrlimit(RLIMIT_MEMLOCK, &none);
        if (geteuid() == 0 && setuid(65'534) != 0) _exit(9);
        const bool fatal = std::string(expected) == "fatal";
        if (fatal) {
            Scheduler<without_spare, Ends> scheduler;
            const Status s = scheduler.start();
            _exit(s.cause() == Cause::lock_refused &&
                          s.text().find("ulimit -l") != std::string::npos
                      ? 0
                      : 1);
        }
        Scheduler<test::one, Ends> scheduler;
        const bool ok = scheduler.start().ok();
        scheduler.wait();
        _exit(ok && scheduler.warnings().size() >= 1 &&
                      scheduler.warnings()[0].find("ulimit -l") != std::string::npos
                  ? 0
                  : 2);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
TEST(Start, locking_that_is_refused_is_fatal_where_the_board_says_so) {
    EXPECT_EQ(start_without_locking("fatal"), 0);
}
TEST(Start, locking_that_is_refused_is_otherwise_a_warning_with_the_remedy) {
    EXPECT_EQ(start_without_locking("warn"), 0);
}

constexpr Worker fifo_worker[] = {{.name = "fifo",
                                   .cpu = test::cpu_b,
                                   .roles = {every_other_role},
                                   .wait = Wait::futex,
                                   .scheduling = Scheduling::fifo,
                                   .priority = 3}};
constexpr Board fifo = [] {
    Board b = test::one;
    b.workers = fifo_worker;
    return b;
}();
constexpr Board fifo_or_not = [] {
    Board b = fifo;
    b.scheduling_refused = Refusal::warn;
    return b;
}();
// The sink's worker runs when the source's is refused, and would wait for it for ever.
constexpr Worker half_workers[] = {
    {.name = "first", .cpu = test::cpu_b, .roles = {"z"}, .wait = Wait::futex},
    {.name = "fifo",
     .cpu = test::cpu_b,
     .roles = {"a"},
     .wait = Wait::futex,
     .scheduling = Scheduling::fifo,
     .priority = 3}};
constexpr Board half = [] {
    Board b = test::one;
    b.workers = half_workers;
    return b;
}();
TEST(Start, fifo_that_is_refused_is_an_error_or_a_warning_as_the_board_says) {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit none{0, 0};
        setrlimit(RLIMIT_RTPRIO, &none);
        if (geteuid() == 0 && setuid(65'534) != 0) _exit(9);
        Scheduler<fifo, Ends> strict;
        const Status s = strict.start();
        if (s.cause() != Cause::scheduling_refused) _exit(1);
        if (s.text().find("CAP_SYS_NICE") == std::string::npos) _exit(2);
        const long threads = footprint().threads;
        Scheduler<half, Ends> half_started;
        if (half_started.start().cause() != Cause::scheduling_refused) _exit(5);
        if (footprint().threads != threads) _exit(6);
        Scheduler<fifo_or_not, Ends> lenient;
        if (!lenient.start().ok()) _exit(3);
        lenient.wait();
        const auto& w = lenient.warnings();
        _exit(std::any_of(w.begin(), w.end(),
                          [](const std::string& t) { return t.find("SCHED_FIFO") != t.npos; })
                  ? 0
                  : 4);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}
TEST(Start, fifo_that_is_granted_is_in_force) {
    Scheduler<fifo, Fed> scheduler;
    const Status s = scheduler.start();
    if (s.cause() == Cause::scheduling_refused) GTEST_SKIP() << s.text();
    ASSERT_TRUE(s.ok()) << s.text();
    int found = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream comm(task.path() / "comm");
        std::string name;
        std::getline(comm, name);
        if (name != "fifo") continue;
        ++found;
        const auto tid = static_cast<pid_t>(std::stol(task.path().filename()));
        EXPECT_EQ(sched_getscheduler(tid), SCHED_FIFO);
        cpu_set_t set;
        ASSERT_EQ(sched_getaffinity(tid, sizeof set, &set), 0);
        EXPECT_EQ(CPU_COUNT(&set), 1);
        EXPECT_TRUE(CPU_ISSET(static_cast<unsigned>(test::cpu_b), &set));
    }
    EXPECT_EQ(found, 1);
}

constexpr Board huge_or_else = [] {
    Board b = test::one;
    b.memory.huge_pages = HugePages::on;
    b.memory.huge_pages_refused = Refusal::fatal;
    return b;
}();
constexpr Board huge_or_not = [] {
    Board b = huge_or_else;
    b.memory.huge_pages_refused = Refusal::warn;
    return b;
}();
long huge_pages_free() {
    std::ifstream info("/proc/meminfo");
    long n = 0;
    for (std::string line; std::getline(info, line);)
        std::sscanf(line.c_str(), "HugePages_Free: %ld", &n);
    return n;
}
// How many huge pages the kernel keeps ready on node 0, for as long as this lives.
class HugePageStock {
public:
    explicit HugePageStock(int pages) {
        std::getline(std::ifstream(control) >> std::ws, before_);
        std::ofstream(control) << pages;
    }
    ~HugePageStock() { std::ofstream(control) << before_; }
    HugePageStock(const HugePageStock&) = delete;
    HugePageStock& operator=(const HugePageStock&) = delete;

private:
    static constexpr const char* control =
        "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages";
    std::string before_;
};

// One case, as the stock of huge pages is the machine's, and cases may run side by side.
TEST(Start, huge_pages_lie_under_the_arena_or_are_refused_as_the_board_says) {
    {
        const HugePageStock none(0);
        if (huge_pages_free() > 0) GTEST_SKIP() << "the stock of huge pages cannot be changed here";
        expect_refusal<huge_or_else>(Cause::huge_pages_refused, "nr_hugepages");
        Scheduler<huge_or_not, Fed> scheduler;
        ASSERT_TRUE(scheduler.start().ok());
        ASSERT_FALSE(scheduler.warnings().empty());
        EXPECT_NE(scheduler.warnings()[0].find("nr_hugepages"), std::string::npos);
    }
    const HugePageStock some(8);
    if (huge_pages_free() != 8) GTEST_SKIP() << "no huge pages can be had here";
    const Footprint clean = footprint();
    {
        Scheduler<huge_or_else, Fed> scheduler;
        const Status s = scheduler.start();
        ASSERT_TRUE(s.ok()) << s.text();
        EXPECT_LT(huge_pages_free(), 8) << "some are in use";
        for (int i = 0; i < 1000; ++i)
            ASSERT_EQ(scheduler.input<Fed>().push_or_wait({i}), Push::accepted);
        scheduler.stop();
        EXPECT_EQ(scheduler.report<Fed>().items, 1000u);
        ASSERT_TRUE(scheduler.start().ok()) << "and once more";
    }
    EXPECT_EQ(huge_pages_free(), 8) << "all given back";
    EXPECT_EQ(footprint(), clean);
}

TEST(Start, a_child_does_not_inherit_the_arenas) {
    Scheduler<test::one, Fed, PerNode<Number>> scheduler;
    ASSERT_TRUE(scheduler.start().ok());
    const Number& table = scheduler.table<Number>();
    const pid_t child = fork();
    if (child == 0) {
        // A write of the pages to a pipe asks the kernel whether they are there, without a crash.
        int ends[2];
        if (pipe(ends) != 0) _exit(9);
        _exit(write(ends[1], &table, sizeof table) < 0 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

struct Deep {
    // Grows until the guard page stops it.
    static int dig(int depth) {
        unsigned char room[4096];
        for (unsigned char& c : room) c = static_cast<unsigned char>(depth);
        asm volatile("" : : "r"(room) : "memory");  // no compiler turns this into a loop
        return depth > 1'000'000 ? room[7] : dig(depth + 1) + room[depth % 4096];
    }
    Poll operator()(Number& out) {
        out.value = dig(0);
        return Poll::ended;
    }
};
TEST(StartDeathTest, a_stack_that_overflows_ends_at_its_guard_page) {
    using L = Pipeline<StageOf<"a", Deep>, Ring<Number, 64>, Stage<"z", sink>>;
    using S = Scheduler<test::one, L>;
    const auto overflow = [] {
        S scheduler;
        (void)scheduler.start();
        scheduler.wait();
    };
    EXPECT_DEATH(overflow(), "");
}

}  // namespace
