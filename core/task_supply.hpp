// core/task_supply.hpp - where one worker's tasks come from, each source by itself: its ring, its
// overflow, an inbox or queue of its node's intake, another worker.
//
// What it takes from the intake goes into its run ring at once, the first but one to be popped
// next, so siblings may steal it while the first one runs. A worker that nobody steals from runs
// its claim in place instead. It is an online reader only while it looks at the intake; tasks run
// offline, so a long one holds back no grace period.
//
// Threads    ring, overflow: as those say. Everything else: the worker.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <stator/core/intake.hpp>
#include <stator/core/own_tasks.hpp>
#include <stator/core/run_ring.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/taker_facts.hpp>
#include <stator/core/task.hpp>
#include <stator/core/task_queue.hpp>
#include <stator/core/task_runner.hpp>
#include <stator/core/worker.hpp>
#include <stator/platform/check.hpp>

namespace stator {

template <typename IntakeT, typename Ring, typename RegistryT, bool with_metrics>
class TaskSupply : public OwnTasks<IntakeT, Ring, RegistryT, with_metrics> {
    using Own = OwnTasks<IntakeT, Ring, RegistryT, with_metrics>;
    using Thief = typename Ring::Thief;

public:
    using VictimT = Victim<Ring>;
    using Own::burst;
    using Own::overflow;
    using Own::ring;

protected:
    using Own::from_queue;
    using Own::intake_;
    using Own::own_;
    using Own::runner_;
    using Own::sizes_;
    using Own::worker_;

    TaskSupply(IntakeT& intake, PinnedWorker& worker, const PoolMode& mode, const TakerSizes& sizes,
               const TaskRecord<RegistryT>& record)
        : Own(intake, worker, mode, sizes, record) {}

    // Whom it steals from, near ones first, whether nobody else takes from the intake, and whether
    // workers of other nodes steal from it; before the workers run.
    void know(std::span<const VictimT> victims, bool is_only_taker, bool is_robbed_from_afar) {
        victims_ = victims;
        is_only_taker_ = is_only_taker;
        is_alone_ = is_only_taker && !is_robbed_from_afar;
        near_count_ = static_cast<std::size_t>(std::count_if(
            victims.begin(), victims.end(), [](const VictimT& v) { return v.step == 0; }));
    }

    // ---- Taking out: each moves a task to `body` ----

    // A look at the intake, as an online reader. The only taker of a node needs not be one: nobody
    // else can take the last slot of the segment that it looks at.
    template <typename Look>
    [[nodiscard]] auto guarded(Look&& look) {
        if (is_only_taker_) return look();
        worker_.reader().online();
        const auto seen = look();
        worker_.reader().offline();
        return seen;
    }

    // What is left of a claim of a worker that nobody steals from. Before the next claim.
    [[nodiscard]] bool from_claim(TaskBody& body) {
        if (linked_at_ < linked_count_) {
            OwnedTask::put(body, *linked_[linked_at_++]);
            return true;
        }
        if (claim_at_ == claim_.count) return false;
        body.take(claim_inbox_->item(claim_, claim_at_));
        if (++claim_at_ == claim_.count) claim_inbox_->taken(claim_);
        return true;
    }
    [[nodiscard]] bool has_claim() const {
        return claim_at_ != claim_.count || linked_at_ < linked_count_;
    }

    // From the node's intake: the highest priority, or a lower one whose turn it is. `seekers`:
    // others that look for tasks now.
    [[nodiscard]] bool from_intake(std::size_t seekers, TaskBody& body) {
        std::uint64_t bits = intake_.ready();
        Ageing turn = ageing_;
        while (bits != 0) {
            const unsigned priority = turn.choose(bits, sizes_.ageing);
            // What has to wait for its turn gets a small one.
            const bool is_low = bits >> priority > 1;
            const std::size_t most = std::min(sizes_.claim_max, is_low ? low_claim : SIZE_MAX);
            if (from_priority(priority, most, seekers, body)) {
                ageing_ = turn;
                return true;
            }
            if (guarded([&] { return intake_.clear(priority); }))
                bits &= ~(std::uint64_t{1} << priority);
        }
        return false;
    }

    // At most `claim_max` of one priority; its two forms come first in turn, so that neither hides
    // the other. `seekers`: others that look for tasks now.
    [[nodiscard]] bool from_priority(unsigned priority, std::size_t claim_max, std::size_t seekers,
                                     TaskBody& body) {
        linked_first_ = !linked_first_;
        if (linked_first_ && from_linked(priority, body)) return true;
        const std::size_t n = from_inbox(priority, claim_max, seekers, body);
        small_ = 0 < n && n < small_claim;
        return n > 0 || (!linked_first_ && from_linked(priority, body));
    }
    // A spinning worker that is close behind its producers lets them get ahead: each look moves a
    // cache line between cpus, and is cheaper for many tasks than for one.
    void pace() {
        if (!small_) return;
        small_ = false;
        if (may_share_cpu(worker_.choice().wait)) return;
        const std::uint64_t until = sync::cycles() + sizes_.pace_cycles;
        while (sync::cycles() < until) sync::relax();
    }

    // From whoever has something, near ones first.
    [[nodiscard]] bool from_any_victim(TaskBody& body) {
        for (std::size_t i = 0; i < near_count_; ++i) {
            if (!steal(victims_[(turn_ + i) % near_count_], body)) continue;
            turn_ += i;  // the one that had something is asked first the next time
            return true;
        }
        for (const VictimT& far : victims_.subspan(near_count_))
            if (steal(far, body)) return true;
        return false;
    }

    [[nodiscard]] bool victims_seem_empty() const {
        return std::all_of(victims_.begin(), victims_.end(), [](const VictimT& v) {
            return v.overflow->seems_empty() && Thief(*v.ring).seems_empty();
        });
    }
    // For one who is about to sleep, or has given up searching: is there anything to take anywhere?
    [[nodiscard]] bool look_everywhere() {
        const bool ready = guarded([&] { return intake_.look(); });
        if (ready || own_.size() > 0 || overflow.look()) return true;
        for (const VictimT& victim : victims_)
            if (victim.overflow->look() || Thief(*victim.ring).look()) return true;
        return false;
    }

    static constexpr std::size_t low_claim = 8;
    // A worker that spins looks at others now and then only: that moves lines which they write.
    static constexpr unsigned looks_between_steals = 32;
    [[nodiscard]] unsigned first_steal() const {
        return worker_.choice().wait == Wait::futex ? 0 : 4;
    }

    std::span<const VictimT> victims_;
    bool is_alone_ = false;  // nobody steals from it, though it may steal from other nodes

private:
    [[nodiscard]] bool from_linked(unsigned priority, TaskBody& body) {
        TaskQueue& queue = intake_.queue(priority);
        if (!is_alone_) {
            if (from_queue(queue, body) == 0) return false;
        } else {
            // In order, and below no task that one of them spawns.
            linked_at_ = linked_count_ = 0;
            if (queue.seems_empty()) return false;
            (void)queue.take(burst, [&](Task& task) { linked_[linked_count_++] = &task; });
            if (!from_claim(body)) return false;
        }
        if (!queue.seems_empty()) intake_.mark(priority);  // others may have cleared it meanwhile
        return true;
    }
    // How many were taken, up to claim_max.
    [[nodiscard]] std::size_t from_inbox(unsigned priority, std::size_t claim_max,
                                         std::size_t seekers, TaskBody& body) {
        auto& inbox = intake_.inbox(priority);
        const std::size_t most = is_alone_ ? claim_max : 1 + own_.room(claim_max - 1);
        const Claim claim = guarded([&] { return inbox.claim(most, 1 + seekers); });
        if (claim.count == 0) return 0;
        runner_.metrics.claimed();
        if (is_alone_) {
            claim_ = claim;
            claim_inbox_ = &inbox;
            claim_at_ = 0;
            (void)from_claim(body);
            return claim.count;
        }
        body.take(inbox.item(claim, 0));
        for (std::uint32_t i = 1; i < claim.count; ++i)
            own_.stage(i - 1,
                       [&](TaskBody& cell) { cell.take(inbox.item(claim, claim.count - i)); });
        inbox.taken(claim);
        if (claim.count > 1) own_.publish(claim.count - 1);
        return claim.count;
    }

    [[nodiscard]] bool steal(const VictimT& victim, TaskBody& body) {
        if (const std::size_t k = from_queue(*victim.overflow, body); k > 0) {
            runner_.metrics.stolen(victim.step, k);
            return true;
        }
        std::uint32_t n = 0;
        const auto see = [&](TaskBody& cell) {
            if (n++ == 0)
                body.take(cell);
            else
                own_.stage(n - 2, [&](TaskBody& mine) { mine.take(cell); });
        };
        Thief thief(*victim.ring);
        if (thief.seems_empty() || thief.steal(1 + own_.room(burst - 1), see) != Steal::taken)
            return false;
        if (n > 1) own_.publish(n - 1);
        runner_.metrics.stolen(victim.step, n);
        return true;
    }

    Ageing ageing_;
    Claim claim_;
    typename IntakeT::InboxT* claim_inbox_ = nullptr;
    std::uint32_t claim_at_ = 0;
    std::array<Task*, burst> linked_{};  // of a queue of the intake
    std::size_t linked_at_ = 0, linked_count_ = 0;
    bool linked_first_ = false;
    std::size_t near_count_ = 0;
    std::size_t turn_ = 0;
    bool is_only_taker_ = false;
    bool small_ = false;  // the last claim was
    static constexpr std::size_t small_claim = 16;
};

}  // namespace stator
