// core/submit.hpp - the ways to hand tasks over, for every type that takes them: a pool, and a
// scheduler.
//
//   by value   submit({.priority = 2, .deadline = 50us}, f)      submit_all({}, range of callables)
//   intrusive  submit({}, task)                                  submit({}, batch)
//
// Threads    all: any, also workers, without registration. Never blocks. Not from a signal handler.
//            Not while the scheduler is being started again or destroyed.
#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

#include <stator/core/inbox.hpp>
#include <stator/core/intrusive_task.hpp>
#include <stator/core/name.hpp>
#include <stator/core/task.hpp>
#include <stator/core/task_options.hpp>

namespace stator {

template <typename F>
concept ByValue = !std::derived_from<std::remove_cvref_t<F>, Task> &&
                  !std::same_as<std::remove_cvref_t<F>, TaskBatch>;

template <typename Derived>
class SubmitsTasks {
    [[nodiscard]] auto& pool() { return static_cast<Derived*>(this)->task_pool(); }

public:
    // The kernel's number of the node that has the memory at this address, for .node of many
    // submissions; -1 where it is in no memory yet (untouched), or the kernel does not say. Its own
    // memory Stator knows, else this is a system call.
    [[nodiscard]] int node_of(const void* at) { return pool().node_of(at); }

    // Hands `f` over, by value: a callable without arguments, with at most 48 bytes of captures
    // (less those of the options used), that moves without throwing and returns nothing or an
    // Outcome. Where the answer is `accepted` it is run exactly once by a worker of the node (or by
    // one of another node that may steal from it, or to which the board lets it spill), or
    // dropped (cancelled, expired), and then destroyed, and its cleanup called; with any other
    // answer nothing has happened and `f` is as it was. What it throws ends in the worker and is
    // counted as failed. What copying `f` throws comes out of submit, and nothing has happened.
    // From inside a task it goes to the worker's own ring, which begins with the newest, unless the
    // options name another node or priority. Tasks of one outside thread, priority and form
    // start in the order of submission where one worker serves them. `name`, 1 to 15 characters, is
    // what the registry and `stator top` show. Memory ordering: what the caller did before submit
    // is visible to the task.
    template <Name name = "task", ByValue F>
    [[nodiscard]] Submit submit(const TaskOptions& options, F&& f) {
        return pool().template hand_over<name>(options, std::forward<F>(f));
    }
    template <Name name = "task", ByValue F>
    [[nodiscard]] Submit submit(const OptionsD& options, F&& f) {
        return pool().template hand_over<name>(options, std::forward<F>(f));
    }
    template <Name name = "task", ByValue F>
    [[nodiscard]] Submit submit(const OptionsS& options, F&& f) {
        return pool().template hand_over<name>(options, std::forward<F>(f));
    }
    template <Name name = "task", ByValue F>
    [[nodiscard]] Submit submit(const OptionsC& options, F&& f) {
        return pool().template hand_over<name>(options, std::forward<F>(f));
    }
    template <Name name = "task", ByValue F>
    [[nodiscard]] Submit submit(const OptionsDS& options, F&& f) {
        return pool().template hand_over<name>(options, std::forward<F>(f));
    }
    template <Name name = "task", ByValue F>
    [[nodiscard]] Submit submit(const OptionsDC& options, F&& f) {
        return pool().template hand_over<name>(options, std::forward<F>(f));
    }
    template <Name name = "task", ByValue F>
    [[nodiscard]] Submit submit(const OptionsSC& options, F&& f) {
        return pool().template hand_over<name>(options, std::forward<F>(f));
    }
    template <Name name = "task", ByValue F>
    [[nodiscard]] Submit submit(const OptionsDSC& options, F&& f) {
        return pool().template hand_over<name>(options, std::forward<F>(f));
    }

    // Hands over the callables of `range` (sized, forward), from the first on, with one
    // notification: those that were accepted have been moved from. The answer is that to the first
    // that was not.
    template <Name name = "task", typename Range>
    [[nodiscard]] Batched submit_all(const TaskOptions& options, Range&& range) {
        return pool().template hand_over_all<name>(options, std::forward<Range>(range));
    }

    // Hands over a task whose memory is the caller's: see core/intrusive_task.hpp. Never refused
    // for lack of room. A deadline holds for this time.
    [[nodiscard]] Submit submit(const TaskOptions& options, Task& task) {
        TaskBatch batch(task);
        return pool().hand_over(options, batch);
    }
    [[nodiscard]] Submit submit(const OptionsD& options, Task& task) {
        return pool().hand_over(options, task);
    }
    // All tasks of the batch, or none, with one notification. The batch is empty where they were
    // accepted, and as it was elsewhere.
    [[nodiscard]] Submit submit(const TaskOptions& options, TaskBatch& batch) {
        return pool().hand_over(options, batch);
    }
};

}  // namespace stator
