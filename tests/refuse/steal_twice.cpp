// refused: pool.steal_far and .steal_table are both set; keep the one that is meant
#include "base.hpp"

using namespace refuse;
constexpr Worker taking[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
    {.name = "right", .cpu = 5, .roles = {"b"}, .tasks = true},
};
constexpr StealRow rows[] = {{.node = 0, .from = {1}}};
constexpr Board broken = [] {
    Board b = with(taking);
    b.pool.steal_table = rows;
    b.pool.steal_far = true;
    return b;
}();
static_assert(board_is_sound<broken>);
