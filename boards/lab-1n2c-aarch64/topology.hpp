// boards/lab-1n2c-aarch64/topology.hpp - facts about the machine.
// Written by `stator board gen` from hwloc; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::lab_1n2c_aarch64 {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-1"), .memory_bytes = 502005760},
};

inline constexpr CpuSet packages[] = {
    cpus("0-1"),
};

inline constexpr Machine machine = {
    .architecture = "aarch64",
    .page_bytes = 4096,
    .cache_line_bytes = 64,
    .cpus = cpus("0-1"),
    .nodes = nodes,
    .distances = {},
    .smt = {},
    .last_caches = {},
    .last_cache_bytes = 0,
    .packages = packages,
    .slow_cpus = {},
};

}  // namespace stator::boards::lab_1n2c_aarch64
