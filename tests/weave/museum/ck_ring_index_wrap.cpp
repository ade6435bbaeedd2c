// tests/weave/museum/ck_ring_index_wrap.cpp - a ring of Concurrency Kit that had seen 2^32 items
// was declared corrupt, because its free-running indices were compared by size.
//
// Original   concurrencykit/ck commit c7945fe3a781, "ck_ring: stricter barriers for RMO and
//            ck_ring_valid fix", June 2026. The check is for a ring in persistent memory, when
//            nobody uses it. The commit's other half, the barriers, is not shown here.
// The bug    The producer's index wraps round to 0 while the consumer's is still just below 2^32.
//            The ring stops there. The check finds the consumer ahead of the producer: invalid,
//            and every item in the ring is given up.
// The model  A ring of four slots, so three items, with indices that start just below 2^32; the
//            consumer may stop for ever before any step. What is left is judged, then read. Left
//            out: the second index of producers, which matters only if there are many of them.
// Mended     As in the original: only the unsigned difference of the two is compared.
// Edges      R1  producer stores produced -> consumer : the slot is filled
//            R2  consumer stores consumed -> producer : the slot has been read
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Ring {
    using enum std::memory_order;

    static constexpr std::uint32_t size = 4, mask = size - 1;
    static constexpr std::uint32_t start = 0U - 2;

    weave::atomic<std::uint32_t> produced{start}, consumed{start};
    std::array<weave::plain<std::uint32_t>, size> slots{};

    bool push(std::uint32_t item) {
        const std::uint32_t at = produced.load(relaxed);      // only this thread writes it
        const std::uint32_t behind = consumed.load(acquire);  // R2
        if (((at + 1) & mask) == (behind & mask)) return false;
        weave::write(slots[at & mask]) = item;
        produced.store(at + 1, release);  // R1
        return true;
    }

    std::optional<std::uint32_t> pop() {
        const std::uint32_t at = consumed.load(relaxed);  // only this thread writes it
        if (at == produced.load(acquire)) return {};      // R1
        const std::uint32_t item = weave::read(slots[at & mask]);
        consumed.store(at + 1, release);  // R2
        return item;
    }

    [[nodiscard]] bool is_valid() const {
        const std::uint32_t ahead = produced.newest(), behind = consumed.newest();
        if (!mended && behind > ahead) return false;
        return ahead - behind < size;
    }

    std::uint32_t pushed = 0, popped = 0;

    void producer() {
        for (int attempt = 0; attempt != 6; ++attempt)
            if (push(pushed)) ++pushed;
    }

    void consumer() {
        for (int attempt = 0; attempt != 5; ++attempt) take();
    }

    void take() {
        const auto item = pop();
        if (!item) return;
        weave::expect(*item == popped, "items come in order");
        ++popped;
    }

    void finish() {
        weave::expect(is_valid(), "a ring in order is not said to be corrupt");
        popped = consumed.newest() - start;  // the consumer may have stopped between the two
        for (std::uint32_t left = produced.newest() - consumed.newest(); left != 0; --left) take();
        weave::expect(popped == pushed, "what was pushed is there");
    }

    static constexpr auto threads() { return std::array{&Ring::producer, &Ring::consumer}; }
};

}  // namespace

TEST(museum, ck_ring_index_wrap) {
    museum::exhibit<Ring<false>, Ring<true>>({.preemptions = weave::all, .crash = 1},
                                             "a ring in order is not said to be corrupt");
}
