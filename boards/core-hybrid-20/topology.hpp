// boards/core-hybrid-20/topology.hpp - facts about the machine.
// Written by `stator board gen` from an hwloc file; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::core_hybrid_20 {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-19"), .memory_bytes = 33269227520},
};

inline constexpr CpuSet smt[] = {
    cpus("0-1"),
    cpus("2-3"),
    cpus("4-5"),
    cpus("6-7"),
    cpus("8-9"),
    cpus("10-11"),
};

inline constexpr CpuSet last_caches[] = {
    cpus("0-19"),
};

inline constexpr CpuSet packages[] = {
    cpus("0-19"),
};

inline constexpr Machine machine = {
    .architecture = "x86_64",
    .page_bytes = 4096,
    .cache_line_bytes = 64,
    .cpus = cpus("0-19"),
    .nodes = nodes,
    .distances = {},
    .smt = smt,
    .last_caches = last_caches,
    .last_cache_bytes = 25165824,
    .packages = packages,
    .slow_cpus = cpus("12-19"),
};

}  // namespace stator::boards::core_hybrid_20
