// refused: pool.usual_priority is not 0 to .priorities - 1; choose one of these
#include "base.hpp"

using namespace refuse;
constexpr Board usually(int priority) {
    Board b = sound;
    b.pool.priorities = 3;
    b.pool.usual_priority = priority;
    return b;
}
static_assert(judge(usually(0)).broken == Rule::all_kept);
static_assert(judge(usually(2)).broken == Rule::all_kept);
static_assert(judge(usually(-1)).broken == Rule::usual_priority_exists);
constexpr Board broken = usually(3);
static_assert(board_is_sound<broken>);
