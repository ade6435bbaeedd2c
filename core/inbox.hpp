// core/inbox.hpp - the bounded queue through which work of one priority reaches a node: many
// producers, many takers, in the order of arrival.
//
//    position:     0 1 2 ... slots-1 | slots ...               opening n = position / slots
//                  ^head (next to claim)        ^tail (next to reserve)
//
//    put:    reserve positions (one compare-exchange), write the slots, mark them ready
//    claim:  the marks that are ready from head on, as one range (one compare-exchange)
//    taken:  the items of a claim have been moved out; the last of a segment retires it
//
// A slot is ready when its mark names its segment's own opening and this inbox: a segment may have
// had an opening of the same number in another inbox before. Positions run on for ever (63 bits,
// and 58 of an opening in a mark: 900 years at 10 million a second), so no word ever repeats, and a
// compare-exchange that was prepared before anything else happened fails.
//
// A producer that is stopped between reserving and marking holds back what was put behind it:
// takers do not spin for it, they sleep, and its own mark wakes them. (One that is stopped while it
// wakes a worker holds back that worker.)
//
// Progress   put, claim, taken: lock-free. The only system call is the wake of a grace thread that
//            sleeps, when segments run low: once a period at most.
// Threads    put, close: any. claim: any thread, while it is an online reader. item, taken: whoever
//            has the claim; online or not, as a segment stays while a slot of it is not taken.
// Edges      B1  put releases the slot's mark -> claim acquires it : the item
//            B2  put and close release tail -> drained acquires it : what had been accepted
//            B3  claim releases head -> claim, drained acquire it : the segment is open, for later
//                claims
//            and those of core/grants.hpp and core/segment_stock.hpp.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <stator/core/grants.hpp>
#include <stator/core/inbox_words.hpp>
#include <stator/core/segment_stock.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>
#include <stator/core/wait_word.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

// Items `first` to `first + count - 1` of a segment, for one taker alone. count 0: nothing.
struct Claim {
    std::uint32_t segment = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

// How many of a batch were taken, from its first on, and the answer to the first that was not;
// `accepted` where all were.
struct Batched {
    Submit answer = Submit::accepted;
    std::size_t accepted = 0;
};

template <typename Stock>
class Inbox {
    using enum std::memory_order;
    using Item = typename Stock::ItemType;
    static constexpr std::size_t slots = Stock::slots, segments = Stock::segments;

public:
    // `stock` is the node's, `quota` the number of its segments that come back to this inbox, and
    // `number` the inbox's among those of the node. `collector` is where the grace thread sleeps.
    // `first_opening` is the number of the first opening; tests start it just before 2^48.
    Inbox(InboxWords& words, Stock& stock, WaitWord& collector, std::uint32_t number,
          std::size_t quota, std::uint64_t first_opening = 0)
        : words_(&words),
          stock_(&stock),
          collector_(&collector),
          number_(number),
          quota_(quota),
          grants_(words.next_grant, first_opening) {
        words_->slots = slots;
        words_->priority = number;
        words_->first_position = first_opening * slots;
        words_->tail.store(words_->first_position, relaxed);  // nobody else knows the words yet
        words_->head.store(words_->first_position, relaxed);  // as above
        for (std::size_t i = 0; i < quota; ++i) grants_.give(stock.draw(number));
    }
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    // ---- Producers: any thread ----

    // Fills the next slots in place: `fill(item, i)` for i = 0, 1, ..., n - 1 (1 or more), as far
    // as there is room; it must not throw. What was not accepted has not been touched; the reason
    // is `full`, `full_cooling` or `closed`. Afterwards the caller wakes takers. Memory ordering:
    // what the caller did before is visible to the taker of an item.
    template <typename Fill>
    [[nodiscard]] Batched put(std::size_t n, Fill&& fill) {
        static_assert(
            noexcept(fill(std::declval<Item&>(), std::size_t{})),
            "filling a slot may throw, and the slot would never be ready; make it noexcept");
        Batched done;
        std::uint64_t tail =
            words_->tail.load(relaxed);  // only compared; what it leads to is checked
        while (done.accepted < n) {
            if ((tail & closed_bit) != 0) return {Submit::closed, done.accepted};
            const std::uint64_t opening = tail / slots;
            const std::uint32_t segment = grants_.granted(opening);
            if (segment == Stock::none) {
                const std::uint64_t now =
                    words_->tail.load(relaxed);  // by G1 newer, where `tail` is old
                if (now == tail && !find_segment(opening)) {
                    const bool cools = stock_->refusal();
                    // What has come back meanwhile is seen here.
                    if (!find_segment(opening)) return refuse(cools, done.accepted);
                }
                tail = now;
                continue;
            }
            const std::size_t first = tail % slots;
            if (first == 0) stock_->reveal(segment);
            const std::size_t mine = std::min(slots - first, n - done.accepted);
            if (!words_->tail.compare_exchange_weak(tail, tail + mine, acq_rel, relaxed))
                continue;  // B2
            if (first == 0) open(opening, segment);
            Slot<Item>* slot = &stock_->slot(segment, first);
            const std::uint64_t mark = mark_of(opening);
            for (std::size_t i = 0; i < mine; ++i, ++slot) {
                fill(sync::write(slot->item), done.accepted + i);
                slot->mark.store(mark, release);  // B1
            }
            done.accepted += mine;
            tail += mine;
        }
        return done;
    }

    // No more: every later put is answered with `closed`. Any number of times.
    void close() { (void)words_->tail.fetch_or(closed_bit, acq_rel); }  // B2

    // ---- Takers: any thread that is an online reader ----

    // Up to `most` ready items from the oldest on, of one segment; with `sharers` takers about a
    // `sharers`-th of what is ready, so that the others find something.
    [[nodiscard]] Claim claim(std::size_t most, std::size_t sharers) {
        std::uint64_t head = words_->head.load(acquire);  // B3
        for (;;) {
            const std::uint64_t opening = head / slots;
            const std::size_t first = head % slots;
            const std::uint32_t segment = grants_.opened(opening);
            const std::size_t ready =
                segment == Stock::none ? 0
                                       : ready_from(&stock_->slot(segment, first), mark_of(opening),
                                                    std::min(most, slots - first));
            if (ready == 0) {
                const std::uint64_t now = words_->head.load(acquire);  // B3
                if (now == head) return {};
                head = now;
                continue;
            }
            const std::size_t mine = (ready + sharers - 1) / sharers;
            if (!words_->head.compare_exchange_weak(head, head + mine, acq_rel, acquire))
                continue;  // B3
            return {.segment = segment,
                    .first = static_cast<std::uint32_t>(first),
                    .count = static_cast<std::uint32_t>(mine)};
        }
    }
    // Whether a claim would find something now. An online reader.
    [[nodiscard]] bool has_ready() {
        for (;;) {
            const std::uint64_t head = words_->head.load(acquire);  // B3
            const std::uint64_t opening = head / slots;
            const std::uint32_t segment = grants_.opened(opening);
            if (segment != Stock::none &&
                stock_->slot(segment, head % slots).mark.load(acquire) == mark_of(opening))  // B1
                return true;
            if (words_->head.load(acquire) == head) return false;  // B3
        }
    }

    // ---- The owner of a claim ----

    [[nodiscard]] Item& item(const Claim& claim, std::size_t i) {
        return sync::write(stock_->slot(claim.segment, claim.first + i).item);
    }
    // All items of the claim have been moved out. The marks are cleared for speed alone: so the
    // lines of the slots leave the producer's cache, and it fetches them ahead on its next round.
    // Of what it still had, but shared, it would have to take possession slot by slot. (Measured: a
    // task from outside in 10 to 15 ns instead of 19.)
    void taken(const Claim& claim) {
        for (std::size_t i = 0; i < claim.count; ++i)
            stock_->slot(claim.segment, claim.first + i).mark.store(0, relaxed);  // by G2
        if (stock_->taken(claim.segment, claim.count) && stock_->is_low()) collector_->notify();
    }

    // ---- The grace thread ----

    // Whether a segment that this inbox has retired comes back to it.
    [[nodiscard]] bool wants_back() const { return stock_->held(number_) < quota_; }
    void give(std::uint32_t segment) { grants_.give(segment); }

    // ---- Anybody ----

    // Closed, and everything that was accepted has been claimed.
    [[nodiscard]] bool drained() const {
        const std::uint64_t tail = words_->tail.load(acquire);  // B2
        return (tail & closed_bit) != 0 &&
               words_->head.load(acquire) == (tail & ~closed_bit);  // B3
    }
    // Items put in, and items claimed, so far.
    [[nodiscard]] std::uint64_t accepted() const {
        return (words_->tail.load(relaxed) & ~closed_bit) -
               words_->first_position;  // a count alone
    }
    [[nodiscard]] std::uint64_t claimed() const {
        return words_->head.load(relaxed) - words_->first_position;  // a count alone
    }

private:
    static constexpr std::uint64_t closed_bit = InboxWords::closed_bit;

    // 0 is the mark of a slot that is not in use.
    [[nodiscard]] std::uint64_t mark_of(std::uint64_t opening) const {
        return (opening + 1) * priorities_max + number_;
    }
    // How many slots are ready from `slot` on, 0..most; fewer than there are, where the producer is
    // near: it looks at twice the distance each time. Who went on slot by slot would follow at the
    // producer's heels, and each look takes the line away that is being written.
    [[nodiscard]] static std::size_t ready_from(const Slot<Item>* slot, std::uint64_t mark,
                                                std::size_t most) {
        std::size_t ready = 0;
        for (std::size_t goal = 1; goal <= most; goal = std::min(2 * goal, most)) {
            if (slot[goal - 1].mark.load(acquire) != mark) break;  // B1
            const std::size_t between = goal - 1;
            while (ready < between && slot[ready].mark.load(acquire) == mark) ++ready;  // B1
            if (ready < between) break;
            ready = goal;
            if (goal == most) break;
        }
        return ready;
    }
    // The next opening has no segment. False: none is to be had.
    [[nodiscard]] bool find_segment(std::uint64_t opening) {
        const std::uint32_t drawn = stock_->draw(number_);
        if (drawn == Stock::none) return grants_.granted(opening) != Stock::none;
        // Where somebody else was quicker it is not needed now.
        if (grants_.granted(opening) == Stock::none || !stock_->give_back(drawn, quota_))
            grants_.give(drawn);
        return true;
    }
    void open(std::uint64_t opening, std::uint32_t segment) {
        stock_->opened(segment);
        grants_.open(opening);
        if (stock_->is_low() && stock_->visit()) collector_->notify();
    }
    [[nodiscard]] Batched refuse(bool cools, std::size_t accepted) {
        if (!cools) return {Submit::full, accepted};
        collector_->notify();
        return {Submit::full_cooling, accepted};
    }

    InboxWords* words_;
    Stock* stock_;
    WaitWord* collector_;
    std::uint32_t number_;
    std::size_t quota_;
    Grants<segments> grants_;
};

}  // namespace stator
