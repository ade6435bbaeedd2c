// refused: pool.wake_threshold is 0, or above 1 without a .latest_wake; use 1, or set both
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.pool.wake_threshold = 0;
    return b;
}();
static_assert(board_is_sound<broken>);
