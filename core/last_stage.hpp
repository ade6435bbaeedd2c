// core/last_stage.hpp - when the pool may close: a stop has been asked for, and all stages have
// ended.
//
//    word_ = { stop asked for : 1 | stages that have not ended : 31 }
//
// Stages submit tasks and wait for them while they drain, so the pool stays open until the last one
// has ended. Both sides change one word; whoever makes it complete closes the pool, once.
//
// Threads    stage_ended: workers. ask: any. wait_for_stages: one thread, not a worker.
// Edges      N1  stage_ended, ask release word_ -> the one that completes it acquires it
#pragma once
#include <cstdint>

#include <stator/core/sync.hpp>
#include <stator/core/wait_word.hpp>

namespace stator {

class LastStage {
    using enum std::memory_order;

public:
    // Before the workers start.
    void begin(std::uint32_t stages) { word_.store(stages, relaxed); }  // nobody else runs yet

    // True for the one call that finds the stop asked for and no stage left: it closes the pool.
    [[nodiscard]] bool stage_ended() {
        const std::uint32_t before = word_.fetch_sub(1, acq_rel);  // N1
        if ((before & ~asked) == 1) waiter_.notify();
        return before == (asked | 1);
    }
    [[nodiscard]] bool ask() { return word_.fetch_or(asked, acq_rel) == 0; }  // N1

    // Sleeps until every stage has ended.
    void wait_for_stages() {
        while (stages_left() > 0) {
            waiter_.announce();
            if (stages_left() > 0)
                waiter_.sleep();
            else
                waiter_.retract();
        }
    }

private:
    static constexpr std::uint32_t asked = std::uint32_t{1} << 31;
    [[nodiscard]] std::uint32_t stages_left() const {
        return word_.load(acquire) & ~asked;  // N1
    }

    sync::atomic<std::uint32_t> word_{0};
    WaitWord waiter_;
};

}  // namespace stator
