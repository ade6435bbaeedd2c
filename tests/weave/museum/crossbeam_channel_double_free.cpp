// tests/weave/museum/crossbeam_channel_double_free.cpp - crossbeam's unbounded channel freed its
// first block when the receiver went, and once more when the channel went.
//
// Original   crossbeam-rs/crossbeam #1187 (commit 596df785c0e6), "crossbeam-channel: prevent double
//            free on Drop", April 2025; RUSTSEC-2025-0024, CVE-2025-4574, crossbeam-channel 0.5.12
//            to 0.5.14. It came in with the mending of a leak (#1084).
// The bug    The first sender has hung its new block in the tail, not yet in the head. A second
//            sender already sends through the tail. The receiver goes: it takes the head's block
//            by exchanging it with null, gets null, and, as there is a message to discard, waits
//            until the head has a block. That wait only loads. It discards the message and frees
//            the block, which the head still names; the channel's destructor frees it again.
// The model  Two senders with a message each, a receiver that goes at once, one block. `finish` is
//            the destructor. The original's orders. Left out: further blocks, receiving, waking.
// Mended     As in the original: the wait exchanges with null as well, so that who has the block
//            has it alone.
// Edges      C1  first sender stores tail_block -> other sender : the block is whole
//            C2  first sender stores head_block -> receiver, destructor : the block is whole
//            C3  sender sets `written` -> receiver : the message is whole, the sender is out
//            C4  each change of the tail -> the next : messages so far, and the disconnection
#include <array>
#include <atomic>
#include <cstddef>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Channel {
    using enum std::memory_order;

    static constexpr std::size_t disconnected = 1, one_message = 2;  // the tail's bits
    static constexpr unsigned written = 1;

    struct Slot {
        weave::atomic<unsigned> state{0};
        weave::plain<int> message{0};
    };
    struct Block {
        std::array<Slot, 2> slots;
    };

    weave::atomic<std::size_t> head_index{0}, tail_index{0};
    weave::atomic<Block*> head_block{nullptr}, tail_block{nullptr};

    void sender() {
        std::size_t tail = tail_index.load(acquire);  // C4
        Block* block = tail_block.load(acquire);      // C1
        while ((tail & disconnected) == 0) {
            if (block == nullptr && !install(block)) {
                tail = tail_index.load(acquire);   // C4
                block = tail_block.load(acquire);  // C1
                continue;
            }
            if (tail_index.compare_exchange_strong(tail, tail + one_message, seq_cst,
                                                   acquire)) {  // C4
                Slot& slot = block->slots[tail / one_message];
                weave::write(slot.message) = 1;
                slot.state.fetch_or(written, release);  // C3
                return;
            }
            block = tail_block.load(acquire);  // C1
        }
    }

    // The first message needs the first block. False: another sender has just brought it.
    bool install(Block*& block) {
        Block* const fresh = weave::create<Block>();
        if (!tail_block.compare_exchange_strong(block, fresh, release,
                                                relaxed)) {  // C1; loaded again
            weave::destroy(fresh);
            return false;
        }
        head_block.store(fresh, release);  // C2
        block = fresh;
        return true;
    }

    void receiver() {
        if ((tail_index.fetch_or(disconnected, seq_cst) & disconnected) == 0) discard();  // C4
    }

    void discard() {
        const std::size_t tail = tail_index.load(acquire) / one_message;  // C4
        std::size_t head = head_index.load(acquire);  // as the original; it is the receivers' own
        Block* block = head_block.exchange(nullptr, acq_rel);  // C2
        while (head != tail && block == nullptr) {
            weave::relax();
            if constexpr (mended)
                block = head_block.exchange(nullptr, acq_rel);  // C2
            else
                block = head_block.load(acquire);
        }
        for (; head != tail; ++head) {
            Slot& slot = block->slots[head];
            while ((slot.state.load(acquire) & written) == 0) weave::relax();  // C3
            weave::expect(weave::read(slot.message) == 1, "the message is whole");
        }
        if (block != nullptr) weave::destroy(block);
        head_index.store(head, release);  // as the original, for the destructor
    }

    // The channel is dropped with its last handle.
    void finish() {
        Block* const block = head_block.load(acquire);  // C2
        if (block != nullptr) weave::destroy(block);
    }

    static constexpr auto threads() {
        return std::array{&Channel::sender, &Channel::sender, &Channel::receiver};
    }
};

}  // namespace

TEST(museum, crossbeam_channel_double_free) {
    museum::exhibit<Channel<false>, Channel<true>>({.preemptions = 5}, "destroyed twice");
}
