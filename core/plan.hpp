// core/plan.hpp - the layout of all static memory, worked out while it compiles: a board and the
// parts of an application become pieces with a node, an offset and a size.
//
//   a node's arena:  [ objects ......................... ]   [ guard | stack ][ guard | stack ] ...
//                    rings, stages, tables, worker records      one pair for each of its workers
//
// Objects and stacks are two stretches of their own, as huge pages cannot hold guard pages.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <stator/core/board.hpp>
#include <stator/platform/cpu.hpp>

namespace stator {

inline constexpr std::size_t nodes_max = 64;
inline constexpr std::size_t lane_of_none = SIZE_MAX;

// All static memory together stays below this, in bytes: at 2 GiB the relocations of the small code
// model no longer reach. Source: System V ABI, AMD64 supplement, section 3.5.1.
inline constexpr std::uint64_t static_bytes_max = std::uint64_t{3} << 29;  // 1.5 GiB

// One object in an arena.
struct Piece {
    std::string_view kind;  // "ring", "stage", "table", "pool", "worker"
    std::string_view name;  // role, type or worker
    std::string_view to;    // a ring's other end; else ""
    std::size_t lane = lane_of_none;
    int node = 0;  // position in .machine.nodes
    std::uint64_t bytes = 0;
    std::uint64_t alignment = 1;
    std::uint64_t offset = 0;  // in the node's objects; set by the plan
};

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

// The object T as a piece.
template <typename T>
constexpr Piece piece_of(std::string_view kind, std::string_view name, int node) {
    return {.kind = kind,
            .name = name,
            .to = {},
            .node = node,
            .bytes = sizeof(T),
            .alignment = std::max(alignof(T), platform::no_sharing_bytes)};
}

template <std::size_t n>
struct Plan {
    std::array<Piece, n> pieces{};
    std::array<std::uint64_t, nodes_max> object_bytes{};  // of each node, whole pages
    std::array<std::uint64_t, nodes_max> stack_bytes{};   // of each node, guards included

    [[nodiscard]] constexpr std::uint64_t bytes_of(std::size_t node) const {
        return object_bytes[node] + stack_bytes[node];
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

// Lays the pieces one behind the other, each node for itself, in the order in which they come.
template <std::size_t n>
constexpr Plan<n> lay_out(const Board& b, const std::array<Piece, n>& pieces) {
    Plan<n> plan{.pieces = pieces};
    for (Piece& piece : plan.pieces) {
        std::uint64_t& end = plan.object_bytes[static_cast<std::size_t>(piece.node)];
        piece.offset = round_up(end, piece.alignment);
        end = piece.offset + piece.bytes;
    }
    const std::uint64_t unit =
        b.memory.huge_pages == HugePages::on ? platform::huge_page_bytes : platform::page_bytes_max;
    for (std::uint64_t& bytes : plan.object_bytes) bytes = round_up(bytes, unit);
    for (std::size_t i = 0; i < b.workers.size(); ++i) {
        const int node = b.node_of_worker(static_cast<int>(i));
        plan.stack_bytes[static_cast<std::size_t>(node)] += stack_stride(b);
    }
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
