// tests/lab/kernel_says.hpp - what the kernel answers about memory, threads and nodes. It is asked
// here anew, and not through platform/, which is what these answers are to prove.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace stator::lab {

// The node of the page at `address`. Source: move_pages(2), where nodes is null: a question. Below
// 0: an errno, -ENOENT where there is no page.
[[nodiscard]] int node_of_page(const void* address);

// The node on which the calling thread runs now. Source: getcpu(2).
[[nodiscard]] int node_of_this_thread();

// A mapping that is bound to one node. Source: proc(5), /proc/PID/numa_maps.
struct BoundMapping {
    std::string line;
    int bound_to = -1;
    std::map<int, std::uint64_t> bytes_on{};  // by node
};
// All mappings of this process with the policy `bind`; of several nodes: bound_to is -1.
[[nodiscard]] std::vector<BoundMapping> bound_mappings();

// A thread of this process. Source: proc(5), /proc/PID/task/TID/{comm,status,stat,sched}.
struct Thread {
    std::string name;
    std::string allowed;           // Cpus_allowed_list
    int cpu = -1;                  // where it runs, or ran last
    int policy = -1;               // 0: SCHED_OTHER, 1: SCHED_FIFO
    int priority = -1;             // of SCHED_FIFO
    std::uint64_t migrations = 0;  // from cpu to cpu, since it began
};
[[nodiscard]] std::vector<Thread> threads();

// The distances of a node to all online ones, in their order. Source: sysfs, devices/system/node.
[[nodiscard]] std::vector<int> distances_of(int node);

}  // namespace stator::lab
