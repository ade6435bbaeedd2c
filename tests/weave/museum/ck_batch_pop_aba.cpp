// tests/weave/museum/ck_batch_pop_aba.cpp - a stack of Concurrency Kit could be emptied as a whole
// without a new generation, so that a stale pop succeeded and gave a node to two owners.
//
// Original   concurrencykit/ck commit 7b5d000d346b, "ck_stack: make batch_pop_mpmc ABA-safe and
//            add a wf variant fallback", June 2026. The old comment: NULL needs no generation.
// The bug    A pop reads the head, node 1 at generation 0, and its next, node 0. Another thread
//            takes all nodes at once, keeps node 0, and pushes node 1 back. The head is node 1 at
//            generation 0 again, so the first pop succeeds, and node 0 is the head of the stack:
//            while somebody owns it.
// The model  Two nodes; two threads that pop one each, one that takes all, pushes the first back
//            and keeps the rest. Head and generation are one word, read at once; the exchange of
//            the head alone, which push and the old batch pop do, is a compare-exchange of both.
//            The orders are those of the original's fences. Left out: contents.
// Mended     As in the original: taking all is a removal, and adds one to the generation like any
//            other.
// Edges      S1  push changes top -> who reads it : the link in the pushed node. All later changes
//                of top are read-modify-writes, so they carry it on
#include <array>
#include <atomic>
#include <cstdint>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Stack {
    using enum std::memory_order;

    using Node = std::uint32_t;
    static constexpr Node none = ~Node{0};

    struct Top {
        Node head;
        std::uint32_t generation;
    };

    weave::atomic<Top> top{Top{1, 0}};
    std::array<weave::atomic<Node>, 2> next{none, Node{0}};
    std::array<int, 2> owners{};  // of each node; the stack is one, too

    void push(Node node) {
        Top seen = top.load(relaxed);             // only compared
        do next[node].store(seen.head, relaxed);  // S1 publishes it
        while (!top.compare_exchange_strong(seen, {node, seen.generation}, release,  // S1
                                            relaxed));  // as the load above
    }

    Node pop() {
        Top seen = top.load(acquire);  // S1
        while (seen.head != none) {
            const Node after = next[seen.head].load(relaxed);  // S1 has made it visible
            if (top.compare_exchange_strong(seen, {after, seen.generation + 1},
                                            relaxed,   // it publishes nothing of its own
                                            acquire))  // S1
                break;
        }
        return seen.head;
    }

    Node pop_all() {
        constexpr std::uint32_t removals = mended ? 1 : 0;
        Top seen = top.load(relaxed);  // only compared
        while (!top.compare_exchange_strong(seen, {none, seen.generation + removals},
                                            acquire,     // S1
                                            relaxed)) {  // as the load above
        }
        return seen.head;
    }

    void own(Node node) { ++owners[node]; }

    void take_one() {
        const Node node = pop();
        if (node != none) own(node);
    }

    void take_all_but_first() {
        const Node first = pop_all();
        if (first == none) return;
        const Node rest = next[first].load(relaxed);  // S1 has made it visible
        push(first);
        if (rest != none) own(rest);
    }

    void finish() {
        const Node left = top.newest().head;
        if (left != none) own(left);
        if (left != none && next[left].newest() != none) own(next[left].newest());
        for (const int count : owners) weave::expect(count == 1, "every node has one owner");
    }

    static constexpr auto threads() {
        return std::array{&Stack::take_one, &Stack::take_one, &Stack::take_all_but_first};
    }
};

}  // namespace

TEST(museum, ck_batch_pop_aba) {
    museum::exhibit<Stack<false>, Stack<true>>({.preemptions = weave::all},
                                               "every node has one owner");
}
