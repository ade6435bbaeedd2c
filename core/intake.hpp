// core/intake.hpp - where work reaches a node: for each priority an inbox for tasks by value and a
// queue for intrusive ones, and one word that says which of them have something.
//
//    ready_ = a bit for each priority        highest first: one bit scan
//
// Who has put something in sets the bit, always, by a read-modify-write; who finds nothing behind a
// bit clears it, and then looks once more. With one priority nobody asks the bit, and the word is
// for those who are about to sleep; where no worker ever sleeps either, it is not touched at all.
//
// Ageing: of every `ageing` claims in which a lower priority had to wait, one goes to the next of
// the waiting ones in turn. So with p priorities a task at the head of its inbox is claimed after
// at most ageing * (p - 1) claims of one worker.
//
// Threads    put, push, close, look: any; look as an online reader. The rest: who takes.
// Edges      K1  mark releases ready_ -> ready, clear and look acquire it : what was put in. Also,
//                as both sides change the word: of a mark and a look one comes second
//                (core/idle.hpp)
// Source     DESIGN D4, D6; wpool's roadmap (buckets, ageing, provisioning).
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <stator/core/inbox.hpp>
#include <stator/core/inbox_words.hpp>
#include <stator/core/segment_stock.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>
#include <stator/core/task_queue.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

// One worker's memory of whom it let wait.
struct Ageing {
    unsigned passed = 0;  // claims since a lower priority was served
    unsigned last = 0;    // the lower priority that was served last

    // Which of the priorities of `bits` (not 0) to serve; `ageing` 1 or more.
    [[nodiscard]] unsigned choose(std::uint64_t bits, unsigned ageing) {
        const unsigned highest = highest_of(bits);
        const std::uint64_t lower = bits & ~(std::uint64_t{1} << highest);
        if (lower == 0) return highest;
        if (++passed < ageing) return highest;
        passed = 0;
        const std::uint64_t below = lower & ((std::uint64_t{1} << last) - 1);
        last = highest_of(below != 0 ? below : lower);
        return last;
    }

private:
    static unsigned highest_of(std::uint64_t bits) {
        return 63 - static_cast<unsigned>(std::countl_zero(bits));
    }
};

template <std::size_t slots, std::size_t segments, std::size_t priorities,
          bool somebody_sleeps = true>
class Intake {
    static_assert(1 <= priorities && priorities <= priorities_max);
    static constexpr bool has_bits = priorities > 1 || somebody_sleeps;
    using enum std::memory_order;

public:
    using Stock = SegmentStock<TaskBody, slots, segments>;
    using InboxT = Inbox<Stock>;
    static constexpr std::size_t count = priorities;

    // `words` has one record for each priority. `first_opening` as in Inbox.
    Intake(StockWords& stock_words, std::array<InboxWords, priorities>& words, WaitWord& collector,
           std::size_t quota, std::uint64_t first_opening = 0)
        : Intake(stock_words, words, collector, priorities == 1 ? segments : quota, first_opening,
                 std::make_index_sequence<priorities>()) {}

    // ---- Producers: any thread. Afterwards the caller wakes takers. ----

    // As Inbox::put.
    template <typename Fill>
    [[nodiscard]] Batched put(unsigned priority, std::size_t n, Fill&& fill) {
        const Batched done = inboxes_[priority].put(n, fill);
        if (done.accepted > 0) mark(priority);
        return done;
    }
    // As TaskQueue::push, with the count of those that were accepted.
    [[nodiscard]] bool push(unsigned priority, TaskBatch& batch) {
        const std::size_t n = batch.size();
        if (!queues_[priority].push(batch)) return false;
        (void)words_->linked.fetch_add(n, relaxed);  // a count alone
        mark(priority);
        return true;
    }
    void close() {
        for (auto& inbox : inboxes_) inbox.close();
        for (auto& queue : queues_) queue.close();
    }

    // ---- Takers ----

    // The priorities that may have something, a bit each.
    [[nodiscard]] std::uint64_t ready() const {
        if constexpr (priorities == 1)
            return 1;
        else
            return ready_.load(acquire);  // K1
    }
    [[nodiscard]] InboxT& inbox(unsigned priority) { return inboxes_[priority]; }
    [[nodiscard]] TaskQueue& queue(unsigned priority) { return queues_[priority]; }
    // Something has been left behind at this priority.
    void mark(unsigned priority) {
        if constexpr (has_bits) {
            (void)ready_.fetch_or(std::uint64_t{1} << priority, acq_rel);  // K1
        }
    }
    // Nothing was found at this priority. False: now there is. An online reader.
    [[nodiscard]] bool clear(unsigned priority) {
        if constexpr (priorities == 1) return true;
        (void)ready_.fetch_and(~(std::uint64_t{1} << priority), acq_rel);  // K1
        if (!has_some(priority)) return true;
        mark(priority);
        return false;
    }
    // Whether there is something to take; for one who is about to sleep. An online reader.
    [[nodiscard]] bool look() {
        if constexpr (!has_bits) return has_some(0);
        std::uint64_t bits = ready_.fetch_add(0, acq_rel);  // K1
        if constexpr (priorities == 1) return has_some(0);
        for (; bits != 0; bits &= bits - 1)
            if (has_some(static_cast<unsigned>(std::countr_zero(bits)))) return true;
        return false;
    }

    // Closed, and everything that was accepted has been taken.
    [[nodiscard]] bool drained() const {
        for (const auto& inbox : inboxes_)
            if (!inbox.drained()) return false;
        for (const auto& queue : queues_)
            if (!queue.is_drained()) return false;
        return true;
    }

    // ---- The grace thread ----

    [[nodiscard]] bool wants_a_period() const { return stock_.wants_a_period(); }
    [[nodiscard]] std::uint32_t collect() { return stock_.collect(); }
    std::size_t grant(std::uint32_t first) {
        return stock_.grant(
            first, [this](std::uint32_t i) { return inboxes_[i].wants_back(); },
            [this](std::uint32_t i, std::uint32_t segment) { inboxes_[i].give(segment); });
    }

    [[nodiscard]] Stock& stock() { return stock_; }

private:
    template <std::size_t... i>
    Intake(StockWords& stock_words, std::array<InboxWords, priorities>& words, WaitWord& collector,
           std::size_t quota, std::uint64_t first_opening, std::index_sequence<i...>)
        : words_(&stock_words),
          stock_(stock_words),
          inboxes_{InboxT(words[i], stock_, collector, static_cast<std::uint32_t>(i), quota,
                          first_opening)...} {}

    [[nodiscard]] bool has_some(unsigned priority) {
        return inboxes_[priority].has_ready() || queues_[priority].look();
    }

    StockWords* words_;
    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> ready_{0};
    Stock stock_;
    std::array<InboxT, priorities> inboxes_;
    std::array<TaskQueue, priorities> queues_{};
};

}  // namespace stator
