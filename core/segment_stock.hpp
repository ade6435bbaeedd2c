// core/segment_stock.hpp - the segments of one inbox, and the circle that each of them goes round.
//
//    granted --first slot reserved--> open --last slot taken--> retired --collected--> cooling
//       ^                                                                                 |
//       +--------------------------- grace period over, granted again -------------------+
//
// A segment is opened again and again; each time it gets the next opening number of its inbox. The
// order in which free segments are opened is fixed when they are granted: entry `n % segments` of
// the grants says which segment opening n is. So opening a segment needs no step of its own: it is
// open when the position of the inbox's tail has reached its first slot (core/inbox.hpp), no
// producer ever holds a free segment in its hand, and one that is stopped holds up nobody.
//
//    grants_[n % segments] = { opening number : 48 | segment : 16 }
//
// There are at most `segments` openings between the oldest one with a slot that is not claimed and
// the newest that is granted, so an entry is not overwritten while somebody may need it. Control
// words lie outside the segments, and are never hidden from the address sanitizer.
//
// Progress   granted, taken, retire: lock-free. collect, grant: wait-free, as the one collector.
// Memory     segments * slots * the size of a slot, and 64 bytes of control a segment.
// Threads    granted, refusal: any. slot: the owner of a slot, or a reader while it is online.
//            taken: who has claimed the slots. collect, grant: the one grace thread.
// Edges      G1  grant releases grants_ -> granted acquires it : a period has passed since the last
//                use, and what the grace thread did to the segment
//            G2  taken releases taken_ -> the last taken acquires it : all slots have been read
//            G3  retire releases retired_ -> collect acquires it : the segment is out of reach
//            G4  refusal, visit and retire change retired_ by read-modify-write : of a retirement
//                and one of the others one comes second, and that one wakes the grace thread
//            G5  grant releases next_grant -> refusal acquires it : what was granted before
//            G6  retire counts in retired by read-modify-write -> later ones acquire it : the
//                grants that came before, for the high water
// Source     DESIGN D4; K. Fraser, "Practical lock-freedom", section 5.2.3, for the grace period.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/inbox_words.hpp>
#include <stator/core/sync.hpp>
#include <stator/platform/check.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

// A slot: `mark` says for which opening its item is ready.
template <typename Item>
struct alignas(64) Slot {
    sync::atomic<std::uint64_t> mark{0};
    sync::plain<Item> item{};
};

template <typename Item, std::size_t slots_each, std::size_t count>
class SegmentStock {
    static_assert(1 <= slots_each && slots_each <= 65'536,
                  "a segment has 1 to 65536 slots; choose .slots_per_segment in that range");
    static_assert(2 <= count && count <= 65'535,
                  "an inbox has 2 to 65535 segments: one is filled while another one cools; choose "
                  ".segments in that range");
    using enum std::memory_order;

public:
    static constexpr std::size_t slots = slots_each;
    static constexpr std::size_t segments = count;
    static constexpr std::uint32_t none = 0xffff'ffff;
    // With so few granted segments left, and others retired, the grace thread is woken.
    static constexpr std::size_t low_water = count / 2;

    // `first_opening` is the number of the first opening; tests start it just before 2^48.
    SegmentStock(InboxWords& words, std::uint64_t first_opening)
        : words_(&words), first_opening_(first_opening) {
        words_->next_grant.store(first_opening, relaxed);  // nobody else knows the words yet
        for (std::uint32_t s = 0; s < count; ++s) {
            sync::hide(segments_[s]);
            grant_one(s);
        }
    }
    ~SegmentStock() {
        for (auto& segment : segments_) sync::reveal(segment);
    }
    SegmentStock(const SegmentStock&) = delete;
    SegmentStock& operator=(const SegmentStock&) = delete;

    // ---- Any thread ----

    // The segment of opening `n`, or `none` where that is not granted (or is long over).
    [[nodiscard]] std::uint32_t granted(std::uint64_t n) const {
        const std::uint64_t entry = grants_[n % count].load(acquire);  // G1
        return entry >> 16 == (n & number_mask) ? static_cast<std::uint32_t>(entry & 0xffff) : none;
    }
    // A producer is about to reserve the first slot of `segment`.
    void reveal(std::uint32_t segment) { sync::reveal(segments_[segment]); }
    // It has reserved it.
    void opened(std::uint32_t segment) { step(segment, free, open); }

    [[nodiscard]] Slot<Item>& slot(std::uint32_t segment, std::size_t i) {
        return segments_[segment][i];
    }

    // `n` more slots of `segment` have been read, and will not be touched any more. True when they
    // were the last, and the segment has been retired.
    [[nodiscard]] bool taken(std::uint32_t segment, std::size_t n) {
        Control& control = controls_[segment];
        const auto more = static_cast<std::uint32_t>(n);
        if (control.taken.fetch_add(more, acq_rel) + more < slots_each) return false;  // G2
        control.taken.store(0, relaxed);  // travels to the next opening by G3 and G1
        retire(segment);
        return true;
    }

    // Segments that are granted and not opened, where all openings below `opening` have begun; an
    // estimate.
    [[nodiscard]] std::size_t granted_from(std::uint64_t opening) const {
        const std::uint64_t next = words_->next_grant.load(relaxed);  // an estimate needs no order
        return next > opening ? static_cast<std::size_t>(next - opening) : 0;
    }
    // A producer has found no segment for `opening`. True when some have been retired or cool, or
    // are about to be granted: they come back. Then the caller wakes the grace thread.
    [[nodiscard]] bool refusal(std::uint64_t opening) {
        (void)retired_.fetch_add(one_visit, acq_rel);  // G4: a change, so that order is decided
        const std::uint64_t next = words_->next_grant.load(acquire);  // G5
        const std::uint64_t gone = words_->retired.load(acquire);     // G6
        return next > opening || gone > words_->recycled(next);
    }
    // Whether something has been retired, decided in an order with retirements: of a call and a
    // retirement the second one sees the first.
    [[nodiscard]] bool visit() {
        return (retired_.fetch_add(one_visit, acq_rel) & top_mask) != 0;  // G3, G4
    }

    // Segments that have been granted again after a period, so far.
    [[nodiscard]] std::uint64_t recycled() const {
        return words_->recycled(words_->next_grant.load(relaxed));  // a count alone
    }
    [[nodiscard]] bool has_retired() const {
        return (retired_.load(acquire) & top_mask) != 0;  // G3
    }

    // ---- The grace thread ----

    // Takes all retired segments: the first of a list, or `none`. After a period: grant.
    [[nodiscard]] std::uint32_t collect() {
        const std::uint64_t top = retired_.fetch_and(~top_mask, acq_rel);  // G3, G4
        const auto first = static_cast<std::uint32_t>(top & top_mask) - 1;
        for (std::uint32_t s = first; s != none; s = controls_[s].next)
            step(s, retired, cooling_now);
        return first;
    }
    // The list that `collect` gave has cooled: its segments can be opened again. How many.
    std::size_t grant(std::uint32_t first) {
        std::size_t n = 0;
        for (; first != none; ++n) {
            const std::uint32_t next = controls_[first].next;
            step(first, cooling_now, free);
            sync::hide(segments_[first]);
            grant_one(first);
            first = next;
        }
        return n;
    }

private:
    static constexpr std::uint64_t number_mask = (std::uint64_t{1} << 48) - 1;
    // retired_ = { visits : 47 | top + 1 : 17 }; a visit changes nothing else.
    static constexpr std::uint64_t top_mask = (std::uint64_t{1} << 17) - 1;
    static constexpr std::uint64_t one_visit = top_mask + 1;
    static constexpr std::uint32_t free = 0, open = 1, retired = 2, cooling_now = 3;

    struct alignas(64) Control {
        sync::atomic<std::uint32_t> taken{0};
        sync::atomic<std::uint32_t> state{free};
        std::uint32_t next = none;  // of a list of retired ones; written before G3, read after
    };

    // Each step is made by one thread alone; anything else is a contradiction.
    void step(std::uint32_t segment, std::uint32_t from, std::uint32_t to) {
        sync::atomic<std::uint32_t>& state = controls_[segment].state;
        // The steps themselves are ordered by G1 to G3.
        platform::check(state.load(relaxed) == from, "a segment was recycled out of turn");
        state.store(to, relaxed);  // as above
    }

    void retire(std::uint32_t segment) {
        step(segment, open, retired);
        // Before the exchange below (G4), so that a refusal which comes later sees it. Its chain
        // (G6) carries the grants of all that were retired before, so never more than all cool.
        const std::uint64_t gone = words_->retired.fetch_add(1, acq_rel) + 1;           // G6
        const std::uint64_t back = words_->recycled(words_->next_grant.load(relaxed));  // by G6
        const std::uint64_t n = gone > back ? gone - back : 0;    // later ones may be back already
        std::uint64_t high = words_->cooling_high.load(relaxed);  // a count alone
        while (n > high && !words_->cooling_high.compare_exchange_weak(high, n, relaxed,
                                                                       relaxed)) {  // a count
        }
        std::uint64_t top = retired_.load(relaxed);  // the exchange below orders
        do {
            controls_[segment].next = static_cast<std::uint32_t>(top & top_mask) - 1;
        } while (!retired_.compare_exchange_weak(top, (top & ~top_mask) | (segment + 1), acq_rel,
                                                 relaxed));  // G3, G4
    }

    void grant_one(std::uint32_t segment) {
        // Only the grace thread writes it. First, so that who has seen the grant counts it (G1).
        const std::uint64_t n = words_->next_grant.load(relaxed);              // as said above
        words_->next_grant.store(n + 1, release);                              // G5
        grants_[n % count].store((n & number_mask) << 16 | segment, release);  // G1
    }

    InboxWords* words_;
    std::uint64_t first_opening_;
    alignas(platform::no_sharing_bytes) std::array<sync::atomic<std::uint64_t>, count> grants_{};
    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> retired_{0};
    std::array<Control, count> controls_{};
    alignas(platform::no_sharing_bytes)
        std::array<std::array<Slot<Item>, slots_each>, count> segments_{};
};

}  // namespace stator
