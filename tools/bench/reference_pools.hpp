// tools/bench/reference_pools.hpp - the queues that anybody would write first, in 20 lines each.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include <stator/platform/cpu.hpp>
#include <stator/platform/wait.hpp>

#include "bench/threads.hpp"
#include "bench/workload.hpp"

namespace stator::bench {

using enum std::memory_order;

struct Job {
    void (*run)(std::uintptr_t) = nullptr;
    std::uintptr_t argument = 0;
};

inline constexpr std::size_t ring_slots = 4096;

// Any threads push, any threads pop. A cell's sequence number says whose turn it is.
// Source: D. Vyukov, "Bounded MPMC queue", 1024cores.net.
class SequenceRing {
public:
    SequenceRing() {
        for (std::size_t i = 0; i < ring_slots; ++i) cells_[i].turn.store(i, relaxed);
    }
    [[nodiscard]] bool push(const Job& job) {
        return step(tail_, 0, [&](Cell& cell, std::uint64_t at) {
            cell.job = job;
            cell.turn.store(at + 1, release);
        });
    }
    [[nodiscard]] bool pop(Job& job) {
        return step(head_, 1, [&](Cell& cell, std::uint64_t at) {
            job = cell.job;
            cell.turn.store(at + ring_slots, release);
        });
    }

private:
    struct Cell {
        std::atomic<std::uint64_t> turn;
        Job job;
    };

    template <typename Use>
    bool step(std::atomic<std::uint64_t>& index, std::uint64_t ahead, Use&& use) {
        for (std::uint64_t at = index.load(relaxed);;) {
            Cell& cell = cells_[at % ring_slots];
            const auto late = static_cast<std::int64_t>(cell.turn.load(acquire) - (at + ahead));
            if (late < 0) return false;  // full, or empty
            if (late > 0) {
                at = index.load(relaxed);
            } else if (index.compare_exchange_weak(at, at + 1, relaxed)) {
                use(cell, at);
                return true;
            }
        }
    }

    alignas(platform::no_sharing_bytes) std::atomic<std::uint64_t> tail_{0};
    alignas(platform::no_sharing_bytes) std::atomic<std::uint64_t> head_{0};
    alignas(platform::no_sharing_bytes) std::array<Cell, ring_slots> cells_;
};

// One thread pushes, one pops; each looks at the other's index only when it has to.
// Source: rigtorp/SPSCQueue.
template <typename T, std::size_t slots = ring_slots>
class OneToOneRing {
public:
    // As many of the `n` times `item` as there is room for, published at once.
    [[nodiscard]] std::size_t push_all(const T& item, std::size_t n) {
        const std::uint64_t tail = tail_.load(relaxed);
        if (tail + n - head_seen_ > slots) head_seen_ = head_.load(acquire);
        n = std::min<std::size_t>(n, slots - (tail - head_seen_));
        for (std::size_t i = 0; i < n; ++i) items_[(tail + i) % slots] = item;
        tail_.store(tail + n, release);
        return n;
    }
    [[nodiscard]] bool push(const T& item) { return push_all(item, 1) == 1; }
    [[nodiscard]] bool pop(T& item) {
        const std::uint64_t head = head_.load(relaxed);
        if (head == tail_seen_ && head == (tail_seen_ = tail_.load(acquire))) return false;
        item = items_[head % slots];
        head_.store(head + 1, release);
        return true;
    }

private:
    alignas(platform::no_sharing_bytes) std::atomic<std::uint64_t> tail_{0};
    std::uint64_t head_seen_ = 0;
    alignas(platform::no_sharing_bytes) std::atomic<std::uint64_t> head_{0};
    std::uint64_t tail_seen_ = 0;
    alignas(platform::no_sharing_bytes) std::array<T, slots> items_{};
};

// Runs what `ring` gives until `stop`, and then what is left. Polls; on a shared cpu, and with a
// second worker, it lets others run when there is nothing.
template <typename Ring>
void run_jobs(Ring& ring, const std::atomic<bool>& stop, bool yields) {
    for (Job job;;) {
        if (ring.pop(job))
            job.run(job.argument);
        else if (stop.load(acquire))
            return;
        else if (yields)
            platform::yield();
        else
            platform::relax();
    }
}

// ---- Pools, as drive.hpp wants them ----

class SequenceRingPool {
public:
    explicit SequenceRingPool(const Load& load) {
        for (int i = 0; i < load.workers; ++i)
            threads_.emplace_back(load.cpu_of(i), [this, yields = load.shares_cpu()] {
                run_jobs(ring_, stop_, yields);
            });
    }
    ~SequenceRingPool() { stop_.store(true, release); }
    SequenceRingPool(const SequenceRingPool&) = delete;

    template <auto run>
    [[nodiscard]] bool put(std::uintptr_t argument) {
        return ring_.push({run, argument});
    }
    template <auto run>
    [[nodiscard]] std::size_t put_all(std::size_t n) {
        std::size_t done = 0;
        while (done < n && put<run>(0)) ++done;
        return done;
    }
    template <typename F>
    void enter(F&& f) {
        f();
    }

private:
    SequenceRing ring_;
    std::atomic<bool> stop_{false};
    std::vector<ThreadOn> threads_;  // last, so that they end first
};

// A ring for each worker, which get their tasks in turn. Only the caller may put.
class OneToOnePool {
public:
    explicit OneToOnePool(const Load& load) {
        for (int i = 0; i < load.workers; ++i) {
            rings_.push_back(std::make_unique<OneToOneRing<Job>>());
            threads_.emplace_back(load.cpu_of(i),
                                  [this, ring = rings_.back().get(), yields = load.shares_cpu()] {
                                      run_jobs(*ring, stop_, yields);
                                  });
        }
    }
    ~OneToOnePool() { stop_.store(true, release); }
    OneToOnePool(const OneToOnePool&) = delete;

    template <auto run>
    [[nodiscard]] bool put(std::uintptr_t argument) {
        return next().push({run, argument});
    }
    template <auto run>
    [[nodiscard]] std::size_t put_all(std::size_t n) {
        return next().push_all({run, 0}, n);
    }
    template <typename F>
    void enter(F&& f) {
        f();
    }

private:
    OneToOneRing<Job>& next() {
        next_ = next_ + 1 < rings_.size() ? next_ + 1 : 0;
        return *rings_[next_];
    }

    std::vector<std::unique_ptr<OneToOneRing<Job>>> rings_;
    std::size_t next_ = 0;
    std::atomic<bool> stop_{false};
    std::vector<ThreadOn> threads_;
};

// A deque under a mutex; workers sleep on a condition variable.
class MutexPool {
public:
    explicit MutexPool(const Load& load) {
        for (int i = 0; i < load.workers; ++i)
            threads_.emplace_back(load.cpu_of(i), [this] { run(); });
    }
    ~MutexPool() {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        changed_.notify_all();
    }
    MutexPool(const MutexPool&) = delete;

    template <auto run>
    [[nodiscard]] bool put(std::uintptr_t argument) {
        {
            const std::lock_guard lock(mutex_);
            jobs_.push_back({run, argument});
        }
        changed_.notify_one();
        return true;
    }
    template <auto run>
    [[nodiscard]] std::size_t put_all(std::size_t n) {
        {
            const std::lock_guard lock(mutex_);
            jobs_.insert(jobs_.end(), n, {run, 0});
        }
        changed_.notify_all();
        return n;
    }
    template <typename F>
    void enter(F&& f) {
        f();
    }

private:
    void run() {
        for (std::unique_lock lock(mutex_);;) {
            changed_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
            if (jobs_.empty()) return;
            const Job job = jobs_.front();
            jobs_.pop_front();
            lock.unlock();
            job.run(job.argument);
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    bool stop_ = false;
    std::vector<ThreadOn> threads_;
};

}  // namespace stator::bench
