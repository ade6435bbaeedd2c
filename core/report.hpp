// core/report.hpp - what a scheduler has done so far, as plain values that a program can print.
//
// Reading allocates and takes some microseconds; it may be done while the workers run, from any
// thread but a worker. Figures of a running pipeline are estimates, each true at some time during
// the call.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/core/figures.hpp>
#include <stator/core/histogram.hpp>
#include <stator/core/inbox_words.hpp>
#include <stator/core/registry.hpp>
#include <stator/core/task.hpp>
#include <stator/platform/clock.hpp>

namespace stator {

struct Latency {  // nanoseconds; at most 6.25 % above the truth, `max` exact
    std::uint64_t p50_ns = 0, p99_ns = 0, p999_ns = 0, max_ns = 0;

    static Latency of(const Histogram& cycles, platform::Clock clock) {
        return {.p50_ns = clock.to_ns(cycles.percentile(0.50)),
                .p99_ns = clock.to_ns(cycles.percentile(0.99)),
                .p999_ns = clock.to_ns(cycles.percentile(0.999)),
                .max_ns = clock.to_ns(cycles.max())};
    }
};

struct StageReport {
    std::string role;
    std::string worker;
    int cpu = -1;
    int node = -1;  // the kernel's number
    std::uint64_t items = 0, filtered = 0, failed = 0, late = 0;
    Latency latency{};

    void read(const StageFigures& figures, platform::Clock clock);
};

struct LinkReport {
    std::string from, to;  // roles; from is "caller" for an input
    std::uint64_t accepted = 0, rejected = 0, dropped = 0;
    std::uint64_t taken = 0;  // by the stage after it
    std::uint64_t slots = 0;

    void read(const LinkFigures& figures);
    // An estimate while the pipeline runs.
    [[nodiscard]] std::uint64_t inside() const {
        const std::uint64_t gone = taken + dropped;
        return accepted > gone ? accepted - gone : 0;
    }
};

struct LineReport {                   // one pipeline
    std::vector<StageReport> stages;  // in graph order
    std::vector<LinkReport> links;    // likewise
    std::uint64_t items = 0;          // that reached the sink
    std::uint64_t late = 0;
    Latency latency;  // end to end

    void read(const LineFigures& figures, platform::Clock clock);
    [[nodiscard]] std::uint64_t lost() const {  // by the links' policies
        std::uint64_t n = 0;
        for (const LinkReport& link : links) n += link.rejected + link.dropped;
        return n;
    }
};

// How far a thief went, in words: see steal_steps.
inline constexpr std::array<std::string_view, steal_steps> steal_step_names{"near", "next",
                                                                            "second", "farther"};

// Of tasks that were stolen, those from other nodes.
[[nodiscard]] constexpr std::uint64_t far_ones(
    const std::array<std::uint64_t, steal_steps>& stolen) {
    std::uint64_t sum = 0;
    for (std::size_t i = 1; i < steal_steps; ++i) sum += stolen[i];
    return sum;
}

struct WorkerReport {
    std::string name;
    int cpu = -1;
    std::uint64_t thread_id = 0;  // the kernel's
    std::uint64_t rounds = 0, idle_rounds = 0, sleeps = 0, woken = 0, faults = 0;
    // Tasks: see WorkerFigures.
    std::uint64_t executed = 0, failed = 0, expired = 0, cancelled = 0, spawned = 0;
    std::uint64_t spilled = 0, claims = 0, overflowed = 0;
    std::array<std::uint64_t, steal_steps> stolen{};       // by how far it went
    std::array<std::uint64_t, woken_by_kinds> woken_by{};  // by WokenBy
    std::uint64_t failed_id = 0;                           // of the last that failed
    std::string failed_kind{};
    std::array<std::uint64_t, submit_answers> refused{};  // its own submissions, by answer
    std::uint64_t busy_ns = 0, idle_ns = 0;               // idle includes asleep

    static WorkerReport of(const Worker& choice, const WorkerFigures& figures,
                           platform::Clock clock);
};

// One node's inboxes. accepted == claimed + waiting.
struct InboxReport {
    int node = -1;  // the kernel's number
    std::uint64_t segments = 0, slots = 0;
    std::uint64_t accepted = 0, claimed = 0, waiting = 0;  // tasks by value
    std::vector<std::uint64_t> waiting_at{};               // each priority
    std::uint64_t linked = 0;                              // intrusive tasks that were accepted
    std::uint64_t spilled = 0;                             // by others, to the next node
    std::uint64_t woken = 0;                               // workers, by threads that are none
    std::uint64_t cooling = 0, cooling_high_water = 0;     // segments
    std::uint64_t recycled = 0;                            // segments, after a grace period
    std::array<std::uint64_t, submit_answers> refused{};   // to threads that are no workers

    static InboxReport of(int node, const StockWords& stock, std::span<const InboxWords> words);
};

struct GraceReport {
    std::uint64_t periods = 0;                   // that have ended
    std::uint64_t segments = 0;                  // that they gave back
    bool in_progress = false;                    // one goes on
    std::uint64_t age_ns = 0;                    // of that one
    std::uint64_t last_ns = 0, longest_ns = 0;   // of those that have ended
    std::vector<std::string> late_readers;       // workers for which it waits
    std::vector<std::uint64_t> late_thread_ids;  // theirs, as the kernel numbers them

    static GraceReport of(const GraceFigures& figures, std::uint64_t& current,
                          platform::Clock clock);
};

// A task that runs now.
struct RunningReport {
    std::string kind;
    std::string worker;
    int node = -1;
    std::uint64_t id = 0;
    std::uint64_t age_ns = 0;

    static RunningReport of(const Running& work, std::string_view worker, int node,
                            platform::Clock clock);
};

// Whether grace period `current` (0: none goes on) waits for the worker with these figures.
[[nodiscard]] bool is_late(const WorkerFigures& figures, std::uint64_t current);

// What the pool has done. When it has stopped,
// accepted == executed + failed + cancelled + expired, and before that, with `open` more: those
// that wait or run.
struct PoolReport {
    std::uint64_t accepted = 0, executed = 0, failed = 0, cancelled = 0, expired = 0, refused = 0;
    std::uint64_t spilled = 0;  // tasks that went on to another node, as the inbox was full
    std::array<std::uint64_t, steal_steps> stolen{};       // tasks, by how far the thief went
    std::array<std::uint64_t, woken_by_kinds> woken_by{};  // workers that were chosen; by WokenBy
    std::vector<InboxReport> inboxes;
    GraceReport grace{};
    std::uint64_t registry_overflows = 0;  // tasks that ran without a slot in the registry

    void add(const WorkerReport& worker);
    void add(InboxReport inbox);
    // Tasks that wait or run: an estimate while the pool works, exact when all is still.
    [[nodiscard]] std::uint64_t open() const {
        const std::uint64_t gone = executed + failed + cancelled + expired;
        return accepted > gone ? accepted - gone : 0;
    }
};

}  // namespace stator
