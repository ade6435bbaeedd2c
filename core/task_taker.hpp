// core/task_taker.hpp - how one worker finds its next task. The order of the search is one list:
// `next`, below.
//
//   its own run ring (newest first), its own overflow, its node's intake (highest priority first),
//   a poller's events, siblings of the node, workers of other nodes by distance
//
// Threads    ring, overflow: as those say. Everything else: the worker.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <stator/core/idle.hpp>
#include <stator/core/intake.hpp>
#include <stator/core/run_ring.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>
#include <stator/core/task_queue.hpp>
#include <stator/core/task_runner.hpp>
#include <stator/core/task_supply.hpp>
#include <stator/core/waking.hpp>
#include <stator/core/worker.hpp>

namespace stator {

template <typename IntakeT, typename Ring, typename RegistryT, bool with_metrics>
class TaskTaker : public TaskSupply<IntakeT, Ring, RegistryT, with_metrics> {
    using Supply = TaskSupply<IntakeT, Ring, RegistryT, with_metrics>;
    using Thief = typename Ring::Thief;
    using enum std::memory_order;
    using Supply::intake_;
    using Supply::own_;
    using Supply::runner_;
    using Supply::sizes_;
    using Supply::victims_;
    using Supply::worker_;

public:
    using VictimT = Victim<Ring>;
    using Supply::burst;  // tasks in a step, and between looks at shared places
    using Supply::overflow;

    TaskTaker(IntakeT& intake, IdleWorkers& idle, Waking& waking, PinnedWorker& worker,
              const PoolMode& mode, const TakerSizes& sizes, const TaskRecord<RegistryT>& record)
        : Supply(intake, worker, mode, sizes, record),
          idle_(idle),
          waking_(waking),
          number_(idle.join(worker.word)),
          mode_(mode) {}

    // Whom it steals from, near ones first, and whose sleepers it wakes on other nodes; before the
    // workers run.
    void know(std::span<const VictimT> victims, std::span<Waking* const> far, Near near) {
        Supply::know(victims, idle_.size() == 1, !far.empty());
        far_ = far;
        near_ = near;
    }

    [[nodiscard]] TaskHandle handle() {
        return {.taker = this,
                .step = [](void* t) { return static_cast<TaskTaker*>(t)->step(); },
                .ready = [](void* t) { return static_cast<TaskTaker*>(t)->is_ready(); },
                .announce = [](void* t) { static_cast<TaskTaker*>(t)->announce(); },
                .retract = [](void* t) { return static_cast<TaskTaker*>(t)->retract(); }};
    }

    // ---- By the running task ----

    // Puts a task by value into the worker's ring. False: no cell is free.
    template <typename Fill>
    [[nodiscard]] bool spawn(Fill&& fill) {
        if (!this->put_one(fill)) return false;
        tell();
        return true;
    }
    // As many of `n` as have room, so that the first is run first: how many; `fill` is called for
    // each, from the first on.
    template <typename Fill>
    [[nodiscard]] std::size_t spawn(std::size_t n, Fill&& fill) {
        const std::size_t mine = this->put_some(n, fill);
        if (mine > 0) tell();
        return mine;
    }
    // All tasks of the batch, so that the oldest is run first.
    void spawn(TaskBatch& batch) {
        this->put_all(batch);
        tell();
    }

    // Runs other tasks until `done()`. Those of the own ring first: what the waiting task has
    // spawned is the newest there. Where the stack has not its headroom any more, only children of
    // `group`. `before_sleep()` is called before it sleeps; after it whoever makes `done` true
    // wakes the worker.
    template <typename Done, typename BeforeSleep>
    void work_until(const void* group, Done&& done, BeforeSleep&& before_sleep) {
        std::uint64_t idle_since = 0;
        bool gave_up = false;
        while (!done()) {
            const bool room = has_headroom();
            TaskInHand hand;
            if (room ? next(hand.body) : next_of(group, hand.body, gave_up)) {
                if (std::exchange(gave_up, false)) idle_.take_up();
                runner_.run(hand.body);
                idle_since = 0;
            } else if (worker_.keeps_spinning(idle_since)) {
                worker_.pause();
            } else {
                runner_.flush();
                before_sleep();
                sleep_until(done, room);
                idle_since = 0;
            }
        }
        if (gave_up) idle_.take_up();
        if (may_owe_) pass_on();
    }

    // Runs a task that has found no room, on the spot.
    template <typename Fill>
    void run_here(Fill&& fill) {
        TaskInHand hand;
        fill(hand.body);
        runner_.spawned(1);
        runner_.run(hand.body);
    }
    [[nodiscard]] bool is_in_task() const { return runner_.is_in_task(); }
    // Whether a waiting task may run another one on its stack.
    [[nodiscard]] bool has_headroom() const { return worker_.stack_left() >= sizes_.headroom; }
    [[nodiscard]] PinnedWorker& worker() { return worker_; }

private:
    [[nodiscard]] Progress step() {
        TaskInHand hand;
        std::size_t n = 0;
        for (; n < burst && next(hand.body); ++n) runner_.run(hand.body);
        if (n > 0) {
            runner_.flush();
            return Progress::worked;
        }
        if (!worker_.has_stages())
            may_owe_ = waking_.nothing_waits() || may_owe_;
        else if (may_owe_)
            pass_on();
        if (!is_finished()) return Progress::idle;
        // Hands on what we have seen: one who looked just before may have gone back to sleep.
        end_search();
        (void)idle_.give_up();
        idle_.wake_all();
        runner_.flush();
        return Progress::ended;
    }

    // The next task, moved out of where it was. False: there is none to be found.
    [[nodiscard]] bool next(TaskBody& body) {
        if (++since_shared_ > burst && from_below(body)) return true;
        if (own_.pop(body)) return true;
        if (this->from_claim(body)) return true;
        if (from_overflow(body)) return true;
        this->pace();
        if (from_intake(body)) return true;
        // Here events of a poller are taken, once there is one.
        return from_victims(body);
    }

    // What tasks that spawn others without end would hide: all of the claim, then in turn the
    // overflow and the intake.
    [[nodiscard]] bool from_below(TaskBody& body) {
        if (this->from_claim(body)) return true;
        overflow_first_ = !overflow_first_;
        if (!overflow_first_ || !from_overflow(body)) return from_intake(body);
        since_shared_ = 0;
        return true;
    }

    [[nodiscard]] bool from_overflow(TaskBody& body) {
        if (this->from_queue(overflow, body) == 0) return false;
        moved();
        return true;
    }
    // Where the stack has no room for other tasks; those above a child are sent away. When all of
    // the node wait so, the child may be among what was sent away: the last goes on.
    [[nodiscard]] bool next_of(const void* group, TaskBody& body, bool& gave_up) {
        const bool has_found = this->from_group(group, body);
        tell();  // as in moved
        if (has_found) return true;
        if (may_owe_) pass_on();
        const bool all = gave_up ? idle_.all_gave_up() : idle_.give_up();
        gave_up = true;
        idle_looks_ = this->first_steal();
        return all && next(body);
    }

    [[nodiscard]] bool from_intake(TaskBody& body) {
        since_shared_ = 0;
        if (!Supply::from_intake(idle_.seekers(number_, comes_), body)) return false;
        found();
        return true;
    }

    // ---- Others ----

    [[nodiscard]] bool from_victims(TaskBody& body) {
        if (victims_.empty() || idle_looks_++ % Supply::looks_between_steals != this->first_steal())
            return false;
        // One with stages would keep the search while they run.
        if (!worker_.has_stages()) {
            if (!idle_.search(number_)) return false;
            may_owe_ = true;
        }
        if (!this->from_any_victim(body)) return false;
        found();
        return true;
    }

    // ---- Sleeping and waking ----

    // There is work for us.
    void found() {
        idle_looks_ = 0;
        if (mode_.word.load(acquire) != PoolMode::open && intake_.drained())  // M1
            idle_.wake_all();  // the last task was taken after the closing: others may end
        moved();
    }
    // Tasks have come to our ring from elsewhere, maybe: one who sleeps now missed them in both.
    void moved() {
        if (may_owe_)
            pass_on();
        else if (own_.size() > 0 || !overflow.seems_empty())
            tell();
    }
    // A search ends, or what we were woken for is not what we do. Meanwhile nobody was woken for
    // what others spawned, and one task from outside was left to us: so where more is to be found,
    // and nobody comes for it, another one is woken.
    void pass_on() {
        may_owe_ = false;
        end_search();
        if (idle_.sleepers() != 0 && !idle_.somebody_comes() && this->look_everywhere())
            waking_.tell_of_one(near_);
    }
    // There are new tasks in our ring or overflow.
    void tell() {
        if (this->is_alone_) return;
        waking_.tell_of_one(near_);
        for (Waking* far : far_) far->tell_of_one({});
    }

    [[nodiscard]] bool is_ready() {
        if (!this->look_everywhere()) return is_finished();
        idle_looks_ = this->first_steal();  // it may be another worker's, which is asked next
        return true;
    }
    void announce() {
        runner_.flush();  // who woke us, and what ran while a stage waited
        idle_.announce(number_);
        end_search();
    }
    void end_search() { idle_.end_search(number_, std::exchange(comes_, false)); }
    [[nodiscard]] bool retract() {
        const WokenBy by = idle_.retract(number_);
        if (by == WokenBy::nobody) return false;
        runner_.metrics.woken(by);
        idle_looks_ = 0;
        comes_ = may_owe_ = true;
        return true;
    }
    // Closed, and nothing is left that this worker has to run.
    [[nodiscard]] bool is_finished() const {
        return mode_.word.load(acquire) != PoolMode::open &&  // M1
               own_.size() == 0 && !this->has_claim() && overflow.seems_empty() &&
               this->victims_seem_empty() && intake_.drained();
    }

    // A waiting task has nothing to run: sleeps until it is woken. `room`: also for other tasks.
    template <typename Done>
    void sleep_until(Done&& done, bool room) {
        worker_.word.announce();
        if (room) announce();
        if (done() || (room && this->look_everywhere()))
            worker_.word.retract();
        else
            worker_.word.sleep();
        if (room) (void)retract();
    }

    IdleWorkers& idle_;
    Waking& waking_;
    unsigned number_;
    const PoolMode& mode_;
    std::span<Waking* const> far_;
    Near near_;
    std::size_t since_shared_ = 0;
    bool overflow_first_ = false;
    unsigned idle_looks_ = 0;
    bool comes_ = false;    // we were chosen, and have not had our look yet
    bool may_owe_ = false;  // we search, or were woken: see pass_on
};

}  // namespace stator
