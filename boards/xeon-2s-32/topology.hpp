// boards/xeon-2s-32/topology.hpp - facts about the machine.
// Written by `stator board gen` from an hwloc file; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::xeon_2s_32 {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-7,16-23"), .memory_bytes = 49075843072},
    {.id = 1, .cpus = cpus("8-15,24-31"), .memory_bytes = 50708443136},
};

inline constexpr int distances[] = {
    10, 21,  // from node 0
    21, 10,  // from node 1
};

inline constexpr CpuSet smt[] = {
    cpus("0,16"),
    cpus("1,17"),
    cpus("2,18"),
    cpus("3,19"),
    cpus("4,20"),
    cpus("5,21"),
    cpus("6,22"),
    cpus("7,23"),
    cpus("8,24"),
    cpus("9,25"),
    cpus("10,26"),
    cpus("11,27"),
    cpus("12,28"),
    cpus("13,29"),
    cpus("14,30"),
    cpus("15,31"),
};

inline constexpr CpuSet last_caches[] = {
    cpus("0-7,16-23"),
    cpus("8-15,24-31"),
};

inline constexpr CpuSet packages[] = {
    cpus("0-7,16-23"),
    cpus("8-15,24-31"),
};

inline constexpr Machine machine = {
    .architecture = "x86_64",
    .page_bytes = 4096,
    .cache_line_bytes = 64,
    .cpus = cpus("0-31"),
    .nodes = nodes,
    .distances = distances,
    .smt = smt,
    .last_caches = last_caches,
    .last_cache_bytes = 11534336,
    .packages = packages,
    .slow_cpus = {},
};

}  // namespace stator::boards::xeon_2s_32
