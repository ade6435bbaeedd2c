// core/machine_check.cpp - the comparison of a board's facts with the machine's.
#include <stator/core/machine_check.hpp>

#include <algorithm>
#include <span>

namespace stator {
namespace {

using platform::MachineFacts;
using platform::NodeFacts;

constexpr const char* describe_again =
    "; describe this machine with `stator board gen --name NAME --out boards`";
constexpr const char* or_allow_larger = ", or set .allow_larger_machine";

std::string mib(std::uint64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

class Comparison {
public:
    Comparison(const Board& b, const MachineFacts& facts) : board_(b), facts_(facts) {}

    std::vector<std::string> run() {
        compare_processor();
        compare_cpus();
        compare_nodes();
        compare_distances();
        compare_groups("core", "hyper-threading was switched in the firmware", board_.machine.smt,
                       facts_.smt);
        compare_groups("last-level cache", "another processor, or a firmware setting",
                       board_.machine.last_caches, facts_.last_caches);
        return std::move(lines_);
    }

private:
    void add(std::string line) { lines_.push_back(std::move(line)); }

    void compare_processor() {
        const Machine& m = board_.machine;
        if (m.architecture != facts_.architecture)
            add("architecture: the board says " + std::string(m.architecture) + ", this is " +
                facts_.architecture + "; build for the board of this machine (-DBOARD=NAME)");
        if (m.page_bytes != facts_.page_bytes)
            add("page size: the board says " + std::to_string(m.page_bytes) +
                " bytes, this kernel has " + std::to_string(facts_.page_bytes) +
                "; boot the kernel that the board was described with" + describe_again);
        if (m.cache_line_bytes != facts_.cache_line_bytes)
            add("cache line: the board says " + std::to_string(m.cache_line_bytes) +
                " bytes, this machine has " + std::to_string(facts_.cache_line_bytes) +
                describe_again);
    }

    void compare_cpus() {
        const CpuSet missing = board_.machine.cpus.without(facts_.cpus);
        const CpuSet offline = missing & facts_.offline;
        for (int cpu = offline.first(); cpu >= 0; cpu = offline.next(cpu + 1)) {
            const std::string n = std::to_string(cpu);
            add("cpu " + n + ": the board has it, here it is offline; bring it up with  echo 1 > " +
                "/sys/devices/system/cpu/cpu" + n + "/online");
        }
        if (const CpuSet absent = missing.without(facts_.offline); !absent.empty())
            add(absent.word() + ": the board has " + absent.agree("it", "them") +
                ", this machine does not" + describe_again);
        const CpuSet extra = facts_.cpus.without(board_.machine.cpus);
        if (!extra.empty() && !board_.allow_larger_machine)
            add(extra.word() + ": this machine has " + extra.agree("it", "them") +
                ", the board does not" + describe_again + or_allow_larger);
        CpuSet wanted = board_.housekeeping;
        for (const Worker& w : board_.workers) wanted.add(w.cpu);
        const CpuSet denied = (wanted & facts_.cpus).without(facts_.allowed);
        if (!denied.empty())
            add(denied.word() + ": the board uses " + denied.agree("it", "them") +
                ", this process may not; widen its cgroup's cpuset.cpus (systemd: AllowedCPUs=, "
                "docker: --cpuset-cpus)");
    }

    void compare_nodes() {
        for (const Node& node : board_.machine.nodes) {
            const std::string name = "node " + std::to_string(node.id);
            const auto found = std::find_if(facts_.nodes.begin(), facts_.nodes.end(),
                                            [&](const NodeFacts& f) { return f.id == node.id; });
            if (found == facts_.nodes.end())
                add(name + ": the board has it with cpus " + node.cpus.text() + " and " +
                    mib(node.memory_bytes) + ", this machine does not" + describe_again);
            else
                compare_node(name, node, *found);
        }
        for (const NodeFacts& f : facts_.nodes)
            if (board_.machine.node_at(f.id) < 0 && !board_.allow_larger_machine)
                add("node " + std::to_string(f.id) + ": this machine has it with cpus " +
                    f.cpus.text() + " and " + mib(f.memory_bytes) + ", the board does not" +
                    describe_again + or_allow_larger);
    }

    void compare_node(const std::string& name, const Node& node, const NodeFacts& found) {
        CpuSet here = found.cpus;
        if (board_.allow_larger_machine) here = here & board_.machine.cpus;
        // Cpus that the machine lacks altogether have their own line.
        if (const CpuSet there = node.cpus & facts_.cpus; there != here)
            add(name + ": the board says cpus " + node.cpus.text() + ", this machine says " +
                found.cpus.text() + describe_again);
        // The kernel keeps some memory for itself, more or less of it from boot to boot.
        const std::uint64_t slack = node.memory_bytes / 16;
        if (found.memory_bytes + slack < node.memory_bytes)
            add(name + ": the board says " + mib(node.memory_bytes) + " of memory, here are " +
                mib(found.memory_bytes) + "; put the memory back" + describe_again);
        if (found.memory_bytes > node.memory_bytes + slack && !board_.allow_larger_machine)
            add(name + ": the board says " + mib(node.memory_bytes) + " of memory, here are " +
                mib(found.memory_bytes) + describe_again + or_allow_larger);
    }

    void compare_distances() {
        const Machine& m = board_.machine;
        const std::size_t n = m.nodes.size();
        if (m.distances.size() != n * n || n != facts_.nodes.size() ||
            facts_.distances.size() != n * n)
            return;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                if (m.distances[i * n + j] != facts_.distances[i * n + j])
                    add("distance from node " + std::to_string(m.nodes[i].id) + " to node " +
                        std::to_string(m.nodes[j].id) + ": the board says " +
                        std::to_string(m.distances[i * n + j]) + ", this machine says " +
                        std::to_string(facts_.distances[i * n + j]) + describe_again);
    }

    // Groups are compared over the cpus that both know, so that a missing cpu is told once only.
    void compare_groups(const char* what, const char* why, std::span<const CpuSet> board,
                        const std::vector<CpuSet>& machine) {
        const CpuSet both = board_.machine.cpus & facts_.cpus;
        const auto group_of = [&](const auto& groups, int cpu) {
            CpuSet group;
            group.add(cpu);
            for (const CpuSet& g : groups)
                if (g.contains(cpu)) group = group | (g & both);
            return group;
        };
        CpuSet told;
        for (int cpu = both.first(); cpu >= 0; cpu = both.next(cpu + 1)) {
            const CpuSet declared = group_of(board, cpu), found = group_of(machine, cpu);
            if (declared == found || told.contains(cpu)) continue;
            told = told | declared | found;
            add(declared.word() + ": the board says one " + what + " for " +
                declared.agree("it alone", "them") + ", here cpu " + std::to_string(cpu) +
                (found.count() == 1 ? " has one alone" : " shares it with " + found.text()) + " (" +
                why + "?)" + describe_again);
        }
    }

    const Board& board_;
    const MachineFacts& facts_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> differences(const Board& b, const MachineFacts& facts) {
    return Comparison(b, facts).run();
}

platform::Status verify(const Board& b, const MachineFacts& facts) {
    std::string text;
    if (!facts.from_kernel)
        return {
            platform::Cause::machine_unknown,
            "what this machine is comes from " + facts.source +
                ", not from the kernel; unset that variable (or set HWLOC_THISSYSTEM=1 where the "
                "file really shows this machine)"};
    const std::vector<std::string> lines = differences(b, facts);
    if (lines.empty()) return {};
    text = "this machine is not the board '" + std::string(b.name) + "' (" +
           std::to_string(lines.size()) + (lines.size() == 1 ? " difference)" : " differences)");
    for (const std::string& line : lines) text += "\n  " + line;
    return {platform::Cause::machine_differs, std::move(text)};
}

}  // namespace stator
