// refused: pool.priorities is not 1 to 64; choose as many as tasks need, or leave it out
#include "base.hpp"

using namespace refuse;
constexpr Board with_priorities(std::size_t priorities) {
    Board b = sound;
    b.pool.segments = 256;
    b.pool.priorities = priorities;
    return b;
}
static_assert(judge(with_priorities(1)).broken == Rule::all_kept);
static_assert(judge(with_priorities(64)).broken == Rule::all_kept);
static_assert(judge(with_priorities(65)).broken == Rule::priorities_are_counted);
constexpr Board broken = with_priorities(0);
static_assert(board_is_sound<broken>);
