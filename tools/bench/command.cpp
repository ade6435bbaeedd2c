// tools/bench/command.cpp - `stator bench`: which columns are measured, and in what order.
#include "bench/command.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include <stator/platform/thread.hpp>

#include "bench/columns.hpp"
#include "bench/report.hpp"
#include "bench/threads.hpp"

namespace stator::bench {
namespace {

constexpr int exit_wrong = 1, exit_nothing = 2, exit_refused = 3;

constexpr std::array all_columns = {
    std::string_view("stator"),    std::string_view("stator.intrusive"),
    std::string_view("ref.mpmc"),  std::string_view("ref.spsc"),
    std::string_view("ref.mutex"), std::string_view("floor"),
    std::string_view("static"),    std::string_view("tbb.enqueue"),
    std::string_view("tbb.group")};

// Empty lists choose everything.
bool is_chosen(const std::vector<std::string>& chosen, std::string_view name) {
    return chosen.empty() || std::find(chosen.begin(), chosen.end(), name) != chosen.end();
}

// The columns of a workload that were asked for, in the order in which they take turns.
std::vector<const Column*> columns_of(Work work, const BenchOptions& options) {
    std::vector<const Column*> all;
    for (const auto columns : {stator_columns(), reference_columns(), tbb_columns()})
        for (const Column& column : columns)
            if (column.work == work &&
                (column.name == "stator" || is_chosen(options.columns, column.name)))
                all.push_back(&column);
    return all;
}

// One workload with one number of workers: all its columns in turn, again and again, so that what
// disturbs the machine for a while disturbs them all.
void measure(const Workload& workload, const Load& load, const BenchOptions& options,
             std::vector<Result>& results) {
    const std::vector<const Column*> columns = columns_of(workload.work, options);
    const std::size_t first = results.size();
    for (const Column* column : columns)
        results.push_back({.workload = &workload,
                           .workers = load.workers,
                           .column = column->name,
                           .ns = {},
                           .ok = true});
    for (int repetition = 0; repetition < options.repetitions; ++repetition)
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (!results[first + i].ok) continue;  // it may take long to be wrong again
            const Measured measured = columns[i]->run(load);
            results[first + i].ns.push_back(measured.ns);
            results[first + i].ok = measured.ok;
        }
}

std::vector<Result> measure_all(const BenchOptions& options, const Places& places) {
    const bool one_cpu = places.caller == places.worker;
    const bool tells = isatty(STDERR_FILENO) == 1;
    std::vector<Result> results;
    for (const Workload& workload : workloads) {
        if (!is_chosen(options.workloads, workload.name)) continue;
        if (one_cpu && workload.needs_second_cpu)
            fmt::print(stderr, "stator bench: {} is left out: it needs two cpus\n", workload.name);
        else if (one_cpu && options.workers != 1 && workload.workers_max > 1)
            fmt::print(stderr, "stator bench: {} with 2 workers is left out: it needs two cpus\n",
                       workload.name);
        const int most = one_cpu ? (workload.needs_second_cpu ? 0 : 1) : workload.workers_max;
        for (int workers = 1; workers <= most; ++workers) {
            if (options.workers != 0 && options.workers != workers) continue;
            if (tells) fmt::print(stderr, "{}, workers: {}\n", workload.name, workers);
            const Load load{.places = places,
                            .workers = workers,
                            .size = options.quick ? workload.quick_size : workload.size};
            measure(workload, load, options, results);
        }
    }
    return results;
}

int say(std::string_view what, int code) {
    fmt::print(stderr, "stator bench: {}\n", what);
    return code;
}

// Options that each are right, but together choose nothing. "" where they choose something.
std::string contradiction(const BenchOptions& options) {
    for (const std::string& name : options.columns) {
        const bool known = std::any_of(workloads.begin(), workloads.end(), [&](const Workload& w) {
            const auto columns = columns_of(w.work, options);
            return is_chosen(options.workloads, w.name) &&
                   std::any_of(columns.begin(), columns.end(),
                               [&](const Column* column) { return column->name == name; });
        });
        const bool absent = name.starts_with("tbb.") && !tbb_absence().empty();
        if (!known && !absent)
            return fmt::format(
                "no chosen workload has the column {}; leave --column or --workload "
                "out to see which there are",
                name);
    }
    const bool any = std::any_of(workloads.begin(), workloads.end(), [&](const Workload& w) {
        return is_chosen(options.workloads, w.name) && options.workers <= w.workers_max;
    });
    if (!any)
        return fmt::format("{} has no form with 2 workers; use --workers 1",
                           fmt::join(options.workloads, ", "));
    return "";
}

// "" where the calling thread may use both cpus.
std::string refused_cpus(const Places& places) {
    const platform::CpuSet allowed = platform::affinity_of_this_thread();
    for (const int cpu : {places.caller, places.worker})
        if (!allowed.contains(cpu))
            return fmt::format(
                "cpu {} is not among those that this process may use, {}; start it "
                "without taskset, or build for another board",
                cpu, allowed.text());
    return "";
}

}  // namespace

std::vector<std::string> workload_names() {
    std::vector<std::string> names;
    names.reserve(workloads.size());
    for (const Workload& workload : workloads) names.emplace_back(workload.name);
    return names;
}

std::vector<std::string> column_names() {
    return {all_columns.begin(), all_columns.end()};
}

int run_bench(const BenchOptions& options) {
    const Places places = places_of_board();
    if (const std::string why = contradiction(options); !why.empty()) return say(why, exit_nothing);
    if (const std::string why = refused_cpus(places); !why.empty()) return say(why, exit_refused);
    const bool wants_tbb =
        is_chosen(options.columns, "tbb.enqueue") || is_chosen(options.columns, "tbb.group");
    if (wants_tbb && !tbb_absence().empty()) (void)say(tbb_absence(), 0);
    pin_this_thread(places.caller);
    std::vector<Result> results;
    try {
        results = measure_all(options, places);
    } catch (const CannotStart& refusal) {
        return say(refusal.what(), exit_refused);
    }
    if (results.empty()) return say("nothing is left to measure on one cpu", exit_nothing);
    const Setting setting{
        .places = places, .repetitions = options.repetitions, .quick = options.quick};
    const std::string text = options.json ? json_of(setting, results) : text_of(setting, results);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        return say("the figures could not be written; is the disk full, or the reader gone?",
                   exit_wrong);
    const bool ok =
        std::all_of(results.begin(), results.end(), [](const Result& result) { return result.ok; });
    return ok ? 0 : exit_wrong;
}

}  // namespace stator::bench
