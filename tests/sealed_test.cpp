// tests/sealed_test.cpp - between the end of start() and stop() no worker allocates, maps or
// faults.
//
// This program replaces malloc and its kin, mmap and brk by versions that look at who calls: while
// the scheduler is sealed, a call from any thread but the first (a worker, the grace thread) is the
// failure, with the name of the function. Meanwhile another process reads the shared view. It must
// not share a program with other tests.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stop_token>
#include <string>

#include <stator/core/parallel_for.hpp>
#include <stator/core/scheduler.hpp>
#include <stator/core/task_group.hpp>
#include <stator/platform/shared_region.hpp>

#include "test_boards.hpp"

namespace {

std::atomic<bool> sealed{false};
std::atomic<const char*> caught{nullptr};
std::atomic<std::uint64_t> seen_calls{0};

void look(const char* function) {
    seen_calls.fetch_add(1, std::memory_order_relaxed);                           // a count alone
    if (gettid() == getpid() || !sealed.load(std::memory_order_acquire)) return;  // S1
    const char* none = nullptr;
    caught.compare_exchange_strong(none, function, std::memory_order_acq_rel,
                                   std::memory_order_relaxed);
}

}  // namespace

// glibc keeps its own allocator reachable under these names.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t n) {
    look("malloc");
    return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t m) {
    look("calloc");
    return __libc_calloc(n, m);
}
void* realloc(void* p, std::size_t n) {
    look("realloc");
    return __libc_realloc(p, n);
}
void* aligned_alloc(std::size_t a, std::size_t n) {
    look("aligned_alloc");
    return __libc_memalign(a, n);
}
int posix_memalign(void** out, std::size_t a, std::size_t n) {
    look("posix_memalign");
    *out = __libc_memalign(a, n);
    return *out == nullptr ? 12 : 0;
}
void free(void* p) {
    if (p != nullptr) look("free");
    __libc_free(p);
}
void* mmap(void* at, std::size_t n, int protection, int flags, int fd, off_t offset) {
    look("mmap");
    using Mmap = void* (*)(void*, std::size_t, int, int, int, off_t);
    static const auto next = reinterpret_cast<Mmap>(dlsym(RTLD_NEXT, "mmap"));
    return next(at, n, protection, flags, fd, offset);
}
int brk(void* end) {
    look("brk");
    using Brk = int (*)(void*);
    static const auto next = reinterpret_cast<Brk>(dlsym(RTLD_NEXT, "brk"));
    return next(end);
}
void* sbrk(std::intptr_t by) {
    look("sbrk");
    using Sbrk = void* (*)(std::intptr_t);
    static const auto next = reinterpret_cast<Sbrk>(dlsym(RTLD_NEXT, "sbrk"));
    return next(by);
}
}

namespace {

using namespace stator;

// What no worker may do; volatile, as a compiler may leave out an allocation that nobody sees.
void misbehaved() {
    void* volatile seen = std::malloc(16);
    std::free(seen);
}

struct Number {
    std::uint64_t value;
};
struct Source {
    std::uint64_t next = 0;
    bool misbehave = false;
    Poll operator()(Number& out) {
        // Another policy than the other two links' peers see: the worker now and then waits.
        if (next == 300'000) return Poll::ended;
        if (misbehave && next == 1000) misbehaved();
        out.value = next++;
        return Poll::item;
    }
};
bool pass(const Number& in, Number& out) {
    out = in;
    return true;
}
std::uint64_t key(const Number& n) {
    return n.value;
}
struct Sink {
    std::uint64_t sum = 0;
    void operator()(const Number& in) { sum += in.value; }
};

using Line = Pipeline<StageOf<"a", Source>, Ring<Number, 64, Full::wait>, Stage<"b", pass>,
                      FanOut<Number, 64, key>, Parallel<2, Stage<"c", pass>>,
                      FanIn<Number, 64, Order::in_order>, Stage<"d", pass>,
                      Ring<Number, 64, Full::drop_oldest>, StageOf<"z", Sink>>;

template <const Board& b>
const char* run(bool misbehave, std::uint64_t& faults, bool& locked) {
    Scheduler<b, Line> scheduler;
    caught.store(nullptr);
    const Status s = scheduler.start([&](auto& made) {
        made.template state<Line, "a">().misbehave = misbehave;
        sealed.store(true, std::memory_order_release);  // no worker runs yet: stricter than need be
    });
    if (!s.ok()) {
        std::fprintf(stderr, "cannot start: %s\n", s.text().c_str());
        std::exit(3);
    }
    while (scheduler.template report<Line>().stages[0].items < 300'000) usleep(1000);
    sealed.store(false, std::memory_order_release);
    scheduler.wait();
    locked = scheduler.warnings().empty();
    for (const WorkerReport& w : scheduler.worker_report()) faults += w.faults;
    return caught.load();
}

// ---- tasks: the same with the pool, its registry, and a reader in another process ----

constexpr Worker pool_workers[] = {
    {.name = "both",
     .cpu = test::cpu_b,
     .roles = {every_other_role},
     .tasks = true,
     .wait = Wait::futex},
    {.name = "tasks", .cpu = test::cpu_a, .roles = {}, .tasks = true, .wait = Wait::futex},
};
constexpr Board pooled = {
    .name = "pooled",
    .machine = test::machine,
    .housekeeping = test::housekeeping,
    .workers = pool_workers,
    .memory = {.budget_per_node_bytes = 256u << 20},
    .pool = {.segments = 8, .slots_per_segment = 16, .priorities = 2, .run_ring = 16}};
using Pooled = Scheduler<pooled, Line>;

// An intrusive task that hands itself over again, until it has had its turns.
struct Turns : Task {
    Turns() : Task(run) {}
    static Outcome run(Task& self) {
        auto& me = static_cast<Turns&>(self);
        if (--me.left > 0) (void)me.scheduler->submit({}, self);
        return Outcome::done;
    }
    Pooled* scheduler = nullptr;
    int left = 200;
};

// The forms in which a task that runs may use the pool.
void use_pool(Pooled& scheduler, int i) {
    if (i % 16 == 0) (void)scheduler.submit({.priority = 1}, [] {});
    if (i % 64 == 1) {
        TaskGroup group(scheduler.tasks());
        for (int k = 0; k < 20; ++k) group.run([] {});  // more than the ring holds
        (void)group.wait();
    }
    if (i % 64 == 2) (void)parallel_for(scheduler.tasks(), 0, 100, 5, [](int) {});
    if (i % 64 == 3) {
        std::array<void (*)(), 8> more;
        more.fill([] {});
        (void)scheduler.submit_all({}, more);
    }
}

// Looks at every view of this user all the time, as `stator top` does. Never returns.
[[noreturn]] void read_views() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends with this program, however that ends
    std::uint64_t sum = 0;
    for (;;) {
        for (const std::string& path : platform::shared_files(".view")) {
            platform::RegionMap map;
            if (!map.open(path).ok()) continue;
            for (const std::byte b : map.bytes()) sum += static_cast<std::uint64_t>(b);
        }
        if (sum == 1) std::puts("unlikely");  // so that the sum is wanted
        usleep(1000);
    }
}

const char* run_pool(bool misbehave, std::uint64_t& faults, std::uint64_t& executed, bool& locked) {
    constexpr int tasks = 200'000;
    const pid_t looker = fork();
    if (looker == 0) read_views();
    Pooled scheduler;
    caught.store(nullptr);
    const Status s =
        scheduler.start([&](auto&) { sealed.store(true, std::memory_order_release); });  // S1
    if (!s.ok()) {
        std::fprintf(stderr, "cannot start: %s\n", s.text().c_str());
        std::exit(3);
    }
    std::array<Turns, 40> turns;
    TaskBatch batch;
    for (Turns& task : turns) {
        task.scheduler = &scheduler;
        batch.push(task);
    }
    (void)scheduler.submit({}, batch);
    std::stop_source source;  // what it shares with its tokens is given back by this thread
    std::atomic<int> cleanups{0};
    const Cleanup cleanup{.run =
                              [](void* count) noexcept {
                                  static_cast<std::atomic<int>*>(count)->fetch_add(
                                      1, std::memory_order_relaxed);  // a count alone
                              },
                          .with = &cleanups};
    int cleaned = 0;
    for (int i = 0; i < tasks;) {
        if (i == tasks / 2) source.request_stop();
        const auto task = [misbehave, i, &scheduler] {
            if (misbehave && i == 1000) misbehaved();
            use_pool(scheduler, i);
        };
        const Submit answer =
            i % 8 == 0 ? scheduler.submit({.stop = source.get_token(), .cleanup = cleanup}, task)
                       : scheduler.submit<"sealed">({.priority = i % 2}, task);
        if (i % 8 == 0 && answer == Submit::accepted) ++cleaned;
        if (answer == Submit::accepted)
            ++i;
        else
            usleep(10);
    }
    while (scheduler.report<Line>().stages[0].items < 300'000) usleep(1000);
    sealed.store(false, std::memory_order_release);  // S1
    scheduler.stop();
    kill(looker, SIGKILL);
    waitpid(looker, nullptr, 0);
    const PoolReport report = scheduler.pool_report();
    executed = report.executed + report.cancelled;
    if (cleanups.load() != cleaned || report.cancelled == 0) executed = 0;
    locked = scheduler.warnings().empty();
    for (const WorkerReport& w : scheduler.worker_report()) faults += w.faults;
    return caught.load();
}

int failures = 0;
void expect(bool holds, const char* what, const char* detail = "") {
    std::printf("%s: %s %s\n", holds ? "holds" : "BROKEN", what, detail);
    failures += holds ? 0 : 1;
}

template <const Board& b>
void a_running_pipeline_allocates_nothing_and_takes_no_fault() {
    std::uint64_t faults = 0;
    bool locked = false;
    const char* found = run<b>(false, faults, locked);
    expect(found == nullptr, "no worker allocates on board", std::string(b.name).c_str());
    if (found != nullptr) std::printf("    it called %s\n", found);
    if (locked)
        expect(faults == 0, "no worker takes a page fault on board", std::string(b.name).c_str());
    else
        std::printf("skipped: page faults, as this host does not let us lock memory\n");
}

void a_running_pool_allocates_nothing_and_takes_no_fault() {
    std::uint64_t faults = 0, executed = 0;
    bool locked = false;
    const char* const found = run_pool(false, faults, executed, locked);
    expect(found == nullptr, "no worker of a pool, and no grace thread, allocates");
    if (found != nullptr) std::printf("    it called %s\n", found);
    expect(executed >= 200'000, "all tasks were run, or were cancelled with their cleanup");
    if (locked)
        expect(faults == 0, "no worker of a pool takes a page fault while others look on");
    else
        std::printf("skipped: page faults, as this host does not let us lock memory\n");
    expect(run_pool(true, faults, executed, locked) != nullptr, "a task that allocates is caught");
}

}  // namespace

int main() {
    a_running_pool_allocates_nothing_and_takes_no_fault();
    a_running_pipeline_allocates_nothing_and_takes_no_fault<test::one>();
    a_running_pipeline_allocates_nothing_and_takes_no_fault<test::many>();
    std::uint64_t faults = 0;
    bool locked = false;
    const char* found = run<test::two>(true, faults, locked);
    expect(found != nullptr, "a stage that allocates is caught by this test");
    expect(seen_calls.load() > 0, "the replaced functions are the ones in use");
    return failures == 0 ? 0 : 1;
}
