// refused: pool.priorities is not 1 to 64; choose as many as tasks need, or leave it out
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.pool.segments = 256;
    b.pool.priorities = 65;
    return b;
}();
static_assert(board_is_sound<broken>);
