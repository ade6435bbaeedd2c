// platform/machine.hpp - what this box really is, as hwloc read it. The only user of hwloc.
//
// Used to write a board's facts and to verify them at start; never to decide anything.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <stator/platform/cpu_set.hpp>
#include <stator/platform/status.hpp>

namespace stator::platform {

struct NodeFacts {
    int id = 0;  // the kernel's number
    CpuSet cpus;
    std::uint64_t memory_bytes = 0;
    bool allowed = true;  // whether this process may use its memory (cpuset, container)
};

struct MachineFacts {
    std::string architecture;
    std::size_t page_bytes = 0;
    std::size_t cache_line_bytes = 0;
    CpuSet cpus;                   // online
    CpuSet offline;                // present and offline, where that is known
    CpuSet allowed;                // of `cpus`, those that this process may use (cpuset, container)
    std::vector<NodeFacts> nodes;  // by ascending id
    std::vector<int> distances;    // nodes x nodes, row by row, 10 is local; empty where unknown
    std::vector<CpuSet> smt;       // cpus that share a core, where there is more than one
    std::vector<CpuSet> last_caches;     // cpus that share a last-level cache, likewise
    std::uint64_t last_cache_bytes = 0;  // of the largest of these caches; 0 where unknown
    std::vector<CpuSet> packages;  // cpus of a package (a socket), likewise; empty where unknown
    CpuSet slow_cpus;              // efficiency cores, on a machine that has faster ones
    bool from_kernel = false;      // false: hwloc was told to read a file, or to make one up
    std::string source;            // "the running kernel", or the file's name
};

// Which machine to read; at most one of the two is not empty.
struct MachineSource {
    std::string xml_file{};   // as `lstopo FILE.xml` writes it
    std::string synthetic{};  // hwloc's short form: "node:2 core:4 pu:2"
};

// Reads the machine that this process runs on (HWLOC_XMLFILE and the like are honoured, and then
// reported in `from_kernel`), or another one. Allocates; any thread. Source: hwloc(7),
// hwloc_topology_set_xml, hwloc_topology_set_synthetic.
Status read_machine(MachineFacts& facts, const MachineSource& source = {});

}  // namespace stator::platform
