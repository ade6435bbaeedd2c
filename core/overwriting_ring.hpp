// core/overwriting_ring.hpp - a ring whose producer never waits: when it is full the oldest goes.
//
//    slot:  [ sequence | word word word ... ]      item i lives in slot i % slots
//           2i+1 while item i is being written, 2i+2 when it is whole
//
// Progress   push is wait-free. pop is lock-free: it starts again only when the producer has
//            written a whole lap meanwhile, so the producer has made progress.
// Memory     slots * (8 + sizeof(T) rounded up to 8) and two padded lines, inside the object.
// Threads    push, close: one producer. pop, has_item, closed: one consumer.
// Edges      E1  push releases tail_       -> pop    acquires tail_     : how far it may read
//            E2  push releases sequence    -> pop    acquires sequence  : item i is whole
//            E3  push releases each word   -> pop    acquires each word : a word of a later item
//                brings that item's odd sequence with it, so the second look sees the change
//            E4  close releases closed_    -> closed acquires closed_   : all items before the end
// Source     sequence locks after H. Boehm, "Can Seqlocks Get Along with Programming Language
//            Memory Models?", MSPC 2012; here without fences, by ordered words.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <stator/core/counter.hpp>
#include <stator/core/sync.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

template <typename T, std::size_t slots>
class OverwritingRing {
    static_assert(
        std::has_single_bit(slots) && slots >= 2,
        "the slots of an overwriting ring are not a power of two from 2 on; round them up");
    static_assert(std::is_trivially_copyable_v<T>,
                  "items are copied as bytes; send a plain struct or an index");
    using enum std::memory_order;

public:
    static constexpr std::size_t capacity = slots;

    // `first_index` is where the indices begin; tests start them just before they wrap.
    explicit OverwritingRing(std::uint64_t first_index = 0)
        : tail_(first_index), head_(first_index) {}
    OverwritingRing(const OverwritingRing&) = delete;
    OverwritingRing& operator=(const OverwritingRing&) = delete;

    // Copies `item` in; where the ring was full the oldest item is lost, and the consumer will
    // count it. Producer only.
    void push(const T& item) {
        Words words{};
        std::memcpy(words.data(), &item, sizeof item);
        const std::uint64_t tail = tail_.load(relaxed);  // only this thread writes tail_
        Slot& slot = slots_[tail % slots];
        slot.sequence.store(2 * tail + 1, relaxed);  // the words below carry it (E3)
        for (std::size_t i = 0; i < words.size(); ++i)
            slot.words[i].store(words[i], release);  // E3
        slot.sequence.store(2 * tail + 2, release);  // E2
        tail_.store(tail + 1, release);              // E1
    }

    // No item will follow. Producer only, once.
    void close() { closed_.store(true, release); }  // E4

    // Copies the oldest item that still exists out. Returns false, leaving `item` alone, when there
    // is none. Items that were overwritten before they could be read are added to `dropped()`,
    // exactly. Consumer only.
    [[nodiscard]] bool pop(T& item) {
        for (;;) {
            const std::uint64_t tail = tail_.load(acquire);  // E1
            if (tail == head_) return false;
            if (tail - head_ > slots) skip_to(tail - slots);
            if (copy_out(item)) {
                ++head_;
                return true;
            }
            skip_to(head_ + 1);  // overwritten while we looked, so it is gone for good
        }
    }

    // True when something can be popped now. Consumer only.
    [[nodiscard]] bool has_item() const { return tail_.load(acquire) != head_; }  // E1

    // True when the producer has closed the ring; ask before pop, as with SpscRing. Consumer only.
    [[nodiscard]] bool closed() const { return closed_.load(acquire); }  // E4

    // The producer's index: items pushed so far, plus `first_index`. Any thread; for reports.
    [[nodiscard]] std::uint64_t tail_index() const { return tail_.load(relaxed); }  // a count alone

    // Items lost to newer ones, so far: pushed == popped + dropped + inside. Any thread.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_.value(); }

private:
    using Words = std::array<std::uint64_t, (sizeof(T) + 7) / 8>;
    struct Slot {
        sync::atomic<std::uint64_t> sequence{0};
        std::array<sync::atomic<std::uint64_t>, (sizeof(T) + 7) / 8> words{};
    };
    static constexpr std::size_t apart = platform::no_sharing_bytes;

    void skip_to(std::uint64_t index) {
        dropped_.add(index - head_);
        head_ = index;
    }

    // Copies item head_ out; false when a newer one has begun to take its slot.
    bool copy_out(T& item) const {
        const Slot& slot = slots_[head_ % slots];
        const std::uint64_t whole = 2 * head_ + 2;
        if (slot.sequence.load(acquire) != whole) return false;  // E2
        Words words;
        for (std::size_t i = 0; i < words.size(); ++i)
            words[i] = slot.words[i].load(acquire);              // E3
        if (slot.sequence.load(relaxed) != whole) return false;  // E3's acquire came before
        std::memcpy(static_cast<void*>(&item), words.data(), sizeof item);
        return true;
    }

    alignas(apart) sync::atomic<std::uint64_t> tail_;  // the producer's line
    sync::atomic<bool> closed_{false};
    alignas(apart) std::uint64_t head_;  // the consumer's line: nobody else reads it
    Counter dropped_;
    alignas(apart) std::array<Slot, slots> slots_{};
};

}  // namespace stator
