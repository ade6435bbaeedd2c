// refused: pool.headroom_bytes is more than memory.stack_bytes, and a waiting task could run
#include "base.hpp"

using namespace refuse;
constexpr Worker taker[] = {
    {.name = "left", .cpu = 1, .roles = {every_other_role}, .tasks = true},
};
constexpr Board with_headroom(std::size_t bytes, std::span<const Worker> its) {
    Board b = with(its);
    b.memory.stack_bytes = 128 * 1024;
    b.pool.headroom_bytes = bytes;
    return b;
}
static_assert(judge(with_headroom(0, taker)).broken == Rule::all_kept);
static_assert(judge(with_headroom(128 * 1024, taker)).broken == Rule::all_kept);
static_assert(judge(with_headroom(128 * 1024 + 1, workers)).broken == Rule::all_kept,
              "a board without tasks has nothing to wait with");
constexpr Board broken = with_headroom(128 * 1024 + 1, taker);
static_assert(board_is_sound<broken>);
