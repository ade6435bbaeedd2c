// refused: pool.quota is below 2, or all quotas together are more than pool.segments; raise
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.pool.priorities = 2;
    b.pool.quota = 1;
    return b;
}();
static_assert(board_is_sound<broken>);
