// core/taker_facts.hpp - what a worker that takes tasks is told before it runs: sizes, and whom it
// steals from.
#pragma once
#include <cstddef>
#include <cstdint>

#include <stator/core/task_queue.hpp>

namespace stator {

// The sizes and periods of a pool that its workers need.
struct TakerSizes {
    std::size_t claim_max = 64;     // tasks taken from the intake at once
    unsigned ageing = 8;            // see core/intake.hpp
    unsigned usual_priority = 0;    // where overflow goes
    std::uint64_t pace_cycles = 0;  // after a small claim a spinning worker lets more come
    std::size_t headroom = 0;       // bytes of stack that are left to a task run by a waiting one
};

// Another worker's work, as a thief sees it.
template <typename Ring>
struct Victim {
    Ring* ring = nullptr;
    TaskQueue* overflow = nullptr;
    std::uint8_t step = 0;  // of steal_steps: 0 on the same node
};

}  // namespace stator
