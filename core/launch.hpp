// core/launch.hpp - starting and stopping without the application's types: verify, hold, run.
//
//   verify the machine -> claim its cpus -> the shared view's file
//   -> per node: enough? huge pages, lay the view, bind, populate, guard, lock, ask where
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
#include <stator/platform/claim.hpp>
#include <stator/platform/node_memory.hpp>
#include <stator/platform/shared_region.hpp>
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
    Range view;    // what other processes may read
    Range stacks;  // [guard | stack] for each of the node's workers, in the board's order; then for
                   // the grace thread, on the node where it is
    std::uint64_t view_offset = 0;  // of `view` in the file that others read

    [[nodiscard]] bool has(const void* at) const {
        return objects.has(at) || view.has(at) || stacks.has(at);
    }
};

// Where every page of a node's arena is, as the kernel says. Guards below stacks do not count.
struct ArenaResidency {
    int node_id = 0;
    Residency objects, view, stacks;
};

// The thread that works for all workers, on housekeeping: what it runs, on which node's stack.
struct HelperThread {
    void (*body)(void*) = nullptr;  // nullptr: there is none
    void* self = nullptr;
    bool (*prepare)(void*) = nullptr;  // before the body; false: no file descriptor is left
    void (*stop)(void*) = nullptr;     // makes the body return
    int node = -1;                     // position in .machine.nodes
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
    Status run(PinnedWorker* const* workers, const HelperThread& helper);
    // Waits for all workers that run, then ends the helper; others see the view no more.
    void join();
    // Gives everything back. After join.
    void release();

    [[nodiscard]] bool holds() const { return holding_; }
    // The file that others read, or "" where there is none.
    [[nodiscard]] const std::string& view_path() const { return view_.path(); }
    [[nodiscard]] std::vector<ArenaResidency> ask_where() const;
    // What the host refused, or has otherwise, and the board lets pass: a sentence each, with its
    // remedy.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

private:
    Status claim_cpus();
    Status make_view();
    Status hold_node(const NodeArena& arena);
    Status hold_view(const NodeArena& arena, int id);
    Status hold_objects(const NodeArena& arena, int id);
    Status hold_stacks(const NodeArena& arena, int id);
    Status bind(Range range, int id);
    Status lock_or_warn(Range range);
    Status verify_residency(const NodeArena& arena, int id);
    Status start_one(std::size_t position, PinnedWorker& worker);
    Status wait_until_ready(PinnedWorker* const* workers);
    Status lock_program();
    void warn(const std::string& text);
    Status refused(Refusal policy, Status status);
    [[nodiscard]] int id_of(const NodeArena& arena) const;
    [[nodiscard]] ArenaResidency ask_where(const NodeArena& arena) const;
    // All stacks of a node, without their guards.
    [[nodiscard]] std::vector<Range> stacks_of(const NodeArena& arena) const;
    [[nodiscard]] Range stack_of(std::size_t worker) const;
    [[nodiscard]] Range stack_at(int node, std::size_t position) const;
    [[nodiscard]] Range stack_of_helper(int node) const;
    Status start_helper();

    const Board& board_;
    std::span<const NodeArena> arenas_;
    std::unique_ptr<platform::PinnedThread[]> threads_;
    platform::PinnedThread helper_thread_;
    HelperThread helper_;
    platform::CpuClaim claim_;
    platform::SharedRegion view_;
    std::string view_name_;
    bool view_laid_ = false;
    std::vector<Range> locked_;
    std::vector<Range> huge_;
    std::vector<std::string> warnings_;
    bool holding_ = false;
};

}  // namespace stator
