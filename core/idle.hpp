// core/idle.hpp - which of a node's workers sleep, and which one is woken for new work.
//
//    word_ = { events : 16 | sleepers : 48, a bit for each worker }
//
// The hand-shake: a producer marks its item ready and then counts an event in the word; a worker
// sets its bit in the same word and then looks at the inbox once more. Both write the word, so one
// comes second and sees what the other did before: either the worker finds the item, or the
// producer finds the bit. Whoever clears a sleeper's bit wakes it, by name, on its own wait word.
//
// A worker whose bit was cleared while it was going back to work has been *chosen*: a wake-up was
// spent on it. If it leaves work behind it passes the wake-up on.
//
// Progress   all calls are wait-free, but for `wake`, which tries the next sleeper where another
//            thread has taken the one before; a sleeper costs one system call.
// Threads    announce, retract: the worker. wake, wake_all: any. join: before the workers start.
// Edges      I1  wake counts an event (release) -> announce acquires it : the item is seen
//            I2  announce sets its bit (release) -> wake acquires it    : the sleeper is seen
// Source     the packed word of zap's thread pool, with names instead of a count.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <stator/core/sync.hpp>
#include <stator/core/wait_word.hpp>
#include <stator/platform/check.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

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

    // Worker `i` is about to sleep; afterwards it looks at the inbox once more.
    void announce(unsigned i) { (void)word_.fetch_or(bit(i), acq_rel); }  // I1, I2

    // It does not sleep, or no more. True: it has been chosen since it announced.
    [[nodiscard]] bool retract(unsigned i) {
        return (word_.fetch_and(~bit(i), acq_rel) & bit(i)) == 0;  // I1
    }

    // There is new work: wakes the first sleeper, if there is one. False: nobody sleeps.
    bool wake() {
        std::uint64_t sleepers = word_.fetch_add(one_event, acq_rel) & sleepers_mask;  // I1, I2
        while (sleepers != 0) {
            const auto i = static_cast<unsigned>(std::countr_zero(sleepers));
            sleepers = word_.fetch_and(~bit(i), acq_rel) & sleepers_mask;  // I2
            if ((sleepers & bit(i)) != 0) {
                words_[i]->notify();
                return true;
            }
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

private:
    static constexpr std::uint64_t one_event = std::uint64_t{1} << workers_max;
    static constexpr std::uint64_t sleepers_mask = one_event - 1;
    static constexpr std::uint64_t bit(unsigned i) { return std::uint64_t{1} << i; }

    alignas(platform::no_sharing_bytes) sync::atomic<std::uint64_t> word_{0};
    alignas(platform::no_sharing_bytes) std::array<WaitWord*, workers_max> words_{};
    unsigned count_ = 0;
};

}  // namespace stator
