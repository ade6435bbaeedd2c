// core/finish.hpp - when all workers have ended, and who of those that wait for it joins them.
//
//    left_ = workers that have not ended        stage_ = starting, running, joining, joined
//
// Threads    worker_ended: each worker once. wait, join: any. begin: before the workers start.
//            nobody_left: who started them, after join.
// Edges      F1  worker_ended, nobody_left release left_ -> wait acquires it : what the worker did
//            F2  started and join release stage_ -> join acquires it : the threads can be joined,
//                and are gone
#pragma once
#include <climits>
#include <cstdint>

#include <stator/core/sync.hpp>

namespace stator {

class Finish {
    using enum std::memory_order;

public:
    static constexpr std::uint64_t for_ever = UINT64_MAX;

    void begin(std::uint32_t workers) {
        left_.store(workers, relaxed);    // nobody else runs yet
        stage_.store(starting, relaxed);  // as above
    }
    // Whoever started the threads has done with them.
    void started() {
        stage_.store(running, release);  // F2
        sync::futex_wake(stage_, INT_MAX);
    }
    void worker_ended() {
        if (left_.fetch_sub(1, acq_rel) == 1) sync::futex_wake(left_, INT_MAX);  // F1
    }
    // A start has failed, and those that it started have been joined: nobody else will end.
    void nobody_left() {
        left_.store(0, release);  // F1
        sync::futex_wake(left_, INT_MAX);
    }
    // Sleeps until all workers have ended, at the latest until `deadline_ns` of the monotonic
    // clock. False: that has passed.
    [[nodiscard]] bool wait(std::uint64_t deadline_ns) const {
        for (;;) {
            const std::uint32_t left = left_.load(acquire);  // F1
            if (left == 0) return true;
            if (deadline_ns == for_ever)
                sync::futex_wait(left_, left);
            else if (!sync::futex_wait_until(left_, left, deadline_ns))
                return left_.load(acquire) == 0;  // F1
        }
    }
    // After wait: `join_them()` by one caller; the others return when that is done.
    template <typename Join>
    void join(Join&& join_them) {
        std::uint32_t stage = stage_.load(std::memory_order::acquire);  // F2
        while (stage != joined) {
            if (stage != running) {
                sync::futex_wait(stage_, stage);
                stage = stage_.load(std::memory_order::acquire);  // F2
            } else if (stage_.compare_exchange_strong(stage, joining, std::memory_order::acq_rel,
                                                      std::memory_order::acquire)) {  // F2
                join_them();
                stage_.store(joined, std::memory_order::release);  // F2
                sync::futex_wake(stage_, INT_MAX);
                return;
            }
        }
    }
    [[nodiscard]] bool is_joined() const { return stage_.load(acquire) == joined; }  // F2

private:
    static constexpr std::uint32_t starting = 0, running = 1, joining = 2, joined = 3;
    sync::atomic<std::uint32_t> left_{0};
    sync::atomic<std::uint32_t> stage_{joined};
};

}  // namespace stator
