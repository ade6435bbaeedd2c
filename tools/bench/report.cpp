// tools/bench/report.cpp - the table, the targets, and the JSON.
#include "bench/report.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bench/machine_facts.hpp"
#include "text_table.hpp"

namespace stator::bench {
namespace {

using tools::add_table;
using tools::TableLine;

// What Stator has to reach, as a part of another column's time.
struct Target {
    Work work;
    int workers;
    std::string_view against;
    double at_most;
};
constexpr std::array targets = {
    Target{Work::outside, 1, "ref.mpmc", 0.70},    Target{Work::outside, 2, "ref.mpmc", 0.70},
    Target{Work::outside, 1, "tbb.enqueue", 0.05}, Target{Work::outside, 2, "tbb.enqueue", 0.05},
    Target{Work::batch64, 1, "ref.spsc", 2.00},    Target{Work::batch64, 2, "ref.spsc", 2.00},
    Target{Work::tree, 2, "tbb.group", 0.10},      Target{Work::fib, 1, "tbb.group", 0.50},
    Target{Work::fib, 2, "tbb.group", 0.50},       Target{Work::rtt, 1, "floor", 1.10},
    Target{Work::wake_spin, 1, "floor", 1.15},     Target{Work::wake_futex, 1, "floor", 1.05},
};

// Others that can do what Stator does; a floor and a static split cannot.
bool is_peer(std::string_view column) {
    return column.starts_with("ref.") || column.starts_with("tbb.");
}

const Result* find(const std::vector<Result>& results, Work work, int workers,
                   std::string_view column) {
    const auto it = std::find_if(results.begin(), results.end(), [&](const Result& r) {
        return r.workload->work == work && r.workers == workers && r.column == column;
    });
    return it == results.end() ? nullptr : &*it;
}

const Result* best_peer(const std::vector<Result>& results, const Result& beside) {
    const Result* best = nullptr;
    for (const Result& r : results)
        if (r.workload == beside.workload && r.workers == beside.workers && is_peer(r.column) &&
            (best == nullptr || r.median() < best->median()))
            best = &r;
    return best;
}

double median_of(std::vector<double> numbers) {
    std::sort(numbers.begin(), numbers.end());
    const std::size_t half = numbers.size() / 2;
    return numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
}

// The median of the ratios of each repetition: a machine that is fast now and slow then, as virtual
// ones are, is so for columns that run in turn.
double ratio(const Result& a, const Result& b) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(a.ns.size(), b.ns.size()); ++i)
        ratios.push_back(a.ns[i] / b.ns[i]);
    return median_of(std::move(ratios));
}

std::string ratio_text(const Result& result, const Result* to) {
    return to == nullptr ? "-" : fmt::format("{:.2f}", ratio(result, *to));
}

std::string ns_text(double ns) {
    return ns < 1'000 ? fmt::format("{:.1f}", ns) : fmt::format("{:.0f}", ns);
}

void add_results(std::string& text, const std::vector<Result>& results) {
    std::vector<TableLine> lines{
        {"workload", "workers", "column", "median", "min", "ok", "to best peer", "to stator"}};
    for (const Result& r : results) {
        const Result* ours = find(results, r.workload->work, r.workers, "stator");
        lines.push_back({std::string(r.workload->name), std::to_string(r.workers),
                         std::string(r.column), ns_text(r.median()), ns_text(r.minimum()),
                         r.ok ? "yes" : "WRONG", ratio_text(r, best_peer(results, r)),
                         ratio_text(r, ours)});
    }
    add_table(text, lines, 3);
}

void add_targets(std::string& text, const std::vector<Result>& results) {
    std::vector<TableLine> lines{{"workload", "workers", "stator to", "", "ratio", "must"}};
    for (const Target& target : targets) {
        const Result* ours = find(results, target.work, target.workers, "stator");
        const Result* other = find(results, target.work, target.workers, target.against);
        if (ours == nullptr || other == nullptr) continue;
        const double reached = ratio(*ours, *other);
        const char* verdict = !ours->ok || !other->ok           ? "WRONG"
                              : reached <= target.at_most       ? "reached"
                              : reached <= 1.5 * target.at_most ? "within 1.5x"
                                                                : "missed";
        lines.push_back({std::string(ours->workload->name), std::to_string(target.workers),
                         std::string(target.against), verdict, fmt::format("{:.3f}", reached),
                         fmt::format("{:.2f}", target.at_most)});
    }
    if (lines.size() == 1) return;
    text += "\nTargets\n";
    add_table(text, lines, 4);
}

std::string placement_text(const Places& places) {
    if (places.caller == places.worker)
        return fmt::format("caller and worker 1 on cpu {}, the only one of the board's node",
                           places.caller);
    return fmt::format("caller on cpu {}, worker 1 on cpu {}, worker 2 on cpu {} beside the caller",
                       places.caller, places.worker, places.caller);
}

}  // namespace

double Result::median() const {
    return median_of(ns);
}

double Result::minimum() const {
    return *std::min_element(ns.begin(), ns.end());
}

std::string text_of(const Setting& setting, const std::vector<Result>& results) {
    const MachineFacts machine = machine_facts();
    std::string text = fmt::format(
        "machine    {}, {}, {} cpus\nbuilt by   {}\nplacement  {}\nrun        {} repetitions{}, "
        "columns in turn; ratios are medians of those of the repetitions\n\nNanoseconds of\n",
        machine.cpu, machine.kernel, machine.cpus, build_flags(), placement_text(setting.places),
        setting.repetitions, setting.quick ? ", few operations" : "");
    std::vector<TableLine> about;
    for (const Workload& workload : workloads)
        if (std::any_of(results.begin(), results.end(),
                        [&](const Result& r) { return r.workload == &workload; }))
            about.push_back({std::string(workload.name), std::string(workload.about)});
    add_table(text, about, 2);
    text += '\n';
    add_results(text, results);
    add_targets(text, results);
    return text;
}

std::string json_of(const Setting& setting, const std::vector<Result>& results) {
    const MachineFacts facts = machine_facts();
    nlohmann::ordered_json machine = {{"cpu", facts.cpu},
                                      {"kernel", facts.kernel},
                                      {"cpus", facts.cpus},
                                      {"cpu_of_caller", setting.places.caller},
                                      {"cpu_of_worker", setting.places.worker}};
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Result& r : results)
        list.push_back({{"workload", r.workload->name},
                        {"workers", r.workers},
                        {"column", r.column},
                        {"median_ns", r.median()},
                        {"min_ns", r.minimum()},
                        {"ok", r.ok}});
    return nlohmann::ordered_json(
               {{"machine", machine}, {"flags", build_flags()}, {"results", list}})
               .dump(2) +
           '\n';
}

}  // namespace stator::bench
