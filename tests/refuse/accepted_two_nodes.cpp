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
constexpr int on_node(std::string_view kind, std::string_view name) {
    for (const Piece& piece : S::plan.pieces)
        if (piece.kind == kind && (piece.name == name || piece.to == name)) return piece.node;
    return -1;
}
static_assert(S::used_nodes == 2);
static_assert(on_node("stage", "mid.0") == 0 && on_node("stage", "mid.1") == 1);
static_assert(on_node("ring", "mid.0") == 0 && on_node("ring", "mid.1") == 1);
static_assert(on_node("stage", "end") == 0);
static_assert(S::plan.stack_bytes[0] == S::plan.stack_bytes[1] && S::plan.object_bytes[1] > 0);

// Tasks: inboxes with their stock, idle workers, a registry and takers on each node with a task
// worker; one grace thread.
constexpr Worker with_tasks[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
    {.name = "right", .cpu = 5, .roles = {"mid.1"}, .tasks = true},
};
constexpr Board tasked = with(with_tasks);
using T = Scheduler<tasked, Line>;
constexpr int pieces_on(std::string_view kind, int node) {
    int n = 0;
    for (const Piece& piece : T::plan.pieces) n += piece.kind == kind && piece.node == node ? 1 : 0;
    return n;
}
static_assert(pieces_on("inbox", 0) == 3 && pieces_on("inbox", 1) == 3);
static_assert(pieces_on("idle", 0) == 2 && pieces_on("idle", 1) == 2);
static_assert(pieces_on("tasks", 0) == 1 && pieces_on("tasks", 1) == 1);
static_assert(pieces_on("registry", 0) == 1 && pieces_on("registry", 1) == 1);
static_assert(pieces_on("grace", 0) == 2 && pieces_on("grace", 1) == 0);
static_assert(T::plan.view_bytes[1] > 0 && T::plan.view_offset(1) == T::plan.view_bytes[0]);
static_assert(T::plan.stack_bytes[0] == 2 * T::plan.stack_bytes[1]);
static T with_pool;
static S scheduler;
