// refused: machine.distances is not a row for each node
#include "base.hpp"

using namespace refuse;
constexpr int four[] = {10, 20, 20, 11};
constexpr Board broken = [] {
    Board b = sound;
    b.machine.distances = four;
    return b;
}();
static_assert(board_is_sound<broken>);
