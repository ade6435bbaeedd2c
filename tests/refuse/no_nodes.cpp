// refused: machine.nodes has none, or more than 64
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.machine.nodes = {};
    return b;
}();
static_assert(board_is_sound<broken>);
