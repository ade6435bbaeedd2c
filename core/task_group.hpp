// core/task_group.hpp - fork and join: tasks that are handed out together and waited for.
//
//   stator::TaskGroup group(scheduler.tasks());
//   group.run([&] { left(); });   right();   group.wait();
//
// A worker that waits runs other tasks meanwhile, what it has spawned itself first, and others only
// while its stack has the board's headroom; where that is used up, or no cell is free, `run` calls
// the child on the spot. So the depth of the stack is at most that of the same program without a
// pool, on top of what the headroom leaves. A thread that is no worker sleeps.
//
//    word_ = { waiter : 8 | unfinished : 24 }     waiter: worker + 1, or `outside`
//
// Children that the group's own worker spawns and runs are counted in a plain number, the others in
// the word; before it sleeps the worker adds the two. Whoever takes the word to 0 wakes the waiter
// and touches the group no more: a worker sleeps on its own word, and for an outside thread the
// kernel is told an address only.
//
// Progress   run: as submit. wait: as the children.
// Memory     the object itself; each child 8 of its 48 bytes of captures.
// Threads    the thread that made the group waits, and destroys it; run: that thread, and children.
// Edges      J1  a child releases word_ -> wait acquires it : what the children did
#pragma once
#include <climits>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <stator/core/sync.hpp>
#include <stator/core/task.hpp>
#include <stator/core/task_pool.hpp>
#include <stator/platform/contain.hpp>

namespace stator {

template <const Board& b>
class TaskGroup {
    using Pool = TaskPool<b>;
    using Taker = typename Pool::Taker;
    using enum std::memory_order;

public:
    explicit TaskGroup(Pool& pool) : pool_(&pool), owner_(pool.calling_taker()) {
        word_.store(owner_ == nullptr ? 0 : apart, relaxed);  // nobody else knows the group
    }
    // Waits.
    ~TaskGroup() { (void)wait(); }
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Hands a child over, or runs it here: a callable as for submit, with at most 40 bytes of
    // captures. It has run, or was dropped by a shutdown, when `wait` returns.
    template <Name name = "child", typename F>
    void run(F&& f) {
        using Whole = Child<std::decay_t<F>>;
        static_assert(is_task<Whole>());
        Taker* const here = pool_->calling_taker();
        const bool mine = here != nullptr && here == owner_ && !added_;
        if (mine)
            ++spawned_;
        else
            (void)word_.fetch_add(1, relaxed);  // the caller is a child, or will wait: it is not 0
        const auto fill = [&](TaskBody& body, std::size_t = 0) noexcept {
            body.kind = &kind_of<Whole, name>;
            new (body.captures.data()) Whole(*this, std::forward<F>(f));
        };
        if (here != nullptr) {
            if (pool_->state() == Submit::accepted && here->has_headroom() && here->spawn(fill))
                return;
            return here->run_here(fill);
        }
        if (pool_->hand_over_body(fill) == Submit::accepted) return;
        TaskInHand hand;
        fill(hand.body);
        (void)platform::contain([&] { (void)hand.body.kind->run(hand.body.captures.data()); });
    }

    // Returns when every child has ended: `failed` where one threw, answered so, or was dropped.
    // The group may be used again. Memory ordering: what the children did is visible to the caller.
    Outcome wait() {
        if (owner_ != nullptr)
            wait_as_worker();
        else
            wait_outside();
        const bool failed = failure_.load(relaxed);  // by J1
        failure_.store(false, relaxed);              // nobody else has to do with the group now
        return failed ? Outcome::failed : Outcome::done;
    }

private:
    // A callable with its group, and whether it has failed: nothing else has been said so far.
    template <typename F>
    class Child {
    public:
        template <typename From>
        Child(TaskGroup& group, From&& from) noexcept
            : group_(&group), f_(std::forward<From>(from)) {}
        Outcome operator()() {
            group_.set_failed(true);
            Outcome outcome = Outcome::done;
            if constexpr (std::is_same_v<std::invoke_result_t<F&>, Outcome>)
                outcome = f_();
            else
                f_();
            group_.set_failed(outcome == Outcome::failed);
            return outcome;
        }
        [[nodiscard]] auto at_end() const {
            return [group = group_] { group.get()->ended(group.has_failed()); };
        }

        [[nodiscard]] const void* group() const { return group_.get(); }

    private:
        class Link {
        public:
            explicit Link(TaskGroup* group) : bits_(reinterpret_cast<std::uintptr_t>(group) | 1) {}
            void set_failed(bool yes) { bits_ = (bits_ & ~std::uintptr_t{1}) | (yes ? 1 : 0); }
            [[nodiscard]] bool has_failed() const { return (bits_ & 1) != 0; }
            [[nodiscard]] TaskGroup* get() const {
                // NOLINTNEXTLINE(performance-no-int-to-ptr)
                return reinterpret_cast<TaskGroup*>(bits_ & ~std::uintptr_t{1});
            }

        private:
            std::uintptr_t bits_;
        };
        Link group_;  // dropped children have failed
        F f_;
    };

    static constexpr std::uint32_t waiter_unit = std::uint32_t{1} << 24;
    static constexpr std::uint32_t count_mask = waiter_unit - 1;
    static constexpr std::uint32_t outside = 255 * waiter_unit;
    // Until the two counts are added the word begins here, so that it does not reach 0.
    static constexpr std::uint32_t apart = std::uint32_t{1} << 23;

    // The last that a child does with the group.
    void ended(bool has_failed) {
        if (has_failed) failure_.store(true, relaxed);  // by J1
        Pool* const pool = pool_;
        if (owner_ != nullptr && pool->calling_taker() == owner_ && !added_) {
            --spawned_;
            return;
        }
        const std::uint32_t before = word_.fetch_sub(1, acq_rel);  // J1
        if ((before & count_mask) != 1 || before < waiter_unit) return;
        if (before >= outside)
            sync::futex_wake(word_, INT_MAX);
        else
            pool->wake_taker(before / waiter_unit - 1);
    }

    void wait_as_worker() {
        const auto done = [&] {
            const std::uint32_t count = word_.load(acquire) & count_mask;  // J1
            return added_ ? count == 0 : ((count + spawned_ - apart) & count_mask) == 0;
        };
        const auto before_sleep = [&] {
            if (std::exchange(added_, true)) return;
            const auto waiter = static_cast<std::uint32_t>(pool_->number_of(*owner_) + 1);
            (void)word_.fetch_add(spawned_ - apart + waiter * waiter_unit, acq_rel);  // J1
            spawned_ = 0;
        };
        owner_->work_until(this, done, before_sleep);
        added_ = false;
        spawned_ = 0;
        word_.store(apart, relaxed);  // nobody else has anything to do with the group now
    }
    void wait_outside() {
        std::uint32_t word = word_.fetch_or(outside, acq_rel) | outside;  // J1
        while ((word & count_mask) != 0) {
            if (pool_->state() == Submit::forked) {  // they end in the parent, for us they are lost
                failure_.store(true, relaxed);       // by one thread: a child has no other
                break;
            }
            sync::futex_wait(word_, word);
            word = word_.load(acquire);  // J1
        }
        word_.store(0, relaxed);  // nobody else has anything to do with the group now
    }

    Pool* pool_;
    Taker* owner_;  // of the worker that made the group; nullptr: it is none
    sync::atomic<std::uint32_t> word_;
    sync::atomic<bool> failure_{false};
    std::uint32_t spawned_ = 0;  // the owner's: children that it spawned, less those that it ran
    bool added_ = false;         // the owner's: the two counts have been added
};

}  // namespace stator
