// tools/bench/tbb_columns.cpp - oneTBB's columns: task_arena::enqueue, and task_group.
#include <array>
#include <cstddef>
#include <cstdint>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tbb/task_scheduler_observer.h>

#include "bench/columns.hpp"
#include "bench/drive.hpp"

namespace stator::bench {
namespace {

// Puts an arena's workers on their cpus. `first` is the slot of the first of them.
class Pinning : public tbb::task_scheduler_observer {
public:
    Pinning(tbb::task_arena& arena, const Load& load, int first)
        : tbb::task_scheduler_observer(arena), load_(load), first_(first) {
        observe(true);
    }
    ~Pinning() override { observe(false); }
    Pinning(const Pinning&) = delete;

    void on_scheduler_entry(bool is_worker) override {
        if (!is_worker) return;
        const int slot = tbb::this_task_arena::current_thread_index() - first_;
        pin_this_thread(load_.cpu_of(slot % load_.workers));
    }

private:
    const Load load_;
    const int first_;
};

// As many threads as we ask for, and the caller, whatever oneTBB thinks of this machine.
struct EnoughThreads {
    explicit EnoughThreads(int workers)
        : control(tbb::global_control::max_allowed_parallelism,
                  static_cast<std::size_t>(workers) + 1) {}
    tbb::global_control control;
};

class EnqueuePool {
public:
    explicit EnqueuePool(const Load& load)
        : threads_(load.workers), arena_(load.workers, 0), pinning_(arena_, load, 0) {}

    template <auto run>
    [[nodiscard]] bool put(std::uintptr_t argument) {
        arena_.enqueue([argument] { run(argument); });
        return true;
    }
    template <typename F>
    void enter(F&& f) {
        f();
    }

private:
    EnoughThreads threads_;
    tbb::task_arena arena_;
    Pinning pinning_;
};

// The caller has the first slot of the arena and puts from inside, where that is cheapest; it waits
// without running tasks itself.
class GroupPool {
public:
    explicit GroupPool(const Load& load)
        : threads_(load.workers), arena_(load.workers + 1, 1), pinning_(arena_, load, 1) {}
    ~GroupPool() {
        arena_.execute([this] { tasks_.wait(); });
    }
    GroupPool(const GroupPool&) = delete;

    template <auto run>
    [[nodiscard]] bool put(std::uintptr_t argument) {
        tasks_.run([argument] { run(argument); });
        return true;
    }
    template <auto run>
    [[nodiscard]] std::size_t put_all(std::size_t n) {
        tasks_.run([n] {
            tbb::parallel_for(
                std::size_t{0}, n, [](std::size_t) { run(0); }, tbb::simple_partitioner());
        });
        return n;
    }
    [[nodiscard]] static tbb::task_group group() { return {}; }
    template <typename F>
    void enter(F&& f) {
        arena_.execute(f);
    }

private:
    EnoughThreads threads_;
    tbb::task_arena arena_;
    Pinning pinning_;
    tbb::task_group tasks_;
};

constexpr std::array columns = {
    Column{Work::outside, "tbb.enqueue", outside<EnqueuePool>},
    Column{Work::outside, "tbb.group", outside<GroupPool>},
    Column{Work::batch64, "tbb.group", batch64<GroupPool>},
    Column{Work::tree, "tbb.group", tree<GroupPool>},
    Column{Work::fib, "tbb.group", fib<GroupPool>},
    Column{Work::wake_futex, "tbb.enqueue", wake_futex<EnqueuePool>},
};

}  // namespace

std::span<const Column> tbb_columns() {
    return columns;
}

std::string_view tbb_absence() {
    return "";
}

}  // namespace stator::bench
