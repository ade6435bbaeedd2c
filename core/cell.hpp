// core/cell.hpp - one stage at work: its state, its two ports, its figures; a step handles a burst.
//
//   step:  input closed?  ->  per item: room in the output? item in the input? run, publish, stamp
//          closed before the input was seen empty -> finish -> close the output -> ended
//
// Threads    step, ready: the stage's worker. figures: any. The rest: before the worker starts.
// Edges      S1  stop releases stop_requested -> a source acquires it : what the caller did before
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <stator/core/histogram.hpp>
#include <stator/core/ports.hpp>
#include <stator/core/stage.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/worker.hpp>
#include <stator/platform/contain.hpp>

namespace stator {

// What a stage has done. Cycles, not nanoseconds: converted where they are read.
struct StageFigures {
    Counter items;      // taken from the input, or made by the source
    Counter filtered;   // ended here, because the stage said so
    Counter failed;     // ended here, because the stage threw
    Counter late;       // over the stage's budget
    Histogram latency;  // from its arrival in the link before to the end of this stage's call
};

// What a pipeline has done: the sink writes it.
struct LineFigures {
    Counter items;
    Counter late;       // over the pipeline's budget
    Histogram latency;  // from its entry into the pipeline to the end of the sink's call
};

// What all stages of one pipeline share.
struct LineShared {
    sync::atomic<bool> stop_requested{false};
    LineFigures figures;
    std::uint64_t budget_cycles = 0;  // 0: no limit
};

// Items per step at most. Large enough to amortise a round over the stages (some 10 ns), small
// enough that stages in turn on one worker do not wait long for each other.
inline constexpr int burst_max = 64;

template <typename State, typename In, typename Out, bool keeps_order>
class Cell {
    static constexpr bool is_source = std::is_same_v<In, NoPort>;
    static constexpr bool is_sink = std::is_same_v<Out, NoPort>;
    using enum std::memory_order;

public:
    State state{};
    [[no_unique_address]] In in{};
    [[no_unique_address]] Out out{};
    StageFigures figures;
    LineShared* line = nullptr;
    std::uint64_t budget_cycles = 0;  // 0: no limit

    [[nodiscard]] StageHandle handle() {
        StageHandle h{.cell = this, .step = step, .ready = ready};
        if constexpr (HasDescriptor<State>) h.descriptor = descriptor;
        return h;
    }

private:
    static Progress step(void* cell) { return static_cast<Cell*>(cell)->step(); }
    static bool ready(void* cell) { return static_cast<Cell*>(cell)->would_work(); }
    // Without room there is no use in waking for more; the stage after us wakes us then.
    static int descriptor(void* cell) {
        auto& self = *static_cast<Cell*>(cell);
        return self.has_room() ? self.state.descriptor() : -1;
    }

    Progress step() {
        if (finishing_) return finish();
        const int done = [this] {
            if constexpr (is_source)
                return poll_burst();
            else
                return take_burst();
        }();
        if constexpr (!is_source) in.joints.end_of_burst();
        if constexpr (!is_sink) out.joints.end_of_burst();
        if (finishing_) return finish();
        return done > 0 ? Progress::worked : Progress::idle;
    }

    [[nodiscard]] bool would_work() {
        if (finishing_) return has_room();
        if constexpr (is_source) {
            if (line->stop_requested.load(acquire)) return true;  // S1
            return has_room() && !HasDescriptor<State>;           // a descriptor is slept on
        } else {
            const bool closed = in.closed();
            return in.front() != nullptr ? has_room() : closed;
        }
    }

    [[nodiscard]] bool has_room() {
        if constexpr (is_sink)
            return true;
        else
            return out.has_room();
    }

    // -- sources --

    int poll_burst() {
        for (int n = 0; n < burst_max; ++n) {
            if (line->stop_requested.load(acquire)) {  // S1
                finishing_ = true;
                return n;
            }
            if (!out.has_room()) return n;
            auto& slot = *out.slot();
            const std::uint64_t begin = sync::cycles();
            Poll answer = Poll::nothing;
            if (!platform::contain([&] { answer = state(slot.item); })) figures.failed.add();
            if (answer == Poll::nothing) return n;
            if (answer == Poll::ended) {
                finishing_ = true;
                return n;
            }
            const std::uint64_t end = stamp(begin);
            publish(slot, end, end, 0);
        }
        return burst_max;
    }

    // -- stages with an input --

    int take_burst() {
        const bool closed = in.closed();  // before front: see SpscRing::closed
        for (int n = 0; n < burst_max; ++n) {
            if (!has_room()) return n;
            const auto* item = in.front();
            if (item == nullptr) {
                finishing_ = closed;
                return n;
            }
            handle_one(*item);
            in.pop();
        }
        return burst_max;
    }

    template <typename Slot>
    void handle_one(const Slot& from) {
        if constexpr (is_sink) {
            if (!platform::contain([&] { state(from.item); })) figures.failed.add();
            const std::uint64_t end = stamp(from.arrived);
            const std::uint64_t whole = since(from.entered, end);
            line->figures.items.add();
            line->figures.latency.record(whole);
            if (line->budget_cycles != 0 && whole > line->budget_cycles) line->figures.late.add();
        } else {
            auto& slot = *out.slot();
            if (from.hole) return publish_hole(slot, from.sequence);
            bool goes_on = false;
            const bool returned = platform::contain([&] { goes_on = state(from.item, slot.item); });
            const std::uint64_t end = stamp(from.arrived);
            if (returned && goes_on) return publish(slot, from.entered, end, from.sequence);
            (returned ? figures.filtered : figures.failed).add();
            if constexpr (keeps_order) publish_hole(slot, from.sequence);
        }
    }

    template <typename Slot>
    void publish(Slot& slot, std::uint64_t entered, std::uint64_t arrived, std::uint64_t sequence) {
        slot.entered = entered;
        slot.arrived = arrived;
        slot.sequence = sequence;
        slot.hole = false;
        out.commit();
    }

    template <typename Slot>
    void publish_hole(Slot& slot, std::uint64_t sequence) {
        slot.sequence = sequence;
        slot.hole = true;
        out.commit();
    }

    // Counts an item that has been here since `begin`; returns the present time in cycles.
    std::uint64_t stamp(std::uint64_t begin) {
        const std::uint64_t end = sync::cycles();
        const std::uint64_t took = since(begin, end);
        figures.items.add();
        figures.latency.record(took);
        if (budget_cycles != 0 && took > budget_cycles) figures.late.add();
        return end;
    }

    // The counters of two cpus may differ by a few cycles; that is no time, and not 2^64 cycles.
    static std::uint64_t since(std::uint64_t begin, std::uint64_t end) {
        return end > begin ? end - begin : 0;
    }

    // -- the end --

    Progress finish() {
        if constexpr (is_sink) {
            return Progress::ended;
        } else {
            using Item = std::remove_reference_t<decltype(out.slot()->item)>;
            if constexpr (HasFinish<State, Item>) {
                if (!finish_burst()) return Progress::worked;
                if (!finished_) return Progress::idle;
            }
            out.close();
            return Progress::ended;
        }
    }

    // False: there may be more to do at once. True: the stage has finished, or waits for room.
    bool finish_burst() {
        for (int n = 0; n < burst_max; ++n) {
            if (!out.has_room()) {
                out.joints.end_of_burst();
                return n == 0;
            }
            auto& slot = *out.slot();
            bool more = false;
            if (!platform::contain([&] { more = state.finish(slot.item); })) figures.failed.add();
            if (!more) {
                out.joints.end_of_burst();
                finished_ = true;
                return true;
            }
            const std::uint64_t now = sync::cycles();
            publish(slot, now, now, 0);
        }
        out.joints.end_of_burst();
        return false;
    }

    bool finishing_ = false;
    bool finished_ = false;
};

}  // namespace stator
