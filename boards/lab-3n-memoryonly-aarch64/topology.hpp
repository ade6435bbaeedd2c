// boards/lab-3n-memoryonly-aarch64/topology.hpp - facts about the machine.
// Written by `stator board gen` from hwloc; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_3n_memoryonly_aarch64 {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-1"), .memory_bytes = 371859456},
    {.id = 1, .cpus = cpus("2-3"), .memory_bytes = 396103680},
    {.id = 2, .cpus = cpus(""), .memory_bytes = 261988352},
};

inline constexpr int distances[] = {
    10, 21, 17,  // from node 0
    21, 10, 28,  // from node 1
    17, 28, 10,  // from node 2
};

inline constexpr CpuSet packages[] = {
    cpus("0-1"),
    cpus("2-3"),
};

inline constexpr Machine machine = {
    .architecture = "aarch64",
    .page_bytes = 4096,
    .cache_line_bytes = 64,
    .cpus = cpus("0-3"),
    .nodes = nodes,
    .distances = distances,
    .smt = {},
    .last_caches = {},
    .last_cache_bytes = 0,
    .packages = packages,
    .slow_cpus = {},
};

}  // namespace stator::boards::lab_3n_memoryonly_aarch64
