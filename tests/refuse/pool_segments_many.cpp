// refused: pool.segments is not 2 to 32766; 64 is a good start
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.pool.segments = 32'767;
    return b;
}();
static_assert(board_is_sound<broken>);
