// refused: machine.page_bytes is not a power of two
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.machine.page_bytes = 4095;
    return b;
}();
static_assert(board_is_sound<broken>);
