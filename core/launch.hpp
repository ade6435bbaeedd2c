// core/launch.hpp - starting and stopping without the application's types: verify, hold, run.
//
//   verify the machine -> per node: enough? huge pages, bind, populate, guard, lock, ask where
//   -> (the scheduler makes its objects) -> lock the program -> threads -> running
//
// Every step knows how to undo itself; a failure undoes what was done, in reverse, and leaves no
// thread, no memory policy and no affinity behind.
//
// Threads    one: the caller of start and stop.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <stator/core/board.hpp>
#include <stator/core/worker.hpp>
#include <stator/platform/node_memory.hpp>
#include <stator/platform/status.hpp>
#include <stator/platform/thread.hpp>

namespace stator {

using platform::Cause;
using platform::Range;
using platform::Residency;
using platform::Status;

// The static memory of one node.
struct NodeArena {
    int node = 0;  // position in .machine.nodes
    Range objects;
    Range stacks;  // [guard | stack] for each of the node's workers, in the board's order
};

// Where every page of a node's arena is, as the kernel says.
struct ArenaResidency {
    int node_id = 0;
    Residency objects, stacks;
};

// All arenas of the program, also those that are not in use: locking the program leaves them alone.
class ArenaList {
public:
    explicit ArenaList(std::span<const NodeArena> arenas);
    static std::vector<Range> all();

private:
    std::span<const NodeArena> arenas_;
    const ArenaList* next_;
};

class Launch {
public:
    Launch(const Board& b, std::span<const NodeArena> arenas);
    ~Launch();
    Launch(const Launch&) = delete;
    Launch& operator=(const Launch&) = delete;

    // Verifies the machine and takes the arenas. On failure nothing is held.
    Status hold();
    // Starts one thread for each worker, and returns when all of them run on their cpus.
    // On failure some may run: end them (their stages see `stop`), then `join`.
    Status run(PinnedWorker* const* workers);
    // Waits for all threads that run.
    void join();
    // Gives everything back. After join.
    void release();

    [[nodiscard]] bool holds() const { return holding_; }
    [[nodiscard]] std::vector<ArenaResidency> ask_where() const;
    // What the host refused and the board lets pass: a sentence each, with its remedy.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

private:
    Status hold_node(const NodeArena& arena);
    Status hold_objects(const NodeArena& arena, int id);
    Status hold_stacks(const NodeArena& arena, int id);
    Status bind(Range range, int id);
    Status lock_or_warn(Range range);
    Status verify_residency(const NodeArena& arena, int id);
    Status start_one(std::size_t position, PinnedWorker& worker);
    Status wait_until_ready(PinnedWorker* const* workers);
    Status lock_program();
    Status refused(Refusal policy, Status status);
    [[nodiscard]] int id_of(const NodeArena& arena) const;
    [[nodiscard]] Range stack_of(std::size_t worker) const;

    const Board& board_;
    std::span<const NodeArena> arenas_;
    std::unique_ptr<platform::PinnedThread[]> threads_;
    std::vector<Range> locked_;
    std::vector<Range> huge_;
    std::vector<std::string> warnings_;
    bool holding_ = false;
};

}  // namespace stator
