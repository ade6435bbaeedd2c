// core/board.hpp - what a board is: facts about the machine, and choices about how we use it.
//
// A board is plain constant data. It has no code, so it can be read as a table. Facts come from
// `stator board gen`, choices are written by hand; see boards/README.md.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include <stator/core/units.hpp>
#include <stator/platform/cpu_set.hpp>

namespace stator {

using platform::cpus;
using platform::CpuSet;

// ---- Facts. Written by `stator board gen`, compared with hwloc at start, never edited by hand.
// ----

inline constexpr std::size_t nodes_max = 64;  // of a board

struct Node {
    int id = 0;                      // the kernel's number of the NUMA node; may be sparse
    CpuSet cpus;                     // empty where the node has memory only
    std::uint64_t memory_bytes = 0;  // as the kernel reports it; 0 where the node has cpus only
};

struct Machine {
    std::string_view architecture;        // `uname -m`: x86_64 or aarch64
    std::size_t page_bytes = 0;           // of an ordinary page
    std::size_t cache_line_bytes = 0;     // of the last-level cache
    CpuSet cpus;                          // online and usable
    std::span<const Node> nodes;          // by ascending id
    std::span<const int> distances;       // nodes x nodes, row by row, 10 is local; or empty
    std::span<const CpuSet> smt;          // cpus that share a core; a core of one cpu is left out
    std::span<const CpuSet> last_caches;  // cpus that share a last-level cache, likewise
    std::uint64_t last_cache_bytes = 0;   // of the largest of these caches; 0 where unknown
    std::span<const CpuSet> packages{};   // cpus of a package (a socket); empty where unknown
    CpuSet slow_cpus{};                   // efficiency cores, on a machine that has faster ones

    // Position in .nodes of the node that owns `cpu`, or -1 when no node does.
    [[nodiscard]] constexpr int node_of(int cpu) const {
        for (std::size_t i = 0; i < nodes.size(); ++i)
            if (nodes[i].cpus.contains(cpu)) return static_cast<int>(i);
        return -1;
    }
    // Position in .nodes of the node with the kernel's number `id`, or -1.
    [[nodiscard]] constexpr int node_at(int id) const {
        for (std::size_t i = 0; i < nodes.size(); ++i)
            if (nodes[i].id == id) return static_cast<int>(i);
        return -1;
    }
};

// ---- Choices. Written by hand, one file per board. ----

// What a worker does when it has nothing to do.
enum class Wait : std::uint8_t {
    futex,            // sleeps at once
    spin,             // never sleeps: the cpu is its own, always at 100 %
    spin_then_futex,  // spins for .spin_budget, then sleeps
    // Never sleeps, but lets the other threads of its cpu run after each look: for a cpu that is
    // shared with one that hands over work without end. No submission pays for waking it; where the
    // others have nothing to do the cpu is at 100 %. Source: sched_yield(2).
    yield,
};
[[nodiscard]] constexpr bool never_sleeps(Wait wait) {
    return wait == Wait::spin || wait == Wait::yield;
}
[[nodiscard]] constexpr bool may_share_cpu(Wait wait) {
    return wait == Wait::futex || wait == Wait::yield;
}

enum class Scheduling : std::uint8_t { other, fifo };  // SCHED_OTHER, SCHED_FIFO

// What `start()` does when the host refuses something that the board asks for.
enum class Refusal : std::uint8_t {
    warn,   // runs without it, and says so once, with the remedy
    fatal,  // start() fails, with the remedy
};

enum class HugePages : std::uint8_t { off, on };

// The pipeline roles of a worker. {"rx", "parse"} names them; {every_other_role} takes all roles
// that no worker names.
inline constexpr std::string_view every_other_role = "*";
inline constexpr std::size_t roles_per_worker_max = 32;

struct Roles {
    std::string_view names[roles_per_worker_max]{};
    std::size_t count = 0;

    constexpr Roles() = default;
    // More than roles_per_worker_max names do not compile.
    constexpr Roles(std::initializer_list<std::string_view> list) {
        for (const std::string_view name : list) names[count++] = name;
    }
    [[nodiscard]] constexpr bool contains(std::string_view role) const {
        for (std::size_t i = 0; i < count; ++i)
            if (names[i] == role) return true;
        return false;
    }
};

inline constexpr std::size_t workers_max = 64;       // of a board
inline constexpr std::size_t task_workers_max = 48;  // of a node: bits of a word in core/idle.hpp

struct Worker {
    std::string_view name;  // 1 to 15 characters: the kernel shows it as the thread's name
    int cpu = -1;           // the worker's node follows from this; it is not written twice
    Roles roles{};          // the pipeline stages that it runs, in turn
    bool tasks = false;     // takes tasks of its node's inbox, when its stages leave it time
    Wait wait = Wait::spin_then_futex;
    Scheduling scheduling = Scheduling::other;
    int priority = 0;  // of SCHED_FIFO: 1..99; 0 for SCHED_OTHER
};

// How the static memory is held. Every object, stack and table of a node is in that node's arena.
struct Memory {
    std::uint64_t budget_per_node_bytes = 512ull << 20;  // a node above it does not compile
    HugePages huge_pages = HugePages::off;
    Refusal huge_pages_refused = Refusal::warn;
    bool lock = true;                         // mlock: never paged out, never faulted in
    Refusal lock_refused = Refusal::warn;     // RLIMIT_MEMLOCK is small on an ordinary login
    std::uint64_t stack_bytes = 1024 * 1024;  // of each worker, plus one guard page at its end
};

// Nodes, by the kernel's numbers.
struct NodeList {
    int ids[nodes_max]{};
    std::size_t count = 0;

    constexpr NodeList() = default;
    // More than nodes_max numbers do not compile.
    constexpr NodeList(std::initializer_list<int> list) {
        for (const int id : list) ids[count++] = id;
    }
    [[nodiscard]] constexpr std::span<const int> span() const { return {ids, count}; }
};

// From which other nodes the workers of a node steal, in this order.
struct StealRow {
    int node = 0;
    NodeList from;
};

// The stealing pool: the same on every node that has a worker with .tasks.
struct Pool {
    std::size_t segments = 64;           // of a node's inboxes, 2 to 32766; 64 * 64 = 4096 tasks
    std::size_t slots_per_segment = 64;  // 1 to 65536
    std::size_t claim_max = 64;          // tasks that a worker takes at once, 1 or more
    // A guarantee, checked by the compiler: so many tasks may wait, while others come in at the
    // peak rate, and none is refused. 0 and 0: none is given.
    std::uint64_t guaranteed_tasks = 0;
    std::uint64_t peak_rate = 0;  // tasks a second, of a node
    // From a segment's last task taken to its next use: two grace periods and the waking of the
    // grace thread. 200 us where housekeeping has a cpu for it; see `stator top` for what it was.
    std::chrono::nanoseconds reuse_latency{200'000};
    // Priorities of tasks, 1 to 64: 0 is the lowest. A segment that a priority has used comes back
    // to it until it holds its quota; all others are shared as they are needed.
    std::size_t priorities = 1;
    std::size_t quota = 2;   // segments of each priority, 2 or more; with one it has them all
    int usual_priority = 0;  // of a task that names none
    // Of so many claims in which a lower priority had to wait one goes to it.
    unsigned ageing = 8;
    std::size_t run_ring = 256;  // tasks in a worker's own ring, a power of two, 2 to 65536
    // A task that waits for others runs them on its own stack while so much of it is left.
    std::size_t headroom_bytes = 256 * 1024;
    // A submission that finds the inbox of its node full goes on to the next node that has room,
    // nearest first; it is counted. One that has named its node never does.
    bool spill = false;
    bool steal_far = false;  // also from workers of other nodes, nearest first
    // Or as these rows say; the workers of a node without a row steal from no other.
    std::span<const StealRow> steal_table{};
    // Where workers of a node are awake, others are woken for so many tasks, or after
    // `latest_wake`.
    unsigned wake_threshold = 1;
    std::chrono::nanoseconds latest_wake{50'000};
    bool metrics = true;                // counts claims, thefts, overflow and who was woken by whom
    bool registry = true;               // shows what runs since when, for 7 ns a task
    std::size_t registry_slots = 1024;  // of each node, 64 bytes each, 1 to 65536
};

// Workers, stages, links, inboxes and what runs, in memory that other processes may read.
struct View {
    bool shared = true;
    Refusal refused = Refusal::warn;  // when the host has no /dev/shm, or it is full
    unsigned permissions = 0600;      // of the file: who may look
};

struct Board {
    std::string_view name;
    Machine machine;
    CpuSet housekeeping;              // cpus of Linux, the caller and our helper threads
    std::span<const Worker> workers;  // 1 to 64
    Memory memory;
    Pool pool{};
    View view{};
    std::chrono::nanoseconds spin_budget{20'000};  // how long spin_then_futex spins
    Refusal scheduling_refused = Refusal::fatal;   // SCHED_FIFO needs CAP_SYS_NICE
    bool allow_larger_machine = false;  // run on a machine with more cpus, nodes or memory

    // Position in .workers of the worker called `worker_name`, or -1.
    [[nodiscard]] constexpr int worker_at(std::string_view worker_name) const {
        for (std::size_t i = 0; i < workers.size(); ++i)
            if (workers[i].name == worker_name) return static_cast<int>(i);
        return -1;
    }
    // Segments that the guarantee of .pool needs: for the tasks that wait, two that are partly
    // used, one for each worker's claim, and those that cool at the peak rate. The grace thread is
    // woken when half are left, so there are twice as many of the last at least. Source: Little's
    // law.
    [[nodiscard]] constexpr std::uint64_t guaranteed_segments() const {
        const std::uint64_t slots = pool.slots_per_segment;
        const auto latency_ns = static_cast<std::uint64_t>(pool.reuse_latency.count());
        const std::uint64_t waiting = (pool.guaranteed_tasks + slots - 1) / slots;
        const std::uint64_t in_flight = pool.peak_rate / 1000 * latency_ns / 1'000'000 + 1;
        const std::uint64_t cooling = pool.peak_rate == 0 ? 0 : (in_flight + slots - 1) / slots;
        // A worker that runs a long task may hold the rest of its claim in a segment of its own.
        std::uint64_t held = 0;
        for (std::size_t i = 0; pool.claim_max > 1 && i < machine.nodes.size(); ++i) {
            const std::size_t n = task_workers_on(static_cast<int>(i));
            held = n > held ? n : held;
        }
        const std::uint64_t given =
            pool.guaranteed_tasks != 0 || pool.peak_rate != 0 ? waiting + held + cooling : 0;
        const std::uint64_t sum = (pool.priorities > 1 ? pool.quota * pool.priorities : 2) + given;
        return sum > 2 * cooling ? sum : 2 * cooling;
    }
    // Workers that take tasks on the node at position `node`.
    [[nodiscard]] constexpr std::size_t task_workers_on(int node) const {
        std::size_t n = 0;
        for (const Worker& w : workers) n += w.tasks && machine.node_of(w.cpu) == node ? 1 : 0;
        return n;
    }
    // Position of the worker that runs `role`: the one that names it, else the one with
    // every_other_role, else -1. A role `flows.3` of a parallel stage is also found as `flows`.
    [[nodiscard]] constexpr int worker_of(std::string_view role) const {
        if (const int named = worker_naming(role); named >= 0) return named;
        const std::string_view stem = role.substr(0, role.find('.'));
        if (const int named = worker_naming(stem); named >= 0) return named;
        return worker_naming(every_other_role);
    }
    // Position of the worker whose .roles have just this text, or -1.
    [[nodiscard]] constexpr int worker_naming(std::string_view text) const {
        for (std::size_t i = 0; i < workers.size(); ++i)
            if (workers[i].roles.contains(text)) return static_cast<int>(i);
        return -1;
    }
    // Position in .machine.nodes of the node of worker `at`, 0 <= at < workers.size(); -1 if none.
    [[nodiscard]] constexpr int node_of_worker(int at) const {
        return machine.node_of(workers[static_cast<std::size_t>(at)].cpu);
    }
    // The kernel's number of that node, of a board that keeps the rules.
    [[nodiscard]] constexpr int node_id_of_worker(int at) const {
        return machine.nodes[static_cast<std::size_t>(node_of_worker(at))].id;
    }
};

}  // namespace stator
