// core/machine_check.cpp - the comparison of a board's facts with the machine's.
#include <stator/core/machine_check.hpp>

#include <iterator>
#include <span>
#include <utility>

namespace stator {
namespace {

using platform::MachineFacts;
using platform::NodeFacts;
using Kind = DifferenceKind;

constexpr const char* describe_again =
    "describe this machine with `stator board gen --name NAME --out boards`";
constexpr const char* put_it_back = "; if it is gone for good, ";
constexpr const char* smt_switch = "/sys/devices/system/cpu/smt/control";

std::string mib(std::uint64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

std::string node_word(int id) {
    return id < 0 ? "no node" : "node " + std::to_string(id);
}

// The first cpu of each core; all other cpus are second ones.
CpuSet second_cpus(std::span<const CpuSet> cores) {
    CpuSet all;
    for (const CpuSet& core : cores) {
        CpuSet rest = core;
        rest.remove(core.first());
        all = all | rest;
    }
    return all;
}

class Comparison {
public:
    Comparison(const Board& b, const MachineFacts& facts) : board_(b), facts_(facts) {
        for (const Worker& w : b.workers) workers_.add(w.cpu);
    }

    std::vector<Difference> run() {
        compare_processor();
        compare_missing_cpus();
        compare_extra_cpus();
        compare_denied_cpus();
        compare_places();
        compare_nodes();
        compare_distances();
        compare_groups(Kind::core, "core", board_.machine.smt, facts_.smt);
        compare_groups(Kind::last_cache, "last-level cache", board_.machine.last_caches,
                       facts_.last_caches);
        compare_what_nothing_stands_on();
        refused_.insert(refused_.end(), std::make_move_iterator(warnings_.begin()),
                        std::make_move_iterator(warnings_.end()));
        return std::move(refused_);
    }

private:
    static Severity refused_if(bool used) { return used ? Severity::refused : Severity::warning; }
    [[nodiscard]] Severity unless_larger_is_allowed() const {
        return refused_if(!board_.allow_larger_machine);
    }
    void add(Severity severity, Kind kind, std::string what, std::string meaning,
             std::string remedy) {
        (severity == Severity::refused ? refused_ : warnings_)
            .push_back({severity, kind, std::move(what), std::move(meaning), std::move(remedy)});
    }

    // Who is on these cpus: "worker 'rx' has no cpu", "2 workers and housekeeping have no cpu".
    [[nodiscard]] std::string users(const CpuSet& cpus, const char* one, const char* many) const {
        std::string first;
        int n = 0;
        for (const Worker& w : board_.workers)
            if (cpus.contains(w.cpu) && n++ == 0) first = "worker '" + std::string(w.name) + "'";
        std::string text = n == 0 ? "" : n == 1 ? first : std::to_string(n) + " workers";
        const bool house = !(cpus & board_.housekeeping).empty();
        if (house) text += text.empty() ? "housekeeping" : " and housekeeping";
        if (text.empty()) return "no worker is concerned";
        return text + ' ' + (n + (house ? 1 : 0) > 1 ? many : one);
    }
    [[nodiscard]] bool used(const CpuSet& cpus) const {
        return !(cpus & (workers_ | board_.housekeeping)).empty();
    }
    [[nodiscard]] bool has_worker(const Node& node) const {
        return !(node.cpus & workers_).empty();
    }
    [[nodiscard]] const NodeFacts* found_node(int id) const {
        for (const NodeFacts& f : facts_.nodes)
            if (f.id == id) return &f;
        return nullptr;
    }
    [[nodiscard]] int found_node_of(int cpu) const {
        for (const NodeFacts& f : facts_.nodes)
            if (f.cpus.contains(cpu)) return f.id;
        return -1;
    }
    [[nodiscard]] int declared_node_of(int cpu) const {
        const int at = board_.machine.node_of(cpu);
        return at < 0 ? -1 : board_.machine.nodes[static_cast<std::size_t>(at)].id;
    }

    void compare_processor();
    void compare_missing_cpus();
    void compare_extra_cpus();
    void compare_denied_cpus();
    void compare_places();
    void compare_nodes();
    void compare_node(const Node& node, const NodeFacts& found);
    void compare_memory(const Node& node, std::uint64_t here);
    void compare_distances();
    void compare_distance(std::size_t from, std::size_t to, std::size_t found_from,
                          std::size_t found_to);
    void compare_groups(Kind kind, const char* what, std::span<const CpuSet> declared,
                        std::span<const CpuSet> here);
    void compare_what_nothing_stands_on();

    const Board& board_;
    const MachineFacts& facts_;
    CpuSet workers_;
    std::vector<Difference> refused_, warnings_;
};

void Comparison::compare_processor() {
    const Machine& m = board_.machine;
    if (m.architecture != facts_.architecture) {
        const bool unknown = facts_.architecture == "unknown";  // a file need not say
        add(refused_if(!unknown), Kind::architecture,
            "architecture: the board says " + std::string(m.architecture) + ", " +
                (unknown ? "and this machine's is not known" : "this is " + facts_.architecture),
            unknown ? "it could not be compared" : "this program is for another processor",
            unknown ? "compare on the machine itself"
                    : "build for the board of this machine (-DBOARD=NAME)");
    }
    if (m.page_bytes != facts_.page_bytes)
        add(Severity::refused, Kind::page_size,
            "page size: the board says " + std::to_string(m.page_bytes) +
                " bytes, this kernel has " + std::to_string(facts_.page_bytes),
            "this is another kernel",
            std::string("boot the kernel that the board was described with, or ") + describe_again);
    if (m.cache_line_bytes != facts_.cache_line_bytes)
        add(Severity::refused, Kind::cache_line,
            "cache line: the board says " + std::to_string(m.cache_line_bytes) +
                " bytes, this machine has " + std::to_string(facts_.cache_line_bytes),
            "this is another processor", describe_again);
}

// Cpus that the board has and the machine has not. All second cpus of cores: SMT is off.
void Comparison::compare_missing_cpus() {
    CpuSet missing = board_.machine.cpus.without(facts_.cpus);
    const CpuSet seconds = second_cpus(board_.machine.smt);
    if (!seconds.empty() && (seconds & facts_.cpus).empty() && facts_.smt.empty()) {
        add(refused_if(used(seconds)), Kind::smt_off,
            seconds.word() + ": the board has " + seconds.agree("it", "them") +
                " as second cpus of cores, here SMT is off",
            users(seconds, "has no cpu", "have no cpu"),
            std::string("switch it on with  echo on > ") + smt_switch +
                "  (or in the firmware, and boot without nosmt)" + put_it_back + describe_again);
        missing = missing.without(seconds);
    }
    const CpuSet offline = missing & facts_.offline;
    for (int cpu = offline.first(); cpu >= 0; cpu = offline.next(cpu + 1)) {
        const std::string n = std::to_string(cpu);
        CpuSet one;
        one.add(cpu);
        add(refused_if(used(one)), Kind::cpu_offline,
            "cpu " + n + ": the board has it, here it is offline",
            users(one, "has no cpu", "have no cpu"),
            "bring it up with  echo 1 > /sys/devices/system/cpu/cpu" + n + "/online");
    }
    const CpuSet absent = missing.without(facts_.offline);
    for (const bool in_use : {true, false}) {
        const CpuSet all = workers_ | board_.housekeeping;
        const CpuSet part = in_use ? absent & all : absent.without(all);
        if (!part.empty())
            add(refused_if(in_use), Kind::cpu_missing,
                part.word() + ": the board has " + part.agree("it", "them") +
                    ", this machine does not",
                users(part, "has no cpu", "have no cpu"), describe_again);
    }
}

// Cpus that the machine has and the board has not. All second cpus of the board's cores: SMT is on.
void Comparison::compare_extra_cpus() {
    CpuSet extra = facts_.cpus.without(board_.machine.cpus);
    const CpuSet seconds = second_cpus(facts_.smt);
    if (board_.machine.smt.empty() && !seconds.empty() && seconds.without(extra).empty()) {
        CpuSet shared;
        for (const CpuSet& core : facts_.smt) shared = shared | (core & board_.machine.cpus);
        if (!shared.empty()) {
            add(unless_larger_is_allowed(), Kind::smt_on,
                seconds.word() + ": the board has one cpu a core, here SMT is on",
                users(shared, "shares its core with what Linux runs there",
                      "share their cores with what Linux runs there"),
                std::string("switch it off with  echo off > ") + smt_switch +
                    "  (or boot with nosmt), or set .allow_larger_machine");
            extra = extra.without(seconds);
        }
    }
    if (!extra.empty())
        add(unless_larger_is_allowed(), Kind::cpu_extra,
            extra.word() + ": this machine has " + extra.agree("it", "them") +
                ", the board does not",
            "nothing of the board runs there",
            std::string(describe_again) + ", or set .allow_larger_machine");
}

void Comparison::compare_denied_cpus() {
    const CpuSet wanted = workers_ | board_.housekeeping;
    const CpuSet denied = (wanted & facts_.cpus).without(facts_.allowed);
    if (!denied.empty())
        add(Severity::refused, Kind::cpu_denied,
            denied.word() + ": the board uses " + denied.agree("it", "them") +
                ", this process may not",
            users(denied, "has no cpu", "have no cpu"),
            "widen its cgroup's cpuset.cpus (systemd: AllowedCPUs=, docker: --cpuset-cpus)");
}

// Cpus that are on another node, together where they went the same way.
void Comparison::compare_places() {
    const CpuSet both = board_.machine.cpus & facts_.cpus;
    CpuSet told;
    for (int cpu = both.first(); cpu >= 0; cpu = both.next(cpu + 1)) {
        const int from = declared_node_of(cpu), to = found_node_of(cpu);
        if (from == to || told.contains(cpu)) continue;
        CpuSet moved;
        for (int other = cpu; other >= 0; other = both.next(other + 1))
            if (declared_node_of(other) == from && found_node_of(other) == to) moved.add(other);
        told = told | moved;
        add(refused_if(used(moved)), Kind::cpu_on_another_node,
            moved.word() + ": the board says " + node_word(from) + ", this machine says " +
                node_word(to),
            users(moved & workers_, "would have its memory elsewhere",
                  "would have their memory elsewhere"),
            "set the firmware's NUMA option (nodes per socket, sub-NUMA clusters) as it was, or " +
                std::string(describe_again));
    }
}

void Comparison::compare_nodes() {
    for (const Node& node : board_.machine.nodes) {
        if (const NodeFacts* found = found_node(node.id))
            compare_node(node, *found);
        else
            add(refused_if(has_worker(node)), Kind::node_missing,
                node_word(node.id) + ": the board has it with " +
                    (node.cpus.empty() ? "no cpu" : node.cpus.word()) + " and " +
                    mib(node.memory_bytes) + ", this machine does not",
                users(node.cpus & workers_, "has no memory there", "have no memory there"),
                "set the firmware's NUMA option as it was, boot without numa=off" +
                    std::string(put_it_back) + describe_again);
    }
    for (const NodeFacts& f : facts_.nodes)
        if (board_.machine.node_at(f.id) < 0)
            add(unless_larger_is_allowed(), Kind::node_extra,
                node_word(f.id) + ": this machine has it with " +
                    (f.cpus.empty() ? "no cpu" : f.cpus.word()) + " and " + mib(f.memory_bytes) +
                    ", the board does not",
                "nothing of the board lies there",
                std::string(describe_again) + ", or set .allow_larger_machine");
}

void Comparison::compare_node(const Node& node, const NodeFacts& found) {
    compare_memory(node, found.memory_bytes);
    if (!found.allowed && has_worker(node))
        add(Severity::refused, Kind::node_denied,
            node_word(node.id) + ": the board uses its memory, this process may not",
            users(node.cpus & workers_, "has no memory there", "have no memory there"),
            "widen its cgroup's cpuset.mems (systemd: AllowedMemoryNodes=, docker: --cpuset-mems)");
}

void Comparison::compare_memory(const Node& node, std::uint64_t here) {
    // The kernel keeps some memory for itself, more or less of it from boot to boot.
    const std::uint64_t slack = node.memory_bytes / 16;
    const std::string both = ": the board says " + mib(node.memory_bytes) + " of memory, here ";
    const std::string who =
        users(node.cpus & workers_, "could find too little there", "could find too little there");
    if (here == 0 && node.memory_bytes > 0)
        add(refused_if(has_worker(node)), Kind::node_without_memory,
            node_word(node.id) + both + "is none",
            users(node.cpus & workers_, "has no memory there", "have no memory there"),
            "bring the memory up (lsmem, chmem --enable) or put it back" +
                std::string(put_it_back) + describe_again);
    else if (here + slack < node.memory_bytes)
        add(refused_if(has_worker(node)), Kind::node_too_small,
            node_word(node.id) + both + "are " + mib(here), who,
            "put the memory back, boot without mem=" + std::string(put_it_back) + describe_again);
    else if (here > node.memory_bytes + slack)
        add(unless_larger_is_allowed(), Kind::node_larger,
            node_word(node.id) + both + "are " + mib(here), "the board does not use the rest",
            std::string(describe_again) + ", or set .allow_larger_machine");
}

void Comparison::compare_distances() {
    const Machine& m = board_.machine;
    const std::size_t n = m.nodes.size(), found_n = facts_.nodes.size();
    const bool declared = m.distances.size() == n * n && n > 1;
    const bool here = facts_.distances.size() == found_n * found_n && found_n > 1;
    if (declared != here && n > 1 && found_n > 1) {
        add(Severity::warning, Kind::distance,
            declared ? "distances of nodes: the board has them, this machine does not say"
                     : "distances of nodes: this machine has them, the board does not",
            declared ? "they could not be compared" : "all other nodes are equally far for it",
            declared ? "see /sys/devices/system/node/node0/distance, and the firmware's SLIT"
                     : describe_again);
        return;
    }
    if (!declared || !here) return;
    const auto place = [&](int id) {
        std::size_t at = 0;
        while (at < found_n && facts_.nodes[at].id != id) ++at;
        return at;
    };
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
            if (place(m.nodes[i].id) < found_n && place(m.nodes[j].id) < found_n)
                compare_distance(i, j, place(m.nodes[i].id), place(m.nodes[j].id));
}

void Comparison::compare_distance(std::size_t from, std::size_t to, std::size_t found_from,
                                  std::size_t found_to) {
    const Machine& m = board_.machine;
    const int declared = m.distances[from * m.nodes.size() + to];
    const int here = facts_.distances[found_from * facts_.nodes.size() + found_to];
    if (declared == here) return;
    const bool stands_on_it = has_worker(m.nodes[from]) && has_worker(m.nodes[to]);
    add(refused_if(stands_on_it), Kind::distance,
        "distance from node " + std::to_string(m.nodes[from].id) + " to node " +
            std::to_string(m.nodes[to].id) + ": the board says " + std::to_string(declared) +
            ", this machine says " + std::to_string(here),
        stands_on_it ? "what is near for the board may be far" : "no worker is concerned",
        describe_again);
}

// Groups are compared over the cpus that both know, so that a missing cpu is told once only.
void Comparison::compare_groups(Kind kind, const char* what, std::span<const CpuSet> declared,
                                std::span<const CpuSet> here) {
    const CpuSet both = board_.machine.cpus & facts_.cpus;
    const auto group_of = [&](std::span<const CpuSet> groups, int cpu) {
        CpuSet group;
        group.add(cpu);
        for (const CpuSet& g : groups)
            if (g.contains(cpu)) group = group | (g & both);
        return group;
    };
    CpuSet told;
    for (int cpu = both.first(); cpu >= 0; cpu = both.next(cpu + 1)) {
        const CpuSet said = group_of(declared, cpu), found = group_of(here, cpu);
        if (said == found || told.contains(cpu)) continue;
        told = told | said | found;
        const CpuSet concerned = (said | found) & workers_;
        add(refused_if(!concerned.empty()), kind,
            said.word() + ": the board says one " + what + " for " +
                said.agree("it alone", "them") + ", here " +
                (found.count() == 1 ? "cpu " + std::to_string(cpu) + " has one alone"
                                    : found.word() + " share one"),
            users(concerned, "has other neighbours", "have other neighbours"),
            "it is another processor, or a setting of the firmware or of the virtual machine: set "
            "it as it was, or " +
                std::string(describe_again));
    }
}

void Comparison::compare_what_nothing_stands_on() {
    const Machine& m = board_.machine;
    const CpuSet both = m.cpus & facts_.cpus;
    if (m.last_cache_bytes != 0 && m.last_cache_bytes != facts_.last_cache_bytes)
        add(Severity::warning, Kind::last_cache_size,
            "last-level cache: the board says " + std::to_string(m.last_cache_bytes >> 10) +
                " KiB, this machine " +
                (facts_.last_cache_bytes == 0
                     ? "does not say"
                     : "says " + std::to_string(facts_.last_cache_bytes >> 10) + " KiB"),
            "tables that fitted may not", describe_again);
    std::vector<CpuSet> declared, here;
    for (const CpuSet& p : m.packages) declared.push_back(p & both);
    for (const CpuSet& p : facts_.packages) here.push_back(p & both);
    const auto none = [](const CpuSet& set) { return set.count() < 2; };
    std::erase_if(declared, none);
    std::erase_if(here, none);
    if (!m.packages.empty() && declared != here)
        add(Severity::warning, Kind::packages,
            "packages: " + (m.packages.size() == facts_.packages.size()
                                ? "this machine has other cpus in them than the board"
                                : "the board has " + std::to_string(m.packages.size()) +
                                      ", this machine " + std::to_string(facts_.packages.size())),
            "drawings of the board are not of this machine", describe_again);
    const CpuSet slow = (facts_.slow_cpus & both), said = (m.slow_cpus & both);
    if (slow != said) {
        const CpuSet other = slow.without(said) | said.without(slow);
        add(Severity::warning, Kind::slow_cpus,
            other.word() + ": efficiency " + other.agree("core", "cores") + ", " +
                (slow.without(said).empty() ? "by the board only"
                                            : "which the board does not know"),
            users(other, "may be faster or slower than meant",
                  "may be faster or slower than meant"),
            describe_again);
    }
}

}  // namespace

std::vector<Difference> differences(const Board& b, const MachineFacts& facts) {
    return Comparison(b, facts).run();
}

platform::Status status_of(const Board& b, std::span<const Difference> found) {
    if (found.empty() || found[0].severity == Severity::warning) return {};
    std::string text = "this machine is not the board '" + std::string(b.name) + "' (" +
                       std::to_string(found.size()) +
                       (found.size() == 1 ? " difference)" : " differences)");
    for (const Difference& d : found)
        text += "\n  " + std::string(name_of(d.severity)) + ": " + d.text();
    return {platform::Cause::machine_differs, std::move(text)};
}

platform::Status verify(const Board& b, const MachineFacts& facts,
                        std::vector<std::string>& warnings) {
    if (!facts.from_kernel)
        return {
            platform::Cause::machine_unknown,
            "what this machine is comes from " + facts.source +
                ", not from the kernel; unset that variable (or set HWLOC_THISSYSTEM=1 where the "
                "file really shows this machine)"};
    const std::vector<Difference> found = differences(b, facts);
    platform::Status status = status_of(b, found);
    if (status.ok())
        for (const Difference& d : found) warnings.push_back(d.text());
    return status;
}

}  // namespace stator
