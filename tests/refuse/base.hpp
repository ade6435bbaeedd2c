// tests/refuse/base.hpp - a sound board that every case of this folder breaks in one place.
#pragma once
#include <stator/core/board.hpp>
#include <stator/core/board_rules.hpp>

namespace refuse {

using namespace stator;

inline constexpr Node nodes[] = {
    {.id = 0, .cpus = cpus("0-3"), .memory_bytes = 1u << 30},
    {.id = 1, .cpus = cpus("4-7"), .memory_bytes = 1u << 30},
};
inline constexpr Machine machine = {.architecture = "x86_64",
                                    .page_bytes = 4096,
                                    .cache_line_bytes = 64,
                                    .cpus = cpus("0-7"),
                                    .nodes = nodes,
                                    .distances = {},
                                    .smt = {},
                                    .last_caches = {}};
inline constexpr Worker workers[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}},
    {.name = "right", .cpu = 5, .roles = {"b"}},
};
inline constexpr Board sound = {.name = "sound",
                                .machine = machine,
                                .housekeeping = cpus("0"),
                                .workers = workers,
                                .memory = {}};

// The sound board with other workers; the array must outlive the board.
constexpr Board with(std::span<const Worker> other) {
    Board b = sound;
    b.workers = other;
    return b;
}

}  // namespace refuse
