// core/worker.hpp - the loop of one pinned worker: run the stages in turn, take tasks, wait as the
// board says.
//
//   round:  stage, stage, stage ...   idle, or the 8th busy round in a row -> tasks
//                                     something was done -> next round
//                                     all have ended     -> leave
//                                     nothing to do      -> spin, or announce - look again - sleep
//
// Threads    run: the worker's own thread. word, abandon, figures: any. The rest: before the thread
//            starts, or after join.
// Edges      R1  run     releases ready_     -> is_ready acquires ready_     : it is set up
//            R2  abandon releases abandoned_ -> run      acquires abandoned_ : the start has failed
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <stator/core/board.hpp>
#include <stator/core/figures.hpp>
#include <stator/core/hooks.hpp>
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

// The tasks of a node as a worker sees them.
struct TaskHandle {
    void* taker = nullptr;                    // nullptr: this worker takes none
    Progress (*step)(void* taker) = nullptr;  // claims and runs a batch
    bool (*ready)(void* taker) = nullptr;     // would a step do something now?
    void (*announce)(void* taker) = nullptr;  // the worker is about to sleep
    bool (*retract)(void* taker) = nullptr;   // it does not; true: it had been chosen
};

// Who is told that a stage, or the whole worker, has ended; and what its program wants to be told.
struct EndHandle {
    void* scheduler = nullptr;
    void (*stage_ended)(void* scheduler) = nullptr;
    void (*worker_ended)(void* scheduler) = nullptr;  // the last that the worker does
    const Hooks* hooks = nullptr;
};

inline constexpr std::size_t stages_per_worker_max = 256;

class PinnedWorker {
    using enum std::memory_order;

public:
    PinnedWorker(const Worker& choice, platform::Clock clock, const Board& b,
                 WorkerFigures& its_figures, const EndHandle& end)
        : figures(its_figures),
          choice_(&choice),
          end_(end),
          spin_cycles_(clock.to_cycles(static_cast<std::uint64_t>(b.spin_budget.count()))),
          stack_bytes_(b.memory.stack_bytes) {}

    void add(const StageHandle& stage);
    void add(const TaskHandle& tasks) { tasks_ = tasks; }

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
    // To whom it belongs; also in its own thread, by owner_of_this_thread.
    [[nodiscard]] const void* scheduler() const { return end_.scheduler; }

    // ---- Its own thread only ----

    // Its membership in reclamation.
    [[nodiscard]] sync::RcuReader& reader() { return reader_; }
    // The taker of its tasks, or nullptr.
    [[nodiscard]] void* taker() const { return tasks_.taker; }
    [[nodiscard]] bool has_stages() const { return count_ > 0; }
    // Bytes of its stack that are not used yet, about.
    [[nodiscard]] std::size_t stack_left() const {
        const auto used = static_cast<std::size_t>(stack_top_ - sync::stack_address());
        return used < stack_bytes_ ? stack_bytes_ - used : 0;
    }
    // Whether the board lets it spin on, without work since `since` (cycles; 0: from now on, and it
    // is set).
    [[nodiscard]] bool keeps_spinning(std::uint64_t& since) const;
    // Between two looks of a worker that does not sleep.
    void pause() const;
    // Counts nothing: notes it in the record, and tells the program.
    void report_failure(const TaskFailure& failure);

    // Wakes this worker, or keeps it awake. Any thread.
    WaitWord word;

    WorkerFigures& figures;

private:
    void set_up();
    void run();
    [[nodiscard]] Progress round();
    [[nodiscard]] Progress round_of_stages();
    [[nodiscard]] Progress round_of_tasks();
    void account(Progress result);
    void wait();
    void sleep();
    [[nodiscard]] bool anything_ready();
    // Where this worker can wait besides its word; how many, 0..others_max.
    [[nodiscard]] std::size_t descriptors(std::span<int> fds) const;

    const Worker* choice_;
    EndHandle end_;
    sync::RcuReader reader_;
    std::uint64_t spin_cycles_;
    std::size_t stack_bytes_;
    const std::byte* stack_top_ = nullptr;  // where its loop began
    std::uint64_t idle_since_ = 0;          // cycles; 0: not idle
    std::uint64_t round_end_ = 0;           // cycles
    TaskHandle tasks_;
    std::array<StageHandle, stages_per_worker_max> stages_{};
    std::size_t count_ = 0;
    std::size_t sources_ = 0;  // stages that wait for a descriptor
    std::size_t left_ = 0;     // stages that have not ended, and one for the tasks
    std::array<bool, stages_per_worker_max> ended_{};
    bool tasks_ended_ = true;
    bool tasks_next_ = false;  // this round looks for tasks whatever the stages do
    unsigned rounds_without_tasks_ = 0;
    int cpu_seen_ = -1;
    sync::atomic<std::uint32_t> ready_{0};
    sync::atomic<bool> abandoned_{false};
};

}  // namespace stator
