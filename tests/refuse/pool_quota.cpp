// refused: pool.quota is below 2, or all quotas together are more than pool.segments; raise
#include "base.hpp"

using namespace refuse;
constexpr Board sharing(std::size_t segments, std::size_t priorities, std::size_t quota) {
    Board b = sound;
    b.pool.segments = segments;
    b.pool.priorities = priorities;
    b.pool.quota = quota;
    return b;
}
static_assert(judge(sharing(9, 3, 3)).broken == Rule::all_kept);
static_assert(judge(sharing(9, 3, 2)).broken == Rule::all_kept);
static_assert(judge(sharing(9, 3, 1)).broken == Rule::quotas_fit);
static_assert(judge(sharing(9, 1, 0)).broken == Rule::all_kept);  // one priority has them all
// Where the product would not fit into a word it is refused too.
static_assert(judge(sharing(64, 2, std::size_t{1} << 63)).broken == Rule::quotas_fit);
constexpr Board broken = sharing(8, 3, 3);
static_assert(board_is_sound<broken>);
