// platform/machine.cpp - what this box really is, read through hwloc.
#include <stator/platform/machine.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <hwloc.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace stator::platform {
namespace {

struct Destroy {
    void operator()(hwloc_topology* t) const { hwloc_topology_destroy(t); }
};
using Topology = std::unique_ptr<hwloc_topology, Destroy>;

CpuSet to_set(hwloc_const_cpuset_t from) {
    CpuSet set;
    if (from == nullptr) return set;
    for (int cpu = hwloc_bitmap_first(from); 0 <= cpu && cpu < CpuSet::limit;
         cpu = hwloc_bitmap_next(from, cpu))
        set.add(cpu);
    return set;
}

// Which variable, if any, makes hwloc show something else than the kernel does.
const char* shown_by() {
    for (const char* name : {"HWLOC_XMLFILE", "HWLOC_SYNTHETIC", "HWLOC_FSROOT"})
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return name;
    return nullptr;
}

// A file that cannot be read is told before hwloc gets it: hwloc only says that it failed.
Status readable(const std::string& file) {
    if (access(file.c_str(), R_OK) == 0) return {};
    return {Cause::machine_unknown, file + ": cannot be read: " + error_text(errno) +
                                        "; give a file written by `lstopo FILE.xml`"};
}

Status load(Topology& topology, const MachineSource& source) {
    const std::string& xml_file = source.xml_file;
    hwloc_topology_t raw = nullptr;
    if (hwloc_topology_init(&raw) != 0)
        return {Cause::machine_unknown, "hwloc could not be initialised: " + error_text(errno)};
    topology.reset(raw);
    const char* variable = xml_file.empty() && source.synthetic.empty() ? shown_by() : nullptr;
    std::string file = xml_file;
    if (variable != nullptr && std::strcmp(variable, "HWLOC_XMLFILE") == 0)
        file = std::getenv("HWLOC_XMLFILE");
    if (!file.empty())
        if (Status s = readable(file); !s.ok()) return s;
    const std::string remedy =
        "; it is not a topology that hwloc understands, write one with "
        "`lstopo FILE.xml`";
    if (!xml_file.empty() && hwloc_topology_set_xml(raw, xml_file.c_str()) != 0)
        return {Cause::machine_unknown, xml_file + ": " + error_text(errno) + remedy};
    if (!source.synthetic.empty() &&
        hwloc_topology_set_synthetic(raw, source.synthetic.c_str()) != 0)
        return {Cause::machine_unknown,
                "'" + source.synthetic +
                    "': is no description that hwloc understands; write one like \"node:2 core:4 "
                    "pu:2\", see hwloc(7)"};
    hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if (hwloc_topology_load(raw) != 0)
        return {Cause::machine_unknown, file.empty() ? "hwloc could not read this machine: " +
                                                           error_text(errno) + "; is /sys mounted?"
                                                     : file + ": could not be loaded" + remedy};
    return {};
}

std::string architecture_of(hwloc_topology_t t) {
    if (const char* name = hwloc_obj_get_info_by_name(hwloc_get_root_obj(t), "Architecture"))
        return name;
    if (hwloc_topology_is_thissystem(t) == 0) return "unknown";
    utsname names{};
    uname(&names);
    return names.machine;
}

// Cpus that share each object of one level, where there are several.
std::vector<CpuSet> groups_at(hwloc_topology_t t, int depth) {
    std::vector<CpuSet> groups;
    for (hwloc_obj_t o = hwloc_get_next_obj_by_depth(t, depth, nullptr); o != nullptr;
         o = hwloc_get_next_obj_by_depth(t, depth, o)) {
        const CpuSet set = to_set(o->cpuset);
        if (set.count() > 1) groups.push_back(set);
    }
    return groups;
}

void read_last_caches(hwloc_topology_t t, MachineFacts& facts) {
    facts.cache_line_bytes =
        64;  // of every processor that we run on, where nothing better is known
    for (const hwloc_obj_type_t type : {HWLOC_OBJ_L5CACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L3CACHE,
                                        HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L1CACHE}) {
        hwloc_obj_t first = hwloc_get_next_obj_by_type(t, type, nullptr);
        if (first == nullptr) continue;
        if (first->attr->cache.linesize > 0) facts.cache_line_bytes = first->attr->cache.linesize;
        facts.last_caches = groups_at(t, hwloc_get_type_depth(t, type));
        for (hwloc_obj_t o = first; o != nullptr; o = hwloc_get_next_obj_by_type(t, type, o))
            facts.last_cache_bytes = std::max(facts.last_cache_bytes, o->attr->cache.size);
        return;
    }
}

void read_nodes(hwloc_topology_t t, MachineFacts& facts) {
    for (hwloc_obj_t o = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, nullptr); o != nullptr;
         o = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, o)) {
        const auto& memory = o->attr->numanode;
        facts.nodes.push_back({.id = static_cast<int>(o->os_index),
                               .cpus = to_set(o->cpuset) & facts.cpus,
                               .memory_bytes = memory.local_memory,
                               .allowed = hwloc_bitmap_isset(hwloc_topology_get_allowed_nodeset(t),
                                                             o->os_index) != 0});
        for (unsigned i = 0; i < memory.page_types_len; ++i) {
            const auto size = static_cast<std::size_t>(memory.page_types[i].size);
            if (size > 0 && (facts.page_bytes == 0 || size < facts.page_bytes))
                facts.page_bytes = size;
        }
    }
    std::sort(facts.nodes.begin(), facts.nodes.end(),
              [](const NodeFacts& a, const NodeFacts& b) { return a.id < b.id; });
    if (facts.page_bytes == 0) facts.page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    // One node has all memory there is. Its own file counts, on machines whose memory is plugged in
    // or initialised late, only what has come so far, and the facts would change while we run.
    const bool is_here = facts.from_kernel && shown_by() == nullptr;
    if (facts.nodes.size() == 1 && is_here)
        facts.nodes[0].memory_bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                                      static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// Nodes may overlap (a node of special memory beside the ordinary one): a cpu belongs to the first.
void part_cpus_by_node(MachineFacts& facts) {
    CpuSet taken;
    for (NodeFacts& node : facts.nodes) {
        node.cpus = node.cpus.without(taken);
        taken = taken | node.cpus;
    }
}

void read_distances(hwloc_topology_t t, MachineFacts& facts) {
    hwloc_distances_s* matrix = nullptr;
    unsigned count = 1;
    if (hwloc_distances_get_by_type(t, HWLOC_OBJ_NUMANODE, &count, &matrix,
                                    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) != 0 ||
        count == 0)
        return;
    const std::size_t n = facts.nodes.size();
    if (matrix->nbobjs == n) {
        facts.distances.assign(n * n, 0);
        const auto place = [&](unsigned k) {
            for (std::size_t i = 0; i < n; ++i)
                if (facts.nodes[i].id == static_cast<int>(matrix->objs[k]->os_index)) return i;
            return std::size_t{0};
        };
        for (unsigned i = 0; i < n; ++i)
            for (unsigned j = 0; j < n; ++j)
                facts.distances[place(i) * n + place(j)] =
                    static_cast<int>(matrix->values[i * n + j]);
    }
    hwloc_distances_release(t, matrix);
    // Some firmware, and some old files, have matrices that say nothing: a node is 10 from itself.
    // Source: ACPI, System Locality Information Table.
    for (std::size_t i = 0; i < n && !facts.distances.empty(); ++i)
        if (facts.distances[i * n + i] != 10) facts.distances.clear();
}

// All kinds but the one that hwloc ranks as fastest, where it can rank them.
void read_slow_cpus(hwloc_topology_t t, MachineFacts& facts) {
    const int kinds = hwloc_cpukinds_get_nr(t, 0);
    const std::unique_ptr<hwloc_bitmap_s, void (*)(hwloc_bitmap_t)> cpus(hwloc_bitmap_alloc(),
                                                                         hwloc_bitmap_free);
    for (int kind = 0; kind + 1 < kinds && cpus != nullptr; ++kind) {
        int rank = -1;
        if (hwloc_cpukinds_get_info(t, static_cast<unsigned>(kind), cpus.get(), &rank, nullptr,
                                    nullptr, 0) == 0 &&
            rank >= 0)
            facts.slow_cpus = facts.slow_cpus | (to_set(cpus.get()) & facts.cpus);
    }
}

}  // namespace

Status read_machine(MachineFacts& facts, const MachineSource& source) {
    facts = {};
    Topology topology;
    if (Status s = load(topology, source); !s.ok()) return s;
    hwloc_topology_t t = topology.get();
    const char* variable = shown_by();
    const bool is_asked_for = !source.xml_file.empty() || !source.synthetic.empty();
    facts.from_kernel = !is_asked_for && hwloc_topology_is_thissystem(t) != 0;
    facts.source = !source.xml_file.empty()    ? source.xml_file
                   : !source.synthetic.empty() ? "'" + source.synthetic + "'"
                   : variable != nullptr       ? std::string(variable) + "=" + std::getenv(variable)
                                               : "the running kernel";
    if (const int last = hwloc_bitmap_last(hwloc_topology_get_complete_cpuset(t));
        last >= CpuSet::limit)
        return {Cause::machine_unknown,
                facts.source + ": has a cpu " + std::to_string(last) + ", and the largest number " +
                    "that a board can name is " + std::to_string(CpuSet::limit - 1)};
    facts.architecture = architecture_of(t);
    facts.cpus = to_set(hwloc_get_root_obj(t)->cpuset);
    facts.offline = to_set(hwloc_topology_get_complete_cpuset(t)).without(facts.cpus);
    facts.allowed = to_set(hwloc_topology_get_allowed_cpuset(t)) & facts.cpus;
    facts.smt = groups_at(t, hwloc_get_type_or_below_depth(t, HWLOC_OBJ_CORE));
    read_last_caches(t, facts);
    facts.packages = groups_at(t, hwloc_get_type_depth(t, HWLOC_OBJ_PACKAGE));
    read_nodes(t, facts);
    part_cpus_by_node(facts);
    read_distances(t, facts);
    read_slow_cpus(t, facts);
    if (facts.cpus.empty() || facts.nodes.empty())
        return {Cause::machine_unknown,
                facts.source +
                    ": shows no cpu, or no memory node; write the file with `lstopo "
                    "FILE.xml` on the machine itself"};
    return {};
}

}  // namespace stator::platform
