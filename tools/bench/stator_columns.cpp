// tools/bench/stator_columns.cpp - Stator's columns: tasks by value, tasks whose memory is the
// caller's, and its ring.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <stator/core/scheduler.hpp>
#include <stator/core/spsc_ring.hpp>
#include <stator/core/task_group.hpp>

#include "bench/boards.hpp"
#include "bench/columns.hpp"
#include "bench/drive.hpp"

namespace stator::bench {
namespace {

template <const Board& b>
Scheduler<b> scheduler;  // one of each type for all runs: all the memory that it will ever use

// Runs while it lives.
template <const Board& b>
class Started {
public:
    explicit Started(const Load& /*its board says where*/) {
        if (const Status s = scheduler<b>.start(); !s.ok()) throw CannotStart(s.text());
    }
    ~Started() { scheduler<b>.stop(); }
    Started(const Started&) = delete;

    template <typename F>
    void enter(F&& f) {
        f();
    }
};

template <const Board& b>
class ValuePool : public Started<b> {
public:
    using Started<b>::Started;

    template <auto run>
    [[nodiscard]] bool put(std::uintptr_t argument) {
        return scheduler<b>.submit({}, [argument] { run(argument); }) == Submit::accepted;
    }
    template <auto run>
    [[nodiscard]] std::size_t put_all(std::size_t n) {
        constexpr auto task = [] { run(0); };
        std::array<std::remove_const_t<decltype(task)>, 64> tasks;
        return scheduler<b>.submit_all({}, std::span(tasks).first(n)).accepted;
    }
    [[nodiscard]] static auto group() { return TaskGroup(scheduler<b>.tasks()); }
};

// The caller's tasks in turn: each is free for its next use once it has begun.
template <const Board& b>
class IntrusivePool : public Started<b> {
public:
    using Started<b>::Started;

    template <auto run>
    [[nodiscard]] bool put(std::uintptr_t argument) {
        if (!is_next_free<run>()) return false;
        return scheduler<b>.submit({}, take_next<run>(argument)) == Submit::accepted;
    }
    template <auto run>
    [[nodiscard]] std::size_t put_all(std::size_t n) {
        TaskBatch batch;
        while (batch.size() < n && is_next_free<run>()) batch.push(take_next<run>(0));
        const std::size_t size = batch.size();
        return scheduler<b>.submit({}, batch) == Submit::accepted ? size : 0;
    }

private:
    template <auto run>
    struct Node : Task {
        std::uintptr_t argument = 0;
        std::atomic<bool> is_free{true};

        Node() : Task(begin) {}
        static Outcome begin(Task& self) {
            auto& node = static_cast<Node&>(self);
            const std::uintptr_t its_argument = node.argument;
            node.is_free.store(true, std::memory_order::release);
            run(its_argument);
            return Outcome::done;
        }
    };
    template <auto run>
    struct Nodes {
        std::array<Node<run>, in_flight_max> all;
        std::size_t next = 0;
    };
    template <auto run>
    static inline Nodes<run> nodes;

    template <auto run>
    static bool is_next_free() {
        Nodes<run>& mine = nodes<run>;
        return mine.all[mine.next].is_free.load(std::memory_order::acquire);
    }
    template <auto run>
    static Task& take_next(std::uintptr_t argument) {
        Nodes<run>& mine = nodes<run>;
        Node<run>& node = mine.all[mine.next];
        mine.next = (mine.next + 1) % mine.all.size();
        node.argument = argument;
        node.is_free.store(false, std::memory_order::relaxed);  // submit publishes it
        return node;
    }
};

// Tasks that workers spawn: each goes to the thread that has begun it, for its next use there.
template <const Board& b>
class SpawnPool : public Started<b> {
public:
    using Started<b>::Started;

    template <auto run>
    [[nodiscard]] bool put(std::uintptr_t argument) {
        auto node = Node<run>::take();
        node->argument = argument;
        if (scheduler<b>.submit({}, *node) != Submit::accepted) return false;
        (void)node.release();  // its run owns it
        return true;
    }

private:
    template <auto run>
    struct Node : Task {
        std::uintptr_t argument = 0;

        Node() : Task(begin) {}
        static std::vector<std::unique_ptr<Node>>& spares() {
            static thread_local std::vector<std::unique_ptr<Node>> mine;
            return mine;
        }
        static std::unique_ptr<Node> take() {
            auto& mine = spares();
            if (mine.empty()) return std::make_unique<Node>();
            std::unique_ptr<Node> node = std::move(mine.back());
            mine.pop_back();
            return node;
        }
        static Outcome begin(Task& self) {
            auto& node = static_cast<Node&>(self);
            const std::uintptr_t its_argument = node.argument;
            spares().emplace_back(&node);
            run(its_argument);
            return Outcome::done;
        }
    };
};

// The same workload on the board with as many workers as the load says.
template <template <const Board&> typename Pool>
Measured outside_on(const Load& load) {
    return load.workers == 1 ? outside<Pool<one_spins>>(load) : outside<Pool<two_work>>(load);
}
template <template <const Board&> typename Pool>
Measured batch64_on(const Load& load) {
    return load.workers == 1 ? batch64<Pool<one_spins>>(load) : batch64<Pool<two_work>>(load);
}
template <template <const Board&> typename Pool>
Measured tree_on(const Load& load) {
    return load.workers == 1 ? tree<Pool<one_spins>>(load) : tree<Pool<two_work>>(load);
}
Measured fib_on(const Load& load) {
    return load.workers == 1 ? fib<ValuePool<one_spins>>(load) : fib<ValuePool<two_work>>(load);
}

constexpr std::array columns = {
    Column{Work::outside, "stator", outside_on<ValuePool>},
    Column{Work::outside, "stator.intrusive", outside_on<IntrusivePool>},
    Column{Work::batch64, "stator", batch64_on<ValuePool>},
    Column{Work::batch64, "stator.intrusive", batch64_on<IntrusivePool>},
    Column{Work::tree, "stator", tree_on<ValuePool>},
    Column{Work::tree, "stator.intrusive", tree_on<SpawnPool>},
    Column{Work::fib, "stator", fib_on},
    Column{Work::rtt, "stator", round_trip<SpscRing<std::uint64_t, 1024>>},
    Column{Work::wake_spin, "stator", wake_spin<ValuePool<one_spins>>},
    Column{Work::wake_spin, "stator.intrusive", wake_spin<IntrusivePool<one_spins>>},
    Column{Work::wake_futex, "stator", wake_futex<ValuePool<one_sleeps>>},
    Column{Work::wake_futex, "stator.intrusive", wake_futex<IntrusivePool<one_sleeps>>},
};

}  // namespace

std::span<const Column> stator_columns() {
    return columns;
}

Places places_of_board() {
    return {.caller = cpu_of_caller, .worker = cpu_of_worker};
}

}  // namespace stator::bench
