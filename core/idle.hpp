// core/idle.hpp - which of a node's workers sleep, which one searches, and who is woken for new
// work.
//
//    word_ = { coming : 9 | searcher : 7 | sleepers : 48 }
//                             |              a bit for each
//                             its number plus one, or 0
//
// A worker without work may become the *searcher*, at most one a node: it looks for work to steal.
// While there is one, tasks that workers spawn wake nobody, and one task from outside is left to
// it. Whoever clears a sleeper's bit wakes it, by name, on its own wait word: the nearest one to
// where the work is.
//
// `coming` counts those that have been chosen and have not had their look yet: who takes from many
// leaves them their share. A worker that leaves work behind wakes another one only when nobody
// comes: the one who comes last does it, if need be.
//
// Nothing is missed, because every place of work has one word that both sides change. Who puts work
// there changes that word, and then looks here; who is about to sleep, or gives up searching,
// writes here first, and then changes the words of all places. Of two changes of one word one comes
// second: either the one finds the work, or the other finds the sleeper (or no searcher any more).
//
// Progress   lock-free: a call tries again where another thread has changed the word; a sleeper
//            costs one system call.
// Threads    announce, retract, search, end_search: the worker. wake, wake_searcher: any, after
//            work has been put in its place. join: before the workers start.
// Edges      I1  announce and end_search release word_ -> wake, wake_searcher acquire it : through
//                the word of the place; and the bits themselves
//            I2  wake releases word_ -> retract, end_search acquire it : who was chosen sees why
//            I3  give_up changes unable_ by read-modify-write : of all workers of a node that wait
//                on full stacks the last one knows it, and goes on
// Source     the packed word of zap's thread pool, with names instead of a count.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <stator/core/figures.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/wait_word.hpp>
#include <stator/platform/check.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

// The workers of a node that are near: on the same core, on the same last-level cache; a bit each.
struct Near {
    std::uint64_t core = 0, cache = 0;
};

class IdleWorkers {
    using enum std::memory_order;

public:
    static constexpr std::size_t workers_max = 48;

    // Adds a worker that sleeps on `word`; its number, 0..workers_max-1.
    [[nodiscard]] unsigned join(WaitWord& word) {
        platform::check(count_ < workers_max, "a node was given more than 48 task workers");
        words_[count_] = &word;
        return count_++;
    }
    [[nodiscard]] std::size_t size() const { return count_; }

    // ---- Worker `i` ----

    // It is about to sleep; afterwards it looks at every place once more.
    void announce(unsigned i) { (void)word_.fetch_or(bit(i), acq_rel); }  // I1

    // It does not sleep, or no more: on whose behalf it has been chosen since it announced.
    [[nodiscard]] WokenBy retract(unsigned i) {
        const bool slept = (word_.fetch_and(~bit(i), acq_rel) & bit(i)) != 0;  // I1, I2
        return slept ? WokenBy::nobody : by_[i].load(relaxed);                 // by I2
    }

    // True: it is the searcher now, or was already.
    [[nodiscard]] bool search(unsigned i) {
        std::uint64_t word = word_.load(relaxed);  // only compared
        while ((word & searcher_mask) == 0)
            if (word_.compare_exchange_weak(word, word | searcher(i), acq_rel, relaxed))  // I2
                return true;
        return (word & searcher_mask) == searcher(i);
    }
    // It searches no more and, where it `came` because it had been chosen, has had its look;
    // afterwards it looks at every place once more, or passes work on.
    void end_search(unsigned i, bool came) {
        std::uint64_t word = word_.load(relaxed);  // only compared
        for (;;) {
            std::uint64_t next = came ? word - one_comes : word;
            if ((word & searcher_mask) == searcher(i)) next &= ~searcher_mask;
            if (next == word ||
                word_.compare_exchange_weak(word, next, acq_rel, relaxed))  // I1, I2
                return;
        }
    }

    // A worker waits for its children on a stack that has no room for other tasks, or has ended: it
    // helps nobody. True: so it is with all of the node now.
    [[nodiscard]] bool give_up() { return unable_.fetch_add(1, acq_rel) + 1 == count_; }  // I3
    [[nodiscard]] bool all_gave_up() const { return unable_.load(acquire) == count_; }    // I3
    void take_up() { (void)unable_.fetch_sub(1, acq_rel); }                               // I3

    // ---- Anybody who has put work in its place ----

    // For `tasks` new tasks: one is left to the searcher, and as many sleepers are woken as others
    // remain; all are chosen before the first one wakes up. How many were woken.
    std::size_t wake(std::size_t tasks, Near near, WokenBy by) {
        std::uint64_t word = word_.load(acquire);  // I1
        for (;;) {
            const bool is_left = tasks > 0 && (word & searcher_mask) != 0;
            const std::uint64_t chosen = choose(word, is_left ? tasks - 1 : tasks, near, by);
            if (!is_left && chosen == 0) return 0;
            const auto n = static_cast<std::size_t>(std::popcount(chosen));
            const std::uint64_t others = word & ~chosen & ~(is_left ? searcher_mask : 0);
            if (!word_.compare_exchange_weak(word, others + n * one_comes, acq_rel, acquire))
                continue;  // I1, I2
            notify(chosen);
            return n;
        }
    }

    // A worker has put a task in its ring: where nobody searches, one sleeper is made the searcher
    // and woken. False: there was no need, or no sleeper.
    bool wake_searcher(Near near) {
        std::uint64_t word = word_.load(acquire);  // I1
        while (lacks_searcher(word)) {
            const std::uint64_t chosen = choose(word, 1, near, WokenBy::worker);
            const std::uint64_t next = (word & ~chosen) + one_comes + searcher(first(chosen));
            if (!word_.compare_exchange_weak(word, next, acq_rel, acquire)) continue;  // I1, I2
            notify(chosen);
            return true;
        }
        return false;
    }

    // Wakes every worker, or keeps it awake: something has ended.
    void wake_all() {
        for (unsigned i = 0; i < count_; ++i) words_[i]->notify();
    }

    // The workers that sleep, a bit each; an estimate.
    [[nodiscard]] std::uint64_t sleepers() const {
        return word_.load(relaxed) & sleepers_mask;  // a picture for reports
    }
    // Whether there is anybody whom a new task concerns: a sleeper or a searcher. After the task
    // has been put in its place.
    [[nodiscard]] bool is_anybody_there() const {
        return (word_.load(relaxed) & (sleepers_mask | searcher_mask)) != 0;  // by I1: see above
    }
    // The same for a task in a ring: a sleeper, and nobody who searches.
    [[nodiscard]] bool wants_a_searcher() const {
        return lacks_searcher(word_.load(relaxed));  // by I1, as above
    }
    // Whether somebody has been chosen who has not looked yet.
    [[nodiscard]] bool somebody_comes() const {
        return word_.load(acquire) >= one_comes;  // I2
    }
    // Workers beside `i` that are looking for work now, or soon: an estimate. `came`: as above.
    [[nodiscard]] std::size_t seekers(unsigned i, bool came) const {
        const std::uint64_t word = word_.load(relaxed);  // an estimate needs no order
        const std::uint64_t role = word & searcher_mask;
        return word / one_comes - (came ? 1 : 0) + (role != 0 && role != searcher(i) ? 1 : 0);
    }
    [[nodiscard]] bool all_sleep() const {
        return sleepers() == (std::uint64_t{1} << count_) - 1;  // an estimate
    }

private:
    static constexpr std::uint64_t sleepers_mask = (std::uint64_t{1} << workers_max) - 1;
    static constexpr std::uint64_t searcher_mask = std::uint64_t{127} << workers_max;
    static constexpr std::uint64_t one_comes = std::uint64_t{1} << 55;
    static constexpr std::uint64_t bit(unsigned i) { return std::uint64_t{1} << i; }
    static constexpr std::uint64_t searcher(unsigned i) {
        return std::uint64_t{i + 1} << workers_max;
    }
    static bool lacks_searcher(std::uint64_t word) {
        return (word & sleepers_mask) != 0 && (word & searcher_mask) == 0;
    }
    // At most `most` sleepers of `word`, near ones first; they are told on whose behalf.
    [[nodiscard]] std::uint64_t choose(std::uint64_t word, std::size_t most, Near near,
                                       WokenBy by) {
        std::uint64_t left = word & sleepers_mask;
        for (; most > 0 && left != 0; --most) {
            const unsigned i = first(nearest(left, near));
            by_[i].store(by, relaxed);  // by I2; another waker's word is as good as ours
            left &= ~bit(i);
        }
        return word & sleepers_mask & ~left;
    }
    void notify(std::uint64_t chosen) {
        for (; chosen != 0; chosen &= chosen - 1) words_[first(chosen)]->notify();
    }
    static std::uint64_t nearest(std::uint64_t sleepers, Near near) {
        if (const std::uint64_t core = sleepers & near.core; core != 0) return core;
        const std::uint64_t cache = sleepers & near.cache;
        return cache != 0 ? cache : sleepers;
    }
    static unsigned first(std::uint64_t bits) {
        return static_cast<unsigned>(std::countr_zero(bits));
    }

    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> word_{0};
    alignas(platform::no_sharing_bytes) std::array<WaitWord*, workers_max> words_{};
    std::array<sync::atomic<WokenBy>, workers_max> by_{};
    unsigned count_ = 0;
    alignas(platform::no_sharing_bytes) sync::atomic<std::uint32_t> unable_{0};
};

}  // namespace stator
