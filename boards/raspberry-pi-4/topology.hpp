// boards/raspberry-pi-4/topology.hpp - facts about the machine.
// Written by `stator board gen` from an hwloc file; do not edit.
#pragma once
#include <stator/core/board.hpp>

namespace stator::boards::raspberry_pi_4 {

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-3"), .memory_bytes = 3935571968},
};

inline constexpr CpuSet last_caches[] = {
    cpus("0-3"),
};

inline constexpr CpuSet packages[] = {
    cpus("0-3"),
};

inline constexpr Machine machine = {
    .architecture = "aarch64",
    .page_bytes = 4096,
    .cache_line_bytes = 64,
    .cpus = cpus("0-3"),
    .nodes = nodes,
    .distances = {},
    .smt = {},
    .last_caches = last_caches,
    .last_cache_bytes = 1048576,
    .packages = packages,
    .slow_cpus = {},
};

}  // namespace stator::boards::raspberry_pi_4
