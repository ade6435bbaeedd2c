// tests/weave/museum/cats_effect_4674_thief_dies.cpp - a thief that stopped between claim and end
// of a steal made the owner of the queue, in Cats Effect's pool, spin for ever.
//
// Original   typelevel/cats-effect #4674, "LocalQueue.enqueueBatch spins forever on a dangling
//            steal tag, and the queue becomes permanently unstealable", August 2026, open when this
//            was written. One worker after the other at 100 % CPU, then the pool stands still.
// The bug    The head of a queue has two halves. A thief moves the "real" half over what it claims,
//            copies, then moves the "steal" half after it. Room is counted from the "steal" half.
//            If the thief dies between the two, the room it has claimed never comes back: the
//            owner runs all else, gets a batch that does not fit, and waits for that steal to end.
// The model  A queue of two tasks, full; an owner that runs it empty and then gets a batch of two;
//            one thief, which may stop for ever before any step. Left out: the other thieves, and
//            the external queue that the batch comes from.
// Mended     No fix was known. Ours: if a batch finds no room, it goes to the external queue, task
//            by task, so that no such task asks for room again.
// Edges      Q1  owner stores tail -> thief : the slots are filled
//            Q2  who changes the head -> who reads it : the claimed slots have been read
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "exhibit.hpp"

namespace {

template <bool mended>
struct Queue {
    using enum std::memory_order;

    static constexpr std::uint16_t capacity = 2, batch = 2;
    static constexpr int the_thief = 1;

    struct Head {
        std::uint16_t steal, real;  // they differ: somebody is stealing what is between
    };

    weave::atomic<Head> head{Head{0, 0}};
    weave::atomic<std::uint16_t> tail{capacity};
    std::array<weave::plain<unsigned>, capacity> slots{0U, 1U};
    std::array<bool, 4> external{};  // only the owner comes to it here
    std::array<int, 4> runs{};
    std::optional<unsigned> claimed;  // by the thief

    void owner() {
        run_all();
        enqueue_batch(2);
        run_all();
        for (unsigned task = 0; task != external.size(); ++task)
            if (external[task]) run(task);
    }

    void run_all() {
        while (const auto task = dequeue()) run(*task);
    }

    std::optional<unsigned> dequeue() {
        const std::uint16_t end = tail.load(relaxed);  // only this thread writes it
        Head seen = head.load(acquire);                // Q2
        while (seen.real != end) {
            const unsigned task = weave::read(slots[seen.real % capacity]);
            const auto after = static_cast<std::uint16_t>(seen.real + 1);
            const Head moved{seen.steal == seen.real ? after : seen.steal, after};
            if (head.compare_exchange_strong(seen, moved, acq_rel, acquire)) return task;  // Q2
        }
        return {};
    }

    void enqueue_batch(unsigned first) {
        const std::uint16_t end = tail.load(relaxed);                // only this thread writes it
        while (end - head.load(acquire).steal > capacity - batch) {  // Q2
            if constexpr (mended) {
                for (unsigned i = 0; i != batch; ++i) external[first + i] = true;
                return;
            }
            weave::relax();
        }
        for (unsigned i = 0; i != batch; ++i) weave::write(slots[(end + i) % capacity]) = first + i;
        tail.store(static_cast<std::uint16_t>(end + batch), release);  // Q1
    }

    // Half of at most two is one.
    void thief() {
        Head seen = head.load(acquire);  // Q2
        Head claim;
        do {
            if (seen.real == tail.load(acquire)) return;  // Q1
            claim = {seen.steal, static_cast<std::uint16_t>(seen.real + 1)};
        } while (!head.compare_exchange_strong(seen, claim, acq_rel, acquire));  // Q2
        claimed = weave::read(slots[seen.real % capacity]);

        seen = claim;
        while (!head.compare_exchange_strong(seen, {seen.real, seen.real}, acq_rel,  // Q2
                                             acquire)) {                             // Q2
        }
        run(*claimed);
    }

    void run(unsigned task) { ++runs[task]; }

    void finish() {
        for (unsigned task = 0; task != runs.size(); ++task) {
            const bool is_lost = claimed == task && !weave::has_ended(the_thief);
            weave::expect(runs[task] == (is_lost ? 0 : 1), "only what the thief holds is delayed");
        }
    }

    static constexpr auto threads() { return std::array{&Queue::owner, &Queue::thief}; }
};

}  // namespace

TEST(museum, cats_effect_4674_thief_dies) {
    // While the thief lives, all is well.
    museum::expect_sound<Queue<false>>({.preemptions = weave::all});
    museum::exhibit<Queue<false>, Queue<true>>(
        {.preemptions = weave::all, .crash = Queue<true>::the_thief},
        "livelock: nobody can end a spin");
}
