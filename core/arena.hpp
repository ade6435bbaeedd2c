// core/arena.hpp - the static memory of one scheduler type: raw zero bytes, one stretch for each
// use and node, as the plan says.
//
// An initialiser would move the bytes into the program's file, or touch them before they are bound.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <utility>

#include <stator/core/board.hpp>
#include <stator/core/launch.hpp>
#include <stator/core/plan.hpp>
#include <stator/core/tables.hpp>

namespace stator {

// `Owner` has a `static constexpr` plan; it makes one type's arenas different from another's.
template <const Board& b, typename Owner>
class Arenas {
    using Nodes = UsedNodes<b>;
    static constexpr std::size_t alignment =
        b.memory.huge_pages == HugePages::on ? platform::huge_page_bytes : platform::page_bytes_max;

    static_assert([]<std::size_t... i>(std::index_sequence<i...>) {
        return (NodeBudget<b.machine.nodes[i].id, Owner::plan.bytes_of(i),
                           (Owner::plan.bytes_of(i) > b.memory.budget_per_node_bytes
                                ? Owner::plan.bytes_of(i) - b.memory.budget_per_node_bytes
                                : 0)>::kept &&
                ...);
    }(std::make_index_sequence<b.machine.nodes.size()>{}));
    static_assert(StaticBudget<Owner::plan.bytes()>::kept);

    template <std::size_t bytes>
    struct alignas(alignment) Storage {
        std::byte raw[bytes == 0 ? 1 : bytes];
    };
    template <std::size_t i>
    static constexpr std::size_t node = static_cast<std::size_t>(Nodes::positions[i]);
    template <std::size_t i>
    static inline Storage<Owner::plan.object_bytes[node<i>]> objects_of;
    template <std::size_t i>
    static inline Storage<Owner::plan.view_bytes[node<i>]> view_of;
    template <std::size_t i>
    static inline Storage<Owner::plan.stack_bytes[node<i>]> stacks_of;

public:
    static inline constinit const std::array<NodeArena, Nodes::count> all =
        []<std::size_t... i>(std::index_sequence<i...>) {
        return std::array<NodeArena, Nodes::count>{
            NodeArena{.node = Nodes::positions[i],
                      .objects = {objects_of<i>.raw, Owner::plan.object_bytes[node<i>]},
                      .view = {view_of<i>.raw, Owner::plan.view_bytes[node<i>]},
                      .stacks = {stacks_of<i>.raw, Owner::plan.stack_bytes[node<i>]},
                      .view_offset = Owner::plan.view_offset(node<i>)}...};
    }
    (std::make_index_sequence<Nodes::count>{});

    // Known to all launches of the program before main.
    static inline const ArenaList list{all};
    // One object of a type at a time.
    static inline std::atomic<bool> taken{false};

    // The memory of a piece of the plan.
    [[nodiscard]] static std::byte* at(const Piece& piece) {
        for (const NodeArena& arena : all)
            if (arena.node == piece.node)
                return (piece.shown == Shown::none ? arena.objects.at : arena.view.at) +
                       piece.offset;
        return nullptr;
    }
};

}  // namespace stator
