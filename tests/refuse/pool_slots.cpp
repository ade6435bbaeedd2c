// refused: pool.slots_per_segment is not 1 to 65536; 64 is a good start
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.pool.slots_per_segment = 0;
    return b;
}();
static_assert(board_is_sound<broken>);
