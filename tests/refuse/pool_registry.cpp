// refused: pool.registry_slots is not 1 to 65536; leave it out, or switch .registry off
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.pool.registry_slots = 0;
    return b;
}();
static_assert(board_is_sound<broken>);
