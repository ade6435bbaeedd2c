// tests/weave/structures/parts.hpp - what models of inboxes and of workers have in common.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include <stator/core/board.hpp>
#include <stator/core/grace.hpp>
#include <stator/core/idle.hpp>
#include <stator/core/inbox.hpp>
#include <stator/core/intake.hpp>
#include <stator/core/run_ring.hpp>
#include <stator/core/segment_stock.hpp>
#include <stator/core/task_taker.hpp>
#include <stator/core/waking.hpp>
#include <stator/core/worker.hpp>

namespace stator::test {

// An inbox that has a node's stock for itself; the grace thread sees it as an intake.
template <typename Item, std::size_t slots, std::size_t segments>
class OneInbox {
    using Stock = SegmentStock<Item, slots, segments>;

public:
    StockWords stock_words;
    InboxWords words;
    Stock stock{stock_words, (std::uint64_t{1} << 47) - 1};  // its generation wraps at once
    Inbox<Stock> inbox;

    OneInbox(WaitWord& collector, std::uint64_t first_opening)
        : inbox(words, stock, collector, 0, segments, first_opening) {}

    // One item, filled in place by `fill(item)`.
    template <typename Fill>
    [[nodiscard]] Submit put(Fill&& fill) {
        const Batched done = inbox.put(1, [&](Item& item, std::size_t) noexcept { fill(item); });
        weave::expect(done.accepted == (done.answer == Submit::accepted ? 1 : 0),
                      "an item is accepted or refused");
        return done.answer;
    }
    [[nodiscard]] bool wants_a_period() const { return stock.wants_a_period(); }
    [[nodiscard]] std::uint32_t collect() { return stock.collect(); }
    std::size_t grant(std::uint32_t first) {
        return stock.grant(
            first, [this](std::uint32_t) { return inbox.wants_back(); },
            [this](std::uint32_t, std::uint32_t segment) { inbox.give(segment); });
    }
};

// ---- Workers ----

inline constexpr Board some_board{};
inline constexpr Worker sleeper = {.name = "sleeper", .cpu = 0, .roles = {}, .wait = Wait::futex};
inline constexpr Worker spinner = {.name = "spinner", .cpu = 0, .roles = {}, .wait = Wait::spin};

// A worker whose end, and whose stages' ends, nobody waits for.
struct Pinned {
    WorkerFigures figures;
    PinnedWorker worker;
    explicit Pinned(const Worker& choice)
        : worker(choice, {}, some_board, figures,
                 {.scheduler = this, .stage_ended = nothing, .worker_ended = nothing}) {}
    static void nothing(void*) {}
};

// A node of the pool: its intake and its workers, which steal from each other.
template <unsigned workers, std::size_t slots, const Worker& choice = sleeper>
struct TaskNode {
    using IntakeT = Intake<slots, 2, 1>;
    using Taker = TaskTaker<IntakeT, RunRing<2>, void, false>;
    using VictimT = typename Taker::VictimT;
    struct Member : Pinned {
        Taker taker;
        Member(TaskNode& node, std::size_t headroom)
            : Pinned(choice),
              taker(node.intake, node.idle, node.waking, worker, node.mode,
                    {.claim_max = slots, .headroom = headroom}, {}) {
            worker.add(taker.handle());
        }
    };

    sync::World world;
    std::array<InboxWords, 1> words;
    StockWords stock_words;
    GraceFigures figures;
    GraceThread grace{figures};
    IntakeT intake{stock_words, words, grace.word, 0};
    IdleWorkers idle;
    Waking waking{idle, 1, 0};
    PoolMode mode;
    std::array<Member, workers> members;
    std::array<VictimT, workers> others{};  // whom the worker with this number steals from

    explicit TaskNode(std::size_t headroom = 0)
        : TaskNode(headroom, std::make_index_sequence<workers>()) {}
    template <std::size_t... i>
    TaskNode(std::size_t headroom, std::index_sequence<i...>)
        : members{((void)i, Member(*this, headroom))...} {
        static_assert(workers == 1 || workers == 2);
        grace.add(grace_source(intake));
        for (unsigned k = 0; workers == 2 && k < 2; ++k) {
            Taker& other = members[1 - k].taker;
            others[k] = {.ring = &other.ring, .overflow = &other.overflow};
        }
        for (unsigned k = 0; k < workers; ++k)
            members[k].taker.know({&others[k], workers - 1}, {}, {});
    }
    template <typename Task>
    [[nodiscard]] Submit submit(const Task& task) {
        const Batched done =
            intake.put(0, 1, [&](TaskBody& body, std::size_t) noexcept { body.put<"task">(task); });
        if (done.accepted > 0)
            (void)waking.tell(
                1, [] { return Near{}; }, WokenBy::outside);
        return done.answer;
    }
    // As TaskPool::close.
    void close() {
        std::uint32_t open = PoolMode::open;
        (void)mode.word.compare_exchange_strong(open, PoolMode::draining,
                                                std::memory_order::acq_rel,
                                                std::memory_order::relaxed);  // M1; only compared
        intake.close();
        idle.wake_all();
    }
    void run_first() { PinnedWorker::enter(&members[0].worker); }
    void run_last() { PinnedWorker::enter(&members[workers - 1].worker); }
};

}  // namespace stator::test
