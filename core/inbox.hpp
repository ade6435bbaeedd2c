// core/inbox.hpp - the bounded queue through which work reaches a node: many producers, many
// takers, in the order of arrival.
//
//    position:     0 1 2 ... slots-1 | slots ...               opening n = position / slots
//                  ^head (next to claim)        ^tail (next to reserve)
//
//    put:    reserve a position (one compare-exchange), write the slot, mark it ready
//    claim:  the marks that are ready from head on, as one range (one compare-exchange)
//    taken:  the items of a claim have been moved out; the last of a segment retires it
//
// A slot is ready when its mark is the number of its segment's own opening, plus one. Positions run
// on for ever (63 bits: 29 thousand years at 10 million a second), so no word ever repeats, and a
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
//            B2  put releases tail -> claim, drained acquire it   : the segment is open
//            B3  claim releases head -> claim, drained acquire it : the same, for later claims
//            and G1, G2 of core/segment_stock.hpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

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

template <typename Item, std::size_t slots, std::size_t segments>
class Inbox {
    using enum std::memory_order;
    using Stock = SegmentStock<Item, slots, segments>;

public:
    // `collector` is where the grace thread sleeps. `first_opening` is the number of the first
    // opening; tests start it just before 2^48.
    Inbox(InboxWords& words, WaitWord& collector, std::uint64_t first_opening = 0)
        : words_(&words), collector_(&collector), stock_(words, first_opening) {
        words_->segments = segments;
        words_->slots = slots;
        words_->first_position = first_opening * slots;
        words_->tail.store(words_->first_position, relaxed);  // nobody else knows the words yet
        words_->head.store(words_->first_position, relaxed);  // as above
    }
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    // ---- Producers: any thread ----

    // Fills the next slot in place: `fill(item)` is called at most once, and only where the answer
    // is `accepted`; it must not throw. Otherwise nothing has changed: `full`, `full_cooling` or
    // `closed`. Afterwards the caller wakes a taker. Memory ordering: what the caller did before is
    // visible to the taker of the item.
    template <typename Fill>
    [[nodiscard]] Submit put(Fill&& fill) {
        static_assert(
            noexcept(fill(std::declval<Item&>())),
            "filling a slot may throw, and the slot would never be ready; make it noexcept");
        std::uint64_t tail =
            words_->tail.load(relaxed);  // only compared; what it leads to is checked
        for (;;) {
            if ((tail & closed_bit) != 0) return Submit::closed;
            const std::uint64_t opening = tail / slots;
            const std::uint32_t segment = stock_.granted(opening);
            if (segment == Stock::none) {
                const std::uint64_t now =
                    words_->tail.load(relaxed);  // by G1 newer, where `tail` is old
                if (now == tail) {
                    const bool cools = stock_.refusal(opening);
                    // What has come back meanwhile is seen here.
                    if (stock_.granted(opening) == Stock::none) return refuse(cools);
                    continue;
                }
                tail = now;
                continue;
            }
            if (tail % slots == 0) stock_.reveal(segment);
            if (!words_->tail.compare_exchange_weak(tail, tail + 1, acq_rel, relaxed))
                continue;  // B2
            if (tail % slots == 0) open(segment);
            Slot<Item>& slot = stock_.slot(segment, tail % slots);
            fill(sync::write(slot.item));
            slot.mark.store(opening + 1, release);  // B1
            return Submit::accepted;
        }
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
            const std::uint32_t segment = stock_.granted(opening);
            std::size_t ready = 0;
            if (segment != Stock::none && is_open(head)) {
                while (ready < most && first + ready < slots &&
                       stock_.slot(segment, first + ready).mark.load(acquire) == opening + 1)  // B1
                    ++ready;
            }
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
            const std::uint32_t segment = stock_.granted(opening);
            if (segment != Stock::none && is_open(head) &&
                stock_.slot(segment, head % slots).mark.load(acquire) == opening + 1)  // B1
                return true;
            if (words_->head.load(acquire) == head) return false;  // B3
        }
    }

    // ---- The owner of a claim ----

    [[nodiscard]] Item& item(const Claim& claim, std::size_t i) {
        return sync::write(stock_.slot(claim.segment, claim.first + i).item);
    }
    // All items of the claim have been moved out.
    void taken(const Claim& claim) {
        if (stock_.taken(claim.segment, claim.count) && is_low()) collector_->notify();
    }

    // ---- Anybody ----

    // Closed, and everything that was accepted has been claimed.
    [[nodiscard]] bool drained() const {
        const std::uint64_t tail = words_->tail.load(acquire);  // B2
        return (tail & closed_bit) != 0 &&
               words_->head.load(acquire) == (tail & ~closed_bit);  // B3
    }
    // Few segments are free, and some could be collected: a grace period is due.
    [[nodiscard]] bool wants_a_period() const { return is_low() && stock_.has_retired(); }
    // Items put in, and items claimed, so far.
    [[nodiscard]] std::uint64_t accepted() const {
        return (words_->tail.load(relaxed) & ~closed_bit) -
               words_->first_position;  // a count alone
    }
    [[nodiscard]] std::uint64_t claimed() const {
        return words_->head.load(relaxed) - words_->first_position;  // a count alone
    }
    [[nodiscard]] Stock& stock() { return stock_; }
    [[nodiscard]] const Stock& stock() const { return stock_; }

private:
    static constexpr std::uint64_t closed_bit = InboxWords::closed_bit;

    // Whether somebody has reserved position `head`. Inside a segment an earlier claim has seen it.
    [[nodiscard]] bool is_open(std::uint64_t head) const {
        return head % slots != 0 || (words_->tail.load(acquire) & ~closed_bit) > head;  // B2
    }
    [[nodiscard]] bool is_low() const {
        const std::uint64_t tail = words_->tail.load(relaxed) & ~closed_bit;  // an estimate
        return stock_.granted_from((tail + slots - 1) / slots) <= Stock::low_water;
    }
    void open(std::uint32_t segment) {
        stock_.opened(segment);
        if (is_low() && stock_.visit()) collector_->notify();
    }
    [[nodiscard]] Submit refuse(bool cools) {
        if (!cools) return Submit::full;
        collector_->notify();
        return Submit::full_cooling;
    }

    InboxWords* words_;
    WaitWord* collector_;
    Stock stock_;
};

}  // namespace stator
