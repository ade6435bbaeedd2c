// refused: machine.nodes[at].id is negative, or not below the next one
#include "base.hpp"

using namespace refuse;
constexpr Node other[] = {nodes[1], nodes[0]};
constexpr Board broken = [] {
    Board b = sound;
    b.machine.nodes = other;
    return b;
}();
static_assert(board_is_sound<broken>);
