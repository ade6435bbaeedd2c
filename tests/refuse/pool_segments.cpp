// refused: pool.segments is not 2 to 65535; 64 is a good start
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.pool.segments = 1;
    return b;
}();
static_assert(board_is_sound<broken>);
