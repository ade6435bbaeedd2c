// platform/wait.hpp - the ways in which a thread waits: futex, a file descriptor, a spin.
//
// These are the bare mechanisms. Who waits for what, and the hand-shake that loses no wake-up, is
// `core/wait_word`, which reaches them through `core/sync`.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <stator/platform/cpu.hpp>

namespace stator::platform {

// Sleeps while `word` holds `expected`. May return early for no reason; the caller looks again.
// Any error but those that mean "look again" is a contradiction and aborts with the system's words.
// Source: futex(2), FUTEX_WAIT_PRIVATE.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected);

// The same, at the latest until `deadline_ns` of the monotonic clock. False: that has passed.
// Source: futex(2), FUTEX_WAIT_BITSET_PRIVATE with an absolute time-out.
[[nodiscard]] bool futex_wait_until(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                                    std::uint64_t deadline_ns);

// Wakes at most `count` threads that sleep on `word`. Any thread. Source: futex(2),
// FUTEX_WAKE_PRIVATE.
void futex_wake(const std::atomic<std::uint32_t>& word, int count);

// Gives the rest of the time slice away; only for a cpu that is shared. Source: sched_yield(2).
void yield();

// A file descriptor that a sleeping thread can be woken through, beside those that it waits for.
class WakeDescriptor {
public:
    static constexpr std::size_t others_max = 16;

    WakeDescriptor() = default;
    ~WakeDescriptor() { close(); }
    WakeDescriptor(const WakeDescriptor&) = delete;
    WakeDescriptor& operator=(const WakeDescriptor&) = delete;

    // Makes the eventfd. False when the process has no descriptor left. Before the threads start.
    [[nodiscard]] bool open();
    void close();
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

    // Sleeps until one of `others` is readable (or broken), or `wake` was called since the last
    // return. At most others_max of them. Its owner only. Source: poll(2), eventfd(2).
    void wait(std::span<const int> others);
    // Any thread, any number of times.
    void wake() const;

private:
    int fd_ = -1;
};

// A timer that a thread waits for beside other descriptors; it runs off once.
class OneShotTimer {
public:
    OneShotTimer() = default;
    ~OneShotTimer();
    OneShotTimer(const OneShotTimer&) = delete;
    OneShotTimer& operator=(const OneShotTimer&) = delete;

    // Makes the timer. False when the process has no descriptor left. Before the threads start.
    [[nodiscard]] bool open();
    [[nodiscard]] int descriptor() const { return fd_; }
    // It will run off `ns` from now, 1 or more; any earlier plan is forgotten. Any thread. Source:
    // timerfd_settime(2).
    void start(std::uint64_t ns) const;
    // Whether it has run off since the last call. Its waiter only.
    [[nodiscard]] bool has_run_off() const;

private:
    int fd_ = -1;
};

}  // namespace stator::platform
