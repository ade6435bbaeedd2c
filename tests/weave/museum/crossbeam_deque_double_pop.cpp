// tests/weave/museum/crossbeam_deque_double_pop.cpp - a thief of crossbeam's work-stealing deque
// went on reading from a buffer that the owner had replaced, and stole a task already popped.
//
// Original   crossbeam-rs/crossbeam #726 (commit 38c07fcf0992), "Fix deque steal race condition",
//            July 2021; CVE-2021-32810, crossbeam-deque before 0.7.4 and 0.8.1. Tasks popped twice
//            (a double free if they are on the heap), others never.
// The bug    A batch of the last-in-first-out flavour is stolen task by task, but the buffer is
//            loaded only once. After the thief's first task is read, the owner pops down to it,
//            which shrinks the deque into a new buffer, and pushes a new task there. The thief
//            moves the front: it is the owner of its first task. For the second it looks at the
//            back, sees the new task counted, reads the old buffer's slot, and moves the front
//            again: nobody else has moved it.
// The model  Tasks 0, 1 and 2 in a buffer of 8, the smallest is 4; the owner pops twice and pushes
//            task 3, the thief steals one batch; the original's orders and fences. Left out:
//            growing, the other flavour, reclaiming the old buffer, trying again.
// Mended     As in the original: before the front is moved, the buffer is loaded again; if it is
//            not the one that was read, the task is not taken.
// Edges      D1  a push's fence and store of back -> thief loads back : the slot, and the buffer
//            D2  owner's fence <-> thief's fence or exchange of front : the owner sees the front
//                moved, or the thief sees the back moved
//            D3  owner exchanges the buffer -> thief loads it : the copied slots
//            D4  thief moves front -> thief loads front : what the other thief has seen
#include <array>
#include <atomic>
#include <cstddef>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Deque {
    using enum std::memory_order;

    struct Buffer {
        int capacity = 0;
        // Atomic: a thief may read what the owner writes; it then cannot move the front.
        std::array<weave::atomic<std::size_t>, 8> slots{};

        auto& at(int index) { return slots[static_cast<std::size_t>(index % capacity)]; }
    };

    static constexpr std::size_t large = 0, small = 1;

    std::array<Buffer, 2> buffers{Buffer{8, {0U, 1U, 2U}}, Buffer{4}};
    weave::atomic<int> front{0}, back{3};
    weave::atomic<std::size_t> buffer{large};

    std::size_t own_buffer = large;  // the owner's copies
    int own_back = 3;
    std::array<int, 4> taken{};  // how often, by task; looked at in the end

    void owner() {
        pop();
        pop();
        push(3);
    }

    void push(std::size_t task) {
        buffers[own_buffer].at(own_back).store(task, relaxed);  // the fence below publishes
        weave::fence(release);                                  // D1
        back.store(++own_back, release);                        // D1
    }

    void pop() {
        back.store(--own_back, relaxed);  // D2, by the fence
        weave::fence(seq_cst);            // D2
        int first = front.load(relaxed);  // D2, by the fence
        const int left = own_back - first;
        if (left > 0) {
            ++taken[buffers[own_buffer].at(own_back).load(relaxed)];  // written by the owner itself
            if (own_buffer == large && left < buffers[large].capacity / 4) shrink(first);
            return;
        }
        if (left == 0) {
            const std::size_t task = buffers[own_buffer].at(own_back).load(relaxed);  // as above
            if (front.compare_exchange_strong(first, first + 1, seq_cst,              // D2
                                              relaxed))  // stolen: not ours
                ++taken[task];
        }
        back.store(++own_back, relaxed);  // publishes nothing new
    }

    void shrink(int first) {
        for (int index = first; index != own_back; ++index)
            buffers[small].at(index).store(buffers[large].at(index).load(relaxed),  // its own
                                           relaxed);                                // D3 publishes
        own_buffer = small;
        buffer.exchange(small, release);  // D3
    }

    void thief() {
        int first = front.load(acquire);              // D4
        weave::fence(seq_cst);                        // D2
        const int many = back.load(acquire) - first;  // D1
        if (many <= 0) return;
        const std::size_t from = buffer.load(acquire);  // D3
        const int batch = (many + 1) / 2;
        for (int count = 0; count != batch; ++count) {
            if (count > 0) {
                weave::fence(seq_cst);                    // D2
                if (back.load(acquire) <= first) return;  // D1
            }
            const std::size_t task =
                buffers[from].at(first).load(relaxed);  // D1 or D3 has brought it
            if constexpr (mended)
                if (buffer.load(acquire) != from) return;  // D3
            int expected = first;
            if (!front.compare_exchange_strong(expected, first + 1, seq_cst,  // D2, D4
                                               relaxed))                      // not ours, stop
                return;
            ++taken[task];
            ++first;
        }
    }

    void finish() {
        for (const int times : taken) weave::expect(times <= 1, "no task is popped twice");
        for (int index = front.load(relaxed); index < back.load(relaxed); ++index)  // at rest
            ++taken[buffers[own_buffer].at(index).load(relaxed)];
        for (const int times : taken) weave::expect(times == 1, "no task is forgotten");
    }

    static constexpr auto threads() { return std::array{&Deque::owner, &Deque::thief}; }
};

}  // namespace

TEST(museum, crossbeam_deque_double_pop) {
    museum::exhibit<Deque<false>, Deque<true>>({.preemptions = weave::all},
                                               "no task is popped twice");
}
