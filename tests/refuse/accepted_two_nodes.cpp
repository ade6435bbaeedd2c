// accepted
#include "line.hpp"

using namespace refuse;
constexpr Worker on_both[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}},
    {.name = "right", .cpu = 5, .roles = {"mid.1"}},
};
constexpr Board both = with(on_both);
using Line = Pipeline<Src, Out<>, Parallel<2, Mid>, In<Order::in_order>, End>;
using S = Scheduler<both, Line, PerNode<A>>;

// A lane, its ring and a table lie on the node of the worker that uses them.
constexpr int on_node(std::string_view kind, std::string_view name, std::size_t lane) {
    for (const Piece& piece : S::plan.pieces)
        if (piece.kind == kind && piece.lane == lane && (piece.name == name || piece.to == name))
            return piece.node;
    return -1;
}
static_assert(S::used_nodes == 2);
static_assert(on_node("stage", "mid", 0) == 0 && on_node("stage", "mid", 1) == 1);
static_assert(on_node("ring", "mid", 0) == 0 && on_node("ring", "mid", 1) == 1);
static_assert(on_node("stage", "end", lane_of_none) == 0);
static_assert(S::plan.stack_bytes[0] == S::plan.stack_bytes[1] && S::plan.object_bytes[1] > 0);
static S scheduler;
