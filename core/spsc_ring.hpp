// core/spsc_ring.hpp - a ring between exactly one producer and one consumer.
//
//      head_ (consumer writes)            tail_ (producer writes)
//        v                                  v
//    [ ][ item item item item item item item ][ ][ ][ ]
//
// Progress   every call is wait-free: no loop but over the items of a burst, no system call.
// Memory     slots * sizeof(T) and two padded lines, inside the object. Nothing is allocated.
// Threads    producer: push, slot, commit, writable, close. consumer: pop, front, release_items,
//            readable, closed. size: either of the two. One thread each; any other use is wrong.
// Edges      E1  commit  releases tail_   -> readable acquires tail_   : written before it is read
//            E2  release releases head_   -> writable acquires head_   : read before it is reused
//            E3  close   releases closed_ -> closed   acquires closed_ : all items before the end
// Source     index caching as in rigtorp/SPSCQueue; free-running indices as in DPDK rte_ring.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <stator/core/sync.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

template <typename T, std::size_t slots>
class SpscRing {
    static_assert(std::has_single_bit(slots),
                  "the slots of a ring are not a power of two; round them up, the ring masks its "
                  "index");
    static_assert(std::is_trivially_copyable_v<T>,
                  "items are copied as bytes; send a plain struct or an index");
    using enum std::memory_order;

public:
    static constexpr std::size_t capacity = slots;

    // `first_index` is where both indices begin; tests start them just before they wrap.
    explicit SpscRing(std::uint64_t first_index = 0)
        : tail_(first_index),
          head_seen_(first_index),
          head_(first_index),
          tail_seen_(first_index) {}
    SpscRing(const SpscRing&) = delete;
    SpscRing& operator=(const SpscRing&) = delete;

    // ---- Producer ----

    // Copies `item` in. Returns false, and changes nothing, when the ring is full.
    // Memory ordering: what the producer did before push is visible after pop has returned the
    // item.
    [[nodiscard]] bool push(const T& item) {
        T* const target = slot();
        if (target == nullptr) return false;
        *target = item;
        commit();
        return true;
    }

    // Copies in as many of `items` as fit, from the first on, and publishes them at once. Returns
    // how many: 0..items.size(). The rest is untouched and still the caller's.
    [[nodiscard]] std::size_t push_burst(std::span<const T> items) {
        const std::size_t n = std::min(items.size(), writable(items.size()));
        const std::uint64_t tail = tail_.load(relaxed);  // only this thread writes tail_
        for (std::size_t i = 0; i < n; ++i) sync::write(items_[(tail + i) % slots]) = items[i];
        commit(n);
        return n;
    }

    // The free slot `ahead` places behind the next one, 0 <= ahead < slots, to be filled in place;
    // it becomes an item with `commit`. nullptr when the ring has no such free slot.
    [[nodiscard]] T* slot(std::size_t ahead = 0) {
        if (writable(ahead + 1) <= ahead) return nullptr;
        const std::uint64_t tail = tail_.load(relaxed);  // only this thread writes tail_
        return &sync::write(items_[(tail + ahead) % slots]);
    }

    // Publishes the next `n` slots; all of them have been filled, and `slot` has answered for each.
    void commit(std::size_t n = 1) {
        const std::uint64_t tail = tail_.load(relaxed);  // only this thread writes tail_
        tail_.store(tail + n, release);                  // E1
    }

    // Free slots, 0..slots. Exact where it is less than `wanted`, else perhaps an underestimate:
    // the consumer's line is read only when the producer's own view does not suffice.
    [[nodiscard]] std::size_t writable(std::size_t wanted = slots) {
        const std::uint64_t tail = tail_.load(relaxed);  // only this thread writes tail_
        if (slots - (tail - head_seen_) < wanted) head_seen_ = head_.load(acquire);  // E2
        return slots - static_cast<std::size_t>(tail - head_seen_);
    }

    // No item will follow. Once; the items that are inside stay to be read.
    void close() { closed_.store(true, release); }  // E3

    // ---- Consumer ----

    // Copies the oldest item out. Returns false, leaving `item` alone, when the ring is empty.
    // Memory ordering: what the producer did before push is visible after pop has returned true.
    [[nodiscard]] bool pop(T& item) {
        const T* const source = front();
        if (source == nullptr) return false;
        item = *source;
        release_items();
        return true;
    }

    // Copies out as many items as there are and as fit into `items`, the oldest first. Returns how
    // many: 0..items.size(); the rest of `items` is left alone.
    [[nodiscard]] std::size_t pop_burst(std::span<T> items) {
        const std::size_t n = std::min(items.size(), readable(items.size()));
        const std::uint64_t head = head_.load(relaxed);  // only this thread writes head_
        for (std::size_t i = 0; i < n; ++i) items[i] = sync::read(items_[(head + i) % slots]);
        release_items(n);
        return n;
    }

    // The item `ahead` places behind the oldest, 0 <= ahead < slots, to be read in place; it stays
    // until `release_items`. nullptr when the ring has no such item.
    [[nodiscard]] const T* front(std::size_t ahead = 0) {
        if (readable(ahead + 1) <= ahead) return nullptr;
        const std::uint64_t head = head_.load(relaxed);  // only this thread writes head_
        return &sync::read(items_[(head + ahead) % slots]);
    }

    // Gives the oldest `n` items' slots back; all of them were seen by `front` or `readable`.
    void release_items(std::size_t n = 1) {
        const std::uint64_t head = head_.load(relaxed);  // only this thread writes head_
        head_.store(head + n, release);                  // E2
    }

    // Items inside, 0..slots. Exact where it is less than `wanted`, else perhaps an underestimate.
    [[nodiscard]] std::size_t readable(std::size_t wanted = slots) {
        const std::uint64_t head = head_.load(relaxed);  // only this thread writes head_
        if (tail_seen_ - head < wanted) tail_seen_ = tail_.load(acquire);  // E1
        return static_cast<std::size_t>(tail_seen_ - head);
    }

    // True when the producer has closed the ring. The ring has ended when this was true *before*
    // `front` said nullptr; asked in the other order, an item could slip in between.
    [[nodiscard]] bool closed() const { return closed_.load(acquire); }  // E3

    // ---- Either of the two ----

    // Items inside, 0..slots; an estimate while the other side runs. A third thread could read the
    // two indices far apart and get nonsense.
    [[nodiscard]] std::size_t size() const {
        const std::uint64_t head = head_.load(relaxed);               // an estimate needs no order
        return static_cast<std::size_t>(tail_.load(relaxed) - head);  // likewise
    }

    // ---- Any thread ----

    // The producer's index: items committed so far, plus `first_index`. For reports.
    [[nodiscard]] std::uint64_t tail_index() const { return tail_.load(relaxed); }  // a count alone

private:
    static constexpr std::size_t apart = platform::no_sharing_bytes;

    // Indices run freely: 2^64 items at 1 ns each last 584 years, and wrapping would be harmless,
    // as only differences are used and slots divides 2^64.
    alignas(apart) sync::atomic<std::uint64_t> tail_;  // the producer's line: tail_, its last view
    std::uint64_t head_seen_;                          //   of head_, and whether it has closed
    sync::atomic<bool> closed_{false};
    alignas(apart) sync::atomic<std::uint64_t> head_;  // the consumer's line: head_, and its last
    std::uint64_t tail_seen_;                          //   view of tail_
    alignas(apart) sync::plain<T> items_[slots]{};
};

}  // namespace stator
