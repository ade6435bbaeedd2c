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
#include <utility>

#include <stator/core/figures.hpp>
#include <stator/core/ports.hpp>
#include <stator/core/stage.hpp>
#include <stator/core/sync.hpp>
#include <stator/core/worker.hpp>
#include <stator/platform/contain.hpp>

namespace stator {

// What all stages of one pipeline share.
struct LineShared {
    sync::atomic<bool> stop_requested{false};
    LineFigures* figures = nullptr;
    std::uint64_t budget_cycles = 0;  // 0: no limit
};

// What a stage counts in one step; added to its record at the end of the step.
struct StepCounts {
    std::uint64_t items = 0, filtered = 0, failed = 0, late = 0;
    std::uint64_t line_items = 0, line_late = 0;  // of a sink
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
    StageFigures* figures = nullptr;
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
        if constexpr (!is_source) in.end_of_burst();
        if constexpr (!is_sink) out.end_of_burst();
        publish_counts();
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
            const auto* item = in.front();
            return item != nullptr ? has_room() && is_ready(*item) : closed;
        }
    }

    // Whether the stage wants the item now; see core/stage.hpp.
    template <typename Slot>
    [[nodiscard]] bool is_ready(const Slot& from) {
        using Item = std::remove_cvref_t<decltype(from.item)>;
        if constexpr (HasReady<State, Item>)
            return from.hole || state.ready(from.item);
        else
            return true;
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
            if (!platform::contain([&] { answer = state(slot.item); })) ++counts_.failed;
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
            if (!is_ready(*item)) return n;
            handle_one(*item);
            in.pop();
        }
        return burst_max;
    }

    template <typename Slot>
    void handle_one(const Slot& from) {
        if constexpr (is_sink) {
            if (!platform::contain([&] { state(from.item); })) ++counts_.failed;
            const std::uint64_t end = stamp(from.arrived);
            const std::uint64_t whole = since(from.entered, end);
            ++counts_.line_items;
            line->figures->latency.record(whole);
            if (line->budget_cycles != 0 && whole > line->budget_cycles) ++counts_.line_late;
        } else {
            auto& slot = *out.slot();
            if (from.hole) return publish_hole(slot, from.sequence);
            bool goes_on = false;
            const bool returned = platform::contain([&] { goes_on = state(from.item, slot.item); });
            const std::uint64_t end = stamp(from.arrived);
            if (returned && goes_on) return publish(slot, from.entered, end, from.sequence);
            ++(returned ? counts_.filtered : counts_.failed);
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
        ++counts_.items;
        figures->latency.record(took);
        if (budget_cycles != 0 && took > budget_cycles) ++counts_.late;
        return end;
    }

    void publish_counts() {
        const StepCounts n = std::exchange(counts_, {});
        if (n.items + n.failed == 0) return;
        figures->lock.begin();
        figures->items.add(n.items);
        figures->filtered.add(n.filtered);
        figures->failed.add(n.failed);
        figures->late.add(n.late);
        figures->lock.end();
        if constexpr (is_sink) {
            LineFigures& whole = *line->figures;
            whole.lock.begin();
            whole.items.add(n.line_items);
            whole.late.add(n.line_late);
            whole.lock.end();
        }
    }

    // The counters of two cpus may differ by a few cycles; that is no time, and not 2^64 cycles.
    static std::uint64_t since(std::uint64_t begin, std::uint64_t end) {
        return end > begin ? end - begin : 0;
    }

    // -- the end --

    Progress finish() {
        const Progress result = finish_stage();
        publish_counts();
        return result;
    }

    Progress finish_stage() {
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
                out.end_of_burst();
                return n == 0;
            }
            auto& slot = *out.slot();
            bool more = false;
            if (!platform::contain([&] { more = state.finish(slot.item); })) ++counts_.failed;
            if (!more) {
                out.end_of_burst();
                finished_ = true;
                return true;
            }
            const std::uint64_t now = sync::cycles();
            publish(slot, now, now, 0);
        }
        out.end_of_burst();
        return false;
    }

    StepCounts counts_;
    bool finishing_ = false;
    bool finished_ = false;
};

}  // namespace stator
