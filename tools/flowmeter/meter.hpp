// tools/flowmeter/meter.hpp - the flowmeter as a whole: its pipelines on the chosen board.
//
// A capture file is read by the caller's thread, off the workers; an interface by the stage `rx`.
// So there are two pipelines, and a program runs one of them.
#pragma once
#include <array>
#include <cstddef>
#include <vector>

#include <stator/board.hpp>
#include <stator/core/scheduler.hpp>

#include "flowmeter/report.hpp"
#include "flowmeter/stages.hpp"

namespace stator::flowmeter {

inline constexpr std::size_t shards = UsedNodes<stator::board>::count;

static_assert(TaskPool<stator::board>::exists,
              "the flowmeter hashes payloads in tasks; give a worker of the board .tasks = true");

// `flows` is parted by node; with one node it is an ordinary stage, and its links ordinary rings.
template <std::size_t n>
struct FlowStage {
    using Stages = Parallel<n, StageOf<"flows", CountFlow>>;
    using Before = FanOut<Packet, 256, lane_of>;
    using After = FanIn<Counted, 256, Order::in_order>;
};
template <>
struct FlowStage<1> {
    using Stages = StageOf<"flows", CountFlow>;
    using Before = Ring<Packet, 256>;
    using After = Ring<Counted, 256>;
};

template <typename... Begin>
using Line =
    Pipeline<Begin..., StageOf<"parse", Parse>, typename FlowStage<shards>::Before,
             typename FlowStage<shards>::Stages, typename FlowStage<shards>::After,
             StageOf<"hash", Hash>, Ring<Digested, digested_slots>, StageOf<"export", Export>>;

using FileLine = Line<Input<FrameRef, 512>>;
using LiveLine = Line<StageOf<"rx", Rx>, Ring<FrameRef, 512>>;

template <typename L>
using SchedulerFor =
    Scheduler<stator::board, L, SmallFrames, LargeFrames, PerNode<Flows>, PerNode<Digests>>;

// The flowmeter with the pipeline L. One at a time.
template <typename L>
class Meter {
public:
    SchedulerFor<L> scheduler;

    [[nodiscard]] Frames frames() {
        return {scheduler.template pool<SmallFrame, small_frames>(),
                scheduler.template pool<LargeFrame, large_frames>()};
    }

    // Starts the workers; `also(scheduler)` prepares what is special to L.
    template <typename Also>
    Status start(Also&& also) {
        return scheduler.start([&](auto& s) {
            for (std::size_t i = 0; i < shards; ++i) {
                auto& flows = s.template state<L, "flows">(i);
                flows.table = &s.template table<Flows>(i);
                flows.shard = static_cast<std::uint32_t>(i);
                digests_[i] = &s.template table<Digests>(i);
            }
            auto& hash = s.template state<L, "hash">();
            hash.context = {.frames = frames(), .exporter = s.template waker<L, "export">()};
            hash.pool = &s.tasks();
            hash.submit = [](void* pool, const HashTask& task) {
                return static_cast<TaskPool<stator::board>*>(pool)->submit<"hash">({}, task);
            };
            s.template state<L, "export">().digests = digests_;
            also(s);
        });
    }

    // The figures of a run that has stopped.
    [[nodiscard]] Totals totals() {
        Totals all = scheduler.template state<L, "parse">().totals;
        for (std::size_t i = 0; i < shards; ++i)
            all.flows_untracked += scheduler.template state<L, "flows">(i).untracked;
        return all;
    }
    [[nodiscard]] TaskCounts tasks() {
        const PoolReport pool = scheduler.pool_report();
        return {.submitted = pool.accepted + pool.refused,
                .executed = pool.executed,
                .refused = pool.refused,
                .failed = pool.failed};
    }
    [[nodiscard]] std::vector<FlowRow> flows() {
        std::vector<FlowRow> rows;
        for (std::size_t i = 0; i < shards; ++i) {
            std::uint32_t flow = 0;
            for (const FlowRecord& record : scheduler.template table<Flows>(i).records())
                rows.push_back({.record = record, .digest = digests_[i]->result(flow++)});
        }
        return rows;
    }
    [[nodiscard]] std::vector<StageRow> stages() {
        std::vector<StageRow> rows;
        for (const StageReport& s : scheduler.template report<L>().stages)
            rows.push_back({.role = s.role,
                            .worker = s.worker,
                            .cpu = s.cpu,
                            .node = s.node,
                            .items = s.items,
                            .p50_ns = s.latency.p50_ns,
                            .p99_ns = s.latency.p99_ns,
                            .p999_ns = s.latency.p999_ns,
                            .max_ns = s.latency.max_ns});
        return rows;
    }

private:
    std::array<Digests*, shards> digests_{};
};

}  // namespace stator::flowmeter
