// boards/kunpeng920-2s/topology.hpp - facts about the machine.
// Written by `stator board gen` from an hwloc file; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::kunpeng920_2s {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-31"), .memory_bytes = 134894530560},
    {.id = 1, .cpus = cpus("32-63"), .memory_bytes = 135288770560},
    {.id = 2, .cpus = cpus("64-95"), .memory_bytes = 135288766464},
    {.id = 3, .cpus = cpus("96-127"), .memory_bytes = 134207905792},
};

inline constexpr int distances[] = {
    10, 16, 32, 33,  // from node 0
    16, 10, 25, 32,  // from node 1
    32, 25, 10, 16,  // from node 2
    33, 32, 16, 10,  // from node 3
};

inline constexpr CpuSet last_caches[] = {
    cpus("0-31"),
    cpus("32-63"),
    cpus("64-95"),
    cpus("96-127"),
};

inline constexpr CpuSet packages[] = {
    cpus("0-63"),
    cpus("64-127"),
};

inline constexpr Machine machine = {
    .architecture = "aarch64",
    .page_bytes = 4096,
    .cache_line_bytes = 128,
    .cpus = cpus("0-127"),
    .nodes = nodes,
    .distances = distances,
    .smt = {},
    .last_caches = last_caches,
    .last_cache_bytes = 33554432,
    .packages = packages,
    .slow_cpus = {},
};

}  // namespace stator::boards::kunpeng920_2s
