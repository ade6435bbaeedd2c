// boards/epyc-2s-nps4/topology.hpp - facts about the machine.
// Written by `stator board gen` from an hwloc file; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::epyc_2s_nps4 {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-15"), .memory_bytes = 33816576000},
    {.id = 1, .cpus = cpus("16-31"), .memory_bytes = 33816576000},
    {.id = 2, .cpus = cpus("32-47"), .memory_bytes = 33816576000},
    {.id = 3, .cpus = cpus("48-63"), .memory_bytes = 33816576000},
    {.id = 4, .cpus = cpus("64-79"), .memory_bytes = 33816576000},
    {.id = 5, .cpus = cpus("80-95"), .memory_bytes = 33816576000},
    {.id = 6, .cpus = cpus("96-111"), .memory_bytes = 33816576000},
    {.id = 7, .cpus = cpus("112-127"), .memory_bytes = 33816576000},
};

inline constexpr int distances[] = {
    10, 12, 12, 12, 32, 32, 32, 32,  // from node 0
    12, 10, 12, 12, 32, 32, 32, 32,  // from node 1
    12, 12, 10, 12, 32, 32, 32, 32,  // from node 2
    12, 12, 12, 10, 32, 32, 32, 32,  // from node 3
    32, 32, 32, 32, 10, 12, 12, 12,  // from node 4
    32, 32, 32, 32, 12, 10, 12, 12,  // from node 5
    32, 32, 32, 32, 12, 12, 10, 12,  // from node 6
    32, 32, 32, 32, 12, 12, 12, 10,  // from node 7
};

inline constexpr CpuSet last_caches[] = {
    cpus("0-7"),
    cpus("8-15"),
    cpus("16-23"),
    cpus("24-31"),
    cpus("32-39"),
    cpus("40-47"),
    cpus("48-55"),
    cpus("56-63"),
    cpus("64-71"),
    cpus("72-79"),
    cpus("80-87"),
    cpus("88-95"),
    cpus("96-103"),
    cpus("104-111"),
    cpus("112-119"),
    cpus("120-127"),
};

inline constexpr CpuSet packages[] = {
    cpus("0-63"),
    cpus("64-127"),
};

inline constexpr Machine machine = {
    .architecture = "x86_64",
    .page_bytes = 4096,
    .cache_line_bytes = 64,
    .cpus = cpus("0-127"),
    .nodes = nodes,
    .distances = distances,
    .smt = {},
    .last_caches = last_caches,
    .last_cache_bytes = 33554432,
    .packages = packages,
    .slow_cpus = {},
};

}  // namespace stator::boards::epyc_2s_nps4
