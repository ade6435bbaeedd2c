// refused: machine.distances is not a row for each node
#include "base.hpp"

using namespace refuse;
constexpr int three[] = {10, 20, 20};
constexpr Board broken = [] {
    Board b = sound;
    b.machine.distances = three;
    return b;
}();
static_assert(board_is_sound<broken>);
