// core/task_queue.hpp - an unbounded queue of intrusive tasks: any thread puts in, and whoever
// acquires the taker's part takes out, in the order of arrival.
//
//    word_ = { newest task : 60 | closed | waiting | taking }   newest -> ... -> oldest
//    kept_ = oldest -> ... -> newer       what a taker has turned round and not taken yet
//
// Putting in is one compare-exchange for a list of any length. A taker sets `taking`; if nothing is
// kept it takes the whole list off in the same step and turns it round, which costs a step a task,
// once. `waiting` says that something is kept. Who finds `taking` set leaves, and may sleep: the
// taker looks again after it has given the part back, and wakes others for what it left.
//
// Progress   push: lock-free. take: one thread at a time, the others return at once; a taker that
//            is stopped holds back what is in the queue.
// Memory     three words; the links are the tasks' own. Never full.
// Threads    push, close: any. take, look: any thread that may run the tasks.
// Edges      L1  push releases word_ -> take acquires it         : the tasks and their links
//            L2  take releases word_ -> the next take acquires it : kept_
//            L3  push, the end of take, and look change word_ by read-modify-write: one who is
//                about to sleep sees the tasks, or the other sees that it sleeps (core/idle.hpp)
// Source     the queue of zap's thread pool: many producers, one consumer by two tag bits, a cache.
#pragma once
#include <cstddef>
#include <cstdint>

#include <stator/core/intrusive_task.hpp>
#include <stator/core/sync.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

class TaskQueue {
    using enum std::memory_order;

public:
    enum class Take : std::uint8_t {
        taken,
        empty,
        contended,  // another thread takes at this moment
    };

    // All tasks of the batch, behind those that are here. False, and nothing changed: closed.
    [[nodiscard]] bool push(TaskBatch& batch) {
        if (batch.size_ == 0) return true;
        std::uint64_t word = word_.load(relaxed);  // only compared
        do {
            if ((word & closed) != 0) return false;
            sync::write(batch.oldest_->next_) = task_of(word);
        } while (!word_.compare_exchange_weak(word, bits_of(batch.newest_) | (word & tags), acq_rel,
                                              relaxed));  // L1, L3
        batch = TaskBatch();
        return true;
    }

    // Up to `most` tasks, oldest first, as `see(task)`.
    template <typename See>
    [[nodiscard]] Take take(std::size_t most, See&& see) {
        std::uint64_t word = word_.load(std::memory_order::relaxed);  // only compared
        for (;;) {
            if (!has_any(word)) return Take::empty;
            if ((word & taking) != 0) return Take::contended;
            const std::uint64_t list = (word & waiting) != 0 ? word & ~tags : 0;
            if (word_.compare_exchange_weak(word, list | (word & closed) | waiting | taking,
                                            std::memory_order::acquire,
                                            std::memory_order::relaxed))  // L1, L2
                break;
        }
        if ((word & waiting) == 0) sync::write(kept_) = turn_round(task_of(word));
        Task* next = sync::read(kept_);
        for (std::size_t i = 0; i < most && next != nullptr; ++i) {
            Task* const task = next;
            next = sync::read(task->next_);
            see(*task);
        }
        sync::write(kept_) = next;
        (void)word_.fetch_and(next == nullptr ? ~(waiting | taking) : ~taking,
                              std::memory_order::acq_rel);  // L2, L3
        return Take::taken;
    }

    // Whether there is something that nobody takes at this moment; for one who is about to sleep.
    [[nodiscard]] bool look() {
        const std::uint64_t word = word_.fetch_add(0, acq_rel);  // L3
        return has_any(word) && (word & taking) == 0;
    }
    // The same, without the promise of L3.
    [[nodiscard]] bool seems_empty() const { return !has_any(word_.load(relaxed)); }  // a guess

    // No more: every later push is refused. Any number of times.
    void close() { (void)word_.fetch_or(closed, acq_rel); }  // L1
    // Closed, and nothing is left.
    [[nodiscard]] bool is_drained() const {
        const std::uint64_t word = word_.load(acquire);  // L2
        return (word & closed) != 0 && !has_any(word);
    }

private:
    static constexpr std::uint64_t taking = 1, waiting = 2, closed = 4, tags = 7;
    static_assert(alignof(Task) > tags);

    [[nodiscard]] static bool has_any(std::uint64_t word) {
        return (word & ~(taking | closed)) != 0;
    }
    [[nodiscard]] static Task* task_of(std::uint64_t word) {
        return reinterpret_cast<Task*>(word & ~tags);  // NOLINT(performance-no-int-to-ptr)
    }
    [[nodiscard]] static std::uint64_t bits_of(Task* task) {
        return reinterpret_cast<std::uint64_t>(task);
    }
    // The list that begins with `first`, the other way round: its new first one.
    [[nodiscard]] static Task* turn_round(Task* first) {
        Task* done = nullptr;
        while (first != nullptr) {
            Task* const next = sync::read(first->next_);
            sync::write(first->next_) = done;
            done = first;
            first = next;
        }
        return done;
    }

    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> word_{0};
    alignas(platform::no_sharing_bytes) sync::plain<Task*> kept_ = nullptr;
};

}  // namespace stator
