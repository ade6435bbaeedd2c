// boards/lab-sparse-aarch64/topology.hpp - facts about the machine.
// Written by `stator board gen` from hwloc; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_sparse_aarch64 {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0,2-3"), .memory_bytes = 503734272},
    {.id = 1, .cpus = cpus("5,7"), .memory_bytes = 525733888},
};

inline constexpr int distances[] = {
    10, 21,  // from node 0
    21, 10,  // from node 1
};

inline constexpr CpuSet packages[] = {
    cpus("0,2-3"),
    cpus("5,7"),
};

inline constexpr Machine machine = {
    .architecture = "aarch64",
    .page_bytes = 4096,
    .cache_line_bytes = 64,
    .cpus = cpus("0,2-3,5,7"),
    .nodes = nodes,
    .distances = distances,
    .smt = {},
    .last_caches = {},
    .last_cache_bytes = 0,
    .packages = packages,
    .slow_cpus = {},
};

}  // namespace stator::boards::lab_sparse_aarch64
