// core/segment_stock.hpp - the segments of one node, the circle that each of them goes round, and
// how the inboxes of the node share them.
//
//    free --given to an inbox--> granted --first slot reserved--> open --last slot taken--> retired
//      ^                                                                                       |
//      +------------- grace period over ------------- cooling <------------- collected --------+
//
// Each inbox (one for each priority) has a quota: a segment that it has retired comes back to it
// until it holds so many. All others go to the reserve, a stack from which an inbox without a
// granted segment draws one: so a burst at one priority may use everything but the quotas of the
// others. With one inbox its quota is all there is.
//
// Control words lie outside the segments, and are never hidden from the address sanitizer.
//
// Progress   draw, give_back, taken, retire: lock-free. collect, grant: the one collector.
// Memory     segments * slots * the size of a slot, and 64 bytes of control a segment.
// Threads    draw, give_back, refusal, visit: any. slot: the owner of a slot, or a reader while it
//            is online. taken: who has claimed the slots. collect, grant: the one grace thread.
// Edges      G2  taken releases taken_ -> the last taken acquires it : all slots have been read
//            G3  retire releases retired_ -> collect acquires it : the segment is out of reach
//            G4  refusal, visit and retire change retired_ by read-modify-write : of a retirement
//                and one of the others one comes second, and that one wakes the grace thread
//            G6  retire counts in retired by read-modify-write -> later ones acquire it : the
//                segments that came back before, for the high water
//            G7  grant releases given_ -> refusal acquires it : what has come back before
//            G8  give_back releases reserve_ -> draw acquires it : a period has passed since the
//                last use, and the link
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

// A slot: `mark` says for which opening of which inbox its item is ready.
template <typename Item>
struct alignas(64) Slot {
    sync::atomic<std::uint64_t> mark{0};
    sync::plain<Item> item{};
};

template <typename Item, std::size_t slots_each, std::size_t count>
class SegmentStock {
    static_assert(1 <= slots_each && slots_each <= 65'536,
                  "a segment has 1 to 65536 slots; choose .slots_per_segment in that range");
    static_assert(2 <= count && count <= 32'766,
                  "a node has 2 to 32766 segments: one is filled while another one cools; choose "
                  ".segments in that range");
    using enum std::memory_order;

public:
    using ItemType = Item;
    static constexpr std::size_t slots = slots_each;
    static constexpr std::size_t segments = count;
    static constexpr std::uint32_t none = 0xffff'ffff;
    // With so few free segments left, and others retired, the grace thread is woken.
    static constexpr std::size_t low_water = count / 2;

    // All segments are in the reserve. `generation` is where the reserve's word begins; tests start
    // it just before 2^47.
    explicit SegmentStock(StockWords& words, std::uint64_t generation = 0)
        : words_(&words), reserve_(generation << 17) {
        words_->segments = count;
        words_->free.store(count, relaxed);  // nobody else knows the words yet
        for (std::uint32_t s = count; s-- > 0;) {
            sync::hide(segments_[s]);
            push_reserve(s);
        }
    }
    ~SegmentStock() {
        for (std::uint32_t s = 0; s < count; ++s) reveal(s);
    }
    SegmentStock(const SegmentStock&) = delete;
    SegmentStock& operator=(const SegmentStock&) = delete;

    // ---- Any thread ----

    // A free segment of the reserve for inbox `inbox`, or `none`. It is then granted or given back.
    [[nodiscard]] std::uint32_t draw(std::uint32_t inbox) {
        std::uint64_t top = reserve_.load(acquire);  // G8
        for (;;) {
            if ((top & top_mask) == 0) return none;
            const auto segment = static_cast<std::uint32_t>(top & top_mask) - 1;
            const std::uint64_t next = controls_[segment].below.load(relaxed);  // G8, or we fail
            if (!reserve_.compare_exchange_weak(top, raised(top) | next, acquire, acquire))  // G8
                continue;
            own(segment, inbox);
            return segment;
        }
    }
    // It was not needed after all. False, and nothing changed: its inbox holds no more than its
    // quota, as the reserve got what it retired meanwhile; it keeps this one.
    bool give_back(std::uint32_t segment, std::size_t quota = 0) {
        sync::atomic<std::uint32_t>& held = words_->held[controls_[segment].inbox];
        std::uint32_t n = held.load(relaxed);  // only compared
        do {
            if (n <= quota) return false;
        } while (!held.compare_exchange_weak(n, n - 1, relaxed, relaxed));  // a count alone
        push_reserve(segment);
        return true;
    }

    // A producer is about to reserve the first slot of `segment`.
    void reveal(std::uint32_t segment) { sync::reveal(segments_[segment]); }
    // It has reserved it.
    void opened(std::uint32_t segment) {
        step(segment, free, open);
        (void)words_->free.fetch_sub(1, relaxed);  // a count alone
    }

    [[nodiscard]] Slot<Item>& slot(std::uint32_t segment, std::size_t i) {
        return segments_[segment][i];
    }

    // `n` more slots of `segment` have been read, and will not be touched any more. True when they
    // were the last, and the segment has been retired.
    [[nodiscard]] bool taken(std::uint32_t segment, std::size_t n) {
        Control& control = controls_[segment];
        const auto more = static_cast<std::uint32_t>(n);
        if (control.taken.fetch_add(more, acq_rel) + more < slots_each) return false;  // G2
        control.taken.store(0, relaxed);  // travels to the next opening by G3 and G1 or G8
        retire(segment);
        return true;
    }

    // Whether few segments are free; an estimate.
    [[nodiscard]] bool is_low() const {
        return words_->free.load(relaxed) <= low_water;  // an estimate needs no order
    }
    // A producer has found no segment. True when some have been retired or cool: they come back.
    // Then the caller wakes the grace thread. False: what has come back before is visible now.
    [[nodiscard]] bool refusal() {
        (void)retired_.fetch_add(one_visit, acq_rel);     // G4: a change, so that order is decided
        const std::uint64_t back = given_.load(acquire);  // G7
        return words_->retired.load(acquire) > back;      // G6
    }
    // Few segments are free, and some could be collected: a grace period is due.
    [[nodiscard]] bool wants_a_period() const { return is_low() && has_retired(); }
    // Whether something has been retired, decided in an order with retirements: of a call and a
    // retirement the second one sees the first.
    [[nodiscard]] bool visit() {
        return (retired_.fetch_add(one_visit, acq_rel) & top_mask) != 0;  // G3, G4
    }

    // Segments that have come back after a period, so far.
    [[nodiscard]] std::uint64_t recycled() const { return given_.load(relaxed); }  // a count alone
    [[nodiscard]] bool has_retired() const {
        return (retired_.load(acquire) & top_mask) != 0;  // G3
    }
    // Segments that inbox `inbox` holds, granted or open; an estimate.
    [[nodiscard]] std::uint32_t held(std::uint32_t inbox) const {
        return words_->held[inbox].load(relaxed);  // an estimate needs no order
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
    // The list that `collect` gave has cooled: its segments can be used again. `wants(inbox)` says
    // whether its last inbox takes a segment back, `give(inbox, segment)` grants it. How many.
    template <typename Wants, typename Give>
    std::size_t grant(std::uint32_t first, Wants&& wants, Give&& give) {
        std::size_t n = 0;
        for (; first != none; ++n) {
            const std::uint32_t next = controls_[first].next;
            const std::uint32_t inbox = controls_[first].inbox;
            step(first, cooling_now, free);
            sync::hide(segments_[first]);
            (void)words_->free.fetch_add(1, relaxed);  // a count alone
            // First, so that whoever retires it again counts it (G1, G8, G6).
            words_->returned.store(words_->returned.load(relaxed) + 1, relaxed);  // ours alone
            if (wants(inbox)) {
                own(first, inbox);
                give(inbox, first);
            } else {
                push_reserve(first);
            }
            given_.store(given_.load(relaxed) + 1, release);  // G7; ours alone
            first = next;
        }
        return n;
    }

private:
    // retired_ = { visits : 47 | top + 1 : 17 }; a visit changes nothing else.
    // reserve_ = { generation : 47 | top + 1 : 17 }
    static constexpr std::uint64_t top_mask = (std::uint64_t{1} << 17) - 1;
    static constexpr std::uint64_t one_visit = top_mask + 1;
    static constexpr std::uint64_t raised(std::uint64_t top) {
        return (top & ~top_mask) + one_visit;
    }
    static constexpr std::uint32_t free = 0, open = 1, retired = 2, cooling_now = 3;

    struct alignas(64) Control {
        sync::atomic<std::uint32_t> taken{0};
        sync::atomic<std::uint32_t> state{free};
        sync::atomic<std::uint32_t> below{0};  // in the reserve: top + 1 of what lies under it
        std::uint32_t next = none;  // of a list of retired ones; written before G3, read after
        std::uint32_t inbox = 0;    // which one holds it, or did last; its holder's, then by G3
    };

    // Each step is made by one thread alone; anything else is a contradiction.
    void step(std::uint32_t segment, std::uint32_t from, std::uint32_t to) {
        sync::atomic<std::uint32_t>& state = controls_[segment].state;
        // The steps themselves are ordered by G1 to G3 and G8.
        platform::check(state.load(relaxed) == from, "a segment was recycled out of turn");
        state.store(to, relaxed);  // as above
    }

    void own(std::uint32_t segment, std::uint32_t inbox) {
        controls_[segment].inbox = inbox;
        (void)words_->held[inbox].fetch_add(1, relaxed);  // a count alone
    }
    void disown(std::uint32_t segment) {
        (void)words_->held[controls_[segment].inbox].fetch_sub(1, relaxed);  // a count alone
    }

    void push_reserve(std::uint32_t segment) {
        std::uint64_t top = reserve_.load(relaxed);  // only compared; the exchange below orders
        do {
            controls_[segment].below.store(static_cast<std::uint32_t>(top & top_mask),
                                           relaxed);  // G8
        } while (!reserve_.compare_exchange_weak(top, raised(top) | (segment + 1), release,
                                                 relaxed));  // G8
    }

    void retire(std::uint32_t segment) {
        step(segment, open, retired);
        disown(segment);
        // Before the exchange below (G4), so that a refusal which comes later sees it. Its chain
        // (G6) carries what came back of all that were retired before: never more than all cool.
        const std::uint64_t gone = words_->retired.fetch_add(1, acq_rel) + 1;  // G6
        const std::uint64_t back = words_->returned.load(relaxed);             // by G6
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

    StockWords* words_;
    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> retired_{0};
    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> reserve_;
    // As words_->returned, but counted after a segment can be used again. The grace thread's.
    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> given_{0};
    std::array<Control, count> controls_{};
    alignas(platform::no_sharing_bytes)
        std::array<std::array<Slot<Item>, slots_each>, count> segments_{};
};

}  // namespace stator
