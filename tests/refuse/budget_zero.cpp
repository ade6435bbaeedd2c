// refused: memory.budget_per_node_bytes is 0
#include "base.hpp"

using namespace refuse;
constexpr Board broken = [] {
    Board b = sound;
    b.memory.budget_per_node_bytes = 0;
    return b;
}();
static_assert(board_is_sound<broken>);
