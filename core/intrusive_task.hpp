// core/intrusive_task.hpp - a task whose memory is the caller's: never refused for lack of room.
//
//   struct Check : stator::Task { Check() : Task(run) {} static Outcome run(Task& self); ... };
//   scheduler.submit({}, check);          // a TaskBatch hands over many at once
//
// From submit until its run or its `dropped` begins the object belongs to the pool: it is not
// moved, destroyed or submitted again. Once one of the two has begun the pool never touches it
// again, so that either may submit it once more or end its life. Exactly one of them is called.
//
// Threads    a Task is handed over by one thread at a time. A TaskBatch: one thread.
// Source     zap's intrusive tasks: a link and a callback.
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
#include <stop_token>
#include <utility>

#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>

namespace stator {

class alignas(16) Task {
public:
    // `run` is called once with this object; `dropped`, where it is given, instead, when the task
    // is cancelled or its deadline has passed; it must not throw. `name` is shown by the registry.
    explicit Task(Outcome (*run)(Task&), void (*dropped)(Task&) = nullptr,
                  ShortName name = ShortName("task"))
        : run_(run), dropped_(dropped), name_(name) {}

    // Asked before the run; a token without a source never stops. Before it is handed over.
    void stop_with(std::stop_token token) { stop_ = std::move(token); }

private:
    friend class TaskBatch;
    friend class TaskQueue;
    friend struct OwnedTask;

    sync::plain<Task*> next_ = nullptr;
    Outcome (*run_)(Task&);
    void (*dropped_)(Task&);
    std::uint64_t deadline_ = 0;  // cycles; 0: none
    std::stop_token stop_;
    ShortName name_;
};

// Tasks in the order in which they were added. The batch owns nothing; it is empty after it has
// been handed over.
class TaskBatch {
public:
    TaskBatch() = default;
    explicit TaskBatch(Task& task) { push(task); }

    void push(Task& task) {
        task.deadline_ = 0;  // of an earlier time
        sync::write(task.next_) = newest_;
        if (newest_ == nullptr) oldest_ = &task;
        newest_ = &task;
        ++size_;
    }
    // All of `other`, behind ours; in constant time. `other` is empty afterwards.
    void append(TaskBatch&& other) {
        if (other.size_ == 0) return;
        sync::write(other.oldest_->next_) = newest_;
        if (newest_ == nullptr) oldest_ = other.oldest_;
        newest_ = other.newest_;
        size_ += other.size_;
        other = TaskBatch();
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

private:
    friend class TaskQueue;
    friend struct OwnedTask;

    Task* newest_ = nullptr;  // links lead to older ones
    Task* oldest_ = nullptr;
    std::size_t size_ = 0;
};

// A Task as a body in a ring or slot: its captures are the pointer.
struct OwnedTask {
    Task* task;

    static Outcome run(void* captures) {
        Task& task = *get(captures);
        return task.run_(task);
    }
    static void drop(void* captures) {
        Task& task = *get(captures);
        if (task.dropped_ != nullptr) task.dropped_(task);
    }
    static Wanted wanted(const void* captures) {
        const Task& task = *get(captures);
        if (task.stop_.stop_requested()) return Wanted::cancelled;
        if (task.deadline_ != 0 && sync::cycles() > task.deadline_) return Wanted::expired;
        return Wanted::yes;
    }
    static const TaskKind kind;

    static void put(TaskBody& body, Task& task) {
        body.kind = &kind;
        new (body.captures.data()) OwnedTask{&task};
    }
    [[nodiscard]] static Task* get(const void* captures) {
        return std::launder(static_cast<const OwnedTask*>(captures))->task;
    }
    [[nodiscard]] static ShortName name_of(const TaskBody& body) {
        return body.kind->has_owner ? get(body.captures.data())->name_ : body.kind->name;
    }
    static void set_deadline(Task& task, std::uint64_t cycles) { task.deadline_ = cycles; }
    // The newest task of a batch, which loses it; nullptr: it has none.
    [[nodiscard]] static Task* take_newest(TaskBatch& batch) {
        Task* const newest = batch.newest_;
        if (newest == nullptr) return nullptr;
        batch.newest_ = sync::read(newest->next_);
        if (--batch.size_ == 0) batch = TaskBatch();
        return newest;
    }
};
inline constexpr TaskKind OwnedTask::kind = {.run = OwnedTask::run,
                                             .drop = OwnedTask::drop,
                                             .move = nullptr,
                                             .wanted = OwnedTask::wanted,
                                             .name = ShortName("task"),
                                             .has_owner = true};

}  // namespace stator
