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
    ShortName failed_kind;
    (void)figures.lock.read([&] {
        r.thread_id = figures.thread_id.value();
        r.rounds = figures.rounds.value();
        r.idle_rounds = figures.idle_rounds.value();
        r.sleeps = figures.sleeps.value();
        r.woken = figures.woken.value();
        r.faults = figures.faults.value();
        r.executed = figures.executed.value();
        r.failed = figures.failed.value();
        r.expired = figures.expired.value();
        r.cancelled = figures.cancelled.value();
        r.spawned = figures.spawned.value();
        r.claims = figures.claims.value();
        r.spilled = figures.spilled.value();
        for (std::size_t i = 0; i < steal_steps; ++i) r.stolen[i] = figures.stolen[i].value();
        r.overflowed = figures.overflowed.value();
        for (std::size_t i = 0; i < woken_by_kinds; ++i)
            r.woken_by[i] = figures.woken_by[i].value();
        r.failed_id = figures.failed_id.value();
        failed_kind.words = {figures.failed_kind[0].value(), figures.failed_kind[1].value()};
        for (std::size_t i = 0; i < submit_answers; ++i) r.refused[i] = figures.refused[i].value();
        r.busy_ns = clock.to_ns(figures.busy_cycles.value());
        r.idle_ns = clock.to_ns(figures.idle_cycles.value());
    });
    r.failed_kind = failed_kind.text();
    return r;
}

InboxReport InboxReport::of(int node, const StockWords& stock, std::span<const InboxWords> words) {
    InboxReport r{.node = node, .segments = stock.segments, .slots = words.front().slots};
    for (const InboxWords& inbox : words) {
        // Each word is true by itself; head first, so that `waiting` is never negative.
        const std::uint64_t head = inbox.head.load(acquire);                            // B3
        const std::uint64_t tail = inbox.tail.load(acquire) & ~InboxWords::closed_bit;  // B2
        r.accepted += tail - inbox.first_position;
        r.claimed += head - inbox.first_position;
        r.waiting += tail - head;
        r.waiting_at.push_back(tail - head);
    }
    r.linked = stock.linked.load(relaxed);  // a count alone
    r.cooling = stock.cooling();
    r.cooling_high_water = stock.cooling_high.load(relaxed);  // a count alone
    r.recycled = stock.returned.load(relaxed);                // a count alone
    r.spilled = stock.spilled_outside.load(relaxed);          // a count alone
    r.woken = stock.woken_outside.load(relaxed);              // a count alone
    for (std::size_t i = 0; i < submit_answers; ++i)
        r.refused[i] = stock.refused_outside[i].load(relaxed);  // counts
    return r;
}

void PoolReport::add(const WorkerReport& worker) {
    accepted += worker.spawned;
    executed += worker.executed;
    failed += worker.failed;
    cancelled += worker.cancelled;
    expired += worker.expired;
    spilled += worker.spilled;
    for (std::size_t i = 0; i < steal_steps; ++i) stolen[i] += worker.stolen[i];
    for (std::size_t i = 0; i < woken_by_kinds; ++i) woken_by[i] += worker.woken_by[i];
    for (const std::uint64_t count : worker.refused) refused += count;
}

void PoolReport::add(InboxReport inbox) {
    accepted += inbox.accepted + inbox.linked;
    spilled += inbox.spilled;
    for (const std::uint64_t count : inbox.refused) refused += count;
    inboxes.push_back(std::move(inbox));
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
