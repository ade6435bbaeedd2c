// tools/top/render.cpp - the two forms of a picture.
#include "top/render.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "text_table.hpp"

namespace stator::top {
namespace {

using Refusals = std::array<std::uint64_t, submit_answers>;

std::uint64_t sum_of(const Refusals& refused) {
    std::uint64_t n = 0;
    for (std::size_t i = 1; i < submit_answers; ++i) n += refused[i];  // 0 is `accepted`
    return n;
}

// ---- Text. ----

using Line = tools::TableLine;
using tools::add_table;
using tools::number_or_dash;

// "7", "12.3 k", "4.56 M" a second.
std::string rate_text(double a_second) {
    if (a_second < 10'000) return fmt::format("{:.0f}", a_second);
    if (a_second < 1e6) return fmt::format("{:.1f} k", a_second / 1e3);
    return fmt::format("{:.2f} M", a_second / 1e6);
}

// "full 3, closed 1", or "-".
std::string causes_text(const Refusals& refused) {
    std::string all;
    for (std::size_t i = 1; i < submit_answers; ++i)
        if (refused[i] > 0)
            all += fmt::format("{}{} {}", all.empty() ? "" : ", ", text(static_cast<Submit>(i)),
                               refused[i]);
    return all.empty() ? "-" : all;
}

// What has changed between two pictures, or since the start.
class Change {
public:
    Change(const Snapshot& now, const Snapshot* before)
        : before_(before),
          ns_(now.uptime_ns -
              (before == nullptr ? 0 : std::min(before->uptime_ns, now.uptime_ns))) {}

    [[nodiscard]] std::string rate(std::uint64_t now, std::uint64_t before) const {
        if (ns_ == 0) return "-";
        return rate_text(static_cast<double>(grown(now, before)) * 1e9 / static_cast<double>(ns_));
    }
    // The worker at place `i` as it was; all zero for the first picture.
    [[nodiscard]] WorkerReport worker(std::size_t i) const {
        return before_ != nullptr && i < before_->workers.size() ? before_->workers[i].report
                                                                 : WorkerReport{};
    }
    [[nodiscard]] std::uint64_t line_items(std::size_t i) const {
        return has_line(i) ? before_->lines[i].items : 0;
    }
    [[nodiscard]] std::uint64_t stage_items(std::size_t line, std::size_t i) const {
        return has_line(line) && i < before_->lines[line].stages.size()
                   ? before_->lines[line].stages[i].items
                   : 0;
    }
    // Share of the time in which the worker was busy. What it does right now is counted when it
    // has done it, so that a share above 1 is possible and means 1.
    [[nodiscard]] double busy(const WorkerReport& now, const WorkerReport& before) const {
        const auto part = static_cast<double>(grown(now.busy_ns, before.busy_ns));
        return ns_ == 0 ? 0 : std::min(1.0, part / static_cast<double>(ns_));
    }
    static std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
        return now > before ? now - before : 0;
    }

private:
    [[nodiscard]] bool has_line(std::size_t i) const {
        return before_ != nullptr && i < before_->lines.size();
    }
    const Snapshot* before_;
    std::uint64_t ns_;
};

// Between two pictures: `idle` looked for work and never found any; `busy` also where it is inside
// one long piece of work.
std::string_view state_of(const WorkerSeen& worker, const WorkerReport& before) {
    if (worker.ended) return "ended";
    if (worker.asleep) return "asleep";
    const std::uint64_t rounds = Change::grown(worker.report.rounds, before.rounds);
    const std::uint64_t idle = Change::grown(worker.report.idle_rounds, before.idle_rounds);
    return rounds > 0 && rounds == idle ? "idle" : "busy";
}

void add_workers(std::string& text, const Snapshot& now, const Change& change) {
    std::vector<Line> lines{{"worker", "state", "cpu", "node", "busy", "tasks/s", "executed",
                             "failed", "refused", "sleeps", "woken", "faults"}};
    for (std::size_t i = 0; i < now.workers.size(); ++i) {
        const WorkerSeen& seen = now.workers[i];
        const WorkerReport& w = seen.report;
        const WorkerReport before = change.worker(i);
        lines.push_back({w.name,
                         fmt::format("{}{}", state_of(seen, before), seen.late ? " late" : ""),
                         number_or_dash(w.cpu), number_or_dash(seen.node),
                         fmt::format("{:.1f} %", 100 * change.busy(w, before)),
                         change.rate(w.executed + w.failed, before.executed + before.failed),
                         std::to_string(w.executed), std::to_string(w.failed),
                         std::to_string(sum_of(w.refused)), std::to_string(w.sleeps),
                         std::to_string(w.woken), std::to_string(w.faults)});
    }
    text += "\nWorkers\n";
    add_table(text, lines, 2);
}

// "hash (id 281474976710657)", or "-". Without a registry tasks have no id.
std::string failure_text(const WorkerReport& w) {
    if (w.failed_kind.empty() && w.failed_id == 0) return "-";
    const std::string kind = w.failed_kind.empty() ? "?" : w.failed_kind;
    return w.failed_id == 0 ? kind : fmt::format("{} (id {})", kind, w.failed_id);
}

std::uint64_t woken(const WorkerReport& w, WokenBy by) {
    return w.woken_by[static_cast<std::size_t>(by)];
}

void add_tasks(std::string& text, const Snapshot& now) {
    if (now.inboxes.empty()) return;
    std::vector<Line> lines{{"worker", "last failure", "expired", "cancelled", "spawned", "claims",
                             "stolen near", "far", "overflowed", "woken by outside", "worker",
                             "timer"}};
    for (const WorkerSeen& seen : now.workers) {
        const WorkerReport& w = seen.report;
        lines.push_back(
            {w.name, failure_text(w), std::to_string(w.expired), std::to_string(w.cancelled),
             std::to_string(w.spawned), std::to_string(w.claims), std::to_string(w.stolen[0]),
             std::to_string(far_ones(w.stolen)), std::to_string(w.overflowed),
             std::to_string(woken(w, WokenBy::outside)), std::to_string(woken(w, WokenBy::worker)),
             std::to_string(woken(w, WokenBy::timer))});
    }
    text += "\nTasks of the workers\n";
    add_table(text, lines, 2);
}

void add_stages(std::string& text, const Snapshot& now, const Change& change) {
    std::vector<Line> lines{
        {"stage", "worker", "items", "items/s", "filtered", "failed", "late", "p50", "p99", "max"}};
    for (std::size_t n = 0; n < now.lines.size(); ++n)
        for (std::size_t i = 0; i < now.lines[n].stages.size(); ++i) {
            const StageReport& s = now.lines[n].stages[i];
            lines.push_back({s.role, s.worker, std::to_string(s.items),
                             change.rate(s.items, change.stage_items(n, i)),
                             std::to_string(s.filtered), std::to_string(s.failed),
                             std::to_string(s.late), tools::duration_text(s.latency.p50_ns),
                             tools::duration_text(s.latency.p99_ns),
                             tools::duration_text(s.latency.max_ns)});
        }
    if (lines.size() == 1) return;
    text += "\nStages\n";
    add_table(text, lines, 2);
}

void add_pipelines(std::string& text, const Snapshot& now, const Change& change) {
    if (now.lines.empty()) return;
    std::vector<Line> lines{
        {"pipeline, end to end", "items", "items/s", "late", "p50", "p99", "max"}};
    for (std::size_t i = 0; i < now.lines.size(); ++i) {
        const LineReport& l = now.lines[i];
        lines.push_back(
            {pipeline_name(l), std::to_string(l.items), change.rate(l.items, change.line_items(i)),
             std::to_string(l.late), tools::duration_text(l.latency.p50_ns),
             tools::duration_text(l.latency.p99_ns), tools::duration_text(l.latency.max_ns)});
    }
    text += "\nPipelines\n";
    add_table(text, lines, 1);
}

void add_links(std::string& text, const Snapshot& now) {
    std::vector<Line> lines{{"from", "to", "accepted", "taken", "inside", "rejected", "dropped"}};
    for (const LineReport& line : now.lines)
        for (const LinkReport& l : line.links)
            lines.push_back({l.from, l.to, std::to_string(l.accepted), std::to_string(l.taken),
                             fmt::format("{}/{}", l.inside(), l.slots), std::to_string(l.rejected),
                             std::to_string(l.dropped)});
    if (lines.size() == 1) return;
    text += "\nLinks\n";
    add_table(text, lines, 2);
}

void add_inboxes(std::string& text, const Snapshot& now) {
    if (now.inboxes.empty()) return;
    std::vector<Line> lines{{"node", "refused outside", "accepted", "intrusive", "waiting",
                             "claimed", "woken", "segments", "free", "cooling", "at most",
                             "recycled"}};
    for (const InboxSeen& seen : now.inboxes) {
        const InboxReport& i = seen.report;
        lines.push_back({number_or_dash(i.node), causes_text(i.refused), std::to_string(i.accepted),
                         std::to_string(i.linked), std::to_string(i.waiting),
                         std::to_string(i.claimed), std::to_string(i.woken),
                         fmt::format("{} x {}", i.segments, i.slots), std::to_string(seen.free),
                         std::to_string(i.cooling), std::to_string(i.cooling_high_water),
                         std::to_string(i.recycled)});
    }
    text += "\nInboxes\n";
    add_table(text, lines, 2);
}

// Where a node has several, those that have been used, the highest first.
void add_priorities(std::string& text, const Snapshot& now) {
    std::vector<Line> lines{{"node", "priority", "accepted", "waiting", "claimed", "segments"}};
    for (const InboxSeen& seen : now.inboxes) {
        if (seen.priorities.size() == 1) continue;
        for (std::size_t p = seen.priorities.size(); p-- > 0;) {
            const PrioritySeen& one = seen.priorities[p];
            if (one.accepted == 0) continue;
            lines.push_back({number_or_dash(seen.report.node), std::to_string(p),
                             std::to_string(one.accepted), std::to_string(one.waiting),
                             std::to_string(one.claimed), std::to_string(one.segments)});
        }
    }
    if (lines.size() == 1) return;
    text += "\nPriorities\n";
    add_table(text, lines, 1);
}

void add_grace(std::string& text, const Snapshot& now) {
    if (!now.grace) return;
    const GraceReport& g = *now.grace;
    text += fmt::format(
        "\nGrace periods\n  {} ended and gave {} segments back; last {}, longest {}\n", g.periods,
        g.segments, tools::duration_text(g.last_ns), tools::duration_text(g.longest_ns));
    if (!g.in_progress) return;
    std::string readers;
    for (std::size_t i = 0; i < g.late_readers.size(); ++i)
        readers += fmt::format("{}{} (thread {})", i == 0 ? "" : ", ", g.late_readers[i],
                               g.late_thread_ids[i]);
    text += fmt::format("  one goes on for {} and waits for {}\n", tools::duration_text(g.age_ns),
                        readers.empty() ? "nobody" : readers);
}

void add_running(std::string& text, const Snapshot& now) {
    if (!now.has_registry) return;
    text += "\nTasks that run, the oldest first\n";
    if (now.running.empty()) {
        text += "  none now\n";
    } else {
        std::vector<Line> lines{{"kind", "worker", "node", "age", "id"}};
        for (const RunningReport& r : now.running)
            lines.push_back({r.kind, r.worker, number_or_dash(r.node),
                             tools::duration_text(r.age_ns), std::to_string(r.id)});
        add_table(text, lines, 2);
    }
    if (now.registry_overflows > 0)
        text += fmt::format("  tasks that ran without a slot here: {}; raise pool.registry_slots\n",
                            now.registry_overflows);
}

// ---- JSON. ----

using Json = nlohmann::ordered_json;

Json refusals_of(const Refusals& refused) {
    Json json = Json::object();
    for (std::size_t i = 1; i < submit_answers; ++i)
        json[std::string(text(static_cast<Submit>(i)))] = refused[i];
    return json;
}

void add_latency(Json& json, const Latency& latency) {
    json["p50_ns"] = latency.p50_ns;
    json["p99_ns"] = latency.p99_ns;
    json["p999_ns"] = latency.p999_ns;
    json["max_ns"] = latency.max_ns;
}

// The last failure, or nothing.
Json failure_of(const WorkerReport& w) {
    if (w.failed_kind.empty() && w.failed_id == 0) return nullptr;
    return {{"kind", w.failed_kind}, {"id", w.failed_id}};
}

Json stolen_of(const WorkerReport& w) {
    Json json;
    for (std::size_t i = 0; i < steal_steps; ++i) json[steal_step_names[i]] = w.stolen[i];
    return json;
}

Json json_of_worker(const WorkerSeen& seen) {
    const WorkerReport& w = seen.report;
    return {{"name", w.name},
            {"cpu", w.cpu},
            {"node", seen.node},
            {"thread_id", seen.thread_id},
            {"state", state_of(seen, {})},
            {"rounds", w.rounds},
            {"idle_rounds", w.idle_rounds},
            {"sleeps", w.sleeps},
            {"woken", w.woken},
            {"faults", w.faults},
            {"executed", w.executed},
            {"failed", w.failed},
            {"expired", w.expired},
            {"cancelled", w.cancelled},
            {"spawned", w.spawned},
            {"claims", w.claims},
            {"spilled", w.spilled},
            {"stolen", stolen_of(w)},
            {"overflowed", w.overflowed},
            {"woken_by",
             {{"outside", woken(w, WokenBy::outside)},
              {"worker", woken(w, WokenBy::worker)},
              {"timer", woken(w, WokenBy::timer)}}},
            {"last_failure", failure_of(w)},
            {"refused", refusals_of(w.refused)},
            {"busy_ns", w.busy_ns},
            {"idle_ns", w.idle_ns},
            {"late", seen.late}};
}

void add_line(Json& json, const LineReport& line) {
    const std::string name = pipeline_name(line);
    Json whole{{"name", name}, {"items", line.items}, {"late", line.late}, {"lost", line.lost()}};
    add_latency(whole, line.latency);
    json["lines"].push_back(std::move(whole));
    for (const StageReport& s : line.stages) {
        Json stage{{"role", s.role},         {"line", name},       {"worker", s.worker},
                   {"cpu", s.cpu},           {"node", s.node},     {"items", s.items},
                   {"filtered", s.filtered}, {"failed", s.failed}, {"late", s.late}};
        add_latency(stage, s.latency);
        json["stages"].push_back(std::move(stage));
    }
    for (const LinkReport& l : line.links)
        json["links"].push_back({{"from", l.from},
                                 {"to", l.to},
                                 {"line", name},
                                 {"accepted", l.accepted},
                                 {"taken", l.taken},
                                 {"inside", l.inside()},
                                 {"slots", l.slots},
                                 {"rejected", l.rejected},
                                 {"dropped", l.dropped}});
}

Json json_of_inbox(const InboxSeen& seen) {
    const InboxReport& i = seen.report;
    Json json{{"node", i.node},
              {"segments", i.segments},
              {"slots", i.slots},
              {"accepted", i.accepted},
              {"intrusive", i.linked},
              {"claimed", i.claimed},
              {"waiting", i.waiting},
              {"spilled", i.spilled},
              {"woken", i.woken},
              {"free", seen.free},
              {"open", seen.open()},
              {"cooling", i.cooling},
              {"cooling_high_water", i.cooling_high_water},
              {"recycled", i.recycled},
              {"refused", refusals_of(i.refused)},
              {"priorities", Json::array()}};
    for (std::size_t p = 0; p < seen.priorities.size(); ++p)
        json["priorities"].push_back({{"priority", p},
                                      {"accepted", seen.priorities[p].accepted},
                                      {"claimed", seen.priorities[p].claimed},
                                      {"waiting", seen.priorities[p].waiting},
                                      {"segments", seen.priorities[p].segments}});
    return json;
}

Json json_of_grace(const GraceReport& g) {
    return {{"periods", g.periods},          {"segments", g.segments},
            {"in_progress", g.in_progress},  {"age_ns", g.age_ns},
            {"last_ns", g.last_ns},          {"longest_ns", g.longest_ns},
            {"late_readers", g.late_readers}};
}

}  // namespace

std::string pipeline_name(const LineReport& line) {
    if (line.stages.empty()) return "?";
    return line.stages.front().role + " > " + line.stages.back().role;
}

std::string text_of(const Snapshot& now, const Snapshot* before) {
    const Change change(now, before);
    std::string text = fmt::format("board {}, process {} ({}), up {}, rates since {}\n", now.board,
                                   now.pid, now.program, tools::duration_text(now.uptime_ns),
                                   before == nullptr ? "the start" : "the last picture");
    add_workers(text, now, change);
    add_tasks(text, now);
    add_stages(text, now, change);
    add_pipelines(text, now, change);
    add_links(text, now);
    add_inboxes(text, now);
    add_priorities(text, now);
    add_grace(text, now);
    add_running(text, now);
    return text;
}

std::string json_of(const Snapshot& now) {
    Json json{{"board", now.board},
              {"pid", now.pid},
              {"program", now.program},
              {"uptime_s", std::round(static_cast<double>(now.uptime_ns) / 1e6) / 1e3},
              {"workers", Json::array()},
              {"stages", Json::array()},
              {"lines", Json::array()},
              {"links", Json::array()},
              {"inboxes", Json::array()},
              {"grace", nullptr},
              {"registry", Json::array()},
              {"registry_overflows", now.registry_overflows}};
    for (const WorkerSeen& worker : now.workers) json["workers"].push_back(json_of_worker(worker));
    for (const LineReport& line : now.lines) add_line(json, line);
    for (const InboxSeen& inbox : now.inboxes) json["inboxes"].push_back(json_of_inbox(inbox));
    if (now.grace) json["grace"] = json_of_grace(*now.grace);
    for (const RunningReport& r : now.running)
        json["registry"].push_back({{"kind", r.kind},
                                    {"worker", r.worker},
                                    {"node", r.node},
                                    {"id", r.id},
                                    {"age_ns", r.age_ns}});
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace stator::top
