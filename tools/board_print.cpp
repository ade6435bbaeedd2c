// tools/board_print.cpp - the board as a table, and the memory of the flowmeter on it.
#include "board_print.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "flowmeter/meter.hpp"
#include "memory_table.hpp"

namespace stator::tools {
namespace {

using flowmeter::FileLine;
using flowmeter::LiveLine;

std::string_view wait_text(Wait wait) {
    switch (wait) {
        case Wait::futex:
            return "futex";
        case Wait::spin:
            return "spin";
        case Wait::spin_then_futex:
            return "spin, then futex";
        case Wait::yield:
            return "yield";
    }
    return "?";
}

std::string scheduling_text(const Worker& w) {
    if (w.scheduling == Scheduling::other) return "other";
    return fmt::format("fifo {}", w.priority);
}

std::string roles_text(const Worker& w) {
    std::string text;
    for (std::size_t i = 0; i < w.roles.count; ++i) {
        if (!text.empty()) text += ' ';
        text += w.roles.names[i] == every_other_role ? "(every other role)" : w.roles.names[i];
    }
    if (w.tasks) text += text.empty() ? "(tasks)" : " (tasks)";
    return text.empty() ? "(none)" : text;
}

void print_workers(const Board& b) {
    fmt::print("board {}\n  cpus {} on {} node{}, housekeeping on cpu {}\n\n", b.name,
               b.machine.cpus.text(), b.machine.nodes.size(),
               b.machine.nodes.size() == 1 ? "" : "s", b.housekeeping.text());
    fmt::print("  {:<15} {:>4} {:>5}  {:<17} {:<8} {}\n", "worker", "cpu", "node", "waits by",
               "class", "roles");
    for (std::size_t i = 0; i < b.workers.size(); ++i) {
        const Worker& w = b.workers[i];
        const auto node = static_cast<std::size_t>(b.node_of_worker(static_cast<int>(i)));
        fmt::print("  {:<15} {:>4} {:>5}  {:<17} {:<8} {}\n", w.name, w.cpu,
                   b.machine.nodes[node].id, wait_text(w.wait), scheduling_text(w), roles_text(w));
    }
    fmt::print("\n");
}

template <typename L>
void print_plan(const Board& b, std::string_view title, bool objects) {
    const auto& plan = flowmeter::SchedulerFor<L>::plan;
    fmt::print("{}", memory_table(b, plan, title));
    if (objects) fmt::print("\n{}\n", object_table(b, plan));
}

void print_residency(const char* what, const Residency& r) {
    if (!r.known)
        fmt::print(" {} pages of {}: the kernel does not say ({})", r.pages(), what, r.why_unknown);
    else
        fmt::print(" {} of {} pages of {} here", r.here, r.pages(), what);
}

int print_live() {
    static flowmeter::Meter<FileLine> meter;
    if (const Status s = meter.start([](auto&) {}); !s.ok()) {
        fmt::print(stderr, "stator board print: cannot start: {}\n", s.text());
        return 3;
    }
    bool all_here = true;
    fmt::print("where the pages are, by the kernel's answer:\n");
    for (const ArenaResidency& arena : meter.scheduler.ask_where()) {
        fmt::print("  node {}:", arena.node_id);
        print_residency("objects", arena.objects);
        fmt::print(",");
        print_residency("view", arena.view);
        fmt::print(",");
        print_residency("stacks", arena.stacks);
        fmt::print("\n");
        for (const Residency* r : {&arena.objects, &arena.view, &arena.stacks})
            all_here = all_here && r->known && r->here == r->pages();
    }
    meter.scheduler.stop();
    if (!all_here) fmt::print(stderr, "stator board print: not every page is on its node\n");
    return all_here ? 0 : 3;
}

}  // namespace

int print_board(const PrintOptions& options) {
    const Board& b = stator::board;
    if (!options.memory) print_workers(b);
    print_plan<FileLine>(b, "flowmeter on a capture file", !options.memory);
    print_plan<LiveLine>(b, "flowmeter on an interface", !options.memory);
    return options.live ? print_live() : 0;
}

}  // namespace stator::tools
