// tools/metrics/exposition.cpp - the families of metrics, and where their samples come from.
#include "metrics/exposition.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <stator/core/figures.hpp>
#include <stator/core/report.hpp>
#include <stator/core/task.hpp>
#include <stator/core/view.hpp>

#include "metrics/samples.hpp"
#include "top/render.hpp"

namespace stator::metrics {
namespace {

using top::InboxSeen;
using top::PrioritySeen;
using top::WorkerSeen;

// One scheduler with what every series of it has.
struct Subject {
    const Source& source;
    Labels labels;
    std::vector<std::string> lines;  // names of its pipelines, each once

    [[nodiscard]] const top::Snapshot& picture() const { return source.picture; }
};

using Fill = void (*)(const Subject&, Samples&);

struct Family {
    std::string_view name, type, help;
    Fill fill;
};

// ---- Labels ----

Labels with_node(const Labels& labels, int node) {
    return node < 0 ? labels : labels.with("node", node);
}

Labels of_worker(const Subject& s, const WorkerSeen& worker) {
    return with_node(s.labels, worker.node)
        .with("worker", worker.report.name)
        .with("cpu", worker.report.cpu);
}

Labels of_node(const Subject& s, const InboxSeen& inbox) {
    return with_node(s.labels, inbox.report.node);
}

Labels of_stage(const Subject& s, std::size_t line, const StageReport& stage) {
    return with_node(s.labels, stage.node)
        .with("worker", stage.worker)
        .with("cpu", stage.cpu)
        .with("line", s.lines[line])
        .with("stage", stage.role);
}

// ---- Loops ----

template <typename See>
void each_worker(const Subject& s, See&& see) {
    for (const WorkerSeen& worker : s.picture().workers) see(worker, of_worker(s, worker));
}

template <typename See>
void each_node(const Subject& s, See&& see) {
    for (const InboxSeen& inbox : s.picture().inboxes) see(inbox, of_node(s, inbox));
}

template <typename See>
void each_priority(const Subject& s, See&& see) {
    for (const InboxSeen& inbox : s.picture().inboxes)
        for (std::size_t p = 0; p < inbox.priorities.size(); ++p)
            see(inbox.priorities[p],
                of_node(s, inbox).with("priority", static_cast<std::int64_t>(p)));
}

template <typename See>
void each_line(const Subject& s, See&& see) {
    for (std::size_t n = 0; n < s.picture().lines.size(); ++n)
        see(n, s.labels.with("line", s.lines[n]));
}

template <typename See>
void each_stage(const Subject& s, See&& see) {
    for (std::size_t n = 0; n < s.picture().lines.size(); ++n) {
        const std::vector<StageReport>& stages = s.picture().lines[n].stages;
        for (std::size_t i = 0; i < stages.size(); ++i) see(n, i, of_stage(s, n, stages[i]));
    }
}

template <typename See>
void each_link(const Subject& s, See&& see) {
    for (std::size_t n = 0; n < s.picture().lines.size(); ++n)
        for (const LinkReport& link : s.picture().lines[n].links)
            see(link, s.labels.with("line", s.lines[n])
                          .with("link", fmt::format("{} > {}", link.from, link.to)));
}

// ---- Single figures ----

template <std::uint64_t WorkerReport::*figure>
void worker_figure(const Subject& s, Samples& out) {
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) { out.add(l, w.report.*figure); });
}

template <std::uint64_t WorkerReport::*ns>
void worker_seconds(const Subject& s, Samples& out) {
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) { out.add_seconds(l, w.report.*ns); });
}

template <std::uint64_t InboxReport::*figure>
void node_figure(const Subject& s, Samples& out) {
    each_node(s, [&](const InboxSeen& i, const Labels& l) { out.add(l, i.report.*figure); });
}

template <std::uint64_t PrioritySeen::*figure>
void priority_figure(const Subject& s, Samples& out) {
    each_priority(s, [&](const PrioritySeen& p, const Labels& l) { out.add(l, p.*figure); });
}

template <std::uint64_t GraceReport::*figure>
void grace_figure(const Subject& s, Samples& out) {
    if (s.picture().grace) out.add(s.labels, (*s.picture().grace).*figure);
}

template <std::uint64_t GraceReport::*ns>
void grace_seconds(const Subject& s, Samples& out) {
    if (s.picture().grace) out.add_seconds(s.labels, (*s.picture().grace).*ns);
}

template <std::uint64_t StageReport::*figure>
void stage_figure(const Subject& s, Samples& out) {
    each_stage(s, [&](std::size_t n, std::size_t i, const Labels& l) {
        out.add(l, s.picture().lines[n].stages[i].*figure);
    });
}

template <std::uint64_t LineReport::*figure>
void line_figure(const Subject& s, Samples& out) {
    each_line(s, [&](std::size_t n, const Labels& l) { out.add(l, s.picture().lines[n].*figure); });
}

template <std::uint64_t LinkReport::*figure>
void link_figure(const Subject& s, Samples& out) {
    each_link(s, [&](const LinkReport& link, const Labels& l) { out.add(l, link.*figure); });
}

// ---- Figures with labels of their own ----

void info(const Subject& s, Samples& out) {
    out.add(Labels()
                .with("board", s.picture().board)
                .with("view", s.source.view)
                .with("pid", s.picture().pid)
                .with("program", s.picture().program)
                .with("layout", std::int64_t{view_version}),
            1);
}

void uptime(const Subject& s, Samples& out) {
    out.add_seconds(s.labels, s.picture().uptime_ns);
}

void accepted(const Subject& s, Samples& out) {
    each_priority(s, [&](const PrioritySeen& p, const Labels& l) {
        out.add(l.with("way", "value"), p.accepted);
    });
    each_node(s, [&](const InboxSeen& i, const Labels& l) {
        out.add(l.with("way", "intrusive"), i.report.linked);
    });
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) {
        out.add(l.with("way", "ring"), w.report.spawned);
    });
}

template <typename Refusals>
void add_refusals(const Labels& labels, const Refusals& refused, Samples& out) {
    for (std::size_t i = 1; i < submit_answers; ++i)  // 0 is `accepted`
        out.add(labels.with("answer", text(static_cast<Submit>(i))), refused[i]);
}

void refused(const Subject& s, Samples& out) {
    each_node(s, [&](const InboxSeen& i, const Labels& l) {
        add_refusals(l.with("by", "outside"), i.report.refused, out);
    });
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) {
        add_refusals(l.with("by", "worker"), w.report.refused, out);
    });
}

void spilled(const Subject& s, Samples& out) {
    each_node(s, [&](const InboxSeen& i, const Labels& l) {
        out.add(l.with("by", "outside"), i.report.spilled);
    });
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) {
        out.add(l.with("by", "worker"), w.report.spilled);
    });
}

void stolen(const Subject& s, Samples& out) {
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) {
        for (std::size_t i = 0; i < steal_steps; ++i)
            out.add(l.with("distance", steal_step_names[i]), w.report.stolen[i]);
    });
}

void wakeups(const Subject& s, Samples& out) {
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) {
        const auto add = [&](WokenBy by, std::string_view text) {
            out.add(l.with("by", text), w.report.woken_by[static_cast<std::size_t>(by)]);
        };
        add(WokenBy::outside, "outside");
        add(WokenBy::worker, "worker");
        add(WokenBy::timer, "timer");
    });
}

void segments(const Subject& s, Samples& out) {
    each_node(s, [&](const InboxSeen& i, const Labels& l) {
        out.add(l.with("state", "free"), i.free);
        out.add(l.with("state", "open"), i.open());
        out.add(l.with("state", "cooling"), i.report.cooling);
    });
}

void up(const Subject& s, Samples& out) {
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) { out.add(l, w.ended ? 0 : 1); });
}

void asleep(const Subject& s, Samples& out) {
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) { out.add(l, w.asleep ? 1 : 0); });
}

void late(const Subject& s, Samples& out) {
    each_worker(s, [&](const WorkerSeen& w, const Labels& l) { out.add(l, w.late ? 1 : 0); });
}

void running(const Subject& s, Samples& out) {
    if (s.picture().has_registry) out.add(s.labels, s.picture().running.size());
}

void oldest(const Subject& s, Samples& out) {
    const std::vector<RunningReport>& all = s.picture().running;  // the oldest first
    if (s.picture().has_registry) out.add_seconds(s.labels, all.empty() ? 0 : all.front().age_ns);
}

void overflows(const Subject& s, Samples& out) {
    if (s.picture().has_registry) out.add(s.labels, s.picture().registry_overflows);
}

void line_latency(const Subject& s, Samples& out) {
    each_line(s, [&](std::size_t n, const Labels& l) {
        out.add_histogram(l, s.picture().latencies[n].whole);
    });
}

void line_longest(const Subject& s, Samples& out) {
    each_line(s, [&](std::size_t n, const Labels& l) {
        out.add_seconds(l, s.picture().lines[n].latency.max_ns);
    });
}

void stage_latency(const Subject& s, Samples& out) {
    each_stage(s, [&](std::size_t n, std::size_t i, const Labels& l) {
        out.add_histogram(l, s.picture().latencies[n].stages[i]);
    });
}

void stage_longest(const Subject& s, Samples& out) {
    each_stage(s, [&](std::size_t n, std::size_t i, const Labels& l) {
        out.add_seconds(l, s.picture().lines[n].stages[i].latency.max_ns);
    });
}

void link_inside(const Subject& s, Samples& out) {
    each_link(s, [&](const LinkReport& link, const Labels& l) { out.add(l, link.inside()); });
}

// ---- All of them ----

constexpr std::string_view counter = "counter", gauge = "gauge", histogram = "histogram";

constexpr Family families[] = {
    {"stator_info", gauge, "A scheduler that runs, and the layout of its view file.", info},
    {"stator_uptime_seconds", gauge, "Time since the scheduler was started.", uptime},

    {"stator_tasks_accepted_total", counter,
     "Tasks accepted: into a node's inbox by value, as the caller's own objects (intrusive), or "
     "into "
     "a worker's ring.",
     accepted},
    {"stator_tasks_executed_total", counter, "Tasks that have run and did not fail.",
     worker_figure<&WorkerReport::executed>},
    {"stator_tasks_failed_total", counter, "Tasks that threw, or answered that they failed.",
     worker_figure<&WorkerReport::failed>},
    {"stator_tasks_expired_total", counter, "Tasks dropped because their deadline had passed.",
     worker_figure<&WorkerReport::expired>},
    {"stator_tasks_cancelled_total", counter,
     "Tasks dropped because they were stopped, or all were.",
     worker_figure<&WorkerReport::cancelled>},
    {"stator_tasks_refused_total", counter,
     "Submissions that were not accepted, by answer, of workers and of threads that are none "
     "(outside).",
     refused},
    {"stator_tasks_stolen_total", counter,
     "Tasks that the worker took from workers of its node (near), of the first other one in its "
     "steal order (next), of the second, and of those behind (farther); 0 without pool.metrics.",
     stolen},
    {"stator_tasks_spilled_total", counter,
     "Submissions that went on to another node as the inbox of theirs was full, of workers and of "
     "threads that are none (outside).",
     spilled},
    {"stator_tasks_overflowed_total", counter,
     "Intrusive tasks for which the worker's ring had no room; 0 without pool.metrics.",
     worker_figure<&WorkerReport::overflowed>},
    {"stator_tasks_running", gauge, "Tasks that run now and have a slot in the registry.", running},
    {"stator_tasks_oldest_running_seconds", gauge, "Age of the task that has run for longest.",
     oldest},
    {"stator_registry_overflows_total", counter, "Tasks that ran without a slot in the registry.",
     overflows},

    {"stator_inbox_waiting", gauge, "Tasks by value that wait in the inbox; an estimate.",
     priority_figure<&PrioritySeen::waiting>},
    {"stator_inbox_claimed_total", counter, "Tasks by value that workers took from the inbox.",
     priority_figure<&PrioritySeen::claimed>},
    {"stator_inbox_claims_total", counter,
     "Batches that the worker took from inboxes; 0 without pool.metrics.",
     worker_figure<&WorkerReport::claims>},
    {"stator_inbox_segments", gauge, "Segments that the priority holds, granted or open.",
     priority_figure<&PrioritySeen::segments>},
    {"stator_inbox_wakeups_total", counter,
     "Workers that threads which are no workers have woken for the node's inboxes.",
     node_figure<&InboxReport::woken>},
    {"stator_segments", gauge,
     "Segments of the node: free, open for tasks, or cooling until a grace period has ended; an "
     "estimate.",
     segments},
    {"stator_segments_cooling_max", gauge, "The most segments that were cooling at once.",
     node_figure<&InboxReport::cooling_high_water>},
    {"stator_segments_recycled_total", counter,
     "Segments that came back to their node after a grace period.",
     node_figure<&InboxReport::recycled>},
    {"stator_segment_slots", gauge, "Tasks by value that a segment of the node can hold.",
     node_figure<&InboxReport::slots>},

    {"stator_grace_periods_total", counter, "Grace periods that have ended.",
     grace_figure<&GraceReport::periods>},
    {"stator_grace_period_segments_total", counter, "Segments that grace periods gave back.",
     grace_figure<&GraceReport::segments>},
    {"stator_grace_period_last_seconds", gauge, "How long the last grace period took.",
     grace_seconds<&GraceReport::last_ns>},
    {"stator_grace_period_longest_seconds", gauge, "How long the longest grace period took.",
     grace_seconds<&GraceReport::longest_ns>},
    {"stator_grace_period_age_seconds", gauge,
     "How long the present grace period has gone on; 0 where none does.",
     grace_seconds<&GraceReport::age_ns>},
    {"stator_grace_period_waits_for_worker", gauge,
     "1 where the present grace period waits for the worker.", late},

    {"stator_worker_up", gauge, "1 while the worker's thread exists.", up},
    {"stator_worker_asleep", gauge, "1 while the worker sleeps.", asleep},
    {"stator_worker_busy_seconds_total", counter, "Time in rounds with work.",
     worker_seconds<&WorkerReport::busy_ns>},
    {"stator_worker_idle_seconds_total", counter, "Time in rounds without work, and asleep.",
     worker_seconds<&WorkerReport::idle_ns>},
    {"stator_worker_rounds_total", counter, "Times that the worker looked at all it has to do.",
     worker_figure<&WorkerReport::rounds>},
    {"stator_worker_idle_rounds_total", counter, "Of these, times without work.",
     worker_figure<&WorkerReport::idle_rounds>},
    {"stator_worker_sleeps_total", counter, "Times that the worker went to sleep.",
     worker_figure<&WorkerReport::sleeps>},
    {"stator_worker_page_faults_total", counter,
     "Page faults of the worker while it ran; counted when it has ended.",
     worker_figure<&WorkerReport::faults>},
    {"stator_wakeups_total", counter,
     "Times that the worker was chosen to be woken for tasks, by whom; 0 without pool.metrics.",
     wakeups},

    {"stator_pipeline_items_total", counter, "Items that reached the end of the pipeline.",
     line_figure<&LineReport::items>},
    {"stator_pipeline_late_total", counter, "Items over the pipeline's budget of time.",
     line_figure<&LineReport::late>},
    {"stator_pipeline_latency_seconds", histogram,
     "Time from entering the pipeline to its end, at most 6.25 % above the truth; no sum is "
     "recorded.",
     line_latency},
    {"stator_pipeline_latency_max_seconds", gauge, "The longest of these times, exactly.",
     line_longest},
    {"stator_stage_items_total", counter, "Items that the stage has taken, or made.",
     stage_figure<&StageReport::items>},
    {"stator_stage_filtered_total", counter, "Items that the stage ended on purpose.",
     stage_figure<&StageReport::filtered>},
    {"stator_stage_failed_total", counter, "Items on which the stage threw.",
     stage_figure<&StageReport::failed>},
    {"stator_stage_late_total", counter, "Items over the stage's budget of time.",
     stage_figure<&StageReport::late>},
    {"stator_stage_latency_seconds", histogram,
     "Time from arrival before the stage to the end of its call, at most 6.25 % above the truth; "
     "no "
     "sum is recorded.",
     stage_latency},
    {"stator_stage_latency_max_seconds", gauge, "The longest of these times, exactly.",
     stage_longest},

    {"stator_link_accepted_total", counter, "Items that the link has accepted.",
     link_figure<&LinkReport::accepted>},
    {"stator_link_taken_total", counter, "Items that the stage behind the link has taken.",
     link_figure<&LinkReport::taken>},
    {"stator_link_rejected_total", counter, "New items lost because the link was full.",
     link_figure<&LinkReport::rejected>},
    {"stator_link_dropped_total", counter, "Oldest items lost because the link was full.",
     link_figure<&LinkReport::dropped>},
    {"stator_link_inside", gauge, "Items inside the link; an estimate.", link_inside},
    {"stator_link_slots", gauge, "Items that the link can hold.", link_figure<&LinkReport::slots>},
};

std::vector<std::string> line_names(const top::Snapshot& picture) {
    std::vector<std::string> names;
    for (const LineReport& line : picture.lines) {
        const std::string name = top::pipeline_name(line);
        std::string unique = name;
        for (int n = 2; std::find(names.begin(), names.end(), unique) != names.end(); ++n)
            unique = fmt::format("{} #{}", name, n);
        names.push_back(unique);
    }
    return names;
}

std::vector<Subject> subjects_of(std::span<const Source> sources) {
    std::vector<Subject> all;
    for (const Source& source : sources) {
        const auto same = std::count_if(sources.begin(), sources.end(), [&](const Source& other) {
            return other.picture.board == source.picture.board;
        });
        Labels labels = Labels().with("board", source.picture.board);
        if (same > 1) labels = labels.with("view", source.view);
        all.push_back({.source = source, .labels = labels, .lines = line_names(source.picture)});
    }
    return all;
}

}  // namespace

std::string exposition_of(std::span<const Source> sources) {
    const std::vector<Subject> subjects = subjects_of(sources);
    std::string all;
    for (const Family& family : families) {
        Samples samples(family.name);
        for (const Subject& subject : subjects) family.fill(subject, samples);
        if (samples.text().empty()) continue;
        all +=
            fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", family.name, family.help, family.type);
        all += samples.text();
    }
    return all;
}

}  // namespace stator::metrics
