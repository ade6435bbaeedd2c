// refused: pool.ageing is 0, and a priority could wait for ever; 8 is a good start
#include "base.hpp"

using namespace refuse;
constexpr Board with_ageing(unsigned ageing) {
    Board b = sound;
    b.pool.ageing = ageing;
    return b;
}
static_assert(judge(with_ageing(1)).broken == Rule::all_kept);
constexpr Board broken = with_ageing(0);
static_assert(board_is_sound<broken>);
