// boards/lab-3n-memoryonly/topology.hpp - facts about the machine.
// Written by `stator board gen` from hwloc; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_3n_memoryonly {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-1"), .memory_bytes = 361426944},
    {.id = 1, .cpus = cpus("2-3"), .memory_bytes = 395681792},
    {.id = 2, .cpus = cpus(""), .memory_bytes = 262860800},
};

inline constexpr int distances[] = {
    10, 21, 17,  // from node 0
    21, 10, 28,  // from node 1
    17, 28, 10,  // from node 2
};

inline constexpr CpuSet last_caches[] = {
    cpus("0-1"),
    cpus("2-3"),
};

inline constexpr CpuSet packages[] = {
    cpus("0-1"),
    cpus("2-3"),
};

inline constexpr Machine machine = {
    .architecture = "x86_64",
    .page_bytes = 4096,
    .cache_line_bytes = 64,
    .cpus = cpus("0-3"),
    .nodes = nodes,
    .distances = distances,
    .smt = {},
    .last_caches = last_caches,
    .last_cache_bytes = 16777216,
    .packages = packages,
    .slow_cpus = {},
};

}  // namespace stator::boards::lab_3n_memoryonly
