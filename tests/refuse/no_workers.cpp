// refused: a board has 1 to 64 workers
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.workers = {};
    return b;
}();
static_assert(board_is_sound<broken>);
