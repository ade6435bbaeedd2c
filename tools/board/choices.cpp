// tools/board/choices.cpp - housekeeping, a pipeline's neighbours, workers of every node.
#include "board/choices.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <stator/core/board.hpp>

namespace stator::tools {
namespace {

using platform::CpuSet;
using platform::MachineFacts;
using platform::NodeFacts;

constexpr std::size_t neighbours_max = 4;  // for stages of a pipeline
constexpr std::uint64_t budget_max = 512u << 20;

CpuSet group_of(const std::vector<CpuSet>& groups, int cpu) {
    for (const CpuSet& group : groups)
        if (group.contains(cpu)) return group;
    CpuSet alone;
    alone.add(cpu);
    return alone;
}

class Chooser {
public:
    explicit Chooser(const MachineFacts& facts) : facts_(facts) {}

    platform::Status run(Choices& choices) {
        choices_ = {};
        cpus_ = facts_.cpus & facts_.allowed;
        find_usable();
        if (usable_.empty())
            return {platform::Cause::machine_unknown,
                    facts_.source +
                        ": no node has both memory and a cpu that may be used, and a worker needs "
                        "memory of its own node; give one of them memory, bring a cpu of one that "
                        "has it online, or widen the cpuset"};
        keep_house();
        place_workers();
        note_what_is_left();
        choices = std::move(choices_);
        return {};
    }

private:
    // Cpus of nodes with memory that may be used.
    void find_usable() {
        for (const NodeFacts& node : facts_.nodes) {
            if (node.memory_bytes > 0 && node.allowed) usable_ = usable_ | (node.cpus & cpus_);
            note_node(node);
        }
    }
    void note_node(const NodeFacts& node) {
        const std::string name = "node " + std::to_string(node.id);
        if (node.memory_bytes > 0 && node.cpus.empty())
            choices_.unused.push_back(name + " has memory only: no worker's memory is put there");
        else if (node.memory_bytes == 0 && node.cpus.empty())
            choices_.unused.push_back(name + " is empty");
        else if (node.memory_bytes == 0)
            choices_.unused.push_back(name + " has no memory: a worker on " + node.cpus.word() +
                                      " would work on another node's");
        else if (!node.allowed)
            choices_.unused.push_back(name + ", " + node.cpus.word() +
                                      ": its memory is outside the cpuset");
    }

    void keep_house() {
        const int first = cpus_.first();
        const CpuSet core = group_of(facts_.smt, first) & cpus_;
        const CpuSet slow = facts_.slow_cpus & cpus_;
        const std::string cpu = "cpu " + std::to_string(first);
        const std::string why = first == facts_.cpus.first()
                                    ? "Linux boots on " + cpu + " and keeps the time there"
                                    : cpu + " is the first of the cpuset";
        choices_.housekeeping = core | slow;
        choices_.housekeeping_reason =
            why + (core.count() > 1 ? "; a core is not shared with a worker" : "");
        if (!slow.empty() && !slow.without(core).empty())
            choices_.housekeeping_reason +=
                "; " + slow.word() + slow.agree(" is an efficiency core", " are efficiency cores");
        left_ = usable_.without(choices_.housekeeping);
        if (!left_.empty()) return;
        // Slow cores are better than none; so is the other cpu of the one core, or that cpu itself.
        choices_.housekeeping = core;
        left_ = usable_.without(core);
        if (left_.empty()) {
            choices_.housekeeping = {};
            choices_.housekeeping.add(first);
            left_ = usable_.without(choices_.housekeeping);
        }
        choices_.housekeeping_reason = why;
        if (!left_.empty()) return;
        choices_.sleeps = true;
        left_.add(usable_.first());
        choices_.housekeeping_reason =
            "there is no other cpu: Linux, the caller and the worker share it, so the worker "
            "sleeps when it has nothing to do";
    }

    // Neighbours first: the first last-level cache with enough free cores, or else with most.
    void place_workers() {
        CpuSet neighbours;
        std::size_t most = 0;
        for (int cpu = left_.first(); cpu >= 0; cpu = left_.next(cpu + 1)) {
            const CpuSet group = group_of(facts_.last_caches, cpu) & left_ & node_of(cpu).cpus;
            const std::size_t n = std::min(cores_in(group), neighbours_max);
            if (n <= most) continue;
            most = n;
            neighbours = group;
        }
        for (int cpu = neighbours.first(); cpu >= 0 && choices_.workers.size() < neighbours_max;
             cpu = neighbours.next(cpu + 1))
            if (left_.contains(cpu)) add(cpu, true);
        spread(choices_.workers.size());
    }
    // The rest: one of each node in turn, so that a board that has more cores than a board may
    // have workers has some everywhere.
    void spread(std::size_t beside) {
        for (bool found = true; found && choices_.workers.size() < workers_max;) {
            found = false;
            for (const NodeFacts& node : facts_.nodes) {
                const int cpu = (node.cpus & left_).first();
                if (cpu < 0 || choices_.workers.size() == workers_max ||
                    workers_of(node) == task_workers_max)
                    continue;
                add(cpu, false);
                found = true;
            }
        }
        std::stable_sort(
            choices_.workers.begin() + static_cast<std::ptrdiff_t>(beside), choices_.workers.end(),
            [](const WorkerChoice& a, const WorkerChoice& b) { return a.cpu < b.cpu; });
        for (std::size_t i = 0; i < choices_.workers.size(); ++i)
            choices_.workers[i].name = "work" + std::to_string(i + 1);
    }
    void add(int cpu, bool is_neighbour) {
        const CpuSet core = group_of(facts_.smt, cpu) & cpus_;
        CpuSet idle = core.without(choices_.housekeeping);
        idle.remove(cpu);
        const bool is_first = choices_.workers.empty();
        std::string reason = "node " + std::to_string(node_of(cpu).id);
        if (!idle.empty())
            reason += "; " + idle.word() + " of its core " + idle.agree("stays", "stay") + " idle";
        if (is_first)
            reason += "; runs every stage until roles are named";
        else if (is_neighbour)
            reason += "; shares work1's last-level cache: for stages";
        choices_.workers.push_back(
            {.name = {}, .cpu = cpu, .runs_stages = is_first, .reason = std::move(reason)});
        left_ = left_.without(core);
    }

    void note_what_is_left() {
        if (!left_.empty() && !choices_.sleeps)
            choices_.unused.push_back(left_.word() + ": a board has at most " +
                                      std::to_string(workers_max) + " workers, and a node " +
                                      std::to_string(task_workers_max) + " that take tasks");
        if (const CpuSet denied = facts_.cpus.without(cpus_); !denied.empty())
            choices_.unused.push_back(denied.word() + ": outside the cpuset");
        if (!facts_.offline.empty()) choices_.unused.push_back(facts_.offline.word() + ": offline");
        choices_.budget_per_node_bytes = budget_max;
        for (const WorkerChoice& worker : choices_.workers) {
            std::uint64_t& budget = choices_.budget_per_node_bytes;
            while (budget > node_of(worker.cpu).memory_bytes / 2 && budget > (64u << 20))
                budget /= 2;
        }
    }

    [[nodiscard]] std::size_t workers_of(const NodeFacts& node) const {
        return static_cast<std::size_t>(
            std::count_if(choices_.workers.begin(), choices_.workers.end(),
                          [&](const WorkerChoice& w) { return node.cpus.contains(w.cpu); }));
    }
    [[nodiscard]] const NodeFacts& node_of(int cpu) const {
        return *std::find_if(facts_.nodes.begin(), facts_.nodes.end(),
                             [&](const NodeFacts& node) { return node.cpus.contains(cpu); });
    }
    [[nodiscard]] std::size_t cores_in(CpuSet set) const {
        std::size_t n = 0;
        for (int cpu = set.first(); cpu >= 0; cpu = set.next(cpu + 1), ++n)
            set = set.without(group_of(facts_.smt, cpu));
        return n;
    }

    const MachineFacts& facts_;
    Choices choices_;
    CpuSet cpus_;  // that may be used
    CpuSet usable_, left_;
};

}  // namespace

platform::Status choose(const platform::MachineFacts& facts, Choices& choices) {
    return Chooser(facts).run(choices);
}

}  // namespace stator::tools
