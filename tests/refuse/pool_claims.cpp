// refused: pool.claim_max is 0, and no worker could take a task; 64 is a good start
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.pool.claim_max = 0;
    return b;
}();
static_assert(board_is_sound<broken>);
