// tests/running.hpp - what tests of a running scheduler share: doors, held workers, sums, sleepers.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include <stator/core/scheduler.hpp>

namespace stator::test {

// A place where one thread waits for another; it is opened once.
class Door {
public:
    void open() { open_.store(true, std::memory_order::release); }
    [[nodiscard]] bool is_open() const { return open_.load(std::memory_order::acquire); }
    void pass() const {
        while (!is_open()) std::this_thread::yield();
    }

private:
    std::atomic<bool> open_{false};
};

// A task that keeps its worker busy until `open`.
class Held {
public:
    Held() = default;
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    // Returns when the task runs.
    template <typename S>
    void hold(S& scheduler) {
        begin(scheduler);
        began_.pass();
    }
    // Returns when it has been accepted.
    template <typename S>
    void begin(S& scheduler) {
        ASSERT_EQ(scheduler.template submit<"held">({},
                                                    [this] {
                                                        began_.open();
                                                        may_end_.pass();
                                                    }),
                  Submit::accepted);
    }
    void open() { may_end_.open(); }

private:
    Door began_, may_end_;
};

// Runs its call on a thread that is joined where the object ends.
class Aside {
public:
    template <typename F>
    explicit Aside(F&& f) : thread_(std::forward<F>(f)) {}
    ~Aside() { join(); }
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;
    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    std::thread thread_;
};

// The sum that every report keeps.
inline void expect_balance(const ShutdownReport& r) {
    EXPECT_EQ(r.accepted, r.executed + r.failed + r.cancelled + r.expired + r.open)
        << text(r.ended) << ": " << r.executed << " executed, " << r.failed << " failed, "
        << r.cancelled << " cancelled, " << r.expired << " expired, " << r.open << " open";
    if (r.ended != Ended::done) return;
    EXPECT_EQ(r.open, 0U);
    EXPECT_TRUE(r.still_running.empty());
}

// Whether every worker sleeps; after a start, or once all that were woken have answered.
template <typename S>
[[nodiscard]] bool all_sleep(const S& scheduler) {
    for (const WorkerReport& w : scheduler.worker_report())
        if (w.sleeps != w.woken + 1) return false;
    return true;
}
template <typename S>
void wait_until_all_sleep(const S& scheduler) {
    while (!all_sleep(scheduler)) std::this_thread::yield();
}

}  // namespace stator::test
