// tests/metrics/exposition_test.cpp - made-up pictures in the text format: every sample is as it
// should be, and none comes twice.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <stator/core/histogram.hpp>
#include <stator/core/task.hpp>
#include <stator/core/view.hpp>
#include <stator/platform/clock.hpp>

#include "metrics/exposition.hpp"
#include "top/latency_counts.hpp"

namespace stator::metrics {
namespace {

using top::LatencyCounts;

// One worker, a node with two priorities, a pipeline of one stage.
Source made_up() {
    Source source{.picture = {}, .view = "made-up.7.0.view"};
    top::Snapshot& s = source.picture;
    s.board = "made-up";
    s.program = "program";
    s.pid = 7;
    s.uptime_ns = 1'500'000'000;
    WorkerReport worker{.name = "w", .cpu = 3};
    worker.executed = 11;
    worker.spilled = 8;
    worker.stolen = {0, 4, 5, 6};
    worker.woken_by = {0, 1, 2, 3};
    worker.busy_ns = 250;
    worker.refused[static_cast<std::size_t>(Submit::expired)] = 5;
    s.workers.push_back({.report = worker, .node = 2, .late = true});
    top::InboxSeen inbox;
    inbox.report.node = 2;
    inbox.report.segments = 10;
    inbox.report.cooling = 3;
    inbox.report.linked = 6;
    inbox.report.spilled = 9;
    inbox.free = 5;
    inbox.priorities = {{.accepted = 7, .claimed = 4, .waiting = 3, .segments = 1},
                        {.accepted = 9, .claimed = 9, .waiting = 0, .segments = 2}};
    s.inboxes.push_back(inbox);
    LineReport line;
    line.stages.push_back({.role = "only", .worker = "w", .cpu = 3, .node = 2, .items = 2});
    line.links.push_back({.from = "caller", .to = "only", .accepted = 5, .taken = 2});
    s.lines.push_back(line);
    LatencyCounts counts;
    std::fill(counts.up_to.begin() + 3, counts.up_to.end(), 2);
    counts.all = 3;
    s.latencies.push_back({.whole = counts, .stages = {counts}});
    return source;
}

std::string text_of(const std::vector<Source>& sources) {
    return exposition_of(sources);
}

std::size_t times(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++n;
    return n;
}

void expect_line(const std::string& text, const std::string& line) {
    EXPECT_EQ(times('\n' + text, '\n' + line + '\n'), 1u) << line << "\n in \n" << text;
}

TEST(Exposition, says_every_figure_with_its_labels) {
    const std::string text = text_of({made_up()});
    const std::string worker = R"({board="made-up",node="2",worker="w",cpu="3")";
    expect_line(text, "# TYPE stator_tasks_executed_total counter");
    expect_line(text, "stator_tasks_executed_total" + worker + "} 11");
    expect_line(text, "stator_tasks_stolen_total" + worker + R"(,distance="near"} 0)");
    expect_line(text, "stator_tasks_stolen_total" + worker + R"(,distance="next"} 4)");
    expect_line(text, "stator_tasks_stolen_total" + worker + R"(,distance="second"} 5)");
    expect_line(text, "stator_tasks_stolen_total" + worker + R"(,distance="farther"} 6)");
    expect_line(text, "stator_tasks_spilled_total" + worker + R"(,by="worker"} 8)");
    expect_line(text, R"(stator_tasks_spilled_total{board="made-up",node="2",by="outside"} 9)");
    expect_line(text, "stator_wakeups_total" + worker + R"(,by="outside"} 1)");
    expect_line(text, "stator_wakeups_total" + worker + R"(,by="worker"} 2)");
    expect_line(text, "stator_wakeups_total" + worker + R"(,by="timer"} 3)");
    expect_line(text,
                "stator_tasks_refused_total" + worker + R"(,by="worker",answer="expired"} 5)");
    EXPECT_EQ(times(text, R"(answer="accepted")"), 0u);
    expect_line(text, "stator_worker_busy_seconds_total" + worker + "} 2.5e-07");
    expect_line(text, "stator_grace_period_waits_for_worker" + worker + "} 1");
    const std::string node = R"({board="made-up",node="2")";
    expect_line(text, "stator_tasks_accepted_total" + node + R"(,priority="1",way="value"} 9)");
    expect_line(text, "stator_tasks_accepted_total" + node + R"(,way="intrusive"} 6)");
    expect_line(text, "stator_inbox_waiting" + node + R"(,priority="0"} 3)");
    expect_line(text, "stator_segments" + node + R"(,state="free"} 5)");
    expect_line(text, "stator_segments" + node + R"(,state="open"} 2)");
    expect_line(text, "stator_segments" + node + R"(,state="cooling"} 3)");
    expect_line(text, R"(stator_uptime_seconds{board="made-up"} 1.5)");
    expect_line(text, R"(stator_link_inside{board="made-up",line="only > only",)"
                      R"(link="caller > only"} 3)");
    expect_line(text, R"(stator_info{board="made-up",view="made-up.7.0.view",pid="7",)"
                      R"(program="program",layout=")" +
                          std::to_string(view_version) + "\"} 1");
    // What does not exist is not there, its help neither.
    EXPECT_EQ(times(text, "stator_grace_periods_total"), 0u);
    EXPECT_EQ(times(text, "stator_tasks_running"), 0u);
}

TEST(Exposition, has_histograms_with_buckets_and_a_count) {
    const std::string text = text_of({made_up()});
    const std::string line = R"({board="made-up",line="only > only")";
    const std::string name = "stator_pipeline_latency_seconds";
    expect_line(text, "# TYPE " + name + " histogram");
    expect_line(text, name + "_bucket" + line + R"(,le="1e-07"} 0)");
    expect_line(text, name + "_bucket" + line + R"(,le="5e-07"} 0)");
    expect_line(text, name + "_bucket" + line + R"(,le="1e-06"} 2)");
    expect_line(text, name + "_bucket" + line + R"(,le="10"} 2)");
    expect_line(text, name + "_bucket" + line + R"(,le="+Inf"} 3)");
    expect_line(text, name + "_count" + line + "} 3");
    EXPECT_EQ(times(text, "_sum"), 0u);
}

TEST(Exposition, tells_boards_of_one_name_apart) {
    Source other = made_up();
    other.view = "made-up.8.0.view";
    Source third = made_up();
    third.picture.board = "third";
    const std::string text = text_of({made_up(), other, third});
    EXPECT_EQ(times(text, "# TYPE stator_uptime_seconds"), 1u);
    expect_line(text, R"(stator_uptime_seconds{board="made-up",view="made-up.7.0.view"} 1.5)");
    expect_line(text, R"(stator_uptime_seconds{board="made-up",view="made-up.8.0.view"} 1.5)");
    expect_line(text, R"(stator_uptime_seconds{board="third"} 1.5)");
}

TEST(Exposition, escapes_labels_and_says_no_series_twice) {
    Source source = made_up();
    top::Snapshot& s = source.picture;
    s.board = "a\"b\\c\nd\xff";
    s.workers.push_back(s.workers.front());
    s.lines.push_back(s.lines.front());
    s.latencies.push_back(s.latencies.front());
    s.lines[0].stages.push_back(s.lines[0].stages.front());
    s.latencies[0].stages.push_back(s.latencies[0].stages.front());
    const std::string text = text_of({source});
    expect_line(text, R"(stator_uptime_seconds{board="a\"b\\c?d?"} 1.5)");
    EXPECT_EQ(times(text, "\nstator_tasks_executed_total{"), 1u);
    EXPECT_EQ(times(text, "\nstator_stage_items_total{"), 2u);  // of two pipelines
    EXPECT_EQ(times(text, R"(line="only > only #2",stage="only")"),
              times(text, R"(line="only > only",stage="only")"));
    EXPECT_EQ(times(text, "\nstator_stage_latency_seconds_count{"), 2u);
}

TEST(Exposition, of_nothing_is_nothing) {
    EXPECT_EQ(text_of({}), "");
}

TEST(LatencyCounts, are_those_of_the_values_within_a_sixteenth) {
    auto cycles = std::make_unique<Histogram>();
    const platform::Clock clock{.cycles_per_ns = 2.0};
    std::vector<double> all_ns;
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t value = random() >> (random() % 64);
        cycles->record(value);
        all_ns.push_back(static_cast<double>(value) / 2);
    }
    const LatencyCounts counts = LatencyCounts::of(*cycles, clock);
    EXPECT_EQ(counts.all, 20'000u);
    for (std::size_t i = 0; i < counts.up_to.size(); ++i) {
        const auto bound = static_cast<double>(top::latency_bounds_ns[i]);
        const auto at_most = [&](double ns) {
            return static_cast<std::uint64_t>(std::count_if(
                all_ns.begin(), all_ns.end(), [&](double value) { return value <= ns; }));
        };
        EXPECT_LE(counts.up_to[i], at_most(bound)) << bound;
        EXPECT_GE(counts.up_to[i], at_most(bound / 1.0625)) << bound;
    }
}

TEST(LatencyCounts, of_an_empty_histogram_are_zero) {
    const auto empty = std::make_unique<Histogram>();
    const LatencyCounts counts = LatencyCounts::of(*empty, {.cycles_per_ns = 3.0});
    EXPECT_EQ(counts.all, 0u);
    EXPECT_EQ(counts.up_to, LatencyCounts().up_to);
}

}  // namespace
}  // namespace stator::metrics
