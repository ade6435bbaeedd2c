// tests/weave/museum/ck_false_empty_after_reuse.cpp - a queue of Concurrency Kit said that it was
// empty though it never was, because a dequeued node came back as the last one.
//
// Original   concurrencykit/ck commit e78c421d310d, "ck_fifo_mpmc: fix linearability issue with
//            original algorithm", June 2026. The algorithm is Michael and Scott's of 1996, with a
//            generation beside each pointer. A consumer could leave a queue that had items.
// The bug    A consumer reads the head, node 0. Another dequeues: node 0 is out and is used again
//            at once, enqueued with an empty `next`; the tail is now node 0. The first consumer
//            goes on: the tail is node 0, the same as its head, and there is no next: "empty".
// The model  As the test that came with the fix: one item more than threads, and each thread
//            dequeues and at once enqueues what it got, so there is always an item. Two threads,
//            four nodes of which one is the stub. A pointer and its generation are one word, read
//            at once; the original reads two words. Every access is acquire or release or both,
//            for the bug needs no weak order. Left out: values.
// Mended     As in the original: "empty" counts only if the head's generation is still the same.
// Edges      K1  whoever changes a link -> whoever reads it : all that was changed before it
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Fifo {
    using enum std::memory_order;

    using Node = std::uint32_t;
    static constexpr Node none = ~Node{0};

    struct Link {
        Node node;
        std::uint32_t generation;
        bool operator==(const Link&) const = default;
    };

    weave::atomic<Link> head{Link{0, 0}}, tail{Link{3, 0}};
    std::array<weave::atomic<Link>, 4> next{Link{1, 0}, Link{2, 0}, Link{3, 0}, Link{none, 0}};

    void enqueue(Node node) {
        next[node].store({none, 0}, release);  // K1
        Link last{};
        for (;;) {
            last = tail.load(acquire);                   // K1
            Link after = next[last.node].load(acquire);  // K1
            if (tail.load(acquire) != last) continue;    // K1
            if (after.node != none)
                change(tail, last, after.node);
            else if (change(next[last.node], after, node))
                break;
        }
        change(tail, last, node);
    }

    // The node that was the stub. Nothing: the queue was empty.
    std::optional<Node> dequeue() {
        for (;;) {
            const Link first = head.load(acquire);              // K1
            const Link last = tail.load(acquire);               // K1
            const Link after = next[first.node].load(acquire);  // K1
            if (first.node == last.node) {
                if (after.node != none) {
                    change(tail, last, after.node);
                    continue;
                }
                if constexpr (mended)
                    if (head.load(acquire).generation != first.generation) continue;  // K1
                return {};
            }
            if (after.node == none) continue;  // node `first` is being used again
            if (change(head, first, after.node)) return first.node;
        }
    }

    static bool change(weave::atomic<Link>& link, Link seen, Node node) {
        return link.compare_exchange_strong(seen, {node, seen.generation + 1}, acq_rel,  // K1
                                            acquire);                                    // K1
    }

    void user() {
        const auto node = dequeue();
        weave::expect(node.has_value(), "a queue with items is not said to be empty");
        enqueue(*node);
    }

    static constexpr auto threads() { return std::array{&Fifo::user, &Fifo::user}; }
};

}  // namespace

TEST(museum, ck_false_empty_after_reuse) {
    museum::exhibit<Fifo<false>, Fifo<true>>({.preemptions = 6},
                                             "a queue with items is not said to be empty");
}
