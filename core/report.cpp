// core/report.cpp - records in shared memory become plain values.
#include <stator/core/report.hpp>

#include <stator/core/sync.hpp>

namespace stator {
namespace {

using enum std::memory_order;

std::uint64_t age(std::uint64_t began, platform::Clock clock) {
    const std::uint64_t now = sync::cycles();
    return now > began ? clock.to_ns(now - began) : 0;
}

}  // namespace

// Where a writer is inside all the time, the figures of the last look are taken: estimates.

void StageReport::read(const StageFigures& figures, platform::Clock clock) {
    (void)figures.lock.read([&] {
        items = figures.items.value();
        filtered = figures.filtered.value();
        failed = figures.failed.value();
        late = figures.late.value();
    });
    latency = Latency::of(figures.latency, clock);
}

void LinkReport::read(const LinkFigures& figures) {
    // What has left first, so that it is never more than what has come.
    (void)figures.after.lock.read([&] {
        taken = figures.after.taken.value();
        dropped = figures.after.dropped.value();
    });
    (void)figures.before.lock.read([&] {
        accepted = figures.before.accepted.value();
        rejected = figures.before.rejected.value();
    });
    slots = figures.slots;
}

void LineReport::read(const LineFigures& figures, platform::Clock clock) {
    (void)figures.lock.read([&] {
        items = figures.items.value();
        late = figures.late.value();
    });
    latency = Latency::of(figures.latency, clock);
}

WorkerReport WorkerReport::of(const Worker& choice, const WorkerFigures& figures,
                              platform::Clock clock) {
    WorkerReport r{.name = std::string(choice.name), .cpu = choice.cpu};
    (void)figures.lock.read([&] {
        r.thread_id = figures.thread_id.value();
        r.rounds = figures.rounds.value();
        r.idle_rounds = figures.idle_rounds.value();
        r.sleeps = figures.sleeps.value();
        r.woken = figures.woken.value();
        r.faults = figures.faults.value();
        r.executed = figures.executed.value();
        r.failed = figures.failed.value();
        for (std::size_t i = 0; i < submit_answers; ++i) r.refused[i] = figures.refused[i].value();
        r.busy_ns = clock.to_ns(figures.busy_cycles.value());
        r.idle_ns = clock.to_ns(figures.idle_cycles.value());
    });
    return r;
}

InboxReport InboxReport::of(int node, const InboxWords& words) {
    InboxReport r{.node = node, .segments = words.segments, .slots = words.slots};
    // Each word is true by itself; head first, so that `waiting` is never negative.
    const std::uint64_t head = words.head.load(acquire);                            // B3
    const std::uint64_t tail = words.tail.load(acquire) & ~InboxWords::closed_bit;  // B2
    r.accepted = tail - words.first_position;
    r.claimed = head - words.first_position;
    r.waiting = tail - head;
    r.cooling = words.cooling();
    r.cooling_high_water = words.cooling_high.load(relaxed);      // a count alone
    r.recycled = words.recycled(words.next_grant.load(relaxed));  // a count alone
    for (std::size_t i = 0; i < submit_answers; ++i)
        r.refused[i] = words.refused_outside[i].load(relaxed);  // counts
    return r;
}

GraceReport GraceReport::of(const GraceFigures& figures, std::uint64_t& current,
                            platform::Clock clock) {
    GraceReport r;
    std::uint64_t began = 0;
    (void)figures.lock.read([&] {
        r.periods = figures.periods.value();
        r.segments = figures.segments.value();
        current = figures.current.value();
        began = figures.began.value();
        r.last_ns = clock.to_ns(figures.last_cycles.value());
        r.longest_ns = clock.to_ns(figures.longest_cycles.value());
    });
    r.in_progress = current != 0;
    if (r.in_progress) r.age_ns = age(began, clock);
    return r;
}

bool is_late(const WorkerFigures& figures, std::uint64_t current) {
    const std::uint64_t first = figures.first_period.value();
    return current != 0 && first != 0 && first <= current;
}

RunningReport RunningReport::of(const Running& work, std::string_view worker, int node,
                                platform::Clock clock) {
    return {.kind = work.kind.text(),
            .worker = std::string(worker),
            .node = node,
            .id = work.id,
            .age_ns = age(work.started, clock)};
}

}  // namespace stator
