// core/waking.hpp - when a node's sleeping workers are woken for new work: at once, or, where
// others are awake and the board says so, for many tasks or for old ones only.
//
//    late_ = tasks whose wake-up waits        threshold reached -> wake now
//                                             the first one     -> a timer for the latest moment
//
// Only further wake-ups wait: where all workers sleep, one is woken at once. Nothing but time
// depends on the timer: who goes to sleep looks at every place of work first.
//
// Threads    tell, tell_of_one: any, after the work has been put in its place. due: who the timer
//            wakes. The rest: before the workers start.
// Edges      Y1  hold releases late_ -> nothing_waits acquires it : the task, for the next look
//            Y2  due releases late_ -> hold acquires it : the timer does not run any more
//            and those of core/idle.hpp
#pragma once
#include <cstddef>
#include <cstdint>

#include <stator/core/idle.hpp>
#include <stator/core/sync.hpp>

namespace stator {

class Waking {
    using enum std::memory_order;

public:
    // `threshold` 1: nothing waits, and there is no timer.
    Waking(IdleWorkers& idle, std::uint32_t threshold, std::uint64_t latest_ns)
        : idle_(&idle), threshold_(threshold), latest_ns_(latest_ns) {}
    void use(sync::OneShotTimer& timer) { timer_ = &timer; }

    // There are `tasks` new tasks in the node's intake: as many workers are woken. `near()` is
    // asked only where somebody may be. How many were woken.
    template <typename NearOf>
    std::size_t tell(std::size_t tasks, NearOf&& near, WokenBy by) {
        if (!idle_->is_anybody_there()) return 0;
        if (threshold_ > 1) {
            const std::size_t at_once = idle_->all_sleep() ? 1 : 0;
            tasks = at_once + (tasks > at_once ? hold(tasks - at_once) : 0);
        }
        return tasks > 0 ? idle_->wake(tasks, near(), by) : 0;
    }
    // There is a task in a ring, or something was left behind: one worker is woken to search.
    void tell_of_one(Near near) {
        if (!idle_->wants_a_searcher()) return;
        if (threshold_ > 1 && !idle_->all_sleep() && hold(1) == 0) return;
        (void)idle_->wake_searcher(near);
    }
    // A worker of the node has found nothing to do: what waits for a wake-up has been taken, or it
    // finds it when it looks again, which it does next.
    // True: something waited, so that who takes one of several passes the rest on.
    [[nodiscard]] bool nothing_waits() {
        return late_.load(relaxed) != 0 && late_.exchange(0, acq_rel) != 0;  // Y1
    }
    // The latest moment has come.
    void due() {
        timed_.store(false, relaxed);                                       // by Y2
        (void)idle_->wake(late_.exchange(0, acq_rel), {}, WokenBy::timer);  // Y2
    }

private:
    // Tasks for which workers are woken now.
    [[nodiscard]] std::size_t hold(std::size_t tasks) {
        const auto more = static_cast<std::uint32_t>(tasks);
        const std::uint32_t before = late_.fetch_add(more, acq_rel);         // Y1, Y2
        if (before + more >= threshold_) return late_.exchange(0, relaxed);  // a count alone
        if (before == 0 && !timed_.load(relaxed)) {  // written here and by `due` alone
            timed_.store(true, relaxed);             // as above; two starts do no harm
            timer_->start(latest_ns_);
        }
        return 0;
    }

    IdleWorkers* idle_;
    std::uint32_t threshold_;
    std::uint64_t latest_ns_;
    sync::OneShotTimer* timer_ = nullptr;
    sync::atomic<bool> timed_{false};  // the timer runs
    alignas(platform::no_sharing_bytes) sync::atomic<std::uint32_t> late_{0};
};

}  // namespace stator
