// core/hooks.hpp - what a program may have called by the workers: at their start, before they go
// to sleep, and when a task has failed.
#pragma once
#include <cstdint>
#include <string_view>

#include <stator/core/task.hpp>

namespace stator {

// A task that threw, or said that it failed. Valid during the call.
struct TaskFailure {
    ShortName kind;           // the name with which it was submitted
    std::uint64_t id = 0;     // its identity in the registry; 0 on a board without one
    std::string_view worker;  // that ran it
    int cpu = -1;             // of that worker
    bool threw = false;       // false: it answered `failed`
};

// All are called on the worker's thread, outside of read sections, and must neither block nor
// throw; nullptr: nothing is called. Every failure is counted in any case, and the last one of each
// worker is in its record.
struct Hooks {
    void* context = nullptr;
    // Before the worker's first stage or task; start() has not returned yet.
    void (*on_start)(void* context, std::string_view worker, int cpu) = nullptr;
    // The worker has nothing to do and is about to sleep: the place to flush. It may submit.
    void (*on_idle)(void* context) = nullptr;
    void (*on_error)(void* context, const TaskFailure& failure) = nullptr;
};

}  // namespace stator
