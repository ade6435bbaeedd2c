// tools/board/choices.hpp - which cpus a first board uses for what, each with its reason.
#pragma once
#include <string>
#include <vector>

#include <stator/platform/machine.hpp>
#include <stator/platform/status.hpp>

namespace stator::tools {

struct WorkerChoice {
    std::string name;
    int cpu = -1;
    bool runs_stages = false;  // all of them, until roles are named
    std::string reason;        // "node 0; cpu 10 of its core stays idle"
};

struct Choices {
    platform::CpuSet housekeeping;
    std::string housekeeping_reason;
    std::vector<WorkerChoice> workers;  // 1 to 64
    bool sleeps = false;                // the one worker shares its cpu, and waits by futex
    std::uint64_t budget_per_node_bytes = 0;
    std::vector<std::string> unused;  // what the board does not use, and why
};

// Housekeeping first: the core that Linux boots on, and efficiency cores where there are others.
// One worker a core. The first ones are neighbours in one last-level cache, for the stages of a
// pipeline; the others are spread over all nodes with memory, for tasks. The error says why no
// worker can stand anywhere.
platform::Status choose(const platform::MachineFacts& facts, Choices& choices);

}  // namespace stator::tools
