// refused: pool.steal_table[at] names a node without .tasks workers, or itself, or a node that it
#include "base.hpp"

using namespace refuse;
constexpr Worker taking[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
    {.name = "right", .cpu = 5, .roles = {"b"}, .tasks = true},
};
constexpr Rule judged(std::span<const StealRow> rows, std::span<const Worker> workers_then) {
    Board b = with(workers_then);
    b.pool.steal_table = rows;
    return judge(b).broken;
}
constexpr StealRow both[] = {{.node = 1, .from = {0}}, {.node = 0, .from = {1}}};
constexpr StealRow nobody[] = {{.node = 1, .from = {}}};
constexpr StealRow unknown[] = {{.node = 7, .from = {0}}};
constexpr StealRow itself[] = {{.node = 0, .from = {0}}};
constexpr StealRow named_twice[] = {{.node = 0, .from = {1, 1}}};
constexpr StealRow two_rows[] = {{.node = 0, .from = {1}}, {.node = 0, .from = {1}}};
static_assert(judged(both, taking) == Rule::all_kept);
static_assert(judged(nobody, taking) == Rule::all_kept);
static_assert(judged(both, workers) == Rule::steal_rows_name_task_nodes);  // nobody takes tasks
static_assert(judged(unknown, taking) == Rule::steal_rows_name_task_nodes);
static_assert(judged(itself, taking) == Rule::steal_rows_name_task_nodes);
static_assert(judged(named_twice, taking) == Rule::steal_rows_name_task_nodes);
constexpr Board broken = [] {
    Board b = with(taking);
    b.pool.steal_table = two_rows;
    return b;
}();
static_assert(board_is_sound<broken>);
