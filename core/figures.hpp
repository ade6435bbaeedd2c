// core/figures.hpp - the records in which workers, stages, links and the grace thread say what they
// have done; other threads and other processes read them.
//
// Each record has one writer and a sequence lock, so that its words are seen as they were together.
// Histograms are not under a lock: each bucket is true by itself. Times are cycles, converted where
// they are read.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <stator/core/counter.hpp>
#include <stator/core/histogram.hpp>
#include <stator/core/sequence_lock.hpp>
#include <stator/core/task.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

// On whose behalf a worker was woken.
enum class WokenBy : std::uint8_t { nobody, outside, worker, timer };
inline constexpr std::size_t woken_by_kinds = 4;

// How far a thief went: its own node, the first of the others in its steal order, the second, or
// one behind these.
inline constexpr std::size_t steal_steps = 4;

struct alignas(platform::no_sharing_bytes) WorkerFigures {
    SequenceLock lock;
    Counter rounds;       // times that it looked at all its stages and tasks
    Counter idle_rounds;  // of these, without work
    Counter sleeps;       // times that it went to sleep
    Counter woken;        // times that somebody woke it
    Counter faults;       // page faults between being ready and the end of its last stage
    Counter executed;     // tasks that it has run, and that did not fail
    Counter failed;       // tasks that threw, or answered `failed`
    Counter expired;      // tasks that it dropped: their deadline had passed
    Counter cancelled;    // tasks that it dropped: they were stopped, or all were
    Counter spawned;      // tasks that its own tasks have put into its ring
    Counter spilled;      // its submissions that went on to another node, as the inbox was full
    // Left at 0 where the board has no .metrics:
    Counter claims;                                // batches that it took from inboxes
    std::array<Counter, steal_steps> stolen;       // tasks that it took from others' rings, by step
    Counter overflowed;                            // intrusive tasks for which its ring had no room
    std::array<Counter, woken_by_kinds> woken_by;  // times that it was chosen, by whom
    // The last of its tasks that failed: 0 and no name as long as there is none.
    SharedWord failed_id;
    std::array<SharedWord, 2> failed_kind;
    Counter busy_cycles;                          // in rounds with work
    Counter idle_cycles;                          // in rounds without, and asleep
    std::array<Counter, submit_answers> refused;  // submissions of its own, by the answer they got
    SharedWord thread_id;                         // the kernel's
    // Apart from the lock: written whenever it looks at shared queues.
    alignas(platform::no_sharing_bytes) SharedWord first_period;  // see RcuReader; 0: offline
};

struct alignas(platform::no_sharing_bytes) StageFigures {
    SequenceLock lock;
    Counter items;      // taken from the input, or made by the source
    Counter filtered;   // ended here, because the stage said so
    Counter failed;     // ended here, because the stage threw
    Counter late;       // over the stage's budget
    Histogram latency;  // from its arrival in the link before to the end of this stage's call
};

// The two ends of one lane of a link.
struct LinkFigures {
    struct alignas(platform::no_sharing_bytes) Before {  // the stage before it, or the caller
        SequenceLock lock;
        SharedWord accepted, rejected;
    } before;
    struct alignas(platform::no_sharing_bytes) After {  // the stage after it
        SequenceLock lock;
        SharedWord taken, dropped;
    } after;
    std::uint64_t slots = 0;  // set before anybody else knows the record
};

// What a pipeline has done: the sink writes it.
struct alignas(platform::no_sharing_bytes) LineFigures {
    SequenceLock lock;
    Counter items;
    Counter late;       // over the pipeline's budget
    Histogram latency;  // from its entry into the pipeline to the end of the sink's call
};

struct alignas(platform::no_sharing_bytes) GraceFigures {
    SequenceLock lock;
    Counter periods;         // that have ended
    Counter segments;        // that they gave back
    SharedWord current;      // the number of the period that goes on; 0: none does
    SharedWord began;        // when it began
    SharedWord last_cycles;  // how long the last one took
    Counter longest_cycles;  // how long the longest one took
};

}  // namespace stator
