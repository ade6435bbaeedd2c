// core/plan.hpp - the layout of all static memory, worked out while it compiles: a board and the
// parts of an application become pieces with a node, an offset and a size.
//
//   a node's arena:  [ objects ............. ]  [ view ............ ]  [ guard | stack ] ...
//                    rings, stages, inboxes      what others may read   one pair for each worker
//
// Three stretches, as huge pages cannot hold guard pages, and as the view lies on shared memory.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <stator/core/board.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

// All static memory together stays below this, in bytes: at 2 GiB the relocations of the small code
// model no longer reach. Source: System V ABI, AMD64 supplement, section 3.5.1.
inline constexpr std::uint64_t static_bytes_max = std::uint64_t{3} << 29;  // 1.5 GiB

// What a piece is to readers in other processes; see core/view.hpp. none: it is not for them.
enum class Shown : std::uint32_t {
    none,
    header,
    worker,
    stage,
    link,
    line,
    inbox,
    grace,
    registry,
    stock
};

// One object in an arena.
struct Piece {
    std::string_view kind;      // "ring", "stage", "table", "pool", "worker" ...
    std::string_view name;      // role, type or worker
    std::string_view to;        // a ring's other end; else ""
    int node = 0;               // position in .machine.nodes
    int worker = -1;            // position in .workers of the one that it belongs to
    Shown shown = Shown::none;  // other than none: it lies in the view
    std::uint64_t bytes = 0;
    std::uint64_t alignment = 1;
    std::uint64_t offset = 0;  // in its stretch of the node; set by the plan
};

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

// The object T as a piece.
template <typename T>
constexpr Piece piece_of(std::string_view kind, std::string_view name, int node,
                         Shown shown = Shown::none) {
    return {.kind = kind,
            .name = name,
            .to = {},
            .node = node,
            .shown = shown,
            .bytes = sizeof(T),
            .alignment = std::max(alignof(T), platform::no_sharing_bytes)};
}

template <std::size_t n>
struct Plan {
    std::array<Piece, n> pieces{};
    std::array<std::uint64_t, nodes_max> object_bytes{};  // of each node, whole pages
    std::array<std::uint64_t, nodes_max> view_bytes{};    // of each node, whole pages
    std::array<std::uint64_t, nodes_max> stack_bytes{};   // of each node, guards included

    [[nodiscard]] constexpr std::uint64_t bytes_of(std::size_t node) const {
        return object_bytes[node] + view_bytes[node] + stack_bytes[node];
    }
    // Where the node's stretch of the view begins in the file that others read.
    [[nodiscard]] constexpr std::uint64_t view_offset(std::size_t node) const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < node; ++i) sum += view_bytes[i];
        return sum;
    }
    [[nodiscard]] constexpr std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < nodes_max; ++i) sum += bytes_of(i);
        return sum;
    }
};

// Bytes of one worker's stack and the guard below it. Stacks begin and end on whole pages of any
// size.
constexpr std::uint64_t stack_stride(const Board& b) {
    return round_up(b.memory.stack_bytes, platform::page_bytes_max) + platform::page_bytes_max;
}

// Lays the pieces one behind the other, each node and stretch for itself, in the order in which
// they come. `helper` is the node of the grace thread's stack, or -1 where there is none.
template <std::size_t n>
constexpr Plan<n> lay_out(const Board& b, const std::array<Piece, n>& pieces, int helper = -1) {
    Plan<n> plan{.pieces = pieces};
    for (Piece& piece : plan.pieces) {
        auto& ends = piece.shown == Shown::none ? plan.object_bytes : plan.view_bytes;
        std::uint64_t& end = ends[static_cast<std::size_t>(piece.node)];
        piece.offset = round_up(end, piece.alignment);
        end = piece.offset + piece.bytes;
    }
    const std::uint64_t unit =
        b.memory.huge_pages == HugePages::on ? platform::huge_page_bytes : platform::page_bytes_max;
    for (std::uint64_t& bytes : plan.object_bytes) bytes = round_up(bytes, unit);
    for (std::uint64_t& bytes : plan.view_bytes) bytes = round_up(bytes, platform::page_bytes_max);
    for (std::size_t i = 0; i < b.workers.size(); ++i) {
        const int node = b.node_of_worker(static_cast<int>(i));
        plan.stack_bytes[static_cast<std::size_t>(node)] += stack_stride(b);
    }
    if (helper >= 0) plan.stack_bytes[static_cast<std::size_t>(helper)] += stack_stride(b);
    return plan;
}

// A node above its budget does not compile; the compiler prints these arguments beside the
// sentence.
template <int node_id, std::uint64_t bytes_planned, std::uint64_t bytes_over_budget>
struct NodeBudget {
    static_assert(bytes_over_budget == 0,
                  "the objects of node_id need more than memory.budget_per_node_bytes, by "
                  "bytes_over_budget; raise the budget or make rings, tables or pools smaller");
    static constexpr bool kept = bytes_over_budget == 0;
};

template <std::uint64_t bytes_planned>
struct StaticBudget {
    static_assert(
        bytes_planned <= static_bytes_max,
        "all static memory together is above 1.5 GiB, and the program could not be linked; "
        "make rings, tables or pools smaller");
    static constexpr bool kept = bytes_planned <= static_bytes_max;
};

}  // namespace stator
