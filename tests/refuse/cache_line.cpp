// refused: machine.cache_line_bytes is not a power of two
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.machine.cache_line_bytes = 0;
    return b;
}();
static_assert(board_is_sound<broken>);
