// tools/bench/reference_columns.cpp - references, bare mechanisms and static splits.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <stator/platform/wait.hpp>

#include "bench/columns.hpp"
#include "bench/drive.hpp"
#include "bench/reference_pools.hpp"

namespace stator::bench {
namespace {

// ---- static: no queue at all, each worker has its share from the beginning ----

void grow_by_calls(std::uint64_t depth) {
    count_one();
    if (depth == 0) return;
    grow_by_calls(depth - 1);
    grow_by_calls(depth - 1);
}

// Lets the workers do `share(worker)` each, in which `tasks` are counted in all.
template <typename Share>
Measured split(const Load& load, std::uint64_t tasks, const Share& share) {
    std::atomic<bool> go{false};
    std::vector<ThreadOn> threads;
    threads.reserve(static_cast<std::size_t>(load.workers));
    for (int worker = 0; worker < load.workers; ++worker)
        threads.emplace_back(load.cpu_of(worker), [&, worker, yields = load.shares_cpu()] {
            while (!go.load(acquire)) yields ? platform::yield() : platform::relax();
            share(worker);
        });
    const std::uint64_t before = counted();
    Measured result;
    const Instant begin = now();
    go.store(true, release);
    result.ok = wait_for_count(before + tasks, load);
    result.ns = ns_between(begin, now()) / static_cast<double>(tasks);
    threads.clear();
    result.ok = result.ok && counted() == before + tasks;
    return result;
}

Measured split_loop(const Load& load) {
    const auto workers = static_cast<std::uint64_t>(load.workers);
    return split(load, load.size / workers * workers, [&](int) {
        for (std::uint64_t i = 0; i < load.size / workers; ++i) count_one();
    });
}

// With two workers each has one half; the first one also counts the root.
Measured split_tree(const Load& load) {
    return split(load, nodes_of(load.size), [&](int worker) {
        if (load.workers == 1) return grow_by_calls(load.size);
        if (worker == 0) count_one();
        grow_by_calls(load.size - 1);
    });
}

// ---- floor: the bare mechanism ----

[[gnu::noinline]] std::uint64_t fib_by_calls(std::uint64_t n) {
    return n < 2 ? n : fib_by_calls(n - 1) + fib_by_calls(n - 2);
}

Measured plain_fib(const Load& load) {
    FibJob job;
    job.n = load.size;
    Instant begin;
    const ThreadOn thread(load.places.worker, [&] {
        begin = now();
        job.answer = fib_by_calls(job.n);
        job.end = now();
        job.done.store(true, release);
    });
    Measured result{.ns = 0, .ok = job.wait(load)};
    result.ns = ns_between(begin, job.end) / static_cast<double>(calls_of_fib(load.size));
    return result;
}

// The item is its own signal; 0 is none, so items are sent one higher.
class BareAtomic {
public:
    [[nodiscard]] bool push(std::uint64_t item) {
        item_.store(item + 1, release);  // the other thread has taken the one before
        return true;
    }
    [[nodiscard]] bool pop(std::uint64_t& item) {
        const std::uint64_t seen = item_.load(acquire);
        if (seen == taken_) return false;
        taken_ = seen;
        item = seen - 1;
        return true;
    }

private:
    alignas(platform::no_sharing_bytes) std::atomic<std::uint64_t> item_{0};
    alignas(platform::no_sharing_bytes) std::uint64_t taken_ = 0;
};

// A thread that runs `stamp` whenever a number has changed; a Pool for the wakes alone.
template <bool sleeps>
class BareWake {
public:
    explicit BareWake(const Load& load) : thread_(load.places.worker, [this] { run(); }) {}
    ~BareWake() { change(stop_bit); }
    BareWake(const BareWake&) = delete;

    template <auto>
    [[nodiscard]] bool put(std::uintptr_t) {
        change(1);
        return true;
    }
    template <typename F>
    void enter(F&& f) {
        f();
    }

private:
    static constexpr std::uint32_t stop_bit = 1u << 31;

    void change(std::uint32_t by) {
        number_.store(number_.load(relaxed) + by, release);  // only the caller writes it
        if constexpr (sleeps) platform::futex_wake(number_, 1);
    }
    void run() {
        for (std::uint32_t seen = 0;;) {
            std::uint32_t number = 0;
            while ((number = number_.load(acquire)) == seen)
                sleeps ? platform::futex_wait(number_, seen) : platform::relax();
            if (number >= stop_bit) return;
            stamp();
            seen = number;
        }
    }

    alignas(platform::no_sharing_bytes) std::atomic<std::uint32_t> number_{0};
    alignas(platform::no_sharing_bytes) ThreadOn thread_;
};

constexpr std::array columns = {
    Column{Work::outside, "ref.mpmc", outside<SequenceRingPool>},
    Column{Work::outside, "ref.spsc", outside<OneToOnePool>},
    Column{Work::outside, "ref.mutex", outside<MutexPool>},
    Column{Work::outside, "static", split_loop},
    Column{Work::batch64, "ref.mpmc", batch64<SequenceRingPool>},
    Column{Work::batch64, "ref.spsc", batch64<OneToOnePool>},
    Column{Work::batch64, "ref.mutex", batch64<MutexPool>},
    Column{Work::batch64, "static", split_loop},
    Column{Work::tree, "ref.mutex", tree<MutexPool>},
    Column{Work::tree, "static", split_tree},
    Column{Work::fib, "floor", plain_fib},
    Column{Work::rtt, "ref.spsc", round_trip<OneToOneRing<std::uint64_t, 1024>>},
    Column{Work::rtt, "floor", round_trip<BareAtomic>},
    Column{Work::wake_spin, "ref.mpmc", wake_spin<SequenceRingPool>},
    Column{Work::wake_spin, "ref.spsc", wake_spin<OneToOnePool>},
    Column{Work::wake_spin, "floor", wake_spin<BareWake<false>>},
    Column{Work::wake_futex, "ref.mutex", wake_futex<MutexPool>},
    Column{Work::wake_futex, "floor", wake_futex<BareWake<true>>},
};

}  // namespace

std::span<const Column> reference_columns() {
    return columns;
}

}  // namespace stator::bench
