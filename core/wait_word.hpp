// core/wait_word.hpp - where one thread sleeps, and how any other wakes it and is never missed.
//
//    empty ----announce----> sleeping ----notify----> notified ----announce or retract----> ...
//
// The hand-shake: a producer publishes its item and then exchanges `notified` into the word; the
// sleeper exchanges `sleeping` into the same word and then looks at its queues once more. Both
// write the word, so one of the two comes second in its modification order, and that one sees what
// the other did before: either the sleeper finds the item, or the producer finds `sleeping` and
// wakes.
//
// Progress   notify is wait-free; with a sleeper it makes one system call.
// Threads    notify: any. Everything else: the one thread that sleeps here.
// Edges      W1  notify releases word_ -> announce, retract acquire word_ : what was published
//                before is seen by the re-check
//            W2  announce releases word_ -> notify acquires word_ : the sleeper is asleep, or
//                compares the word and does not sleep
// Source     futex(2); the token of zap's Event, with one waiter so that sleepers share nothing.
#pragma once
#include <cstdint>
#include <span>

#include <stator/core/sync.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

class alignas(platform::no_sharing_bytes) WaitWord {
    using enum std::memory_order;

public:
    // Wakes the sleeper, or keeps it from falling asleep if it is about to. Call it after the thing
    // that it waits for has been published.
    void notify() {
        if (word_.exchange(notified, acq_rel) != sleeping) return;  // W1, W2
        if (descriptor_.is_open()) descriptor_.wake();
        // Also with a descriptor: the sleeper chooses by what its stages wait for at that time.
        sync::futex_wake(word_, 1);
    }

    // I am about to sleep. After it the caller looks at everything it waits for once more, then
    // calls `sleep` or `retract`.
    void announce() { (void)word_.exchange(sleeping, acq_rel); }  // W1, W2

    // I will not sleep after all.
    void retract() { (void)word_.exchange(empty, acq_rel); }  // W1

    // Sleeps until somebody calls `notify`; returns at once if that has happened since `announce`.
    void sleep() {
        while (word_.load(relaxed) == sleeping)  // retract below acquires what the waker published
            sync::futex_wait(word_, sleeping);
        retract();
    }

    // As sleep, and also until one of `descriptors` is readable. Needs `use_descriptors`.
    void sleep_or(std::span<const int> descriptors) {
        if (word_.load(relaxed) == sleeping) descriptor_.wait(descriptors);  // as in sleep
        retract();
    }

    // Makes `sleep_or` possible. Before any other thread knows this object. False: no descriptor
    // left.
    [[nodiscard]] bool use_descriptors() { return descriptor_.open(); }

private:
    static constexpr std::uint32_t empty = 0, sleeping = 1, notified = 2;

    sync::atomic<std::uint32_t> word_{empty};
    sync::WakeDescriptor descriptor_;
};

// The right to wake a thread, without knowing more of it. Any thread; as long as that one lives.
class Waker {
public:
    Waker() = default;
    explicit Waker(WaitWord& word) : word_(&word) {}
    // After what it waits for has been published. See WaitWord::notify.
    void wake() const {
        if (word_ != nullptr) word_->notify();
    }

private:
    WaitWord* word_ = nullptr;
};

}  // namespace stator
