// core/worker.hpp - the loop of one pinned worker: run the stages in turn, wait as the board says.
//
//   round:  stage, stage, stage ...   something was done -> next round
//                                     all have ended     -> leave
//                                     nothing to do      -> spin, or announce - look again - sleep
//
// Threads    run: the worker's own thread. word, abandon: any. The rest: before the thread starts,
//            or after join.
// Edges      R1  run     releases ready_     -> is_ready acquires ready_     : it is set up
//            R2  abandon releases abandoned_ -> run      acquires abandoned_ : the start has failed
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <stator/core/board.hpp>
#include <stator/core/counter.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/wait_word.hpp>
#include <stator/platform/clock.hpp>

namespace stator {

enum class Progress : std::uint8_t { worked, idle, ended };

// A stage as its worker sees it: the object in the arena, and the code to run it.
struct StageHandle {
    void* cell = nullptr;
    Progress (*step)(void* cell) = nullptr;   // handles a burst
    bool (*ready)(void* cell) = nullptr;      // would a step do something now?
    int (*descriptor)(void* cell) = nullptr;  // where it can be waited for, or -1; nullptr: nowhere
};

// What a sleeping worker may be waiting for besides its word.
inline constexpr std::size_t stages_per_worker_max = 256;

class PinnedWorker {
    using enum std::memory_order;

public:
    PinnedWorker(const Worker& choice, platform::Clock clock, std::uint64_t spin_budget_ns)
        : choice_(&choice), spin_cycles_(clock.to_cycles(spin_budget_ns)) {}

    void add(const StageHandle& stage);

    // Takes what sleeping needs from the system. False: the process has no file descriptor left.
    [[nodiscard]] bool prepare();

    // Ends the loop where it is, whatever its stages have left: for a start that failed, when the
    // worker at the other end of a ring may never run. Any thread.
    void abandon();

    // The thread's body. `self` is a PinnedWorker.
    static void enter(void* self) { static_cast<PinnedWorker*>(self)->run(); }

    // True once the worker runs on its cpu, all set up.
    [[nodiscard]] bool is_ready() const { return ready_.load(acquire) != 0; }  // R1
    // The cpu that the worker found itself on.
    [[nodiscard]] int cpu_seen() const { return cpu_seen_; }
    [[nodiscard]] const Worker& choice() const { return *choice_; }

    // Wakes this worker, or keeps it awake. Any thread.
    WaitWord word;

    Counter rounds;  // times that it looked at all its stages
    Counter sleeps;  // times that it went to sleep
    Counter faults;  // page faults between being ready and the end of its last stage
    Counter spins;   // rounds without work

private:
    void run();
    [[nodiscard]] Progress round();
    void wait();
    [[nodiscard]] bool anything_ready();
    // Where this worker can wait besides its word; how many, 0..others_max.
    [[nodiscard]] std::size_t descriptors(std::span<int> fds) const;

    const Worker* choice_;
    std::uint64_t spin_cycles_;
    std::uint64_t idle_since_ = 0;  // cycles; 0: not idle
    std::array<StageHandle, stages_per_worker_max> stages_{};
    std::size_t count_ = 0;
    std::size_t sources_ = 0;  // stages that wait for a descriptor
    std::size_t left_ = 0;     // stages that have not ended
    std::array<bool, stages_per_worker_max> ended_{};
    int cpu_seen_ = -1;
    sync::atomic<std::uint32_t> ready_{0};
    sync::atomic<bool> abandoned_{false};
};

}  // namespace stator
